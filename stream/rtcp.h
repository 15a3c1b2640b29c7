#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "stream/rtp.h"

namespace wfdcast::stream {

using NtpTime = std::uint64_t;  // 32.32 seconds since 1900

// RFC 3550 section 6.4.
struct ReportBlock {
  Ssrc ssrc;
  std::uint8_t fraction_lost = 0;         // of 256
  std::int32_t cumulative_lost = 0;       // 24 bits, signed
  std::uint32_t highest_sequence = 0;     // extended
  std::uint32_t jitter = 0;               // RTP ticks
  std::uint32_t last_sr = 0;              // middle 32 bits of NTP
  std::uint32_t delay_since_last_sr = 0;  // 1/65536 s
  bool operator==(const ReportBlock&) const = default;
};
struct SenderReport {
  Ssrc ssrc;
  NtpTime ntp = 0;
  RtpTime rtp{};
  std::uint32_t packets = 0, octets = 0;
  std::vector<ReportBlock> blocks{};
  bool operator==(const SenderReport&) const = default;
};
struct ReceiverReport {
  Ssrc ssrc;
  std::vector<ReportBlock> blocks{};
  bool operator==(const ReceiverReport&) const = default;
};
struct SourceDescription {
  Ssrc ssrc;
  std::string cname;
  bool operator==(const SourceDescription&) const = default;
};
struct Bye {
  std::vector<Ssrc> ssrcs{};
  std::string reason{};
  bool operator==(const Bye&) const = default;
};
// Our APP packet "wfdc": what a wfdcast sink has at its output (docs/protocol.md).
struct PlayoutReport {
  Ssrc ssrc;
  std::uint32_t received = 0, lost = 0, recovered = 0, late = 0;  // packets, cumulative
  std::uint16_t delay_ms = 0, buffer_ms = 0;
  std::uint32_t by_retransmission = 0, by_parity = 0, by_fec = 0;  // how they were recovered
  std::uint16_t longest_run = 0;  // packets lost in a row on the way, since the report before
  bool operator==(const PlayoutReport&) const = default;
};
// Packets that a receiver asks for again: a generic NACK (RFC 4585 section
// 6.2.1), or a range request of RIST Simple Profile (VSF TR-06-1, APP "RIST"
// subtype 0).
struct SequenceRun {
  std::uint16_t first = 0;
  std::uint16_t more = 0;  // that follow it
  bool operator==(const SequenceRun&) const = default;
};
struct Nack {
  enum class Form : std::uint8_t { Bitmask, Range };
  Form form = Form::Bitmask;
  Ssrc ssrc;   // who asks; a range request does not say
  Ssrc media;  // of whose packets
  std::vector<SequenceRun> runs{};
  bool operator==(const Nack&) const = default;
};
// RTT echo of RIST Simple Profile (APP "RIST" subtypes 2 and 3): the answer has
// the time stamp of the request, and how long it was kept.
struct Echo {
  enum class Kind : std::uint8_t { Request, Response };
  Kind kind = Kind::Request;
  Ssrc ssrc;
  NtpTime timestamp = 0;
  std::uint32_t kept_us = 0;
  bool operator==(const Echo&) const = default;
};
// How many share the RTCP bandwidth, from the source, to sinks that do not hear
// each other (RFC 5760 section 7.1.10, sub-report 12 of an RSI packet).
struct GroupSize {
  Ssrc ssrc;
  NtpTime ntp = 0;
  std::uint16_t average_size = 0;  // of a compound, bytes
  std::uint32_t members = 0;
  bool operator==(const GroupSize&) const = default;
};
// A receiver's clock, and the answer to it: how long it was kept, for each receiver (RFC 3611
// sections 4.4, 4.5).
struct ReceiverReference {
  Ssrc ssrc;
  NtpTime ntp = 0;
  bool operator==(const ReceiverReference&) const = default;
};
struct ReferenceDelay {
  Ssrc ssrc;                    // of the receiver
  std::uint32_t reference = 0;  // middle 32 bits of its clock
  std::uint32_t delay = 0;      // 1/65536 s
  bool operator==(const ReferenceDelay&) const = default;
};
struct ReferenceDelays {
  Ssrc ssrc;
  std::vector<ReferenceDelay> delays{};
  bool operator==(const ReferenceDelays&) const = default;
};
using RtcpPacket = std::variant<SenderReport, ReceiverReport, SourceDescription, Bye, PlayoutReport, Nack,
                                Echo, GroupSize, ReceiverReference, ReferenceDelays>;

// Packets in one compound, and values that they hold (an SDES may describe 31).
inline constexpr std::size_t kMaxRtcpPackets = 32;

enum class RtcpError { Truncated, BadVersion, BadOrder, BadLength };
// A compound packet (RFC 3550 section 6.1 and appendix A.2): SR or RR first.
// Packet types that we do not know are skipped.
[[nodiscard]] Result<std::vector<RtcpPacket>, RtcpError> parse_rtcp(ByteView datagram);
[[nodiscard]] std::vector<std::uint8_t> serialize(std::span<const RtcpPacket> compound);

// Round trip from a report block that arrived at `arrival` (middle 32 bits).
[[nodiscard]] std::optional<Duration> round_trip(const ReportBlock& block, NtpTime arrival);
// From the answer to our echo request.
[[nodiscard]] std::optional<Duration> round_trip(const Echo& response, NtpTime arrival);

}  // namespace wfdcast::stream
