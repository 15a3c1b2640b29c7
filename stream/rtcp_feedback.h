#pragma once

#include "stream/rtcp.h"

namespace wfdcast::stream {

// The parts of rtcp.cc that the packets of feedback share: NACK, APP, RSI.

// One packet of a compound: what the common header says, and the body behind it.
struct RtcpChunk {
  std::uint8_t count;  // or FMT, or the subtype of APP
  std::uint8_t type;
  ByteView body;
};
void write_rtcp_header(ByteWriter& out, std::size_t count, std::uint8_t type, std::size_t size);

inline constexpr std::uint8_t kExtendedReport = 207;  // packet type

// False: it is shorter than it must be. What we do not know is skipped.
[[nodiscard]] bool read_feedback(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets);
[[nodiscard]] bool read_extended(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets);

[[nodiscard]] std::size_t feedback_size(const PlayoutReport& report);
[[nodiscard]] std::size_t feedback_size(const Nack& nack);
[[nodiscard]] std::size_t feedback_size(const Echo& echo);
[[nodiscard]] std::size_t feedback_size(const GroupSize& group);
[[nodiscard]] std::size_t feedback_size(const ReceiverReference& reference);
[[nodiscard]] std::size_t feedback_size(const ReferenceDelays& delays);
// `size` is what feedback_size() said.
void write_feedback(ByteWriter& out, const PlayoutReport& report, std::size_t size);
void write_feedback(ByteWriter& out, const Nack& nack, std::size_t size);
void write_feedback(ByteWriter& out, const Echo& echo, std::size_t size);
void write_feedback(ByteWriter& out, const GroupSize& group, std::size_t size);
void write_feedback(ByteWriter& out, const ReceiverReference& reference, std::size_t size);
void write_feedback(ByteWriter& out, const ReferenceDelays& delays, std::size_t size);

}  // namespace wfdcast::stream
