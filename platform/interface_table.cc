#include "platform/interface_table.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace wfdcast::platform {
namespace {

constexpr std::size_t aligned(std::size_t size) { return (size + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1U); }

// The header at the front of `bytes`, copied because nothing aligns it.
template <class T>
std::optional<T> front(ByteView bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

void for_each_attribute(ByteView bytes, const std::function<void(int type, ByteView value)>& on_attribute) {
  while (const auto header = front<rtattr>(bytes)) {
    if (header->rta_len < sizeof *header || header->rta_len > bytes.size()) return;
    on_attribute(header->rta_type & NLA_TYPE_MASK, bytes.first(header->rta_len).subspan(sizeof *header));
    bytes = bytes.subspan(std::min(bytes.size(), aligned(header->rta_len)));
  }
}

Ipv4Address to_address(ByteView value) {
  ByteReader reader(value);
  return {reader.u32()};
}

Ipv4Address subnet_broadcast(Ipv4Address address, int prefix) {
  if (prefix > 30) return {};  // RFC 3021: a point-to-point link has none
  return {address.value | static_cast<std::uint32_t>(0xFFFFFFFFULL >> prefix)};
}

}  // namespace

void for_each_message(ByteView datagram,
                      const std::function<void(const nlmsghdr& header, ByteView payload)>& on_message) {
  while (const auto header = front<nlmsghdr>(datagram)) {
    if (header->nlmsg_len < sizeof *header || header->nlmsg_len > datagram.size()) return;
    on_message(*header, datagram.first(header->nlmsg_len).subspan(sizeof *header));
    datagram = datagram.subspan(std::min(datagram.size(), aligned(header->nlmsg_len)));
  }
}

void InterfaceTable::apply(const nlmsghdr& header, ByteView payload) {
  if (header.nlmsg_type == RTM_NEWLINK || header.nlmsg_type == RTM_DELLINK) apply_link(header, payload);
  if (header.nlmsg_type == RTM_NEWADDR || header.nlmsg_type == RTM_DELADDR) apply_address(header, payload);
}

void InterfaceTable::apply_link(const nlmsghdr& header, ByteView payload) {
  const auto info = front<ifinfomsg>(payload);
  // A port that leaves a bridge is "deleted" too, in the family AF_BRIDGE.
  if (!info || info->ifi_family != AF_UNSPEC || info->ifi_index <= 0) return;
  if (header.nlmsg_type == RTM_DELLINK) {
    links_.erase(info->ifi_index);
    addresses_.erase(info->ifi_index);
    return;
  }
  Link& link = links_[info->ifi_index];
  link.up = (info->ifi_flags & IFF_UP) != 0 && (info->ifi_flags & IFF_RUNNING) != 0;
  for_each_attribute(payload.subspan(aligned(sizeof *info)), [&](int type, ByteView value) {
    if (type != IFLA_IFNAME) return;
    const std::string_view text = as_text(value);
    link.name = text.substr(0, text.find('\0'));
  });
}

void InterfaceTable::apply_address(const nlmsghdr& header, ByteView payload) {
  const auto info = front<ifaddrmsg>(payload);
  if (!info || info->ifa_family != AF_INET || info->ifa_prefixlen > 32) return;
  Address address;
  address.value.prefix = info->ifa_prefixlen;
  address.secondary = (info->ifa_flags & IFA_F_SECONDARY) != 0;
  for_each_attribute(payload.subspan(aligned(sizeof *info)), [&](int type, ByteView value) {
    // IFA_ADDRESS is the other end on a point-to-point link.
    if (type == IFA_LOCAL) address.value.address = to_address(value);
    if (type == IFA_ADDRESS && !address.value.address) address.value.address = to_address(value);
    if (type == IFA_BROADCAST) address.value.broadcast = to_address(value);
  });
  if (!address.value.address) return;
  if (!address.value.broadcast) {
    address.value.broadcast = subnet_broadcast(address.value.address, address.value.prefix);
  }

  auto& known = addresses_[static_cast<int>(info->ifa_index)];
  const auto same = std::find_if(known.begin(), known.end(), [&](const Address& other) {
    return other.value.address == address.value.address && other.value.prefix == address.value.prefix;
  });
  if (header.nlmsg_type == RTM_DELADDR) {
    if (same != known.end()) known.erase(same);
  } else if (same != known.end()) {
    *same = address;
  } else {
    known.push_back(address);
  }
}

std::vector<Interface> InterfaceTable::interfaces() const {
  std::vector<Interface> result;
  for (const auto& [index, link] : links_) {
    Interface& interface = result.emplace_back();
    interface.index = index;
    interface.name = link.name;
    interface.up = link.up;
    const auto found = addresses_.find(index);
    if (found == addresses_.end()) continue;
    for (const bool secondary : {false, true}) {
      for (const Address& address : found->second) {
        if (address.secondary == secondary) interface.addresses.push_back(address.value);
      }
    }
  }
  return result;
}

}  // namespace wfdcast::platform
