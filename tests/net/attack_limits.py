"""Each limit against floods of connections, at a source in paired mode and at one in open mode (docs/security.md)."""
import contextlib
import socket
import time

import pytest

from lab import BIN, Daemon, Lab, run, wait_for
from paired_lab import CLIP, Board, client_hello
from wire import inside

ADDRESSES = [f"10.77.0.{number}" for number in range(66, 72)]  # all of the attacker
HANDSHAKES = 30  # a second; of strangers half as many at once


class Tight:
    def __init__(self, lab):
        quiet = {"source.connect": "all", "source.input": f"file:{CLIP}"}
        self.sources = {
            "paired": Board(lab.node("desk", 1), "source", "Desk",
                            **{**quiet, "source.connect": "paired", "security.max_handshakes": HANDSHAKES}),
            "open": Daemon(lab.node("stage", 2), "source", "Stage", **quiet)}
        self.attacker = lab.node("attacker", 66)
        for address in ADDRESSES[1:]:
            self.attacker.run("ip", "address", "add", f"{address}/24", "dev", "wlan0")

    def set(self, mode, **settings):
        for key, value in settings.items():
            self.sources[mode].ctl("set", f"rtsp.{key}={value}")

    def connect(self, mode, address):
        """A connection that has said nothing yet; it is taken in, as far as anybody can see from here."""
        with inside(self.attacker.space):
            return socket.create_connection((self.sources[mode].node.address, 7236), 5, (address, 0))


@pytest.fixture(scope="module")
def tight():
    with Lab() as lab:
        yield Tight(lab)


def is_open(connection):
    """Whether the source has not closed it yet. What it says (M1, in open mode) is read."""
    connection.setblocking(False)
    try:
        while connection.recv(4096):
            pass
        return False
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def crowd(tight, mode, addresses):
    connections = contextlib.ExitStack()
    return connections, [connections.enter_context(tight.connect(mode, address)) for address in addresses]


@pytest.mark.parametrize("mode", ["paired", "open"])
def test_half_open_connections_of_one_address(tight, mode):
    tight.set(mode, max_half_open_per_address=2, max_half_open=256)
    connections, crowded = crowd(tight, mode, [ADDRESSES[0]] * 4 + [ADDRESSES[1]])
    with connections:
        wait_for(lambda: [is_open(one) for one in crowded] == [False, False, True, True, True], 3,
                 "the oldest two of that address gave way")


@pytest.mark.parametrize("mode", ["paired", "open"])
def test_half_open_connections_in_all(tight, mode):
    tight.set(mode, max_half_open_per_address=4, max_half_open=3)
    connections, crowded = crowd(tight, mode, ADDRESSES)
    with connections:
        wait_for(lambda: [is_open(one) for one in crowded] == [False] * 3 + [True] * 3, 3, "the oldest gave way")


def test_sessions_of_one_address_are_eight_lines_of_the_log_a_minute(tight):
    """Where anybody may connect. The others are lines for debugging."""
    tight.set("open", max_half_open_per_address=4, max_half_open=256)
    address, source = ADDRESSES[-1], tight.sources["open"]
    for _ in range(50):
        with tight.connect("open", address) as connection:
            assert connection.recv(4096).startswith(b"OPTIONS")
    ended = lambda: [line for line in source.log_text().splitlines() if f"({address}): ended" in line]
    wait_for(lambda: len(ended()) >= 50, 5, "all have ended")
    assert sum("debug:" not in line for line in ended()) <= 8


def test_a_slow_handshake_ends_in_time(tight):
    """It says something all the time, a byte at a time: that buys it nothing. Of plain RTSP: test_bad_rtsp.py."""
    tight.set("paired", max_half_open_per_address=4, max_half_open=256, handshake_timeout="1s")
    with tight.connect("paired", ADDRESSES[0]) as connection:
        begin, said = time.monotonic(), iter(client_hello())

        def cut_off():
            with contextlib.suppress(ConnectionError):
                connection.send(bytes([next(said)]))
            return not is_open(connection)
        wait_for(cut_off, 3, "it is cut off")
        assert time.monotonic() - begin >= 0.9


def test_no_handshake_may_have_more_than_ten_seconds():
    done = run(BIN / "wfdd", "--set", "rtsp.handshake_timeout=11s", "--check-config", check=False)
    assert done.returncode == 78 and "rtsp.handshake_timeout" in done.stderr


def test_handshakes_a_second(tight):
    tight.set("paired", max_half_open_per_address=256, max_half_open=256, handshake_timeout="10s")
    begin = time.monotonic()
    connections, crowded = crowd(tight, "paired", ADDRESSES * 12)
    with connections:
        kept = lambda: sum(is_open(one) for one in crowded)
        allowed = lambda: HANDSHAKES * (0.5 + time.monotonic() - begin)
        wait_for(lambda: kept() <= allowed() + 1, 2, "the others were turned away")
        assert kept() > 0
