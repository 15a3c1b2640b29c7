"""Source and sinks are stations of one access point: beacons, multicast, and the AP gone for a while."""
from lab import NETWORK, wait_for

NETWORKS = NETWORK
SETTINGS = {"source": {"source.connect": "all"}}


def case(lab):
    lab.ap.address("10.11.0.1/24")
    stations = lab.source, lab.left, lab.right, lab.middle
    for number, station in enumerate(stations, 2):
        control = station.control(station.wlan)
        if "wpa_state=COMPLETED" not in control("STATUS"):
            control.wait("CTRL-EVENT-CONNECTED")
        station.address(f"10.11.0.{number}/24")
    wait_for(lambda: lab.source("status")["stream"]["delivery"] == "multicast"
             and len(lab.source("status")["sessions"]) == 3, "three sinks have the stream by multicast")
    for sink in stations[1:]:
        before = sink("status")["stream"]["packets_received"]
        wait_for(lambda: sink.plays(before + 100), f"{sink.name} goes on receiving")
    hostapd = lab.ap.control()
    hostapd.order("DISABLE")
    lab.left.control(lab.left.wlan).wait("CTRL-EVENT-DISCONNECTED|CTRL-EVENT-SCAN")
    hostapd.order("ENABLE")
    for sink in stations[1:]:
        before = sink("status")["stream"]["packets_received"]
        wait_for(lambda: sink.plays(before + 100), f"{sink.name} receives again", timeout=120)
