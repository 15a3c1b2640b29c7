"""Repair under SRTP: retransmissions, parity and FEC in paired mode, over sockets; and an encoder for one sink alone."""
import pytest

import ts
from delivery_lab import CLIP, GROUP, deliveries, more, recorded, runs
from insider import Identity, Insider
from lab import BIN, Lab, wait_for
from paired_lab import Board, introduce
from plain_wfd_sink import VIDEO_480P
from test_repair import MANY, PARITY_PORT, every, lose, stats_of
from wire import Capture

LATENCY = "2s"  # what comes back is asked for here, not how fast; and two matrices of FEC fit


class Paired:
    """Desk, and four sinks that it has paired with; each records what it plays."""

    def __init__(self, lab):
        self.lab, self.source = lab, None
        self.desk = lab.node("desk", 1)
        self.sinks = []
        for number in range(1, 5):
            output = lab.directory / f"sink{number}.ts"
            sink = Board(lab.node(f"sink{number}", 10 + number), "sink", f"Sink {number}", **{"sink.output": f"file:{output}"})
            sink.output = output
            self.sinks.append(sink)

    def start(self, **settings):
        if self.source:
            self.source.stop()
        self.source = Board(self.desk, "source", "Desk", **{"source.connect": "none", "source.input": f"file:{CLIP}",
                                                            **settings})
        for sink in self.sinks:
            sink.ctl("set", f"stream.latency={LATENCY}")
            introduce(self.source, sink)
            sink.begin = sink.output.stat().st_size
        return self.source

    def play(self, *sinks):
        for sink in sinks:
            self.source.ctl("connect", sink.name)
        wanted = dict.fromkeys((sink.name for sink in sinks), "multicast" if len(sinks) > 1 else "unicast")
        wait_for(lambda: deliveries(self) == wanted, 10, f"all have the stream by {wanted}")


@pytest.fixture(scope="module")
def paired():
    with Lab() as lab:
        yield Paired(lab)


@pytest.fixture
def net(paired):
    yield paired
    for sink in paired.sinks:
        sink.node.undrop()


def whole(sink):
    """All that the sink played came in order, and nothing is missing."""
    assert sink.stream()["packets_lost"] == 0, sink.stream()
    assert ts.Stream(recorded(sink)).continuity_errors() == []


def test_unicast_losses_come_back_by_retransmission(net):
    net.start()
    one = net.sinks[0]
    net.play(one)
    more(one)
    with Capture(net.desk.space) as capture:
        lose(one, 5)
        more(one, MANY)
        one.node.undrop()
        more(one, 50)
        sent = [frame.payload for frame in capture.all_rtp()]
    whole(one)
    assert one.stream()["packets_recovered"] > MANY * 0.01
    again = len(sent) - len(set(sent))
    assert 0 < again == net.source.stream()["packets_retransmitted"], "the same bytes once more"
    row = wait_for(lambda: (r := stats_of(net, one))["recovered"] and r, 5, "it is reported, by SRTCP")
    assert row["recovered_by"]["retransmission"] == row["recovered"] and row["loss_after"] == 0


def test_losses_of_a_group_come_back_by_parity_under_the_groups_key(net):
    net.start()
    net.play(*net.sinks)
    more(net.sinks[0])
    with Capture(net.desk.space) as capture:
        for sink in net.sinks[1:]:
            lose(sink, 5)
        more(net.sinks[0], MANY)
        for sink in net.sinks:
            sink.node.undrop()
        more(net.sinks[0], 50)
        parity = capture.udp(PARITY_PORT)
    for sink in net.sinks:
        whole(sink)
    assert parity and {frame.target for frame in parity} == {GROUP}
    assert all(sink.ask("stats")[0]["recovered_by"]["parity"] > 0 for sink in net.sinks[1:])
    sent = recorded(net.sinks[0])
    for sink in net.sinks[1:]:
        got = recorded(sink)
        begin = sent.find(got[:10 * ts.PACKET])
        assert begin >= 0, "it came later, so the first one has it too"
        common = min(len(sent) - begin, len(got))
        assert len(runs(sent[begin:begin + common], got[:common])) == 1, "byte by byte what the first one got"


def test_fec_is_read_under_its_own_ssrc(net):
    net.start(**{"stream.repair": "fec"})
    two = net.sinks[:2]
    net.play(*two)
    for sink in two:
        every(sink.node, 29)
    wait_for(lambda: all(sink.ask("stats")[0]["recovered_by"]["fec"] > 20 for sink in two), 20, "FEC repairs")


@pytest.mark.skipif(not (BIN / "wfd-capture").exists(), reason="built without GStreamer")
def test_who_gets_an_encoder_of_its_own_gets_a_key_of_its_own(net):
    source = net.start(**{"source.input": "test:", "source.bitrate": "1M", "stream.on_mismatch": "own-encode"})
    one, node, identity = net.sinks[0], net.lab.node("insider", 40), Identity("Insider")
    net.play(one)
    source.ctl("trust", identity.line)
    for other in net.sinks[1:]:
        source.ctl("unpair", other.name)
    source.ctl("set", "source.connect=paired")
    with Insider(node, identity, video=VIDEO_480P) as odd, Capture(node.space) as capture:
        odd.advance("PLAYING")
        frames = wait_for(lambda: frames if len(frames := capture.all_rtp()) > 20 else None, 60, "its stream")
        assert all(odd.reads(frame.payload) for frame in frames)
        rows = {row["name"]: (row["video"], row["own_encoder"]) for row in source.status()["sessions"]}
        assert rows == {one.name: ("1280x720p30", False), "10.77.0.40": ("640x480p60", True)}
        with Capture(one.node.space) as others:
            frames = wait_for(lambda: frames if len(frames := others.all_rtp()) > 20 else None, 5, "the other stream")
            assert not any(odd.reads(frame.payload) for frame in frames)
    more(one)
