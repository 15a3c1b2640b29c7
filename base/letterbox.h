#pragma once

#include <cstdint>
#include <optional>

namespace wfdcast {

struct PictureSize {
  std::uint16_t width = 0, height = 0;  // pixels
  bool operator==(const PictureSize&) const = default;
};
struct PicturePoint {
  std::uint16_t x = 0, y = 0;
  bool operator==(const PicturePoint&) const = default;
};

// A picture is shown as large as the screen lets it, in its middle. Where in the
// picture a place of the screen is, given as parts (0 to 1) of its width and
// height; nullopt beside the picture. `aspect`: width of the screen by its
// height; 0: that of the picture.
[[nodiscard]] inline std::optional<PicturePoint> picture_point(double x, double y, double aspect,
                                                               const PictureSize& picture) {
  if (picture.width == 0 || picture.height == 0) return std::nullopt;
  const double wanted = double(picture.width) / picture.height;
  const double wider = aspect > 0 ? aspect / wanted : 1;  // above 1: bars at the left and the right
  if (wider > 1) x = (x - 0.5) * wider + 0.5;
  if (wider < 1) y = (y - 0.5) / wider + 0.5;
  const auto pixel = [](double part, std::uint16_t size) {
    return static_cast<int>(part * (size - 1) + 0.5);
  };
  if (x < 0 || x > 1 || y < 0 || y > 1) return std::nullopt;
  return PicturePoint{static_cast<std::uint16_t>(pixel(x, picture.width)),
                      static_cast<std::uint16_t>(pixel(y, picture.height))};
}

}  // namespace wfdcast
