#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace wfdcast {

using ByteView = std::span<const std::uint8_t>;
using ByteSpan = std::span<std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Reads big-endian fields. Reading past the end yields zeros and makes ok()
// false for good, so a parser reads straight through and checks once. Check
// ok() before a value decides a length or a loop.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(number(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }

  // The next `count` bytes; empty when there are fewer.
  ByteView bytes(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  std::string_view text(std::size_t count) { return as_text(bytes(count)); }
  void skip(std::size_t count) { (void)bytes(count); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }

 private:
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes(size)) value = value << 8 | byte;
    return value;
  }

  ByteView rest_;
  bool ok_ = true;
};

// Writes big-endian fields into memory that the caller owns. What does not fit
// is dropped and makes ok() false for good.
class ByteWriter {
 public:
  explicit ByteWriter(ByteSpan memory) : memory_(memory) {}

  void u8(std::uint8_t value) { number(value, 1); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u24(std::uint32_t value) { number(value, 3); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }

  void bytes(ByteView source) {
    if (source.size() > memory_.size() - used_) {
      ok_ = false;
      return;
    }
    std::copy(source.begin(), source.end(), memory_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += source.size();
  }
  void text(std::string_view source) { bytes(as_bytes(source)); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t size() const { return used_; }
  [[nodiscard]] ByteView written() const { return memory_.first(used_); }

 private:
  void number(std::uint64_t value, std::size_t size) {
    if (size > memory_.size() - used_) {
      ok_ = false;
      return;
    }
    for (std::size_t i = 0; i < size; ++i) {
      memory_[used_ + i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
    }
    used_ += size;
  }

  ByteSpan memory_;
  std::size_t used_ = 0;
  bool ok_ = true;
};

}  // namespace wfdcast
