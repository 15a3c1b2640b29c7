"""The lab of the tests of the control tool, the control socket and the daemon.

    [source 10.77.0.1] -- bridge br0 -- [lobby 10.77.0.11] [bar 10.77.0.12]
"""
import pytest

from lab import ROOT, Daemon, Lab, wait_for

CLIP = ROOT / "media" / "clip" / "test.ts"
EDID = bytes([0, 255, 255, 255, 255, 255, 255, 0]).ljust(128, b"\5")  # of Lobby's display
TIMEOUT = 10  # seconds; rtsp.timeout of the source


class Net:
    def __init__(self, lab):
        self.lab = lab
        self.source = Daemon(lab.node("source", 1), "source", "Desk",
                             **{"source.connect": "none", "source.input": f"file:{CLIP}", "rtsp.keepalive": "2s",
                                "rtsp.timeout": f"{TIMEOUT}s"})
        edid = lab.directory / "edid"
        edid.write_bytes(EDID)
        self.lobby = Daemon(lab.node("lobby", 11), "sink", "Lobby", **{"sink.output": "null:", "sink.edid": edid})
        self.bar = Daemon(lab.node("bar", 12), "sink", "Bar", **{"sink.output": "null:"})
        self.free()

    def free(self):
        self.source.ctl("disconnect", "--all", check=False)
        wait_for(lambda: [peer["state"] for peer in self.source.ask("peers")] == ["available"] * 2, 5, "both are free")


@pytest.fixture(scope="module")
def all_daemons():
    with Lab() as lab:
        yield Net(lab)


@pytest.fixture
def net(all_daemons):
    all_daemons.free()
    return all_daemons


def fails(done, code, message):
    """One line on stderr, nothing on stdout."""
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("wfdctl: ")
    assert message in done.stderr, done.stderr


def moves_on(sink):
    """Packets arrive, for longer than the sink holds them before it counts what is missing."""
    before = sink.stream()["packets_received"]
    wait_for(lambda: sink.stream()["packets_received"] > before + 100, 3, "packets arrive")


@pytest.fixture
def spare(net):
    """A node for one more daemon, which goes with the test."""
    if not hasattr(net, "spare"):
        net.spare = net.lab.node("spare", 20)
    started = []

    def make(kind, role, **settings):
        started.append(kind(net.spare, role, "Spare", **settings))
        return started[-1]
    make.node = net.spare
    yield make
    for daemon in started:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()
    net.spare.undrop()
