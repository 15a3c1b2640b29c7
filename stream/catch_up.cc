#include "stream/catch_up.h"

namespace wfdcast::stream {

bool CatchUp::begin(SessionId id, std::uint64_t first, Time now) {
  remove(id);
  if (sinks_.size() == kMost) return false;
  if (sinks_.empty()) next_ = now;
  sinks_.push_back({id, first});
  return true;
}

void CatchUp::remove(SessionId id) {
  std::erase_if(sinks_, [&](const Sink& sink) { return sink.id == id; });
}

std::optional<std::uint64_t> CatchUp::oldest() const {
  if (sinks_.empty()) return std::nullopt;
  return std::ranges::min(sinks_, {}, &Sink::next).next;
}

std::vector<SessionId> CatchUp::give_up() {
  std::vector<SessionId> all;
  for (const Sink& sink : sinks_) all.push_back(sink.id);
  sinks_.clear();
  return all;
}

}  // namespace wfdcast::stream
