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

constexpr int kReceiveBuffer = 2 * 1024 * 1024;
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
                                                 .seed = platform::random_u64()});
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

void SinkStream::play() {
  if (!receiver_) return;
  receiver_->resume(loop_.now());
  bitrate_since_ = loop_.now();
  reports_.emplace(stream::RtcpSchedule::Options{}, platform::random_u64(), loop_.now());
  report_timer_.set(reports_->next_deadline());
  due_.set(receiver_->next_deadline());
}

void SinkStream::pause() {
  if (!receiver_) return;
  receiver_->pause(loop_.now());
  report_timer_.set(std::nullopt);
}

void SinkStream::move(const Transport& transport) {
  if (!receiver_) return;
  leave_timer_.set(std::nullopt);
  if (transport.delivery == Delivery::Unicast) {
    if (phase_ == Phase::Unicast) return report(Delivery::Unicast, "already there");
    phase_ = Phase::Returning;
    receiver_->await_unicast(loop_.now());
  } else {
    if (phase_ == Phase::Group) return report(Delivery::Multicast, "already there");
    transport_.destination = transport.destination;
    transport_.client = transport.client;
    transport_.server = transport.server;
    if (const auto joined = join(); !joined) {
      return report(Delivery::Unicast, "cannot join: " + joined.error().message());
    }
    phase_ = Phase::Comparing;
    receiver_->compare_group(loop_.now());
  }
  due_.set(receiver_->next_deadline());
}

Result<void> SinkStream::join() {
  const UsableInterface* interface = interfaces_.by_name(interface_);
  if (!interface) return fail(std::make_error_code(std::errc::no_such_device));
  std::vector<std::unique_ptr<UdpSocket>> sockets;
  const auto open = [&](std::uint16_t port, UdpSocket::OnDatagrams on_datagrams) -> Result<void> {
    auto socket = open_on_group(port, interface->index, std::move(on_datagrams));
    if (!socket) return fail(socket.error());
    sockets.push_back(std::move(*socket));
    return {};
  };
  const auto above = [&](std::uint16_t offset) {
    return static_cast<std::uint16_t>(transport_.client.rtp + offset);
  };
  auto opened = open(transport_.client.rtp, [this](Datagrams d) { receive(d, Delivery::Multicast); });
  if (opened)
    opened = open(transport_.client.rtcp, [this](Datagrams d) { receive_rtcp(d, Delivery::Multicast); });
  if (opened && config_.repairs_by("nack"))
    opened = open(above(stream::kParityPort), [this](Datagrams d) { receive_parity(d); });
  for (const std::uint16_t offset : {stream::kColumnPort, stream::kRowPort}) {
    if (opened && config_.repairs_by("fec"))
      opened = open(above(offset), [this](Datagrams d) { receive_fec(d); });
  }
  if (!opened) return opened;
  group_ = {std::move(sockets[0]), std::move(sockets[1])};
  sockets.erase(sockets.begin(), sockets.begin() + 2);
  group_repair_ = std::move(sockets);
  joined_index_ = interface->index;
  socket_.receive_buffer = group_.rtp->receive_buffer_size();
  socket_.rp_filter = platform::effective_rp_filter(interface_);
  log(Severity::Info, "stream: joined {}:{} on {}, receive buffer {} bytes, rp_filter {}",
      to_string(transport_.destination), transport_.client.rtp, interface_, socket_.receive_buffer,
      socket_.rp_filter ? std::to_string(*socket_.rp_filter) : "unknown");
  if (socket_.rp_filter == 1) {
    log(Severity::Warning,
        "stream: rp_filter is strict on {}: without a route to the source the kernel drops the stream",
        interface_);
  }
  return {};
}

// A member of the group from the start: bound, joined.
Result<std::unique_ptr<UdpSocket>> SinkStream::open_on_group(std::uint16_t port, int interface_index,
                                                             UdpSocket::OnDatagrams on_datagrams) {
  UdpSocket::Options options;
  options.bind = {transport_.destination, port};
  options.reuse_address = true;
  options.receive_buffer = kReceiveBuffer;
  auto socket = UdpSocket::open(loop_, options, std::move(on_datagrams));
  if (!socket) return fail(socket.error());
  if (const auto joined = (*socket)->join(transport_.destination, interface_index); !joined)
    return fail(joined.error());
  return std::move(*socket);
}

// The memberships end before the sockets go, so that a join that follows is
// a new one for the kernel and sends a report.
void SinkStream::leave() {
  if (joined_index_ == 0) return;
  (void)group_.rtp->leave(transport_.destination, joined_index_);
  (void)group_.rtcp->leave(transport_.destination, joined_index_);
  for (const auto& socket : group_repair_) (void)socket->leave(transport_.destination, joined_index_);
  loop_.post([pair = std::make_shared<platform::UdpPair>(std::move(group_)),
              repair = std::make_shared<decltype(group_repair_)>(std::move(group_repair_))] {});
  group_repair_.clear();
  group_ = {};
  joined_index_ = 0;
}

void SinkStream::interfaces_changed() {
  const UsableInterface* interface = interfaces_.by_name(interface_);
  if (joined_index_ == 0 || !interface || interface->index == joined_index_) return;
  leave();
  if (const auto joined = join(); !joined) report(Delivery::Unicast, joined.error().message());
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

void SinkStream::receive_rtcp(Datagrams datagrams, Delivery path) {
  if (!receiver_) return;
  for (const auto& datagram : datagrams) {
    if (!from_source(datagram, transport_.server.rtcp)) continue;
    const ByteView plain =
        rings_ ? ring(path).unprotect_rtcp(datagram.bytes, plain_, loop_.now()) : datagram.bytes;
    const auto compound = stream::parse_rtcp(plain);
    if (!compound) continue;
    callbacks_.on_heard();
    for (const auto& packet : *compound) understand(packet);
  }
}

void SinkStream::understand(const stream::RtcpPacket& packet) {
  const Time now = loop_.now();
  if (const auto* report = std::get_if<stream::SenderReport>(&packet)) {
    receiver_->sender_report(*report, now);
  } else if (const auto* group = std::get_if<stream::GroupSize>(&packet)) {
    receiver_->group_size(group->members);
    if (reports_) reports_->set_members(group->members, now);
  } else if (const auto* echo = std::get_if<stream::Echo>(&packet)) {
    const auto round_trip = stream::round_trip(*echo, platform::ntp_time(now));
    if (echo->kind != stream::Echo::Kind::Response || !round_trip) return;
    round_trip_ = round_trip;
    receiver_->round_trip(*round_trip);
  }
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

// Only to the port that the source gave.
std::size_t SinkStream::send_rtcp(const stream::SinkCompound& compound) {
  if (transport_.server.rtcp == 0) return 0;
  const auto bytes = stream::serialize(compound);
  const ByteView report = reporter_ ? reporter_->protect_rtcp(bytes, plain_) : ByteView(bytes);
  (void)unicast_.rtcp->send_from(0, {source_, transport_.server.rtcp}, report);
  return report.size();
}

// What is missing, at once: a NACK waits for no report (RFC 4585 section 3.5).
void SinkStream::ask_again() {
  if (auto nack = receiver_->next_request(loop_.now())) {
    (void)send_rtcp({.ssrc = ssrc_, .block = {}, .cname = cname_, .nack = std::move(*nack)});
  }
}

// RR, SDES, our APP packet, and an echo request, by which we learn the round trip.
void SinkStream::send_report(bool bye) {
  const Time now = loop_.now();
  const auto counters = receiver_->counters(now);
  if (const Duration elapsed = now - bitrate_since_; elapsed > 0s) {
    const double bits = static_cast<double>(counters.bytes - bytes_before_) * 8;
    bitrate_ = static_cast<std::uint64_t>(bits / std::chrono::duration<double>(elapsed).count());
  }
  bitrate_since_ = now;
  bytes_before_ = counters.bytes;
  last_block_ = receiver_->report_block(now);
  stream::SinkCompound compound{.ssrc = ssrc_,
                                .block = last_block_,
                                .cname = cname_,
                                .playout = receiver_->playout_report(now),
                                .bye = bye ? std::optional<std::string>("stopped") : std::nullopt};
  if (config_.repairs_by("nack") && transport_.ssrc) {
    compound.echo = stream::Echo{
        .kind = stream::Echo::Kind::Request, .ssrc = *transport_.ssrc, .timestamp = platform::ntp_time(now)};
  }
  const std::size_t size = send_rtcp(compound);
  if (bye || !reports_) return;
  reports_->set_bandwidth(bitrate_);
  reports_->sent(size, now);
}

Delivery SinkStream::delivery() const {
  return phase_ == Phase::Group || phase_ == Phase::Returning ? Delivery::Multicast : Delivery::Unicast;
}

stream::RtpReceiver::Counters SinkStream::counters() const {
  return receiver_ ? receiver_->counters(loop_.now()) : stream::RtpReceiver::Counters{};
}

}  // namespace wfdcast::daemon
