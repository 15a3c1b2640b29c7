"""A bare wpa_supplicant sees our sink with the right WFD elements, through a session and after our exit."""
import re

from lab import wait_for


def information(phone, sink):
    return re.search(r"^wfd_subelems=(.*)$", phone(f"P2P_PEER {sink}"), re.M)


def case(lab):
    phone = lab.phone.control()
    phone.order("WFD_SUBELEM_SET 0 000600101c440032")
    sink = lab.sink.device_address()
    phone.order("P2P_FIND")
    found = phone.wait(f"P2P-DEVICE-FOUND {sink} .*").group(0)
    assert "pri_dev_type=7-0050F204-1" in found and "name='Sink'" in found and "wfd_dev_info=0x00111c440032" in found, found
    phone.order("P2P_STOP_FIND")
    details = phone(f"P2P_PEER {sink}")
    assert "manufacturer=wfdcast" in details and "model_name=wfdcast" in details, details

    phone.order(f"P2P_CONNECT {sink} pbc go_intent=15")
    group = phone.wait(r"P2P-GROUP-STARTED (\S+) GO").group(1)
    phone.wait("AP-STA-CONNECTED")
    # It is linked with a source that is none of ours: it looks for its RTSP port by itself.
    lab.phone.address("192.168.49.1/24", group)
    lab.sink.wait_event("p2p_group_up")

    lab.sink.daemon.terminate()
    assert lab.sink.daemon.wait(10) == 0
    phone.wait("AP-STA-DISCONNECTED")
    supplicant = lab.sink.control()
    assert supplicant("WFD_SUBELEM_GET 0") == ""
