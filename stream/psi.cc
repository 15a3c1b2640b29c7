#include "stream/psi.h"

#include <algorithm>
#include <cstring>

namespace wfdcast::stream {
namespace {

constexpr std::size_t kSectionHead = 3;  // table id and length
constexpr std::size_t kCrcSize = 4;
constexpr std::uint16_t kFirstPid = 0x0010;  // lower ones are reserved (table 2-3)

consteval std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ ((crc & 0x8000'0000) != 0 ? 0x04C1'1DB7u : 0u);
    table[i] = crc;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

bool usable(std::uint16_t pid) { return pid >= kFirstPid && pid < kNullPid; }

// The part of a section between its long header (table 2-30) and its CRC, and
// the number in its header. nullopt: another table, not current, or too short.
struct Table {
  std::uint16_t number;
  ByteView body;
};
std::optional<Table> open_table(ByteView section, std::uint8_t id) {
  ByteReader in(section.first(section.size() - kCrcSize));
  const std::uint8_t table_id = in.u8();
  const std::uint16_t flags = in.u16();
  const std::uint16_t number = in.u16();
  const std::uint8_t version = in.u8();
  in.skip(2);  // section and last section: one program fits in one
  if (!in.ok() || table_id != id || (flags & 0x8000) == 0 || (version & 1) == 0) return std::nullopt;
  return Table{number, in.bytes(in.remaining())};
}

// DVB marks AC-3 in private PES by a descriptor (EN 300 468 annex D).
bool has_descriptor(ByteView descriptors, std::uint8_t wanted) {
  ByteReader in(descriptors);
  while (in.remaining() > 0) {
    const std::uint8_t tag = in.u8();
    in.skip(in.u8());
    if (!in.ok()) return false;
    if (tag == wanted) return true;
  }
  return false;
}

std::optional<AudioFormat> audio_format(std::uint8_t stream_type, ByteView descriptors) {
  switch (stream_type) {
    case 0x0F:
      return AudioFormat::Aac;
    case 0x83:
    case 0x8B:  // as GStreamer's mpegtsmux numbers it; we write 0x83
      return AudioFormat::Lpcm;
    case 0x81:
      return AudioFormat::Ac3;
    case 0x06:
      if (has_descriptor(descriptors, 0x6A)) return AudioFormat::Ac3;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::uint32_t psi_crc(ByteView bytes) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const std::uint8_t byte : bytes) crc = crc << 8 ^ kCrcTable[(crc >> 24 ^ byte) & 0xFF];
  return crc;
}

void SectionReader::reset() {
  filled_ = 0;
  inside_ = false;
  continuity_.reset();
}

void SectionReader::start() {
  filled_ = 0;
  inside_ = true;
}

ByteView SectionReader::follow(const TsPacket& packet) {
  if (!packet.header.has_payload()) return {};
  const std::uint8_t continuity = packet.header.continuity();
  if (continuity_ == continuity) return {};
  if (continuity_ && continuity != ((*continuity_ + 1) & 0x0F)) inside_ = false;
  continuity_ = continuity;
  return packet.payload;
}

bool SectionReader::fill(ByteView& rest, std::size_t size) {
  const std::size_t count = std::min(size - std::min(size, filled_), rest.size());
  if (count > 0) std::memcpy(section_.data() + filled_, rest.data(), count);
  filled_ += count;
  rest = rest.subspan(count);
  return filled_ >= size;
}

std::optional<ByteView> SectionReader::next(ByteView& rest) {
  while (inside_ && !rest.empty()) {
    if (filled_ == 0 && rest[0] == 0xFF) break;  // stuffing up to the end of the packet
    if (!fill(rest, kSectionHead)) break;
    const std::size_t size = kSectionHead + ((section_[1] & 0x0Fu) << 8 | section_[2]);
    if (size > kMaxSection || size < kSectionHead + kCrcSize) {
      inside_ = false;
      break;
    }
    if (!fill(rest, size)) break;
    filled_ = 0;
    const ByteView section = ByteView(section_).first(size);
    if (psi_crc(section) == 0) return section;
  }
  return std::nullopt;
}

bool ProgramReader::receive(const TsPacket& packet) {
  bool changed = false;
  if (packet.header.pid() == kPatPid) {
    pat_.receive(packet, [&](ByteView section) { read_pat(section); });
  } else {
    pmt_.receive(packet, [&](ByteView section) { changed |= read_pmt(section); });
  }
  return changed;
}

void ProgramReader::reset() {
  pat_.reset();
  pmt_.reset();
}

void ProgramReader::read_pat(ByteView section) {
  const auto table = open_table(section, 0x00);
  if (!table) return;
  ByteReader in(table->body);
  while (in.remaining() >= 4) {
    const std::uint16_t number = in.u16();
    const std::uint16_t pid = in.u16() & 0x1FFF;
    if (number == 0 || !usable(pid)) continue;  // 0: the network's PID
    if (pid != pmt_pid_) pmt_.reset();
    number_ = number;
    pmt_pid_ = pid;
    return;
  }
}

bool ProgramReader::read_pmt(ByteView section) {
  const auto table = open_table(section, 0x02);
  if (!table || table->number != number_) return false;
  ByteReader in(table->body);
  Program found;
  found.pcr_pid = in.u16() & 0x1FFF;
  in.skip(in.u16() & 0x0FFF);
  while (in.ok() && in.remaining() > 0) {
    const std::uint8_t type = in.u8();
    const std::uint16_t pid = in.u16() & 0x1FFF;
    const ByteView descriptors = in.bytes(in.u16() & 0x0FFF);
    if (!in.ok() || !usable(pid) || pid == pmt_pid_) continue;
    if (type == 0x1B && !found.video) found.video = pid;
    const auto audio = audio_format(type, descriptors);
    if (audio && !found.audio) found.audio = Program::Audio{pid, *audio};
  }
  if (!in.ok() || found == program_) return false;
  program_ = found;
  return true;
}

}  // namespace wfdcast::stream
