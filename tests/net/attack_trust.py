"""A stranger on the link, against boards in paired mode: he neither watches, nor injects, nor takes a place."""
import os
import socket
import ssl

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from control_lab import moves_on
from forge import (AVAILABLE, SINK_PORT, SOURCE_PORT, Flood, Forger, ScriptedBeacon, beacon, invitation, sink_seen, tlv,
                   udp_datagram)
from lab import wait_for
from paired_lab import (Board, PAIR, bytes_until_closed, client_hello, make_identity, playing,  # noqa: F401 (fixture)
                        tls_connect)
from wire import inside, udp_socket

CONTEXT = b"wfdcast announcement 1\0"


@pytest.fixture(scope="module")
def identity(playing):
    return make_identity(playing.lab.directory)


def undisturbed(net):
    """Lobby plays on, and nobody else has a session."""
    assert net.desk.session_states() == {"Lobby": "playing"}
    moves_on(net.lobby)


def raw(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def signed(datagram, key):
    return datagram + tlv(137, key.sign(CONTEXT + datagram))


def plain_connection(node, address="10.77.0.1"):
    with inside(node.space):
        return socket.create_connection((address, 7236), 8)


def test_a_plain_connection_is_closed_at_its_first_byte(playing):
    with plain_connection(playing.stranger) as connection:
        connection.settimeout(3)
        connection.sendall(b"O")
        assert b"RTSP" not in bytes_until_closed(connection)
    undisturbed(playing)


def test_an_unknown_certificate_gets_no_byte_of_rtsp(playing, identity):
    with tls_connect(playing.stranger, "10.77.0.1", identity) as connection:
        assert bytes_until_closed(connection) == b""
    undisturbed(playing)


def test_pairing_without_a_window_is_refused(playing, identity):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        with tls_connect(playing.stranger, "10.77.0.1", identity, PAIR) as connection:
            connection.sendall(b"\x01" + bytes(32))
            if bytes_until_closed(connection) == b"":
                raise ConnectionResetError
    undisturbed(playing)


@pytest.mark.parametrize("how", ["no certificate", "no ALPN", "another ALPN", "TLS 1.2"])
def test_other_handshakes_are_refused(playing, identity, how):
    options = {"no certificate": {"identity": None}, "no ALPN": {"protocol": None}, "another ALPN": {"protocol": "h2"},
               "TLS 1.2": {"version": ssl.TLSVersion.TLSv1_2}}[how]
    try:
        with tls_connect(playing.stranger, "10.77.0.1", **{"identity": identity, **options}) as connection:
            assert bytes_until_closed(connection) == b""
    except (ssl.SSLError, ConnectionError):
        pass
    undisturbed(playing)


def test_half_open_handshakes_keep_nobody_out(playing):
    crowd = [plain_connection(playing.stranger) for _ in range(40)]
    try:
        playing.desk.ctl("disconnect", "Lobby")
        playing.desk.ctl("connect", "Lobby")
        undisturbed(playing)
    finally:
        for connection in crowd:
            connection.close()


def test_truncated_handshakes(playing):
    whole = client_hello()
    for size in (1, 5, 6, 40, len(whole) - 1):
        with plain_connection(playing.stranger) as connection:
            connection.sendall(whole[:size])
            connection.shutdown(socket.SHUT_WR)
            assert b"RTSP" not in bytes_until_closed(connection)
    undisturbed(playing)


def test_a_beacon_forged_for_a_paired_board_changes_nothing(playing):
    """From its own address, with the id of Lobby, cookie and all but the signature: unpaired at most."""
    lobby = sink_seen(playing.stranger, playing.lobby.node.address)
    ident, boot = lobby["id"], int.from_bytes(lobby["boot_id"], "big")
    key = Ed25519PrivateKey.generate()
    with ScriptedBeacon(playing.stranger, os.urandom(16)) as own:
        own.appear()
        sock, cookie = own.socket, own.cookie
        for sequence in range(100, 130):
            forged = beacon(ident, playing.stranger.address, boot, sequence, AVAILABLE, b"Lobby", cookie)
            sock.sendto(forged, ("10.77.0.1", SOURCE_PORT))
            sock.sendto(signed(forged + tlv(135, raw(key)), key), ("10.77.0.1", SOURCE_PORT))
    rows = [peer for peer in playing.desk.ask("peers") if peer["id"] == ident.hex()]
    assert [(row["address"], row["paired"]) for row in rows] == [(playing.lobby.node.address, True)]
    undisturbed(playing)


def test_a_board_named_like_a_paired_one_is_not_it(playing):
    ident = os.urandom(16)
    with ScriptedBeacon(playing.stranger, ident, name=b"Lobby") as named:
        named.appear()
        wait_for(lambda: any(peer["id"] == ident.hex() for peer in playing.desk.ask("peers")), 5, "it is seen")
        rows = {peer["id"]: peer["paired"] for peer in playing.desk.ask("peers") if peer["name"] == "Lobby"}
        assert rows[ident.hex()] is False and sum(rows.values()) == 1
        # The name means the paired one.
        assert "playing" in playing.desk.ctl("connect", "Lobby").stdout


def test_invitations_of_strangers_are_ignored(playing):
    """Bar is free, and nobody's."""
    bar = sink_seen(playing.stranger, playing.bar.node.address)
    ident, boot = bytes(bar["id"]), int.from_bytes(bar["boot_id"], "big")
    key = Ed25519PrivateKey.generate()
    public = raw(key)
    with udp_socket(playing.stranger.space, SOURCE_PORT) as sock, inside(playing.stranger.space):
        listener = socket.create_server(("10.77.0.66", 7236))
        listener.settimeout(2)
        for sequence in range(int.from_bytes(bar["sequence"], "big") - 2, int.from_bytes(bar["sequence"], "big") + 3):
            plain = invitation(os.urandom(16), ident, boot, sequence)
            for datagram in (plain, signed(plain + tlv(135, public), key),
                             signed(plain + tlv(135, public) + tlv(136, os.urandom(16)), key)):
                sock.sendto(datagram, (playing.bar.node.address, SINK_PORT))
        with pytest.raises(TimeoutError):
            listener.accept()
        listener.close()
    assert playing.bar.session_states() == {}


def test_a_sinks_key_is_no_sources(playing):
    """Bar may watch, no more: a source with its key may not show on it. Its own board turned into a source shows
    that: Bar's key signs the invitation to Lobby, which knows it with may-watch only."""
    playing.lobby.ctl("trust", playing.bar.line, "--rights", "may-watch")
    playing.bar.stop()
    turned = Board(playing.bar.node, "source", "Bar", **{"state.directory": playing.bar.directory / "state",
                                                        "source.connect": "none"})
    try:
        turned.trust(playing.lobby)
        wait_for(lambda: "Lobby" in turned.paired_peers(), 5, "it knows Lobby")
        done = turned.ctl("connect", "Lobby", check=False)
        assert done.returncode == 1 and ("busy" in done.stderr or "did not connect" in done.stderr), done.stderr
    finally:
        turned.stop()
        playing.lobby.ctl("unpair", "Bar")
        playing.bar.start()
    undisturbed(playing)


def test_a_flood_of_forged_beacons(playing):
    """In Lobby's name and from its address, 10,000 a second, signed by nobody: it plays, and stays known."""
    lobby = sink_seen(playing.stranger, playing.lobby.node.address)
    ident, boot = bytes(lobby["id"]), int.from_bytes(lobby["boot_id"], "big")
    target = ("10.77.0.1", SOURCE_PORT)
    datagrams = []
    for number in range(1000):
        forged = beacon(ident, playing.lobby.node.address, boot, 1_000_000 + number, AVAILABLE, b"Lobby", os.urandom(16))
        datagrams.append(udp_datagram((playing.lobby.node.address, SINK_PORT), target,
                                      forged + tlv(135, os.urandom(32)) + tlv(137, os.urandom(64))))
    with Forger(playing.stranger) as forger:
        Flood(forger, target, datagrams).run(10_000, 3)
    assert playing.desk.paired_peers() == {"Lobby"}
    undisturbed(playing)
