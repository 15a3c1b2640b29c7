#include "platform/wireless.h"

#include <linux/nl80211.h>
#include <net/if.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include <cerrno>
#include <functional>
#include <memory>

namespace wfdcast::platform {
namespace {

struct Deleter {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  void operator()(nl_msg* message) const { nlmsg_free(message); }
  void operator()(nl_cb* callbacks) const { nl_cb_put(callbacks); }
};

// One request and its answers.
struct Exchange {
  std::optional<int> error;  // of the kernel; 0: acknowledged
  std::optional<std::uint32_t> power_save, type;
};

int keep_answer(nl_msg* message, void* into) {
  const auto* const header = static_cast<genlmsghdr*>(nlmsg_data(nlmsg_hdr(message)));
  const auto value = [&](int attribute) {
    const nlattr* const found = nla_find(genlmsg_attrdata(header, 0), genlmsg_attrlen(header, 0), attribute);
    return found ? std::optional(nla_get_u32(found)) : std::nullopt;
  };
  *static_cast<Exchange*>(into) = {
      .error = {}, .power_save = value(NL80211_ATTR_PS_STATE), .type = value(NL80211_ATTR_IFTYPE)};
  return NL_OK;
}
int keep_acknowledgement(nl_msg*, void* into) {
  static_cast<Exchange*>(into)->error = 0;
  return NL_STOP;
}
int keep_error(sockaddr_nl*, nlmsgerr* error, void* into) {
  static_cast<Exchange*>(into)->error = -error->error;
  return NL_STOP;
}

Result<Exchange> ask(const std::string& interface, std::uint8_t command,
                     const std::function<void(nl_msg&)>& fill) {
  const unsigned index = ::if_nametoindex(interface.c_str());
  if (index == 0) return fail_errno(ENODEV);
  const std::unique_ptr<nl_sock, Deleter> socket(nl_socket_alloc());
  const std::unique_ptr<nl_msg, Deleter> message(nlmsg_alloc());
  const std::unique_ptr<nl_cb, Deleter> callbacks(nl_cb_alloc(NL_CB_DEFAULT));
  if (!socket || !message || !callbacks) return fail_errno(ENOMEM);
  if (genl_connect(socket.get()) < 0) return fail_errno(EPROTONOSUPPORT);
  const int family = genl_ctrl_resolve(socket.get(), NL80211_GENL_NAME);
  if (family < 0) return fail_errno(EOPNOTSUPP);  // a kernel without cfg80211

  genlmsg_put(message.get(), NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, command, 0);
  nla_put_u32(message.get(), NL80211_ATTR_IFINDEX, index);
  fill(*message);
  Exchange exchange;
  nl_cb_set(callbacks.get(), NL_CB_VALID, NL_CB_CUSTOM, keep_answer, &exchange);
  nl_cb_set(callbacks.get(), NL_CB_ACK, NL_CB_CUSTOM, keep_acknowledgement, &exchange);
  nl_cb_err(callbacks.get(), NL_CB_CUSTOM, keep_error, &exchange);
  // The answer is in the socket when the send returns: reading it never waits.
  if (nl_send_auto(socket.get(), message.get()) < 0) return fail_errno(EIO);
  nl_socket_set_nonblocking(socket.get());
  while (!exchange.error) {
    if (nl_recvmsgs(socket.get(), callbacks.get()) < 0 && !exchange.error) return fail_errno(EPROTO);
  }
  if (*exchange.error != 0) return fail_errno(*exchange.error);
  return exchange;
}

}  // namespace

Result<void> set_multicast_to_unicast(const std::string& interface, Toggle toggle) {
  const auto done = ask(interface, NL80211_CMD_SET_MULTICAST_TO_UNICAST, [&](nl_msg& message) {
    if (toggle == Toggle::On) nla_put_flag(&message, NL80211_ATTR_MULTICAST_TO_UNICAST_ENABLED);
  });
  if (!done) return fail(done.error());
  return {};
}

bool is_station(const std::string& interface) {
  const auto answer = ask(interface, NL80211_CMD_GET_INTERFACE, [](nl_msg&) {});
  return answer && (answer->type == NL80211_IFTYPE_STATION || answer->type == NL80211_IFTYPE_P2P_CLIENT);
}

Result<Toggle> power_save(const std::string& interface) {
  const auto answer = ask(interface, NL80211_CMD_GET_POWER_SAVE, [](nl_msg&) {});
  if (!answer) return fail(answer.error());
  if (!answer->power_save) return fail_errno(EPROTO);
  return *answer->power_save == NL80211_PS_ENABLED ? Toggle::On : Toggle::Off;
}

Result<void> set_power_save(const std::string& interface, Toggle toggle) {
  const auto done = ask(interface, NL80211_CMD_SET_POWER_SAVE, [&](nl_msg& message) {
    nla_put_u32(&message, NL80211_ATTR_PS_STATE,
                toggle == Toggle::On ? NL80211_PS_ENABLED : NL80211_PS_DISABLED);
  });
  if (!done) return fail(done.error());
  return {};
}

}  // namespace wfdcast::platform
