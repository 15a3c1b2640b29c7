#include "daemon/source_stream.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "platform/log.h"
#include "platform/system.h"

namespace wfdcast::daemon {

using platform::Severity;

namespace {

// Packets sent together: as many as the kernel cuts from one IP packet of 64 KiB.
constexpr std::size_t kBatch = 65'507 / stream::kMaxRtpPacket;
static_assert(kBatch <= GroupCipher::kBatch);
constexpr Duration kBitrateWindow = 1s;
// With so many unicast copies packets wait for each other, for so long: several
// for one sink are one message to the kernel (UdpSocket).
constexpr std::size_t kManyCopies = 4;
constexpr Duration kGather = 8ms;
// By a timer, packets that are closer together than this leave together: a wake-up costs more than a packet.
constexpr Duration kTogether = 500us;
// A pause between packets after which sinks call the group silent (300 ms), and
// how long after it such a report may still come.
constexpr Duration kStall = 250ms;
constexpr Duration kStallReported = 1s;

// The media SSRC is even: the lowest bit marks retransmissions (RIST Simple Profile).
Ssrc random_media_ssrc() {
  const auto value = static_cast<std::uint32_t>(platform::random_u64()) & ~1u;
  return {value == 0 ? 2 : value};
}

// What a sink that joins gets to begin with: 4 s of 8 Mbit/s. Memory that no picture needs is not touched.
constexpr std::size_t kKeptPicture = 4 << 20;

stream::TsFeed::Options feed_options(Ssrc ssrc, bool live) {
  const std::uint64_t random = platform::random_u64();
  return {.pace = live ? stream::TsFeed::Pace::Arrival : stream::TsFeed::Pace::Pcr,
          .ssrc = ssrc,
          .first_sequence = static_cast<std::uint16_t>(random),
          .first_timestamp = static_cast<std::uint32_t>(random >> 16),
          .keep = {},  // set_up_repair() says
          .keep_picture = kKeptPicture};
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
                           const media::InputEnvironment& environment, Ipv4Address group, Callbacks callbacks)
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
      feed_(feed_options(ssrc_, input_->is_live())),
      group_({group, config.stream.rtp_port}, capabilities(), config.stream.delivery),
      rate_(rate_limits(config, std::nullopt)),
      fec_policy_(parse_fec_matrix(config.stream.fec_matrix)),
      due_(loop, [this] { send_due(); }),
      group_timer_(loop,
                   [this] {
                     const Time now = loop_.now();
                     if (idr_.due(now)) make_idr();
                     carry_out(group_.tick(now, stalled(now) ? stream::Blame::Source : stream::Blame::Path));
                   }),
      report_timer_(loop,
                    [this] {
                      if (reports_->due(loop_.now())) send_report(false);
                      report_timer_.set(reports_->next_deadline());
                    }),
      repair_timer_(loop, [this] { send_repairs(); }),
      catch_up_timer_(loop, [this] { send_catch_ups(); }),
      key_timer_(loop, [this] { change_key(); }),
      outlets_(loop, config.stream,
               [this](const platform::UdpSocket::Datagram& datagram) { receive_rtcp(datagram); }) {
  set_up_repair();
}

void SourceStream::say_goodbye() {
  if (playing_) send_report(true);
}

Transport SourceStream::transport(SessionId id, Delivery delivery, Ipv4Address local) const {
  Transport transport{.delivery = delivery,
                      .client = {},
                      .server = outlets_.ports(),
                      .destination = {},
                      .ttl = 0,
                      .source = local,
                      .ssrc = ssrc_};
  if (delivery == Delivery::Multicast) {
    transport.destination = group_.group().address;
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
  if (begin_before(id)) return;
  carry_out(group_.play(id, loop_.now()));
  follow_path(id);
  request_idr();
}

void SourceStream::pause(SessionId id) {
  catch_up_.remove(id);
  carry_out(group_.pause(id, loop_.now()));
  end_catch_ups();
}

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
  if (fec_) set_fec();
  rate_.remove(id);
  if (cipher_) cipher_->left(id);
  catch_up_.remove(id);
  carry_out(group_.leave(id, loop_.now()));
  end_catch_ups();
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
  set_group_timer();
  if (playing_) feed_input();
}

// One outlet for each interface that a multicast-capable member is on.
void SourceStream::interfaces_changed() {
  const auto needed = [&](int index) {
    return std::ranges::any_of(members_, [&](const auto& entry) {
      const auto path = group_.path(entry.first);
      return entry.second.interface_index == index && path && *path != stream::Path::Unicast;
    });
  };
  for (const std::string& problem : outlets_.use(interfaces_.usable(), needed))
    callbacks_.on_trouble(problem);
}

void SourceStream::feed_input() {
  if (!input_->is_live()) {
    // Bounded: a file that gives nothing usable must not hold the loop.
    for (int pieces = 0; pieces < 64 && feed_.wants_bytes(loop_.now()); ++pieces) input_->read_more();
  }
  await_due();
}

// A wake-up and a system call a copy for each packet would be most of the cost
// of many unicast copies. The group's packets are bunched only where the kernel spaces them again.
void SourceStream::await_due() {
  const auto targets = group_.destinations();
  const bool group = !targets.empty() && targets.front().address.is_multicast();
  const bool gather = group ? targets.size() == 1 && outlets_.kernel_paces() : targets.size() >= kManyCopies;
  const auto due = feed_.next_deadline();
  due_.set(due ? std::optional(*due + (gather ? kGather : kTogether)) : due);
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
    std::array<Time, kBatch> memory;
    transmit(packets, targets.front(), targets.subspan(1), leave_at(packets.size(), memory));
  } else {
    transmit(packets, std::nullopt, targets);
  }
  measure_bitrate(now);
  if (fec_ && fec_->active()) send_fec(packets);
  if (!repair_) return;
  repair_->sent(packets.size(), now);
  if (const auto due = repair_->next_deadline(); due && *due <= now) send_repairs();
}

// Where the kernel sends each packet at its time: the times of those that were just taken.
std::span<const Time> SourceStream::leave_at(std::size_t count, std::span<Time> memory) const {
  if (!outlets_.takes_times()) return {};
  for (std::size_t i = 0; i < count; ++i) memory[i] = feed_.due(feed_.taken() - count + i) + kGather;
  return memory.first(count);
}

// The one place where finished packets go out: of the stream, and of repair. In paired mode they are
// protected, but for a plain WFD sink on an interface that is open.
void SourceStream::transmit(std::span<const ByteView> packets, std::optional<Endpoint> group,
                            std::span<const Endpoint> copies, std::span<const Time> times) {
  const auto sealed = cipher_ ? cipher_->protect(packets) : packets;
  if (group) outlets_.send_to_group(sealed, *group, times);
  if (!cipher_) return outlets_.send(packets, copies);
  plain_.clear();
  sealed_.clear();
  for (const Endpoint& copy : copies) {
    const bool secure = std::ranges::any_of(members_, [&](const auto& entry) {
      const Member& member = entry.second;
      return member.rtcp && Endpoint{member.address, member.client.rtp} == copy;
    });
    (secure ? sealed_ : plain_).push_back(copy);
  }
  outlets_.send(packets, plain_);
  outlets_.send(sealed, sealed_);
}

Endpoint SourceStream::group_port(std::uint16_t above) const {
  const auto& [address, port] = group_.group();
  return {address, static_cast<std::uint16_t>(port + above)};
}

void SourceStream::measure_bitrate(Time now) {
  if (now - bitrate_since_ < kBitrateWindow) return;
  const double seconds = std::chrono::duration<double>(now - bitrate_since_).count();
  counters_.bitrate =
      static_cast<std::uint64_t>(static_cast<double>(counters_.bytes - bitrate_bytes_) * 8 / seconds);
  bitrate_since_ = now;
  bitrate_bytes_ = counters_.bytes;
  outlets_.set_bitrate(counters_.bitrate);
}

}  // namespace wfdcast::daemon
