"""Source and sinks are stations of one access point: beacons, multicast, power save, and the AP gone for a while."""
from lab import NETWORK, wait_for

NETWORKS = NETWORK
SETTINGS = {"source": {"source.connect": "all"}}


def case(lab):
    lab.ap.address("10.11.0.1/24")
    stations = lab.source, lab.left, lab.right, lab.middle
    # Of the source alone: while one station sleeps, group frames wait for all, and sinks find them too late.
    lab.source.run("iw", "dev", lab.source.wlan, "set", "power_save", "on")
    for number, station in enumerate(stations, 2):
        station.joins(f"10.11.0.{number}/24")
    wait_for(lambda: lab.source("status")["stream"]["delivery"] == "multicast"
             and len(lab.source("status")["sessions"]) == 3, "three sinks have the stream by multicast")
    for sink in stations[1:]:
        before = sink("status")["stream"]["packets_received"]
        wait_for(lambda: sink.plays(before + 100), f"{sink.name} goes on receiving")
    assert "off" in lab.source.run("iw", "dev", lab.source.wlan, "get", "power_save"), "no power save while it plays"
    # A station cannot have its access point's group frames as unicast: the source says why.
    state = lab.source.wifi()["multicast_to_unicast"]
    assert state.get(lab.source.wlan) not in (None, "on", "off"), state
    hostapd = lab.ap.control()
    hostapd.order("DISABLE")
    lab.left.control(lab.left.wlan).wait("CTRL-EVENT-DISCONNECTED|CTRL-EVENT-SCAN")
    hostapd.order("ENABLE")
    for sink in stations[1:]:
        before = sink("status")["stream"]["packets_received"]
        wait_for(lambda: sink.plays(before + 100), f"{sink.name} receives again", timeout=120)
    lab.source.daemon.terminate()
    lab.source.daemon.wait(10)
    assert "on" in lab.source.run("iw", "dev", lab.source.wlan, "get", "power_save"), "put back as it was"
