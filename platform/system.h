#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "platform/fd.h"

namespace wfdcast::platform {

// Secrets from the kernel (getrandom; /dev/urandom where it is missing).
void fill_random(ByteSpan memory);
[[nodiscard]] std::uint64_t random_u64();
// Whether these would not wait: early in its boot a kernel may have no random numbers yet.
[[nodiscard]] bool random_ready();
void pause(Duration time);  // for a start that cannot go on yet; nothing else may wait so

// NTP timestamps (32.32 since 1900) on the monotonic clock plus an offset to
// the wall clock that is fixed at the first call: a clock step never shows.
[[nodiscard]] std::uint64_t ntp_time(Time now);

// sd_notify(3): "READY=1", "STATUS=...", "WATCHDOG=1"; nothing without $NOTIFY_SOCKET.
void notify_systemd(std::string_view state);
// Half of $WATCHDOG_USEC when it is for this process; zero: no watchdog.
[[nodiscard]] Duration watchdog_period();
// The listening socket that systemd opened for this process (sd_listen_fds(3)), once; none when there is
// none. A second one is left alone.
[[nodiscard]] Fd take_systemd_socket();

[[nodiscard]] std::string host_name();
// Ignores SIGPIPE, does not ignore SIGCHLD, raises the soft limit of descriptors to the hard one.
void prepare_process();
// Unmaps what the program and its libraries have read from their files so far: symbol and relocation tables,
// start-up code. What is needed again comes back from the page cache, page by page; the rest no longer counts
// as resident.
void forget_startup_pages();

}  // namespace wfdcast::platform
