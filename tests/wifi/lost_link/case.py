"""A link goes again before anything has played on it, as where wpa_supplicant begins the handshake of its keys anew with a
client that has them: `connect` makes it once more, by itself, and goes on. Nobody is asked again."""
from lab import wait_for

SETTINGS = {"source": {"wifi.go_intent": 0}, "sink": {"wifi.go_intent": 15, "wifi.accept": "ask"}}
NOTHING_LEAVES = "blackhole", "192.168.49.0/25"


def case(lab):
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    lab.source.run("ip", "route", "add", *NOTHING_LEAVES)
    call = lab.source.rpc.begin("connect", {"peers": ["Sink"]})
    lab.sink.wait_event("p2p_request")
    lab.sink("accept")
    lab.source.wait_event("p2p_group_up")
    lab.sink.wait_event("p2p_joined")
    owner = lab.sink.control(lab.sink.wifi()["group"]["interface"])
    owner.order(f"DEAUTHENTICATE {owner('STA-FIRST').splitlines()[0]}")
    lab.source.wait_event("p2p_group_down")
    lab.source.run("ip", "route", "del", *NOTHING_LEAVES)
    assert lab.source.rpc.finish(call)[0]["result"] == "playing"
    wait_for(lambda: lab.sink.plays(100), "packets arrive at the sink")
