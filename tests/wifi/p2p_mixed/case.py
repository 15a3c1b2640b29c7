"""A group with two sinks of ours and a television that knows nothing of multicast: they share, it has a copy of its own."""
import sys
import types

from lab import ROOT, wait_for

sys.path.append(str(ROOT / "tests" / "net"))
from plain_wfd_sink import VIDEO_720P, PlainWfdSink  # noqa: E402

SETTINGS = {"source": {"wifi.group_owner": True}}


def case(lab):
    wait_for(lambda: lab.source.wifi()["state"] == "up", "the source has its group")
    tv = lab.tv.control()
    tv.order("WFD_SUBELEM_SET 0 000600111c440032")
    tv.order("P2P_LISTEN")
    lab.source("p2p_find")
    wait_for(lambda: all(lab.source.peer(name) for name in ("Left", "Right", "tv")), "the source sees all three")
    for name in "Left", "Right":
        assert lab.source("connect", peers=[name])[0]["result"] == "playing"
    call = lab.source.rpc.begin("connect", {"peers": ["tv"]})
    owner = tv.wait(r"P2P-INVITATION-RECEIVED .*go_dev_addr=(\S+)").group(1)
    tv.order(f"P2P_CONNECT {owner} pbc join")
    group, address = tv.wait(r"P2P-GROUP-STARTED (\S+) client .*? ip_addr=(\S+)").groups()
    lab.tv.address(f"{address}/24", group)
    sink = PlainWfdSink(types.SimpleNamespace(space="tv"), "192.168.49.1", VIDEO_720P)
    try:
        assert lab.source.rpc.finish(call)[0]["result"] == "playing"
        sink.playing.wait(10)
        wait_for(lambda: {row["name"]: row["delivery"] for row in lab.source("status")["sessions"]} ==
                 {"Left": "multicast", "Right": "multicast", "tv": "unicast"}, "each has it as it can")
        for _ in range(100):
            assert sink.rtp.recv(2048)[1] & 0x7F == 33, "an MPEG-2 transport stream (RFC 3551)"
        for one in lab.left, lab.right:
            before = one("status")["stream"]["packets_received"]
            wait_for(lambda: one.plays(before + 100), f"{one.name} goes on receiving")
            assert one("status")["stream"]["delivery"] == "multicast"
    finally:
        sink.close()
