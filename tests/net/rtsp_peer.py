"""RTSP peers by hand: they say what a test wants, when it wants."""
import contextlib
import os
import re
import select
import socket
import struct
import time

from forge import SINK_PORT, SOURCE_PORT, invitation, sink_seen
from wire import inside, udp_socket

WFD = "org.wfa.wfd1.0"
VIDEO = ("40 00 01 10 000101E1 00000000 00000000 00 0000 0000 00 none none, "
         "02 10 000101E1 00000000 00000000 00 0000 0000 00 none none")
FORMATS = "\r\n".join([
    f"wfd_video_formats: {VIDEO}",
    "wfd_audio_codecs: LPCM 00000002 00, AAC 00000001 00",
    "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play",
    "wfd_content_protection: none",
    "wfd_connector_type: 05",
    "wfd_idr_request_capability: 1", ""])
MULTICAST = "wfdcast_multicast: supported\r\n"


def tcp_socket(node):
    with inside(node.space):
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def reset(sock):
    """Closes with RST (SO_LINGER 0)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Closed(Exception):
    """The other side has closed or reset."""


class Message:
    def __init__(self, head, body):
        lines = head.split("\r\n")
        self.start, self.body = lines[0], body
        self.headers = {name.strip().lower(): value.strip() for name, _, value in (l.partition(":") for l in lines[1:])}

    @property
    def is_response(self):
        return self.start.startswith("RTSP/")

    @property
    def status(self):
        return int(self.start.split()[1])

    @property
    def cseq(self):
        return self.headers.get("cseq")

    def __repr__(self):
        return f"<{self.start} {self.headers} {self.body!r}>"


class Connection:
    """One TCP connection with RTSP messages in both directions."""

    def __init__(self, sock, mutate=lambda data: data):
        self.sock, self.mutate = sock, mutate
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.sent_cseq, self.glue = b"", 0, None

    def send(self, data):
        data = self.mutate(data.encode() if isinstance(data, str) else data)
        if self.glue is not None:
            self.glue += data
            return
        try:
            self.sock.sendall(data)
        except (ConnectionError, socket.timeout) as error:
            raise Closed(str(error)) from error

    @contextlib.contextmanager
    def glued(self):
        """What is sent in this block leaves in one piece."""
        self.glue = b""
        yield
        whole, self.glue = self.glue, None
        self.sock.sendall(whole)

    def receive(self, timeout=5):
        """The next message; Closed at the end, TimeoutError when none comes."""
        deadline = time.monotonic() + timeout
        while True:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if found:
                length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
                size = int(length[1]) if length else 0
                if len(rest) >= size:
                    self.buffer = rest[size:]
                    return Message(head.decode(), rest[:size].decode())
            if not select.select([self.sock], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError(f"no RTSP message within {timeout} s")
            try:
                data = self.sock.recv(65536)
            except ConnectionError as error:
                raise Closed(str(error)) from error
            if not data:
                raise Closed("end")
            self.buffer += data

    def request(self, method, uri, body="", **headers):
        self.sent_cseq += 1
        self.send(message(f"{method} {uri} RTSP/1.0", body, CSeq=self.sent_cseq, **headers))

    def reply(self, request, status="200 OK", body="", **headers):
        self.send(message(f"RTSP/1.0 {status}", body, CSeq=request.cseq, **headers))

    def is_closed(self, timeout):
        """Whether the other side closes within `timeout`, whatever else it says until then."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.receive(max(0, deadline - time.monotonic()))
        except Closed:
            return True
        except (TimeoutError, UnicodeDecodeError):
            return False

    def close(self):
        self.sock.close()

    def reset(self):
        reset(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()


def message(start, body="", **headers):
    lines = [start, *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: text/parameters", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


class ScriptedSink(Connection):
    """A sink that goes as far as it is told: advance("M4") returns when M4 has come and is not answered yet.

    With an id it is a wfdcast sink, which brings `token`; without one a plain WFD sink.
    """

    EXTRAS = MULTICAST  # what the answer to M3 has beside FORMATS, of a wfdcast sink
    ORDER = ["M1", "M3", "M4", "M5", "M6", "M7", "PLAYING"]

    def __init__(self, node, address="10.77.0.1", port=7236, ident=None, token=None, local=None, timeout=5,
                 video=VIDEO, secure=lambda sock: sock, **kwargs):
        sock = tcp_socket(node)
        sock.settimeout(timeout)
        if local:
            sock.bind((local, 0))
        sock.connect((address, port))
        super().__init__(secure(sock), **kwargs)
        self.ident, self.token, self.formats = ident, token, FORMATS.replace(VIDEO, video)
        self.at, self.pending, self.session = None, None, None
        self.url = "rtsp://localhost/wfd1.0/streamid=0"

    def header(self):
        """What the answer to M1 has beside Public."""
        if self.ident is None:
            return {}
        token = f";token={self.token.hex()}" if self.token else ""
        return {"Wfdcast": f"id={self.ident.hex()}{token}"}

    def advance(self, to, timeout=5):
        while self.at != to:
            self.step(timeout)
        return self

    def step(self, timeout=5):
        """Answers what is pending and waits for the next message of the script."""
        if self.at is None:
            self.pending = self.expect("OPTIONS", timeout)
        elif self.at == "M1":
            self.reply(self.pending, Public=f"{WFD}, GET_PARAMETER, SET_PARAMETER", **self.header())
            if self.ident is None:
                self.request("OPTIONS", "*", Require=WFD)  # M2
                self.answer(timeout)
            self.pending = self.expect("GET_PARAMETER", timeout)
        elif self.at == "M3":
            self.reply(self.pending, body=self.formats + (self.EXTRAS if self.ident else ""))
            self.pending = self.expect("SET_PARAMETER", timeout)
        elif self.at == "M4":
            self.reply(self.pending)
            self.pending = self.expect("SET_PARAMETER", timeout)
        elif self.at == "M5":
            self.reply(self.pending)
            self.request("SETUP", self.url, Transport="RTP/AVP/UDP;unicast;client_port=19000-19001")
        elif self.at == "M6":
            answer = self.answer(timeout)
            self.session, self.transport = answer.headers["session"].partition(";")[0], answer.headers["transport"]
            self.request("PLAY", self.url, Session=self.session)
        elif self.at == "M7":
            self.answer(timeout)
        self.at = self.ORDER[0 if self.at is None else self.ORDER.index(self.at) + 1]

    def expect(self, method, timeout=5):
        """The next request, which must be `method`."""
        request = self.receive(timeout)
        if request.is_response or not request.start.startswith(method + " "):
            raise ValueError(f"{method} was due, this came: {request}")
        return request

    def answer(self, timeout=5):
        """The answer to our last request; requests that come before it are answered."""
        while not (received := self.receive(timeout)).is_response:
            self.reply(received)
        return received


class ScriptedSource:
    """Invites sinks and says to them what a test wants."""

    def __init__(self, node, address, port=7236, listens=True):
        self.node, self.address, self.port, self.ident = node, address, port, os.urandom(16)
        self.udp = udp_socket(node.space, SOURCE_PORT)
        self.listener = tcp_socket(node)
        if not listens:  # another program does
            return
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("", port))
        self.listener.listen(8)

    def find(self, address):
        """Learns id and boot id of the sink at `address` from its beacon."""
        fields = sink_seen(self.node, address)
        self.sink = (address, SINK_PORT)
        self.sink_id = fields["id"]
        self.boot, self.sequence = struct.unpack(">Q", fields["boot_id"])[0], struct.unpack(">I", fields["sequence"])[0]
        return self

    def invitation(self, **changes):
        return invitation(**{"source": self.ident, "sink": self.sink_id, "boot": self.boot, "sequence": self.sequence,
                             "port": self.port, **changes})

    def invite(self, ttl=255, **changes):
        self.udp.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        self.udp.sendto(self.invitation(**changes), self.sink)

    def accept(self, timeout=5, **kwargs):
        self.listener.settimeout(timeout)
        sock = self.listener.accept()[0]
        sock.settimeout(5)
        return Connection(sock, **kwargs)

    def connect(self, token=None, **kwargs):
        self.invite(token=token)
        return self.accept(**kwargs)

    def close(self):
        self.udp.close()
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()
