"""The daemon as a person, a script and systemd see it (contract 2.1)."""
import os
import pathlib
import re
import signal
import socket
import time

import pytest

from control_lab import CLIP, all_daemons, moves_on, net, spare  # noqa: F401 (fixtures)
from lab import BIN, Daemon, run, wait_for
from wire import Capture, announcement, inside

TERM_LIMIT = 2  # seconds that the contract gives to SIGTERM


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
    assert re.fullmatch(r"wfdd \d+\.\d+\.\d+( \([\w.-]+\))?\n", wfdd("--version").stdout)


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


class WithoutRandom(Notified):
    def command(self):
        return ["python3", pathlib.Path(__file__).with_name("no_random.py"), *super().command()]


def test_a_start_without_random_numbers_waits_and_says_so(net, spare):
    """It makes no key, sends nothing, and can be stopped."""
    with Capture(net.lobby.node.space) as capture:
        sink = spare(WithoutRandom, "sink", **{"sink.output": "null:"})
        wait_for(lambda: len(sink.messages()) >= 2, 3, "it says so again and again")
        assert set(sink.told) == {"STATUS=waiting for the kernel's random numbers\nEXTEND_TIMEOUT_USEC=10000000"}
        assert not [frame for frame in capture.read() if frame.source == spare.node.address]
    sink.process.terminate()
    sink.process.wait(TERM_LIMIT)


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
