"""A real sink that plays, while a test troubles its source in other ways."""
import contextlib

from lab import ROOT, Daemon, run, wait_for

# Vanished hosts are noticed within 10 s: the shortest that there is.
QUICK = {"rtsp.timeout": "10s", "rtsp.keepalive": "2s"}
CLIP = ROOT / "media" / "clip" / "test.ts"


class Stage:
    """A source that anyone may connect to, one real sink that plays (the witness), and a host for scripted peers."""

    def __init__(self, lab, **settings):
        self.lab = lab
        self.source = Daemon(lab.node("source", 1), "source", "Source",
                             **{"source.connect": "all", "source.input": f"file:{CLIP}", "stream.delivery": "unicast",
                                **QUICK, **settings})
        self.witness = Daemon(lab.node("witness", 11), "sink", "Witness", **{"sink.output": "null:", **QUICK})
        self.source.wait_state("Witness", "playing")
        self.peer = lab.node("peer", 66)

    @property
    def pid(self):
        return self.source.process.pid

    def witness_row(self):
        rows = [row for row in self.source.status()["sessions"] if row["name"] == "Witness"]
        assert len(rows) == 1, rows
        return rows[0]

    @contextlib.contextmanager
    def witness_undisturbed(self):
        """In this block the witness keeps its session, gets the stream and loses nothing."""
        wait_for(lambda: self.witness.stream()["packets_received"] > 0, 10, "the witness has the stream")
        before, stream = self.witness_row(), self.witness.stream()
        yield
        wait_for(lambda: self.witness.stream()["packets_received"] > stream["packets_received"], 5,
                 "more packets at the witness")
        after = self.witness_row()
        assert after["state"] == "playing" and after["since_s"] > before["since_s"], (before, after)
        assert self.witness.stream()["packets_lost"] == stream["packets_lost"]

    def sessions_of(self, node):
        return [row for row in self.source.status()["sessions"] if row["address"] == node.address]

    def wait_gone(self, node, timeout):
        wait_for(lambda: not self.sessions_of(node), timeout, f"no session with {node.name} at the source")


def outsider(lab, host):
    """A host that reaches `host` only by its second interface, eth1 10.88.0.1."""
    node = lab.node("outside", 99)
    node.unplug()
    run("ip", "-n", node.space, "link", "add", "wlan0", "type", "veth", "peer", "name", "eth1", "netns", host.space)
    for owner, address, name in ((host, "10.88.0.1", "eth1"), (node, "10.88.0.2", "wlan0")):
        owner.run("ip", "address", "add", f"{address}/24", "dev", name)
        owner.run("ip", "link", "set", name, "up")
    node.run("ip", "route", "add", "10.77.0.0/24", "via", "10.88.0.1")
    host.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth1.rp_filter=0",
             "net.ipv4.conf.wlan0.rp_filter=0")
    node.address = "10.88.0.2"
    return node
