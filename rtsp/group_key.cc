#include "rtsp/group_key.h"

#include <algorithm>

#include "base/text.h"

namespace wfdcast::rtsp {
namespace {

// The value of one field; nullopt: absent.
std::optional<std::string_view> field(std::string_view value, std::string_view name) {
  for (const std::string_view part : Parts(value, ';')) {
    const std::size_t equals = part.find('=');
    if (equals != std::string_view::npos && trim(part.substr(0, equals)) == name)
      return trim(part.substr(equals + 1));
  }
  return std::nullopt;
}

template <class T>
bool read_number(std::string_view value, std::string_view name, int base, T& into) {
  const auto text = field(value, name);
  const auto number = text ? parse_number<T>(*text, base) : std::nullopt;
  if (number) into = *number;
  return number.has_value();
}

template <std::size_t N>
bool read_bytes(std::string_view value, std::string_view name, std::array<std::uint8_t, N>& into) {
  const auto text = field(value, name);
  const auto bytes = text ? from_hex(*text) : std::nullopt;
  if (!bytes || bytes->size() != N) return false;
  std::ranges::copy(*bytes, into.begin());
  return true;
}

std::string hex(std::uint32_t value) {
  std::array<std::uint8_t, 4> bytes{};
  ByteWriter(bytes).u32(value);
  return to_hex(bytes);
}

}  // namespace

std::optional<GroupKey> parse_group_key(std::string_view value) {
  GroupKey key;
  const bool whole = read_number(value, "mki", 16, key.mki) && read_bytes(value, "key", key.key.key) &&
                     read_bytes(value, "salt", key.key.salt) &&
                     read_number(value, "ssrc", 16, key.media.value) &&
                     read_number(value, "roc", 10, key.roc) && read_number(value, "seq", 10, key.sequence) &&
                     read_number(value, "from", 10, key.from);
  if (!whole) return std::nullopt;
  const auto others = field(value, "also");
  for (const std::string_view other : others ? split(*others, ',') : std::vector<std::string_view>{}) {
    const auto parts = split(other, ':');
    const auto ssrc = parse_number<std::uint32_t>(parts.front(), 16);
    const auto roc = parts.size() == 3 ? parse_number<std::uint32_t>(parts[1]) : std::nullopt;
    const auto sequence = parts.size() == 3 ? parse_number<std::uint16_t>(parts[2]) : std::nullopt;
    if (!ssrc || !roc || !sequence || key.others.size() == GroupKey::kMaxOthers) return std::nullopt;
    key.others.push_back({{*ssrc}, *roc, *sequence});
  }
  return key;
}

std::string serialize(const GroupKey& key) {
  std::string others;
  for (const GroupKey::Other& other : key.others) {
    others += (others.empty() ? ";also=" : ",") + hex(other.ssrc.value) + ':' + std::to_string(other.roc) +
              ':' + std::to_string(other.sequence);
  }
  return "mki=" + hex(key.mki) + ";key=" + to_hex(key.key.key) + ";salt=" + to_hex(key.key.salt) +
         ";ssrc=" + hex(key.media.value) + ";roc=" + std::to_string(key.roc) +
         ";seq=" + std::to_string(key.sequence) + ";from=" + std::to_string(key.from) + others;
}

}  // namespace wfdcast::rtsp
