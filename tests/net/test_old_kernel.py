"""The main job where every system call and socket option after Linux 3.18 is missing."""
import pathlib
import platform
import subprocess

import pytest

from lab import ROOT, Daemon, wait_for

LAUNCHER = pathlib.Path(__file__).with_name("old_kernel.py")
CLIP = ROOT / "media" / "clip" / "test.ts"

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the filter knows the numbers of x86-64 alone")


class OldDaemon(Daemon):
    def command(self):
        return ["/usr/bin/python3", "-IS", LAUNCHER, *super().command()]


def old_python(code):
    return subprocess.run(["/usr/bin/python3", "-IS", LAUNCHER, "/usr/bin/python3", "-IS", "-c", code], text=True,
                          capture_output=True, check=False).stdout


def test_the_filter_takes_away_what_is_newer():
    assert old_python("import os, errno\ntry: os.pidfd_open(os.getpid())\nexcept OSError as e: print(e.errno == errno.ENOSYS)") == \
        "True\n"
    assert old_python("""import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for level, option in (17, 103), (1, 61), (1, 7), (0, 10):
    try: s.getsockopt(level, option); print("there")
    except OSError: print("missing")""") == "missing\nmissing\nthere\nthere\n"


def test_two_sinks_play_and_a_child_is_reaped(lab):
    """The source's input is a child process, which dies once and is started again."""
    source = OldDaemon(lab.node("source", 1), "source", "Source",
                       **{"source.connect": "all", "stream.delivery": "multicast",
                          "source.input": f"exec:cat {CLIP}; sleep 1"})
    sinks = [OldDaemon(lab.node(f"sink{n}", 10 + n), "sink", f"Sink {n}", **{"sink.output": "null:"}) for n in (1, 2)]
    wait_for(lambda: source.session_states() == {"Sink 1": "playing", "Sink 2": "playing"}, 20, "both play")
    for sink in sinks:
        wait_for(lambda sink=sink: sink.stream()["packets_received"] > 100, 20, "packets arrive")
    wait_for(lambda: source.log_text().count("exited with 0") >= 2, 30, "the child was reaped and started again, twice")
    assert [daemon.stop() for daemon in (*sinks, source)] == [0, 0, 0]
