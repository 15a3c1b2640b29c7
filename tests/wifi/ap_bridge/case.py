"""The access point of a home: its radio and its Ethernet ports are one bridge with IGMP snooping. The source is on a cable.

    [source eth0]--[lan3 \\
                          br0  wlan0]  ~ ~ ~  [left] [right]
    [other eth0]--[lan4 /   ap

What nobody has joined does not go out of a port, and the radio has it as unicast where the bridge makes it so."""
import json

from lab import NETWORK, wait_for

NETWORKS = NETWORK
HOSTAPD = "bridge=br0\n"
SETTINGS = {"source": {"wifi.control": "", "source.connect": "all", "stream.group": "239.255.7.7",
                       "stream.igmp_querier": "on", "stream.igmp_query_interval": "5s"}}


def case(lab):
    lab.ap.run("ip", "link", "set", "br0", "type", "bridge", "mcast_membership_interval", "1500")  # 15 s, not 260
    lab.source.address("10.11.0.2/24")
    lab.other.address("10.11.0.9/24")
    sinks = lab.left, lab.right
    for number, sink in enumerate(sinks, 3):
        sink.joins(f"10.11.0.{number}/24")

    def groups():
        """The port of each entry that the bridge has for the stream's group."""
        database = json.loads(lab.ap.run("bridge", "-json", "mdb", "show"))[0]["mdb"]
        return [entry["port"] for entry in database if entry["grp"] == "239.255.7.7"]

    def by_multicast():
        wait_for(lambda: lab.source("status")["stream"]["delivery"] == "multicast"
                 and len(lab.source("status")["sessions"]) == 2, "both sinks have the stream by multicast")

    def sent(port):
        return int(lab.ap.run("cat", f"/sys/class/net/{port}/statistics/tx_packets"))

    def all_receive(what):
        for sink in sinks:
            before = sink("status")["stream"]["packets_received"]
            wait_for(lambda: sink.plays(before + 100), f"{sink.name} goes on receiving, {what}")
            assert sink("status")["stream"]["delivery"] == "multicast"
    by_multicast()
    assert "wlan0" in groups(), groups()
    all_receive("by snooping")

    def spared():
        before = sent("lan4")
        all_receive("while the other port is watched")
        return sent("lan4") < before + 50  # beacons, but not the 100 packets and more
    wait_for(spared, "the port that nobody has joined by is spared, once the querier's first answers are due")

    lab.source("disconnect", peers=["Left", "Right"])
    wait_for(lambda: "wlan0" not in groups(), "the radio's port has left the group")

    # Before they join: the bridge tells members of one port apart only from then on.
    lab.ap.run("bridge", "link", "set", "dev", "wlan0", "mcast_to_unicast", "on")
    lab.source("connect", peers=["Left", "Right"])
    by_multicast()
    all_receive("as unicast of the radio")
    assert groups().count("wlan0") == 2, groups()
