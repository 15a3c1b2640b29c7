"""security.open_interfaces: ordinary Wi-Fi Display on one interface of a source that is in paired mode on the other.

    [lobby 10.77.0.11] -- wlan0 [desk 10.77.0.1, 10.88.0.1] eth1 -- [television 10.88.0.2]
"""
import pytest

from attack_stream import looks_like_ts
from control_lab import moves_on
from lab import Lab, wait_for
from paired_lab import CLIP, Board, introduce
from rtsp_peer import Closed, ScriptedSink
from wire import Capture
from witness import outsider


class House:
    def __init__(self, lab):
        node = lab.node("desk", 1)
        self.television = outsider(lab, node)
        self.stranger = lab.node("stranger", 66)
        self.lobby = Board(lab.node("lobby", 11), "sink", "Lobby", **{"sink.output": "null:"})
        self.desk = Board(node, "source", "Desk", **{"source.connect": "none", "source.input": f"file:{CLIP}",
                                                    "interface": "wlan0,eth1", "security.open_interfaces": "eth1"})
        wait_for(lambda: self.desk.ask("peers"), 5, "Lobby is in reach")
        introduce(self.desk, self.lobby)


@pytest.fixture(scope="module")
def house():
    with Lab() as lab:
        yield House(lab)


def rtp_at(node):
    with Capture(node.space) as capture:
        return wait_for(lambda: frames if len(frames := capture.all_rtp()) > 30 else None, 5, "a stream")


def test_each_link_gets_what_it_may(house):
    house.desk.ctl("connect", "Lobby")
    house.desk.ctl("connect", "--no-wait", house.television.address)
    with ScriptedSink(house.television, "10.88.0.1") as plain:
        plain.advance("PLAYING")
        copy = rtp_at(house.television)
        assert all(looks_like_ts(frame.payload[12:]) for frame in copy)
        assert {frame.target for frame in copy} == {house.television.address}
        assert not any(looks_like_ts(frame.payload[12:12 + 7 * 188]) for frame in rtp_at(house.lobby.node))
        moves_on(house.lobby)


def test_the_interface_decides_not_the_address(house):
    """By eth1 to wlan0's address is still eth1; and nothing plain comes in by wlan0, whatever it asks for."""
    house.desk.ctl("connect", "--no-wait", house.television.address)
    with ScriptedSink(house.television, "10.77.0.1") as plain:
        plain.advance("M4")
    with pytest.raises(Closed), ScriptedSink(house.stranger) as plain:
        plain.send("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        plain.advance("M1", 3)
