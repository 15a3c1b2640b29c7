"""An access point that keeps its clients apart: `connect` says so. Without that they find each other."""
from lab import NETWORK, Refused, wait_for

NETWORKS = NETWORK
HOSTAPD = "ap_isolate=1\n"
SETTINGS = {"source": {"rtsp.timeout": "10s", "rtsp.keepalive": "2s"}}


def case(lab):
    lab.ap.address("10.11.0.1/24")
    lab.source.joins("10.11.0.2/24")
    lab.sink.joins("10.11.0.3/24")
    assert lab.source.run("busybox", "ping", "-c1", "-W2", "10.11.0.1"), "the access point itself is reached"
    try:
        lab.source("connect", peers=["10.11.0.3"])
        raise AssertionError("played through an access point that isolates its clients")
    except Refused as refused:
        assert "client isolation" in str(refused), refused
    assert not lab.source.peer("Sink")

    hostapd = lab.ap.control()
    hostapd.order("SET ap_isolate 0")
    hostapd.order("DISABLE")
    hostapd.order("ENABLE")
    wait_for(lambda: lab.source.peer("Sink"), "the source hears the sink's beacons")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
