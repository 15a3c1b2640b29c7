// Opens RTSP sessions against a source, as many sinks would, and says how long
// they took.
//
//   session_load (wfd|gst) (hold|close) SERVER PORT SESSIONS PARALLEL ADDRESS...
//
// Each session goes from connect to PLAY answered: M1 to M7 against wfdd, or
// OPTIONS, DESCRIBE, SETUP, PLAY against a plain RTSP server. ADDRESS... are the
// local addresses, taken in turn. "close" closes each session when it plays.
// "hold" keeps them all, and answers keep-alives. When the last one plays (or
// failed), one JSON object is printed; then the program runs until its stdin
// closes. With SESSIONS up to kMostWithRtp each session has a UDP port of its
// own and waits for its first RTP packet.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "daemon/session_driver.h"
#include "platform/socket.h"
#include "platform/udp_socket.h"
#include "rtsp/sink_session.h"
#include "tests/bench/plain_client.h"

namespace {

using namespace wfdcast;
using platform::EventLoop;

constexpr std::size_t kMostWithRtp = 256;

SinkCapabilities capabilities(std::uint16_t rtp_port) {
  VideoModes modes;
  for (const VideoMode& mode : video_modes()) {
    if (mode.table == VideoTable::Cea && !mode.interlaced) modes = modes | mode.bit();
  }
  SinkCapabilities ours;
  ours.native = 0x40;
  ours.audio = {{AudioFormat::Aac, kAac48kStereo, 0}, {AudioFormat::Lpcm, kLpcm48kStereo, 0}};
  ours.rtp_port = rtp_port;
  ours.idr_requests = true;
  ours.multicast = true;
  for (const H264Profile profile : {H264Profile::ConstrainedBaseline, H264Profile::ConstrainedHigh}) {
    ours.video.push_back({.profiles = static_cast<std::uint8_t>(profile),
                          .level = static_cast<std::uint8_t>(H264Level::L4_2),
                          .modes = modes});
  }
  return ours;
}

// The stream comes by a group: nothing will reach the session's own port.
bool by_group(const rtsp::SinkEvent& event) {
  const auto* ready = std::get_if<rtsp::StreamReady>(&event);
  return ready != nullptr && ready->transport.delivery == Delivery::Multicast;
}
bool by_group(const bench::PlainEvent&) { return true; }
bool plays(const rtsp::SinkEvent& event) { return std::holds_alternative<rtsp::StreamPlaying>(event); }
bool plays(const bench::PlainEvent& event) { return std::holds_alternative<bench::Playing>(event); }
template <class Event>
bool over(const Event& event) {
  return std::holds_alternative<rtsp::SessionEnded>(event);
}

rtsp::SinkOptions options_for(std::size_t number, PortPair ports, rtsp::SinkSession*) {
  rtsp::WfdcastHeader header;
  for (std::size_t i = 0; i < 4; ++i) {
    header.id.bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
    header.id.bytes[i + 4] = static_cast<std::uint8_t>(::getpid() >> 8 * i);
  }
  return {.capabilities = capabilities(ports.rtp), .client = ports, .header = header};
}
bench::PlainOptions options_for(std::size_t, PortPair, bench::PlainClient*) { return {}; }

struct Plan {
  bool hold = false;
  Endpoint server;
  std::size_t sessions = 0, parallel = 0;
  std::vector<Ipv4Address> addresses;
};

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

template <class Session>
class Load {
 public:
  Load(EventLoop& loop, Plan plan) : loop_(loop), plan_(std::move(plan)), begin_(loop.now()) {
    while (started_ < std::min(plan_.parallel, plan_.sessions)) start();
  }

 private:
  using Driver = daemon::SessionDriver<Session>;
  struct Client {
    Time begin{};
    bool playing = false, by_group = false, heard = false, done = false;
    platform::UdpPair sockets;
    platform::Fd connecting;
    std::unique_ptr<platform::Watch> connected;
    std::unique_ptr<Driver> driver;
  };

  void start() {
    const std::size_t number = started_++;
    Client& client = clients_[number];
    if (plan_.sessions <= kMostWithRtp) open_ports(client, number);
    client.begin = loop_.now();
    client.connecting = platform::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)platform::set_option(client.connecting.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    (void)platform::bind_to(client.connecting.get(), {plan_.addresses[number % plan_.addresses.size()], 0});
    const sockaddr_in target = platform::to_sockaddr(plan_.server);
    if (::connect(client.connecting.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0 &&
        errno != EINPROGRESS)
      return finish(number, false);
    client.connected = std::make_unique<platform::Watch>(
        loop_, client.connecting.get(), platform::Watch::On::Write, [this, number] { connected(number); });
  }
  void open_ports(Client& client, std::size_t number) {
    const auto on_rtp = [this, number](std::span<const platform::UdpSocket::Datagram>) { heard(number); };
    auto pair = platform::open_pair(loop_, {}, 20000, on_rtp, [](auto) {});
    if (pair) client.sockets = std::move(*pair);
  }
  void connected(std::size_t number) {
    Client& client = clients_.at(number);
    client.connected->disable();
    loop_.post([&client] { client.connected.reset(); });
    (void)platform::set_option(client.connecting.get(), IPPROTO_TCP, 1 /* TCP_NODELAY */, 1);
    PortPair ports{19000, 19001};
    if (client.sockets.rtp) ports = {client.sockets.rtp->port(), client.sockets.rtcp->port()};
    client.driver =
        std::make_unique<Driver>(loop_,
                                 std::make_unique<platform::StreamConnection>(
                                     loop_, std::move(client.connecting), platform::Connection::Callbacks{}),
                                 options_for(number, ports, static_cast<Session*>(nullptr)),
                                 [this, number](const auto& event) { on_event(number, event); });
    client.driver->start();
  }
  template <class Event>
  void on_event(std::size_t number, const Event& event) {
    Client& client = clients_.at(number);
    if (by_group(event)) client.by_group = true;
    if (plays(event)) {
      client.playing = true;
      to_play_.push_back(milliseconds(loop_.now() - client.begin));
      if (!client.sockets.rtp || client.by_group || client.heard) finish(number, true);
    } else if (over(event)) {
      finish(number, false);
    }
  }
  void heard(std::size_t number) {
    Client& client = clients_.at(number);
    if (client.heard) return;
    client.heard = true;
    to_rtp_.push_back(milliseconds(loop_.now() - client.begin));
    if (client.playing) finish(number, true);
  }
  void finish(std::size_t number, bool good) {
    Client& client = clients_.at(number);
    if (client.done) {
      ++lost_;
      return;
    }
    client.done = true;
    good ? ++good_ : ++failed_;
    loop_.post([this, number] {
      if (!plan_.hold) clients_.erase(number);
      if (started_ < plan_.sessions) start();
    });
    if (good_ + failed_ == plan_.sessions) print();
  }
  void print() const {
    const double seconds = std::chrono::duration<double>(loop_.now() - begin_).count();
    std::printf(
        "{\"sessions\": %zu, \"failed\": %zu, \"lost\": %zu, \"seconds\": %.3f, \"per_second\": %.1f, "
        "\"play_p50_ms\": %.3f, \"play_p99_ms\": %.3f, \"play_first_ms\": %.3f, \"rtp_p50_ms\": %.3f, "
        "\"rtp_first_ms\": %.3f}\n",
        good_, failed_, lost_, seconds, static_cast<double>(good_) / seconds, quantile(to_play_, 0.5),
        quantile(to_play_, 0.99), to_play_.empty() ? 0 : to_play_.front(), quantile(to_rtp_, 0.5),
        to_rtp_.empty() ? 0 : to_rtp_.front());
    std::fflush(stdout);
  }

  EventLoop& loop_;
  Plan plan_;
  Time begin_;
  std::size_t started_ = 0, good_ = 0, failed_ = 0, lost_ = 0;
  std::vector<double> to_play_, to_rtp_;
  std::map<std::size_t, Client> clients_;
};

template <class Session>
void run(const Plan& plan) {
  EventLoop loop;
  const platform::Watch input(loop, STDIN_FILENO, platform::Watch::On::Read, [&] {
    char byte = 0;
    if (::read(STDIN_FILENO, &byte, 1) <= 0) loop.stop();
  });
  const Load<Session> load(loop, plan);
  loop.run();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 8) {
    std::fputs("usage: session_load (wfd|gst) (hold|close) SERVER PORT SESSIONS PARALLEL ADDRESS...\n",
               stderr);
    return 2;
  }
  const auto server = parse_address(argv[3]);
  Plan plan{.hold = std::string_view(argv[2]) == "hold",
            .server = {server.value_or(Ipv4Address{}), static_cast<std::uint16_t>(std::atoi(argv[4]))},
            .sessions = static_cast<std::size_t>(std::atoi(argv[5])),
            .parallel = static_cast<std::size_t>(std::atoi(argv[6])),
            .addresses = {}};
  for (int i = 7; i < argc; ++i) plan.addresses.push_back(parse_address(argv[i]).value_or(Ipv4Address{}));
  if (std::string_view(argv[1]) == "gst") {
    run<bench::PlainClient>(plan);
  } else {
    run<rtsp::SinkSession>(plan);
  }
  return 0;
}
