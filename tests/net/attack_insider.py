"""A paired sink that means no good, and one with a strange certificate: what its key gets it, and what not."""
import datetime
import re
import socket

import pytest

from control_lab import moves_on
from forge import Flood, Forger, udp_datagram
from insider import Identity, Insider, held_back
from lab import wait_for
from paired_lab import make_identity, playing, tls_connect  # noqa: F401 (fixture)
from wire import Capture, inside, rtp_sequence, udp_socket

ASKED, BATCH, AT_ONCE = 5_000, 100, 204  # datagrams, in batches, and packets that each asks for
SINK_BURST = 512  # stream/repair_sender.h: what one sink may have saved up


@pytest.fixture
def trusting(playing):
    """Desk, which lets connect whom it trusts."""
    playing.desk.ctl("set", "source.connect=paired")
    yield playing.desk
    playing.desk.ctl("set", "source.connect=none")
    playing.desk.ctl("unpair", "Insider", check=False)


@pytest.fixture
def insider(playing, trusting):
    """A paired sink that gets the stream by unicast."""
    identity = Identity("Insider")
    trusting.ctl("trust", identity.line, "--rights", "may-watch")
    with Insider(playing.stranger, identity) as sink:
        yield sink.advance("PLAYING")


def rtp_on(node, count=20):
    with Capture(node.space) as capture:
        return wait_for(lambda: frames if len(frames := capture.all_rtp()) >= count else None, 5, "the stream")


def lobby_undisturbed(net):
    before = net.lobby.stream()["packets_lost"]
    moves_on(net.lobby)
    assert net.lobby.stream()["packets_lost"] == before
    assert net.desk.session_states()["Lobby"] == "playing"


def test_an_insider_that_asks_for_everything_gets_no_more_than_the_stream(playing, insider):
    """It floods with NACKs under its own key; each asks for 204 packets of the last moment."""
    port = int(re.search(r"server_port=\d+-(\d+)", insider.transport)[1])
    with Capture(playing.stranger.space) as capture, udp_socket(playing.stranger.space, 19001, ttl=64) as own:
        wait_for(capture.all_rtp, 5, "its stream")
        wait_for(lambda: playing.desk.stream()["packets_sent"] > 2 * AT_ONCE, 10, "a past to ask for")
        for _ in range(ASKED // BATCH):
            newest = next(rtp_sequence(f.payload) for f in reversed(capture.read()) if f.payload[:2] == b"\x80\x21")
            for _ in range(BATCH):
                own.sendto(insider.nack(*range(newest - AT_ONCE, newest, 17)), ("10.77.0.1", port))
        packets = wait_for(lambda: seen if len(set(seen := [frame.payload for frame in capture.all_rtp()])) < len(seen)
                           else None, 5, "it is answered at all")
    once = len(set(packets))
    assert len(packets) <= 2 * once + SINK_BURST
    lobby_undisturbed(playing)


def test_nacks_of_strangers_in_the_name_of_a_sink_are_nothing(playing):
    """From Lobby's address and port; who has no key of its session cannot ask for anything."""
    frame = rtp_on(playing.lobby.node)[-1]
    with Capture(playing.desk.node.space) as capture:
        report = wait_for(lambda: [f for f in capture.read() if f.source == playing.lobby.node.address
                                   and f.payload[1:2] == b"\xc9"], 10, "a report of Lobby's")[0]
    media, newest = frame.payload[8:12], rtp_sequence(frame.payload)
    ask = (b"\x80\xc9\0\1" + report.payload[4:8] + b"\x81\xcd\0\x0e" + report.payload[4:8] + media
           + b"".join(((newest - n) & 0xFFFF).to_bytes(2, "big") + b"\xff\xff" for n in range(17, 221, 17)))
    target = (report.target, report.target_port)
    before = playing.desk.stream()["packets_retransmitted"]
    with Forger(playing.stranger) as forger:
        datagrams = [udp_datagram((report.source, report.source_port), target, body, 64)
                     for body in (ask, report.payload, ask + report.payload[-20:])]  # plain, replayed, a foreign tag
        Flood(forger, target, datagrams).burst(ASKED)
    lobby_undisturbed(playing)
    assert playing.desk.stream()["packets_retransmitted"] == before
    assert playing.desk.session_states() == {"Lobby": "playing"}


@pytest.mark.parametrize("how", ["unpair", "disconnect"])
def test_who_is_sent_away_while_it_watches_reads_nothing_after_the_next_key(playing, insider, how):
    assert all(insider.reads(frame.payload) for frame in rtp_on(playing.lobby.node)), "the same key for all"
    playing.desk.ctl(how, insider.ident.hex())
    assert insider.is_closed(4)
    wait_for(lambda: not any(insider.reads(frame.payload) for frame in rtp_on(playing.lobby.node)), 5, "only noise")
    lobby_undisturbed(playing)


@pytest.mark.parametrize("unpaired", [True, False], ids=["unpaired meanwhile", "still paired"])
def test_who_holds_the_end_of_a_handshake_back_until_it_is_unpaired_gets_no_session(playing, trusting, unpaired):
    """Its key was right when it showed its certificate."""
    identity = Identity("Insider")
    trusting.ctl("trust", identity.line)
    with inside(playing.stranger.space):
        raw = socket.create_connection(("10.77.0.1", 7236), 3)
    with raw:
        last = held_back(raw, identity)
        trusting.ctl("unpair" if unpaired else "status", *(["Insider"] if unpaired else []))
        raw.sendall(last)
        assert (raw.recv(4096) == b"") is unpaired, "else M1"
    lobby_undisturbed(playing)


@pytest.mark.parametrize("life", [(1971, 1972), (2098, 2099)], ids=["expired", "of the future"])
def test_no_clock_is_asked(playing, trusting, life):
    """Boards have none: the key counts, not the dates of the certificate that shows it."""
    identity = Identity("Insider", [datetime.datetime(year, 1, 1) for year in life])
    trusting.ctl("trust", identity.line)
    with Insider(playing.stranger, identity) as sink:
        sink.advance("PLAYING")
    lobby_undisturbed(playing)


def test_no_session_is_resumed(playing, trusting):
    """No ticket comes with what the source says first; without one there is no early data either."""
    identity = make_identity(playing.lab.directory, "resumer")
    trusting.ctl("trust", f"wfdcast-ed25519 {identity[2].hex()} Insider")
    with tls_connect(playing.stranger, "10.77.0.1", identity) as connection:
        assert connection.recv(4096).startswith(b"OPTIONS ")
        assert connection.version() == "TLSv1.3" and not connection.session.has_ticket


def test_the_right_to_show_is_none_to_watch(playing, trusting):
    identity = Identity("Insider")
    trusting.ctl("trust", identity.line, "--rights", "may-show")
    with Insider(playing.stranger, identity) as sink:
        assert sink.is_closed(3) and sink.at is None
    lobby_undisturbed(playing)
