"""The lab of the tests of delivery: a source, eight sinks, and a guest that is none of ours.

    [source 10.77.0.1] [sink1 10.77.0.11] ... [sink8 10.77.0.18] [guest 10.77.0.40]
             \\                |                   |              /
                     bridge br0 with IGMP snooping
"""
import pytest

import ts
from lab import ROOT, Daemon, Lab, wait_for

CLIP = ROOT / "media" / "clip" / "test.ts"  # 640x480p60, H.264 and AAC, 2 Mbit/s
GROUP, RTP_PORT = "239.0.0.11", 15550
MOVE = 3  # seconds that the issue gives to a move, each way
PICTURE = 1  # and to the first picture of a sink that joins


class Net:
    """The lab, with eight sinks and a source that is started again when a test wants other settings."""

    def __init__(self, lab):
        self.lab = lab
        self.source_node = lab.node("source", 1)
        self.settings, self.source = None, None
        self.guest = lab.node("guest", 40)
        self.sinks = []
        for number in range(1, 9):
            node = lab.node(f"sink{number}", 10 + number)
            output = lab.directory / f"sink{number}.ts"
            self.sinks.append(Daemon(node, "sink", f"Sink {number}", **{"sink.output": f"file:{output}"}))
            self.sinks[-1].output = output

    def start_source(self, settings):
        if self.settings != settings:
            if self.source:
                assert self.source.stop() == 0
            self.settings = settings
            self.source = Daemon(self.source_node, "source", "Source", **{"source.connect": "none", **settings})
        self.all_free()

    def all_free(self):
        self.source.ctl("disconnect", "--all", check=False)
        wait_for(lambda: [p["state"] for p in self.source.ask("peers")] == ["available"] * 8, 5, "all sinks are free")
        wait_for(lambda: not self.lab.members(GROUP), 5, "nobody is in the group")
        for sink in self.sinks:
            sink.begin = sink.output.stat().st_size


def recorded(sink):
    """What the sink's output got since the test began."""
    return sink.output.read_bytes()[sink.begin:]


def deliveries(net):
    return {row["name"]: row["delivery"] for row in net.source.status()["sessions"]}


def moved(net, delivery, *names):
    """Waits until source and sinks agree that these sinks, and no others, have the stream that way."""
    by_name = {sink.name: sink for sink in net.sinks}
    wait_for(lambda: deliveries(net) == dict.fromkeys(names, delivery)
             and all(by_name[name].stream()["delivery"] == delivery for name in names), MOVE,
             f"{', '.join(names)} by {delivery}")


def more(sink, packets=100):
    """Waits until the sink has got more of the stream."""
    before = sink.stream()["packets_received"]
    wait_for(lambda: sink.stream()["packets_received"] >= before + packets, 5, f"{sink.name} receives")


@pytest.fixture(scope="module")
def all_sinks():
    with Lab() as lab:
        yield Net(lab)


@pytest.fixture
def net(all_sinks):
    all_sinks.start_source({"source.input": f"file:{CLIP}"})
    return all_sinks


@pytest.fixture
def encoder(all_sinks):
    """The source shows the test picture, at 1280x720p30."""
    all_sinks.start_source({"source.input": "test:", "source.bitrate": "2M"})
    return all_sinks


def runs(whole, part):
    """Where the TS packets `part` are in `whole`: [(begin, end)], each run as long as can be. A file that is being
    written may end within a packet; that one does not count."""
    part = part[:len(part) // ts.PACKET * ts.PACKET]
    found, at = [], 0
    while at < len(part):
        begin = whole.find(part[at:at + ts.PACKET], found[-1][1] if found else 0)
        assert begin >= 0, f"TS packet {at // ts.PACKET} was not sent, or came twice or out of order"
        end = begin
        while at < len(part) and whole[end:end + ts.PACKET] == part[at:at + ts.PACKET]:
            end, at = end + ts.PACKET, at + ts.PACKET
        found.append((begin, end))
    return found
