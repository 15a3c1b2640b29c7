"""Every input and every output once from end to end; children, loops, descriptors.

    [source 10.77.0.1] -- bridge br0 -- [sink 10.77.0.11]
"""
import json
import os
import pathlib
import shutil
import signal
import socket

import pytest

import ts
from lab import BIN, ROOT, Daemon, Lab, run, wait_for
from wire import inside

CLIP = ROOT / "media" / "clip" / "test.ts"
LIVE = f"ffmpeg -v error -re -stream_loop -1 -i {CLIP} -c copy -f mpegts"  # a live stream from elsewhere


class Net:
    def __init__(self, lab):
        self.lab = lab
        self.source_node, self.sink_node = lab.node("source", 1), lab.node("sink", 11)
        self.running = []

    def start(self, source_input=f"file:{CLIP}", output="null:", source=None, **settings):
        """A source and a sink; both ends go with the test."""
        sink = Daemon(self.sink_node, "sink", "Screen", **{"sink.output": output})
        self.running.append(sink)
        make = source or Daemon
        source = make(self.source_node, "source", "Source",
                      **{"source.connect": "none", "source.input": source_input, "source.bitrate": "2M", **settings})
        self.running.append(source)
        wait_for(lambda: source.ask("peers"), 3, "the sink is seen")
        return source, sink

    def stop(self):
        while self.running:
            daemon = self.running.pop()
            if daemon.process.poll() is None:
                assert daemon.stop() == 0


@pytest.fixture(scope="module")
def lab():
    with Lab() as lab:
        yield Net(lab)


@pytest.fixture
def net(lab):
    yield lab
    lab.stop()


def whole_packets(data):
    return data[:len(data) // ts.PACKET * ts.PACKET]


def shows(data):
    """Whether a recording has a key picture, more pictures, and sound."""
    stream = ts.Stream(whole_packets(data))
    return bool(stream.idr_times()) and len(stream.pes(ts.VIDEO_PID)) >= 20 and len(stream.pes(ts.AUDIO_PID)) >= 5


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def state_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def zombies(daemon):
    return [pid for pid in children(daemon.process.pid) if state_of(pid) == "Z"]


def ends_well(daemon):
    """Stops; its children are gone with it, whole process groups."""
    groups = children(daemon.process.pid)
    assert daemon.stop() == 0
    for group in groups:
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)


def feed_fifo(net, tmp_path):
    os.mkfifo(tmp_path / "in.fifo")
    net.source_node.start("sh", "-c", f"exec {LIVE} {tmp_path}/in.fifo -y")
    return f"fifo:{tmp_path}/in.fifo"


def feed_udp(net, _):
    net.source_node.start("sh", "-c", f"exec {LIVE} 'udp://127.0.0.1:5004?pkt_size=1316'")
    return "udp:127.0.0.1:5004"


INPUTS = {"file": lambda *_: f"file:{CLIP}", "fifo": feed_fifo, "udp": feed_udp,
          "exec": lambda *_: f"exec:exec {LIVE} -", "test": lambda *_: "test:"}


@pytest.mark.parametrize("kind", INPUTS)
def test_input(net, tmp_path, kind):
    url = INPUTS[kind](net, tmp_path)
    recording = tmp_path / "out.ts"
    source, sink = net.start(url, f"file:{recording}")
    source.ctl("connect", "Screen")
    wait_for(lambda: shows(recording.read_bytes()), 8, "key picture, pictures and sound at the output")
    assert source.stream()["input"] == url
    assert sink.stream()["packets_lost"] == 0
    ends_well(source)
    for process in net.source_node.processes:  # the feeders
        process.terminate()


class Reader:
    """What comes out at a FIFO or a UDP port, or a child wrote to a file."""

    def __init__(self, data):
        self.data, self.got = data, b""

    def __call__(self):
        self.got += self.data()
        return shows(self.got)


def out_fifo(_, tmp_path):
    path = tmp_path / "out.fifo"
    os.mkfifo(path)
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read():
        try:
            return os.read(fd, 1 << 20)
        except BlockingIOError:
            return b""
    return f"fifo:{path}", Reader(read)


def out_udp(net, _):
    with inside(net.sink_node.space):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        receiver.bind(("127.0.0.1", 5006))
    receiver.setblocking(False)

    def read():
        got = b""
        while True:
            try:
                got += receiver.recv(65536)
            except BlockingIOError:
                return got
    return "udp:127.0.0.1:5006", Reader(read)


def out_exec(_, tmp_path):
    report = tmp_path / "report.json"

    def decoded():
        try:
            figures = json.loads(report.read_text())
        except (OSError, ValueError):
            return False
        return figures["distinct_pictures"] >= 20 and figures["audio_seconds"] > 0.3 and figures["errors"] == 0
    return (f"exec:exec {BIN}/wfd-render --video-sink fakesink --audio-sink fakesink --report {report}", decoded)


def out_file(_, tmp_path):
    path = tmp_path / "out.ts"
    return f"file:{path}", lambda: path.exists() and shows(path.read_bytes())


OUTPUTS = {"file": out_file, "fifo": out_fifo, "udp": out_udp, "exec": out_exec,
           "null": lambda *_: ("null:", lambda: True)}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_output(net, tmp_path, kind):
    url, arrived = OUTPUTS[kind](net, tmp_path)
    source, sink = net.start(output=url)
    source.ctl("connect", "Screen")
    wait_for(lambda: sink.stream()["packets_received"] > 100, 5, "the stream reaches the sink")
    wait_for(arrived, 10, "picture and sound at the output")
    stream = sink.stream()
    assert (stream["output"], stream["packets_lost"], stream["output_dropped_bytes"]) == (url, 0, 0)
    ends_well(sink)


def test_display_without_a_screen_is_said_and_tried_again(net):
    """Here is no display: wfd-render must say so, the session plays on, and nothing is left behind."""
    source, sink = net.start(output="display:")
    source.ctl("connect", "Screen")
    wait_for(lambda: "wfd-render" in sink.log_text() and "starting again in" in sink.log_text(), 10, "a clear line")
    assert sink.session_states() == {"Source": "playing"}
    wait_for(lambda: sink.stream()["output_dropped_bytes"] > 0, 5, "what nobody shows is counted")
    assert zombies(sink) == []
    ends_well(sink)


def test_a_killed_encoder_is_started_again_and_the_stream_goes_on(net, tmp_path):
    recording = tmp_path / "out.ts"
    source, sink = net.start(f"exec:exec {LIVE} -", f"file:{recording}")
    source.ctl("connect", "Screen")
    wait_for(lambda: shows(recording.read_bytes()), 8, "the stream runs")
    before, = children(source.process.pid)
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: children(source.process.pid) not in ([], [before]), 5, "another child")
    assert state_of(before) is None, "no zombie"
    assert "starting again in 0.5 s" in source.log_text()
    size = recording.stat().st_size
    wait_for(lambda: shows(recording.read_bytes()[size:]), 8, "the stream goes on")
    assert sink.session_states() == {"Source": "playing"}
    stream = ts.Stream(whole_packets(recording.read_bytes()))
    assert stream.continuity_errors() == [], "counters run on"


def test_a_killed_renderer_is_started_again(net, tmp_path):
    report = tmp_path / "pids"
    source, sink = net.start(output=f"exec:echo $$ >> {report}; exec cat > /dev/null")
    source.ctl("connect", "Screen")
    wait_for(lambda: sink.stream()["packets_received"] > 100, 5, "the stream runs")
    before, = children(sink.process.pid)
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: len(report.read_text().split()) == 2, 5, "another child")
    assert zombies(sink) == []
    assert sink.session_states() == {"Source": "playing"}


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def test_twenty_connections_leave_no_descriptor_and_no_zombie(net):
    source, sink = net.start(f"exec:exec {LIVE} -", "exec:exec cat > /dev/null")

    def connect_and_disconnect():
        source.ctl("connect", "Screen")
        wait_for(lambda: sink.stream()["packets_received"] > 0, 5, "it plays")
        assert zombies(source) == zombies(sink) == []
        source.ctl("disconnect", "Screen")
        wait_for(lambda: not children(source.process.pid) and not children(sink.process.pid), 5, "children end")
        wait_for(lambda: [peer["state"] for peer in source.ask("peers")] == ["available"], 5, "the sink is free")
    connect_and_disconnect()
    once = [descriptors(source), descriptors(sink)]
    for _ in range(19):
        connect_and_disconnect()
    # What closes a connection may be on its way.
    wait_for(lambda: descriptors(source) <= once[0] and descriptors(sink) <= once[1], 2, f"no more than {once}")


def test_a_file_loops_without_a_jump(net, tmp_path):
    short, recording = tmp_path / "short.ts", tmp_path / "out.ts"
    run("ffmpeg", "-v", "error", "-i", CLIP, "-t", "1", "-c", "copy", "-pcr_period", "40", short)
    source, sink = net.start(f"file:{short}", f"file:{recording}")
    source.ctl("connect", "Screen")
    clip = ts.Stream(short.read_bytes())
    pictures = len(clip.pes(clip.pids()[0], complete=True))
    shown = wait_for(lambda: (s := ts.Stream(whole_packets(recording.read_bytes())))
                     and len(s.pes(ts.VIDEO_PID)) > 3.2 * pictures and s, 10, "more than three passes")
    assert shown.continuity_errors() == []
    assert [packet for packet in shown.packets if packet.discontinuity] == []
    clocks = ts.steps(shown.pcrs(), ts.WRAP * 300)
    assert all(0 < step <= 27_000_000 // 10 for step in clocks), "PCR rises, at most 100 ms at a time"
    for pid, step in ((ts.VIDEO_PID, 1500), (ts.AUDIO_PID, None)):
        for times in ([pes.pts for pes in shown.pes(pid)], [pes.dts for pes in shown.pes(pid)]):
            strides = ts.steps(times)
            assert all(stride > 0 for stride in strides)
            assert max(strides) <= (2 * step if step else 2 * max(strides[:20])), "no gap where it begins again"
    # On the first pass the elementary payload goes out unchanged; so it does on the others.
    for theirs, ours in zip(clip.pids(), (ts.VIDEO_PID, ts.AUDIO_PID)):
        assert (clip.elementary(theirs, complete=True) * 5).startswith(shown.elementary(ours))


class WithoutCapture(Daemon):
    """A wfdd as it is installed where there is no GStreamer."""

    def command(self):
        home = self.directory / "installed"
        (home / "bin").mkdir(parents=True, exist_ok=True)
        (home / "share" / "wfdcast").mkdir(parents=True, exist_ok=True)
        shutil.copy(BIN / "wfdd", home / "bin")
        shutil.copy(CLIP, home / "share" / "wfdcast")
        return [home / "bin" / "wfdd", *super().command()[1:]]


def test_without_wfd_capture_test_plays_the_clip(net, tmp_path):
    recording = tmp_path / "out.ts"
    source, _ = net.start("test:", f"file:{recording}", source=WithoutCapture)
    assert "wfd-capture is neither in" in source.log_text() and "playing the clip" in source.log_text()
    source.ctl("connect", "Screen")
    wait_for(lambda: shows(recording.read_bytes()), 5, "the clip's picture and sound")
    assert source.status()["sessions"][0]["video"] == "640x480p60"
    assert children(source.process.pid) == []
