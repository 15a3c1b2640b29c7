"""Our sink and sources as Windows 11 and Android are described (tests/data/rtsp_peers: made from descriptions, not
recorded), over sockets: their messages as the unit tests play them (tests/unit/rtsp_script_test.cc says what a line
means), and then a stream.

    [scripted source 10.77.0.1] -- bridge br0 -- [sink 10.77.0.11]
"""
import re
import struct

import pytest

from lab import ROOT, Daemon, wait_for
from paired_lab import CLIP
from rtsp_dissector import check, conversations, problems
from rtsp_peer import ScriptedSource, message
from rtsp_script import Player, lines_of
from wire import Capture, udp_socket

PACKETS, TS = 200, 7 * 188
QUIRKS = {"windows_11": ["windows-source"], "android": []}


class Source(Player):
    def __init__(self, connection, sink, at_play):
        super().__init__(connection)
        self.sink, self.at_play = sink, at_play

    def as_here(self, text):
        return text

    def has(self, text):
        if text.startswith("wfd_video_formats"):  # what the screen can is its own
            text = "wfd_video_formats: "
        super().has(text)

    def silence(self):
        """Nothing is said because of time in these scripts."""

    def reaches(self, state):
        if state == "playing":
            wait_for(lambda: self.sink.session_states() == {"Scripted": "playing"}, 5, "it plays")
            self.at_play()
        elif state == "ended":
            wait_for(lambda: not self.sink.session_states(), 5, "the session has ended")

    def owner(self, what):
        if what == "close":
            return self.connection.close()
        self.sink.ctl(what)


@pytest.mark.parametrize("name", QUIRKS)
def test_a_source_made_from_a_description_shows_on_our_sink(lab, name, tmp_path):
    output = tmp_path / "out.ts"
    sink = Daemon(lab.node("sink", 11), "sink", "Screen",
                  **{"sink.output": f"file:{output}", "rtsp.quirks": ROOT / "data" / "quirks.toml"})
    lines = list(lines_of(f"{name}_source"))
    transport = next(text for mark, text in lines if mark == "<" and "server_port" in text)
    port, ssrc = int(re.search(r"server_port=(\d+)", transport)[1]), re.search("ssrc=(........)|$", transport)[1]
    clip = CLIP.read_bytes()
    node = lab.node("source", 1)

    def stream():
        """Once: the first packets of the clip, one a millisecond by their timestamps."""
        if sink.stream()["packets_received"]:
            return
        assert sink.status()["sessions"][0]["quirks"] == QUIRKS[name]
        for i in range(PACKETS):
            head = struct.pack(">BBHI", 0x80, 33, i, 90 * i) + bytes.fromhex(ssrc or "01020304")
            rtp.sendto(head + clip[i * TS:(i + 1) * TS], ("10.77.0.11", 19000))
        wait_for(lambda: sink.stream()["packets_received"] == PACKETS, 5, "its stream")
        wait_for(lambda: output.read_bytes() == clip[:PACKETS * TS], 5, "what was sent is put out")

    with ScriptedSource(node, "10.77.0.1") as source, udp_socket(node.space, port, ttl=64) as rtp, \
            Capture(node.space) as capture:
        with source.find("10.77.0.11").connect() as connection:
            player = Source(connection, sink, stream)
            player.play(lines)
        said = b"".join(piece for (sender, _), pieces in conversations(capture).items() if "10.77.0.11" in sender
                        for piece in pieces)
        asked = re.search(rb"\nTransport:.*;client_port=(\S+)", said)[1].decode()
        assert asked == {"windows_11": "19000", "android": "19000-19001"}[name], "of Windows no RTCP is asked"
        assert player.count > 20
        check(capture, player.count)


def test_the_dissector_sees_what_is_broken():
    whole = message("RTSP/1.0 200 OK", "wfd_idr_request\r\n", CSeq="1").encode()
    assert not list(problems({("a", "b"): [whole]}))
    assert list(problems({("a", "b"): [whole.replace(b"Content-Length: 17", b"Content-Length: 99")]}))
    assert list(problems({("a", "b"): [whole.replace(b"RTSP/1.0", b"RTPS/1.0")]}))
