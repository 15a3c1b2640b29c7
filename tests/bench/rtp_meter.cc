// Hears an RTP stream and says how evenly it came, by the kernel's arrival
// times (SO_TIMESTAMPNS).
//
//   rtp_meter ADDRESS PORT INTERFACE SECONDS
//
// Waits for the first packet, then prints one JSON object: when that came (Unix
// time), packets, lost ones, spacing, and the jitter of the PCRs against a
// straight line. Latency is not part of it.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "stream/rtp.h"

namespace {

using namespace wfdcast;

struct Arrival {
  std::int64_t ns = 0;
  std::uint16_t sequence = 0;
};
struct Clock {
  double arrival = 0, pcr = 0;  // seconds
};

int open_socket(const char* address, int port, const char* interface) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  const int on = 1, off = 0, buffer = 8 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  ::setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address, &local.sin_addr);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) return -1;
  ip_mreqn group{};
  group.imr_multiaddr = local.sin_addr;
  group.imr_ifindex = static_cast<int>(::if_nametoindex(interface));
  if (IN_MULTICAST(ntohl(local.sin_addr.s_addr)) &&
      ::setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    return -1;
  return fd;
}

double standard_deviation(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = values.empty() ? 0 : sum / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return values.empty() ? 0 : std::sqrt(squares / static_cast<double>(values.size()));
}

// What is left of the arrival times when the best straight line through
// (PCR, arrival) is taken away; each jump of the PCR begins anew.
double pcr_jitter(const std::vector<Clock>& clocks) {
  std::vector<double> residuals;
  for (std::size_t begin = 0; begin < clocks.size();) {
    std::size_t end = begin + 1;
    while (end < clocks.size() && clocks[end].pcr > clocks[end - 1].pcr &&
           clocks[end].pcr < clocks[end - 1].pcr + 1)
      ++end;
    const auto count = static_cast<double>(end - begin);
    double x = 0, y = 0, xx = 0, xy = 0;
    for (std::size_t i = begin; i < end; ++i) {
      x += clocks[i].pcr / count;
      y += clocks[i].arrival / count;
    }
    for (std::size_t i = begin; i < end; ++i) {
      xx += (clocks[i].pcr - x) * (clocks[i].pcr - x);
      xy += (clocks[i].pcr - x) * (clocks[i].arrival - y);
    }
    if (end - begin >= 10) {
      for (std::size_t i = begin; i < end; ++i)
        residuals.push_back(clocks[i].arrival - y - xy / xx * (clocks[i].pcr - x));
    }
    begin = end;
  }
  return standard_deviation(residuals);
}

class Meter {
 public:
  void take(const std::uint8_t* bytes, std::size_t size, std::int64_t at) {
    const auto packet = stream::parse_rtp({bytes, size});
    if (!packet) return;
    arrivals_.push_back({at, packet->sequence});
    for (ByteView ts = packet->payload; ts.size() >= 188; ts = ts.subspan(188)) {
      const bool adapted = (ts[3] & 0x20) != 0 && ts[4] >= 7 && (ts[5] & 0x10) != 0;
      if (!adapted) continue;
      const std::uint64_t base =
          static_cast<std::uint64_t>(ts[6]) << 25 | static_cast<std::uint64_t>(ts[7]) << 17 |
          static_cast<std::uint64_t>(ts[8]) << 9 | static_cast<std::uint64_t>(ts[9]) << 1 |
          static_cast<std::uint64_t>(ts[10]) >> 7;
      const auto extension = static_cast<std::uint64_t>((ts[10] & 1) << 8 | ts[11]);
      clocks_.push_back({static_cast<double>(at - arrivals_.front().ns) / 1e9,
                         static_cast<double>(base * 300 + extension) / 27e6});
    }
  }
  [[nodiscard]] bool over(double seconds) const {
    return !arrivals_.empty() &&
           static_cast<double>(arrivals_.back().ns - arrivals_.front().ns) > seconds * 1e9;
  }
  void print() const {
    std::vector<double> gaps;
    std::size_t lost = 0, most = 0, window = 0;
    for (std::size_t i = 1; i < arrivals_.size(); ++i) {
      gaps.push_back(static_cast<double>(arrivals_[i].ns - arrivals_[i - 1].ns) / 1000);
      const auto step = static_cast<std::uint16_t>(arrivals_[i].sequence - arrivals_[i - 1].sequence);
      if (step > 1 && step < 0x8000) lost += step - 1u;
      while (arrivals_[i].ns - arrivals_[window].ns >= 1'000'000) ++window;
      most = std::max(most, i - window + 1);
    }
    std::vector<double> sorted = gaps;
    std::sort(sorted.begin(), sorted.end());
    const double p99 = sorted.empty() ? 0 : sorted[sorted.size() * 99 / 100];
    std::printf(
        "{\"first\": %.6f, \"packets\": %zu, \"lost\": %zu, \"spacing_sd_us\": %.1f, \"spacing_p99_us\": "
        "%.1f, "
        "\"most_in_1ms\": %zu, \"pcrs\": %zu, \"pcr_jitter_us\": %.1f}\n",
        arrivals_.empty() ? 0 : static_cast<double>(arrivals_.front().ns) / 1e9, arrivals_.size(), lost,
        standard_deviation(gaps), p99, most, clocks_.size(), pcr_jitter(clocks_) * 1e6);
  }

 private:
  std::vector<Arrival> arrivals_;
  std::vector<Clock> clocks_;
};

std::int64_t arrival_time(msghdr& header) {
  timespec at{};
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS)
      std::memcpy(&at, CMSG_DATA(control), sizeof at);
  }
  return at.tv_sec * std::int64_t{1'000'000'000} + at.tv_nsec;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: rtp_meter ADDRESS PORT INTERFACE SECONDS\n", stderr);
    return 2;
  }
  const int fd = open_socket(argv[1], std::atoi(argv[2]), argv[3]);
  if (fd < 0) {
    std::perror("rtp_meter");
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  Meter meter;
  std::array<std::uint8_t, 2048> bytes;
  alignas(cmsghdr) std::array<char, 256> control;
  while (!meter.over(std::atof(argv[4]))) {
    iovec piece{bytes.data(), bytes.size()};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(fd, &header, 0);
    if (size > 0) meter.take(bytes.data(), static_cast<std::size_t>(size), arrival_time(header));
  }
  meter.print();
  return 0;
}
