"""Who spaces the packets of the group: a timer, or a shaper that somebody installed, to which more are handed at once."""
from delivery_lab import CLIP, GROUP, more
from lab import Daemon, wait_for
from wire import Capture

RATE = 4_000_000  # bit/s; the stream has 2 Mbit/s
SPACING = 1328 * 8 / RATE


def playing(lab, sinks, node):
    source = Daemon(node, "source", "Source", **{"source.connect": "none", "source.input": f"file:{CLIP}",
                                                 "stream.delivery": "multicast"})
    sink, = sinks(1)
    wait_for(lambda: source.ask("peers"), 5, "the sink is seen")
    source.ctl("connect", "Sink 1")
    return source, sink


def test_a_shaper_spaces_what_is_handed_over_together(lab, sinks):
    node = lab.node("source", 1)
    node.run("tc", "qdisc", "add", "dev", "wlan0", "root", "tbf", "rate", RATE, "burst", "1600", "latency", "400ms")
    with Capture(node.space) as capture:
        source, sink = playing(lab, sinks, node)
        more(sink, 300)
        assert source.stream()["pacing"] == "tbf"
        times = [frame.time for frame in capture.rtp(GROUP)]
    assert len(times) > 250
    # Two packets of the bucket may follow at once; the third waits for its token.
    assert min(later - earlier for earlier, later in zip(times, times[2:])) > SPACING * 0.8
    assert sink.stream()["packets_lost"] == 0


def test_without_one_it_is_a_timer(lab, sinks):
    source, sink = playing(lab, sinks, lab.node("source", 1))
    more(sink)
    assert source.stream()["pacing"] == "timer"
