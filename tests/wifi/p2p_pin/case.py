"""By PIN, shown by the sink and entered at the source, then the other way round; a wrong one does not get in."""
from lab import Refused, wait_for

SETTINGS = {"sink": {"wifi.accept": "ask"}}


def case(lab):
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    lab.source("p2p_pin", peer="Sink")
    pin = lab.sink.wait_event("p2p_pin")["pin"]
    lab.source.wait_event("p2p_pin_wanted")
    assert lab.source("connect", peers=["Sink"], pin=pin)[0]["result"] == "playing"
    lab.source("p2p_disconnect")
    wait_for(lambda: lab.sink.wifi()["state"] == "idle", "the sink is free again")

    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink again")
    call = lab.source.rpc.begin("connect", {"peers": ["Sink"], "show_pin": True})
    pin = lab.source.wait_event("p2p_pin")["pin"]
    assert lab.sink.wait_event("p2p_request")["enter_pin"]
    try:
        lab.sink("accept")
        raise AssertionError("accepted without a PIN")
    except Refused as refused:
        assert "--pin" in str(refused), refused
    lab.sink("accept", pin=pin)
    assert lab.source.rpc.finish(call)[0]["result"] == "playing"
