"""A second connection uses the remembered group: nobody is asked."""
from lab import wait_for

SETTINGS = {"sink": {"wifi.accept": "ask"}}


def connect(lab, accepted):
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    call = lab.source.rpc.begin("connect", {"peers": ["Sink"]})
    if accepted:
        lab.sink.wait_event("p2p_request")
        lab.sink("accept")
    assert lab.source.rpc.finish(call)[0]["result"] == "playing"
    ssid = lab.source.wifi()["group"]["ssid"]
    lab.source("p2p_disconnect")
    wait_for(lambda: lab.sink.wifi()["state"] == "idle", "the sink is free again")
    return ssid


def case(lab):
    first = connect(lab, accepted=True)
    assert connect(lab, accepted=False) == first
