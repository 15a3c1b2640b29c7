"""Invitations at a sink in paired mode: in the name of a source that it trusts, and to a source that is not up to it.

    [desk 10.77.0.1] -- bridge br0 -- [lobby 10.77.0.11] [stranger 10.77.0.66 ... 10.77.0.71] [old 10.77.0.80]
"""
import contextlib
import os
import socket
import ssl
import threading
import time

import pytest

from forge import SINK_PORT, SOURCE_PORT, Flood, Forger, udp_datagram
from insider import Identity, probed, signed_invitation
from lab import Lab, wait_for
from paired_lab import CLIP, Board, introduce, make_identity
from wire import inside, udp_socket

OF_ADDRESS, IN_ALL = 4, 6  # signatures a second: daemon/invitation_guard.h, security.max_invitations
ADDRESSES = [f"10.77.0.{number}" for number in range(66, 72)]
LOBBY = "10.77.0.11"


class Known:
    """Who a source is stands in its beacons and invitations for all to read: its key and id, not its private key."""

    def __init__(self, board):
        self.raw, self.id = bytes.fromhex(board.line.split()[1]), bytes.fromhex(board.status()["id"])


@pytest.fixture(scope="module")
def inviting():
    with Lab() as lab:
        lab.desk = Board(lab.node("desk", 1), "source", "Desk", **{"source.connect": "none", "source.input": f"file:{CLIP}"})
        lab.lobby = Board(lab.node("lobby", 11), "sink", "Lobby",
                          **{"sink.output": "null:", "security.max_invitations": IN_ALL})
        lab.stranger = lab.node("stranger", 66)
        for address in ADDRESSES[1:]:
            lab.stranger.run("ip", "address", "add", f"{address}/24", "dev", "wlan0")
        lab.old = lab.node("old", 80)
        introduce(lab.desk, lab.lobby)
        yield lab


def ignored(board):
    return board.status()["invitations_ignored"]


def cookie_at(node, address):
    """What Lobby answers to a probe from this address of the stranger."""
    with inside(node.space), contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
        sock.bind((address, SOURCE_PORT))
        return probed(sock, LOBBY, os.urandom(16))


def badly_signed(net, addresses):
    """Invitations in Desk's name, with cookies that Lobby gave to these addresses."""
    desk = Known(net.desk)
    seen = {address: cookie_at(net.stranger, address) for address in addresses}
    for _ in range(100):
        for address in addresses:
            yield udp_datagram((address, SOURCE_PORT), (LOBBY, SINK_PORT),
                               signed_invitation(desk, seen[address], signature=os.urandom(64)))


@pytest.mark.parametrize("addresses, limit", [(ADDRESSES[:1], OF_ADDRESS), (ADDRESSES, IN_ALL)],
                         ids=["of one address", "in all"])
def test_signatures_a_second(inviting, addresses, limit):
    before, begin = ignored(inviting.lobby), time.monotonic()
    with Forger(inviting.stranger) as forger:
        datagrams = list(badly_signed(inviting, addresses))
        Flood(forger, (LOBBY, SINK_PORT), datagrams).run(2_000, 1)
    now = wait_for(lambda: after if (after := ignored(inviting.lobby))["held"] > before["held"] + 300 else None, 5,
                   "what is too much is not looked at")
    checked = now["bad_signature"] - before["bad_signature"]
    assert checked <= limit * (1 + time.monotonic() - begin)


@pytest.mark.parametrize("addresses", [ADDRESSES[:1], ADDRESSES], ids=["of one address", "of many"])
def test_a_flood_of_them_keeps_no_source_out(inviting, addresses):
    flooded, done = threading.Event(), threading.Event()
    datagrams = list(badly_signed(inviting, addresses))

    def flood():
        with Forger(inviting.stranger) as forger:
            source = Flood(forger, (LOBBY, SINK_PORT), datagrams)
            source.run(2_000, 10, lambda: (source.sent > 1000 and flooded.set()) or done.is_set())
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        assert flooded.wait(5)
        assert inviting.desk.ctl("connect", "Lobby").stdout == "Lobby: playing\n"
        inviting.desk.ctl("disconnect", "Lobby")
    finally:
        done.set()
        thread.join()


def test_a_source_that_has_only_tls_1_2_is_refused(inviting):
    """Its key is trusted and its invitation right. The log says what is wrong with it."""
    wait_for(lambda: not inviting.lobby.status()["sessions"], 5, "Lobby is free")
    identity = Identity("Old")
    inviting.lobby.ctl("trust", identity.line)
    key, certificate, _ = make_identity(inviting.directory, "old", identity.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["wfdcast-rtsp/1"])
    with inside(inviting.old.space):
        listener = socket.create_server((inviting.old.address, 7236))
    listener.settimeout(5)
    with listener, udp_socket(inviting.old.space, SOURCE_PORT) as sock:
        sock.sendto(signed_invitation(identity, probed(sock, LOBBY, identity.id)), (LOBBY, SINK_PORT))
        accepted = listener.accept()[0]
        with pytest.raises(ssl.SSLError), accepted:
            context.wrap_socket(accepted, server_side=True).recv(1)
        wait_for(lambda: f"connect to {inviting.old.address}:7236: TLS: tlsv1 alert protocol version" in inviting.lobby.log_text(), 5,
                 "the log names it")
    assert "playing" not in inviting.lobby.session_states().values()
