"""Sizes, memory and wake-ups against the budgets of a small board; the programs of $WFD_BIN, open mode."""
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from lab import BIN, ROOT, Daemon, Lab, run, wait_for
from measure import own_bytes, resident_bytes

CLIP = ROOT / "media" / "clip" / "test.ts"
MIB = 1024 * 1024
SINKS = 16
WATCHED = 10  # seconds of idling, or of streaming


class Report:
    def __init__(self):
        self.over = False

    def line(self, what, value, unit, budget=None, aim=None):
        """A budget must be kept; an aim that is missed is only said."""
        verdict = "" if budget is None else f"   budget {budget:g}" + ("   OVER" if value > budget else "")
        verdict += "" if aim is None else f"   aim {aim:g}" + ("   MISSED" if value > aim else "")
        self.over |= budget is not None and value > budget
        print(f"{what:<52}{value:>9.2f} {unit}{verdict}", flush=True)


def stripped_size(strip, *programs):
    with tempfile.TemporaryDirectory() as directory:
        for program in programs:
            run(strip, "-o", f"{directory}/{program.name}", program)
        return sum(path.stat().st_size for path in pathlib.Path(directory).iterdir())


def wake_ups(pid):
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])


def pid_of(daemon):
    """`ip netns exec` becomes the daemon, so the process that we started is it."""
    assert pathlib.Path(f"/proc/{daemon.process.pid}/comm").read_text().strip() == "wfdd"
    return daemon.process.pid


def sizes(report):
    for name, directory, strip, budget in (("amd64", BIN, "strip", None),
                                           ("armhf", ROOT / "build/armhf/bin", "arm-linux-gnueabihf-strip", 2.5)):
        if (directory / "wfdd").exists():
            size = stripped_size(strip, directory / "wfdd", directory / "wfdctl")
            report.line(f"{name}: wfdd + wfdctl, stripped", size / MIB, "MiB", budget)


def idle_sink(report, lab):
    sink = Daemon(lab.node("idle", 99), "sink", "Idle", **{"sink.output": "null:", "log.level": "info"})
    before = wake_ups(pid_of(sink))
    time.sleep(WATCHED)  # the time that is measured
    report.line("idle sink: wake-ups", (wake_ups(pid_of(sink)) - before) / WATCHED, "a second", 3)
    # Now it is idle: the files' pages of its start are forgotten.
    report.line("idle sink: resident", resident_bytes(pid_of(sink)) / MIB, "MiB", 6)
    report.line("idle sink: private pages", own_bytes(pid_of(sink)) / MIB, "MiB", 3)
    sink.stop()


def busy_source(report, lab):
    source = Daemon(lab.node("source", 1), "source", "Source",
                    **{"source.connect": "all", "source.input": f"file:{CLIP}", "log.level": "info"})
    for number in range(SINKS):
        Daemon(lab.node(f"s{number}", 11 + number), "sink", f"Sink {number}", **{"sink.output": "null:"})
    wait_for(lambda: list(source.session_states().values()) == ["playing"] * SINKS, 60, f"{SINKS} sinks play")
    time.sleep(WATCHED)  # it streams, and has forgotten the files' pages of its start
    report.line(f"source with {SINKS} sinks: resident", resident_bytes(pid_of(source)) / MIB, "MiB", 12)
    report.line(f"source with {SINKS} sinks: private pages", own_bytes(pid_of(source)) / MIB, "MiB")


def start_time(report, lab):
    """From exec to the first answer of the control socket, which is there when READY=1 goes out."""
    node = lab.node("starter", 98)
    socket = lab.directory / "start.sock"
    started = time.monotonic()
    process = node.start(BIN / "wfdd", "--set", "role=sink", "--set", f"control.socket={socket}", "--set",
                         f"state.directory={lab.directory}/start", "--set", "security.mode=open", stderr=subprocess.DEVNULL)
    wait_for(socket.exists, 10, "wfdd listens")
    report.line("start to the control socket", (time.monotonic() - started) * 1000, "ms", aim=50)
    process.terminate()
    process.wait()


def main():
    report = Report()
    sizes(report)
    with Lab() as lab:
        idle_sink(report, lab)
        busy_source(report, lab)
        start_time(report, lab)
    return 1 if report.over else 0


if __name__ == "__main__":
    sys.exit(main())
