#include "daemon/config_keys.h"

#include <algorithm>
#include <limits>

namespace wfdcast::daemon {
namespace {

template <class T>
Field number(T& value, std::int64_t least, std::int64_t most) {
  return NumberField{least, most, [&value] { return static_cast<std::int64_t>(value); },
                     [&value](std::int64_t v) { value = static_cast<T>(v); }};
}
Field port(std::uint16_t& value) { return number(value, 1, 65535); }

// `names` in the order of the enumerators.
template <class Enum>
Field choice(Enum& value, std::vector<std::string_view> names) {
  return ChoiceField{std::move(names), [&value] { return static_cast<std::size_t>(value); },
                     [&value](std::size_t index) { value = static_cast<Enum>(index); }};
}

// Severities start at 3.
Field severity(platform::Severity& value) {
  return ChoiceField{{"error", "warning", "notice", "info", "debug"},
                     [&value] { return static_cast<std::size_t>(value) - 3; },
                     [&value](std::size_t index) { value = static_cast<platform::Severity>(index + 3); }};
}

constexpr std::uint64_t kLeastBitrate = 100'000;
constexpr std::uint64_t kMostBitrate = 400'000'000;

const std::vector<Key> kKeys{
    {"role", Change::AtStart, [](Config& c) { return choice(c.role, {"source", "sink"}); }},
    {"name", Change::AtStart, [](Config& c) -> Field { return TextField{&c.name}; }},
    {"interface", Change::AtStart, [](Config& c) -> Field { return ListField{&c.interface}; }},

    {"discovery.port", Change::AtStart, [](Config& c) { return number(c.discovery.port, 1, 65534); }},
    {"discovery.interval", Change::AtStart,
     [](Config& c) -> Field { return DurationField{100ms, 60s, &c.discovery.interval}; }},
    {"discovery.ttl", Change::AtStart,
     [](Config& c) -> Field { return DurationField{1s, 600s, &c.discovery.ttl}; }},
    {"discovery.max_peers", Change::AtStart,
     [](Config& c) { return number(c.discovery.max_peers, 1, 65536); }},

    {"rtsp.port", Change::AtStart, [](Config& c) { return port(c.rtsp.port); }},
    {"rtsp.keepalive", Change::Live,
     [](Config& c) -> Field { return DurationField{1s, 55s, &c.rtsp.keepalive}; }},
    {"rtsp.timeout", Change::Live,
     [](Config& c) -> Field { return DurationField{10s, 3600s, &c.rtsp.timeout}; }},
    {"rtsp.max_sessions", Change::Live, [](Config& c) { return number(c.rtsp.max_sessions, 1, 65536); }},
    {"rtsp.quirks", Change::AtStart, [](Config& c) -> Field { return ListField{&c.rtsp.quirks}; }},

    {"rtsp.max_half_open", Change::Live, [](Config& c) { return number(c.rtsp.max_half_open, 1, 65536); }},
    {"rtsp.max_half_open_per_address", Change::Live,
     [](Config& c) { return number(c.rtsp.max_half_open_per_address, 1, 65536); }},
    {"rtsp.handshake_timeout", Change::Live,
     [](Config& c) -> Field { return DurationField{1s, 10s, &c.rtsp.handshake_timeout}; }},

    {"stream.delivery", Change::AtStart,
     [](Config& c) { return choice(c.stream.delivery, {"auto", "unicast", "multicast"}); }},
    {"stream.video", Change::AtStart, [](Config& c) -> Field { return TextField{&c.stream.video}; }},
    {"stream.on_mismatch", Change::Live,
     [](Config& c) { return choice(c.stream.on_mismatch, {"refuse", "renegotiate", "own-encode"}); }},
    {"stream.group", Change::AtStart, [](Config& c) -> Field { return TextField{&c.stream.group}; }},
    {"stream.rtp_port", Change::AtStart, [](Config& c) { return number(c.stream.rtp_port, 1024, 65534); }},
    {"stream.ttl", Change::AtStart, [](Config& c) { return number(c.stream.ttl, 1, 255); }},
    {"stream.loop", Change::AtStart, [](Config& c) -> Field { return SwitchField{&c.stream.loop}; }},
    {"stream.latency", Change::Live, [](Config& c) -> Field { return TextField{&c.stream.latency}; }},
    {"stream.repair", Change::AtStart, [](Config& c) -> Field { return ListField{&c.stream.repair}; }},
    {"stream.fec_matrix", Change::AtStart,
     [](Config& c) -> Field { return TextField{&c.stream.fec_matrix}; }},
    {"stream.ssm", Change::AtStart, [](Config& c) -> Field { return SwitchField{&c.stream.ssm}; }},
    {"stream.announce", Change::AtStart, [](Config& c) -> Field { return SwitchField{&c.stream.announce}; }},
    {"stream.sync", Change::AtStart, [](Config& c) -> Field { return SwitchField{&c.stream.sync}; }},
    {"stream.igmp_refresh", Change::AtStart,
     [](Config& c) -> Field { return DurationField{0s, 3600s, &c.stream.igmp_refresh}; }},
    {"stream.igmp_querier", Change::AtStart,
     [](Config& c) { return choice(c.stream.igmp_querier, {"off", "auto", "on"}); }},
    {"stream.igmp_query_interval", Change::AtStart,
     [](Config& c) -> Field { return DurationField{1s, 3600s, &c.stream.igmp_query_interval}; }},

    {"source.input", Change::AtStart, [](Config& c) -> Field { return TextField{&c.source.input}; }},
    {"source.bitrate", Change::Live,
     [](Config& c) -> Field { return SizeField{kLeastBitrate, kMostBitrate, &c.source.bitrate}; }},
    {"source.min_bitrate", Change::Live,
     [](Config& c) -> Field { return SizeField{kLeastBitrate, kMostBitrate, &c.source.min_bitrate}; }},
    {"source.connect", Change::Live,
     [](Config& c) { return choice(c.source.connect, {"paired", "none", "all"}); }},
    {"source.input_from", Change::AtStart,
     [](Config& c) -> Field { return ListField{&c.source.input_from}; }},
    {"source.input_port", Change::AtStart, [](Config& c) { return port(c.source.input_port); }},

    {"sink.output", Change::AtStart, [](Config& c) -> Field { return TextField{&c.sink.output}; }},
    {"sink.takeover", Change::Live,
     [](Config& c) { return choice(c.sink.takeover, {"never", "paired", "ask"}); }},
    {"sink.edid", Change::AtStart, [](Config& c) -> Field { return TextField{&c.sink.edid}; }},
    {"sink.input_devices", Change::AtStart,
     [](Config& c) -> Field { return ListField{&c.sink.input_devices}; }},

    {"security.mode", Change::AtStart, [](Config& c) { return choice(c.security.mode, {"paired", "open"}); }},
    {"security.identity", Change::AtStart,
     [](Config& c) -> Field { return TextField{&c.security.identity}; }},
    {"security.trusted_directory", Change::AtStart,
     [](Config& c) -> Field { return TextField{&c.security.trusted_directory}; }},
    {"security.open_interfaces", Change::AtStart,
     [](Config& c) -> Field { return ListField{&c.security.open_interfaces}; }},

    {"security.max_invitations", Change::AtStart,
     [](Config& c) { return number(c.security.max_invitations, 1, 1000); }},
    {"security.max_handshakes", Change::AtStart,
     [](Config& c) { return number(c.security.max_handshakes, 1, 10000); }},
    {"security.pairing_command", Change::Live,
     [](Config& c) -> Field { return TextField{&c.security.pairing_command}; }},
    {"security.rekey", Change::Live,
     [](Config& c) -> Field { return DurationField{1s, 3600s, &c.security.rekey}; }},

    {"wifi.control", Change::AtStart, [](Config& c) -> Field { return TextField{&c.wifi.control}; }},
    {"wifi.p2p", Change::AtStart, [](Config& c) -> Field { return SwitchField{&c.wifi.p2p}; }},
    {"wifi.accept", Change::AtStart,
     [](Config& c) { return choice(c.wifi.accept, {"ask", "pbc", "known"}); }},
    {"wifi.group_owner", Change::AtStart,
     [](Config& c) -> Field { return SwitchField{&c.wifi.group_owner}; }},
    {"wifi.go_intent", Change::AtStart, [](Config& c) { return number(c.wifi.go_intent, 0, 15); }},
    {"wifi.persistent", Change::AtStart, [](Config& c) -> Field { return SwitchField{&c.wifi.persistent}; }},
    {"wifi.frequency", Change::AtStart, [](Config& c) { return number(c.wifi.frequency, 0, 7125); }},
    {"wifi.group_address", Change::AtStart,
     [](Config& c) -> Field { return TextField{&c.wifi.group_address}; }},
    {"wifi.address_command", Change::AtStart,
     [](Config& c) -> Field { return TextField{&c.wifi.address_command}; }},
    {"wifi.multicast_to_unicast", Change::Live,
     [](Config& c) { return choice(c.wifi.multicast_to_unicast, {"auto", "on", "off"}); }},
    {"wifi.power_save", Change::AtStart, [](Config& c) -> Field { return SwitchField{&c.wifi.power_save}; }},
    {"control.socket", Change::AtStart, [](Config& c) -> Field { return TextField{&c.control.socket}; }},
    {"state.directory", Change::AtStart, [](Config& c) -> Field { return TextField{&c.state.directory}; }},
    {"http.listen", Change::AtStart, [](Config& c) -> Field { return TextField{&c.http.listen}; }},
    {"log.level", Change::Live, [](Config& c) { return severity(c.log.level); }},
};

}  // namespace

std::span<const Key> key_table() { return kKeys; }

const Key* find_key(std::string_view name) {
  const auto key = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& k) { return k.name == name; });
  return key == kKeys.end() ? nullptr : &*key;
}

}  // namespace wfdcast::daemon
