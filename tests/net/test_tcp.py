"""The classic troubles of a TCP server, each by its name, at the source's RTSP port; a real sink plays meanwhile."""
import os
import select
import signal
import socket
import time

import pytest

from lab import Daemon, Lab, wait_for
from measure import cpu_seconds, descriptors, resident_bytes
from rtsp_peer import WFD, Closed, ScriptedSink, ScriptedSource, message, reset, tcp_socket
from witness import CLIP, Stage

STATES = ScriptedSink.ORDER
NOTICED = 10 + 2  # rtsp.timeout, and a little for the machine


@pytest.fixture(scope="module")
def stage():
    with Lab() as lab:
        yield Stage(lab)


def sink_in(stage, state, number=0):
    """A scripted sink that has come as far as `state`."""
    return ScriptedSink(stage.peer, ident=bytes([number]) * 16).advance(state)


def alive(stage):
    """A new connection gets its M1."""
    with ScriptedSink(stage.peer) as probe:
        probe.advance("M1")
    return True


def test_connection_aborted_before_accept(stage):
    with stage.witness_undisturbed():
        os.kill(stage.pid, signal.SIGSTOP)
        try:
            for _ in range(20):
                sock = tcp_socket(stage.peer)
                sock.connect(("10.77.0.1", 7236))
                reset(sock)
        finally:
            os.kill(stage.pid, signal.SIGCONT)
        assert alive(stage)
        stage.wait_gone(stage.peer, 2)


@pytest.mark.parametrize("end", ["close", "reset"])
def test_peer_process_dies_in_each_state(stage, end):
    with stage.witness_undisturbed():
        for state in STATES:
            sink = sink_in(stage, state)
            assert stage.sessions_of(stage.peer), state
            getattr(sink, end)()
            stage.wait_gone(stage.peer, 2)


def test_write_to_a_closed_peer(stage):
    """FIN and RST are there before the answer is written: EPIPE, and no SIGPIPE."""
    sinks = [sink_in(stage, state, number) for number, state in enumerate(STATES)]
    os.kill(stage.pid, signal.SIGSTOP)
    try:
        for sink in sinks:
            sink.request("OPTIONS", "*")
            sink.sock.shutdown(socket.SHUT_WR)
            sink.reset()
    finally:
        os.kill(stage.pid, signal.SIGCONT)
    stage.wait_gone(stage.peer, 2)
    assert stage.source.process.poll() is None and alive(stage)


def test_host_vanishes_in_each_state(stage):
    with stage.witness_undisturbed():
        sinks = [sink_in(stage, state, number) for number, state in enumerate(STATES)]
        stage.peer.vanish()
        try:
            stage.wait_gone(stage.peer, NOTICED)
        finally:
            stage.peer.undrop()
            for sink in sinks:
                sink.reset()


def test_host_reboots_in_each_state(stage):
    """The new kernel knows no such connection, and answers RST."""
    with stage.witness_undisturbed():
        sinks = [sink_in(stage, state, number) for number, state in enumerate(STATES)]
        stage.peer.vanish()
        for sink in sinks:
            sink.reset()
        stage.peer.undrop()
        stage.wait_gone(stage.peer, NOTICED)


def test_half_open_connections_are_closed(stage):
    """Connected, and then silent: over within 10 s. Four at most of one address, the oldest goes first."""
    with stage.witness_undisturbed():
        start = time.monotonic()
        silent = [ScriptedSink(stage.peer).advance("M1") for _ in range(6)]
        assert len(stage.sessions_of(stage.peer)) == 4
        assert [sink.is_closed(0.1) for sink in silent[:3]] == [True, True, False]
        for sink in silent:
            assert sink.is_closed(10 - (time.monotonic() - start))
            sink.close()
        stage.wait_gone(stage.peer, 1)


def test_sink_that_never_reads(stage):
    """Its own buffer fills, and it is closed; the source stays as small as it was."""
    size = resident_bytes(stage.pid)
    with stage.witness_undisturbed():
        sink = sink_in(stage, "PLAYING")
        sink.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        question = message("OPTIONS * RTSP/1.0", CSeq=1, User_Agent="a" * 200).encode()
        deadline = time.monotonic() + 30
        with pytest.raises(Closed):
            while time.monotonic() < deadline:
                sink.send(question * 20)
        stage.wait_gone(stage.peer, 2)
        sink.close()
    assert resident_bytes(stage.pid) - size < 1024 * 1024


def test_interrupted_system_calls(stage):
    """SIGHUP again and again while pictures are sent and a session is negotiated."""
    with stage.witness_undisturbed():
        with ScriptedSink(stage.peer, ident=bytes(16)) as sink:
            for state in STATES:
                for _ in range(100):
                    os.kill(stage.pid, signal.SIGHUP)
                    os.kill(stage.witness.process.pid, signal.SIGHUP)
                sink.advance(state)
        stage.wait_gone(stage.peer, 2)


def test_messages_split(stage):
    """Byte by byte, the whole conversation."""
    class Slow(ScriptedSink):
        def send(self, data):
            for i in range(len(data)):
                super().send(data[i:i + 1])

    with Slow(stage.peer, ident=bytes(16)) as sink:
        sink.advance("PLAYING")


def test_messages_glued(stage):
    """M2 in one piece with the answer to M1; M6 with the answer to M5; M7 with questions and a keep-alive."""
    with ScriptedSink(stage.peer) as sink:
        sink.advance("M1")
        with sink.glued():
            sink.reply(sink.pending, Public=f"{WFD}, GET_PARAMETER, SET_PARAMETER")
            sink.request("OPTIONS", "*", Require=WFD)
        assert sink.answer().status == 200
        sink.pending, sink.at = sink.expect("GET_PARAMETER"), "M3"
        sink.advance("M5")
        with sink.glued():
            sink.step()  # the answer to M5, and M6
            sink.request("OPTIONS", "*", Require=WFD)
        sink.advance("M7")
        with sink.glued():
            sink.request("OPTIONS", "*", Require=WFD)
            sink.request("GET_PARAMETER", "rtsp://localhost/wfd1.0", Session=sink.session)
        assert [sink.answer().status for _ in range(4)] == [200] * 4  # to OPTIONS, PLAY, OPTIONS, GET_PARAMETER


@pytest.fixture(scope="module")
def idle_sink():
    with Lab() as lab:
        sink = Daemon(lab.node("sink", 11), "sink", "Sink", **{"sink.output": "null:"})
        with ScriptedSource(lab.node("source", 1), "10.77.0.1") as source:
            yield source.find("10.77.0.11"), sink


@pytest.mark.parametrize("how", ["split", "glued"])
def test_messages_to_a_sink(idle_sink, how):
    """M1, the answer to M2 and M3 in one piece, and byte by byte."""
    source, sink = idle_sink
    with source.connect() as connection:
        asked = (message("OPTIONS * RTSP/1.0", CSeq=1, Require=WFD)
                 + message("RTSP/1.0 200 OK", CSeq=1, Public=f"{WFD}, SETUP, TEARDOWN, PLAY, PAUSE")
                 + message("GET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0", "wfd_client_rtp_ports\r\n", CSeq=2))
        if how == "glued":
            connection.send(message("OPTIONS * RTSP/1.0", CSeq=0, Require=WFD))
            while connection.receive().is_response:  # until M2 came: only then may it be answered
                pass
            connection.send(asked)
        else:
            for byte in asked[:asked.index("RTSP/1.0 200")]:
                connection.send(byte)
            while connection.receive().is_response:
                pass
            for byte in asked[asked.index("RTSP/1.0 200"):]:
                connection.send(byte)
        while "wfd_client_rtp_ports: RTP/AVP/UDP;unicast" not in connection.receive().body:
            pass
    wait_for(lambda: not sink.status()["sessions"], 2, "the sink is free again")


@pytest.mark.parametrize("state", ["nothing", "M1", "M3"])
def test_source_dies_in_each_state(idle_sink, state):
    source, sink = idle_sink
    connection = source.connect()
    if state != "nothing":
        connection.request("OPTIONS", "*", Require=WFD)
        while not (received := connection.receive()).is_response:
            connection.reply(received, Public=f"{WFD}, SETUP, TEARDOWN, PLAY, PAUSE")
    if state == "M3":
        connection.request("GET_PARAMETER", "rtsp://localhost/wfd1.0", "wfd_client_rtp_ports\r\n")
        while not (received := connection.receive()).is_response:
            connection.reply(received, Public=f"{WFD}, SETUP, TEARDOWN, PLAY, PAUSE")
    connection.reset()

    def free():
        # A reset that comes before the sink has looked at its connection is a failed attempt: it tries again.
        if select.select([source.listener], [], [], 0)[0]:
            source.accept().reset()
        return not sink.status()["sessions"]
    wait_for(free, 5, "the sink is free again")


class PoorDaemon(Daemon):
    """A daemon that may have few descriptors."""
    LIMIT = 40

    def command(self):
        return ["prlimit", f"--nofile={self.LIMIT}:{self.LIMIT}", *super().command()]


def test_descriptors_exhausted():
    """No spinning meanwhile, and accept goes on afterwards."""
    with Lab() as lab:
        source = PoorDaemon(lab.node("source", 1), "source", "Source",
                            **{"source.connect": "all", "source.input": f"file:{CLIP}"})
        peer, pid, held = lab.node("peer", 66), source.process.pid, []
        while descriptors(pid) < PoorDaemon.LIMIT:
            held.append(ScriptedSink(peer, ident=bytes([len(held)]) * 16).advance("M5"))
        waiting = ScriptedSink(peer)
        with pytest.raises(TimeoutError):
            waiting.step(0.3)
        before, start = cpu_seconds(pid), time.monotonic()
        with pytest.raises(TimeoutError):
            waiting.step(1)
        assert cpu_seconds(pid) - before < 0.05 * (time.monotonic() - start)
        for sink in held[:4]:
            sink.close()
        waiting.advance("M5")
        for sink in [waiting, *held]:
            sink.close()
        assert source.status()["role"] == "source"
