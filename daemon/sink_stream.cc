#include "daemon/sink_stream.h"

#include <array>
#include <system_error>

#include "base/overloaded.h"
#include "base/text.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;
using platform::UdpSocket;

namespace {

// WFD's customary first port; any even one serves.
constexpr std::uint16_t kFirstUnicastPort = 19000;
// Group frames may be held by an access point for this long after unicast came.
constexpr Duration kLeaveDelay = 500ms;

std::string random_cname() {
  std::array<std::uint8_t, 12> bytes;  // RFC 7022: 96 random bits
  platform::fill_random(bytes);
  return to_hex(bytes);
}

}  // namespace

SinkStream::SinkStream(platform::EventLoop& loop, const Config& config, const Interfaces& interfaces,
                       std::string interface, media::TsOutput& output, const std::optional<SessionKeys>& keys,
                       Callbacks callbacks)
    : loop_(loop),
      config_(config),
      interfaces_(interfaces),
      interface_(std::move(interface)),
      output_(output),
      callbacks_(std::move(callbacks)),
      ssrc_(keys ? keys->ssrc : Ssrc{static_cast<std::uint32_t>(platform::random_u64()) & ~1u}),
      cname_(random_cname()),
      refresh_(loop, config.stream.igmp_refresh),
      due_(loop, [this] { deliver(); }),
      report_timer_(loop,
                    [this] {
                      if (reports_->due(loop_.now())) send_report(false);
                      report_timer_.set(reports_->next_deadline());
                    }),
      leave_timer_(loop, [this] { leave(); }) {
  if (keys) {
    const Duration overlap = 2 * config.latency();
    rings_.emplace(Rings{security::GroupKeyRing(overlap), security::GroupKeyRing(overlap)});
    reporter_ = std::make_unique<security::SrtpSender>(keys->rtcp, std::nullopt);
  }
  UdpSocket::Options options;
  options.receive_buffer = kReceiveBuffer;
  auto pair = platform::open_pair(
      loop, options, kFirstUnicastPort, [this](Datagrams d) { receive(d, Delivery::Unicast); },
      [this](Datagrams d) { receive_rtcp(d, Delivery::Unicast); });
  if (!pair) throw std::system_error(pair.error(), "RTP sockets");
  unicast_ = std::move(*pair);
  socket_.receive_buffer = unicast_.rtp->receive_buffer_size();
  socket_.rp_filter = platform::effective_rp_filter(interface_);
}

SinkStream::~SinkStream() {
  if (receiver_) {
    send_report(true);
    output_.stop();
  }
}

PortPair SinkStream::ports() const { return {unicast_.rtp->port(), unicast_.rtcp->port()}; }

void SinkStream::start(const Transport& transport, Ipv4Address peer) {
  if (receiver_) return;
  transport_ = transport;
  source_ = transport.source ? transport.source : peer;
  receiver_.emplace(stream::RtpReceiver::Options{.ssrc = ssrc_,
                                                 .media = transport.ssrc,
                                                 .latency = config_.latency(),
                                                 .repair = config_.repairs_by("nack"),
                                                 .fec = config_.repairs_by("fec"),
                                                 .seed = platform::random_u64(),
                                                 .sync = config_.stream.sync});
  output_.start();
  receiver_->expect(transport.delivery);
  if (transport.delivery == Delivery::Multicast) {
    phase_ = Phase::Group;
    if (const auto joined = join(); !joined) report(Delivery::Unicast, joined.error().message());
  }
}

void SinkStream::add_key(const GroupKey& key) {
  if (!rings_) return;
  rings_->unicast.add(key);
  rings_->group.add(key);
}

std::uint64_t SinkStream::refused() const {
  return rings_ ? rings_->unicast.refused() + rings_->group.refused() : 0;
}

std::uint64_t SinkStream::repeated() const {
  return rings_ ? rings_->unicast.repeated() + rings_->group.repeated() : 0;
}

void SinkStream::play() {
  if (!receiver_) return;
  receiver_->resume(loop_.now());
  bitrate_since_ = loop_.now();
  reports_.emplace(stream::RtcpSchedule::Options{}, platform::random_u64(), loop_.now());
  report_timer_.set(reports_->next_deadline());
  due_.set(receiver_->next_deadline());
  if (config_.stream.sync) send_report(false);  // the clocks, before the first packet is due
}

void SinkStream::pause() {
  if (!receiver_) return;
  receiver_->pause(loop_.now());
  report_timer_.set(std::nullopt);
}

bool SinkStream::from_source(const UdpSocket::Datagram& datagram, std::uint16_t port) const {
  const UsableInterface* interface = interfaces_.by_name(interface_);
  return datagram.sender.address == source_ && (port == 0 || datagram.sender.port == port) && interface &&
         datagram.interface_index == interface->index && !datagram.truncated;
}

void SinkStream::receive(Datagrams datagrams, Delivery path) {
  if (!receiver_) return;
  const Time now = loop_.now();
  bool heard = false;
  for (const auto& datagram : datagrams) {
    if (!from_source(datagram, transport_.server.rtp)) continue;
    const ByteView packet = opened(datagram.bytes, path);
    if (packet.empty()) continue;
    heard = true;
    if (const auto events = receiver_->receive(packet, path, now); !events.empty()) carry_out(events);
  }
  if (heard) callbacks_.on_heard();
  after_packets();
}

// In paired mode the plain packet, until the next call; empty when it is none of the source's.
ByteView SinkStream::opened(ByteView packet, Delivery path) {
  if (!rings_) return packet;
  const ByteView plain = ring(path).unprotect_rtp(packet, plain_, loop_.now());
  // Here a retransmission keeps its SSRC. What comes by unicast to a member of the group is one.
  const bool repair = path == Delivery::Unicast && phase_ == Phase::Group;
  if (!plain.empty() && repair) plain_[11] |= 1;
  return plain;
}

void SinkStream::receive_parity(Datagrams datagrams) {
  if (!receiver_) return;
  for (const auto& datagram : datagrams) {
    if (!from_source(datagram, transport_.server.rtp)) continue;
    const ByteView packet = opened(datagram.bytes, Delivery::Multicast);
    if (!packet.empty()) carry_out(receiver_->receive_parity(packet, loop_.now()));
  }
  after_packets();
}

void SinkStream::receive_fec(Datagrams datagrams) {
  if (!receiver_) return;
  for (const auto& datagram : datagrams) {
    const ByteView packet =
        from_source(datagram, 0) ? opened(datagram.bytes, Delivery::Multicast) : ByteView{};
    if (!packet.empty()) receiver_->receive_fec(packet, loop_.now());
  }
  after_packets();
}

void SinkStream::after_packets() {
  ask_again();
  due_.set(receiver_->next_deadline());
}

void SinkStream::deliver() {
  const Time now = loop_.now();
  receiver_->take(now, [this](ByteView ts) { output_.write(ts); });
  carry_out(receiver_->tick(now));
  after_packets();
}

void SinkStream::carry_out(const std::vector<stream::ReceiverEvent>& events) {
  for (const auto& event : events) {
    std::visit(overloaded{
                   [&](const stream::GroupFit& e) {
                     phase_ = Phase::Group;
                     receiver_->expect(Delivery::Multicast);
                     report(Delivery::Multicast, e.detail);
                   },
                   [&](const stream::GroupUnfit& e) {
                     phase_ = Phase::Unicast;
                     receiver_->expect(Delivery::Unicast);
                     leave();
                     report(Delivery::Unicast, e.detail);
                   },
                   [&](const stream::GroupSilent&) {
                     phase_ = Phase::Returning;
                     receiver_->await_unicast(loop_.now());
                     report(Delivery::Unicast, "the group is silent");
                   },
                   [&](const stream::GroupMissing&) {
                     leave();
                     if (const auto joined = join(); !joined)
                       report(Delivery::Unicast, joined.error().message());
                   },
                   [&](const stream::UnicastArrived&) {
                     if (phase_ != Phase::Returning) return;
                     phase_ = Phase::Unicast;
                     receiver_->expect(Delivery::Unicast);
                     report(Delivery::Unicast, "arrived");
                     leave_timer_.set(loop_.now() + kLeaveDelay);
                   },
                   [&](const stream::PictureLost&) { callbacks_.on_picture_lost(); },
               },
               event);
  }
}

void SinkStream::report(Delivery delivery, const std::string& detail) {
  callbacks_.on_delivery(delivery, detail);
}

Delivery SinkStream::delivery() const {
  return phase_ == Phase::Group || phase_ == Phase::Returning ? Delivery::Multicast : Delivery::Unicast;
}

stream::RtpReceiver::Counters SinkStream::counters() const {
  return receiver_ ? receiver_->counters(loop_.now()) : stream::RtpReceiver::Counters{};
}

}  // namespace wfdcast::daemon
