"""One source as owner of a group, three sinks in it, all by multicast: the link's unicast first, then group frames."""
from lab import Refused, wait_for

SETTINGS = {"source": {"wifi.group_owner": True}}


def case(lab):
    wait_for(lambda: lab.source.wifi()["state"] == "up", "the source has its group")
    names = "Left", "Right", "Middle"
    lab.source("p2p_find")
    wait_for(lambda: all(lab.source.peer(name) for name in names), "the source sees all sinks")
    for name in names:
        assert lab.source("connect", peers=[name])[0]["result"] == "playing"
    sinks = lab.left, lab.right, lab.middle
    wait_for(lambda: lab.source("status")["stream"]["delivery"] == "multicast", "all have it by multicast")
    for sink in sinks:
        before = sink("status")["stream"]["packets_received"]
        wait_for(lambda: sink.plays(before + 100), f"{sink.name} goes on receiving")
        assert sink("status")["stream"]["delivery"] == "multicast"
    try:
        lab.source("p2p_find")
        raise AssertionError("scans while it plays")
    except Refused as refused:
        assert "while something plays" in str(refused), refused
    assert lab.source.wifi()["multicast_to_unicast"] == {lab.source.wifi()["group"]["interface"]: "on"}
    lab.source("set", key="wifi.multicast_to_unicast", value="off")
    assert list(lab.source.wifi()["multicast_to_unicast"].values()) == ["off"]
    for sink in sinks:
        before = sink("status")["stream"]["packets_received"]
        wait_for(lambda: sink.plays(before + 100), f"{sink.name} goes on receiving group frames")
    assert len(lab.source.wifi()["group"]["members"]) == 3
