"""Source and sink find each other by their WFD elements; `connect` goes the whole way, by button."""
from lab import wait_for


def case(lab):
    lab.source("p2p_find")
    found = wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink by Wi-Fi Direct")
    assert found["via"] == ["p2p"] and found["role"] == "sink" and found["state"] == "available", found
    result = lab.source("connect", peers=["Sink"])
    assert result[0]["result"] == "playing", result
    wait_for(lambda: lab.sink.plays(100), "packets arrive at the sink")
    row = lab.source.peer("Sink")
    assert sorted(row["via"]) == ["beacon", "p2p"], row
    assert [r["name"] for r in lab.source("peers")] == ["Sink"], "one device is one row"
    group = lab.source.wifi()["group"]
    assert group["address"].startswith("192.168.49."), group
    # Nothing is scanned while it plays, and the sink says that it is busy.
    assert "result" in lab.source("p2p_disconnect")
    lab.sink.wait_event("p2p_group_down")
    wait_for(lambda: not lab.source("status")["sessions"], "the session ends with the group")
    wait_for(lambda: lab.sink.wifi()["state"] == "idle", "the sink is free again")
