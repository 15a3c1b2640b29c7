"""By wpa_supplicant's global socket."""
from lab import wait_for

OPTIONS = {"global": True}


def case(lab):
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
    lab.sink("status")
    # The other side removes the group.
    lab.sink("p2p_disconnect")
    lab.source.wait_event("p2p_left" if lab.source.wifi()["group"]["role"] == "owner" else "p2p_group_down")
    wait_for(lambda: not lab.sink("status")["sessions"], "the session has ended")
