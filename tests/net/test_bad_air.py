"""The picture on bad air: losses in bursts, packets late, twice and out of order, requests that are lost, links that are
gone for a while. The output is compared with what was sent, byte by byte."""
import os
import random

import pytest

from bad_air import BadAir, bursts, disorder
from delivery_lab import CLIP, all_sinks, deliveries, more, recorded, runs  # noqa: F401
from lab import wait_for
from test_repair import net, nothing_missing, playing  # noqa: F401
from wire import Capture, stream_of

MANY = 400  # packets: two seconds


def through_bad_air(net, victim, *sinks, **fates):
    """These sinks play, and the air of the victim is bad for a while: nothing may be missing at any of them."""
    with BadAir(victim.node, **fates) as air, Capture(net.source_node.space) as capture:
        playing(net, *sinks)
        more(victim)
        air.bad = True
        more(victim, MANY)
        air.bad = False
        more(victim, 200)  # what waited for repair is out
        sent = stream_of(capture.rtp())
        for sink in sinks:
            nothing_missing(sink, sent)
    return air


@pytest.mark.parametrize("sinks", [1, 3])
def test_bursts_of_losses_come_back(net, sinks):
    victim, *others = chosen = net.sinks[:sinks]
    air = through_bad_air(net, victim, *chosen, media=bursts(random.Random(20), 0.10, 20))
    assert air.lost > MANY * 0.03
    assert victim.stream()["packets_recovered"] > MANY * 0.03
    assert all(sink.stream()["packets_recovered"] == 0 for sink in others), "the air of the others was good"


def test_late_repeated_and_disordered_packets_are_put_in_order(net):
    net.start_source({"source.input": f"file:{CLIP}", "stream.repair": ""})
    through_bad_air(net, net.sinks[0], net.sinks[0], media=disorder(random.Random(5), 0.08, 0.1))


def test_lost_requests_are_made_again(net):
    """Two of three reports and requests are lost on their way to the source, and 3 % of the stream."""
    one, rng = net.sinks[0], random.Random(3)
    air = through_bad_air(net, one, one, media=bursts(rng, 0.03, 1), reports=lambda: [0] if rng.random() < 1 / 3 else [])
    assert air.lost > 0 and one.stream()["packets_recovered"] > 0


def test_requests_that_are_late_are_answered_while_it_helps(net):
    """A sink with two seconds of latency asks for what is older than a second."""
    one = net.sinks[0]
    one.ctl("set", "stream.latency=2s")
    air = through_bad_air(net, one, one, media=bursts(random.Random(4), 0.05, 1), reports=lambda: [1.2])
    assert air.lost > MANY * 0.02 and one.stream()["packets_recovered"] > 0


def test_one_bad_sink_among_eight_disturbs_nobody(net):
    bad, *good = net.sinks
    through_bad_air(net, bad, *net.sinks, media=bursts(random.Random(8), 0.10, 2))
    assert bad.stream()["packets_recovered"] > 0
    found = deliveries(net)
    assert {sink.name: found[sink.name] for sink in good} == {sink.name: "multicast" for sink in good}


@pytest.mark.parametrize("seconds", [1, 5])
def test_a_link_that_is_gone_for_a_while(net, seconds):
    """What was sent meanwhile is lost; the picture goes on in the same session, and no byte comes twice."""
    one, two = net.sinks[:2]
    with Capture(net.source_node.space) as capture:
        playing(net, one, two)
        more(one)
        since = [row["since_s"] for row in net.source.status()["sessions"]]
        one.node.vanish()
        for _ in range(seconds):
            more(two, 200)
        one.node.undrop()
        more(one, MANY)  # by the group, or by unicast if the silence was noticed
        sent = stream_of(capture.rtp())
        pieces = runs(sent, recorded(one))
        nothing_missing(two, sent)
    assert len(pieces) <= 2, "one gap at the most: of a second, repair may have brought all back"
    assert all(row["since_s"] > then for row, then in zip(net.source.status()["sessions"], since)), "the same sessions"


if "WFD_LONG" in os.environ:  # by hand
    def test_a_link_that_is_gone_for_longer_than_a_session_lasts(net):
        """Both ends give the session up; the picture comes back by itself, and the others do not notice."""
        net.start_source({"source.input": f"file:{CLIP}", "source.connect": "all"})
        one, two = net.sinks[:2]
        with Capture(net.source_node.space) as capture:
            net.source.ctl("connect", "--all")
            wait_for(lambda: len(deliveries(net)) == 8 and set(deliveries(net).values()) == {"multicast"}, 20, "all play")
            one.begin = one.output.stat().st_size
            two.begin = two.output.stat().st_size
            one.node.vanish()
            wait_for(lambda: one.name not in deliveries(net), 60, "the source gives it up")
            for _ in range(60):
                more(two, 190)
            one.node.undrop()
            wait_for(lambda: deliveries(net).get(one.name) == "multicast", 20, "it is back on the group")
            more(one, MANY)
            assert two.stream()["packets_lost"] == 0
            runs(stream_of(capture.rtp()), recorded(one))
