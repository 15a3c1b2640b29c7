#pragma once

#include <algorithm>
#include <optional>

#include "base/time.h"
#include "stream/rtp.h"

namespace wfdcast::stream {

// Says when each packet is due: its RTP time plus the least transit seen plus
// the latency. The least transit is followed slowly, so the output has the
// source's spacing whatever the network did.
//
// A packet's place is its "media time": the source's clock, freed of its wraps
// and jumps. Transit is arrival less media time.
class PlayoutClock {
 public:
  // The least transit is taken over the last one to two of these.
  static constexpr Duration kWindow = 5s;
  // Slewing: 0.5 ms/s follows any crystal; 5 ms/s when the path itself changed.
  static constexpr int kSlew = 2000, kFastSlew = 200;
  static constexpr Duration kFar = 20ms;
  // Synchronised: 20 ms/s until it is as near as that.
  static constexpr int kSyncSlew = 50;
  static constexpr Duration kInSync = 1ms;
  // A step of the source's clock against ours that no network makes, and the
  // most delay too much that is slewed away.
  static constexpr Duration kJump = 500ms;
  // How long a queue in the network, once it moves, may take to run empty.
  static constexpr Duration kCatchUp = 200ms;
  // When everything was late for this long, the delay was wrong, not the network.
  static constexpr Duration kLateRun = 500ms;
  static constexpr int kLateRunPackets = 10;

  explicit PlayoutClock(Duration latency) : latency_(latency) {}

  // The media time of a packet: the newest in sequence, or an older one.
  [[nodiscard]] Duration place_newest(RtpTime rtp, Time now);
  [[nodiscard]] Duration place_older(RtpTime rtp, Time now);
  [[nodiscard]] Time due(Duration media) const { return least_ + media + latency_; }
  // Synchronised playout: packets are due so long after the source's media clock showed them, by our clock,
  // not after the quickest of them came. `when` says when it shows the value of anchor().
  void follow(Time when);
  [[nodiscard]] bool follows() const { return sync_.has_value(); }
  [[nodiscard]] std::optional<RtpTime> anchor() const {
    return state_ == State::Fresh ? std::nullopt : std::optional(anchor_.rtp);
  }
  // A packet goes out: from now on its successors keep its spacing.
  void settle(Time now);
  // The output ran dry: nothing is left to be steady with.
  void restart() { state_ = State::Fresh; }

  // From the arrival of a packet that was not held up to its output.
  [[nodiscard]] Duration delay() const;
  [[nodiscard]] Duration newest() const { return newest_; }

 private:
  enum class State : std::uint8_t {
    Fresh,     // the next packet begins a time line
    Settling,  // nothing went out, or far too late: the least transit counts at once
    Steady,
  };
  struct Anchor {
    RtpTime rtp;
    Duration media{};
  };
  struct LateRun {
    Time since;
    Time least;
    int packets = 0;
  };

  Duration begin(RtpTime rtp, Time now);
  [[nodiscard]] bool jumped(Duration step, Duration media, Time now) const;
  void observe(Duration media, Time now);
  void observe_late(Time transit, Time now);
  void rebase(Time transit, Time now);
  void slew(Time now);
  [[nodiscard]] Time window_least() const { return std::min(window_, previous_window_); }

  Duration latency_;
  State state_ = State::Fresh;
  Time least_{};  // the transit in use: arrival of media time 0
  Anchor anchor_, before_jump_;
  Duration newest_{};
  Time newest_arrival_{};
  Time settling_{};  // the transit with which settling began, or went on
  Time window_{}, previous_window_{}, window_end_{}, slewed_{}, settles_{};
  LateRun late_;
  std::optional<Time> sync_;  // when media time 0 was sent
};

}  // namespace wfdcast::stream
