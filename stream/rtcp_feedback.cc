#include "stream/rtcp_feedback.h"

#include <algorithm>

namespace wfdcast::stream {
namespace {

constexpr std::uint8_t kApp = 204, kTransportFeedback = 205, kReceiverSummary = 209;
constexpr std::uint8_t kGenericNack = 1;                                        // FMT, RFC 4585
constexpr std::uint8_t kRangeRequest = 0, kEchoRequest = 2, kEchoResponse = 3;  // subtypes of "RIST"
constexpr std::uint8_t kGroupAndAverageSize = 12;                               // RFC 5760
constexpr std::uint32_t kOurs = 0x77666463, kRist = 0x52495354;                 // "wfdc", "RIST"
constexpr std::size_t kHeader = 4, kSsrc = 4, kName = 4, kEntry = 4;
constexpr unsigned kBitmask = 16;  // packets that the mask of one entry reaches beyond its first

unsigned ahead(std::uint16_t of, std::uint16_t from) { return static_cast<std::uint16_t>(of - from); }

// Joins runs that touch, so that what was cut for the wire is whole again.
void add_lost(std::vector<SequenceRun>& runs, std::uint16_t sequence) {
  if (!runs.empty() && ahead(sequence, runs.back().first) == runs.back().more + 1U) {
    ++runs.back().more;
  } else {
    runs.push_back({sequence, 0});
  }
}

bool read_bitmask(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets) {
  ByteReader in(chunk.body);
  Nack nack{.ssrc = {in.u32()}, .media = {in.u32()}};
  if (!in.ok()) return false;
  while (in.remaining() > 0) {
    const std::uint16_t first = in.u16();
    const unsigned mask = in.u16();
    add_lost(nack.runs, first);
    for (unsigned bit = 0; bit < kBitmask; ++bit) {
      if ((mask >> bit & 1U) != 0) add_lost(nack.runs, static_cast<std::uint16_t>(first + bit + 1));
    }
  }
  packets.emplace_back(std::move(nack));
  return true;
}

bool read_range(ByteReader& in, Ssrc media, std::vector<RtcpPacket>& packets) {
  Nack nack{.form = Nack::Form::Range, .ssrc = {}, .media = media};
  while (in.remaining() > 0) {
    const std::uint16_t first = in.u16();
    nack.runs.push_back({first, in.u16()});
  }
  packets.emplace_back(std::move(nack));
  return in.ok();
}

bool read_playout(ByteReader& in, Ssrc ssrc, std::vector<RtcpPacket>& packets) {
  PlayoutReport report{ssrc};
  report.received = in.u32();
  report.lost = in.u32();
  report.recovered = in.u32();
  report.late = in.u32();
  report.delay_ms = in.u16();
  report.buffer_ms = in.u16();
  report.by_retransmission = in.u32();
  report.by_parity = in.u32();
  report.by_fec = in.u32();
  if (in.remaining() > 0) {  // an earlier version ends here
    report.longest_run = in.u16();
    in.skip(2);
  }
  if (in.ok()) packets.emplace_back(report);
  return in.ok();
}

bool read_echo(ByteReader& in, Echo::Kind kind, Ssrc ssrc, std::vector<RtcpPacket>& packets) {
  Echo echo{kind, ssrc};
  echo.timestamp = in.u64();
  echo.kept_us = in.u32();
  if (in.ok()) packets.emplace_back(echo);
  return in.ok();
}

// Another name or subtype is not for us; longer than we know is a later version.
bool read_app(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets) {
  ByteReader in(chunk.body);
  const Ssrc ssrc{in.u32()};
  const std::uint32_t name = in.u32();
  if (!in.ok()) return false;
  if (name == kOurs && chunk.count == 0) return read_playout(in, ssrc, packets);
  if (name != kRist) return true;
  switch (chunk.count) {
    case kRangeRequest:
      return read_range(in, ssrc, packets);
    case kEchoRequest:
      return read_echo(in, Echo::Kind::Request, ssrc, packets);
    case kEchoResponse:
      return read_echo(in, Echo::Kind::Response, ssrc, packets);
    default:
      return true;  // not an enum: a peer's number
  }
}

// The sub-report that we know, among others; their lengths are in words.
bool read_summary(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets) {
  ByteReader in(chunk.body);
  GroupSize group{};
  in.skip(kSsrc);  // who sends it; the next says whose receivers are meant
  group.ssrc = {in.u32()};
  group.ntp = in.u64();
  while (in.ok() && in.remaining() > 0) {
    const std::uint8_t type = in.u8();
    const std::size_t words = in.u8();
    if (words == 0) return false;
    ByteReader report(in.bytes(words * 4 - 2));
    if (!in.ok() || type != kGroupAndAverageSize) continue;
    group.average_size = report.u16();
    group.members = report.u32();
    if (!report.ok()) return false;
    packets.emplace_back(group);
  }
  return in.ok();
}

struct Entry {
  std::uint16_t first;
  std::uint16_t mask;
};
// Calls out(Entry) for each entry of a generic NACK.
template <class Out>
void for_each_entry(const std::vector<SequenceRun>& runs, Out out) {
  std::optional<Entry> entry;
  unsigned reached = 0;  // beyond the entry's first
  for (const SequenceRun& run : runs) {
    for (unsigned i = 0; i <= run.more; ++i) {
      const auto sequence = static_cast<std::uint16_t>(run.first + i);
      const unsigned step = entry ? ahead(sequence, entry->first) : 0;
      if (entry && step > reached && step <= kBitmask) {
        entry->mask = static_cast<std::uint16_t>(entry->mask | 1U << (step - 1));
        reached = step;
        continue;
      }
      if (entry) out(*entry);
      entry = {sequence, 0};
      reached = 0;
    }
  }
  if (entry) out(*entry);
}

std::size_t entries(const Nack& nack) {
  if (nack.form == Nack::Form::Range) return nack.runs.size();
  std::size_t count = 0;
  for_each_entry(nack.runs, [&](const Entry&) { ++count; });
  return count;
}

void write_app(ByteWriter& out, std::size_t subtype, Ssrc ssrc, std::uint32_t name, std::size_t size) {
  write_rtcp_header(out, subtype, kApp, size);
  out.u32(ssrc.value);
  out.u32(name);
}

}  // namespace

void write_rtcp_header(ByteWriter& out, std::size_t count, std::uint8_t type, std::size_t size) {
  out.u8(static_cast<std::uint8_t>(0x80 | count));
  out.u8(type);
  out.u16(static_cast<std::uint16_t>(size / 4 - 1));
}

bool read_feedback(const RtcpChunk& chunk, std::vector<RtcpPacket>& packets) {
  switch (chunk.type) {
    case kApp:
      return read_app(chunk, packets);
    case kTransportFeedback:
      return chunk.count != kGenericNack || read_bitmask(chunk, packets);
    case kReceiverSummary:
      return read_summary(chunk, packets);
    case kExtendedReport:
      return read_extended(chunk, packets);
    default:
      return true;  // not an enum: a peer's octet
  }
}

std::size_t feedback_size(const PlayoutReport&) { return kHeader + kSsrc + kName + 36; }
std::size_t feedback_size(const Nack& nack) { return kHeader + kSsrc + kSsrc + entries(nack) * kEntry; }
std::size_t feedback_size(const Echo&) { return kHeader + kSsrc + kName + 12; }
std::size_t feedback_size(const GroupSize&) { return kHeader + 2 * kSsrc + 8 + 8; }

void write_feedback(ByteWriter& out, const PlayoutReport& report, std::size_t size) {
  write_app(out, 0, report.ssrc, kOurs, size);
  out.u32(report.received);
  out.u32(report.lost);
  out.u32(report.recovered);
  out.u32(report.late);
  out.u16(report.delay_ms);
  out.u16(report.buffer_ms);
  out.u32(report.by_retransmission);
  out.u32(report.by_parity);
  out.u32(report.by_fec);
  out.u16(report.longest_run);
  out.u16(0);
}

void write_feedback(ByteWriter& out, const Nack& nack, std::size_t size) {
  switch (nack.form) {
    case Nack::Form::Range:
      write_app(out, kRangeRequest, nack.media, kRist, size);
      for (const SequenceRun& run : nack.runs) {
        out.u16(run.first);
        out.u16(run.more);
      }
      break;
    case Nack::Form::Bitmask:
      write_rtcp_header(out, kGenericNack, kTransportFeedback, size);
      out.u32(nack.ssrc.value);
      out.u32(nack.media.value);
      for_each_entry(nack.runs, [&](const Entry& entry) {
        out.u16(entry.first);
        out.u16(entry.mask);
      });
      break;
  }
}

void write_feedback(ByteWriter& out, const Echo& echo, std::size_t size) {
  write_app(out, echo.kind == Echo::Kind::Request ? kEchoRequest : kEchoResponse, echo.ssrc, kRist, size);
  out.u64(echo.timestamp);
  out.u32(echo.kept_us);
}

void write_feedback(ByteWriter& out, const GroupSize& group, std::size_t size) {
  write_rtcp_header(out, 0, kReceiverSummary, size);
  out.u32(group.ssrc.value);
  out.u32(group.ssrc.value);
  out.u64(group.ntp);
  out.u8(kGroupAndAverageSize);
  out.u8(2);
  out.u16(group.average_size);
  out.u32(group.members);
}

}  // namespace wfdcast::stream
