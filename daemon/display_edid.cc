#include "daemon/display_edid.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/text.h"

namespace wfdcast::daemon {
namespace {

constexpr std::size_t kBlock = 128, kMostBlocks = 4;  // VESA E-EDID
constexpr std::array<std::uint8_t, 8> kBegin{0, 255, 255, 255, 255, 255, 255, 0};

std::vector<std::uint8_t> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
  bytes.resize(std::min(bytes.size(), kMostBlocks * kBlock) / kBlock * kBlock);
  const bool edid = bytes.size() >= kBlock && std::equal(kBegin.begin(), kBegin.end(), bytes.begin());
  return edid ? bytes : std::vector<std::uint8_t>();
}

std::vector<std::uint8_t> of_first_display() {
  std::error_code none;
  std::vector<std::filesystem::path> connectors;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/drm", none))
    connectors.push_back(entry.path());
  std::sort(connectors.begin(), connectors.end());
  for (const auto& connector : connectors) {
    if (auto edid = read(connector / "edid"); !edid.empty()) return edid;
  }
  return {};
}

}  // namespace

std::string display_edid(const std::string& setting) {
  if (setting.empty()) return {};
  return to_hex(setting == "auto" ? of_first_display() : read(setting));
}

}  // namespace wfdcast::daemon
