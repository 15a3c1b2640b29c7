"""Somebody between two boards that are being paired: a relay that ends TLS on both sides (contract 4)."""
import contextlib
import os
import socket

from forge import SINK_PORT, SOURCE_PORT, ScriptedBeacon, tlv
from insider import Identity, TlsSocket, probed, sha256, signed_invitation
from lab import wait_for
from paired_lab import PAIR, Waiting, net  # noqa: F401 (fixture)
from wire import inside, udp_socket

SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410; the key follows
COMMITMENT, SOURCE_NONCE, SINK_NONCE, CONFIRMED = b"\x01", b"\x02", b"\x03", b"\x04"
GUESSES = 1000  # that the relay makes at the sink's nonce


def key_of(board):
    return bytes.fromhex(board.line.split()[1])


def digest(label, exporter, source, sink, *nonces):
    return sha256(label + exporter + SPKI + source + SPKI + sink + b"".join(nonces))


def number(*parts):
    return f"{int.from_bytes(digest(b'wfdcast number 1', *parts)[:8], 'big') % 1_000_000:06}"


class Relay:
    """Shows itself to Desk as a sink called Lobby, and invites Lobby as a source called Desk."""

    def __init__(self, net):
        self.net, self.identity = net, Identity("Lobby")
        self.own = self.identity.raw

    def towards_source(self):
        """The sink's part, to its end. What the source shows is decided by the source's nonce, which came last."""
        with inside(self.net.stranger.space):
            raw = socket.create_connection((self.net.desk.node.address, 7236), 5)
        self.at_source = TlsSocket(raw, self.identity, PAIR)
        exporter, desk, nonce = self.at_source.exported(b"EXPORTER-wfdcast-pair"), key_of(self.net.desk), os.urandom(32)
        self.at_source.sendall(COMMITMENT + digest(b"wfdcast commit 1", exporter, desk, self.own, nonce))
        answer = self.at_source.exactly(33)
        assert answer[:1] == SOURCE_NONCE
        self.at_source.sendall(SINK_NONCE + nonce)
        return number(exporter, desk, self.own, answer[1:], nonce)

    def invite(self, listener):
        """Lobby's connection."""
        lobby = self.net.lobby.node.address
        with udp_socket(self.net.stranger.space, SOURCE_PORT) as sock:
            seen = probed(sock, lobby, self.identity.id)
            sock.sendto(signed_invitation(self.identity, seen, tlv(141, b"\x01"), name=b"Desk"), (lobby, SINK_PORT))
        return listener.accept()[0]

    def towards_sink(self, wanted):
        """The source's part. The sink has committed itself, and reveals its nonce when it has ours: we guess."""
        with inside(self.net.stranger.space):
            listener = socket.create_server((self.net.stranger.address, 7236))
        listener.settimeout(5)
        with contextlib.closing(listener):
            self.at_sink = TlsSocket(self.invite(listener), self.identity, PAIR, server=True)
        exporter, lobby = self.at_sink.exported(b"EXPORTER-wfdcast-pair"), key_of(self.net.lobby)
        assert self.at_sink.exactly(33)[:1] == COMMITMENT
        guesses = (os.urandom(32) for _ in range(GUESSES))
        mine = next((g for g in guesses if number(exporter, self.own, lobby, g, os.urandom(32)) == wanted), os.urandom(32))
        self.at_sink.sendall(SOURCE_NONCE + mine)
        answer = self.at_sink.exactly(33)
        assert answer[:1] == SINK_NONCE
        return number(exporter, self.own, lobby, mine, answer[1:])


def test_a_relay_between_the_boards_is_seen_by_the_numbers(net):
    relay = Relay(net)
    with ScriptedBeacon(net.stranger, relay.identity.id, name=b"Lobby") as beacon:
        beacon.appear()
        wait_for(lambda: relay.identity.id.hex() in {peer["id"] for peer in net.desk.ask("peers")}, 5, "Desk sees it")
        at_source = Waiting(net.desk, "pair", peer=relay.identity.id.hex())  # the wrong one of two called Lobby
        at_sink = Waiting(net.lobby, "pair", open=60)
        wait_for(lambda: "state" in str(at_source.notes), 5, "Desk waits for it")
        shown = relay.towards_source()
        other = relay.towards_sink(shown)
        assert (at_source.number(), at_sink.number()) == (shown, other), "it knows what both ends show"
        assert shown != other
        for connection in (relay.at_source, relay.at_sink):
            connection.sendall(CONFIRMED)  # as if both had said yes
        net.lobby.ctl("pair", "--refuse")
        net.desk.ctl("pair", "--refuse")
        assert net.desk.pairings() == net.lobby.pairings() == {}


def test_who_was_not_named_cannot_pair(net):
    """Desk pairs with Lobby; somebody else connects first."""
    identity = Identity("Somebody")
    at_source = Waiting(net.desk, "pair", peer="Lobby")
    wait_for(lambda: "state" in str(at_source.notes), 5, "Desk waits for Lobby")
    with inside(net.stranger.space):
        raw = socket.create_connection((net.desk.node.address, 7236), 5)
    connection = TlsSocket(raw, identity, PAIR)
    with contextlib.suppress(ConnectionError):
        connection.sendall(COMMITMENT + bytes(32))
    assert connection.recv(100) == b""
    assert not any("number" in note for note in at_source.notes)
