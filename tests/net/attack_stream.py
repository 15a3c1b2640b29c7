"""A stranger in the group of a source in paired mode: he gets noise, and what he sends changes nothing."""
import os
import struct

import pytest

from control_lab import moves_on
from forge import Forger
from lab import wait_for
from paired_lab import CLIP, Board, introduce, playing  # noqa: F401 (fixture)
from wire import Capture

TS = 188
SYNC = 0x47


def captured(node, count=50):
    """RTP on a node's link: its headers are readable."""
    with Capture(node.space) as capture:
        frames = wait_for(lambda: frames if len(frames := capture.rtp()) >= count else None, 5, "the stream")
    return frames


def looks_like_ts(payload):
    return all(payload[at] == SYNC for at in range(0, len(payload) - TS + 1, TS))


def test_what_passes_is_noise(playing):
    """To whom it is sent anyway, by unicast or because he joined, he reads no TS packet in it."""
    frames = captured(playing.lobby.node)
    assert not any(looks_like_ts(frame.payload[12:12 + TS * 7]) for frame in frames)
    assert len({frame.payload[12:28] for frame in frames}) == len(frames), "no two packets begin alike"


def refused(sink):
    stream = sink.stream()
    return stream["packets_refused"] + stream["packets_repeated"]


@pytest.mark.parametrize("what", ["noise", "replayed", "altered", "plain"])
def test_injected_packets_change_nothing(playing, what):
    """From the source's own address and port, with its SSRC and sequence numbers."""
    frames = captured(playing.lobby.node)
    last = frames[-1]
    before, refused_before = playing.lobby.stream(), refused(playing.lobby)
    forged = []
    for frame in frames:
        sequence = struct.unpack_from("!H", frame.payload, 2)[0] + (200 if what in ("noise", "plain") else 0)
        head = frame.payload[:2] + struct.pack("!H", sequence & 0xFFFF) + frame.payload[4:12]
        body = {"noise": os.urandom(len(frame.payload) - 12), "replayed": frame.payload[12:],
                "altered": bytes([frame.payload[12] ^ 1]) + frame.payload[13:],
                "plain": (bytes([SYNC]) + bytes(TS - 1)) * 7}[what]
        forged.append(head + body)
    with Forger(playing.stranger) as forger:
        for packet in forged:
            forger.send((last.source, last.source_port), (last.target, last.target_port), packet, ttl=64)
    wait_for(lambda: refused(playing.lobby) >= refused_before + len(forged), 5, "all were refused")
    moves_on(playing.lobby)
    after = playing.lobby.stream()
    assert after["packets_lost"] == before["packets_lost"], (before, after)


def test_forged_reports_change_nothing(playing):
    """RTCP in Lobby's name: a BYE, and a report of total loss."""
    with Capture(playing.lobby.node.space) as capture:
        sent = wait_for(lambda: [f for f in capture.read() if f.outgoing and f.protocol == 17
                                 and f.target == "10.77.0.1" and f.payload[1:2] == b"\xc9"], 10, "a report")[0]
    ssrc = sent.payload[4:8]
    report = struct.pack("!BBH", 0x81, 201, 7) + ssrc + os.urandom(4) + b"\xff" + bytes(19)
    with Forger(playing.stranger) as forger:
        for _ in range(10):
            forger.send((sent.source, sent.source_port), ("10.77.0.1", sent.target_port), report, ttl=64)
            forger.send((sent.source, sent.source_port), ("10.77.0.1", sent.target_port),
                        report + struct.pack("!BBH", 0x81, 203, 1) + ssrc, ttl=64)
    moves_on(playing.lobby)
    assert playing.desk.ask("stats")[0]["loss_before"] in (None, 0.0)


def test_who_was_unpaired_reads_no_more(playing):
    """Bar watches too; then it is unpaired, and its key opens nothing that is sent from then on."""
    introduce(playing.desk, playing.bar)
    playing.desk.ctl("connect", "Bar")
    wait_for(lambda: playing.lobby.stream()["delivery"] == "multicast", 10, "the stream is on the group")
    keys = lambda: {frame.payload[-4:] for frame in captured(playing.lobby.node, 20)[-5:]}
    old = keys()
    playing.desk.ctl("unpair", "Bar")
    wait_for(lambda: keys().isdisjoint(old), 5, "another key is in use")
    before = playing.lobby.stream()["packets_lost"]
    moves_on(playing.lobby)
    assert playing.lobby.stream()["packets_lost"] == before, "the picture of the other has no gap"
    assert playing.desk.session_states() == {"Lobby": "playing"}


def test_the_key_changes_by_the_clock_without_a_gap(playing):
    """A source of its own, with a key that lives for a second."""
    node = playing.lab.node("stage", 2)
    stage = Board(node, "source", "Stage", **{"source.connect": "none", "source.input": f"file:{CLIP}",
                                             "security.rekey": "1s"})
    introduce(stage, playing.bar)
    stage.ctl("connect", "Bar")
    moves_on(playing.bar)
    keys = set()
    wait_for(lambda: keys.update(f.payload[-4:] for f in captured(playing.bar.node, 20)) or len(keys) >= 4, 15, "four keys")
    stream = playing.bar.stream()
    assert (stream["packets_lost"], stream["packets_refused"]) == (0, 0), stream
    stage.ctl("disconnect", "Bar")
