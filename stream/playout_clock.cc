#include "stream/playout_clock.h"

namespace wfdcast::stream {
namespace {

constexpr Duration kSlewStep = 10ms;
// 9 ticks of 90 kHz are exactly 100 us, so anchors that move by them lose nothing.
constexpr std::int32_t kExactTicks = 9;
constexpr Duration kExactTime = 100us;

std::int32_t ticks_between(RtpTime to, RtpTime from) {
  return static_cast<std::int32_t>(to.value - from.value);
}

Duration to_duration(std::int32_t ticks) { return kExactTime * std::int64_t{ticks} / kExactTicks; }

Duration magnitude(Duration d) { return d < Duration{} ? -d : d; }

}  // namespace

Duration PlayoutClock::place_newest(RtpTime rtp, Time now) {
  if (state_ == State::Fresh) return begin(rtp, now);
  const std::int32_t ticks = ticks_between(rtp, anchor_.rtp);
  Duration media = anchor_.media + to_duration(ticks);
  if (jumped(media - newest_, media, now)) {
    // The line goes on as if the source's clock had run like ours meanwhile.
    media = newest_ + std::max(now - newest_arrival_, Duration{});
    sync_.reset();
    before_jump_ = anchor_;
    anchor_ = {rtp, media};
  } else {
    const std::int32_t whole = ticks / kExactTicks;
    anchor_.rtp.value += static_cast<std::uint32_t>(whole * kExactTicks);
    anchor_.media += whole * kExactTime;
  }
  newest_ = media;
  newest_arrival_ = now;
  observe(media, now);
  return media;
}

// It may be from before a jump: the line on which it is nearer to now.
Duration PlayoutClock::place_older(RtpTime rtp, Time now) {
  if (state_ == State::Fresh) return begin(rtp, now);
  const Duration on_time = now - least_;
  const Duration after = anchor_.media + to_duration(ticks_between(rtp, anchor_.rtp));
  const Duration before = before_jump_.media + to_duration(ticks_between(rtp, before_jump_.rtp));
  const Duration nearer = magnitude(on_time - after) <= magnitude(on_time - before) ? after : before;
  // It stands in front of the newest, so it must not be due after it.
  return std::min(nearer, newest_);
}

Duration PlayoutClock::begin(RtpTime rtp, Time now) {
  state_ = State::Settling;
  sync_.reset();  // another line
  anchor_ = before_jump_ = {rtp, Duration{}};
  newest_ = Duration{};
  newest_arrival_ = settles_ = now;
  rebase(now, now);
  settling_ = least_;
  return newest_;
}

// Backward, or forward by more than both the clock on the wall and the least
// transit allow. A source that stands still looks like a network that holds.
bool PlayoutClock::jumped(Duration step, Duration media, Time now) const {
  if (step < -kJump) return true;
  return step - (now - newest_arrival_) > kJump && now - media < least_ - kJump;
}

void PlayoutClock::observe(Duration media, Time now) {
  const Time transit = now - media;
  if (now >= window_end_) {
    previous_window_ = window_;
    window_ = transit;
    window_end_ = now + kWindow;
  }
  window_ = std::min(window_, transit);
  // A source sends faster than its clock what a sink that joins has missed: that is over when it ends.
  const bool faster = state_ == State::Settling && transit < settling_ - kFar;
  if (transit < least_ - kJump || faster) {
    state_ = State::Settling;
    settling_ = transit;
    settles_ = now + kCatchUp;
  }
  if (sync_) return slew(now);  // who is late is late: the others do not wait
  if (state_ == State::Settling) least_ = std::min(least_, transit);
  observe_late(transit, now);
  slew(now);
}

void PlayoutClock::observe_late(Time transit, Time now) {
  if (transit <= least_ + latency_) {
    late_.packets = 0;
    return;
  }
  if (late_.packets++ == 0) late_ = {now, transit, 1};
  late_.least = std::min(late_.least, transit);
  if (late_.packets >= kLateRunPackets && now - late_.since >= kLateRun) rebase(late_.least, now);
}

void PlayoutClock::rebase(Time transit, Time now) {
  least_ = window_ = transit;
  previous_window_ = Time::max();
  window_end_ = now + kWindow;
  slewed_ = now;
  late_.packets = 0;
}

void PlayoutClock::slew(Time now) {
  const Duration elapsed = now - slewed_;
  if (elapsed < kSlewStep) return;
  slewed_ = now;
  const Duration error = (sync_ ? *sync_ : window_least()) - least_;
  const int usual = magnitude(error) > kFar ? kFastSlew : kSlew;
  const int part = sync_ && magnitude(error) > kInSync ? kSyncSlew : usual;
  const Duration most = std::min<Duration>(elapsed, 1s) / part;
  least_ += std::clamp(error, -most, most);
}

void PlayoutClock::follow(Time when) {
  if (state_ == State::Fresh) return;
  sync_ = when - anchor_.media;
  if (state_ == State::Settling) least_ = *sync_;
}

void PlayoutClock::settle(Time now) {
  if (state_ == State::Settling && now >= settles_) state_ = State::Steady;
}

Duration PlayoutClock::delay() const {
  return state_ == State::Fresh ? latency_ : latency_ + (least_ - window_least());
}

}  // namespace wfdcast::stream
