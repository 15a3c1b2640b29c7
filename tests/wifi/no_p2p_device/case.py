"""A driver without a P2P device interface, and groups on an interface of their own."""
from lab import wait_for


def case(lab):
    assert lab.source.p2p == "wlan0"
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
