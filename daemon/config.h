#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "base/time.h"
#include "platform/log.h"
#include "stream/fec.h"
#include "stream/multicast_group.h"

namespace wfdcast::daemon {

enum class DaemonRole { Source, Sink };
enum class ConnectPolicy { Paired, None, All };
// What a sink gets that cannot take the picture or sound that others have.
enum class OnMismatch { Refuse, Renegotiate, OwnEncode };
enum class Takeover { Never, Paired, Ask };
enum class SecurityMode { Paired, Open };
enum class WifiAccept { Ask, Button, Known };
enum class MulticastToUnicast { Auto, On, Off };
// Whether a source asks for memberships: never, when nobody else does, always.
enum class IgmpQuerier { Off, Auto, On };

// Everything that wfdd.toml can say, with its defaults.
struct Config {
  DaemonRole role = DaemonRole::Sink;
  std::string name;  // empty: the host name
  std::vector<std::string> interface{"wlan0"};

  struct Discovery {
    std::uint16_t port = 7236;
    Duration interval = 1s, ttl = 5s;
    int max_peers = 1024;
  } discovery;
  struct Rtsp {
    std::uint16_t port = 7236;
    Duration keepalive = 10s, timeout = 30s;
    int max_sessions = 1024;
    // Accepted, but M1 not answered (or no TLS handshake) yet.
    int max_half_open = 256, max_half_open_per_address = 4;
    Duration handshake_timeout = 5s;
    // Files, or directories of *.toml: what is done differently for which device (daemon/quirks.h).
    std::vector<std::string> quirks{"/usr/share/wfdcast/quirks.toml", "/etc/wfdcast/quirks.d"};
  } rtsp;
  struct Stream {
    stream::DeliveryPolicy delivery = stream::DeliveryPolicy::Auto;
    std::string video = "720p30";  // the largest and fastest wanted, or "best"
    OnMismatch on_mismatch = OnMismatch::Refuse;
    std::string group = "239.0.0.11";
    std::uint16_t rtp_port = 15550;
    int ttl = 2;
    bool loop = false;
    std::string latency = "auto";  // or a duration
    std::vector<std::string> repair{"nack", "fec"};
    std::string fec_matrix = "auto";  // or columns by rows, "10x5"
    bool ssm = false;                 // the group is joined for the source's address only (IGMPv3)
    bool announce = false;            // SAP, in open mode
    bool sync = false;                // a sink releases packets at the instant at which the others do
    Duration igmp_refresh = 60s;      // of a sink's membership by its own report; 0s: never
    IgmpQuerier igmp_querier = IgmpQuerier::Off;
    Duration igmp_query_interval = 125s;
  } stream;
  struct Source {
    std::string input = "test:";
    std::uint64_t bitrate = 8'000'000, min_bitrate = 1'000'000;  // what rate control may use
    ConnectPolicy connect = ConnectPolicy::Paired;
    // Who may send touch, mouse and keys: "none", "ask", or names of paired sinks; and the port for it (TCP).
    std::vector<std::string> input_from{"none"};
    std::uint16_t input_port = 7240;
  } source;
  struct Sink {
    std::string output = "display:";
    Takeover takeover = Takeover::Paired;
    // Keyboards, mice and touch panels (/dev/input/event0) whose input goes to a source that takes it.
    std::vector<std::string> input_devices;
    std::string edid = "auto";  // of the display: that of the first connected one, a file, or nothing
  } sink;
  struct Security {
    SecurityMode mode = SecurityMode::Paired;
    std::string identity = "state";  // or a file, or "credential:NAME" (systemd)
    std::string trusted_directory = "/etc/wfdcast/trusted.d";
    std::vector<std::string> open_interfaces;
    int max_invitations = 20;     // signatures of invitations checked a second
    int max_handshakes = 200;     // TLS handshakes begun a second
    std::string pairing_command;  // a program that shows the number: COMMAND NUMBER PEER
    Duration rekey = 1h;          // a group key's longest life
  } security;
  struct Wifi {
    std::string control = "/run/wpa_supplicant";  // a directory or a socket; empty: no Wi-Fi control
    bool p2p = true;
    WifiAccept accept = WifiAccept::Ask;  // who may make a link with us
    bool group_owner = false;             // have a group of our own from the start, for many peers
    int go_intent = 7;                    // to be the owner of a group that is negotiated, 0 to 15
    bool persistent = true;               // remember groups
    int frequency = 0;                    // MHz of our groups; 0: wpa_supplicant chooses
    std::string group_address =
        "192.168.49.1/24";        // ours as owner, peers get theirs by EAPOL; empty: DHCP does it
    std::string address_command;  // run as COMMAND INTERFACE owner|client while a group lasts
    MulticastToUnicast multicast_to_unicast = MulticastToUnicast::Auto;  // on our own access point or group
    bool power_save = false;                                             // may stay on while something plays
  } wifi;
  struct Control {
    std::string socket = "/run/wfdcast/wfdd.sock";
  } control;
  struct State {
    std::string directory = "/var/lib/wfdcast";
  } state;
  struct Http {
    std::string listen;
  } http;
  struct Log {
    platform::Severity level = platform::Severity::Info;
  } log;

  // The sink's receive buffer; "auto" begins with 150 ms.
  [[nodiscard]] Duration latency() const;
  // Whether stream.repair names this means.
  [[nodiscard]] bool repairs_by(std::string_view means) const;
  // What stream.video allows of the tables.
  [[nodiscard]] VideoModes wanted_modes() const;
  // Up to 4.2, which every maker's encoder has; beyond it where stream.video names more than 1200 lines.
  [[nodiscard]] H264Level wanted_level() const;
};

// "192.168.49.1/24": an address and the length of its net's prefix, 8 to 30.
struct InterfaceAddress {
  Ipv4Address address;
  int prefix = 24;
};
[[nodiscard]] std::optional<InterfaceAddress> parse_interface_address(std::string_view text);

// One line for a person: "wfdd.toml:3:8: stream.ttl: must be 1 to 255".
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// "10x5": ST 2022-1 with row FEC has 4 to 20 columns and rows, and at most 100 packets; nullopt: none of
// these.
[[nodiscard]] std::optional<stream::FecMatrix> parse_fec_matrix(std::string_view text);

// The progressive modes within "720p30" or "best", and 640x480p60 in any case; nullopt where it is neither.
[[nodiscard]] std::optional<VideoModes> parse_video_wish(std::string_view text);

// The file (empty path: none), then each "KEY=VALUE". Throws ConfigError.
[[nodiscard]] Config load_config(const std::string& path, std::span<const std::string> settings);
// Applies one "KEY=VALUE"; `config` is unchanged when it throws.
void apply_setting(Config& config, std::string_view setting);
// What only the whole shows: an even RTP port, a group that is one. Throws ConfigError.
void check_config(const Config& config);
// The whole configuration as TOML, one `key = value` a line, dotted keys.
[[nodiscard]] std::string print_config(const Config& config);

// The keys whose values differ, in the order of the table.
[[nodiscard]] std::vector<std::string> changed_keys(const Config& before, const Config& after);
void copy_key(Config& to, const Config& from, std::string_view key);
// Whether the daemon can take a change of this key while it runs.
[[nodiscard]] bool changes_live(std::string_view key);
[[nodiscard]] std::vector<std::string> config_keys();

}  // namespace wfdcast::daemon
