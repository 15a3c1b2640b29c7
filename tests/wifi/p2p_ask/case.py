"""The sink asks a person, who rejects, and accepts later. With the sink as the group's owner."""
from lab import Refused, wait_for

SETTINGS = {"sink": {"wifi.accept": "ask", "wifi.go_intent": 14}, "source": {"wifi.go_intent": 0}}


def case(lab):
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    call = lab.source.rpc.begin("connect", {"peers": ["Sink"]})
    lab.sink.wait_event("p2p_request", name="Source")
    lab.sink("reject")
    try:
        lab.source.rpc.finish(call)
        raise AssertionError("played although it was rejected")
    except Refused as refused:
        # wpa_supplicant hears of the rejection only if it asks once more.
        assert "rejected by its user" in str(refused) or "did not answer" in str(refused), refused

    # The refusal is over some time later, without a restart of anything.
    def asks_again():
        lab.source("p2p_find")
        wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink again")
        again = lab.source.rpc.begin("connect", {"peers": ["Sink"]})
        try:
            lab.sink.wait_event("p2p_request", timeout=20)
            return again
        except TimeoutError:
            try:
                lab.source.rpc.finish(again)
            except Refused:
                return None
    call = wait_for(asks_again, "the sink asks its person again", timeout=300)
    lab.sink("accept")
    assert lab.source.rpc.finish(call)[0]["result"] == "playing"
    assert lab.sink.wifi()["group"]["role"] == "owner"
    assert lab.source.wifi()["group"]["role"] == "client"
    wait_for(lambda: lab.sink.plays(100), "packets arrive at the sink")
