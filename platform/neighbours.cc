#include "platform/neighbours.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "platform/fd.h"

namespace wfdcast::platform {
namespace {

constexpr unsigned kComplete = 0x02;  // ATF_COM

// IP address, HW type, Flags, HW address, Mask, Device.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : Parts(line, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

struct AddressRequest {
  nlmsghdr header{};
  ifaddrmsg message{};
  char attributes[3 * RTA_SPACE(sizeof(std::uint32_t))]{};

  void add(unsigned short type, std::uint32_t value) {
    auto* const attribute =
        reinterpret_cast<rtattr*>(reinterpret_cast<char*>(this) + NLMSG_ALIGN(header.nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = RTA_LENGTH(sizeof value);
    std::memcpy(RTA_DATA(attribute), &value, sizeof value);
    header.nlmsg_len = NLMSG_ALIGN(header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
  }
};

// The kernel answers a request of this kind before sendto() returns.
Result<void> read_acknowledgement(const Fd& fd) {
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char rest[1024];
  } answer{};
  if (::recv(fd.get(), &answer, sizeof answer, MSG_DONTWAIT) < 0) return fail_errno(errno);
  const int error = answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
  if (error != 0 && error != EEXIST) return fail_errno(error);
  return {};
}

std::vector<Neighbour> table() {
  std::ifstream file("/proc/net/arp");
  return parse_neighbours(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace

std::vector<Neighbour> parse_neighbours(std::string_view table) {
  std::vector<Neighbour> found;
  for (const std::string_view line : Parts(table, '\n')) {
    const auto words = words_of(line);
    if (words.size() != 6 || !words[2].starts_with("0x")) continue;
    const auto address = parse_address(words[0]);
    const auto flags = parse_number<unsigned>(words[2].substr(2), 16);
    const auto mac = parse_mac(words[3]);
    if (!address || !flags || !mac) continue;
    found.push_back({*address, *flags & kComplete ? *mac : MacAddress{}, std::string(words[5])});
  }
  return found;
}

std::vector<Neighbour> neighbours() {
  auto found = table();
  std::erase_if(found, [](const Neighbour& neighbour) { return !neighbour.mac; });
  return found;
}

void look_for(Ipv4Address address) {
  constexpr std::uint16_t kDiscard = 9;
  const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(kDiscard);
  to.sin_addr.s_addr = htonl(address.value);
  (void)::sendto(fd.get(), nullptr, 0, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

std::string silent_on(Ipv4Address address) {
  std::string interface;
  for (const Neighbour& neighbour : table()) {
    if (neighbour.address != address) continue;
    if (neighbour.mac) return {};
    interface = neighbour.interface;
  }
  return interface;
}

Result<void> add_address(const std::string& interface, Ipv4Address address, int prefix) {
  const unsigned index = ::if_nametoindex(interface.c_str());
  if (index == 0) return fail_errno(errno);
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return fail_errno(errno);
  const std::uint32_t mask = prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix);
  AddressRequest request;
  request.header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.message),
                    .nlmsg_type = RTM_NEWADDR,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
                    .nlmsg_seq = 1,
                    .nlmsg_pid = 0};
  request.message = {.ifa_family = AF_INET,
                     .ifa_prefixlen = static_cast<std::uint8_t>(prefix),
                     .ifa_flags = 0,
                     .ifa_scope = RT_SCOPE_UNIVERSE,
                     .ifa_index = index};
  request.add(IFA_LOCAL, htonl(address.value));
  request.add(IFA_ADDRESS, htonl(address.value));
  request.add(IFA_BROADCAST, htonl(address.value | ~mask));
  if (::send(fd.get(), &request, request.header.nlmsg_len, MSG_NOSIGNAL) < 0) return fail_errno(errno);
  return read_acknowledgement(fd);
}

}  // namespace wfdcast::platform
