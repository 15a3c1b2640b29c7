"""The source is the access point of its sinks: multicast as unicast of the link, switched off again, and put back at the end."""
from lab import NETWORK, wait_for

NETWORKS = NETWORK
SETTINGS = {"source": {"source.connect": "all", "wifi.control": ""}}


def case(lab):
    sinks = lab.left, lab.right
    for number, sink in enumerate(sinks, 2):
        sink.joins(f"10.11.0.{number}/24")
    wait_for(lambda: lab.source("status")["stream"]["delivery"] == "multicast"
             and len(lab.source("status")["sessions"]) == 2, "both sinks have the stream by multicast")
    assert lab.source.wifi()["multicast_to_unicast"] == {"wlan0": "on"}
    assert lab.source.wifi()["state"] == "off"
    for state in "on", "off":
        lab.source("set", key="wifi.multicast_to_unicast", value=state)
        assert lab.source.wifi()["multicast_to_unicast"] == {"wlan0": state}
        for sink in sinks:
            before = sink("status")["stream"]["packets_received"]
            wait_for(lambda: sink.plays(before + 100), f"{sink.name} goes on receiving")
            assert sink("status")["stream"]["delivery"] == "multicast"
