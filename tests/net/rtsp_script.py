"""Plays the conversations of tests/data/rtsp_peers (made from descriptions, not recorded) over sockets. What a line
means says tests/unit/rtsp_script_test.cc; here time does not pass by order, and ids are those of the daemon."""
import re
import select

from lab import ROOT
from rtsp_peer import Closed, message

PEERS = ROOT / "tests" / "data" / "rtsp_peers"
SCRIPT_SESSION = "7a31c04b55"  # the id that the scripts' sources give


def lines_of(name, source="10.77.0.1"):
    """Marks and texts, with the source at that address."""
    path, = PEERS.glob(f"{name}_made_from_description.txt")
    for line in re.sub(r"rtsp://192\.168\.\d+\.1/", f"rtsp://{source}/", path.read_text()).splitlines():
        mark, _, text = line.partition(" ")
        if not line.startswith("#"):
            yield mark, text


def is_due_any_time(received):
    """M16 of a source; M13 of a sink that sees nothing."""
    return (received.start.startswith("GET_PARAMETER") and not received.body) or received.body == "wfd_idr_request\r\n"


class Player:
    """One that a script stands for. Who plays it says what a state, an owner's wish and silence are here."""

    def __init__(self, connection):
        self.connection = connection
        self.head, self.body, self.current, self.asked, self.count = [], [], None, [], 0
        self.requests, self.session = [], None

    def play(self, lines):
        for mark, text in lines:
            if mark == "<" and text.startswith(("RTSP/", "OPTIONS", "GET_", "SET_", "SETUP", "PLAY", "TEARDOWN")) \
                    or mark not in ("<", "<<"):
                self.speak()
            {"<": self.head.append, "<<": self.body.append, ">": self.expect, ">>": self.has, ">-": self.has_not,
             "=": self.reaches, "+": lambda text: None, "!": self.owner}[mark](self.as_here(text))
        self.speak()

    def as_here(self, text):
        return text.replace(SCRIPT_SESSION, self.session) if self.session else text

    def speak(self):
        if not self.head:
            return
        self.count += 1
        start, *headers = self.head
        headers = dict(header.split(": ", 1) for header in headers)
        if start.startswith("RTSP/"):
            headers["CSeq"] = self.asked.pop(0)
        else:
            self.connection.sent_cseq += 1
            headers["CSeq"] = self.connection.sent_cseq
        self.connection.send(message(start, "".join(line + "\r\n" for line in self.body), **headers))
        self.head, self.body = [], []

    def receive(self):
        received = self.connection.receive()
        self.count += 1
        if "session" in received.headers:
            self.session = received.headers["session"].partition(";")[0]
        return received

    def expect(self, text):
        if not text:
            return self.silence()
        self.current = self.receive()
        while is_due_any_time(self.current) and not self.current.start.startswith(text):
            self.connection.reply(self.current)
            self.count += 1
            self.current = self.receive()
        assert self.current.start.startswith(text), (self.current, text)
        if not self.current.is_response:
            self.asked.append(self.current.cseq)

    def said(self):
        return [f"{name}: {value}" for name, value in self.current.headers.items()] + self.current.body.split("\r\n")

    def has(self, text):
        assert any(line.lower().startswith(text.lower()) for line in self.said()), (self.current, text)

    def has_not(self, text):
        assert not any(line.startswith(text) for line in self.said()), (self.current, text)

    def says_nothing(self):
        return not self.connection.buffer and not select.select([self.connection.sock], [], [], 0)[0]

    def until_closed(self):
        """What the daemon still says, to the end of the connection."""
        try:
            while True:
                self.receive()
        except Closed:
            pass
