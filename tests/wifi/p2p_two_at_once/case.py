"""Two sources connect to one sink at the same time: one plays, the other hears why not."""
from lab import Refused, wait_for

SETTINGS = {"source": {"wifi.go_intent": 15}}


def case(lab):
    sources = lab.source, lab.other
    for source in sources:
        source("p2p_find")
    for source in sources:
        wait_for(lambda: source.peer("Sink"), f"{source.name} sees the sink")
    calls = [(source, source.rpc.begin("connect", {"peers": ["Sink"]})) for source in sources]
    outcomes = []
    for source, call in calls:
        try:
            outcomes.append(source.rpc.finish(call)[0]["result"])
        except Refused as refused:
            outcomes.append(str(refused))
    assert outcomes.count("playing") == 1, outcomes
    assert len(lab.sink("status")["sessions"]) == 1
