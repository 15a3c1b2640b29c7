#include "platform/interface_monitor.h"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "platform/fd.h"
#include "platform/interface_table.h"

namespace wfdcast::platform {
namespace {

constexpr Duration kDumpTimeout = 2s;
constexpr Duration kRetry = 1s;
constexpr int kDatagramsAWake = 64;
constexpr std::size_t kDatagram = 32 * 1024;  // the kernel's own limit for a part of a dump

std::error_code kernel_error(ByteView payload) {
  int error = -EPROTO;
  if (payload.size() >= sizeof error) std::memcpy(&error, payload.data(), sizeof error);
  return {-error, std::system_category()};
}

}  // namespace

struct InterfaceMonitor::Impl {
  enum class Dump { None, Links, Addresses };

  Impl(EventLoop& event_loop, Fd netlink, OnChange callback);
  Result<void> wait_for_dump();
  void begin_dump();
  void request(Dump what);
  void on_readable();
  bool read_one();
  void take(const nlmsghdr& header, ByteView payload);
  void end_part();
  void publish();

  EventLoop& loop;
  Fd fd;
  OnChange on_change;
  std::unique_ptr<std::uint8_t[]> memory = std::make_unique_for_overwrite<std::uint8_t[]>(kDatagram);
  Dump dump = Dump::None;
  std::uint32_t sequence = 0;
  bool started = false;     // the first part has come; notifications before it are older than the dump
  bool incomplete = false;  // something was lost: dump again when this one is over
  std::error_code error;    // why the dump failed; it is tried again
  InterfaceTable table;
  std::vector<Interface> published;
  Watch readable;
  Timer retry;
};

InterfaceMonitor::Impl::Impl(EventLoop& event_loop, Fd netlink, OnChange callback)
    : loop(event_loop),
      fd(std::move(netlink)),
      on_change(std::move(callback)),
      readable(loop, fd.get(), Watch::On::Read, [this] { on_readable(); }),
      retry(loop, [this] { begin_dump(); }) {}

void InterfaceMonitor::Impl::begin_dump() {
  started = false;
  incomplete = false;
  error = {};
  request(Dump::Links);
}

void InterfaceMonitor::Impl::request(Dump what) {
  dump = what;
  retry.set(loop.now() + kDumpTimeout);
  struct {
    nlmsghdr header;
    ifinfomsg link;  // begins like ifaddrmsg: the family comes first
  } message{};
  const bool links = what == Dump::Links;
  message.header.nlmsg_len = NLMSG_LENGTH(links ? sizeof(ifinfomsg) : sizeof(ifaddrmsg));
  message.header.nlmsg_type = links ? RTM_GETLINK : RTM_GETADDR;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  message.header.nlmsg_seq = ++sequence;
  message.link.ifi_family = links ? AF_UNSPEC : AF_INET;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  while (::sendto(fd.get(), &message, message.header.nlmsg_len, MSG_DONTWAIT,
                  reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) {
    if (errno == EINTR) continue;
    error = {errno, std::system_category()};
    retry.set(loop.now() + kRetry);
    return;
  }
}

// The one wait of the program, before the loop runs; the kernel answers in microseconds.
Result<void> InterfaceMonitor::Impl::wait_for_dump() {
  const Time deadline = loop.now() + kDumpTimeout;
  while (dump != Dump::None) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - loop.now()).count();
    if (error) return fail(error);
    if (left <= 0) return fail_errno(ETIMEDOUT);
    pollfd waiting{fd.get(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(left)) > 0) read_one();
  }
  published = table.interfaces();
  return {};
}

void InterfaceMonitor::Impl::on_readable() {
  for (int i = 0; i < kDatagramsAWake && read_one(); ++i) {
  }
  publish();
}

bool InterfaceMonitor::Impl::read_one() {
  sockaddr_nl sender{};
  iovec piece{memory.get(), kDatagram};
  msghdr header{};
  header.msg_name = &sender;
  header.msg_namelen = sizeof sender;
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  const ssize_t size = ::recvmsg(fd.get(), &header, MSG_DONTWAIT);
  if (size < 0 && errno == EINTR) return true;
  const bool lost = (size < 0 && errno == ENOBUFS) || (size >= 0 && (header.msg_flags & MSG_TRUNC) != 0);
  if (lost) {
    incomplete = true;
    if (dump == Dump::None) begin_dump();
    return true;
  }
  if (size < 0) return false;
  if (sender.nl_pid != 0) return true;  // not the kernel
  for_each_message({memory.get(), static_cast<std::size_t>(size)},
                   [this](const nlmsghdr& message, ByteView payload) { take(message, payload); });
  return true;
}

void InterfaceMonitor::Impl::take(const nlmsghdr& header, ByteView payload) {
  const bool ours = dump != Dump::None && header.nlmsg_seq == sequence;
  if (ours && !std::exchange(started, true)) table = {};
  if (ours && (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) incomplete = true;
  if (header.nlmsg_type == NLMSG_DONE) {
    if (ours) end_part();
  } else if (header.nlmsg_type == NLMSG_ERROR) {
    if (!ours) return;
    error = kernel_error(payload);
    retry.set(loop.now() + kRetry);
  } else {
    table.apply(header, payload);
  }
}

void InterfaceMonitor::Impl::end_part() {
  if (dump == Dump::Links) return request(Dump::Addresses);
  dump = Dump::None;
  retry.set(std::nullopt);
  if (incomplete) begin_dump();
}

void InterfaceMonitor::Impl::publish() {
  if (dump != Dump::None) return;
  auto now = table.interfaces();
  if (now == published) return;
  published = std::move(now);
  on_change();
}

InterfaceMonitor::InterfaceMonitor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
InterfaceMonitor::~InterfaceMonitor() = default;

Result<std::unique_ptr<InterfaceMonitor>> InterfaceMonitor::open(EventLoop& loop, OnChange on_change) {
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return fail_errno(errno);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail_errno(errno);
  auto impl = std::make_unique<Impl>(loop, std::move(fd), std::move(on_change));
  impl->begin_dump();
  if (auto done = impl->wait_for_dump(); !done) return fail(done.error());
  return std::unique_ptr<InterfaceMonitor>(new InterfaceMonitor(std::move(impl)));
}

const std::vector<Interface>& InterfaceMonitor::interfaces() const { return impl_->published; }

std::optional<Interface> InterfaceMonitor::find(std::string_view name) const {
  const auto& all = impl_->published;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Interface& one) { return one.name == name; });
  if (found == all.end()) return std::nullopt;
  return *found;
}

std::optional<int> effective_rp_filter(std::string_view name) {
  if (name.empty() || name.front() == '.' || name.find('/') != std::string_view::npos) return std::nullopt;
  int largest = 0;
  for (const std::string_view entry : {std::string_view("all"), name}) {
    std::ifstream file("/proc/sys/net/ipv4/conf/" + std::string(entry) + "/rp_filter");
    int value = 0;
    if (!(file >> value)) return std::nullopt;
    largest = std::max(largest, value);
  }
  return largest;
}

}  // namespace wfdcast::platform
