"""A sink goes out of range of the group's owner: the keep-alive ends the session, long before wpa_supplicant notices
(315 s); when it is back it can be connected again."""
import time

from lab import wait_for

SETTINGS = {"source": {"wifi.go_intent": 15, "rtsp.keepalive": "2s", "rtsp.timeout": "10s"}}


def case(lab):
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
    gone = time.monotonic()
    lab.sink.out_of_range()
    lab.source.wait_event("session_ended")
    assert time.monotonic() - gone < 30
    lab.sink.wait_event("p2p_group_down")  # wpa_supplicant gives the group up after 12 s
    lab.sink.out_of_range(False)
    wait_for(lambda: lab.sink.wifi()["state"] == "idle", "the sink is free again")
    lab.source("p2p_disconnect")
    wait_for(lambda: lab.source.wifi()["state"] == "idle", "the source is free again")

    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink again")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
