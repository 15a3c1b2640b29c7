#include "daemon/source_stream.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::Severity;
using platform::UdpSocket;

namespace {

constexpr int kSocketBuffer = 512 * 1024;
// Packets sent together: as many as the kernel cuts from one IP packet of 64 KiB.
constexpr std::size_t kBatch = 65'507 / stream::kMaxRtpPacket;
static_assert(kBatch <= GroupCipher::kBatch);
constexpr Duration kBitrateWindow = 1s;
// With so many unicast copies packets wait for each other, for so long: several
// for one sink are one message to the kernel (UdpSocket).
constexpr std::size_t kManyCopies = 4;
constexpr Duration kGather = 8ms;
// A pause between packets after which sinks call the group silent (300 ms), and
// how long after it such a report may still come.
constexpr Duration kStall = 250ms;
constexpr Duration kStallReported = 1s;

// The media SSRC is even: the lowest bit marks retransmissions (RIST Simple Profile).
Ssrc random_media_ssrc() {
  const auto value = static_cast<std::uint32_t>(platform::random_u64()) & ~1u;
  return {value == 0 ? 2 : value};
}

// Sent packets are there for repair as long as a sink may still use them.
constexpr Duration kHistory = 1s;
// A program at the address of a session that is not the session's: ristreceiver on a sink's board.
constexpr SessionId kForeign{UINT32_MAX};

Ssrc random_other_ssrc(Ssrc media) {
  Ssrc other = media;
  while (other.value >> 1 == media.value >> 1) other = random_media_ssrc();
  return other;
}

stream::TsFeed::Options feed_options(Ssrc ssrc, const Config& config, bool live) {
  const std::uint64_t random = platform::random_u64();
  return {.pace = live ? stream::TsFeed::Pace::Arrival : stream::TsFeed::Pace::Pcr,
          .ssrc = ssrc,
          .first_sequence = static_cast<std::uint16_t>(random),
          .first_timestamp = static_cast<std::uint32_t>(random >> 16),
          .keep = config.repairs_by("nack") ? kHistory : Duration{}};
}

SrtpKey random_srtp_key() {
  SrtpKey key;
  platform::fill_random(key.key);
  platform::fill_random(key.salt);
  return key;
}

std::string random_cname() {
  std::array<std::uint8_t, 12> bytes;  // RFC 7022: 96 random bits
  platform::fill_random(bytes);
  return to_hex(bytes);
}

std::unique_ptr<media::TsInput> open_input_or_throw(platform::EventLoop& loop, const Config& config,
                                                    const media::InputEnvironment& environment,
                                                    media::TsInput::Callbacks callbacks) {
  auto input = media::open_input(loop, config.source.input, environment, std::move(callbacks));
  if (!input) throw ConfigError("source.input: " + input.error());
  return std::move(*input);
}

}  // namespace

SourceStream::SourceStream(platform::EventLoop& loop, const Config& config, const Interfaces& interfaces,
                           const media::InputEnvironment& environment, Callbacks callbacks)
    : loop_(loop),
      config_(config),
      interfaces_(interfaces),
      callbacks_(std::move(callbacks)),
      input_(open_input_or_throw(loop, config, environment,
                                 {.on_bytes =
                                      [this](ByteView bytes) {
                                        feed_.push(bytes, loop_.now());
                                        if (input_->is_live()) await_due();
                                      },
                                  .on_restart = [this] { feed_.restart(loop_.now()); },
                                  .on_trouble = callbacks_.on_trouble})),
      ssrc_(random_media_ssrc()),
      cname_(random_cname()),
      feed_(feed_options(ssrc_, config, input_->is_live())),
      group_({*parse_address(config.stream.group), config.stream.rtp_port}, capabilities(),
             config.stream.delivery),
      due_(loop, [this] { send_due(); }),
      group_timer_(loop,
                   [this] {
                     const Time now = loop_.now();
                     carry_out(group_.tick(now, stalled(now) ? stream::Blame::Source : stream::Blame::Path));
                     if (group_.idr_due()) make_idr();
                   }),
      report_timer_(loop,
                    [this] {
                      if (reports_->due(loop_.now())) send_report(false);
                      report_timer_.set(reports_->next_deadline());
                    }),
      repair_timer_(loop, [this] { send_repairs(); }),
      key_timer_(loop, [this] { change_key(); }) {
  open_sockets();
  const Ssrc parity = random_other_ssrc(ssrc_);
  if (config.security.mode == SecurityMode::Paired) {
    cipher_.emplace(GroupCipher::Streams{.media = ssrc_,
                                         .first = feed_.next_sequence(),
                                         .parity = parity,
                                         .column = {parity.value ^ 4},
                                         .row = {parity.value ^ 8}},
                    random_srtp_key);
    key_timer_.set(loop.now() + config.security.rekey);
  }
  if (config_.repairs_by("fec")) fec_.emplace(stream::FecEncoder::Options{});
  if (!config_.repairs_by("nack")) return;
  repair_.emplace(
      stream::RepairSender::Options{.media = ssrc_,
                                    .parity = parity,
                                    .first_sequence = feed_.next_sequence(),
                                    .marking = cipher_ ? stream::RepairSender::Options::Marking::None
                                                       : stream::RepairSender::Options::Marking::LowestBit},
      [this](std::uint16_t sequence) { return feed_.sent(sequence); });
  repair_->set_sink(kForeign, stream::RepairSender::Way::Foreign, {});
}

void SourceStream::say_goodbye() {
  if (playing_) send_report(true);
}

void SourceStream::open_sockets() {
  UdpSocket::Options options;
  options.reuse_address = true;  // the outlets share the RTP port
  options.send_buffer = kSocketBuffer;
  auto pair = platform::open_pair(
      loop_, options, 0, [](std::span<const UdpSocket::Datagram>) {},
      [this](std::span<const UdpSocket::Datagram> datagrams) {
        for (const auto& datagram : datagrams) receive_rtcp(datagram);
      });
  if (!pair) throw std::system_error(pair.error(), "RTP sockets");
  sockets_ = std::move(*pair);
}

// A file has one format; an encoder makes what stream.video allows.
SourceCapabilities SourceStream::capabilities() const {
  SourceCapabilities ours{.modes = config_.wanted_modes(),
                          .profiles = static_cast<std::uint8_t>(H264Profile::ConstrainedBaseline) |
                                      static_cast<std::uint8_t>(H264Profile::ConstrainedHigh),
                          .level = config_.wanted_level(),
                          .audio = {AudioFormat::Aac, AudioFormat::Lpcm}};
  if (input_->encodes()) return ours;
  const std::string head = input_->head();
  const auto probe = head.empty() ? std::nullopt : stream::probe_ts(as_bytes(head));
  if (!probe) {
    if (!head.empty()) throw ConfigError("source.input: no MPEG-TS with H.264 or AAC, LPCM, AC3 in it");
    return ours;
  }
  if (!probe->note.empty()) platform::log(Severity::Warning, "source.input: {}", probe->note);
  ours.audio.clear();
  if (probe->format.audio) ours.audio.push_back(*probe->format.audio);
  if (const auto& video = probe->format.video) {
    ours.modes = video->mode.bit();
    ours.profiles = static_cast<std::uint8_t>(video->profile);
    ours.level = video->level;
  }
  return ours;
}

Result<StreamFormat, std::string> SourceStream::admit(SessionId id, const SinkCapabilities& sink,
                                                      int interface_index) {
  const bool first = !group_.format();
  auto format = group_.admit(id, sink);
  if (!format) return format;
  Member& member = members_[id];
  member.interface_index = interface_index;
  member.repair = sink.repair;
  if (first) start_input();  // so that the encoder is warm when PLAY comes
  return format;
}

Result<StreamFormat, std::string> SourceStream::renegotiate(SessionId id,
                                                            std::span<const SinkCapabilities> sinks,
                                                            int interface_index) {
  auto format = group_.renegotiate(id, sinks);
  if (!format) return format;
  Member& member = members_[id];
  member.interface_index = interface_index;
  member.repair = sinks.front().repair;
  return format;
}

std::uint64_t SourceStream::plan_change() {
  constexpr std::int64_t kAhead = 2 * 90'000;  // for the sinks' answers, and the new encoder's first picture
  constexpr std::uint64_t kMask = (1ull << 33) - 1;
  planned_pts_ = static_cast<std::uint64_t>(feed_.last_pts().value_or(0) + kAhead) & kMask;
  return *planned_pts_;
}

void SourceStream::change_encoder() {
  if (planned_pts_) feed_.restart_at(static_cast<std::int64_t>(*planned_pts_), loop_.now());
  planned_pts_.reset();
  start_input();
}

void SourceStream::start_input() {
  if (input_runs_) input_->stop();
  input_->start({.format = *group_.format(), .bitrate = config_.source.bitrate});
  input_runs_ = true;
}

Transport SourceStream::transport(SessionId id, Delivery delivery, Ipv4Address local) const {
  Transport transport{.delivery = delivery,
                      .client = {},
                      .server = {sockets_.rtp->port(), sockets_.rtcp->port()},
                      .destination = {},
                      .ttl = 0,
                      .source = local,
                      .ssrc = ssrc_};
  if (delivery == Delivery::Multicast) {
    transport.destination = *parse_address(config_.stream.group);
    transport.client = {config_.stream.rtp_port, static_cast<std::uint16_t>(config_.stream.rtp_port + 1)};
    transport.ttl = static_cast<std::uint8_t>(config_.stream.ttl);
  } else if (const auto member = members_.find(id); member != members_.end()) {
    transport.client = member->second.client;
  }
  return transport;
}

void SourceStream::set_up(SessionId id, Ipv4Address sink, PortPair client,
                          const std::optional<SessionKeys>& keys) {
  Member& member = members_[id];
  if (keys) {
    member.rtcp = std::make_unique<security::SrtpReceiver>(keys->rtcp);
    member.rtcp->expect(keys->ssrc, {});
  }
  member.client = client;
  member.address = sink;
  reporters_[{sink, client.rtcp}] = id;  // port 0: it gave none, but programs at its address may report
  group_.set_endpoint(id, {sink, client.rtp});
}

void SourceStream::play(SessionId id) {
  carry_out(group_.play(id, loop_.now()));
  follow_path(id);
  request_idr();
}

void SourceStream::pause(SessionId id) { carry_out(group_.pause(id, loop_.now())); }

GroupKey SourceStream::key_for_newcomer() {
  cipher_->finish_change();
  return cipher_->key();
}

void SourceStream::change_key() {
  key_timer_.set(loop_.now() + config_.security.rekey);
  std::set<SessionId> told;
  for (const auto& [id, member] : members_) {
    if (member.rtcp) told.insert(id);
  }
  const GroupKey key = cipher_->change(told);
  platform::log(Severity::Info, "stream: key {} for {} sinks", key.mki, told.size());
  for (const SessionId id : told) callbacks_.on_key(id, key);
}

void SourceStream::leave(SessionId id) {
  std::erase_if(reporters_, [&](const auto& entry) { return entry.second == id; });
  members_.erase(id);
  if (repair_) repair_->remove_sink(id);
  fec_policy_.remove(id);
  if (cipher_) cipher_->left(id);
  carry_out(group_.leave(id, loop_.now()));
  if (members_.empty() && input_runs_) {
    input_->stop();
    input_runs_ = false;
  }
}

void SourceStream::report(SessionId id, Delivery delivery, const std::string& detail) {
  const Time now = loop_.now();
  const stream::Blame blame = stalled(now) ? stream::Blame::Source : stream::Blame::Path;
  carry_out(group_.report(id, delivery, detail, now, blame));
  follow_path(id);
}

// How repairs reach this sink: as the stream does, and while it moves as before.
void SourceStream::follow_path(SessionId id) {
  const auto member = members_.find(id);
  const auto path = group_.path(id);
  if (!repair_ || member == members_.end() || !path) return;
  const RepairCapabilities& can = member->second.repair;
  using Way = stream::RepairSender::Way;
  const Way way = *path != stream::Path::Group ? Way::Unicast : can.parity ? Way::GroupParity : Way::Group;
  repair_->set_sink(id, way, can.latency);
}

// The input gave nothing for a while, or this process did not run.
bool SourceStream::stalled(Time now) const { return now - sent_ > kStall || now - resumed_ < kStallReported; }

void SourceStream::carry_out(const std::vector<stream::Move>& moves) {
  update();
  for (const stream::Move& move : moves) {
    follow_path(move.id);
    callbacks_.on_move(move);
  }
}

// After each change of who plays, or how.
void SourceStream::update() {
  const Time now = loop_.now();
  const bool plays = group_.anyone_playing();
  if (plays && !playing_) {
    input_->resume();
    feed_.resume(now);
    bitrate_since_ = now;
    bitrate_bytes_ = counters_.bytes;
    reports_.emplace(stream::RtcpSchedule::Options{.role = stream::RtcpSchedule::Role::Source,
                                                   .bandwidth = config_.source.bitrate},
                     platform::random_u64(), now);
    report_timer_.set(reports_->next_deadline());
  } else if (!plays && playing_) {
    input_->pause();
    if (!input_->is_live()) due_.set(std::nullopt);  // what is due waits, so that nothing is left out
    report_timer_.set(std::nullopt);
    counters_.bitrate = 0;
  }
  playing_ = plays;
  interfaces_changed();
  group_timer_.set(group_.next_deadline());
  if (playing_) feed_input();
}

void SourceStream::request_idr() {
  if (group_.request_idr(loop_.now())) make_idr();
  group_timer_.set(group_.next_deadline());
}

void SourceStream::make_idr() {
  ++counters_.idr_requests;
  input_->request_idr();
}

void SourceStream::set_bitrate(std::uint64_t bitrate) { input_->set_bitrate(bitrate); }

// One outlet for each interface that a multicast-capable member is on.
void SourceStream::interfaces_changed() {
  const auto needed = [&](int index) {
    return std::any_of(members_.begin(), members_.end(), [&](const auto& entry) {
      const auto path = group_.path(entry.first);
      return entry.second.interface_index == index && path && *path != stream::Path::Unicast &&
             interfaces_.by_index(index);
    });
  };
  std::erase_if(outlets_, [&](const Outlet& outlet) { return !needed(outlet.interface_index); });
  for (const UsableInterface& interface : interfaces_.usable()) {
    const auto has = [&](const Outlet& outlet) { return outlet.interface_index == interface.index; };
    if (!needed(interface.index) || std::any_of(outlets_.begin(), outlets_.end(), has)) continue;
    UdpSocket::Options options;
    options.bind = {{}, sockets_.rtp->port()};
    options.reuse_address = true;
    options.send_buffer = kSocketBuffer;
    auto socket = UdpSocket::open(loop_, options, [](std::span<const UdpSocket::Datagram>) {});
    const UdpSocket::MulticastSending sending{
        .interface_index = interface.index, .ttl = config_.stream.ttl, .loop = config_.stream.loop};
    const auto set = socket ? (*socket)->set_multicast_sending(sending) : Result<void>(fail(socket.error()));
    if (!set) {
      callbacks_.on_trouble(fmt::format("multicast on {}: {}", interface.name, set.error().message()));
      continue;
    }
    (void)sockets_.rtcp->set_multicast_sending(sending);
    outlets_.push_back({interface.index, std::move(*socket)});
  }
}

void SourceStream::feed_input() {
  if (!input_->is_live()) {
    // Bounded: a file that gives nothing usable must not hold the loop.
    for (int pieces = 0; pieces < 64 && feed_.wants_bytes(loop_.now()); ++pieces) input_->read_more();
  }
  await_due();
}

// A wake-up and a system call a copy for each packet would be most of the cost
// of many unicast copies. The group's packets are never bunched.
void SourceStream::await_due() {
  const auto targets = group_.destinations();
  const bool gather = targets.size() >= kManyCopies && !targets.front().address.is_multicast();
  const auto due = feed_.next_deadline();
  due_.set(due && gather ? std::optional(*due + kGather) : due);
}

void SourceStream::send_due() {
  std::array<ByteView, kBatch> packets;
  while (true) {
    const auto due = feed_.take(loop_.now(), packets);
    if (due.empty()) break;
    if (playing_) send(due);
  }
  if (playing_ || input_->is_live()) feed_input();
}

void SourceStream::send(std::span<const ByteView> packets) {
  const Time now = loop_.now();
  if (now - sent_ > kStall) resumed_ = now;
  sent_ = now;
  const auto targets = group_.destinations();
  counters_.packets += packets.size();
  for (const ByteView& packet : packets) counters_.bytes += packet.size();
  if (!targets.empty() && targets.front().address.is_multicast()) {
    transmit(packets, targets.front(), targets.subspan(1));
  } else {
    transmit(packets, std::nullopt, targets);
  }
  measure_bitrate(now);
  if (fec_ && fec_->active()) send_fec(packets);
  if (!repair_) return;
  repair_->sent(packets.size(), now);
  if (const auto due = repair_->next_deadline(); due && *due <= now) send_repairs();
}

// The one place where finished packets go to the sockets: of the stream, and of repair.
void SourceStream::transmit(std::span<const ByteView> packets, std::optional<Endpoint> group,
                            std::span<const Endpoint> copies) {
  if (cipher_) return transmit_sealed(packets, group, copies);
  if (group) {
    const std::array target{*group};
    for (const Outlet& outlet : outlets_) counters_.datagrams += outlet.socket->send(packets, target);
  }
  if (!copies.empty()) counters_.datagrams += sockets_.rtp->send(packets, copies);
}

// In paired mode: protected, but for a plain WFD sink on an interface that is open.
void SourceStream::transmit_sealed(std::span<const ByteView> packets, std::optional<Endpoint> group,
                                   std::span<const Endpoint> copies) {
  const auto sealed = cipher_->protect(packets);
  if (group) {
    const std::array target{*group};
    for (const Outlet& outlet : outlets_) counters_.datagrams += outlet.socket->send(sealed, target);
  }
  plain_.clear();
  sealed_.clear();
  for (const Endpoint& copy : copies) {
    const bool secure = std::ranges::any_of(members_, [&](const auto& entry) {
      const Member& member = entry.second;
      return member.rtcp && Endpoint{member.address, member.client.rtp} == copy;
    });
    (secure ? sealed_ : plain_).push_back(copy);
  }
  if (!plain_.empty()) counters_.datagrams += sockets_.rtp->send(packets, plain_);
  if (!sealed_.empty()) counters_.datagrams += sockets_.rtp->send(sealed, sealed_);
}

Endpoint SourceStream::group_port(std::uint16_t above) const {
  return {*parse_address(config_.stream.group), static_cast<std::uint16_t>(config_.stream.rtp_port + above)};
}

void SourceStream::send_fec(std::span<const ByteView> packets) {
  for (const ByteView& packet : packets) {
    fec_->add(packet, [this](stream::FecEncoder::Kind kind, ByteView bytes) {
      const bool row = kind == stream::FecEncoder::Kind::Row;
      const std::array fec{cipher_ ? cipher_->named(bytes, row) : bytes};
      transmit(fec, group_port(row ? stream::kRowPort : stream::kColumnPort), {});
      ++counters_.fec_packets;
    });
  }
}

// At the output, since the report before.
std::optional<double> SourceStream::lost_since(Member& member, const stream::PlayoutReport& report) {
  const double received = report.received - std::exchange(member.received, report.received);
  const double lost = report.lost - std::exchange(member.lost, report.lost);
  return received + lost > 0 ? std::optional(lost / (received + lost)) : std::nullopt;
}

// What moves a sink to unicast, and what FEC is for: all losses of a group's sink that cannot ask, and those
// that asking did not repair of the others.
void SourceStream::follow_loss(SessionId id, const stream::RtcpPacket& packet) {
  const auto member = members_.find(id);
  if (member == members_.end()) return;
  const RepairCapabilities can = member->second.repair;
  const bool asks = repair_ && can.retransmission;
  std::optional<double> loss;
  if (const auto* report = std::get_if<stream::ReceiverReport>(&packet); report && !asks) {
    for (const auto& block : report->blocks) {
      if (block.ssrc == ssrc_) loss = block.fraction_lost / 256.0;
    }
  } else if (const auto* playout = std::get_if<stream::PlayoutReport>(&packet)) {
    const auto lost = lost_since(member->second, *playout);
    if (asks) loss = lost;
    const auto moves = lost ? group_.report_loss(id, *lost, loop_.now()) : std::vector<stream::Move>();
    if (!moves.empty()) carry_out(moves);  // the session may end by that
  }
  if (!fec_ || !loss || group_.path(id) != stream::Path::Group) return;
  fec_policy_.report(id, *loss, loop_.now());
  const std::uint64_t packets_a_second = counters_.bitrate / 8 / stream::kMaxRtpPacket;
  const auto latency = static_cast<std::uint64_t>(can.latency.count());
  const auto matrix = fec_policy_.matrix(packets_a_second * latency / 1000);
  fec_->set_matrix(matrix);
  feed_.set_filled(matrix.has_value());
}

void SourceStream::send_repairs() {
  repair_->take(loop_.now(), [this](const stream::Repair& repair) {
    const std::array packet{repair.packet};
    if (!repair.to) {
      const bool parity = repair.kind == stream::Repair::Kind::Parity;
      return transmit(packet, group_port(parity ? stream::kParityPort : 0), {});
    }
    const auto member = members_.find(*repair.to);
    if (member == members_.end()) return;
    const std::array sink{Endpoint{member->second.address, member->second.client.rtp}};
    transmit(packet, std::nullopt, sink);
  });
  repair_timer_.set(repair_->next_deadline());
}

void SourceStream::measure_bitrate(Time now) {
  if (now - bitrate_since_ < kBitrateWindow) return;
  const double seconds = std::chrono::duration<double>(now - bitrate_since_).count();
  counters_.bitrate =
      static_cast<std::uint64_t>(static_cast<double>(counters_.bytes - bitrate_bytes_) * 8 / seconds);
  bitrate_since_ = now;
  bitrate_bytes_ = counters_.bytes;
}

// SR and SDES (BYE at the end) to the group and to each unicast sink that gave an RTCP port.
void SourceStream::send_report(bool bye) {
  const Time now = loop_.now();
  stream::SourceCompound compound{.report = {.ssrc = ssrc_,
                                             .ntp = platform::ntp_time(now),
                                             .rtp = feed_.rtp_time(now),
                                             .packets = static_cast<std::uint32_t>(counters_.packets),
                                             .octets = static_cast<std::uint32_t>(
                                                 counters_.bytes - counters_.packets * stream::kRtpHeader),
                                             .blocks = {}},
                                  .cname = cname_,
                                  .bye = bye ? std::optional<std::string>("stopped") : std::nullopt};
  const auto report = stream::serialize(compound);
  const auto on_group = static_cast<std::uint32_t>(group_.playing_on_group());
  reports_->set_members(on_group + 1, now);
  compound.group = stream::GroupSize{.ssrc = ssrc_,
                                     .ntp = compound.report.ntp,
                                     .average_size = reports_->average_size(),
                                     .members = on_group + 1};
  const auto to_group = stream::serialize(compound);
  for (const Outlet& outlet : outlets_) {
    (void)sockets_.rtcp->send_from(outlet.interface_index, group_port(1),
                                   cipher_ ? cipher_->protect_report(to_group) : ByteView(to_group));
  }
  for (const auto& [id, member] : members_) {
    if (member.client.rtcp == 0 || group_.path(id) == stream::Path::Group) continue;
    (void)sockets_.rtcp->send_from(0, {member.address, member.client.rtcp},
                                   member.rtcp ? cipher_->protect_report(report) : ByteView(report));
  }
  reports_->sent(report.size(), now);
}

// Only from the address of a session; kForeign for another port there.
std::optional<SessionId> SourceStream::reporter(const UdpSocket::Datagram& datagram) {
  const auto found = reporters_.find(datagram.sender);
  if (found != reporters_.end()) {
    if (members_.at(found->second).interface_index != datagram.interface_index) return std::nullopt;
    return found->second;
  }
  const auto same_board = reporters_.lower_bound(Endpoint{datagram.sender.address, 0});
  if (same_board == reporters_.end() || same_board->first.address != datagram.sender.address)
    return std::nullopt;
  return kForeign;
}

void SourceStream::receive_rtcp(const UdpSocket::Datagram& datagram) {
  std::array<std::uint8_t, 1536> memory;
  const auto id = reporter(datagram);
  const auto bytes = id ? opened_report(datagram, *id, memory) : std::nullopt;
  const auto compound = stream::parse_rtcp(bytes.value_or(ByteView{}));
  if (!bytes || !compound) return;
  for (const auto& packet : *compound) {
    if (const auto* nack = std::get_if<stream::Nack>(&packet); nack && repair_) {
      repair_->request(*id, *nack, loop_.now());
    } else if (const auto* echo = std::get_if<stream::Echo>(&packet)) {
      answer_echo(*echo, *id, datagram.sender);
    }
    if (*id == kForeign) continue;
    follow_loss(*id, packet);
    callbacks_.on_rtcp(*id, packet);
  }
  if (repair_) send_repairs();
}

// In paired mode a sink inside TLS protects its reports, and nobody but a session's own port is heard.
std::optional<ByteView> SourceStream::opened_report(const UdpSocket::Datagram& datagram, SessionId id,
                                                    ByteSpan memory) {
  if (!cipher_) return datagram.bytes;
  const auto member = members_.find(id);
  if (member == members_.end()) return std::nullopt;
  if (!member->second.rtcp) return datagram.bytes;
  const ByteView plain = member->second.rtcp->unprotect_rtcp(datagram.bytes, memory);
  if (!plain.empty()) return plain;
  ++counters_.refused_reports;
  return std::nullopt;
}

void SourceStream::answer_echo(const stream::Echo& echo, SessionId id, const Endpoint& sender) {
  if (echo.kind != stream::Echo::Kind::Request) return;
  const std::array<stream::RtcpPacket, 3> answer{
      stream::ReceiverReport{.ssrc = ssrc_}, stream::SourceDescription{ssrc_, cname_},
      stream::Echo{stream::Echo::Kind::Response, echo.ssrc, echo.timestamp}};
  const auto member = members_.find(id);
  const bool secure = member != members_.end() && member->second.rtcp;
  const auto compound = stream::serialize(answer);
  (void)sockets_.rtcp->send_from(0, sender, secure ? cipher_->protect_report(compound) : ByteView(compound));
}

}  // namespace wfdcast::daemon
