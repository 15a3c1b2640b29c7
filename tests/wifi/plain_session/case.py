"""A television that knows nothing of wfdcast: its whole session on a Wi-Fi Direct group, and it is the one that leaves."""
import sys
import types

from lab import CLIP, ROOT, wait_for

sys.path.append(str(ROOT / "tests" / "net"))
from plain_wfd_sink import PlainWfdSink  # noqa: E402

SETTINGS = {"source": {"wifi.go_intent": 15}}


def case(lab):
    tv = lab.tv.control()
    tv.order("WFD_SUBELEM_SET 0 000600111c440032")
    tv.order("P2P_LISTEN")
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("tv"), "the source sees the TV")
    call = lab.source.rpc.begin("connect", {"peers": ["tv"]})
    tv.wait("P2P-GO-NEG-REQUEST")
    tv.order(f"P2P_CONNECT {lab.source.device_address()} pbc go_intent=0")
    group, address = tv.wait(r"P2P-GROUP-STARTED (\S+) client .*? ip_addr=(\S+)").groups()
    lab.tv.address(f"{address}/24", group)
    sink = PlainWfdSink(types.SimpleNamespace(space="tv"), "192.168.49.1")
    try:
        assert lab.source.rpc.finish(call)[0]["result"] == "playing"
        sink.playing.wait(10)
        for _ in range(100):
            assert sink.rtp.recv(2048)[1] & 0x7F == 33, "an MPEG-2 transport stream (RFC 3551)"
        row = lab.source.session()
        assert (row["name"], row["state"], row["delivery"]) == ("tv", "playing", "unicast"), row
        lab.source("disconnect", peers=["tv"])
        wait_for(lambda: sink.ended, "the session is torn down")
        assert sink.asked[-1] == "TEARDOWN", sink.asked
    finally:
        sink.close()
    tv.order(f"P2P_GROUP_REMOVE {group}")
    lab.source.wait_event("p2p_left")
    wait_for(lambda: lab.source.wifi()["state"] == "idle", "a group without members goes")
