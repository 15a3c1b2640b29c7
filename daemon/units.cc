#include "daemon/units.h"

#include "base/text.h"

namespace wfdcast::daemon {

std::optional<Duration> parse_duration(std::string_view text) {
  constexpr std::uint32_t kMost = 100'000'000;  // a day in milliseconds, and no overflow
  const bool milli = text.ends_with("ms");
  if (!text.ends_with('s')) return std::nullopt;
  const auto count = parse_number<std::uint32_t>(text.substr(0, text.size() - (milli ? 2 : 1)));
  if (!count || *count > kMost) return std::nullopt;
  return milli ? Duration(std::chrono::milliseconds(*count)) : Duration(std::chrono::seconds(*count));
}

std::string print_duration(Duration duration) {
  const auto milli = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return milli % 1000 == 0 ? std::to_string(milli / 1000) + "s" : std::to_string(milli) + "ms";
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t unit = 1;
  if (text.ends_with('k')) unit = 1'000;
  if (text.ends_with('M')) unit = 1'000'000;
  if (unit > 1) text.remove_suffix(1);
  const auto count = parse_number<std::uint64_t>(text);
  if (!count || *count > UINT64_MAX / unit) return std::nullopt;
  return *count * unit;
}

std::string print_size(std::uint64_t size) {
  if (size > 0 && size % 1'000'000 == 0) return std::to_string(size / 1'000'000) + "M";
  if (size > 0 && size % 1'000 == 0) return std::to_string(size / 1'000) + "k";
  return std::to_string(size);
}

}  // namespace wfdcast::daemon
