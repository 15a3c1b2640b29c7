// A flood of beacons, and the bare receiver to measure beside wfdd.
//
//   beacon_load flood TARGET PORT INTERFACE RATE SECONDS SENDERS
//   beacon_load floor PORT
//
// "flood" sends RATE beacons a second, evenly, from SENDERS forged addresses of
// 10.78.0.0/16, each of its own device. "floor" reads one datagram a wake-up,
// parses it and keeps the device: what a simple receiver costs.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string_view>
#include <thread>
#include <vector>

#include "discovery/announcement.h"

namespace {

using namespace wfdcast;

constexpr std::uint32_t kFirstSender = 10u << 24 | 78u << 16 | 1;

std::vector<std::uint8_t> datagram(std::uint32_t sender, std::uint32_t sequence, in_addr target,
                                   std::uint16_t port) {
  discovery::Beacon beacon;
  for (std::size_t i = 0; i < 4; ++i) beacon.id.bytes[i] = static_cast<std::uint8_t>(sender >> (8 * i));
  beacon.name = "Forged " + std::to_string(sender & 0xFFFF);
  beacon.address = {kFirstSender + sender};
  beacon.information.role = Role::PrimarySink;
  beacon.boot_id = sender + 1;
  beacon.sequence = sequence;
  const std::vector<std::uint8_t> payload = discovery::serialize(beacon);
  iphdr ip{};
  ip.version = 4;
  ip.ihl = 5;
  ip.ttl = discovery::kRequiredTtl;
  ip.protocol = IPPROTO_UDP;
  ip.saddr = htonl(kFirstSender + sender);
  ip.daddr = target.s_addr;
  udphdr udp{};
  udp.source = udp.dest = htons(port);
  udp.len = htons(static_cast<std::uint16_t>(sizeof udp + payload.size()));
  ip.tot_len = htons(static_cast<std::uint16_t>(sizeof ip + sizeof udp + payload.size()));
  std::vector<std::uint8_t> bytes(sizeof ip + sizeof udp + payload.size());
  std::memcpy(bytes.data(), &ip, sizeof ip);
  std::memcpy(bytes.data() + sizeof ip, &udp, sizeof udp);
  std::memcpy(bytes.data() + sizeof ip + sizeof udp, payload.data(), payload.size());
  return bytes;
}

int flood(char** arguments) {
  in_addr target{};
  ::inet_pton(AF_INET, arguments[0], &target);
  const auto port = static_cast<std::uint16_t>(std::atoi(arguments[1]));
  const int rate = std::atoi(arguments[3]), seconds = std::atoi(arguments[4]),
            senders = std::atoi(arguments[5]);
  const int fd = ::socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, arguments[2],
               static_cast<socklen_t>(std::strlen(arguments[2])));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr = target;
  const auto begin = std::chrono::steady_clock::now();
  const std::int64_t total = std::int64_t{rate} * seconds;
  std::int64_t failed = 0;
  for (std::int64_t i = 0; i < total; ++i) {
    std::this_thread::sleep_until(begin + std::chrono::nanoseconds(i * 1'000'000'000 / rate));
    const auto bytes = datagram(static_cast<std::uint32_t>(i % senders),
                                static_cast<std::uint32_t>(i / senders), target, port);
    if (::sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to) < 0)
      ++failed;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("{\"sent\": %lld, \"failed\": %lld, \"seconds\": %.3f}\n",
              static_cast<long long>(total - failed), static_cast<long long>(failed), took.count());
  return failed == total ? 1 : 0;
}

int receive(int port) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) return 1;
  const int poll = ::epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  std::puts("ready");
  std::fflush(stdout);
  std::map<DeviceId, discovery::Beacon> table;
  std::array<std::uint8_t, 2048> bytes;
  while (true) {
    ::epoll_wait(poll, &event, 1, -1);
    sockaddr_in sender{};
    socklen_t size = sizeof sender;
    const ssize_t got =
        ::recvfrom(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&sender), &size);
    if (got <= 0) continue;
    const auto announcement = discovery::parse_announcement({bytes.data(), static_cast<std::size_t>(got)});
    if (!announcement) continue;
    if (const auto* beacon = std::get_if<discovery::Beacon>(&*announcement)) table[beacon->id] = *beacon;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 8 && std::string_view(argv[1]) == "flood") return flood(argv + 2);
  if (argc == 3 && std::string_view(argv[1]) == "floor") return receive(std::atoi(argv[2]));
  std::fputs("usage: beacon_load flood TARGET PORT INTERFACE RATE SECONDS SENDERS | floor PORT\n", stderr);
  return 2;
}
