"""Sinks announce themselves, sources find them (contract 3, docs/protocol.md 1).

    [source 10.77.0.1] [lobby 10.77.0.11, and eth1 10.88.0.11 that is not configured] [prober 10.77.0.30: by hand]
            \\                     |                                                      /
                              bridge br0
"""
import socket
import time

import pytest

from lab import Daemon, Lab, wait_for
from wire import Capture, announcement, probe, udp_socket

SOURCES, SINKS = 7236, 7237  # UDP ports of docs/protocol.md 1.1
TTL = 2  # seconds; the source's discovery.ttl


@pytest.fixture(scope="module")
def net():
    with Lab() as lab:
        lab.source = Daemon(lab.node("source", 1), "source", "Source",
                            **{"source.connect": "none", "source.input": "exec:cat", "discovery.ttl": f"{TTL}s"})
        lab.lobby = lab.node("lobby", 11)
        lab.lobby.run("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth1-peer")
        lab.lobby.run("ip", "address", "add", "10.88.0.11/24", "brd", "+", "dev", "eth1")
        lab.lobby.run("ip", "link", "set", "eth1", "up")
        lab.lobby.run("ip", "link", "set", "eth1-peer", "up")
        # As systemd sets it; else deleting a primary address takes the secondary ones with it.
        lab.lobby.run("sysctl", "-q", "-w", "net.ipv4.conf.all.promote_secondaries=1")
        lab.prober = lab.node("prober", 30)
        yield lab


@pytest.fixture
def sink(net):
    """Starts the sink on the lobby's node; it is gone, and forgotten, after the test."""
    started = []

    def make(node=None, name="Lobby", **settings):
        started.append(Daemon(node or net.lobby, "sink", name,
                              **{"sink.output": "null:", "discovery.interval": "300ms", **settings}))
        return started[-1]
    yield make
    for daemon in started:
        if daemon.process.poll() is None:
            assert daemon.stop() == 0
    wait_for(lambda: net.source.ask("peers") == [], TTL + 2, "every peer is forgotten")


SELDOM = {"discovery.interval": "60s", "discovery.ttl": "120s"}  # what comes sooner came for another reason


def announcements(capture, kind, after=0.0):
    taken = [(frame, announcement(frame.payload)) for frame in capture.udp(SOURCES, SINKS, after=after)]
    return [(frame, fields) for frame, fields in taken if fields and fields["kind"] == kind]


def index(node):
    return int(node.run("cat", "/sys/class/net/wlan0/ifindex").stdout)


def addresses(source):
    return [peer["address"] for peer in source.ask("peers")]


def test_beacon_at_once_to_both_broadcast_addresses_with_ttl_255(net, sink):
    with Capture(net.prober.space) as capture:
        sink(**SELDOM)
        beacons = wait_for(lambda: (found := announcements(capture, "beacon")) and len(found) >= 2 and found, 2,
                           "two beacons at the start")
        assert {frame.target for frame, _ in beacons} == {"10.77.0.255", "255.255.255.255"}
        for frame, fields in beacons:
            assert frame.target_mac == b"\xff" * 6
            assert (frame.ttl, frame.source) == (255, "10.77.0.11")
            assert (frame.source_port, frame.target_port) == (SINKS, SOURCES)
            assert (fields["name"], fields["address"], fields["state"]) == ("Lobby", "10.77.0.11", b"\0")
            assert "cookie" not in fields, "a cookie that all can read proves nothing"


def test_beacons_leave_by_the_configured_interfaces_only(net, sink):
    with Capture(net.lobby.space, "eth1") as other, Capture(net.lobby.space, "wlan0") as ours:
        daemon = sink(**{"discovery.interval": "100ms"})
        wait_for(lambda: len(announcements(ours, "beacon")) >= 10, 5, "ten beacons on wlan0")
        daemon.stop()
        wait_for(lambda: announcements(ours, "goodbye"), 2, "goodbye on wlan0")
        assert other.udp(SOURCES, SINKS) == []


def test_a_second_configured_interface_has_beacons_with_its_own_address(net, sink):
    with Capture(net.lobby.space, "eth1") as other:
        sink(**SELDOM, interface="wlan0,eth1")
        beacons = wait_for(lambda: announcements(other, "beacon"), 2, "a beacon on eth1")
        wait_for(lambda: len(announcements(other, "beacon")) >= 2, 2, "both beacons on eth1")
        beacons = announcements(other, "beacon")
        assert {frame.target for frame, _ in beacons} == {"10.88.0.255", "255.255.255.255"}
        assert {fields["address"] for _, fields in beacons} == {"10.88.0.11"}


def test_a_probe_is_answered_at_once_with_its_cookie(net, sink):
    sink(**SELDOM)
    with udp_socket(net.prober.space, SOURCES) as near, udp_socket(net.prober.space, 0, ttl=254) as routed:
        near.settimeout(2)
        routed.settimeout(0)
        routed.sendto(probe(cookie=b"through a router"), ("10.77.0.11", SINKS))
        near.sendto(probe(cookie=b"sixteen bytes ok"), ("10.77.0.11", SINKS))
        while True:
            datagram, sender = near.recvfrom(2048)
            fields = announcement(datagram)
            if "cookie" in fields:  # else a broadcast
                break
        assert sender == ("10.77.0.11", SINKS)
        assert (fields["kind"], fields["cookie"]) == ("beacon", b"sixteen bytes ok")
        with pytest.raises(BlockingIOError):
            routed.recv(2048)


def test_goodbye_on_exit_to_everybody_and_to_who_probed(net, sink):
    daemon = sink(**SELDOM)
    with Capture(net.prober.space) as capture, udp_socket(net.prober.space, SOURCES) as prober:
        prober.sendto(probe(cookie=b"sixteen bytes ok"), ("10.77.0.11", SINKS))
        wait_for(lambda: [1 for _, fields in announcements(capture, "beacon") if "cookie" in fields], 2, "an answer")
        wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 2, "the source has seen it")
        assert daemon.stop() == 0
        goodbyes = announcements(capture, "goodbye")
        assert {frame.target for frame, _ in goodbyes} == {"10.77.0.255", "255.255.255.255", "10.77.0.30"}
        assert {frame.ttl for frame, _ in goodbyes} == {255}
        wait_for(lambda: addresses(net.source) == [], 1, "forgotten at once, not after discovery.ttl")


def test_peers_lists_who_is_in_reach(net, sink):
    daemon = sink()
    wait_for(lambda: net.source.ask("peers"), 2, "the sink appears")
    peer, = net.source.ask("peers")
    assert peer.pop("last_seen_s") < 2
    assert peer == {"id": daemon.status()["id"], "name": "Lobby", "role": "sink", "address": "10.77.0.11",
                    "interface": "wlan0", "via": ["beacon"], "paired": False, "state": "available"}
    assert "Lobby" in net.source.ctl("peers").stdout


def test_a_source_that_starts_late_finds_sinks_by_its_probe(net, sink):
    sink(**SELDOM)
    net.source.stop()
    net.source.start()
    wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 2, "found without waiting for a beacon")


def test_a_restarted_sink_is_found_again(net, sink):
    daemon = sink()
    wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 2, "the sink appears")
    daemon.kill()
    daemon.start()
    wait_for(lambda: [peer for peer in net.source.ask("peers") if peer["last_seen_s"] < 1], 2, "seen again")
    assert addresses(net.source) == ["10.77.0.11"]


def test_a_silent_sink_is_lost_after_discovery_ttl(net, sink):
    daemon = sink()
    wait_for(lambda: net.source.ask("peers"), 2, "the sink appears")
    with Capture(net.source.node.space) as capture:
        wait_for(lambda: announcements(capture, "beacon"), 2, "one more beacon")
        daemon.kill()
        wait_for(lambda: net.source.ask("peers") == [], TTL + 2, "the peer is lost")
        silent = time.time() - announcements(capture, "beacon")[-1][0].time
        assert TTL - 1.5 < silent < TTL + 1


def test_an_address_change_is_followed(net, sink):
    sink()
    wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 2, "the sink appears")
    try:
        with Capture(net.prober.space) as capture:
            changed = time.time()
            net.lobby.run("ip", "address", "add", "10.77.0.51/24", "brd", "+", "dev", "wlan0")
            net.lobby.run("ip", "address", "delete", "10.77.0.11/24", "dev", "wlan0")
            wait_for(lambda: addresses(net.source) == ["10.77.0.51"], TTL + 3, "the new address, the old one gone")
            settled = [fields["address"] for frame, fields in announcements(capture, "beacon", changed)
                       if frame.source == "10.77.0.51"]
            assert set(settled) == {"10.77.0.51"}
    finally:
        net.lobby.run("ip", "address", "add", "10.77.0.11/24", "brd", "+", "dev", "wlan0")
        net.lobby.run("ip", "address", "delete", "10.77.0.51/24", "dev", "wlan0", check=False)


def test_link_down_and_up(net, sink):
    daemon = sink()
    wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 2, "the sink appears")
    net.lobby.run("ip", "link", "set", "wlan0", "down")
    wait_for(lambda: "wlan0: down, or no carrier" in daemon.status()["warnings"], 2, "the sink says so")
    wait_for(lambda: net.source.ask("peers") == [], TTL + 2, "lost")
    net.lobby.run("ip", "link", "set", "wlan0", "up")
    wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 3, "back")
    assert daemon.status()["address"] == "10.77.0.11"


def test_sink_interface_deleted_and_made_again(net, sink):
    daemon = sink()
    wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 2, "the sink appears")
    before = index(net.lobby)
    net.lobby.unplug()
    wait_for(lambda: "wlan0: no such interface" in daemon.status()["warnings"], 2, "the sink says so")
    wait_for(lambda: net.source.ask("peers") == [], TTL + 2, "lost")
    net.lobby.plug()
    assert index(net.lobby) != before
    wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 3, "back")


def test_source_interface_deleted_and_made_again(net, sink):
    sink()
    wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 2, "the sink appears")
    net.source.node.unplug()
    wait_for(lambda: net.source.ask("peers") == [], TTL + 2, "nobody is in reach")
    assert "wlan0: no such interface" in net.source.status()["warnings"]
    net.source.node.plug()
    wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 3, "the sink is seen through the new interface")
    assert net.source.status()["warnings"][1:] == []  # the first one names the open mode


def test_without_an_address_no_beacon_and_status_says_so(net, sink):
    daemon = sink(**{"discovery.interval": "100ms"})
    with Capture(net.prober.space) as capture:
        wait_for(lambda: announcements(capture, "beacon"), 2, "a beacon")
        net.lobby.run("ip", "address", "flush", "dev", "wlan0")
        wait_for(lambda: "wlan0: no address" in daemon.status()["warnings"], 2, "the warning")
        assert daemon.status()["address"] == ""
        assert "warning: wlan0: no address" in daemon.ctl("status").stdout
        silent = time.time()
        wait_for(lambda: time.time() > silent + 0.5, 1, "five intervals are over")
        assert announcements(capture, "beacon", after=silent) == []
        net.lobby.run("ip", "address", "add", "10.77.0.11/24", "brd", "+", "dev", "wlan0")
        wait_for(lambda: announcements(capture, "beacon", after=silent), 2, "a beacon with the address")
        assert daemon.status()["address"] == "10.77.0.11"


def test_two_sinks_of_one_name_are_ambiguous(net, sink):
    first = sink()
    second = sink(node=net.prober)
    wait_for(lambda: len(net.source.ask("peers")) == 2, 2, "both appear")
    done = net.source.ctl("connect", "lobby", check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith('wfdctl: connect: "lobby" is ambiguous: ')
    for daemon in (first, second):
        status = daemon.status()
        assert f"Lobby ({status['id']}, {status['address']})" in done.stderr
    assert {peer["state"] for peer in net.source.ask("peers")} == {"available"}, "and nobody was invited"


def test_beacons_from_beyond_the_link_or_with_another_sender_are_ignored(net, sink):
    def forge(address, ttl):
        fields = [(0, bytes.fromhex("00111c440032")), (128, b"forged id 16byte"), (129, b"Forged"),
                  (130, b"\1" + socket.inet_aton(address)), (131, bytes(8)), (132, bytes(4)), (133, b"\0")]
        body = b"".join(bytes([kind]) + len(value).to_bytes(2, "big") + value for kind, value in fields)
        with udp_socket(net.prober.space, SINKS, ttl=ttl) as forger:
            forger.sendto(b"WFDC\x01\x01" + body, ("10.77.0.1", SOURCES))

    with Capture(net.prober.space) as capture:
        forge("10.77.0.30", ttl=254)
        forge("10.77.0.99", ttl=255)
        sink()
        wait_for(lambda: addresses(net.source) == ["10.77.0.11"], 2, "the real one appears")
        assert [f for f, _ in announcements(capture, "probe") if f.target == "10.77.0.30"] == []
        forge("10.77.0.30", ttl=255)
        wait_for(lambda: [f for f, _ in announcements(capture, "probe") if f.target == "10.77.0.30"], 2,
                 "a beacon without fault is probed")
        assert addresses(net.source) == ["10.77.0.11"], "and makes no peer before it has echoed the cookie"
