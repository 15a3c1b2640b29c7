"""By the global socket of a wpa_supplicant whose driver has no P2P device interface."""
from lab import wait_for

OPTIONS = {"global": True}


def case(lab):
    assert lab.source.p2p == "wlan0"
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
