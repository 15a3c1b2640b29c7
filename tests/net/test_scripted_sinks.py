"""Our source and sinks as LG, Samsung, Roku and Microsoft's adapter are described (tests/data/rtsp_peers: made from
descriptions, not recorded), over sockets: their messages as the unit tests play them, a stream in between, and what
`wfdctl status` says of them.

    [source 10.77.0.1] -- bridge br0 -- [scripted sink 10.77.0.11]
"""
import dataclasses
import re
import select
import socket
import time

import pytest

import ts
from lab import ROOT, Daemon, wait_for
from rtsp_dissector import check
from rtsp_peer import Connection, tcp_socket
from rtsp_script import Player, lines_of
from wire import Capture, udp_socket

SINK, TIMEOUT = "10.77.0.11", 10  # seconds; rtsp.timeout


@dataclasses.dataclass
class Device:
    name: str  # of its script
    quirks: list
    sound: int  # the stream type in the PMT


DEVICES = [
    Device("lg_tv_sink", ["lg-tv"], 0x0F),
    Device("microsoft_adapter_sink", ["microsoft-adapter"], 0x83),
    Device("samsung_tv_sink", ["samsung"], 0x0F),
    Device("roku_sink", ["roku"], 0x0F),
]


class Sink(Player):
    """The device that a script stands for; `rtp` is its socket for the stream."""

    def __init__(self, connection, source, rtp):
        super().__init__(connection)
        self.source, self.rtp, self.data, self.senders = source, rtp, bytearray(), set()
        self.row, self.ended = None, False

    def take(self):
        """What has come of the stream."""
        while select.select([self.rtp], [], [], 0)[0]:
            packet, sender = self.rtp.recvfrom(2048)
            self.data += packet[12:]
            self.senders.add(sender)
        return len(self.data)

    def has(self, text):
        if text.startswith("Transport:"):  # the port is the daemon's choice
            assert re.fullmatch(re.escape(text).replace("15550", r"\d+"), self.line("Transport")), (self.current, text)
        else:
            super().has(text.replace(";timeout=30", f";timeout={TIMEOUT}"))

    def line(self, name):
        return f"{name}: {self.current.headers.get(name.lower())}"

    def reaches(self, state):
        if state == "playing" and not self.row:
            wait_for(lambda: self.source.session_states() and [*self.source.session_states().values()] == ["playing"], 5,
                     "it plays")
            self.row, = self.source.status()["sessions"]
            wait_for(lambda: self.take() and len(ts.Stream(bytes(self.data)).pes(ts.VIDEO_PID)) >= 20, 15, "pictures")
        elif state == "ended":
            wait_for(lambda: not self.source.session_states(), 15, "the session has ended")
            self.ended = True

    def silence(self):
        """While so much of the stream arrives the source would have said something: M16 each second."""
        if not self.row:
            return
        began = time.monotonic()
        wait_for(lambda: self.take() and time.monotonic() > began + 2.5, 10, "the stream goes on")
        assert self.says_nothing()

    def owner(self, what):
        if what == "end":
            self.source.ctl("disconnect", SINK)
        elif what == "close":
            self.connection.close()
        else:  # quirks come from the table, M4 is chosen by the daemon
            assert what in ("select", "written") or what.startswith("quirk: "), what


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_a_sink_made_from_a_description_plays_our_stream(lab, device):
    source = Daemon(lab.node("source", 1), "source", "Source",
                    **{"source.connect": "all", "source.input": "test:", "source.bitrate": "1M",
                       "rtsp.keepalive": "1s", "rtsp.timeout": f"{TIMEOUT}s",
                       "rtsp.quirks": ROOT / "data" / "quirks.toml"})
    node = lab.node("sink", 11)
    lines = list(lines_of(device.name))
    port = next(int(match[1]) for _, text in lines if (match := re.search(r"unicast (\d+) 0 mode=play", text)))
    sock = tcp_socket(node)
    with Capture(node.space) as capture, udp_socket(node.space, port) as rtp, Connection(sock) as connection:
        rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        sock.settimeout(5)
        sock.connect(("10.77.0.1", 7236))
        sink = Sink(connection, source, rtp)
        sink.play(lines)
        assert sink.ended
        assert sink.row["quirks"] == device.quirks and sink.row["delivery"] == "unicast"
        assert ts.Stream(bytes(sink.data)).program()[1][ts.AUDIO_PID] == device.sound
        assert {address for address, _ in sink.senders} == {"10.77.0.1"} and len(sink.senders) == 1
        check(capture, sink.count)
    assert source.stop() == 0
