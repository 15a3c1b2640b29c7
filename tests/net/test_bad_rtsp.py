"""Bad RTSP at the source and at the sink (performance.md D3): closed or answered, cheaply, and nobody else notices."""
import contextlib
import os
import random
import time

import pytest

from bad_rtsp import ANSWERED, CLOSED, OPTIONS, mutator, play_source, send_all
from lab import Daemon, Lab, wait_for
from measure import cpu_seconds, descriptors, own_bytes
from rtsp_peer import WFD, Closed, ScriptedSink, ScriptedSource
from witness import CLIP, Stage

MAX_CPU = 0.005  # seconds of processor time that one connection's garbage may cost
MAX_ANSWER = 0.010  # seconds until another connection has its M1
MAX_GROWTH = 1024 * 1024  # of resident memory, over the whole run
MAX_BUFFERED = 64 * 1024  # bytes of one connection that are kept
MAX_HALF_OPEN = 10  # seconds
CONVERSATIONS = 2000
WARM = 200  # conversations after which the heap has met what they start, the buffers of a stream too
STREAM = "rtsp://localhost/wfd1.0/streamid=0"


class Target:
    """A daemon that is attacked, and what that costs it."""

    def __init__(self, daemon, peer):
        self.daemon, self.peer, self.pid = daemon, peer, daemon.process.pid

    @contextlib.contextmanager
    def cheap(self, connections=1):
        """What happens here costs the daemon no more than `connections` may."""
        before = cpu_seconds(self.pid)
        yield
        spent = (cpu_seconds(self.pid) - before) / connections
        assert spent < MAX_CPU, f"{spent * 1000:.1f} ms of processor time a connection"

    def warm_up(self, once):
        """From here on it may not grow."""
        for _ in range(5):
            once()
        self.size, self.files = own_bytes(self.pid), descriptors(self.pid)

    def grown(self):
        return own_bytes(self.pid) - self.size


class AttackedSource(Target):
    ADDRESSES = [f"10.77.0.{number}" for number in range(100, 150)]

    def __init__(self, lab):
        super().__init__(Daemon(lab.node("source", 1), "source", "Source",
                                **{"source.connect": "all", "source.input": f"file:{CLIP}", "log.level": "info"}),
                         lab.node("peer", 66))
        self.prober = lab.node("prober", 67)
        for address in self.ADDRESSES:
            self.peer.run("ip", "address", "add", f"{address}/24", "dev", "wlan0")
        self.first_filled = self.filled()
        self.warm_up(self.filled)

    def connect(self, **how):
        return ScriptedSink(self.peer, **how)

    def filled(self):
        """From each address one connection whose buffers are as full as they get; what that adds to the memory.

        The allocator may keep such memory for the next one: that is not growth."""
        whole = OPTIONS[:-2] + b"X: " + b"a" * 7000 + b"\r\nContent-Length: 32768\r\n\r\n" + b"a" * 32767
        before = own_bytes(self.pid)
        with contextlib.ExitStack() as held:
            connections = [held.enter_context(self.connect(local=address)) for address in self.ADDRESSES]
            for connection in connections:
                connection.advance("M1")
                connection.send(whole)
            self.answer_time()  # and so all has been read
            added = own_bytes(self.pid) - before
        wait_for(self.idle, 2, "no session is left")
        return added

    def answer_time(self):
        start = time.monotonic()
        with ScriptedSink(self.prober) as probe:
            probe.advance("M1")
        return time.monotonic() - start

    def answers_others(self):
        """What it suffers from lasts, and would delay each of some answers; the machine's noise delays a few."""
        assert sorted(self.answer_time() for _ in range(7))[1] < MAX_ANSWER

    def idle(self):
        return not self.daemon.status()["sessions"]


@pytest.fixture(scope="module")
def source():
    with Lab() as lab:
        yield AttackedSource(lab)


@pytest.mark.parametrize("what", CLOSED)
def test_source_closes(source, what):
    with source.connect() as connection:
        connection.advance("M1")
        with source.cheap():
            send_all(connection, CLOSED[what])
            assert connection.is_closed(2)
    source.answers_others()
    assert source.grown() < MAX_GROWTH


@pytest.mark.parametrize("what", ANSWERED)
def test_source_answers(source, what):
    request, status = ANSWERED[what]
    with source.connect(ident=os.urandom(16)) as connection:
        connection.advance("M4")  # no SETUP nor PLAY is due
        with source.cheap():
            connection.send(request)
            assert connection.answer().status == status


def test_thousand_pipelined_requests(source):
    """All answered, or cut off: every answer that comes is right."""
    with source.connect() as connection:
        connection.advance("M1")
        answers = []
        with source.cheap():
            send_all(connection, OPTIONS * 1000)
            with pytest.raises((Closed, TimeoutError)):
                while True:
                    answers.append(connection.receive(1 if len(answers) < 1000 else 0).status)
    assert len(answers) <= 1001 and answers[:-1] == [200] * (len(answers) - 1) and answers[-1] in (200, 400)
    source.answers_others()


def test_request_cut_in_two_at_each_byte(source):
    """Between the halves another connection is answered, so that both were read apart."""
    with source.connect(ident=os.urandom(16)) as connection, source.connect(ident=os.urandom(16)) as other:
        connection.advance("M4")
        other.advance("M4")
        for cut in range(1, len(OPTIONS)):
            connection.send(OPTIONS[:cut])
            other.request("OPTIONS", "*")
            assert other.answer().status == 200
            connection.send(OPTIONS[cut:])
            assert connection.answer().status == 200, cut


def test_request_byte_by_byte(source):
    with source.connect() as connection:
        connection.advance("M1")
        with source.cheap():
            for i in range(len(OPTIONS)):
                connection.send(OPTIONS[i:i + 1])
            assert connection.answer().status == 200


@pytest.mark.parametrize("method", ["TEARDOWN", "PAUSE", "PLAY", "GET_PARAMETER", "SET_PARAMETER"])
def test_session_of_another_connection(source, method):
    with source.connect(ident=b"v" * 16) as victim, source.connect(ident=b"t" * 16) as thief:
        victim.advance("PLAYING")
        thief.advance("PLAYING")
        thief.request(method, STREAM, Session=victim.session)
        assert thief.answer().status == 454
        victim.request("GET_PARAMETER", "rtsp://localhost/wfd1.0", Session=victim.session)
        assert victim.answer().status == 200
        assert [row["state"] for row in source.daemon.status()["sessions"]] == ["playing"] * 2


@pytest.mark.parametrize("transport", ["client_port=99999", "client_port=0", "client_port=65535-65536", "client_port=-5",
                                       "client_port=1-99999", "client_port=", "client_port=abc", "multicast;port=5000",
                                       "client_port=19000-19001;ttl=-5"])
def test_impossible_transport(source, transport):
    with source.connect(ident=os.urandom(16)) as connection:
        connection.advance("M5")
        connection.reply(connection.pending)
        value = transport if transport.startswith("multicast") else f"unicast;{transport}"
        connection.request("SETUP", STREAM, Transport=f"RTP/AVP/UDP;{value}")
        assert connection.answer().status in (400, 461)


def test_slow_loris_and_idle_connections(source):
    """200 connections that say a byte now and then, and 4 that say nothing: over in 10 s; others are answered."""
    start = time.monotonic()
    with contextlib.ExitStack() as held:
        loris = [held.enter_context(source.connect(local=address)) for address in source.ADDRESSES for _ in range(4)]
        idle = [held.enter_context(source.connect(local=source.peer.address)) for _ in range(4)]
        rounds = 0
        with source.cheap(connections=len(loris)):
            while rounds < len(OPTIONS) - 1 and time.monotonic() - start < 3:
                for connection in loris:
                    with contextlib.suppress(Closed):
                        connection.send(OPTIONS[rounds:rounds + 1])
                rounds += 1
                source.answers_others()
        assert rounds > 3
        for connection in [*loris, *idle]:
            assert connection.is_closed(max(0.1, MAX_HALF_OPEN - (time.monotonic() - start)))
    wait_for(source.idle, 2, "no session is left")


def test_what_is_buffered_is_bounded(source):
    """Before the allocator had anything in store: it is that much, and no more."""
    connections = len(source.ADDRESSES)
    assert connections * MAX_BUFFERED / 2 < source.first_filled < connections * MAX_BUFFERED


def test_mutated_conversations_with_the_source(source):
    """Seeded; every 50 a clean one goes all the way."""
    playing = 0
    for seed in range(CONVERSATIONS):
        rng = random.Random(seed)
        ident = rng.randbytes(16) if rng.random() < 0.9 else None
        try:
            with source.connect(ident=ident, mutate=mutator(rng)) as connection:
                connection.advance("PLAYING", 0.01)
                playing += 1
        except (Closed, TimeoutError, ValueError, KeyError, IndexError, AttributeError):
            pass
        if seed % 50 == 49:
            with source.connect(ident=b"clean" * 3 + b"!") as connection:
                connection.advance("PLAYING")
            source.answers_others()
            assert source.grown() < MAX_GROWTH, seed
    assert playing > CONVERSATIONS / 20, "conversations get somewhere"
    wait_for(source.idle, 20, "no session is left")


def test_source_is_as_it_was(source):
    """After all of the above."""
    wait_for(source.idle, 20, "no session is left")
    assert source.grown() < MAX_GROWTH
    # The daemon may not have seen the end of the last wfdctl yet.
    wait_for(lambda: descriptors(source.pid) <= source.files, 5, "all descriptors are closed again")
    assert source.daemon.process.poll() is None


def test_playing_sinks_do_not_notice(lab):
    stage = Stage(lab, **{"log.level": "info"})
    with stage.witness_undisturbed():
        for garbage in CLOSED.values():
            with ScriptedSink(stage.peer) as connection:
                send_all(connection, garbage)


class AttackedSink(Target):
    def __init__(self, lab):
        super().__init__(Daemon(lab.node("sink", 11), "sink", "Sink",
                                **{"sink.output": "null:", "log.level": "info"}), lab.node("peer", 66))
        self.hostile = ScriptedSource(self.peer, self.peer.address).find("10.77.0.11")
        self.warm_up(self.talks)

    def connect(self, **how):
        return self.hostile.connect(**how)

    def talks(self):
        """A clean conversation, as far as the sink's answer to M3."""
        with self.connect() as connection:
            connection.request("OPTIONS", "*", Require=WFD)
            while not (received := connection.receive()).is_response:
                connection.reply(received, Public=WFD)
            connection.request("GET_PARAMETER", "rtsp://localhost/wfd1.0", "wfd_client_rtp_ports\r\n")
            while not (received := connection.receive()).is_response:
                connection.reply(received, Public=WFD)
            assert "wfd_client_rtp_ports: RTP/AVP/UDP;unicast" in received.body
        return True


@pytest.fixture(scope="module")
def sink():
    with Lab() as lab:
        attacked = AttackedSink(lab)
        yield attacked
        attacked.hostile.close()


@pytest.mark.parametrize("what", CLOSED)
def test_sink_closes(sink, what):
    with sink.connect() as connection:
        with sink.cheap():
            send_all(connection, CLOSED[what])
            assert connection.is_closed(2)
    assert sink.talks() and sink.grown() < MAX_GROWTH


def test_mutated_conversations_with_the_sink(sink):
    playing = 0
    for seed in range(CONVERSATIONS):
        rng = random.Random(seed)
        try:
            with sink.connect(mutate=mutator(rng)) as connection:
                for request in play_source(connection, 0.01):
                    playing += request.start.startswith("PLAY")
        except (Closed, TimeoutError, ValueError, KeyError, IndexError, AttributeError):
            pass
        if seed == WARM:
            sink.warm_up(sink.talks)
        if seed % 50 == 49:
            assert sink.talks() and sink.grown() < MAX_GROWTH, seed
    assert playing > CONVERSATIONS / 20, "conversations get somewhere"
    wait_for(lambda: not sink.daemon.status()["sessions"], 5, "the sink is free again")
    # The daemon may not have seen the end of the last wfdctl yet.
    wait_for(lambda: descriptors(sink.pid) <= sink.files, 5, "all descriptors are closed again")
    assert sink.daemon.process.poll() is None
