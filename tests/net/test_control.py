"""The control tool, the control socket, and the daemon as systemd sees it (contract 2.1, 2.3, 2.4).

    [source 10.77.0.1] -- bridge br0 -- [lobby 10.77.0.11] [bar 10.77.0.12]
"""
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import time

import pytest

from lab import BIN, ROOT, Daemon, Lab, run, wait_for
from wire import Capture, announcement, inside

CLIP = ROOT / "media" / "clip" / "test.ts"
TIMEOUT = 10  # seconds; rtsp.timeout of the source
TERM_LIMIT = 2  # seconds that the contract gives to SIGTERM


class Net:
    def __init__(self, lab):
        self.lab = lab
        self.source = Daemon(lab.node("source", 1), "source", "Desk",
                             **{"source.connect": "none", "source.input": f"file:{CLIP}", "rtsp.keepalive": "2s",
                                "rtsp.timeout": f"{TIMEOUT}s"})
        self.lobby = Daemon(lab.node("lobby", 11), "sink", "Lobby", **{"sink.output": "null:"})
        self.bar = Daemon(lab.node("bar", 12), "sink", "Bar", **{"sink.output": "null:"})
        self.free()

    def free(self):
        self.source.ctl("disconnect", "--all", check=False)
        wait_for(lambda: [peer["state"] for peer in self.source.ask("peers")] == ["available"] * 2, 5, "both are free")


@pytest.fixture(scope="module")
def all_daemons():
    with Lab() as lab:
        yield Net(lab)


@pytest.fixture
def net(all_daemons):
    all_daemons.free()
    return all_daemons


def fails(done, code, message):
    """One line on stderr, nothing on stdout."""
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("wfdctl: ")
    assert message in done.stderr, done.stderr


class RawClient:
    """A client of the control socket without wfdctl's manners."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(3)
        self.socket.connect(str(daemon.socket))

    def ask(self, line):
        self.socket.sendall(line + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            more = self.socket.recv(65536)
            if not more:
                return None  # closed
            answer += more
        return json.loads(answer)

    def status(self):
        return self.ask(b'{"jsonrpc":"2.0","id":1,"method":"status"}')

    def closed(self):
        try:
            return self.socket.recv(65536) == b""
        except ConnectionError:
            return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


# --- wfdctl -------------------------------------------------------------------------------------------------------

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


def moves_on(sink):
    """Packets arrive, for longer than the sink holds them before it counts what is missing."""
    before = sink.stream()["packets_received"]
    wait_for(lambda: sink.stream()["packets_received"] > before + 100, 3, "packets arrive")


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
        for name in ("Lobby", "10.77.0.99"):
            assert f"{name}: did not connect to TCP port 7236 here in time" in done.stderr
        assert net.source.session_states() == {}
    finally:
        net.source.node.undrop()
    wait_for(lambda: {peer["state"] for peer in net.source.ask("peers")} == {"available"}, 15, "the sinks give up")


# --- the control socket -------------------------------------------------------------------------------------------

def test_socket_mode(net):
    assert stat.S_IMODE(net.source.socket.stat().st_mode) == 0o660


def test_a_line_of_more_than_64_kib_closes_only_that_connection(net):
    with RawClient(net.source) as client, RawClient(net.source) as other:
        longest = b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * (64 * 1024 - 60) + b'"}'
        assert client.ask(longest)["error"]["code"] == -32601
        client.socket.sendall(b"x" * (64 * 1024 + 1))
        assert client.closed()
        assert other.status()["result"]["name"] == "Desk"


def test_sixteen_clients(net):
    clients = [RawClient(net.source) for _ in range(16)]
    try:
        assert all(client.status()["result"] for client in clients)
        with RawClient(net.source) as one_more:
            assert one_more.closed()
        fails(net.source.ctl("status", check=False), 3, "wfdd closed the connection")
        clients.pop().socket.close()
        wait_for(lambda: net.source.ctl("status", check=False).returncode == 0, 2, "there is room again")
    finally:
        for client in clients:
            client.socket.close()
    wait_for(lambda: net.source.ctl("status", check=False).returncode == 0, 2, "all have gone")


def most_memory(daemon):
    """The most that was ever resident, in KiB."""
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))


def test_a_client_that_never_reads_is_dropped_and_nobody_waits(net):
    before = most_memory(net.source)
    with RawClient(net.source) as slow:
        slow.socket.setblocking(False)
        question = b'{"jsonrpc":"2.0","id":1,"method":"status"}\n' * 200
        deadline = time.monotonic() + 10
        with pytest.raises(ConnectionError):
            while time.monotonic() < deadline:
                try:
                    slow.socket.send(question)
                except BlockingIOError:
                    began = time.monotonic()
                    assert net.source.status()["name"] == "Desk"
                    assert time.monotonic() - began < 1
    assert net.source.status()["name"] == "Desk"
    assert most_memory(net.source) - before < 4096


def test_what_is_no_request_gets_an_error_and_the_connection_stays(net):
    with RawClient(net.source) as client:
        assert client.ask(b"hello")["error"]["code"] == -32700
        assert client.ask(b"[]")["error"]["code"] == -32600
        assert client.ask(b'{"jsonrpc":"2.0","id":7,"method":"dance"}')["error"] == {
            "code": -32601, "message": "dance: unknown method"}
        assert client.ask(b'{"jsonrpc":"2.0","id":7,"method":"connect","params":{"peers":"x"}}')["error"]["code"] == -32602
        assert client.ask(b'{"jsonrpc":"2.0","id":"a","method":"status"}')["id"] == "a"
        client.socket.sendall(b'{"jsonrpc":"2.0","method":"status"}\n')  # a notification
        assert client.status()["id"] == 1


# --- the daemon ---------------------------------------------------------------------------------------------------

def wfdd(*arguments):
    return run(BIN / "wfdd", *arguments, check=False)


def test_check_config_print_config_version(tmp_path):
    config = tmp_path / "wfdd.toml"
    config.write_text('role = "source"\nname = "Desk"\n[stream]\nttl = 4\n')
    done = wfdd("--config", config, "--check-config")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")
    printed = wfdd("--config", config, "--set", "source.bitrate=4M", "--print-config").stdout
    assert 'role = "source"\n' in printed and "stream.ttl = 4\n" in printed and 'source.bitrate = "4M"\n' in printed
    config.write_text(printed)
    assert wfdd("--config", config, "--print-config").stdout == printed, "what it prints, it reads"
    assert re.fullmatch(r"wfdd \d+\.\d+\.\d+\n", wfdd("--version").stdout)


@pytest.mark.parametrize("text, line", [
    ("[stream]\nttl = 0\n", ":2:7: stream.ttl: must be 1 to 255"),
    ("[stream]\nttl = \"2\"\n", ":2:7: stream.ttl: must be an integer"),
    ("role = \"source\"\n\n[strem]\nttl = 2\n", ":3:2: strem: unknown key"),
    ("role = \n", ":1:8: "),
])
def test_a_bad_config_is_one_line_with_its_place(tmp_path, text, line):
    config = tmp_path / "wfdd.toml"
    config.write_text(text)
    for option in ("--check-config", "--print-config"):
        done = wfdd("--config", config, option)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (78, "", 1)
        assert done.stderr.startswith(f"wfdd: {config}{line}"), done.stderr


def test_bad_settings_and_bad_usage():
    for setting in ("stream.ttl=many", "role=both", "nothing", "stream.group=10.0.0.1", "stream.rtp_port=15551"):
        done = wfdd("--set", setting, "--check-config")
        assert (done.returncode, done.stderr.count("\n")) == (78, 1), setting
        assert done.stderr.startswith(f"wfdd: {setting.partition('=')[0]}: "), done.stderr
    for usage in (["--loudly"], ["--config"], ["extra"]):
        done = wfdd(*usage)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (64, "", 1), done.stderr
    missing = wfdd("--config", "/nonexistent.toml", "--check-config")
    assert missing.returncode == 78 and missing.stderr == "wfdd: /nonexistent.toml: No such file or directory\n"


class Configured(Daemon):
    """A wfdd with a configuration file."""

    def command(self):
        return [*super().command(), "--config", self.directory / "wfdd.toml"]


@pytest.fixture
def spare(net):
    """A node for one more daemon, which goes with the test."""
    if not hasattr(net, "spare"):
        net.spare = net.lab.node("spare", 20)
    started = []

    def make(kind, role, **settings):
        started.append(kind(net.spare, role, "Spare", **settings))
        return started[-1]
    make.node = net.spare
    yield make
    for daemon in started:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()
    net.spare.undrop()


def test_sighup_applies_what_can_change_and_says_what_cannot(net, spare):
    config = net.lab.directory / "spare-source" / "wfdd.toml"
    config.parent.mkdir()
    config.write_text('[rtsp]\nkeepalive = "10s"\n')
    source = spare(Configured, "source", **{"source.connect": "none", "source.input": f"file:{CLIP}"})
    wait_for(lambda: len(source.ask("peers")) == 2, 3, "it sees the sinks")
    source.ctl("connect", "Lobby")
    config.write_text('[rtsp]\nkeepalive = "3s"\n[stream]\nttl = 9\n')
    source.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "configuration read again" in source.log_text(), 2, "it has read it")
    assert "rtsp.keepalive has changed" in source.log_text()
    assert "stream.ttl: takes effect at the next start" in source.log_text()
    config.write_text("[rtsp]\nkeepalive = 3\n")
    source.process.send_signal(signal.SIGHUP)
    wait_for(lambda: f"{config}:2:13: rtsp.keepalive: must be a time" in source.log_text(), 2, "the line at fault")
    assert "; nothing has changed" in source.log_text()
    assert source.session_states() == {"Lobby": "playing"}
    moves_on(net.lobby)
    assert source.stop() == 0


def test_sigterm_ends_sessions_properly(net, spare):
    source = spare(Daemon, "source", **{"source.connect": "none", "source.input": f"file:{CLIP}"})
    wait_for(lambda: len(source.ask("peers")) == 2, 3, "it sees the sinks")
    source.ctl("connect", "Lobby")
    with Capture(source.node.space) as capture:
        began = time.monotonic()
        assert source.stop() == 0
        assert time.monotonic() - began < TERM_LIMIT
        sent = b"".join(frame.payload for frame in capture.read() if frame.outgoing and frame.source_port == 7236)
        assert b"wfd_trigger_method: TEARDOWN" in sent
        byes = [frame for frame in capture.read() if frame.outgoing and frame.payload[:2] == b"\x80\xc8"
                and b"\xcb" in frame.payload]
        assert byes, "RTCP BYE"
    wait_for(lambda: net.lobby.status()["sessions"] == [], 2, "the sink knows at once")
    assert not source.socket.exists()


@pytest.mark.parametrize("role", ["source", "sink"])
def test_sigterm_within_two_seconds_even_when_the_peers_are_dead(net, spare, role):
    if role == "source":
        daemon = spare(Daemon, "source", **{"source.connect": "none", "source.input": f"file:{CLIP}"})
        wait_for(lambda: len(daemon.ask("peers")) == 2, 3, "it sees the sinks")
        daemon.ctl("connect", "--all")
    else:
        daemon = spare(Daemon, "sink", **{"sink.output": "null:"})
        wait_for(lambda: len(net.source.ask("peers")) == 3, 3, "it is seen")
        net.source.ctl("connect", "Spare")
    spare.node.drop("iifname wlan0 drop")
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < TERM_LIMIT
    if role == "source":
        for sink in (net.lobby, net.bar):  # they would wait out their timeout
            sink.stop()
            sink.start()
    wait_for(lambda: {p["name"] for p in net.source.ask("peers")} == {"Lobby", "Bar"}, 8, "the others are back")


def test_sigint_is_like_sigterm(net, spare):
    daemon = spare(Daemon, "sink", **{"sink.output": "null:"})
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.process.wait(3) == 0


class Notified(Daemon):
    """A wfdd that systemd would have started: with a socket for sd_notify(3)."""

    def start(self):
        path = self.directory / "notify.sock"
        path.unlink(missing_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(path))
        self.notify.setblocking(False)
        self.told = []
        with open(self.log, "ab") as log:
            self.process = self.node.start(*self.command(), stderr=log, env={
                **os.environ, "NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"})

    def messages(self):
        while True:
            try:
                self.told.append(self.notify.recv(4096).decode())
            except BlockingIOError:
                return self.told


def test_systemd_is_told_readiness_state_and_life(net, spare):
    with Capture(net.lobby.node.space) as capture:
        sink = spare(Notified, "sink", **{"sink.output": "null:", "discovery.interval": "60s",
                                          "discovery.ttl": "120s"})
        wait_for(lambda: sink.messages(), 3, "the first word")
        assert sink.told[0] == "READY=1"
        beacons = [frame for frame in capture.udp(7236) if (announcement(frame.payload) or {}).get("name") == "Spare"]
        assert beacons, "ready means beaconing"
        assert sink.status()["name"] == "Spare", "and answering"
    wait_for(lambda: 'STATUS=sink "Spare": available' in sink.messages(), 2, "its state")
    wait_for(lambda: sink.messages().count("WATCHDOG=1") >= 3, 2, "it is alive, in time")
    wait_for(lambda: len(net.source.ask("peers")) == 3, 3, "it is seen")
    net.source.ctl("connect", "Spare")
    wait_for(lambda: 'STATUS=sink "Spare": playing with Desk' in sink.messages(), 2, "its new state")
    sink.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "RELOADING=1" in sink.messages() and sink.messages().count("READY=1") == 2, 2, "the reload")
    assert sink.stop() == 0
    assert "STOPPING=1" in sink.messages()


def test_a_source_is_ready_when_it_listens(net, spare):
    source = spare(Notified, "source", **{"source.connect": "none", "source.input": f"file:{CLIP}"})
    wait_for(lambda: "READY=1" in source.messages(), 3, "ready")
    with inside(net.lobby.node.space), socket.socket() as client:
        client.settimeout(1)
        client.connect((source.node.address, 7236))
    wait_for(lambda: 'STATUS=source "Spare": 2 sinks in reach, 0 playing' in source.messages(), 3, "its state")


def test_the_log_says_that_the_mode_is_open(net):
    for daemon in (net.source, net.lobby):
        assert 'warning: security.mode is "open": anyone on these networks' in daemon.log_text()
        assert any("security.mode" in warning for warning in daemon.status()["warnings"])


def test_a_second_daemon_on_the_same_socket_is_refused(net, spare):
    done = spare.node.run(BIN / "wfdd", "--set", "role=sink", "--set", f"control.socket={net.lobby.socket}", "--set",
                          f"state.directory={net.lab.directory}/second", "--set", "sink.output=null:", check=False)
    assert done.returncode not in (0, 64, 78) and done.stdout == ""
    assert done.stderr.splitlines()[-1] == f"wfdd: control.socket: {net.lobby.socket}: Address already in use"
    assert net.lobby.status()["name"] == "Lobby", "the first one is not disturbed"


def test_a_socket_that_a_crash_left_behind_is_replaced(net, spare):
    daemon = spare(Daemon, "sink", **{"sink.output": "null:"})
    daemon.kill()
    assert daemon.socket.exists()
    daemon.start()
    assert daemon.status()["name"] == "Spare"


def test_source_and_sink_on_one_board(net, spare):
    sink = spare(Daemon, "sink", **{"sink.output": "null:"})
    source = spare(Daemon, "source", **{"source.connect": "none", "source.input": f"file:{CLIP}"})
    wait_for(lambda: len(net.source.ask("peers")) == 3, 3, "its sink is seen")
    wait_for(lambda: len(source.ask("peers")) >= 2, 3, "its source sees")
    net.source.ctl("connect", "Spare")
    source.ctl("connect", "Bar")
    moves_on(sink)
    moves_on(net.bar)
    source.ctl("disconnect", "Bar")
