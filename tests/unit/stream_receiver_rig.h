#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "stream/rtp_receiver.h"

namespace wfdcast::stream::test {

inline constexpr Ssrc kMedia{0x1234'5678};

// A source, two paths and a sink in simulated time. Packet n is sent at
// sent(n); the test says when each copy arrives, then play() lets time run.
// The sink is called as its owner does: at each arrival and at each deadline.
class Rig {
 public:
  struct Options {
    Duration latency = 150ms;
    Duration spacing = 1ms;
    std::uint16_t first_sequence = 65'500;        // wraps early
    std::uint32_t first_timestamp = 0xFFFF'FF00;  // wraps early
    std::optional<Ssrc> media = kMedia;
  };
  struct Output {
    Time at;
    std::uint32_t number;
  };
  struct Event {
    Time at;
    ReceiverEvent event;
  };

  Rig() : Rig(Options{}) {}
  explicit Rig(const Options& rig_options)
      : options(rig_options),
        receiver({.ssrc = {2}, .media = rig_options.media, .latency = rig_options.latency}) {}

  [[nodiscard]] Time sent(std::uint32_t number) const { return start + number * options.spacing; }
  [[nodiscard]] RtpTime rtp_at(Duration since_start) const {
    return {options.first_timestamp + static_cast<std::uint32_t>(since_start.count() * 9 / 100'000)};
  }
  // As the source sends it; the payload carries the number.
  [[nodiscard]] std::vector<std::uint8_t> datagram(std::uint32_t number, RtpTime rtp) const {
    std::vector<std::uint8_t> bytes(kRtpHeader + kTsPacket);
    ByteWriter out(bytes);
    out.u8(0x80);
    out.u8(kPayloadTypeMp2t);
    out.u16(static_cast<std::uint16_t>(options.first_sequence + number));
    out.u32(rtp.value);
    out.u32(kMedia.value);
    out.u8(0x47);
    out.u24(0);
    out.u32(number);
    return bytes;
  }

  void arrive(std::uint32_t number, Time at, Delivery path = Delivery::Unicast) {
    arrive(number, at, path, rtp_at(sent(number) - start));
  }
  void arrive(std::uint32_t number, Time at, Delivery path, RtpTime rtp) {
    arrivals_.push_back({at, arrivals_.size(), number, path, rtp});
  }
  void play() {
    std::sort(arrivals_.begin(), arrivals_.end(), [](const Arrival& a, const Arrival& b) {
      return std::tie(a.at, a.order) < std::tie(b.at, b.order);
    });
    for (const Arrival& arrival : arrivals_) {
      run_until(arrival.at);
      give(datagram(arrival.number, arrival.rtp), arrival.path);
    }
    arrivals_.clear();
  }
  void give(ByteView bytes, Delivery path = Delivery::Unicast) { keep(receiver.receive(bytes, path, now)); }
  // Serves each deadline up to `until`.
  void run_until(Time until) {
    for (auto due = receiver.next_deadline(); due && *due <= until; due = receiver.next_deadline()) {
      now = std::max(now, *due);
      ++wakeups;
      receiver.take(now, [&](ByteView ts) {
        ByteReader in(ts.subspan(4));
        outputs.push_back({now, in.u32()});
      });
      keep(receiver.tick(now));
    }
    now = until;
  }
  void finish() {
    play();
    run_until(now + 5s);
  }

  template <class T>
  [[nodiscard]] std::vector<Time> times_of() const {
    std::vector<Time> times;
    for (const Event& e : events) {
      if (std::holds_alternative<T>(e.event)) times.push_back(e.at);
    }
    return times;
  }
  template <class T>
  [[nodiscard]] const T* first_of() const {
    for (const Event& e : events) {
      if (const T* found = std::get_if<T>(&e.event)) return found;
    }
    return nullptr;
  }
  [[nodiscard]] std::vector<std::uint32_t> numbers() const {
    std::vector<std::uint32_t> list;
    for (const Output& o : outputs) list.push_back(o.number);
    return list;
  }
  // How much the delay from sending to output varied from output `from` on.
  [[nodiscard]] Duration spread(std::size_t from = 0) const {
    Duration least = Duration::max(), most = Duration::min();
    for (std::size_t i = from; i < outputs.size(); ++i) {
      least = std::min(least, outputs[i].at - sent(outputs[i].number));
      most = std::max(most, outputs[i].at - sent(outputs[i].number));
    }
    return most - least;
  }
  [[nodiscard]] Duration delay_of(std::size_t output) const {
    return outputs.at(output).at - sent(outputs.at(output).number);
  }

  Options options;
  const Time start{1000s};
  Time now = start;
  RtpReceiver receiver;
  std::vector<Output> outputs;
  std::vector<Event> events;
  std::uint64_t wakeups = 0;

 private:
  struct Arrival {
    Time at;
    std::size_t order;  // of the calls
    std::uint32_t number;
    Delivery path;
    RtpTime rtp;
  };
  void keep(std::vector<ReceiverEvent> list) {
    for (ReceiverEvent& event : list) events.push_back({now, std::move(event)});
  }
  std::vector<Arrival> arrivals_;
};

inline std::vector<std::uint32_t> count_up(std::uint32_t from, std::uint32_t to) {
  std::vector<std::uint32_t> list;
  for (std::uint32_t n = from; n < to; ++n) list.push_back(n);
  return list;
}

}  // namespace wfdcast::stream::test
