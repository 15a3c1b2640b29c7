#pragma once

#include <optional>

#include "base/time.h"

namespace wfdcast::rtsp {

// What a source does differently for one sink. The rows that say for which, and
// why, are data (data/quirks.toml); daemon/quirks.h matches them.
struct Quirks {
  std::optional<Duration> keepalive{};  // M16 at least this often; 0: never
  bool stop_refused_keepalive = false;  // an error to M16 is the last word on it
  bool wait_for_m2 = false;             // M3 waits for M2 5 s, not 500 ms
  bool one_server_port = false;         // no RTCP, whatever the sink asks
  bool pause_at_source = false;         // it ignores the PAUSE and PLAY triggers
};

}  // namespace wfdcast::rtsp
