"""A plain WFD sink over Wi-Fi Direct: the member of the group may open RTSP without an invitation."""
from lab import wait_for

SETTINGS = {"source": {"wifi.go_intent": 15}}


def case(lab):
    tv = lab.tv.control()
    tv.order("WFD_SUBELEM_SET 0 000600111c440032")
    tv.order("P2P_LISTEN")
    lab.source("p2p_find")
    row = wait_for(lambda: lab.source.peer("tv"), "the source sees the TV")
    assert row["via"] == ["p2p"], row
    call = lab.source.rpc.begin("p2p_connect", {"peer": "tv"})
    device = lab.source.device_address()
    tv.wait("P2P-GO-NEG-REQUEST")
    tv.order(f"P2P_CONNECT {device} pbc go_intent=0")
    started = tv.wait(r"P2P-GROUP-STARTED (\S+) client .*? ip_addr=(\S+)")
    assert lab.source.rpc.finish(call)["result"] == "connected"
    lab.tv.address(f"{started.group(2)}/24", started.group(1))
    # Its RTSP connection is accepted: M1 comes without an invitation.
    talk = ("import socket, sys; s = socket.create_connection(('192.168.49.1', 7236), 20); s.settimeout(20); "
            "sys.stdout.write(s.recv(1000).decode())")
    said = lab.tv.run("/usr/bin/python3", "-c", talk)
    assert said.startswith("OPTIONS * RTSP/1.0"), said
    lab.source("p2p_disconnect")
    tv.wait("P2P-GROUP-REMOVED")
