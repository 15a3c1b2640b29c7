"""Two people want the same sink at once: one has it, the other one hears why not, and has it afterwards."""
from lab import Refused, wait_for


def case(lab):
    sources = [lab.left, lab.right]
    for source in sources:
        source("p2p_find")
    for source in sources:
        wait_for(lambda: source.peer("Sink"), f"{source.name} sees the sink")
    calls = [source.rpc.begin("connect", {"peers": ["Sink"]}) for source in sources]
    playing, refused = [], []
    for source, call in zip(sources, calls):
        try:
            assert source.rpc.finish(call)[0]["result"] == "playing"
            playing.append(source)
        except Refused as why:
            refused.append((source, str(why)))
    assert len(playing) == 1, f"{len(playing)} have the sink; {refused}"
    (winner,), ((loser, reason),) = playing, refused
    assert "rejected" in reason or "did not answer" in reason or "cannot take" in reason, reason
    wait_for(lambda: lab.sink.plays(100), "packets arrive at the sink")
    assert [row["name"].lower() for row in lab.sink("status")["sessions"]] == [winner.name]

    winner("p2p_disconnect")
    wait_for(lambda: lab.sink.wifi()["state"] == "idle", "the sink is free again")

    def gets_it():
        loser("p2p_find")
        wait_for(lambda: loser.peer("Sink") and loser.peer("Sink")["state"] == "available", "it sees that the sink is free")
        try:
            return loser("connect", peers=["Sink"])[0]["result"] == "playing"
        except Refused:
            return False  # the sink forgets whom it refused 30 s later
    wait_for(gets_it, "the other one has it", timeout=300)
