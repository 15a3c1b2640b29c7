#pragma once

#include <optional>

#include "base/time.h"

namespace wfdcast::rtsp {

// What we do differently for one peer: a source for a sink, and a sink for a source. The rows that say for
// which, and why, are data (data/quirks.toml); daemon/quirks.h matches them.
struct Quirks {
  std::optional<Duration> keepalive{};  // M16 at least this often; 0: never
  bool stop_refused_keepalive = false;  // an error to M16 is the last word on it
  bool wait_for_m2 = false;             // M3 waits for M2 5 s, not 500 ms
  bool one_server_port = false;         // no RTCP, whatever the sink asks
  bool pause_at_source = false;         // it ignores the PAUSE and PLAY triggers
  bool one_client_port = false;         // as a sink: no RTCP is asked of this source
};

}  // namespace wfdcast::rtsp
