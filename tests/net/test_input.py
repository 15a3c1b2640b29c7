"""Touch, mouse and keys of sinks (UIBC), from the program that shows the picture to the source's monitor.

    [source 10.77.0.1] -- bridge br0 -- [sink1 10.77.0.11] [sink2 10.77.0.12] [stranger 10.77.0.66]

Where a kernel has no /dev/uinput the source says so, and `monitor` is all that sees the input.
"""
import json
import pathlib
import socket
import threading

import pytest

from lab import ROOT, Daemon, wait_for
from paired_lab import Board, introduce
from rtsp_peer import ScriptedSink, tcp_socket

CLIP = f"file:{ROOT / 'media' / 'clip' / 'test.ts'}"
PORT = 7240
TOUCH = bytes.fromhex("0000000e00000601000280016800")


class Screen:
    """What a sink's output does: takes the stream, and tells what is typed into `typed`."""

    def __init__(self, lab, name):
        self.lines = pathlib.Path(lab.directory) / f"{name}.lines"
        self.lines.touch()
        self.output = f"exec:tail -n +1 -f {self.lines} & exec cat >/dev/null"

    def type(self, *lines):
        with self.lines.open("a") as file:
            file.write("".join(line + "\n" for line in lines))


class Monitor:
    """The events of a daemon, from now on."""

    def __init__(self, daemon):
        self.events = []
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(daemon.socket))
        connection.sendall(b'{"jsonrpc": "2.0", "id": 1, "method": "monitor"}\n')
        self.lines = connection.makefile()
        assert "subscribed" in self.lines.readline()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.lines:
            note = json.loads(line)
            self.events.append({"event": note["method"], **note["params"]})

    def of(self, event, **fields):
        return [e for e in list(self.events) if e["event"] == event and fields.items() <= e.items()]

    def wait(self, event, timeout=5, **fields):
        wait_for(lambda: self.of(event, **fields), timeout, lambda: f"{event} {fields}; there is {self.events[-5:]}")


def holds(source, name):
    wait_for(lambda: (status := source.status()["input"])["holder"] == name and status["connected"] is (name is not None),
             5, lambda: f"{name} holds the input and is connected, not {source.status()['input']}")


def is_closed(node):
    with tcp_socket(node) as sock:
        return sock.connect_ex(("10.77.0.1", PORT)) != 0


def is_shut_out(node):
    """Whether the source closes a connection to its port for input, and says nothing."""
    with tcp_socket(node) as sock:
        sock.settimeout(5)
        try:
            sock.connect(("10.77.0.1", PORT))
            sock.sendall(TOUCH)
            return sock.recv(100) == b""
        except ConnectionError:
            return True


@pytest.fixture
def desk(lab):
    """A source that takes the input of two sinks, which play."""
    screens, sinks = [Screen(lab, "sink1"), Screen(lab, "sink2")], []
    source = Daemon(lab.node("source", 1), "source", "Source",
                    **{"source.connect": "none", "source.input": CLIP, "source.input_from": "Sink 1,Sink 2"})
    for number, screen in enumerate(screens, 1):
        sinks.append(Daemon(lab.node(f"sink{number}", 10 + number), "sink", f"Sink {number}",
                            **{"sink.output": screen.output}))
    return source, sinks, screens


def test_one_sink_holds_the_input_at_a_time(lab, desk):
    source, sinks, screens = desk
    monitor = Monitor(source)
    for sink in sinks:
        wait_for(lambda: any(peer["name"] == sink.name for peer in source.ask("peers")), 5, sink.name)
        source.ctl("connect", sink.name)
    holds(source, "Sink 1")
    assert {s["name"]: s["input"] for s in source.status()["sessions"]} == {"Sink 1": "holds", "Sink 2": "offered"}

    screens[0].type("key down a", "pointer down 0 100 50", "pointer move 0 101 50")
    monitor.wait("input", name="Sink 1", kind="key", key="a", press="down")
    monitor.wait("input", name="Sink 1", kind="pointer", action="move", x=101, y=50)

    stranger = lab.node("stranger", 66)
    assert is_shut_out(stranger)
    assert is_shut_out(sinks[1].node), "a sink that does not hold the input"
    assert all(is_shut_out(stranger) for _ in range(20))
    assert source.status()["input"]["strangers"] == 22
    assert source.log_text().count(f"{stranger.address}:") == 1, "a stranger is a line of the log a minute, however often"

    screens[1].type("key down b")  # nobody has enabled it: it asks
    monitor.wait("input_asked", name="Sink 2")
    assert source.ctl("input", "Sink 2").stdout == "Sink 2: holds the input\n"
    monitor.wait("input", name="Sink 1", kind="key", key="a", press="up")  # what was held is let go
    monitor.wait("input", name="Sink 1", kind="pointer", action="up")
    holds(source, "Sink 2")
    screens[1].type("key down c")
    monitor.wait("input", name="Sink 2", kind="key", key="c", press="down")
    assert not monitor.of("input", key="b")

    sinks[1].kill()
    monitor.wait("input", name="Sink 2", kind="key", key="c", press="up")
    holds(source, None)  # a person has decided: Sink 1 does not get it by itself
    assert source.ctl("input", "Sink 1").returncode == 0
    holds(source, "Sink 1")
    assert source.ctl("input", "none").stdout == "nobody holds the input\n"
    holds(source, None)

    source.ctl("disconnect", "--all")
    wait_for(lambda: is_closed(stranger), 5, "the port for input is closed")
    if not pathlib.Path("/dev/uinput").exists():
        assert source.status()["input"]["note"].startswith("/dev/uinput: No such file"), source.status()["input"]


def test_asked_for_it_a_person_gives_it(desk):
    source, sinks, screens = desk
    source.stop()
    source.settings["source.input_from"] = "ask"
    source.start()
    monitor = Monitor(source)
    wait_for(lambda: len(source.ask("peers")) == 2, 5, "both sinks")
    source.ctl("connect", "Sink 1")
    sinks[0].wait_state("Source", "playing")  # the source may know that a moment earlier
    assert sinks[0].status()["input"]["offered"]
    screens[0].type("key down a", "key up a")
    monitor.wait("input_asked", name="Sink 1")
    assert source.status()["input"]["holder"] is None
    source.ctl("input", "Sink 1")
    holds(source, "Sink 1")
    screens[0].type("key down z", "scroll vertical -2")
    monitor.wait("input", kind="scroll", axis="vertical", notches=-2)
    assert not monitor.of("input", key="a")


def test_who_asks_often_is_heard_once_a_second(lab):
    source = Daemon(lab.node("source", 1), "source", "Source",
                    **{"source.connect": "all", "source.input": CLIP, "source.input_from": "ask"})
    monitor, often = Monitor(source), 100
    able = "wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=Mouse;hidc_cap_list=none;port=none\r\n"
    with ScriptedSink(lab.node("sink1", 11)) as sink:
        sink.advance("PLAYING")
        with sink.glued():
            for body in [able] * often + ["wfd_uibc_setting: enable\r\n"] * often:
                sink.request("SET_PARAMETER", sink.url, body, Session=sink.session)
        heard = [sink.receive()]
        while sum(message.is_response for message in heard) < 2 * often:
            heard.append(sink.receive())
        assert all(message.status == 200 for message in heard if message.is_response)
        told = [message.body for message in heard]
        assert sum("wfd_uibc_capability" in body for body in told) == 1, "what it knows already is not told again"
        assert sum("wfd_uibc_setting: disable" in body for body in told) < often / 10
    monitor.wait("input_asked")
    assert len(monitor.of("input_asked")) < often / 10
    assert source.log_text().count("asks for the input") < often / 10


def test_off_by_default_nothing_is_offered_and_no_port_is_open(lab, sinks):
    source = Daemon(lab.node("source", 1), "source", "Source", **{"source.connect": "all", "source.input": CLIP})
    sink, = sinks(1, **{"sink.output": Screen(lab, "sink1").output})
    source.wait_state("Sink 1", "playing")
    assert sink.status()["input"] == {"offered": False, "enabled": False, "connected": False, "events": 0, "devices": 0}
    assert is_closed(sink.node)
    refused = source.ctl("input", "Sink 1", check=False)
    assert (refused.returncode, refused.stderr) == (1, 'wfdctl: input: source.input_from is "none"\n')


def test_paired_only_with_the_right_and_inside_tls(lab):
    screen = Screen(lab, "sink1")
    source = Board(lab.node("source", 1), "source", "Source",
                   **{"source.input": CLIP, "source.input_from": "Lobby"})
    lobby = Board(lab.node("sink1", 11), "sink", "Lobby", **{"sink.output": screen.output})
    monitor = Monitor(source)
    introduce(source, lobby)
    source.wait_state("Lobby", "playing")
    assert not lobby.status()["input"]["offered"], "it has no right to input"
    source.trust(lobby, "--rights", "may-show,may-watch,may-input")
    source.ctl("disconnect", "Lobby")
    source.ctl("connect", "Lobby")
    holds(source, "Lobby")
    screen.type("key down Return")
    monitor.wait("input", name="Lobby", key="Return", press="down")
    assert is_shut_out(lobby.node), "its address is not enough"
    lobby.stop()
    monitor.wait("input", name="Lobby", key="Return", press="up")
