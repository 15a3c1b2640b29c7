"""The encoder's bitrate follows what the network carries (source.min_bitrate, source.bitrate)."""
from delivery_lab import CLIP, more
from lab import wait_for

MOST, LEAST = 3_000_000, 1_000_000


def lose_a_third(sink):
    sink.node.drop("udp dport 1024-65535 meta length > 400 numgen random mod 100 < 33 drop")


def playing(source, sinks, **settings):
    one = sinks(1)[0]
    daemon = source(**{"source.bitrate": MOST, "source.min_bitrate": LEAST, **settings})
    wait_for(lambda: daemon.ask("peers"), 5, "the sink is seen")
    daemon.ctl("connect", one.name)
    more(one)
    return daemon, one


def test_less_is_asked_of_the_encoder_while_much_is_lost_and_more_again_afterwards(source, sinks):
    daemon, one = playing(source, sinks, **{"source.input": "test:"})
    wanted = lambda: daemon.stream()["wanted_bitrate_bps"]
    assert wanted() == MOST
    lose_a_third(one)
    wait_for(lambda: wanted() < MOST * 0.6, 15, "the bitrate goes down")
    one.node.undrop()
    low = wanted()
    wait_for(lambda: wanted() > low, 15, "it goes up again")
    daemon.ctl("set", f"source.bitrate={LEAST}")
    assert wanted() == LEAST, "what a person sets is the most"


def test_a_file_says_that_it_cannot(source, sinks):
    daemon, one = playing(source, sinks, **{"source.input": f"file:{CLIP}"})
    assert daemon.stream()["wanted_bitrate_bps"] is None
    lose_a_third(one)
    said = "the network does not carry its bitrate, and source.input is none that can be changed"
    wait_for(lambda: said in daemon.log_text(), 15, "it says so")
