"""A source that is none of ours shows its screen on our sink: gnome-network-displays from Debian.

    [gnome-network-displays 10.77.0.1, on an X server without a screen] -- bridge br0 -- [sink 10.77.0.11]

Its dummy display makes it listen on 7236; our sink connects there because an invitation says so.
"""
import json
import os
import shutil

import pytest

from lab import Daemon, run, wait_for
from rtsp_dissector import check
from rtsp_peer import ScriptedSource
from wire import Capture

PROGRAM = "gnome-network-displays"
PACKETS = 50
missing = [name for name in (PROGRAM, "Xvfb", "xdotool", "dbus-run-session") if not shutil.which(name)]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)}")


def listens(node):
    return ":7236" in node.run("ss", "-Hltn").stdout


@pytest.fixture
def foreign(lab, x_server, tmp_path):
    """The program, after a click on its dummy display."""
    node = lab.node("foreign", 1)
    environment = {**os.environ, "DISPLAY": x_server, "GDK_BACKEND": "x11", "GSK_RENDERER": "cairo",
                   "NETWORK_DISPLAYS_DUMMY": "1", "NO_AT_BRIDGE": "1", "HOME": str(tmp_path),
                   "XDG_RUNTIME_DIR": str(tmp_path)}
    with open(lab.directory / "foreign.log", "wb") as log:
        node.start("dbus-run-session", "--", PROGRAM, stdout=log, stderr=log, env=environment)

    def xdotool(*arguments):
        return run("env", f"DISPLAY={x_server}", "xdotool", *arguments, check=False).stdout

    window = wait_for(lambda: xdotool("search", "--onlyvisible", "--name", "Network Displays").split(), 30,
                      "its window")[-1]

    def chosen():  # its list is filled some time after the window is there
        xdotool("mousemove", "--window", window, 300, 120, "click", 1)
        return listens(node)

    wait_for(chosen, 20, f"it listens; see {lab.directory}/foreign.log")
    return node


def test_gnome_network_displays_shows_its_screen_on_our_sink(lab, foreign, tmp_path):
    """Its answer to SETUP takes seconds, in which it starts its encoder. An empty screen makes ten packets a second."""
    output = tmp_path / "out.ts"
    sink = Daemon(lab.node("sink", 11), "sink", "Screen", **{"sink.output": f"file:{output}"})
    with ScriptedSource(foreign, "10.77.0.1", listens=False) as source, Capture(foreign.space) as capture:
        source.find("10.77.0.11").invite()
        sink.wait_state("Scripted", "playing", 30)
        wait_for(lambda: sink.stream()["packets_received"] >= PACKETS, 30, f"{PACKETS} packets of its stream")
        check(capture, 14)
    assert sink.stream()["packets_lost"] == 0
    session, = sink.status()["sessions"]
    assert session["video"].startswith("1920x1080"), session
    sink.stop()
    streams = json.loads(run("ffprobe", "-v", "error", "-of", "json", "-show_streams", output).stdout)["streams"]
    assert [(stream["codec_name"], stream["width"]) for stream in streams] == [("h264", 1920)], streams
