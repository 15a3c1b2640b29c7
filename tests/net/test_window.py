"""A sink's window and a source's monitor: what a person does with the picture, with a real X server and pointer."""
import os
import shutil
import subprocess

import pytest

from lab import BIN, ROOT, Daemon, wait_for
from test_input import Monitor, holds

CLIP = ROOT / "media" / "clip" / "test.ts"
needed = [program for program in ("Xvfb", "xdotool") if not shutil.which(program)]
pytestmark = [pytest.mark.skipif(bool(needed), reason=f"no {', '.join(needed)}"),
              pytest.mark.skipif(not (BIN / "wfd-render").exists(), reason="wfd-render is not built")]


def test_keys_and_pointer_of_the_window_reach_the_source(lab, x_server):
    def xdotool(*arguments):
        return subprocess.run(["xdotool", *map(str, arguments)], env={**os.environ, "DISPLAY": x_server}, check=False,
                              capture_output=True, text=True)

    source = Daemon(lab.node("source", 1), "source", "Source",
                    **{"source.connect": "all", "source.input": f"file:{CLIP}", "source.input_from": "Screen"})
    monitor = Monitor(source)
    render = f"DISPLAY={x_server} exec {BIN / 'wfd-render'} --input --no-audio --video-sink ximagesink"
    sink = Daemon(lab.node("sink", 11), "sink", "Screen", **{"sink.output": f"exec:{render}"})
    holds(source, "Screen")
    window = wait_for(lambda: xdotool("search", "--onlyvisible", "--name", "wfd-render").stdout.split(), 10, "a window")[-1]
    # The window has the size of the picture, so that a place in it is one in the picture.
    width, height = map(int, sink.status()["sessions"][0]["video"].split("p")[0].split("x"))
    geometry = wait_for(lambda: (text := xdotool("getwindowgeometry", window).stdout) and f"{width}x{height}" in text
                        and text, 10, "the window has the size of the picture")
    assert "Position: 0,0" in geometry
    xdotool("mousemove", "--window", window, 100, 60)
    monitor.wait("input", kind="pointer", action="move", x=100, y=60)
    xdotool("mousedown", 1)
    monitor.wait("input", kind="pointer", action="down", x=100, y=60)
    xdotool("mouseup", 1)
    monitor.wait("input", kind="pointer", action="up")
    xdotool("click", 3)
    monitor.wait("input", kind="button", button="right", press="up")
    xdotool("click", 5)
    monitor.wait("input", kind="scroll", notches=-1)
    xdotool("key", "exclam")
    monitor.wait("input", kind="key", key="1", press="down")
    xdotool("key", "F5")
    monitor.wait("input", kind="key", key="F5", press="up")
