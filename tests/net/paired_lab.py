"""The lab of the tests of trust: boards in paired mode, a stranger, and what a stranger can make by hand.

    [desk 10.77.0.1] -- bridge br0 -- [lobby 10.77.0.11] [bar 10.77.0.12] [stranger 10.77.0.66]
"""
import contextlib
import json
import socket
import ssl
import subprocess
import threading

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from lab import ROOT, Daemon, Lab, run, wait_for
from wire import inside

CLIP = ROOT / "media" / "clip" / "test.ts"
QUICK = {"rtsp.timeout": "10s", "rtsp.keepalive": "2s"}
RTSP, PAIR = "wfdcast-rtsp/1", "wfdcast-pair/1"


class Board(Daemon):
    """A wfdd in paired mode, with a trusted.d of its own."""

    def __init__(self, node, role, name=None, **settings):
        self.provisioned = node.lab.directory / f"{node.name}-trusted.d"
        self.provisioned.mkdir(exist_ok=True)
        super().__init__(node, role, name, **{"security.mode": "paired", "security.trusted_directory": self.provisioned,
                                              **QUICK, **settings})

    @property
    def line(self):
        return self.ctl("identity").stdout.strip()

    def trust(self, other, *rights):
        self.ctl("trust", other.line, *rights)

    def pairings(self):
        return {row["name"]: row["state"] for row in self.ask("paired")}

    def paired_peers(self):
        return {peer["name"] for peer in self.ask("peers") if peer["paired"]}


def introduce(source, sink):
    """Each trusts the other, as an installer would provision them."""
    source.trust(sink)
    sink.trust(source)
    wait_for(lambda: sink.name in source.paired_peers(), 5, f"{source.name} knows {sink.name} by its signature")


class Waiting:
    """A request on the control socket that is answered later; keeps the notifications before."""

    def __init__(self, daemon, method, **params):
        self.notes, self.result, self.error = [], None, None
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(daemon.socket))
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        with self.socket.makefile() as lines:
            for line in lines:
                message = json.loads(line)
                if "method" in message:
                    self.notes.append(message["params"])
                    continue
                self.result, self.error = message.get("result"), message.get("error", {}).get("message")
                return

    def number(self):
        return wait_for(lambda: next((n["number"] for n in reversed(self.notes) if "number" in n), None), 10, "a number")

    def wait(self, timeout=10):
        self.thread.join(timeout)
        assert not self.thread.is_alive(), f"no answer; so far {self.notes}"
        return self

    def close(self):
        self.socket.close()


def make_identity(directory, name="stranger", own=None):
    """(key file, certificate file, public key) of an Ed25519 identity made by openssl, or of one's own key."""
    key, certificate = directory / f"{name}.key", directory / f"{name}.crt"
    if own:
        key.write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    else:
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", key)
    run("openssl", "req", "-new", "-x509", "-key", key, "-subj", "/CN=wfdcast", "-days", "1", "-out", certificate)
    public = subprocess.run(["openssl", "pkey", "-in", str(key), "-pubout", "-outform", "DER"], capture_output=True,
                            check=True).stdout
    return key, certificate, public[-32:]


def tls_connect(node, address, identity, protocol=RTSP, version=None, timeout=3):
    """A TLS connection to a source's RTSP port, as any program can make one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version:
        context.maximum_version = version
    if protocol:
        context.set_alpn_protocols([protocol])
    if identity:
        context.load_cert_chain(identity[1], identity[0])
    with inside(node.space):
        raw = socket.create_connection((address, 7236), timeout)
    return context.wrap_socket(raw)


def client_hello():
    """The first bytes of a TLS client."""
    hello = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([RTSP])
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), hello).do_handshake()
    return hello.read()


def bytes_until_closed(connection):
    """All that the peer says before it closes; it must close within the socket's timeout."""
    received = b""
    try:
        while chunk := connection.recv(4096):
            received += chunk
    except (ssl.SSLError, ConnectionError):
        pass
    return received


class Paired:
    def __init__(self, lab):
        self.lab = lab
        self.desk = Board(lab.node("desk", 1), "source", "Desk",
                          **{"source.connect": "none", "source.input": f"file:{CLIP}"})
        self.lobby = Board(lab.node("lobby", 11), "sink", "Lobby", **{"sink.output": "null:"})
        self.bar = Board(lab.node("bar", 12), "sink", "Bar", **{"sink.output": "null:"})
        self.stranger = lab.node("stranger", 66)
        wait_for(lambda: len(self.desk.ask("peers")) == 2, 5, "both sinks are in reach")


@pytest.fixture
def net():
    with Lab() as lab:
        yield Paired(lab)


@pytest.fixture(scope="module")
def playing():
    """Desk and Lobby trust each other, and Lobby plays; Bar is a stranger's board."""
    with Lab() as lab:
        net = Paired(lab)
        introduce(net.desk, net.lobby)
        net.desk.ctl("connect", "Lobby")
        yield net
