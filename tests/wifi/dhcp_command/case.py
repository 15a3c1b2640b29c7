"""Addresses of a group by wifi.address_command: the owner's DHCP server, the client's DHCP client, both with no more
rights than wfdd has."""
from lab import ROOT, wait_for

COMMAND = {"wifi.group_address": "", "wifi.address_command": ROOT / "tests" / "wifi" / "dhcp_command" / "addresses"}
SETTINGS = {"source": {"wifi.go_intent": 15, **COMMAND}, "sink": COMMAND}


def case(lab):
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
    wait_for(lambda: lab.sink.plays(100), "packets arrive at the sink")
    group = lab.sink.wifi()["group"]
    assert group["address"].startswith("192.168.50."), group
    assert lab.source.wifi()["group"]["address"] == "192.168.50.1"
    # They end with the group.
    lab.source("p2p_disconnect")
    wait_for(lambda: lab.sink.wifi()["state"] == "idle", "the sink is free again")
    wait_for(lambda: "udhcp" not in lab.source.run("busybox", "ps"), "server and client have ended")
