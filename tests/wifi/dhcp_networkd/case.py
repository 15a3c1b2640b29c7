"""Addresses of a group by systemd-networkd, with the files that we ship: it serves on the owner's side and asks on the
client's, and leaves everything else alone."""
from lab import ROOT, wait_for

SETTINGS = {"source": {"wifi.go_intent": 15, "wifi.group_address": ""}, "sink": {"wifi.group_address": ""}}
# A networkd for each board: it has its own files, and drops to its own user.
# With /sys to write to it would wait for udev.
START = f"""mount -o remount,ro /sys
mkdir -p /run/systemd
mount -t tmpfs tmpfs /run/systemd
mkdir /run/systemd/network
cp {ROOT}/systemd/p2p-*.network /run/systemd/network/
SYSTEMD_LOG_LEVEL=debug exec /lib/systemd/systemd-networkd"""


def case(lab):
    for station in lab.source, lab.sink:
        station.start("sh", "-ec", START, log=f"{station.name}-networkd.log")
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
    wait_for(lambda: lab.sink.plays(100), "packets arrive at the sink")
    assert lab.source.wifi()["group"]["address"] == "192.168.49.1"
    address = lab.sink.wifi()["group"]["address"]
    assert address.startswith("192.168.49.") and int(address.split(".")[3]) >= 128, address
    assert "default" not in lab.sink.run("ip", "route"), "no way to the Internet by a group"
