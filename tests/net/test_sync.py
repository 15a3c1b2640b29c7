"""Sinks learn the source's clock (stream.sync); that they agree is tested with clocks of the test's own, in unit tests."""
from delivery_lab import CLIP, more
from lab import wait_for
from wire import Capture

REFERENCE, DELAYS = b"\x80\xcf\x00\x04", b"\x80\xcf\x00\x05"  # heads of extended reports with one block (RFC 3611)


def test_a_sink_asks_for_the_sources_clock_and_plays_by_it(lab, source, sinks):
    daemon = source(**{"source.input": f"file:{CLIP}"})
    sink, = sinks(1, **{"stream.sync": "true", "stream.latency": "600ms"})
    wait_for(lambda: daemon.ask("peers"), 5, "the sink is seen")
    with Capture(sink.node.space) as capture:
        daemon.ctl("connect", "Sink 1")
        more(sink, 300)
        asked = [f for f in capture.read() if f.source == sink.node.address and REFERENCE in f.payload]
        told = [f for f in capture.read() if f.target == sink.node.address and DELAYS in f.payload]
    assert asked and told
    answer = told[0].payload
    block = answer[answer.index(DELAYS) + 12:][:12]
    assert answer[1] == 200, "with a sender report"
    # The middle of the sink's clock comes back, and it was not kept.
    assert block[8:] == bytes(4) and block[4:8] in {f.payload[f.payload.index(REFERENCE) + 14:][:4] for f in asked}
    assert sink.stream()["packets_lost"] == 0 and sink.stream()["packets_late"] == 0
