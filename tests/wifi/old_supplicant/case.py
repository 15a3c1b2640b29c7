"""A wpa_supplicant that lacks what newer ones have (a fake of such: see fake_old_control.py). They find each other, the
group's addresses come by DHCP instead of EAPOL, and a known group is formed anew."""
from lab import ROOT, wait_for

HERE = ROOT / "tests" / "wifi" / "old_supplicant"
COMMAND = ROOT / "tests" / "wifi" / "dhcp_command" / "addresses"
SETTINGS = {name: {"wifi.control": f"/run/{name}/old", "wifi.group_address": "", "wifi.address_command": COMMAND,
                   "wifi.persistent": True, **more}
            for name, more in {"source": {"wifi.go_intent": 15}, "sink": {}}.items()}


def case(lab):
    for station in lab.source, lab.sink:
        station.start("/usr/bin/python3", "-IS", HERE / "fake_old_control.py", station.directory / "wpa",
                      station.directory / "old", log=f"{station.name}-fake.log")
        wait_for(lambda: station.wifi()["state"] == "idle", f"{station.name} has found its wpa_supplicant")
    for _ in "new", "known":
        lab.source("p2p_find")
        wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
        assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
        wait_for(lambda: lab.sink.plays(100), "packets arrive at the sink")
        assert lab.sink.wifi()["group"]["address"].startswith("192.168.50."), lab.sink.wifi()
        lab.source("p2p_disconnect")
        for station in lab.source, lab.sink:
            wait_for(lambda: station.wifi()["state"] == "idle", f"{station.name} is free again")
    lab.sink.daemon.terminate()
    assert lab.sink.daemon.wait(10) == 0
    assert lab.sink.control()("WFD_SUBELEM_GET 0") == "", "left as it was found"
