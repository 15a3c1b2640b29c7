#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "stream/ts_packet.h"
#include "wfd/sink_capabilities.h"

namespace wfdcast::stream {

// ISO 13818-1 section 2.4.4: PAT and PMT sections hold at most 1024 bytes.
inline constexpr std::size_t kMaxSection = 1024;

// CRC of ISO 13818-1 annex A; 0 over a section with its right CRC.
[[nodiscard]] std::uint32_t psi_crc(ByteView bytes);

// Assembles the sections of one PID.
class SectionReader {
 public:
  // Calls `on_section(ByteView)` for each whole section with the right CRC.
  template <class F>
  void receive(const TsPacket& packet, F&& on_section) {
    ByteView rest = follow(packet);
    if (packet.header.payload_start() && !rest.empty()) {
      const std::size_t pointer = rest[0];
      if (pointer >= rest.size()) return reset();
      ByteView tail = rest.subspan(1, pointer);
      while (const auto section = next(tail)) on_section(*section);
      rest = rest.subspan(1 + pointer);
      start();
    }
    while (const auto section = next(rest)) on_section(*section);
  }
  void reset();

 private:
  // The payload, unless the packet repeats the last one. A gap drops what was begun.
  [[nodiscard]] ByteView follow(const TsPacket& packet);
  void start();
  // The next good section, out of what is begun and the front of `rest`.
  [[nodiscard]] std::optional<ByteView> next(ByteView& rest);
  [[nodiscard]] bool fill(ByteView& rest, std::size_t size);

  std::array<std::uint8_t, kMaxSection> section_{};
  std::size_t filled_ = 0;
  bool inside_ = false;
  std::optional<std::uint8_t> continuity_;
};

// What WFD can carry of one program.
struct Program {
  struct Audio {
    std::uint16_t pid = kNullPid;
    AudioFormat format = AudioFormat::Aac;
    bool operator==(const Audio&) const = default;
  };
  std::uint16_t pcr_pid = kNullPid;
  std::optional<std::uint16_t> video;  // PID of the first H.264 stream
  std::optional<Audio> audio;
  bool operator==(const Program&) const = default;
};

// Follows PAT and PMT of an input: its first program.
class ProgramReader {
 public:
  [[nodiscard]] bool is_psi(std::uint16_t pid) const { return pid == kPatPid || pid == pmt_pid_; }
  // A packet with is_psi(). True: program() is another one than before.
  [[nodiscard]] bool receive(const TsPacket& packet);
  [[nodiscard]] const std::optional<Program>& program() const { return program_; }
  // The stream starts over; the program is kept until another one is told.
  void reset();

 private:
  void read_pat(ByteView section);
  [[nodiscard]] bool read_pmt(ByteView section);

  SectionReader pat_, pmt_;
  std::uint16_t number_ = 0;
  std::uint16_t pmt_pid_ = kNullPid;
  std::optional<Program> program_;
};

}  // namespace wfdcast::stream
