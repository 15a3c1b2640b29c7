"""Who may connect, and who may send: strangers on the link, and on another link."""
import os
import signal
import struct

import pytest

from forge import Forger, ScriptedBeacon, goodbye
from lab import Daemon, Lab, wait_for
from rtsp_peer import Closed, ScriptedSink
from wire import Capture, rtp_sequence
from witness import CLIP, QUICK, Stage, outsider


def refused(node, address="10.77.0.1", **how):
    """Whether a connection is closed before anything but M1 was said."""
    with ScriptedSink(node, address, **how) as sink:
        try:
            sink.advance("M3", 2)
        except Closed:
            return True
    return False


def not_invited(node):
    """Whether a connection is closed before M1."""
    with ScriptedSink(node) as sink:
        try:
            sink.advance("M1", 2)
        except Closed:
            return True
    return False


@pytest.mark.parametrize("interfaces", ["wlan0", "wlan0,eth1"])
def test_attack_weak_host(lab, interfaces):
    """A packet to wlan0's address that comes in by eth1 is eth1's: Linux would take it (weak host model)."""
    host = lab.node("source", 1)
    outside = outsider(lab, host)
    inside = lab.node("inside", 66)
    Daemon(host, "source", "Source", **{"source.connect": "all", "source.input": f"file:{CLIP}",
                                        "interface": interfaces})
    with ScriptedSink(inside) as sink:
        sink.advance("M4")
        assert "rtsp://10.77.0.1/wfd1.0" in sink.pending.body
    for address in ("10.77.0.1", "10.88.0.1"):
        if interfaces == "wlan0":
            with pytest.raises(ConnectionRefusedError):
                ScriptedSink(outside, address)
        else:
            with ScriptedSink(outside, address) as sink:
                sink.advance("M4")
                assert "rtsp://10.88.0.1/wfd1.0" in sink.pending.body, "the listener of eth1 decides"


@pytest.fixture(scope="module")
def closed_source():
    """A source that nobody may connect to without being invited, and a host for peers."""
    with Lab() as lab:
        source = Daemon(lab.node("source", 1), "source", "Source",
                        **{"source.connect": "none", "source.input": f"file:{CLIP}", **QUICK})
        source.peer = lab.node("peer", 66)
        yield source


def sent_away(sink):
    """Whether the source takes back what it said after M1: M5 TEARDOWN, or an end."""
    try:
        sink.advance("M4", 3)
        return "wfd_trigger_method: TEARDOWN" in sink.pending.body
    except Closed:
        return True


def invite(source, ident):
    """A scripted sink with this id that a person has just invited."""
    beacon = ScriptedBeacon(source.peer, ident).appear()
    wait_for(lambda: any(peer["id"] == ident.hex() for peer in source.ask("peers")), 5, "the peer is listed")
    source.ctl("connect", "--no-wait", ident.hex())
    return beacon


def test_nobody_connects_uninvited(closed_source):
    assert not_invited(closed_source.peer)


def test_an_invited_address_needs_the_token(closed_source):
    ident = os.urandom(16)
    with invite(closed_source, ident) as beacon:
        token = beacon.invited()
        peer = closed_source.peer
        assert refused(peer), "a plain sink was not invited"
        assert refused(peer, ident=ident), "no token"
        assert refused(peer, ident=ident, token=os.urandom(16)), "a wrong token"
        with ScriptedSink(peer, ident=os.urandom(16), token=token) as another:
            assert sent_away(another), "another sink's token"
        with ScriptedSink(peer, ident=ident, token=token) as sink:
            sink.advance("M4")
        closed_source.ctl("disconnect", ident.hex())


def test_a_token_is_used_once(closed_source):
    ident = os.urandom(16)
    with invite(closed_source, ident) as beacon:
        token = beacon.invited()
        with ScriptedSink(closed_source.peer, ident=ident, token=token) as first, \
                ScriptedSink(closed_source.peer, ident=ident, token=token) as second:
            second.advance("M1")
            first.advance("PLAYING")
            assert sent_away(second)
            assert not_invited(closed_source.peer), "and a third one comes too late"
            assert ident.hex() in {row["peer"] for row in closed_source.status()["sessions"]
                                   if row["state"] == "playing"}
        closed_source.ctl("disconnect", ident.hex())


def test_a_token_expires(closed_source):
    ident = os.urandom(16)
    with invite(closed_source, ident) as beacon:
        old = beacon.invited()
        new = beacon.invited(12, other_than=old)  # 10 s later, and 0.5 s
        assert refused(closed_source.peer, ident=ident, token=old)
        with ScriptedSink(closed_source.peer, ident=ident, token=new) as sink:
            sink.advance("M4")
        closed_source.ctl("disconnect", ident.hex())


def test_a_plain_sink_connects_when_its_address_was_named(closed_source):
    peer = closed_source.node.lab.node("plain", 67)
    assert not_invited(peer)
    closed_source.ctl("connect", "--no-wait", peer.address)
    with ScriptedSink(peer) as sink:
        sink.advance("PLAYING")
        assert not_invited(peer), "once"
    wait_for(lambda: not closed_source.status()["sessions"], 5, "the sink has left")


def lines_about(source, node, *words):
    return sum(node.address in line and all(word in line for word in words) for line in source.log_text().splitlines())


def test_the_log_has_few_lines_of_one_stranger(closed_source):
    """Each minute one on its connections, eight on the boards that it makes appear and leave (daemon/line_quota.h)."""
    stranger = closed_source.node.lab.node("chatter", 68)
    for _ in range(100):
        assert not_invited(stranger)
    assert lines_about(closed_source, stranger, "notice:", "may not connect") == 1
    with ScriptedBeacon(stranger, os.urandom(16)) as beacon:
        beacon.appear()
        for _ in range(50):
            beacon.ident = os.urandom(16)
            beacon.send()
            beacon.socket.sendto(goodbye(beacon.ident, beacon.boot, beacon.sequence + 1, beacon.cookie), beacon.source)
        wait_for(lambda: lines_about(closed_source, stranger, "appeared") >= 50, 5, "they came")
    assert lines_about(closed_source, stranger, "info:", "appeared") == 8
    assert lines_about(closed_source, stranger) - lines_about(closed_source, stranger, "debug:") == 9


def test_nobody_takes_the_id_of_a_playing_sink(lab):
    stage = Stage(lab)
    ident = bytes.fromhex(stage.witness_row()["peer"])
    with stage.witness_undisturbed():
        with ScriptedSink(stage.peer, ident=ident) as thief:
            assert sent_away(thief)
        stage.wait_gone(stage.peer, 5)


def rtp(ssrc, sequence):
    """One RTP packet of seven null TS packets."""
    null = b"\x47\x1f\xff\x10" + bytes(184)
    return struct.pack(">BBHI", 0x80, 33, sequence & 0xFFFF, 0) + ssrc + null * 7


@pytest.mark.parametrize("delivery", ["unicast", "multicast"])
def test_injected_rtp_changes_nothing(lab, delivery):
    stage = Stage(lab, **{"stream.delivery": delivery})
    sink, other = stage.witness, outsider(lab, stage.witness.node)
    capture = Capture(sink.node.space)
    wait_for(lambda: len(capture.rtp()) > 50, 5, "the stream is there")
    os.kill(stage.pid, signal.SIGSTOP)
    try:
        seen = 0
        while seen != (seen := sink.stream()["packets_received"]):
            pass  # until nothing is on its way any more
        last = capture.rtp()[-1]
        before = sink.stream()
        right, target, ssrc = (last.source, last.source_port), (last.target, last.target_port), last.payload[8:12]
        strange, next_one = os.urandom(4), rtp_sequence(last.payload) + 1
        with Forger(stage.peer) as third, Forger(other) as elsewhere:
            for i in range(20):
                third.send((stage.peer.address, right[1]), target, rtp(ssrc, next_one + i))
                third.send((right[0], right[1] + 2), target, rtp(ssrc, next_one + i))
                third.send(right, target, rtp(strange, next_one + i))
                elsewhere.send(right, target, rtp(ssrc, next_one + i))
            third.send(right, target, rtp(ssrc, next_one))  # who forges everything: only a paired stream resists
        wait_for(lambda: sink.stream()["packets_received"] > before["packets_received"], 5, "the last one is taken")
        after = sink.stream()
    finally:
        os.kill(stage.pid, signal.SIGCONT)
    assert after["packets_received"] == before["packets_received"] + 1
    assert after["packets_lost"] == before["packets_lost"] and after["packets_late"] == before["packets_late"]


def receiver_report(ssrc):
    """RR with a block that says: everything is lost; SDES."""
    block = ssrc + b"\xff" + bytes(19)
    return (struct.pack(">BBHI", 0x81, 201, 7, 0x01020304) + block
            + struct.pack(">BBHI", 0x81, 202, 2, 0x01020304) + b"\x01\x01x\x00")


def test_rtcp_of_strangers_is_ignored(lab):
    stage = Stage(lab)
    other = outsider(lab, stage.source.node)
    capture = Capture(stage.witness.node.space)
    report = wait_for(lambda: [f for f in capture.read() if f.source == "10.77.0.11" and f.payload[1:2] == b"\xc9"], 10,
                      "a receiver report")[0]
    ssrc = capture.rtp()[0].payload[8:12]
    right, target = (report.source, report.source_port), (report.target, report.target_port)
    wait_for(lambda: stage.source.ask("stats")[0]["loss_before"] is not None, 10, "it is in stats")
    os.kill(stage.witness.process.pid, signal.SIGSTOP)
    try:
        forged = receiver_report(ssrc)
        with Forger(stage.peer) as third, Forger(other) as elsewhere:
            third.send((stage.peer.address, right[1]), target, forged)
            third.send((right[0], right[1] + 2), target, forged)
            elsewhere.send(right, target, forged)
            elsewhere.send(right, ("10.88.0.1", target[1]), forged)
            third.send(right, target, receiver_report(os.urandom(4)))  # about another stream
            seen = [stage.source.ask("stats")[0]["loss_before"] for _ in range(5)]
            assert seen == [0.0] * 5, seen
            third.send(right, target, forged)
            wait_for(lambda: stage.source.ask("stats")[0]["loss_before"] > 0.9, 2, "the forgery works at all")
    finally:
        os.kill(stage.witness.process.pid, signal.SIGCONT)
