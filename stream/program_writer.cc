#include "stream/program_writer.h"

#include <algorithm>

namespace wfdcast::stream {
namespace {

constexpr std::uint16_t kProgramNumber = 1;
constexpr std::size_t kPcrAdaptation = 183;  // fills the packet
constexpr std::uint8_t kPayloadOnly = 0x10;

using Packet = std::array<std::uint8_t, kTsPacket>;

// One section that fits in one packet: header, pointer, section, stuffing.
template <class Body>
void build_section(Packet& packet, std::uint16_t pid, std::uint8_t table, std::uint16_t number,
                   std::uint8_t version, Body&& body) {
  packet.fill(0xFF);
  std::array<std::uint8_t, kTsPacket> memory{};
  ByteWriter content(memory);
  body(content);
  ByteWriter out(packet);
  out.u8(kSyncByte);
  out.u16(static_cast<std::uint16_t>(0x4000 | pid));
  out.u8(kPayloadOnly);
  out.u8(0);  // pointer
  const std::size_t begin = out.size();
  out.u8(table);
  out.u16(static_cast<std::uint16_t>(0xB000 | (5 + content.size() + 4)));
  out.u16(number);
  out.u8(static_cast<std::uint8_t>(0xC1 | version << 1));
  out.u16(0);  // section 0 of 0
  out.bytes(content.written());
  out.u32(psi_crc(out.written().subspan(begin)));
}

std::uint8_t stream_type(AudioFormat format) {
  switch (format) {
    case AudioFormat::Aac:
      return 0x0F;
    case AudioFormat::Lpcm:
      return 0x83;
    case AudioFormat::Ac3:
      return 0x81;
  }
  return 0x0F;
}

ByteView audio_descriptors(AudioFormat format) {
  static constexpr std::array<std::uint8_t, 4> kLpcm = {0x83, 0x02, 0x46, 0x2F};  // 48 kHz stereo
  static constexpr std::array<std::uint8_t, 6> kAc3 = {0x05, 0x04, 'A', 'C', '-', '3'};
  switch (format) {
    case AudioFormat::Aac:
      return {};
    case AudioFormat::Lpcm:
      return kLpcm;
    case AudioFormat::Ac3:
      return kAc3;
  }
  return {};
}

void write_stream(ByteWriter& out, std::uint8_t type, std::uint16_t pid, ByteView descriptors) {
  out.u8(type);
  out.u16(static_cast<std::uint16_t>(0xE000 | pid));
  out.u16(static_cast<std::uint16_t>(0xF000 | descriptors.size()));
  out.bytes(descriptors);
}

}  // namespace

ProgramWriter::ProgramWriter() {
  build_section(pat_, kPatPid, 0x00, 0, 1, [](ByteWriter& out) {
    out.u16(kProgramNumber);
    out.u16(0xE000 | kPmtPid);
  });
  build_pmt();
}

void ProgramWriter::set_program(const Program& program) {
  program_ = program;
  build_pmt();
}

void ProgramWriter::set_profile(const VideoProfile& profile) {
  if (profile_ == profile) return;
  profile_ = profile;
  build_pmt();
}

void ProgramWriter::build_pmt() {
  version_ = (version_ + 1) & 0x1F;
  build_section(pmt_, kPmtPid, 0x02, kProgramNumber, version_, [&](ByteWriter& out) {
    out.u16(0xE000 | kPcrPid);
    out.u16(0xF000);  // no program descriptors
    if (program_.video) {
      // AVC video (tag 40), AVC timing and HRD (tag 42).
      std::array<std::uint8_t, 10> descriptors = {0x28, 4, 0, 0, 0, 0x3F, 0x2A, 2, 0x7E, 0x1F};
      if (profile_) std::copy(profile_->begin(), profile_->end(), descriptors.begin() + 2);
      write_stream(out, 0x1B, kVideoPid, profile_ ? ByteView(descriptors) : ByteView());
    }
    if (program_.audio) {
      const AudioFormat format = program_.audio->format;
      write_stream(out, stream_type(format), kAudioPid, audio_descriptors(format));
    }
  });
}

void ProgramWriter::write_pat(std::uint8_t* out) {
  std::copy(pat_.begin(), pat_.end(), out);
  out[3] = kPayloadOnly | (pat_continuity_++ & 0x0F);
}

void ProgramWriter::write_pmt(std::uint8_t* out) {
  std::copy(pmt_.begin(), pmt_.end(), out);
  out[3] = kPayloadOnly | (pmt_continuity_++ & 0x0F);
}

void ProgramWriter::write_pcr(std::uint8_t* out, bool discontinuity) const {
  std::fill(out, out + kTsPacket, std::uint8_t{0xFF});
  store_be32(out, kSyncByte << 24 | kPcrPid << 8 | 0x20);
  out[4] = kPcrAdaptation;
  out[5] = discontinuity ? 0x90 : 0x10;
  stream::write_pcr(pcr_field(out), 0);
}

}  // namespace wfdcast::stream
