"""A sink is out of range of its group's owner for a moment: it joins again by itself, and the picture goes on in the
same session."""
from lab import wait_for

SETTINGS = {"source": {"wifi.go_intent": 15}}


def case(lab):
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
    wait_for(lambda: lab.sink.plays(100), "packets arrive at the sink")
    group = lab.sink.wifi()["group"]["interface"]
    link = lab.sink.control(group)
    lab.sink.out_of_range()
    link.wait("CTRL-EVENT-DISCONNECTED")
    lab.sink.out_of_range(False)
    link.wait("CTRL-EVENT-CONNECTED")
    before = lab.sink("status")["stream"]["packets_received"]
    wait_for(lambda: lab.sink.plays(before + 100), "packets arrive again")
    assert lab.sink.wifi()["group"]["interface"] == group
    wait_for(lambda: lab.source.session()["state"] == "playing", "the source plays")
    for one in lab.source, lab.sink:
        assert not [e for e in one.rpc.events if e["method"] == "session_ended"], f"{one.name}: it is the same session"
