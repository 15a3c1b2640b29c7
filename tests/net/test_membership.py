"""Memberships that a switch forgets, and what keeps them: stream.igmp_refresh, stream.igmp_querier; SSM."""
import socket
import struct

from delivery_lab import CLIP, GROUP, more
from lab import wait_for
from wire import inside

FORGETS = 2  # seconds without a report, after which the bridge of these tests forgets a member
ROUTER_ALERT = b"\x94\x04\0\0"


def igmp_socket(space):
    with inside(space):
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wlan0")
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, ROUTER_ALERT)
    sock.setblocking(False)
    return sock


def ask_once(node):
    """A querier that asks for all groups, once (IGMPv2: within 0.2 s one of the members answers for all)."""
    query = bytes([0x11, 2, 0, 0, 0, 0, 0, 0])
    total = ~sum(struct.unpack("!4H", query)) & 0xFFFF
    with igmp_socket(node.space) as sock:
        sock.sendto(query[:2] + struct.pack("!H", total) + query[4:], ("224.0.0.1", 0))


def make_forgetful(lab, forgets=FORGETS):
    """The bridge asks no more, and forgets who says nothing. It knows a querier, so it does not flood."""
    lab.bridge("ip", "link", "set", "br0", "type", "bridge", "mcast_querier", "0", "mcast_membership_interval",
               str(forgets * 100))
    ask_once(lab.guest)


def on_group(lab, source, sinks, refresh, **settings):
    lab.guest = lab.node("guest", 40)
    lab.source = source(**{"source.input": f"file:{CLIP}", **settings})
    lab.sinks = sinks(2, **{"stream.igmp_refresh": refresh})
    wait_for(lambda: len(lab.source.ask("peers")) == 2, 5, "both sinks are seen")
    lab.source.ctl("connect", "--all")
    wait_for(lambda: deliveries(lab) == ["multicast"] * 2, 10, "both have the group")


def deliveries(lab):
    """As the sinks have it."""
    return [sink.stream()["delivery"] for sink in lab.sinks]


def stays_on_group(lab, forgets=FORGETS):
    """For longer than the bridge remembers: by the stream's own clock, 200 packets a second."""
    more_than(lab.sinks[0], forgets * 300)
    assert deliveries(lab) == ["multicast"] * 2
    assert {row["note"] for row in lab.source.status()["sessions"]} == {""}
    assert lab.members() >= {sink.node.port for sink in lab.sinks}
    assert [sink.stream()["packets_lost"] for sink in lab.sinks] == [0, 0]


def more_than(sink, packets):
    before = sink.stream()["packets_received"]
    wait_for(lambda: sink.stream()["packets_received"] >= before + packets, 30, f"{packets} packets")


def test_without_a_querier_the_bridge_forgets(lab, source, sinks):
    on_group(lab, source, sinks, "0s")
    lab.source.node.drop("ip protocol igmp drop")  # it watches the group: else it may be the one that answers for all
    make_forgetful(lab)
    wait_for(lambda: len(lab.members()) < 2, FORGETS + 15, "a sink that said nothing is forgotten")
    wait_for(lambda: "unicast" in deliveries(lab), 5, "nothing comes any more: its picture goes on by unicast")
    assert "the group is silent" in {row["note"] for row in lab.source.status()["sessions"]}


def test_a_sink_that_refreshes_is_not_forgotten(lab, source, sinks):
    on_group(lab, source, sinks, "500ms")
    make_forgetful(lab)
    stays_on_group(lab)


def test_a_source_asks_when_nobody_does_and_gives_way(lab, source, sinks):
    on_group(lab, source, sinks, "0s", **{"stream.igmp_querier": "auto", "stream.igmp_query_interval": "1s"})
    said = lambda text: text in lab.source.log_text()[before:]
    before = len(lab.source.log_text())
    with igmp_socket(lab.guest.space) as heard:
        make_forgetful(lab, 4)
        wait_for(lambda: said("we ask on wlan0\n"), 5, "it notices the silence")
        packet = wait_for(lambda: query_from(heard, lab.source.node.address), 3, "it asks")
        assert packet[8] == 1 and packet[20:24] == ROUTER_ALERT
    stays_on_group(lab, 4)
    before = len(lab.source.log_text())
    ask_once(lab.guest)
    wait_for(lambda: said(f"{lab.guest.address} asks on wlan0: we do not"), 3, "it gives way")


def query_from(sock, address):
    while True:
        try:
            packet = sock.recv(256)
        except BlockingIOError:
            return None
        if packet[12:16] == socket.inet_aton(address) and packet[(packet[0] & 15) * 4] == 0x11:
            return packet


def test_a_source_specific_group_is_joined_for_the_source_alone(lab, source, sinks):
    group = "232.77.1.1"
    on_group(lab, source, sinks, "500ms", **{"stream.ssm": "true", "stream.group": group})
    for sink in lab.sinks:
        more(sink, 200)
        rows = [line.split() for line in sink.node.run("cat", "/proc/net/mcfilter").stdout.splitlines()[1:]]
        of_group = [row for row in rows if row[2] == "0xe84d0101"]
        assert of_group and {(row[3], row[5]) for row in of_group} == {("0x0a4d0001", "0")}, rows
    assert lab.members(group) == {sink.node.port for sink in lab.sinks}
