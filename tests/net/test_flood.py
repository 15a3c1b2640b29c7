"""Floods of forged announcements, and single ones that must change nothing."""
import contextlib
import os
import random
import threading
import time

import pytest

from forge import (AVAILABLE, BUSY, SINK_PORT, SOURCE_PORT, STANDBY, Flood, Forger, ScriptedBeacon, beacon, goodbye,
                   udp_datagram)
from lab import Daemon, Lab, wait_for
from measure import own_bytes
from rtsp_peer import ScriptedSource
from wire import Capture, announcement, probe
from witness import CLIP, Stage, outsider

RATE, SECONDS = 10_000, 3  # datagrams a second
APPEARANCE = 1.0  # seconds by which a real peer may be late
MAX_GROWTH = 1024 * 1024  # of resident memory, beyond what the limits of docs/protocol.md 1.7 let it remember
EVERYBODY = ("255.255.255.255", SOURCE_PORT)


def widen(node):
    """A network of 65,536 addresses: room for forged ones."""
    node.run("ip", "address", "flush", "dev", "wlan0")
    node.run("ip", "address", "add", f"{node.address}/16", "brd", "+", "dev", "wlan0")
    return node


@contextlib.contextmanager
def flooding(forger, target, datagrams):
    """In this block they come in at RATE; it ends after SECONDS or with the block, whichever is later."""
    flood, over = Flood(forger, target, datagrams), threading.Event()
    thread = threading.Thread(target=flood.run, args=(RATE, 60, lambda: over.is_set() and flood.sent >= RATE * SECONDS))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Flooded(Stage):
    """The stage on a wide network, with a host for floods."""

    def __init__(self, lab):
        node = lab.node
        lab.node = lambda *how: widen(node(*how))
        super().__init__(lab, **{"source.connect": "all", "log.level": "info"})
        self.attacker = lab.node("attacker", 200)

    def peers(self):
        return {peer["id"]: peer for peer in self.source.ask("peers")}

    def new_sink(self, number):
        """Starts a sink; it must be listed APPEARANCE later."""
        sink = Daemon(self.lab.node(f"sink{number}", number), "sink", f"Sink {number}", **{"sink.output": "null:"})
        start = time.monotonic()
        wait_for(lambda: sink.status()["id"] in self.peers(), APPEARANCE, f"{sink.name} has appeared")
        return sink, time.monotonic() - start


@pytest.fixture(scope="module")
def stage():
    with Lab() as lab:
        stage = Flooded(lab)
        wait_for(lambda: len(stage.peers()) == 1, 5, "the witness is listed")
        yield stage


@pytest.fixture
def forger(stage):
    with Forger(stage.attacker) as forger:
        yield forger


def forged_senders(rng, count=1000):
    """Beacons, each with an id of its own from an address of its own."""
    for number in range(count):
        address = f"10.77.{2 + number // 250}.{1 + number % 250}"
        yield udp_datagram((address, SINK_PORT), EVERYBODY, beacon(rng.randbytes(16), address, rng.getrandbits(64)))


def forged_victim(rng, address, ident, boot, count=1000):
    """Whatever can be said in the name of a sink by somebody who has heard its broadcasts, but has no cookie."""
    for number in range(count):
        sequence = rng.choice([0, 1, 2**31, 2**32 - 1, rng.getrandbits(32)])
        payload = [
            beacon(rng.randbytes(16), address, rng.getrandbits(64), sequence),  # other ids at its address
            beacon(ident, address, boot, sequence, rng.choice([AVAILABLE, BUSY, STANDBY]), b"Stolen"),
            beacon(ident, address, rng.getrandbits(64), sequence, AVAILABLE, b"Restarted"),
            beacon(ident, address, boot, sequence, cookie=rng.randbytes(16)),
            goodbye(ident, boot, sequence),
            goodbye(ident, boot, sequence, rng.randbytes(16)),
        ][number % 6]
        yield udp_datagram((address, rng.choice([SINK_PORT, SINK_PORT, 1024 + number])), EVERYBODY, payload)


def forged_moves(rng, ident, boot, count=1000):
    """The sink's id, at other addresses."""
    for number in range(count):
        address = f"10.77.{8 + number // 250}.{1 + number % 250}"
        yield udp_datagram((address, SINK_PORT), EVERYBODY, beacon(ident, address, boot, rng.getrandbits(32)))


def heard_from(stage, sink):
    """(id, boot id) of a sink as its broadcasts tell them to all."""
    with Capture(stage.attacker.space) as capture:
        def said():
            told = [announcement(f.payload) for f in capture.udp(SOURCE_PORT) if f.source == sink.node.address]
            return [a for a in told if a and a["kind"] == "beacon"]
        first = wait_for(said, 5, "a beacon")[0]
    return first["id"], int.from_bytes(first["boot_id"], "big")


def unchanged(stage, before):
    """The peers of `before` are there as they were."""
    now = stage.peers()
    for ident, peer in before.items():
        for field in ("name", "address", "state"):
            assert now[ident][field] == peer[field], (peer, now[ident])
    assert "lost" not in stage.source.log_text()


def test_a_flood_from_forged_senders(stage, forger):
    rng, before, size = random.Random(1), stage.peers(), own_bytes(stage.pid)
    with stage.witness_undisturbed(), flooding(forger, EVERYBODY, list(forged_senders(rng))):
        sink, _ = stage.new_sink(21)
        unchanged(stage, before)
    assert set(stage.peers()) == {*before, sink.status()["id"]}
    assert own_bytes(stage.pid) - size < MAX_GROWTH
    unchanged(stage, before)


def test_a_flood_in_the_name_of_a_real_sink(stage, forger):
    rng, before, size = random.Random(2), stage.peers(), own_bytes(stage.pid)
    ident, boot = heard_from(stage, stage.witness)
    datagrams = [*forged_victim(rng, stage.witness.node.address, ident, boot), *forged_moves(rng, ident, boot)]
    with stage.witness_undisturbed(), flooding(forger, EVERYBODY, datagrams):
        sink, _ = stage.new_sink(22)
        unchanged(stage, before)
    assert set(stage.peers()) == {*before, sink.status()["id"]}
    assert own_bytes(stage.pid) - size < MAX_GROWTH
    unchanged(stage, before)


def test_a_sink_appears_whose_address_is_flooded(stage, forger):
    """The flood was there first, from the very address that the sink comes up with."""
    rng = random.Random(3)
    datagrams = list(forged_victim(rng, "10.77.0.23", rng.randbytes(16), 1))
    with stage.witness_undisturbed(), flooding(forger, EVERYBODY, datagrams):
        stage.new_sink(23)


def test_a_flood_of_probes_at_a_sink(stage, forger):
    """The sink keeps its source, answers at most 20 a second, and plays on."""
    rng, before = random.Random(4), stage.peers()
    target = (stage.witness.node.address, SINK_PORT)
    size = own_bytes(stage.witness.process.pid)
    real = ("10.77.0.1", SOURCE_PORT)
    datagrams = [udp_datagram((f"10.77.{4 + n // 250}.{1 + n % 250}", SOURCE_PORT) if n % 2 else real, target,
                              probe(rng.randbytes(16), rng.randbytes(16) if n % 3 else None)) for n in range(1000)]
    with Capture(stage.witness.node.space) as capture:
        start = time.time()
        with stage.witness_undisturbed(), flooding(forger, target, datagrams):
            unchanged(stage, before)
        elapsed = time.time() - start
        sent = [f for f in capture.udp(SOURCE_PORT) if f.outgoing and not f.target.endswith(".255")]
    allowed = 20 * (elapsed + 1) + 9 * 1.2 * (elapsed + 1)  # answers; and its own beacons to 8 sources
    assert len(sent) < allowed
    assert own_bytes(stage.witness.process.pid) - size < MAX_GROWTH
    unchanged(stage, before)


@pytest.fixture(scope="module")
def quiet():
    """A source and a sink with a second interface each that is not configured, and a host on the link."""
    with Lab() as lab:
        source = Daemon(lab.node("source", 1), "source", "Source", **{"source.connect": "none",
                                                                      "source.input": f"file:{CLIP}"})
        source.peer = lab.node("peer", 66)
        source.outside = outsider(lab, source.node)
        yield source


def listed(source):
    return {peer["id"] for peer in source.ask("peers")}


@pytest.mark.parametrize("what", ["TTL 254", "another address in it", "an unconfigured interface", "another port"])
def test_beacons_that_are_ignored(quiet, what):
    """Even with the right cookie. A right one that is sent later is taken, so this one has been looked at."""
    with ScriptedBeacon(quiet.peer, os.urandom(16)).appear() as real, Forger(quiet.peer) as forger, \
            Forger(quiet.outside) as outside:
        bad, good, sender, target = os.urandom(16), os.urandom(16), (quiet.peer.address, SINK_PORT), ("10.77.0.1", SOURCE_PORT)
        datagram = beacon(bad, sender[0], cookie=real.cookie)
        if what == "TTL 254":
            forger.send(sender, target, datagram, ttl=254)
        elif what == "another address in it":
            forger.send(sender, target, beacon(bad, "10.77.0.77", cookie=real.cookie))
        elif what == "an unconfigured interface":
            outside.send(sender, target, datagram)
            outside.send(sender, ("10.88.0.1", SOURCE_PORT), datagram)
        else:
            forger.send((sender[0], 4000), target, datagram)
        forger.send(sender, target, beacon(good, sender[0], cookie=real.cookie))
        wait_for(lambda: good.hex() in listed(quiet), 2, "the right one is listed")
        assert bad.hex() not in listed(quiet)
        for ident, boot, sequence in ((good, 1, 2), (real.ident, real.boot, real.sequence + 1)):
            forger.send(sender, target, goodbye(ident, boot, sequence, real.cookie))
        wait_for(lambda: not listed(quiet), 2, "all have left")


@pytest.mark.parametrize("what", ["another sink", "another boot id", "port 0", "TTL 254", "an unconfigured interface"])
def test_invitations_that_are_ignored(lab, what):
    """A right one that is sent later is followed, and there is only that one connection."""
    sink = Daemon(lab.node("sink", 11), "sink", "Sink", **{"sink.output": "null:"})
    outside = outsider(lab, sink.node)
    with ScriptedSource(lab.node("source", 1), "10.77.0.1") as source, Forger(outside) as elsewhere:
        source.find("10.77.0.11")
        if what == "another sink":
            source.invite(sink=os.urandom(16))
        elif what == "another boot id":
            source.invite(boot=source.boot + 1)
        elif what == "port 0":
            source.invite(port=0)
        elif what == "TTL 254":
            source.invite(ttl=254)
        else:
            elsewhere.send((source.address, SOURCE_PORT), source.sink, source.invitation())
        token = os.urandom(16)
        with source.connect(token=token) as connection:
            connection.request("OPTIONS", "*", Require="org.wfa.wfd1.0")
            while not (received := connection.receive()).is_response:
                pass
            assert f"token={token.hex()}" in received.headers["wfdcast"]
        assert "busy" not in sink.log_text() and sink.log_text().count("invited by") == 1


def test_an_invitation_to_a_closed_port(lab):
    """Nobody listens there: the sink tries for the life of an invitation, and is free again."""
    sink = Daemon(lab.node("sink", 11), "sink", "Sink", **{"sink.output": "null:"})
    with ScriptedSource(lab.node("source", 1), "10.77.0.1") as source:
        source.find("10.77.0.11").invite(port=9)
        wait_for(lambda: sink.status()["sessions"], 2, "it tries")
        with source.connect():  # the same source thinks better of it
            wait_for(lambda: "connect to 10.77.0.1:9" in sink.log_text(), 2, "it had tried the other port")
        wait_for(lambda: not sink.status()["sessions"], 2, "the sink is free again")
