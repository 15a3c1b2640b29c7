"""What goes wrong on a real site, and who comes back by itself: processes, hosts, interfaces."""
import contextlib
import os
import signal
import time

import pytest

from lab import Daemon, wait_for
from rtsp_peer import WFD, ScriptedSink, ScriptedSource
from witness import CLIP, QUICK

GROUP = "239.0.0.11"
NOTICED = 10 + 2  # rtsp.timeout, and a little for the machine
BACK = 10  # seconds until somebody who is there again plays again


class Site:
    """A source and two sinks that play from the group."""

    def __init__(self, lab, connect):
        self.lab = lab
        self.source = Daemon(lab.node("source", 1), "source", "Source",
                             **{"source.connect": connect, "source.input": f"file:{CLIP}",
                                "stream.delivery": "multicast", **QUICK})
        self.sinks = [Daemon(lab.node(f"sink{number}", number), "sink", f"Sink {number}",
                             **{"sink.output": "null:", **QUICK}) for number in (11, 12)]
        self.victim, self.other = self.sinks
        if connect == "none":
            wait_for(lambda: len(self.source.ask("peers")) == 2, 5, "both are listed")
            self.source.ctl("connect", "--all")
        self.all_play()

    def all_play(self, timeout=BACK):
        for sink in self.sinks:
            self.plays(sink, timeout)

    def plays(self, sink, timeout=BACK):
        """At both ends, from the group, and packets come."""
        self.source.wait_state(sink.name, "playing", timeout)
        wait_for(lambda: sink.stream()["state"] == "playing" and sink.stream()["delivery"] == "multicast", timeout,
                 f"{sink.name} plays from the group")
        assert sink.node.joined(GROUP)
        wait_for(lambda: sink.node.port in self.lab.members(GROUP), timeout, f"the bridge knows {sink.name}'s membership")
        before = sink.stream()["packets_received"]
        wait_for(lambda: sink.stream()["packets_received"] > before + 20, timeout, f"packets at {sink.name}")

    def row(self, sink):
        rows = [row for row in self.source.status()["sessions"] if row["name"] == sink.name]
        return rows[0] if rows else None

    @contextlib.contextmanager
    def undisturbed(self, sink):
        before, stream = self.row(sink), sink.stream()
        yield
        after = self.row(sink)
        assert after["state"] == "playing" and after["since_s"] > before["since_s"]
        assert sink.stream()["packets_lost"] == stream["packets_lost"]
        assert sink.stream()["packets_received"] > stream["packets_received"]


@pytest.fixture(params=["none", "all"])
def site(lab, request):
    return Site(lab, request.param)


@pytest.fixture
def automatic(lab):
    return Site(lab, "all")


def test_sink_is_killed_and_started_again(site):
    with site.undisturbed(site.other):
        site.victim.kill()
        wait_for(lambda: not site.row(site.victim), 2, "the source has noticed")
        wait_for(lambda: site.victim.node.port not in site.lab.members(GROUP), 5, "nothing is sent there any more")
        site.victim.start()
        site.plays(site.victim)


def test_source_is_killed_and_started_again(automatic):
    automatic.source.kill()
    for sink in automatic.sinks:
        wait_for(lambda: not sink.status()["sessions"], 2, f"{sink.name} has noticed")
        assert not sink.node.joined(GROUP)
    automatic.source.start()
    automatic.all_play()


def test_source_is_killed_in_each_state(lab):
    """Its sink sees the end; started again, the source takes the next one."""
    peer = lab.node("peer", 66)
    source = Daemon(lab.node("source", 1), "source", "Source", **{"source.connect": "all", "source.input": f"file:{CLIP}"})
    for state in ScriptedSink.ORDER:
        with ScriptedSink(peer, ident=bytes(16)) as sink:
            sink.advance(state)
            source.kill()
            assert sink.is_closed(2), state
        source.start()
    assert source.status()["sessions"] == []


def talk(connection, state):
    """Takes a sink as far as `state`."""
    for method, name, body in (("OPTIONS", "M1", ""), ("GET_PARAMETER", "M3", "wfd_client_rtp_ports\r\n")):
        if state < name:
            return
        connection.request(method, "*" if name == "M1" else "rtsp://localhost/wfd1.0", body)
        while not (received := connection.receive()).is_response:
            connection.reply(received, Public=f"{WFD}, SETUP, TEARDOWN, PLAY, PAUSE")


STATES = ["", "M1", "M3"]  # what the sink has answered


def test_sink_is_killed_in_each_state(lab):
    """Its source sees the end; started again, the sink can be invited."""
    sink = Daemon(lab.node("sink", 11), "sink", "Sink", **{"sink.output": "null:"})
    with ScriptedSource(lab.node("source", 1), "10.77.0.1") as source:
        for state in STATES:
            with source.find("10.77.0.11").connect() as connection:
                talk(connection, state)
                sink.kill()
                assert connection.is_closed(2), state
            sink.start()
        with source.find("10.77.0.11").connect() as connection:
            talk(connection, "M3")


def test_source_is_stopped_for_a_while(automatic):
    """No session ends, and nobody has lost anything that was sent."""
    since = [automatic.row(sink)["since_s"] for sink in automatic.sinks]
    os.kill(automatic.source.process.pid, signal.SIGSTOP)
    start = time.monotonic()
    try:
        wait_for(lambda: time.monotonic() - start > 3, 5, "3 s are over")
    finally:
        os.kill(automatic.source.process.pid, signal.SIGCONT)
    automatic.all_play()
    assert all(automatic.row(sink)["since_s"] > before + 3 for sink, before in zip(automatic.sinks, since))


def change(node, what):
    """One of the things that happen to an interface."""
    if what == "down and up":
        node.run("ip", "link", "set", "wlan0", "down")
        node.run("ip", "link", "set", "wlan0", "up")
    elif what == "renumbered":
        old, node.address = node.address, f"10.77.0.{node.number + 100}"
        node.run("ip", "address", "add", f"{node.address}/24", "brd", "+", "dev", "wlan0")
        node.run("ip", "address", "del", f"{old}/24", "dev", "wlan0")
        if f"{node.address}/24" not in node.run("ip", "address", "show", "dev", "wlan0").stdout:  # went with the primary
            node.run("ip", "address", "add", f"{node.address}/24", "brd", "+", "dev", "wlan0")
    else:
        node.unplug()
        node.plug()


CHANGES = ["down and up", "renumbered", "deleted and made again"]


@pytest.mark.parametrize("what", CHANGES)
def test_interface_of_a_sink(automatic, what):
    with automatic.undisturbed(automatic.other):
        change(automatic.victim.node, what)
        wait_for(lambda: (automatic.row(automatic.victim) or {}).get("address") == automatic.victim.node.address, BACK,
                 "a session at this address")
        automatic.plays(automatic.victim)


@pytest.mark.parametrize("what", CHANGES)
def test_interface_of_the_source(automatic, what):
    change(automatic.source.node, what)
    for sink in automatic.sinks:
        wait_for(lambda: sink.stream()["source"] == automatic.source.node.address, NOTICED + BACK,
                 f"{sink.name} is with the source at this address")
    automatic.all_play()


def test_interface_is_away_for_a_while(automatic):
    """A sink says so while it has no address; then it comes back."""
    node = automatic.victim.node
    node.unplug()
    wait_for(lambda: automatic.victim.status()["address"] == "", 2, "no address")
    assert any("wlan0" in warning for warning in automatic.victim.status()["warnings"])
    node.plug()
    automatic.plays(automatic.victim)


@pytest.mark.parametrize("site", ["none"], indirect=True)
def test_host_of_a_sink_vanishes_and_comes_back(site):
    with site.undisturbed(site.other):
        site.victim.node.vanish()
        wait_for(lambda: not site.row(site.victim), NOTICED, "the source has noticed")
        wait_for(lambda: not site.victim.status()["sessions"], NOTICED, "the sink has noticed")
        site.victim.node.undrop()
        site.plays(site.victim)


def test_host_of_a_source_vanishes_in_each_state(lab):
    """Sinks in each state of the negotiation are free again within rtsp.timeout."""
    node = lab.node("source", 1)
    with contextlib.ExitStack() as held:
        sinks, connections = [], []
        for number, state in enumerate(STATES):
            sinks.append(Daemon(lab.node(f"sink{number}", 11 + number), "sink", f"Sink {number}",
                                **{"sink.output": "null:", **QUICK}))
            source = held.enter_context(ScriptedSource(node, "10.77.0.1", 7236 + number))
            connections.append(held.enter_context(source.find(f"10.77.0.{11 + number}").connect()))
            talk(connections[-1], state)
        assert all(sink.status()["sessions"] for sink in sinks)
        node.vanish()
        for connection in connections:
            connection.reset()
        for sink in sinks:
            wait_for(lambda: not sink.status()["sessions"], NOTICED, f"{sink.name} is free")


@pytest.mark.parametrize("who", ["sink", "source"])
def test_host_loses_power_and_boots(automatic, who):
    """Nobody is told; the new kernel knows no connection."""
    daemon = automatic.victim if who == "sink" else automatic.source
    daemon.node.vanish()
    daemon.kill()
    daemon.node.undrop()
    daemon.start()
    automatic.all_play(NOTICED + BACK)
