"""Namespaces on a snooping bridge, and the programs that run in them.

    [source: wlan0 10.77.0.1] [sink1: wlan0 10.77.0.11] [sink2: wlan0 10.77.0.12] ...
                    \\                 |                 /
                     bridge br0 (10.77.0.254, IGMP snooping, querier)

Everything lives in namespaces of its own and goes when the Lab is closed.
"""
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("WFD_BIN", ROOT / "build" / "release" / "bin"))
UNDER = os.environ.get("WFD_UNDER", "").split()  # what wfdd runs under: scripts/test-valgrind
QUERY_RESPONSE = 0.2  # seconds; until it is over after the querier's start a bridge floods


def run(*command, check=True):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr.strip()}")
    return done


def wait_for(condition, timeout, what):
    """The first true value of condition(), asked until `timeout` seconds are over. What was waited for may be a
    function, which tells how things stand then, not how they stood at first."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(0.02)  # between two looks


class Node:
    """A host: one namespace, one interface `wlan0` on the bridge."""

    def __init__(self, lab, name, number):
        self.lab, self.name, self.number = lab, name, number
        self.space = f"{lab.prefix}-{name}"
        self.port = f"p{number}"
        self.address = f"10.77.0.{number}"
        self.processes = []
        lab.nodes.append(self)  # first, so that an interrupted lab is cleaned up too
        run("ip", "netns", "add", self.space)
        self.run("ip", "link", "set", "lo", "up")
        self.plug()

    def plug(self, address=None):
        """A new veth pair into the bridge: `wlan0` under a new index, with the MAC address that it always has."""
        self.address = address or self.address
        run("ip", "-n", self.lab.bridge_space, "link", "add", self.port, "type", "veth", "peer", "name", "wlan0",
            "address", f"02:77:00:00:00:{self.number:02x}", "netns", self.space)
        run("ip", "-n", self.lab.bridge_space, "link", "set", self.port, "master", "br0", "up")
        self.run("ip", "address", "add", f"{self.address}/24", "brd", "+", "dev", "wlan0")
        self.run("ip", "link", "set", "wlan0", "up")

    def unplug(self):
        self.run("ip", "link", "delete", "wlan0")

    def run(self, *command, check=True):
        return run("ip", "netns", "exec", self.space, *command, check=check)

    def start(self, *command, stdout=None, stderr=None, **kwargs):
        process = subprocess.Popen(["ip", "netns", "exec", self.space, *map(str, command)], stdout=stdout,
                                   stderr=stderr, **kwargs)
        self.processes.append(process)
        return process

    def drop(self, rule):
        """An nftables rule for what comes in, such as "udp dport 15550 numgen random mod 100 < 5 drop"."""
        self.run("nft", "add", "table", "inet", "lab")
        self.run("nft", "add", "chain", "inet", "lab", "in", "{ type filter hook input priority 0; }")
        self.run("nft", "add", "rule", "inet", "lab", "in", *rule.split())

    def vanish(self):
        """Nothing comes in or goes out any more, and nobody is told."""
        self.drop("iifname wlan0 drop")
        self.run("nft", "add", "chain", "inet", "lab", "out", "{ type filter hook output priority 0; }")
        self.run("nft", "add", "rule", "inet", "lab", "out", "oifname", "wlan0", "drop")

    def undrop(self):
        self.run("nft", "delete", "table", "inet", "lab", check=False)

    def joined(self, group):
        """Whether wlan0 is a member of `group` (ip maddr)."""
        return f"inet  {group}" in self.run("ip", "maddr", "show", "dev", "wlan0").stdout

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        run("ip", "netns", "delete", self.space, check=False)


class Daemon:
    """A running wfdd on a node."""

    def __init__(self, node, role, name=None, **settings):
        self.node, self.role, self.name = node, role, name or node.name
        self.directory = node.lab.directory / f"{node.name}-{role}"
        self.directory.mkdir(exist_ok=True)
        self.socket = self.directory / "wfdd.sock"
        self.log = self.directory / "log"
        self.settings = {"role": role, "name": self.name, "interface": "wlan0", "control.socket": self.socket,
                         "state.directory": self.directory / "state", "security.mode": "open",
                         "log.level": "debug", **settings}
        self.process = None
        self.start()

    def command(self):
        sets = [part for key, value in self.settings.items() for part in ("--set", f"{key}={value}")]
        return [*UNDER, BIN / "wfdd", *sets]

    def start(self):
        with open(self.log, "ab") as log:
            self.process = self.node.start(*self.command(), stderr=log)
        wait_for(lambda: self.process.poll() is not None or self.ctl("status", check=False).returncode == 0, 60 if UNDER else 10,
                 f"{self.name} answers on its control socket; see {self.log}")
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text()}")

    def ctl(self, *arguments, check=True):
        return run(BIN / "wfdctl", "--socket", self.socket, *arguments, check=check)

    def ask(self, *arguments):
        """What wfdctl --json says."""
        return json.loads(self.ctl("--json", *arguments).stdout)

    def status(self):
        return self.ask("status")

    def stream(self):
        return self.status()["stream"]

    def session_states(self):
        return {session["name"]: session["state"] for session in self.status()["sessions"]}

    def wait_state(self, name, state, timeout=10):
        wait_for(lambda: self.session_states().get(name) == state, timeout,
                 lambda: f"{name} is {state} at {self.name} (is {self.session_states()})")

    def log_text(self):
        return self.log.read_text(errors="replace")

    def kill(self):
        """kill -9, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; the exit code, within 2 s and a little for the machine."""
        self.process.terminate()
        return self.process.wait(4)


class Lab:
    numbers = itertools.count(1)

    def __init__(self, directory=None):
        self.prefix = f"wfd{os.getpid()}-{next(self.numbers)}"
        self.nodes = []
        self.own_directory = directory is None
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="wfdlab"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.bridge_space = f"{self.prefix}-br"

    def build(self):
        run("ip", "netns", "add", self.bridge_space)
        self.bridge("ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "1",
                    "mcast_query_response_interval", str(int(QUERY_RESPONSE * 100)))
        self.bridge("ip", "address", "add", "10.77.0.254/24", "dev", "br0")
        self.bridge("ip", "link", "set", "br0", "type", "bridge", "mcast_querier", "1")
        self.bridge("ip", "link", "set", "br0", "up")
        time.sleep(2 * QUERY_RESPONSE)  # the kernel does not tell when it stops flooding

    def bridge(self, *command, check=True):
        return run("ip", "netns", "exec", self.bridge_space, *command, check=check)

    def node(self, name, number):
        return Node(self, name, number)

    def members(self, group="239.0.0.11"):
        """The bridge's ports that joined `group`, by its multicast database; without those of sources, which watch
        who else sends there."""
        entries = json.loads(self.bridge("bridge", "-j", "mdb", "show").stdout)
        watching = {node.port for node in self.nodes if node.name.startswith("source")}
        return {entry["port"] for part in entries for entry in part.get("mdb", []) if entry["grp"] == group} - watching

    def port_bytes(self, node):
        """Bytes that the bridge has sent out to a node."""
        link = json.loads(self.bridge("ip", "-j", "-s", "link", "show", node.port).stdout)[0]
        return link["stats64"]["tx"]["bytes"]

    def close(self, keep_files=False):
        for node in self.nodes:
            node.close()
        run("ip", "netns", "delete", self.bridge_space, check=False)
        if self.own_directory and not keep_files:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *failure):
        self.close(keep_files=failure[0] is not None)
