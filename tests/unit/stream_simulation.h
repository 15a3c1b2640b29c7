#pragma once

#include <deque>
#include <memory>
#include <queue>
#include <vector>

#include "base/random.h"
#include "stream/repair_sender.h"
#include "stream/rtp_receiver.h"

namespace wfdcast::stream::test {

// Loses packets: each by itself, or in bursts (Gilbert and Elliott: a good state
// that loses none and a bad one that loses all; `burst` is the mean length of
// the bad one in packets).
class LossModel {
 public:
  LossModel(double loss, double burst, std::uint64_t seed)
      : random_(seed),
        leave_bad_(burst > 1 ? 1 / burst : 1 - loss),
        leave_good_(loss >= 1 ? 1 : (burst > 1 ? loss / (1 - loss) / burst : loss)) {}
  bool loses() {
    const double draw = random_.unit();
    bad_ = bad_ ? draw >= leave_bad_ : draw < leave_good_;
    return bad_;
  }

 private:
  Random random_;
  double leave_bad_, leave_good_;
  bool bad_ = false;
};

// A source and its sinks in simulated time, without sockets: repair as wfdd
// joins it (RepairSender, RtpReceiver), over a network that loses, on the way
// down (media, parity and retransmissions alike) and on the way up.
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
  };
  struct Sink {
    RtpReceiver receiver;
    LossModel loss, uplink;
    std::optional<Time> wake{};
    std::uint64_t next = 0, wrong = 0, given = 0;  // outputs
    std::uint64_t requests = 0;
    std::uint64_t lost_on_air = 0;  // of the media packets
    std::size_t most_held = 0;
  };

  explicit Simulation(const Options& options) : options_(options), sender_(sender_options(), history()) {
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

  void run() {
    const Time end =
        kStart + static_cast<Duration::rep>(options_.packets) * options_.spacing + options_.latency + 1s;
    for (now_ = kStart; now_ < end; now_ += kStep) {
      while (sent_ < options_.packets &&
             kStart + static_cast<Duration::rep>(sent_) * options_.spacing <= now_)
        send();
      deliver();
      for (std::size_t i = 0; i < sinks_.size(); ++i) serve(i);
      const auto due = sender_.next_deadline();
      if (due && *due <= now_) {
        sender_.take(now_, [&](const Repair& repair) { dispatch(repair); });
      }
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
  [[nodiscard]] std::uint64_t requests() const {
    std::uint64_t sum = 0;
    for (const auto& sink : sinks_) sum += sink->requests;
    return sum;
  }

 private:
  static constexpr Time kStart{1000s};
  static constexpr Duration kStep = 250us;
  static constexpr Ssrc kMedia{0x1234'5678}, kParity{0x9ABC'0000};
  static constexpr std::uint16_t kFirst = 65'000;
  using Bytes = std::shared_ptr<std::vector<std::uint8_t>>;
  enum class Kind : std::uint8_t { Media, Retransmission, Parity, Request };
  struct Flight {
    Time at;
    Kind kind;
    std::optional<std::size_t> sink;  // nullopt: all
    Bytes bytes;
    std::uint64_t number = 0;  // of media
    Nack nack{};
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

  void send() {
    auto bytes = std::make_shared<std::vector<std::uint8_t>>(kRtpHeader + options_.payload);
    store_be32(bytes->data(), 0x8021'0000 | static_cast<std::uint16_t>(kFirst + sent_));
    store_be32(bytes->data() + 4, static_cast<std::uint32_t>((now_ - kStart).count() * 9 / 100'000));
    store_be32(bytes->data() + 8, kMedia.value);
    fill(ByteSpan(*bytes).subspan(kRtpHeader), sent_);
    kept_.push_back(bytes);
    if (kept_.size() > RepairSender::kHistory) kept_.pop_front();
    flights_.push_back(
        {.at = now_ + options_.one_way, .kind = Kind::Media, .sink = {}, .bytes = bytes, .number = sent_});
    ++sent_;
    sender_.sent(1, now_);
  }
  static void fill(ByteSpan payload, std::uint64_t number) {
    Random random(number);
    for (std::size_t at = 0; at < payload.size(); at += 4) {
      store_be32(payload.data() + at,
                 at == 0 ? static_cast<std::uint32_t>(number) : static_cast<std::uint32_t>(random.next()));
    }
  }

  void dispatch(const Repair& repair) {
    flights_.push_back(
        {.at = now_ + options_.one_way,
         .kind = repair.kind == Repair::Kind::Parity ? Kind::Parity : Kind::Retransmission,
         .sink = repair.to ? std::optional<std::size_t>(repair.to->value) : std::nullopt,
         .bytes = std::make_shared<std::vector<std::uint8_t>>(repair.packet.begin(), repair.packet.end())});
  }

  // All ways take equally long, so what was sent first is first.
  void deliver() {
    while (!flights_.empty() && flights_.front().at <= now_) {
      const Flight flight = std::move(flights_.front());
      flights_.pop_front();
      if (flight.kind == Kind::Request) {
        sender_.request({static_cast<std::uint32_t>(*flight.sink)}, flight.nack, now_);
        continue;
      }
      for (std::size_t i = flight.sink.value_or(0); i < (flight.sink ? *flight.sink + 1 : sinks_.size());
           ++i) {
        arrive(*sinks_[i], flight);
      }
    }
  }
  void arrive(Sink& sink, const Flight& flight) {
    const bool dark =
        flight.kind == Kind::Media && flight.number >= options_.dark_from && flight.number < options_.dark_to;
    if (sink.loss.loses() || dark) {
      sink.lost_on_air += flight.kind == Kind::Media;
      return;
    }
    if (flight.kind == Kind::Parity) {
      (void)sink.receiver.receive_parity(*flight.bytes, now_);
    } else {
      (void)sink.receiver.receive(*flight.bytes, Delivery::Multicast, now_);
    }
    sink.wake = sink.receiver.next_deadline();
  }

  void serve(std::size_t index) {
    Sink& sink = *sinks_[index];
    if (!sink.wake || *sink.wake > now_) return;
    sink.receiver.take(now_, [&](ByteView ts) { check(sink, ts); });
    (void)sink.receiver.tick(now_);
    if (auto nack = sink.receiver.next_request(now_)) {
      ++sink.requests;
      if (!sink.uplink.loses()) {
        flights_.push_back({.at = now_ + options_.one_way,
                            .kind = Kind::Request,
                            .sink = index,
                            .bytes = {},
                            .nack = std::move(*nack)});
      }
    }
    sink.wake = sink.receiver.next_deadline();
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

  Options options_;
  RepairSender sender_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::deque<Bytes> kept_;
  std::deque<Flight> flights_;
  std::vector<std::uint8_t> expected_;
  Time now_{};
  std::uint64_t sent_ = 0;
};

}  // namespace wfdcast::stream::test
