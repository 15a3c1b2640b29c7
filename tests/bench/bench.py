"""What the benchmarks share: pinned processes in the test lab's namespaces, exact CPU times, callgrind, tables.

CPU is the process's own time over all threads (/proc/PID/task/*/schedstat, exact ns) in a window in the middle.
The sender runs on cpu 0; receivers, and by RPS the soft-irq work of the bridge and of the receivers, on cpu 1, so
that a sender pays for its own stack only, as with a real network card. Instructions are callgrind's, as the
difference of two lengths, so that the start cancels out.
"""
import ctypes
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "net"))
os.environ.setdefault("WFD_BIN", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "bench" / "bin"))
from lab import BIN, ROOT, Daemon, Lab, run, wait_for  # noqa: E402
from paired_lab import Board  # noqa: E402

OUT = pathlib.Path(os.environ.get("WFD_BENCH_OUT", ROOT / "build" / "bench" / "figures"))
MEDIA = ROOT / "build" / "bench" / "media"
GROUP, PORT = "239.0.0.11", 15550              # wfdd's
PEER_GROUP, PEER_PORT = "239.0.0.12", 15560    # that of the peers
SENDER_CPU, RECEIVER_CPU = 0, 1
NICENESS = -10  # of everything measured, peers as well: the machine may have other work
DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # the most that is allowed here
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


# --- processes -------------------------------------------------------------------------------------------------------

def spawn(node, *command, cpu=RECEIVER_CPU, **kwargs):
    """A program in the node's namespace, pinned; `born` is the time right before exec, without the launcher's."""
    space = os.open(f"/run/netns/{node.space}", os.O_RDONLY)
    reading, writing = os.pipe()

    def prepare():
        if libc.setns(space, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.sched_setaffinity(0, {cpu})
        os.nice(NICENESS)
        os.write(writing, str(time.time()).encode())

    kwargs = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **kwargs}
    process = subprocess.Popen([str(part) for part in command], preexec_fn=prepare, **kwargs)
    process.born = float(os.read(reading, 64))
    for descriptor in (space, reading, writing):
        os.close(descriptor)
    node.processes.append(process)
    return process


def spawn_ready(node, *command, **kwargs):
    """A program that says "ready" in its first line."""
    process = spawn(node, *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **kwargs)
    line = process.stdout.readline()
    if line.strip() != "ready":
        raise RuntimeError(f"{command[0]} did not get ready: {line}")
    return process


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class BenchDaemon(Daemon):
    """A wfdd that is pinned, or runs under a tool."""

    def __init__(self, node, role, name=None, cpu=RECEIVER_CPU, under=(), **settings):
        self.prefix = ["taskset", "-c", str(cpu), "nice", "-n", str(NICENESS), *under]
        super().__init__(node, role, name, **{"log.level": "warning", **settings})

    def command(self):
        return ["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", *self.prefix, *super().command()]


class BenchBoard(BenchDaemon, Board):
    """The same in paired mode."""


class BenchLab(Lab):
    """The test lab, with the receivers' soft-irq work on their own cpu and a multicast route."""

    def node(self, name, number):
        node = super().node(name, number)
        steer = f"for f in /sys/class/net/%s/queues/rx-*/rps_cpus; do echo {1 << RECEIVER_CPU:x} > $f; done"
        node.run("sh", "-c", steer % "wlan0")
        self.bridge("sh", "-c", steer % node.port)
        node.run("ip", "route", "add", "224.0.0.0/4", "dev", "wlan0")
        return node


def load_client(lab_node, what, mode, sessions, parallel, addresses=None, cpu=RECEIVER_CPU, port=7236):
    process = spawn(lab_node, "prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", BIN / "session_load", what, mode, "10.77.0.1", port,
                    sessions, parallel, *(addresses or [lab_node.address]), cpu=cpu, stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE, text=True)
    return process


def one_viewer(node):
    """A session that plays and takes nothing: what makes a source stream."""
    process = load_client(node, "wfd", "hold", 1, 1)
    figures = json.loads(process.stdout.readline())
    if figures["failed"]:
        raise RuntimeError("the session that makes the source stream failed")
    return process


# --- figures ---------------------------------------------------------------------------------------------------------

def cpu_ns(pid):
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except OSError:  # the thread has ended
            pass
    return total


def whole_process(node, *command):
    """CPU seconds of a program from start to end, its wall seconds, and what it printed."""
    with tempfile.TemporaryFile("w+") as output:
        begin = time.monotonic()
        process = spawn(node, *command, cpu=SENDER_CPU, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"{command[0]}: exit {process.returncode}")
        output.seek(0)
        return usage.ru_utime + usage.ru_stime, took, output.read()


def rss_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def port_packets(lab, node):
    """Packets that a node has sent into the bridge. One that the kernel cuts (UDP_SEGMENT) counts once here."""
    link = json.loads(lab.bridge("ip", "-j", "-s", "link", "show", node.port).stdout)[0]
    return link["stats64"]["rx"]["packets"]


def received(node):
    """Datagrams that programs on the node have read."""
    lines = [line.split() for line in node.run("cat", "/proc/net/snmp").stdout.splitlines() if line.startswith("Udp:")]
    return int(lines[1][lines[0].index("InDatagrams")])


def cpu_per_packet(pid, packets, seconds):
    """CPU us a packet, and the packets a second, over a window."""
    before, count, start = cpu_ns(pid), packets(), time.monotonic()
    time.sleep(seconds)  # the window
    spent, sent, length = cpu_ns(pid) - before, packets() - count, time.monotonic() - start
    if sent == 0:
        raise RuntimeError("nothing was sent in the window")
    return spent / 1000 / sent, sent / length, spent / 1e7 / length


def cpu_percent(pid, seconds):
    before, start = cpu_ns(pid), time.monotonic()
    time.sleep(seconds)  # the window
    return (cpu_ns(pid) - before) / 1e7 / (time.monotonic() - start)


CALLGRIND = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")


def instructions_of(output):
    """What valgrind says at its end."""
    found = re.search(r"Collected : (\d+)", output)
    if not found:
        raise RuntimeError(f"callgrind gave no count:\n{output[-2000:]}")
    return int(found[1])


def count_instructions(node, *command, timeout=300):
    process = spawn(node, *CALLGRIND, *command, cpu=SENDER_CPU, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    output, errors = process.communicate(timeout=timeout)
    return instructions_of(errors), output


class Table:
    """Rows of named figures; a figure is a list of samples, shown as median and spread."""

    def __init__(self, name, title, how, columns):
        self.name, self.title, self.how, self.columns, self.rows = name, title, how, columns, []

    def add(self, what, *figures):
        self.rows.append((what, [list(f) if isinstance(f, (list, tuple)) else [] if f is None else [f] for f in figures]))
        print(f"  {what}: " + ", ".join(f"{column} {show(samples)}" for column, samples in
                                        zip(self.columns, self.rows[-1][1]) if samples), flush=True)

    def median(self, what, column):
        for name, figures in self.rows:
            if name == what and figures[self.columns.index(column)]:
                return statistics.median(figures[self.columns.index(column)])
        return None

    def markdown(self):
        lines = [f"### {self.title}", "", self.how, "", "| | " + " | ".join(self.columns) + " |",
                 "|---|" + "---|" * len(self.columns)]
        lines += ["| " + " | ".join([what, *(show(samples) for samples in figures)]) + " |"
                  for what, figures in self.rows]
        return "\n".join(lines) + "\n"

    def json(self):
        return {"title": self.title, "how": self.how,
                "rows": [{"what": what, **dict(zip(self.columns, figures))} for what, figures in self.rows]}


def number(value):
    if isinstance(value, str):
        return value
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def show(samples):
    if not samples:
        return ""
    if isinstance(samples[0], str) or len(samples) == 1:
        return number(samples[0])
    return f"{number(statistics.median(samples))} ({number(min(samples))}-{number(max(samples))})"


# --- media -----------------------------------------------------------------------------------------------------------

# name: video bitrate, seconds, size, pictures a second
CLIPS = {"10M": ("9700k", 30, "1280x720", 30), "50M": ("48500k", 20, "1280x720", 30),
         "50M-short": ("48500k", 2, "1280x720", 30), "slow": ("60k", 600, "640x480", 60)}


def clip(name):
    """An MPEG-TS of noise and a tone: two seconds are encoded, and repeated with running timestamps."""
    path = MEDIA / f"{name}.ts"
    if path.exists():
        return path
    MEDIA.mkdir(parents=True, exist_ok=True)
    rate, seconds, size, pictures = CLIPS[name]
    noise = ",noise=alls=60:allf=t" if name != "slow" else ""
    part = MEDIA / f"{name}.part.ts"
    run("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={pictures}{noise}", "-f", "lavfi",
        "-i", "sine=frequency=440:sample_rate=48000", "-t", 2, "-c:v", "libx264", "-preset", "ultrafast", "-tune",
        "zerolatency", "-profile:v", "baseline", "-level", "4.2", "-g", pictures, "-b:v", rate, "-minrate", rate,
        "-maxrate", rate, "-bufsize", f"{int(rate[:-1]) // 10}k", "-x264-params", "nal-hrd=cbr:scenecut=0", "-c:a", "aac",
        "-b:a", "128k" if name != "slow" else "32k", "-ac", 2, "-f", "mpegts", "-mpegts_flags", "+resend_headers", part)
    run("ffmpeg", "-v", "error", "-y", "-stream_loop", seconds // 2 - 1, "-i", part, "-c", "copy", path)
    part.unlink()
    run("ingests", "-p", 256, path)  # multicat's index: when each packet is due
    return path
