#include "platform/queueing.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "platform/fd.h"
#include "platform/interface_table.h"

namespace wfdcast::platform {
namespace {

// The TCA_KIND of a message that describes the root of that interface; else empty.
std::string kind_of_root(int interface_index, ByteView payload) {
  tcmsg about{};
  if (payload.size() < sizeof about) return {};
  std::memcpy(&about, payload.data(), sizeof about);
  if (about.tcm_ifindex != interface_index || about.tcm_parent != TC_H_ROOT) return {};
  for (payload = payload.subspan(NLMSG_ALIGN(sizeof about)); payload.size() >= sizeof(rtattr);) {
    rtattr attribute{};
    std::memcpy(&attribute, payload.data(), sizeof attribute);
    if (attribute.rta_len < sizeof attribute || attribute.rta_len > payload.size()) return {};
    const ByteView value = payload.subspan(sizeof attribute, attribute.rta_len - sizeof attribute);
    const std::string_view text = as_text(value);
    if (attribute.rta_type == TCA_KIND) return std::string(text.substr(0, text.find('\0')));
    payload = payload.subspan(std::min<std::size_t>(RTA_ALIGN(attribute.rta_len), payload.size()));
  }
  return {};
}

}  // namespace

// The kernel makes its answer, a dump, while the request is sent and while it is read: nothing waits.
std::string root_queueing(int interface_index) {
  const Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  struct {
    nlmsghdr header;
    tcmsg about;
  } request{};
  request.header = {.nlmsg_len = sizeof request,
                    .nlmsg_type = RTM_GETQDISC,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                    .nlmsg_seq = 1,
                    .nlmsg_pid = 0};
  request.about.tcm_ifindex = interface_index;
  if (!fd || ::send(fd.get(), &request, sizeof request, 0) < 0) return {};
  std::string kind;
  std::array<std::uint8_t, 16 * 1024> memory;
  for (bool more = true; more;) {
    const ssize_t size = ::recv(fd.get(), memory.data(), memory.size(), 0);
    if (size <= 0) break;
    for_each_message(ByteView(memory).first(static_cast<std::size_t>(size)),
                     [&](const nlmsghdr& header, ByteView payload) {
                       more = more && header.nlmsg_type != NLMSG_DONE && header.nlmsg_type != NLMSG_ERROR;
                       if (header.nlmsg_type != RTM_NEWQDISC || !kind.empty()) return;
                       kind = kind_of_root(interface_index, payload);
                     });
  }
  return kind;
}

}  // namespace wfdcast::platform
