#pragma once

#include <deque>
#include <memory>
#include <queue>
#include <vector>

#include "base/random.h"
#include "stream/rate_control.h"
#include "stream/repair_sender.h"
#include "stream/rtp_receiver.h"
#include "tests/unit/stream_loss_model.h"
#include "tests/unit/stream_storm_meter.h"

namespace wfdcast::stream::test {

// A source and its sinks in simulated time, without sockets: repair and rate control
// as wfdd joins them (RepairSender, RtpReceiver, RateControl), over a network that
// loses, on the way down (media, parity and retransmissions alike) and on the way up.
class Simulation {
 public:
  struct Options {
    std::size_t sinks = 1;
    std::size_t bad_sinks = 0;  // these lose `bad_loss`
    double loss = 0.05, bad_loss = 0.5, burst = 1, uplink_loss = 0;
    Duration latency = 100ms;
    Duration spacing = 1064us;  // 10 Mbit/s in packets of 1328 bytes
    Duration one_way = 3ms;
    std::uint64_t packets = 10'000;
    std::size_t payload = kTsPacket;  // a multiple of it
    bool parity = true;
    std::uint64_t seed = 1;
    // All sinks lose everything between these packets.
    std::uint64_t dark_from = 0, dark_to = 0;
    // The encoder follows rate control, up to the rate of `spacing`; and the air holds so many bits a second
    // (0: any), from one time on and up to another one fewer.
    bool rate_control = false;
    double capacity = 0, narrow_capacity = 0;
    Duration narrow_from{}, narrow_to{};
  };
  struct Sink {
    RtpReceiver receiver;
    LossModel loss, uplink;
    std::optional<Time> wake{};
    std::uint64_t next = 0, wrong = 0, given = 0;  // outputs
    std::uint64_t requests = 0;
    std::uint64_t lost_on_air = 0;  // of the media packets
    Duration most_buffered{};
    std::uint32_t told_received = 0, told_lost = 0;
  };
  // The encoder's bitrate, what it asks for a packet, each second.
  struct Second {
    Duration since_start;
    std::uint64_t bitrate;
    std::uint64_t lost;  // at all outputs, so far
  };

  explicit Simulation(const Options& options)
      : options_(options),
        sender_(sender_options(), history()),
        rate_({.least = full_rate() / 8, .most = full_rate()}) {
    Random seeds(options.seed);
    for (std::size_t i = 0; i < options.sinks; ++i) {
      const double loss = i < options.bad_sinks ? options.bad_loss : options.loss;
      sinks_.push_back(std::make_unique<Sink>(
          Sink{.receiver = RtpReceiver({.ssrc = {static_cast<std::uint32_t>(2 * i + 2)},
                                        .media = kMedia,
                                        .latency = options.latency,
                                        .repair = true,
                                        .seed = seeds.next()}),
               .loss = LossModel(loss, options.burst, seeds.next()),
               .uplink = LossModel(options.uplink_loss, 1, seeds.next())}));
      sinks_.back()->receiver.resume(kStart);
      sinks_.back()->receiver.round_trip(2 * options.one_way);
      sinks_.back()->receiver.group_size(static_cast<std::uint32_t>(options.sinks + 1));
      sender_.set_sink({static_cast<std::uint32_t>(i)},
                       options.parity ? RepairSender::Way::GroupParity : RepairSender::Way::Group,
                       options.latency);
    }
  }

  // From event to event.
  void run() {
    const Time end =
        kStart + static_cast<Duration::rep>(options_.packets) * options_.spacing + options_.latency + 1s;
    for (now_ = next_packet_ = kStart; now_ < end; now_ = next_event()) {
      set_air();
      while (sent_ < options_.packets && next_packet_ <= now_) send();
      deliver();
      while (!wakes_.empty() && wakes_.top().first <= now_) {
        const auto [at, index] = wakes_.top();
        wakes_.pop();
        if (sinks_[index]->wake == at) serve(index);
      }
      const auto due = sender_.next_deadline();
      if (due && *due <= now_) sender_.take(now_, [&](const Repair& repair) { dispatch(repair); });
      if (options_.rate_control && next_second_ <= now_) control_rate();
    }
  }

  [[nodiscard]] const std::vector<std::unique_ptr<Sink>>& sinks() const { return sinks_; }
  [[nodiscard]] const RepairSender& sender() const { return sender_; }
  [[nodiscard]] std::uint64_t missing(const Sink& sink) const { return options_.packets - sink.given; }
  // Over all sinks, of all packets.
  [[nodiscard]] double residual() const {
    std::uint64_t sum = 0;
    for (const auto& sink : sinks_) sum += missing(*sink);
    return static_cast<double>(sum) / static_cast<double>(options_.packets * sinks_.size());
  }
  [[nodiscard]] double lost_on_air() const {
    std::uint64_t sum = 0;
    for (const auto& sink : sinks_) sum += sink->lost_on_air;
    return static_cast<double>(sum) / static_cast<double>(options_.packets * sinks_.size());
  }
  // Bytes of repair against bytes of the stream, with packets of 1328 bytes.
  [[nodiscard]] double overhead() const {
    const auto& counters = sender_.counters();
    return (static_cast<double>(counters.retransmitted) +
            static_cast<double>(counters.parity) * double{kMaxParityPacket} / kMaxRtpPacket) /
           static_cast<double>(options_.packets);
  }
  [[nodiscard]] const StormMeter& meter() const { return meter_; }
  // The most that a sink held, in time, and repairs that waited at the source.
  [[nodiscard]] Duration most_buffered() const {
    Duration most{};
    for (const auto& sink : sinks_) most = std::max(most, sink->most_buffered);
    return most;
  }
  [[nodiscard]] Duration latency() const { return options_.latency; }
  [[nodiscard]] std::size_t most_waiting() const { return most_waiting_; }
  [[nodiscard]] const std::vector<Second>& seconds() const { return seconds_; }
  [[nodiscard]] std::uint64_t requests() const {
    std::uint64_t sum = 0;
    for (const auto& sink : sinks_) sum += sink->requests;
    return sum;
  }

 private:
  static constexpr Time kStart{1000s};
  static constexpr Ssrc kMedia{0x1234'5678}, kParity{0x9ABC'0000};
  static constexpr std::uint16_t kFirst = 65'000;
  using Bytes = std::shared_ptr<std::vector<std::uint8_t>>;
  enum class Kind : std::uint8_t { Media, Retransmission, Parity, Request };
  struct Flight {
    Time at{};
    Kind kind;
    std::optional<std::size_t> sink{};  // nullopt: all
    Bytes bytes{};
    std::uint64_t number = 0;  // of media
    Nack nack{};
    bool dropped = false;
  };

  static RepairSender::Options sender_options() {
    return {.media = kMedia, .parity = kParity, .first_sequence = kFirst};
  }
  RepairSender::History history() {
    return [this](std::uint16_t sequence) -> std::optional<ByteView> {
      const std::uint16_t back = static_cast<std::uint16_t>(kFirst + sent_ - 1 - sequence);
      if (back >= kept_.size()) return std::nullopt;
      return ByteView(*kept_[kept_.size() - 1 - back]);
    };
  }

  [[nodiscard]] std::uint64_t full_rate() const {
    return static_cast<std::uint64_t>(kMaxRtpPacket * 8 * 1e9 /
                                      static_cast<double>(options_.spacing.count()));
  }
  [[nodiscard]] Time next_event() const {
    std::optional<Time> next = sender_.next_deadline();
    if (sent_ < options_.packets) next = earliest(next, next_packet_);
    if (!flights_.empty()) next = earliest(next, flights_.front().at);
    if (!wakes_.empty()) next = earliest(next, wakes_.top().first);
    if (options_.rate_control) next = earliest(next, next_second_);
    return std::max(next.value_or(Time::max()), now_ + 1ns);
  }
  void set_air() {
    const bool narrow = now_ - kStart >= options_.narrow_from && now_ - kStart < options_.narrow_to;
    air_.set_capacity(narrow ? options_.narrow_capacity : options_.capacity);
  }
  void wake(std::size_t index, std::optional<Time> at) {
    Sink& sink = *sinks_[index];
    if (at && at != sink.wake) wakes_.emplace(*at, index);
    sink.wake = at;
  }

  void send() {
    auto bytes = std::make_shared<std::vector<std::uint8_t>>(kRtpHeader + options_.payload);
    store_be32(bytes->data(), 0x8021'0000 | static_cast<std::uint16_t>(kFirst + sent_));
    store_be32(bytes->data() + 4, static_cast<std::uint32_t>((now_ - kStart).count() * 9 / 100'000));
    store_be32(bytes->data() + 8, kMedia.value);
    fill(ByteSpan(*bytes).subspan(kRtpHeader), sent_);
    kept_.push_back(bytes);
    if (kept_.size() > RepairSender::kHistory) kept_.pop_front();
    meter_.look(now_, sent_, sender_.counters(), requests());
    fly({.kind = Kind::Media, .bytes = bytes, .number = sent_});
    ++sent_;
    next_packet_ += options_.rate_control ? options_.spacing * static_cast<Duration::rep>(full_rate()) /
                                                static_cast<Duration::rep>(rate_.bitrate())
                                          : options_.spacing;
    sender_.sent(1, now_);
  }
  // Down: through the air that all share, in which every packet is as long as one of the stream.
  void fly(Flight flight) {
    const auto left = air_.leaves(kMaxRtpPacket, now_);
    flight.dropped = !left;
    flight.at = left.value_or(now_ + air_.queue(now_)) + options_.one_way;
    flights_.push_back(std::move(flight));
  }
  static void fill(ByteSpan payload, std::uint64_t number) {
    Random random(number);
    for (std::size_t at = 0; at < payload.size(); at += 4) {
      store_be32(payload.data() + at,
                 at == 0 ? static_cast<std::uint32_t>(number) : static_cast<std::uint32_t>(random.next()));
    }
  }

  void dispatch(const Repair& repair) {
    fly({.kind = repair.kind == Repair::Kind::Parity ? Kind::Parity : Kind::Retransmission,
         .sink = repair.to ? std::optional<std::size_t>(repair.to->value) : std::nullopt,
         .bytes = std::make_shared<std::vector<std::uint8_t>>(repair.packet.begin(), repair.packet.end())});
  }

  // All ways down take equally long, so what was sent first is first; the same of those up.
  void deliver() {
    while (!flights_.empty() && flights_.front().at <= now_) {
      const Flight flight = std::move(flights_.front());
      flights_.pop_front();
      if (flight.kind == Kind::Request) {
        sender_.request({static_cast<std::uint32_t>(*flight.sink)}, flight.nack, now_);
        most_waiting_ = std::max(most_waiting_, sender_.waiting());
        continue;
      }
      for (std::size_t i = flight.sink.value_or(0); i < (flight.sink ? *flight.sink + 1 : sinks_.size()); ++i)
        arrive(i, flight);
    }
  }
  void arrive(std::size_t index, const Flight& flight) {
    Sink& sink = *sinks_[index];
    const bool dark =
        flight.kind == Kind::Media && flight.number >= options_.dark_from && flight.number < options_.dark_to;
    if (sink.loss.loses() || dark || flight.dropped) {
      sink.lost_on_air += flight.kind == Kind::Media;
      return;
    }
    if (flight.kind == Kind::Parity) {
      (void)sink.receiver.receive_parity(*flight.bytes, now_);
    } else {
      (void)sink.receiver.receive(*flight.bytes, Delivery::Multicast, now_);
    }
    sink.most_buffered = std::max(sink.most_buffered, sink.receiver.counters(now_).buffered);
    wake(index, sink.receiver.next_deadline());
  }

  void serve(std::size_t index) {
    Sink& sink = *sinks_[index];
    sink.receiver.take(now_, [&](ByteView ts) { check(sink, ts); });
    (void)sink.receiver.tick(now_);
    if (auto nack = sink.receiver.next_request(now_)) {
      ++sink.requests;
      if (!sink.uplink.loses()) request(index, std::move(*nack));
    }
    wake(index, sink.receiver.next_deadline());
  }
  void request(std::size_t index, Nack nack) {
    Flight flight{
        .at = now_ + options_.one_way, .kind = Kind::Request, .sink = index, .nack = std::move(nack)};
    const auto place = std::find_if(flights_.rbegin(), flights_.rend(),
                                    [&](const Flight& other) { return other.at <= flight.at; });
    flights_.insert(place.base(), std::move(flight));
  }

  // What sinks report each second, and what the source makes of it (source_repair.cc).
  void control_rate() {
    std::uint64_t lost = 0;
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      Sink& sink = *sinks_[i];
      const auto block = sink.receiver.report_block(now_);
      const PlayoutReport playout = sink.receiver.playout_report(now_);
      const double received = playout.received - std::exchange(sink.told_received, playout.received);
      const double missing = playout.lost - std::exchange(sink.told_lost, playout.lost);
      lost += playout.lost;
      const Duration round_trip = 2 * options_.one_way + air_.queue(now_);
      sink.receiver.round_trip(round_trip);
      RateControl::Report report{.round_trip = round_trip};
      if (block) report.loss = block->fraction_lost / 256.0;
      if (received + missing > 0) report.residual = missing / (received + missing);
      rate_.report({static_cast<std::uint32_t>(i)}, report, now_);
    }
    (void)rate_.tick(now_);
    seconds_.push_back({now_ - kStart, rate_.bitrate(), lost});
    next_second_ = now_ + 1s;
  }
  // Byte by byte what was sent, in order.
  void check(Sink& sink, ByteView ts) {
    const std::uint64_t number = load_be32(ts.data());
    expected_.resize(ts.size());
    fill(expected_, number);
    const bool right =
        number >= sink.next && std::equal(ts.begin(), ts.end(), expected_.begin(), expected_.end());
    sink.wrong += !right;
    sink.next = number + 1;
    ++sink.given;
  }

  using Wake = std::pair<Time, std::size_t>;

  Options options_;
  RepairSender sender_;
  RateControl rate_;
  Air air_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::deque<Bytes> kept_;
  std::deque<Flight> flights_;
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> wakes_;  // some are over: see Sink::wake
  std::vector<std::uint8_t> expected_;
  Time now_{}, next_packet_{}, next_second_ = kStart + 1s;
  std::uint64_t sent_ = 0;
  StormMeter meter_;
  std::size_t most_waiting_ = 0;
  std::vector<Second> seconds_;
};

}  // namespace wfdcast::stream::test
