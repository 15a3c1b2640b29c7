"""A sink that plays says in its WFD elements that it is not available, and is available again afterwards. It owns the
group, so that others go on seeing it."""
from lab import wait_for

SETTINGS = {"sink": {"wifi.go_intent": 15}, "source": {"wifi.go_intent": 0}}


def case(lab):
    phone, elements = lab.phone.control(), lab.sink.control()
    phone.order("WFD_SUBELEM_SET 0 000600101c440032")
    sink = lab.sink.device_address()
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    assert elements("WFD_SUBELEM_GET 0") == "000600111c440032"
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
    assert elements("WFD_SUBELEM_GET 0") == "000600011c440032"
    phone.order("P2P_FIND")
    phone.wait(f"P2P-DEVICE-FOUND .*p2p_dev_addr={sink} .*wfd_dev_info=0x00011c440032")
    lab.source("disconnect", peers=["Sink"])
    phone.wait(f"P2P-DEVICE-FOUND .*p2p_dev_addr={sink} .*wfd_dev_info=0x00111c440032")
    assert elements("WFD_SUBELEM_GET 0") == "000600111c440032"
