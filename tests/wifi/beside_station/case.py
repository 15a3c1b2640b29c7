"""Source and sink are clients of an access point, and link directly beside that: on its channel, and both stay its clients."""
from lab import NETWORK, wait_for

NETWORKS = NETWORK


def case(lab):
    lab.ap.address("10.11.0.1/24")
    lab.source.joins("10.11.0.2/24")
    lab.sink.joins("10.11.0.3/24")
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink") and "p2p" in lab.source.peer("Sink")["via"], "the source sees the sink by Wi-Fi Direct")
    assert lab.source("p2p_connect", peer="Sink")["result"] == "connected"
    for one in lab.source, lab.sink:
        wait_for(lambda: one.wifi()["group"], f"{one.name} has the group")
        assert one.wifi()["group"]["frequency"] == 2437, one.wifi()
        assert "wpa_state=COMPLETED" in one.control(one.wlan)("STATUS")
