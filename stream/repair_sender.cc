#include "stream/repair_sender.h"

#include <algorithm>

namespace wfdcast::stream {
namespace {

// A window may reach this far back in time, as a part of the least latency;
// that long, too, requests are gathered.
constexpr int kLatencyParts = 3;
constexpr Duration kUsualLatency = 150ms;
constexpr std::uint64_t kLeastWindow = 8;  // packets, at low rates

}  // namespace

RepairSender::RepairSender(const Options& options, History history)
    : options_(options),
      history_(std::move(history)),
      encoder_(options.parity, static_cast<std::uint16_t>(options.parity.value)) {
  jobs_.reserve(kMostJobs);
  asked_.reserve(kMostPending);
}

void RepairSender::set_sink(SessionId id, Way way, Duration latency) {
  const auto [found, is_new] = sinks_.try_emplace(id);
  Sink& sink = found->second;
  if (!is_new) count(sink, -1);
  sink.way = way;
  sink.latency = latency;
  count(sink, 1);
}

void RepairSender::remove_sink(SessionId id) {
  const auto found = sinks_.find(id);
  if (found == sinks_.end()) return;
  count(found->second, -1);
  sinks_.erase(found);
}

void RepairSender::count(const Sink& sink, int by) {
  if (sink.way != Way::Unicast) group_sinks_ += by;
  if (sink.way != Way::GroupParity) return;
  parity_sinks_ += by;
  if ((parity_latencies_[sink.latency] += by) == 0) parity_latencies_.erase(sink.latency);
}

Duration RepairSender::least_latency() const {
  return parity_latencies_.empty() ? kUsualLatency : parity_latencies_.begin()->first;
}

void RepairSender::sent(std::size_t count, Time now) {
  if (count == 0) return;
  if (newest_ > 0) {
    const double spacing = static_cast<double>((now - last_sent_).count()) / static_cast<double>(count);
    spacing_ns_ += (std::clamp(spacing, 1e4, 1e8) - spacing_ns_) / 64;
  }
  last_sent_ = now;
  newest_ += count;
  if (fresh_due_ && newest_ - oldest_fresh_ >= kMostInWindow) fresh_due_ = now;
}

std::uint16_t RepairSender::sequence_of(std::uint64_t number) const {
  return static_cast<std::uint16_t>(options_.first_sequence + number);
}

std::optional<std::uint64_t> RepairSender::number_of(std::uint16_t sequence) const {
  if (newest_ == 0) return std::nullopt;
  const std::uint64_t back = static_cast<std::uint16_t>(sequence_of(newest_ - 1) - sequence);
  if (back >= std::min(kHistory, newest_)) return std::nullopt;
  return newest_ - 1 - back;
}

Duration RepairSender::age_of(std::uint64_t number) const {
  return Duration(static_cast<Duration::rep>(spacing_ns_ * static_cast<double>(newest_ - number)));
}

void RepairSender::request(SessionId id, const Nack& nack, Time now) {
  const auto found = sinks_.find(id);
  if (found == sinks_.end() || nack.media.value >> 1 != options_.media.value >> 1) return;
  if (newest_ == 0) return;
  const std::uint16_t oldest = sequence_of(newest_ - std::min(kHistory, newest_));
  for (const SequenceRun& run : nack.runs) {
    for (unsigned i = 0; i <= run.more; ++i) {
      const auto sequence = static_cast<std::uint16_t>(run.first + i);
      const auto number = number_of(sequence);
      if (!number) {
        // A run may begin before the stream, or before what is kept.
        const unsigned unknown =
            std::min<unsigned>(run.more - i + 1U, static_cast<std::uint16_t>(oldest - sequence));
        counters_.unknown += unknown;
        i += unknown - 1;
        continue;
      }
      ++counters_.requested;
      if (!spend(found->second)) {
        ++counters_.limited;
        return;
      }
      ask_for(id, found->second, *number, now);
    }
  }
}

bool RepairSender::spend(Sink& sink) {
  sink.credit = std::min(kSinkBurst, sink.credit + (newest_ - sink.credited_at));
  sink.credited_at = newest_;
  if (sink.credit == 0) return false;
  --sink.credit;
  return true;
}

// Half a packet for each of the stream.
bool RepairSender::spend_for_group() {
  const std::uint64_t earned = (newest_ - group_credited_at_) / 2;
  group_credited_at_ += earned * 2;
  group_credit_ = std::min(kGroupBurst, group_credit_ + earned);
  if (group_credit_ == 0) return false;
  --group_credit_;
  return true;
}

// Parity for one is only a slower copy; a group of one is as good as unicast.
RepairSender::Way RepairSender::effective_way(const Sink& sink) const {
  if (sink.way == Way::GroupParity && parity_sinks_ == 1)
    return group_sinks_ == 1 ? Way::Unicast : Way::Group;
  if (sink.way == Way::Group && group_sinks_ == 1) return Way::Unicast;
  return sink.way;
}

void RepairSender::ask_for(SessionId id, Sink& sink, std::uint64_t number, Time now) {
  const Way way = effective_way(sink);
  if (way == Way::Unicast) return push_job({Repair::Kind::Retransmission, id, number});
  const bool known = std::find(sink.pending.begin(), sink.pending.end(), number) != sink.pending.end();
  if (known || sink.pending.size() == kMostPending) return;
  sink.pending.push_back(number);
  Window* const window = window_of(number);
  if (way == Way::GroupParity && window) {
    if (!window->due) window->due = now + kGatherAgain;
  } else if (way == Way::GroupParity && number >= window_end_) {
    plan_window(number, now);
  } else if (!strays_due_) {
    strays_due_ = now + kGatherAgain;
  }
}

RepairSender::Window* RepairSender::window_of(std::uint64_t number) {
  for (Window& window : windows_) {
    if (number >= window.base && number < window.base + window.count) return &window;
  }
  return nullptr;
}

// The first request decides how long others are waited for.
void RepairSender::plan_window(std::uint64_t number, Time now) {
  const Time due = std::max(now, last_sent_ - age_of(number) + least_latency() / kLatencyParts);
  oldest_fresh_ = fresh_due_ ? std::min(oldest_fresh_, number) : number;
  fresh_due_ = fresh_due_ ? std::min(*fresh_due_, due) : due;
}

void RepairSender::decide(Time now) {
  if (fresh_due_ && *fresh_due_ <= now) close_window(now);
  for (Window& window : windows_) {
    if (!window.due || *window.due > now) continue;
    window.due.reset();
    answer_window(window);
  }
  if (strays_due_ && *strays_due_ <= now) answer_strays();
}

// All that was sent since the last window, as far as it is still useful: the
// others may lack something that they have not said yet.
void RepairSender::close_window(Time now) {
  fresh_due_.reset();
  const auto in_time = static_cast<std::uint64_t>(
      static_cast<double>((least_latency() / kLatencyParts).count()) / std::max(spacing_ns_, 1.0));
  const std::uint64_t most = std::clamp<std::uint64_t>(in_time + 4, kLeastWindow, kMostInWindow);
  std::uint64_t base = newest_ > most ? newest_ - most : 0;
  base = std::min(std::max(base, window_end_), oldest_fresh_);
  base = std::max(base, newest_ > kMostInWindow ? newest_ - kMostInWindow : 0);
  windows_[next_window_++ % windows_.size()] = {base, static_cast<std::uint8_t>(newest_ - base), 0, now};
  window_end_ = newest_;
  if (oldest_fresh_ < base) strays_due_ = now;
}

template <class Wanted>
std::size_t RepairSender::gather_asked(Wanted wanted) {
  asked_.clear();
  std::size_t most = 0;
  for (auto& [id, sink] : sinks_) {
    const Way way = effective_way(sink);
    const std::size_t before = asked_.size();
    std::erase_if(sink.pending, [&, by = id](std::uint64_t number) {
      if (!wanted(way, number)) return false;
      asked_.push_back({number, by});
      return true;
    });
    most = std::max(most, asked_.size() - before);
  }
  std::sort(asked_.begin(), asked_.end());
  return most;
}

void RepairSender::answer_window(Window& window) {
  const std::size_t most = gather_asked([&](Way way, std::uint64_t number) {
    return way == Way::GroupParity && number >= window.base && number < window.base + window.count;
  });
  std::size_t different = 0;
  for (std::size_t i = 0; i < asked_.size(); ++i)
    different += i == 0 || asked_[i - 1].number != asked_[i].number;
  if (different <= most || window.next_index + most > kMostParity) return resend_asked();
  for (std::size_t left = most; left > 0; --left) {
    push_job({Repair::Kind::Parity, std::nullopt, window.base, window.count, window.next_index++,
              static_cast<std::uint8_t>(left - 1)});
  }
}

void RepairSender::answer_strays() {
  strays_due_.reset();
  (void)gather_asked([&](Way way, std::uint64_t number) {
    return way != Way::GroupParity || (number < window_end_ && !window_of(number));
  });
  resend_asked();
}

// By unicast to the one that asked, to the group when several did.
void RepairSender::resend_asked() {
  for (std::size_t i = 0; i < asked_.size();) {
    std::size_t end = i + 1;
    while (end < asked_.size() && asked_[end].number == asked_[i].number) ++end;
    const bool reached_by_unicast = sinks_.at(asked_[i].by).way != Way::Foreign;
    const auto to = end == i + 1 && reached_by_unicast ? std::optional(asked_[i].by) : std::nullopt;
    push_job({Repair::Kind::Retransmission, to, asked_[i].number});
    i = end;
  }
}

// The oldest first: it is due first. A sink that asks again while its answer still waits changes nothing.
void RepairSender::push_job(const Job& job) {
  const auto older = [](const Job& one, const Job& other) { return one.number < other.number; };
  const auto [first, last] = std::equal_range(jobs_.begin(), jobs_.end(), job, older);
  if (job.kind == Repair::Kind::Retransmission && std::find(first, last, job) != last) return;
  if (jobs_.size() == kMostJobs) {
    ++counters_.limited;
    return;
  }
  jobs_.insert(last, job);
}

std::optional<Repair> RepairSender::carry_out(const Job& job) {
  if (!job.to && !spend_for_group()) {
    ++counters_.limited;
    return std::nullopt;
  }
  auto repair = job.kind == Repair::Kind::Parity ? make_parity(job) : retransmit(job);
  if (!repair) return std::nullopt;
  counters_.bytes += repair->packet.size();
  ++(job.kind == Repair::Kind::Parity ? counters_.parity : counters_.retransmitted);
  return repair;
}

std::optional<Repair> RepairSender::retransmit(const Job& job) {
  const auto packet = history_(sequence_of(job.number));
  const auto sink = job.to ? sinks_.find(*job.to) : sinks_.end();
  if (!packet || (job.to && sink == sinks_.end())) return std::nullopt;
  if (job.to) ++sink->second.retransmitted;
  Repair repair{Repair::Kind::Retransmission, job.to, *packet};
  if (options_.marking == Options::Marking::LowestBit) {
    std::copy(packet->begin(), packet->end(), scratch_.begin());
    scratch_[kRtpHeader - 1] |= 1;
    repair.packet = ByteView(scratch_).first(packet->size());
  }
  return repair;
}

std::optional<Repair> RepairSender::make_parity(const Job& job) {
  encoder_.begin();
  RtpTime timestamp{};
  for (std::uint8_t place = 0; place < job.count; ++place) {
    const auto packet = history_(sequence_of(job.number + place));
    if (!packet) return std::nullopt;
    encoder_.add(*packet, job.index, place);
    timestamp = {load_be32(packet->data() + 4)};
  }
  const ParityPacket what{.ssrc = {},
                          .base = sequence_of(job.number),
                          .count = job.count,
                          .index = job.index,
                          .to_come = job.to_come};
  return Repair{Repair::Kind::Parity, std::nullopt, encoder_.finish(what, timestamp)};
}

std::optional<Time> RepairSender::next_deadline() const {
  std::optional<Time> deadline = earliest(fresh_due_, strays_due_);
  for (const Window& window : windows_) deadline = earliest(deadline, window.due);
  if (!jobs_.empty()) deadline = earliest(deadline, next_job_);
  return deadline;
}

std::uint64_t RepairSender::retransmitted(SessionId id) const {
  const auto found = sinks_.find(id);
  return found == sinks_.end() ? 0 : found->second.retransmitted;
}

}  // namespace wfdcast::stream
