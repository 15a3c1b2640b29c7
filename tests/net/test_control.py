"""Every command of wfdctl (contract 2.3, 2.4)."""
import json
import os
import re
import subprocess
import time

import pytest

from control_lab import EDID, TIMEOUT, all_daemons, fails, moves_on, net  # noqa: F401 (fixtures)
from lab import BIN, run, wait_for

STATUS = {"role", "name", "id", "version", "uptime_s", "interface", "interfaces", "address", "stream", "sessions"}
STREAM = {"state", "delivery", "group", "rtp_port", "bitrate_bps"}
SOURCE_STREAM = {"packets_sent", "bytes_sent", "packets_retransmitted", "fec_packets_sent", "idr_requests"}
SINK_STREAM = {"source", "packets_received", "packets_lost", "packets_recovered", "packets_late", "jitter_ms"}
SESSION = {"peer", "name", "address", "state", "delivery", "video", "audio", "since_s"}
STATS = {"peer", "name", "bitrate_bps", "loss_before", "loss_after", "recovered", "retransmitted", "jitter_ms",
         "delay_ms", "buffer_ms"}
PEER = {"id", "name", "role", "address", "interface", "via", "paired", "state", "last_seen_s"}


def test_status_has_the_fields_of_the_contract(net):
    idle = net.source.status()
    assert STATUS <= set(idle) and STREAM | SOURCE_STREAM <= set(idle["stream"])
    assert (idle["role"], idle["name"], idle["interface"], idle["address"]) == ("source", "Desk", "wlan0", "10.77.0.1")
    assert (idle["stream"]["state"], idle["stream"]["delivery"], idle["sessions"]) == ("idle", "none", [])
    assert re.fullmatch("[0-9a-f]{32}", idle["id"])
    net.source.ctl("connect", "Lobby")
    for daemon, role, fields in ((net.source, "source", SOURCE_STREAM), (net.lobby, "sink", SINK_STREAM)):
        status = daemon.status()
        assert status["role"] == role and STREAM | fields <= set(status["stream"])
        session, = status["sessions"]
        assert SESSION <= set(session)
        assert (session["state"], session["video"], session["audio"]) == ("playing", "640x480p60", "AAC")
        assert (status["stream"]["state"], status["stream"]["delivery"]) == ("playing", "unicast")
    assert (net.lobby.status()["sessions"][0]["name"], net.lobby.stream()["source"]) == ("Desk", "10.77.0.1")
    # What makes the kernel drop group frames stands there too.
    assert net.lobby.stream()["receive_buffer"] >= 512 * 1024 and net.lobby.stream()["rp_filter"] in (0, 1, 2)


def test_wfdctl_alone_shows_status(net):
    text = net.source.ctl().stdout
    without_time = re.compile(r"up \d+ s")
    assert without_time.sub("", text) == without_time.sub("", net.source.ctl("status").stdout)
    assert 'source "Desk" wlan0 10.77.0.1' in text and "no session" in text
    assert 'warning: security.mode is "open"' in text
    assert json.loads(net.source.ctl("--json").stdout)["name"] == "Desk"


def test_peers(net):
    peers = net.source.ask("peers")
    assert all(set(peer) >= PEER for peer in peers)
    assert {peer["name"]: peer["address"] for peer in peers} == {"Lobby": "10.77.0.11", "Bar": "10.77.0.12"}
    head, *rows = net.source.ctl("peers").stdout.splitlines()
    assert head.split() == ["NAME", "ID", "ADDRESS", "INTERFACE", "VIA", "PAIRED", "STATE", "SEEN"]
    assert {row.split()[0] for row in rows} == {"Lobby", "Bar"}
    assert net.lobby.ask("peers") == []
    net.source.ctl("connect", "Lobby")
    assert {peer["name"]: peer["state"] for peer in net.source.ask("peers")}["Lobby"] == "playing"
    assert [(peer["name"], peer["role"]) for peer in net.lobby.ask("peers")] == [("Desk", "source")]


@pytest.mark.parametrize("command", ["peers", "stats"])
def test_watch_prints_one_document_a_second(net, command):
    net.source.ctl("connect", "Lobby")
    process = net.source.node.start(BIN / "wfdctl", "--socket", net.source.socket, "--json", command, "--watch",
                                    stdout=subprocess.PIPE, text=True)
    rows = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.terminate()
    process.wait()
    assert all(row[0].keys() >= (PEER if command == "peers" else STATS) for row in rows)


def test_connect_by_name_id_prefix_and_address(net):
    identifier = net.lobby.status()["id"]
    for name in ("Lobby", "lobby", identifier, identifier[:6], "10.77.0.11"):
        result, = net.source.ask("connect", name)
        assert result == {"peer": identifier, "name": "Lobby", "result": "playing"}
        assert net.source.session_states() == {"Lobby": "playing"}
        net.free()


def test_connect_and_disconnect_all(net):
    assert sorted(net.source.ctl("connect", "--all").stdout.splitlines()) == ["Bar: playing", "Lobby: playing"]
    assert net.source.session_states() == {"Lobby": "playing", "Bar": "playing"}
    assert net.source.ask("connect", "Bar")[0]["result"] == "playing", "connecting twice does no harm"
    assert net.source.ctl("disconnect", "Lobby").stdout == "Lobby: disconnected\n"
    wait_for(lambda: net.source.session_states() == {"Bar": "playing"}, 3, "one is left")
    wait_for(lambda: net.lobby.status()["sessions"] == [], 3, "the sink knows")
    net.source.ctl("disconnect", "--all")
    wait_for(lambda: net.source.session_states() == {}, 3, "nobody is left")
    fails(net.source.ctl("disconnect", "Bar", check=False), 1, "disconnect: Bar is not connected")


def test_a_late_beacon_of_the_last_session_does_not_end_the_next_one(net):
    for _ in range(40):
        net.source.ctl("connect", "Lobby")
        net.free()
    assert "the sink is available at" not in net.source.log_text()


def test_connect_right_after_disconnect(net):
    """The sink's beacons still say that it plays: with us."""
    for _ in range(5):
        assert net.source.ctl("connect", "Lobby").stdout == "Lobby: playing\n"
        net.source.ctl("disconnect", "Lobby")


def test_connect_shows_progress_on_a_terminal_only(net):
    assert net.source.ctl("connect", "Lobby").stderr == ""
    net.free()
    ours, theirs = os.openpty()
    process = net.source.node.start(BIN / "wfdctl", "--socket", net.source.socket, "connect", "Lobby",
                                    stdout=subprocess.PIPE, stderr=theirs, text=True)
    assert (process.communicate(timeout=5)[0], process.returncode) == ("Lobby: playing\n", 0)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        shown = b""
        with pytest.raises(OSError):  # EIO: all was read, and nobody writes any more
            while True:
                shown += terminal.read(4096)
    assert shown.decode().split("\r\n") == ["Lobby: inviting...", "Lobby: negotiating...", "Lobby: playing...", ""]


def test_errors_name_the_thing_and_exit_codes(net):
    fails(net.source.ctl("connect", "nobody", check=False), 1, 'wfdctl: connect: no peer matches "nobody"')
    fails(net.source.ctl("disconnect", "nobody", check=False), 1, 'wfdctl: disconnect: no peer matches "nobody"')
    fails(net.source.ctl("play", check=False), 1, "play: no such sink is paused")
    fails(net.source.ctl("idr", check=False), 1, "idr: nothing plays")
    fails(net.lobby.ctl("pause", check=False), 1, "pause: the session is not playing")
    fails(net.lobby.ctl("connect", "Desk", check=False), 1, "connect: only a source can do that")
    fails(net.source.ctl("connect", check=False), 2, "connect: name a PEER, or --all")
    fails(net.source.ctl("set", "nothing", check=False), 2, "set: needs KEY=VALUE")
    for usage in (["dance"], ["status", "--loudly"], ["set"], ["peers", "Lobby"]):
        done = net.source.ctl(*usage, check=False)
        assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("wfdctl: ")
    fails(run(BIN / "wfdctl", "--socket", net.lab.directory / "none.sock", check=False), 3,
          f"no wfdd at {net.lab.directory}/none.sock: No such file or directory")


def test_help_names_every_command():
    text = run(BIN / "wfdctl", "--help").stdout
    for command in "status peers connect disconnect play pause idr stats monitor set".split():
        assert re.search(rf"^\s+{command}\s", text, re.M), command
    assert run(BIN / "wfdctl", "--version").stdout.startswith("wfdctl ")


def stands_still(sink):
    before = sink.stream()["packets_received"]
    began = time.monotonic()
    wait_for(lambda: time.monotonic() > began + 0.3, 1, "some time has passed")
    return sink.stream()["packets_received"] == before


def test_pause_and_play_from_both_ends(net):
    net.source.ctl("connect", "Lobby")
    for end, other, peer in ((net.source, net.lobby, "Desk"), (net.lobby, net.source, "Lobby")):
        assert "asked" in end.ctl("pause").stdout
        other.wait_state(peer, "paused", 2)
        wait_for(lambda: end.stream()["state"] == "paused", 2, "both agree")
        wait_for(lambda: stands_still(net.lobby), 2, "no packets")
        end.ctl("play")
        other.wait_state(peer, "playing", 2)
        moves_on(net.lobby)
    assert net.lobby.stream()["packets_lost"] == 0


def test_standby_from_both_ends_and_back(net):
    net.source.ctl("connect", "Lobby")
    for end, other, peer in ((net.source, net.lobby, "Desk"), (net.lobby, net.source, "Lobby")):
        end.ctl("standby")
        other.wait_state(peer, "standby", 2)
        wait_for(lambda: stands_still(net.lobby), 2, "no packets")
        end.ctl("play")
        other.wait_state(peer, "playing", 2)
        moves_on(net.lobby)
    assert net.lobby.stream()["packets_lost"] == 0


def test_the_display_of_a_sink_is_told(net):
    net.source.ctl("connect", "--all")
    displays = {row["name"]: (row["edid"], row["connector"]) for row in net.source.status()["sessions"]}
    assert displays == {"Lobby": (EDID.hex(), "05"), "Bar": ("", "05")}


def test_pause_of_one_of_two(net):
    net.source.ctl("connect", "--all")
    net.source.ctl("pause", "Bar")
    net.source.wait_state("Bar", "paused", 2)
    assert net.source.session_states() == {"Bar": "paused", "Lobby": "playing"}
    moves_on(net.lobby)
    wait_for(lambda: stands_still(net.bar), 2, "it has none")
    net.source.ctl("play", "Bar")
    net.source.wait_state("Bar", "playing", 2)
    moves_on(net.bar)
    assert net.bar.stream()["packets_lost"] == 0, "what was sent without it is not lost"


def test_idr_from_both_ends(net):
    net.source.ctl("connect", "Lobby")
    for end in (net.source, net.lobby):
        before = net.source.stream()["idr_requests"]
        assert end.ask("idr") == {"result": "asked"}
        wait_for(lambda: net.source.stream()["idr_requests"] > before, 2, "the input was asked")


def test_stats(net):
    assert net.source.ask("stats") == []
    assert net.source.ctl("stats").stdout == "nothing plays\n"
    net.source.ctl("connect", "Lobby")

    def reported():
        row, = net.source.ask("stats")
        return row["delay_ms"] is not None and row["bitrate_bps"] > 0 and row
    row = wait_for(reported, 8, "the sink's first report")
    assert set(row) >= STATS and row["name"] == "Lobby"
    assert row["loss_before"] == row["loss_after"] == 0
    assert 1_000_000 < row["bitrate_bps"] < 4_000_000
    own, = net.lobby.ask("stats")
    assert set(own) >= STATS and own["delay_ms"] > 0
    assert net.source.ctl("stats").stdout.startswith("NAME ")


def test_monitor_tells_what_happens(net):
    process = net.source.node.start(BIN / "wfdctl", "--socket", net.source.socket, "--json", "monitor",
                                    stdout=subprocess.PIPE, text=True)
    text = net.source.node.start(BIN / "wfdctl", "--socket", net.source.socket, "monitor", stdout=subprocess.PIPE,
                                 text=True)
    try:
        time_limit = time.monotonic() + 10
        seen = []
        # The subscription is not acknowledged to us: connect until something is heard.
        os.set_blocking(process.stdout.fileno(), False)
        while not any(event["event"] == "session_playing" for event in seen) and time.monotonic() < time_limit:
            net.source.ctl("connect", "Lobby")
            seen += [json.loads(line) for line in process.stdout]
            net.free()
        net.source.ctl("connect", "Lobby")
        net.free()
        wait_for(lambda: seen.extend(json.loads(line) for line in process.stdout)
                 or any(event["event"] == "session_ended" for event in seen), 3, "the end is told")
        playing = next(event for event in seen if event["event"] == "session_playing")
        assert playing.keys() >= SESSION and playing["name"] == "Lobby"
        assert next(event for event in seen if event["event"] == "session_ended")["name"] == "Lobby"
        line = text.stdout.readline()
        assert re.match(r"\w+ \w+=", line), line
    finally:
        for monitor in (process, text):
            monitor.terminate()
            monitor.wait()


def test_set_changes_what_can_change(net):
    assert net.source.ctl("set", "source.bitrate=4M").stdout == "source.bitrate = 4M\n"
    assert net.source.ask("set", "log.level=debug") == {"key": "log.level", "value": "debug"}
    fails(net.source.ctl("set", "stream.ttl=4", check=False), 1, "set: stream.ttl cannot change while wfdd runs")
    fails(net.source.ctl("set", "colour=red", check=False), 1, "set: colour: unknown key")
    fails(net.source.ctl("set", "source.bitrate=fast", check=False), 1, "set: source.bitrate: must be")
    fails(net.source.ctl("set", "rtsp.timeout=1ms", check=False), 1, "set: rtsp.timeout: must be")


def test_connect_says_why_not_within_the_timeout_and_no_wait_does_not_wait(net):
    net.source.node.drop("tcp dport 7236 drop")
    try:
        began = time.monotonic()
        assert net.source.ctl("connect", "--no-wait", "Bar").stdout == "Bar: invited\n"
        assert time.monotonic() - began < 1
        net.source.ctl("disconnect", "Bar")
        began = time.monotonic()
        done = net.source.ctl("connect", "Lobby", "10.77.0.99", check=False)
        fails(done, 1, "connect: ")
        assert TIMEOUT - 1 < time.monotonic() - began < TIMEOUT + 1
        assert "Lobby: did not connect to TCP port 7236 here in time" in done.stderr
        assert "10.77.0.99: nobody answers at this address on wlan0" in done.stderr
        assert net.source.session_states() == {}
    finally:
        net.source.node.undrop()
    wait_for(lambda: {peer["state"] for peer in net.source.ask("peers")} == {"available"}, 15, "the sinks give up")
