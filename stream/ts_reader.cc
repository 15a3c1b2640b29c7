#include "stream/ts_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace wfdcast::stream {
namespace {

constexpr auto kStep = std::make_index_sequence<8>();

template <std::size_t... I>
bool all_in_sync(const std::uint8_t* packets, std::index_sequence<I...>) {
  return ((packets[I * kTsPacket] == kSyncByte) && ...);
}
// How many of `most` packets begin with a sync byte, without a gap.
std::size_t count_in_sync(const std::uint8_t* packets, std::size_t most) {
  std::size_t left = most;
  for (; left >= kStep.size() && all_in_sync(packets, kStep); left -= kStep.size()) {
    packets += kStep.size() * kTsPacket;
  }
  for (; left > 0 && *packets == kSyncByte; --left) packets += kTsPacket;
  return most - left;
}

}  // namespace

void TsReader::reset() {
  carried_ = 0;
  locked_ = false;
}

std::size_t TsReader::next_run(ByteView& bytes) {
  while (locked_ || find_sync(bytes)) {
    locked_ = true;
    const std::uint8_t* const first = bytes.data();
    const std::size_t whole = bytes.size() / kTsPacket;
    const std::size_t count = count_in_sync(first, whole);
    if (count * kTsPacket == bytes.size() || first[count * kTsPacket] == kSyncByte) return count;
    // Bytes are missing somewhere in the packet before this place: drop it too.
    locked_ = false;
    ++losses_;
    if (count > 1) return count - 1;
  }
  return 0;
}

bool TsReader::find_sync(ByteView& bytes) const {
  const auto wrong = [&](std::size_t offset) { return offset < bytes.size() && bytes[offset] != kSyncByte; };
  while (!bytes.empty()) {
    const auto* const found =
        static_cast<const std::uint8_t*>(std::memchr(bytes.data(), kSyncByte, bytes.size()));
    if (found == nullptr) {
      bytes = {};
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(found - bytes.data()));
    if (!wrong(kTsPacket) && !wrong(2 * kTsPacket)) return bytes.size() >= kBelief;
    bytes = bytes.subspan(1);
  }
  return false;
}

std::size_t TsReader::refill(ByteView bytes) {
  const std::size_t wanted = locked_ ? kTsPacket + 1 : kCarry;
  const std::size_t added = std::min(wanted - carried_, bytes.size());
  if (added == 0) return 0;
  std::memcpy(carry_.data() + carried_, bytes.data(), added);
  carried_ += added;
  return added;
}

std::size_t TsReader::unread(ByteView rest, std::size_t added) {
  if (rest.size() <= added) {
    carried_ = 0;
    return added - rest.size();
  }
  keep(rest);
  return added;
}

void TsReader::keep(ByteView rest) {
  if (!rest.empty()) std::memmove(carry_.data(), rest.data(), rest.size());
  carried_ = rest.size();
}

}  // namespace wfdcast::stream
