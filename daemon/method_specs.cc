#include "daemon/method_table.h"

namespace wfdcast::daemon {

const std::vector<MethodSpec>& method_specs() {
  static const Param kPeers{"peers", "strings", "names, id prefixes or addresses"};
  static const Param kAll{"all", "boolean", "every peer instead"};
  static const std::vector<MethodSpec> kSpecs{
      {"status",
       "both",
       "The daemon, its stream and its sessions.",
       {},
       "`{role, name, id, version, uptime_s, interface, interfaces, address, warnings: [text], stream: "
       "{state, delivery, "
       "group, rtp_port, bitrate_bps, ...}, sessions: [{peer, name, address, state, delivery, video, audio, "
       "since_s, "
       "note}]}`. At a source a session also has `quirks` (names of rows of quirks.toml), `connector`, "
       "`input`, "
       "`edid` "
       "(hex digits) and `own_encoder`. A source's stream has `packets_sent`, `bytes_sent`, "
       "`packets_retransmitted`, `parity_packets_sent`, "
       "`fec_packets_sent`, "
       "`idr_requests`, `catch_ups` (sinks that began with the last key picture instead of a new one), "
       "`wanted_bitrate_bps` (what rate control asks of the encoder; null: the input has one bitrate), "
       "`pacing` (what spaces the packets of the group: `timer`, or a queueing discipline, `tbf` or `fq`), "
       "`input`; a sink's has `source`, `packets_received`, `packets_lost`, "
       "`packets_recovered`, "
       "`packets_late`, `packets_refused` (forged), `packets_repeated` (in paired mode: with a number that "
       "was "
       "read before: replayed, or sent again because another sink asked), `jitter_ms`, `latency_ms`, "
       "`receive_buffer`, "
       "`rp_filter`, `output`, "
       "`output_dropped_bytes`. "
       "`packets_lost` counts what was still missing when it was due at the output. A sink also has "
       "`invitations_ignored`: `{malformed, foreign, replayed, held, bad_signature}`."},
      {"peers",
       "both",
       "Devices in reach, in order of appearance.",
       {},
       "`[{id, name, role, address, interface, via: [\"beacon\"|\"p2p\"], paired, state, last_seen_s}]`"},
      {"connect",
       "source",
       "Invites sinks and waits until they play, or says why they do not.",
       {kPeers,
        kAll,
        {"wait", "boolean", "false: answer once the invitations are out; default true"},
        {"pin", "string", "of a Wi-Fi Direct sink: the PIN that it shows"},
        {"show_pin", "boolean", "of a Wi-Fi Direct sink: show a PIN here, to be entered there"}},
       "`[{peer, name, result: \"playing\"|\"invited\"}]`; the first failure is the error. While it waits "
       "the caller gets "
       "`progress` notifications: `{id, peer, name, state}`."},
      {"disconnect",
       "source",
       "Ends sessions (TEARDOWN) and does not invite those sinks again.",
       {kPeers, kAll},
       "`[{peer, name, result: \"disconnected\"}]`"},
      {"play",
       "both",
       "Source: M5 PLAY to the named sinks, or all. Sink: M7 to its source.",
       {kPeers},
       "`[{peer, name, result: \"asked\"}]`"},
      {"pause",
       "both",
       "Source: M5 PAUSE to the named sinks, or all. Sink: M9 to its source.",
       {kPeers},
       "`[{peer, name, result: \"asked\"}]`"},
      {"standby",
       "both",
       "M12: no pictures until `play`. Source: to the named sinks, or all, that know it. Sink: to its "
       "source.",
       {kPeers},
       "`[{peer, name, result: \"asked\"}]`"},
      {"idr",
       "both",
       "Source: a key picture now. Sink: asks its source for one (M13).",
       {},
       "`{result: \"asked\"}`"},
      {"input",
       "source",
       "Who sends touch, mouse and keys (UIBC): one sink at a time holds the input.",
       {{"peer", "string", "the sink that shall, by name, id prefix or address; \"none\": nobody"}},
       "`{peer, name, result}`; without `peer` `{from, holder, connected, events, malformed, strangers, "
       "injected, "
       "note}`. `injected`: the events go into the kernel (/dev/uinput); `note` says why not. In any case "
       "they are "
       "`input` events of `monitor`: `{peer, name, kind: "
       "\"key\"|\"pointer\"|\"motion\"|\"button\"|\"scroll\"|"
       "\"zoom\"|\"rotate\", ...}`; `input_asked`, `input_holder`, `input_connected` and `input_closed` tell "
       "the "
       "rest."},
      {"stats",
       "both",
       "Figures of each sink that plays; a sink lists itself.",
       {},
       "`[{peer, name, bitrate_bps, loss_before, loss_after, recovered, recovered_by: {retransmission, "
       "parity, "
       "fec}, retransmitted, jitter_ms, round_trip_ms, delay_ms, buffer_ms, delivery, why, airtime: "
       "{multicast, unicast}}]`; losses are fractions of 1: "
       "before repair, and at the output. `retransmitted`: packets sent again for this sink alone. What a "
       "sink does not report is null. `delivery`, `why` and `airtime` are a source's: `why` is the reason "
       "for "
       "that delivery, `airtime` the estimated part of the air that one copy to all takes, and one to each. "
       "`monitor` gives each sink's row as `sink_report` when it reports."},
      {"sdp",
       "source",
       "The stream on the group as an SDP description (RFC 8866), for programs that are none of ours. Open "
       "mode only.",
       {},
       "`{sdp}`"},
      {"p2p_find",
       "both",
       "Looks for Wi-Fi Direct devices; not while something plays.",
       {{"seconds", "number", "for how long; default 60, 0 stops"}},
       "`{result: \"finding\"|\"stopped\"}`"},
      {"p2p_peers",
       "both",
       "Wi-Fi Direct devices with Wi-Fi Display.",
       {},
       "Rows like those of `peers`; `id` is the device address."},
      {"p2p_connect",
       "both",
       "Makes a Wi-Fi Direct link, by button if no PIN is named, and waits for it.",
       {{"peer", "string", "name or device address", true},
        {"pin", "string", "the PIN that the peer shows"},
        {"show_pin", "boolean", "show a PIN here (in `progress` and `p2p_pin`), to be entered there"}},
       "`{peer, name, result: \"connected\", group}`"},
      {"p2p_pin",
       "both",
       "Asks a peer to show its PIN.",
       {{"peer", "string", "name or device address", true}},
       "`{peer, name, result: \"asked\"}`"},
      {"p2p_disconnect",
       "both",
       "Gives up connecting, and removes our group.",
       {},
       "`{result: \"disconnected\"}`"},
      {"p2p_group",
       "both",
       "The group that we are in, or a new one of our own.",
       {{"add", "boolean", "true: form a group now, as its owner"}},
       "`{group: {interface, role, ssid, frequency, persistent, address, members: [{peer, name, "
       "address}]}}`, null without "
       "one; with `add` `{result: \"asked\"}`"},
      {"accept",
       "both",
       "Lets a peer in that asks for a Wi-Fi Direct link (event `p2p_request`).",
       {{"peer", "string", "name or device address; not needed where only one asks"},
        {"pin", "string", "where it shows one"}},
       "`{peer, name, result: \"accepted\"}`"},
      {"reject",
       "both",
       "Refuses a peer that asks for a Wi-Fi Direct link.",
       {{"peer", "string", "name or device address; not needed where only one asks"}},
       "`{peer, name, result: \"rejected\"}`"},
      {"identity",
       "both",
       "The public key of this board, as a line for `trust` on another one.",
       {{"renew", "boolean", "makes a new key, which takes effect at the next start; every pairing ends"}},
       "`{id, line, temporary, restart}`"},
      {"pair",
       "both",
       "Pairs by numeric comparison. Source: with `peer`, whose window must be open. Sink: opens its window. "
       "Both "
       "ends get a `progress` notification `{state: \"number\", number, name, id}`, and confirm what they "
       "show.",
       {{"peer", "string", "source: name, id prefix or address of the sink"},
        {"open", "number", "sink: for how many seconds; default 120"},
        {"wait", "boolean", "false: answer at once; default true"},
        {"confirm", "string", "the number that both ends show: this one is right"},
        {"refuse", "boolean", "the numbers differ"}},
       "`{name, id, result: \"paired\"}`; of `confirm` and `refuse` `{name, result}`"},
      {"trust",
       "both",
       "Pairs with a board by its line, without a person at the other end.",
       {{"line", "string", "what `identity` said there", true},
        {"rights", "string", "may-show, may-watch, may-input with commas; default may-show,may-watch"}},
       "`{id, name, result: \"trusted\"}`"},
      {"paired",
       "both",
       "The boards that we know.",
       {},
       "`[{id, name, key, rights, state: \"trusted\"|\"pending\", origin: \"state\"|\"trusted.d\"}]`"},
      {"unpair",
       "both",
       "Forgets a board; its sessions end at once.",
       {{"peer", "string", "its name or an id prefix", true}},
       "`{id, name, result: \"unpaired\"}`"},
      {"monitor",
       "both",
       "Sends every event to this client from now on, as notifications named like the event.",
       {},
       "`{result: \"subscribed\"}`"},
      {"set",
       "both",
       "Changes a running setting.",
       {{"key", "string", "a configuration key, such as source.bitrate", true},
        {"value", "string", "its value as on the command line: 4M", true}},
       "`{key, value}`"},
  };
  return kSpecs;
}

}  // namespace wfdcast::daemon
