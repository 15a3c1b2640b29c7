"""wpa_supplicant is killed while it plays, and comes back: noticed, said, and used again. The station's own network
is not ours to touch."""
import time

from lab import wait_for


def connect(lab):
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink") and lab.source.peer("Sink")["via"] == ["p2p"], "the source sees the sink")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"


def case(lab):
    connect(lab)
    lab.source.rpc.events.clear()  # a first try may have ended by a group that went
    killed = time.monotonic()
    lab.source.supplicant.kill()
    lab.source.wait_event("p2p_group_down")
    assert time.monotonic() - killed < 2, "noticed within two seconds"
    status = lab.source("status")
    assert status["wifi"]["state"] == "down" and status["wifi"]["problem"], status["wifi"]
    wait_for(lambda: not lab.source("status")["sessions"], "the session has ended")
    lab.source.start_supplicant()
    wait_for(lambda: lab.source.wifi()["state"] == "idle", "the source has found wpa_supplicant again")
    supplicant = lab.source.control()
    wait_for(lambda: supplicant("WFD_SUBELEM_GET 0") == "000600101c440032", "the WFD elements are set again")
    wait_for(lambda: lab.sink.wifi()["state"] == "idle", "the sink has given the group up")
    connect(lab)
