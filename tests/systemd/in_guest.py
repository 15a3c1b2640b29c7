#!/usr/bin/python3 -IS
"""The packages under a real systemd: runs as root in the guest (tests/guest/run --systemd), packages in the directory
argv[1]. Prints each fact that it saw; exits 1 at the first that is not so.

    [wfdd@source: wlan0 10.77.0.1] -- veth -- [namespace "screen", wfdd@sink: wlan0 10.77.0.11]
"""
import json
import os
import pathlib
import re
import signal
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
from board import fact, journal, main_pid, run, shown, status, wait_for  # noqa: E402
from supplicant import joins_a_supplicant  # noqa: E402

PICTURE = pathlib.Path("/var/lib/wfdcast/picture.ts")


def plays():
    now = status("source")
    return now is not None and [session["state"] for session in now["sessions"]] == ["playing"]


def write_configuration():
    source, sink = pathlib.Path("/etc/wfdcast/source.toml"), pathlib.Path("/etc/wfdcast/sink.toml")
    source.write_text(source.read_text() + '[source]\nconnect = "all"\n[security]\nmode = "open"\n')
    sink.write_text(sink.read_text() + f'name = "Screen"\n[sink]\noutput = "file:{PICTURE}"\n[security]\nmode = "open"\n')
    drop_in = pathlib.Path("/etc/systemd/system/wfdd@sink.service.d/network.conf")
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("[Service]\nNetworkNamespacePath=/run/netns/screen\n")
    run("systemctl", "daemon-reload")


def plug():
    run("ip", "link", "add", "wlan0", "type", "veth", "peer", "name", "wlan0", "netns", "screen")
    for space, address in ((), "10.77.0.1"), (("-n", "screen"), "10.77.0.11"):
        run("ip", *space, "address", "add", f"{address}/24", "brd", "+", "dev", "wlan0")
        run("ip", *space, "link", "set", "wlan0", "up")


def installs(packages):
    pathlib.Path("/var/lib/man-db/auto-update").unlink(missing_ok=True)  # else dpkg has all manual pages indexed
    run("dpkg", "--install", *pathlib.Path(packages).glob("wfdcast_*.deb"))
    fact(pathlib.Path("/run/wfdcast").owner() == "wfdcast", "the package makes its user and /run/wfdcast")
    fact(run("cat", "/proc/sys/net/core/rmem_max") == "4194304", "the package sets net.core.rmem_max")
    fact("wfdd@" not in run("systemctl", "list-units", "--plain", "--no-legend", "wfdd@*"), "nothing starts by itself")


def starts():
    fact(not pathlib.Path("/sys/class/net/wlan0").exists(), "wlan0 is not there yet")
    run("systemctl", "start", "wfdd@source")
    fact(status("source") is not None, "start returns when the control socket answers, also without wlan0")
    fact(shown("source", "StatusText") != "", f"STATUS= says: {shown('source', 'StatusText')}")
    plug()
    run("systemctl", "enable", "--now", "wfdd@sink")
    wait_for(plays, "the interface came, both found each other, the stream plays")
    wait_for(lambda: PICTURE.exists() and PICTURE.stat().st_size > 100_000, "pictures arrive in the state directory")
    wait_for(lambda: ", 1 playing" in shown("source", "StatusText"), "STATUS= follows")


def is_closed():
    security = run("systemd-analyze", "security", "--threshold=20", "wfdd@source", check=False)
    fact(re.search(r"Overall exposure level.*: ([01]\.\d|2\.0) ", security) is not None, security.splitlines()[-1])
    rights = re.search(r"CapEff:\s+(\S+)", pathlib.Path(f"/proc/{main_pid('source')}/status").read_text())[1]
    fact(int(rights, 16) & ~(1 << 12 | 1 << 13) == 0, f"no capability but CAP_NET_ADMIN and CAP_NET_RAW: {rights}")


def watchdog_restarts():
    before = main_pid("source")
    os.kill(before, signal.SIGSTOP)
    wait_for(lambda: shown("source", "NRestarts") == "1" and shown("source", "ActiveState") == "active" and
             main_pid("source") not in (0, before), "a daemon that hangs is started again")
    fact("wfdd@source.service: Watchdog timeout" in run("dmesg"), "by the watchdog")
    wait_for(plays, "and the sink comes back by itself")


def crash_restarts():
    before = main_pid("sink")
    os.kill(before, signal.SIGSEGV)
    wait_for(lambda: shown("sink", "ActiveState") == "active" and main_pid("sink") not in (0, before),
             "a daemon that crashes is started again")
    wait_for(plays, "and plays again")


def reloads():
    before = main_pid("source")
    file = pathlib.Path("/etc/wfdcast/source.toml")
    file.write_text(file.read_text() + '[log]\nlevel = "debug"\n[discovery]\nmax_peers = 7\n')
    run("systemctl", "reload", "wfdd@source")
    wait_for(lambda: "log.level has changed" in journal("wfdd@source"), "reload applies log.level")
    fact("discovery.max_peers: takes effect at the next start" in journal("wfdd@source"), "and says what it cannot apply")
    fact(main_pid("source") == before and plays(), "without an end of the session")


def receive_buffer():
    """What the sink says that it got, in bytes as the kernel counts them: twice what was asked for."""
    now = status("sink")
    return (now["stream"]["receive_buffer"] or 0) if now else 0


def small_rmem_max():
    """The kernel's default limit, without our sysctl.d file: the sink plays, and says how little it got."""
    with_our_limit = receive_buffer()
    run("sysctl", "--quiet", "net.core.rmem_max=212992")
    # With CAP_NET_ADMIN the daemon would pass over the limit.
    pathlib.Path("/etc/systemd/system/wfdd@sink.service.d/rights.conf").write_text(
        "[Service]\nAmbientCapabilities=\nAmbientCapabilities=CAP_NET_RAW\n"
        "CapabilityBoundingSet=\nCapabilityBoundingSet=CAP_NET_RAW\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "wfdd@sink")
    wait_for(lambda: plays() and receive_buffer() > 0, "with net.core.rmem_max = 212992 it plays too")
    fact(receive_buffer() == 2 * 212992, f"status shows the real receive buffer: {receive_buffer()}")
    fact(with_our_limit > receive_buffer(), f"with our sysctl.d file it was {with_our_limit}")


def clock_is_set():
    """A board without a battery learns in mid-stream that it is not 1970."""
    before = status("source")
    for date in "1970-01-02", "2026-11-27":
        run("date", "--set", date)
        sent = status("source")["stream"]["packets_sent"]
        wait_for(lambda: status("source")["stream"]["packets_sent"] > sent + 100, f"the stream goes on in {date[:4]}")
        got = status("sink")["stream"]["packets_received"]
        wait_for(lambda: status("sink")["stream"]["packets_received"] > got + 100, "and arrives")
    after = status("source")
    fact([session["peer"] for session in after["sessions"]] == [session["peer"] for session in before["sessions"]] and
         0 <= after["uptime_s"] - before["uptime_s"] < 600 and plays(), "no session ended, uptime has not jumped")


def no_writable_state():
    """A read-only root: the identity is temporary, and status says so."""
    run("mount", "-t", "tmpfs", "-o", "ro,mode=755", "tmpfs", "/var/lib")
    pathlib.Path("/etc/systemd/system/wfdd@sink.service.d/state.conf").write_text(
        "[Service]\nStateDirectory=\nExecStart=\n"
        "ExecStart=/usr/sbin/wfdd --config /etc/wfdcast/sink.toml --set control.socket=/run/wfdcast/sink.sock"
        " --set sink.output=null:\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "wfdd@sink")
    wait_for(plays, "without writable state the sink plays")
    fact(any("temporary" in warning for warning in status("sink")["warnings"]), "status warns of a temporary identity")
    run("umount", "/var/lib")
    for name in "state", "rights":
        pathlib.Path(f"/etc/systemd/system/wfdd@sink.service.d/{name}.conf").unlink()


def logs():
    entries = [json.loads(line) for line in journal("wfdd@source", "--output=json").splitlines()]
    own = [entry for entry in entries if entry.get("_COMM") == "wfdd"]
    fact({"4", "6"} <= {entry["PRIORITY"] for entry in own}, "the journal knows priorities")
    fact(not any(re.match(r"<\d>", entry["MESSAGE"]) for entry in own), "and the lines have no prefix")
    sink = status("sink")
    about = [entry for entry in own if entry.get("WFDCAST_PEER") == sink["id"] and entry.get("WFDCAST_SESSION")]
    fact(any(re.match(rf"session {entry['WFDCAST_SESSION']} \(Screen\): playing", entry["MESSAGE"]) for entry in about),
         "peer and session of a line are fields of the journal")
    said = run("journalctl", "--quiet", "--no-pager", "--output=cat", "--unit=wfdd@sink", "WFDCAST_PEER=" + status("source")["id"])
    fact(": playing" in said and "stopping" not in said, "by which the sink's lines can be chosen too")


def stops():
    run("systemctl", "stop", "wfdd@sink")
    fact(not pathlib.Path("/run/wfdcast/sink.sock").exists(), "a stop removes the own control socket")
    fact(status("source") is not None, "not that of the other instance")
    wait_for(lambda: status("source")["sessions"] == [], "the sink said goodbye")
    run("systemctl", "stop", "wfdd@source")
    fact([shown(name, "Result") for name in ("source", "sink")] == ["success"] * 2, "both ended well")


def refuses():
    pathlib.Path("/etc/wfdcast/bad.toml").write_text('role = "screen"\n')
    run("systemctl", "start", "wfdd@bad", check=False)
    fact((shown("bad", "ExecMainStatus"), shown("bad", "NRestarts")) == ("78", "0"), "a wrong configuration is not tried again")
    fact("bad.toml:1:8: role" in journal("wfdd@bad"), "the journal says what is wrong")


def is_activated():
    """The first client starts the daemon, the socket outlives it."""
    run("systemctl", "start", "wfdd@sink.socket")
    fact(shown("sink", "ActiveState") == "inactive", "with the socket unit nothing runs yet")
    fact(status("sink")["role"] == "sink", "the first client starts the daemon and is answered")
    run("systemctl", "stop", "wfdd@sink.socket", "wfdd@sink.service")


def helpers_play():
    """What the drop-ins of wfdcast-gstreamer open is enough for its programs: one encodes, the other decodes."""
    report = pathlib.Path("/var/lib/wfdcast/report.json")
    run("dpkg", "--install", *pathlib.Path(sys.argv[1]).glob("wfdcast-gstreamer_*.deb"))
    for name, text in (("source", '[source]\ninput = "test:"\nconnect = "all"\n[stream]\nvideo = "480p60"\n'),
                       ("sink", '[sink]\noutput = "exec:exec wfd-render --video-sink fakesink --audio-sink fakesink'
                                f' --report {report}"\n')):
        pathlib.Path(f"/etc/wfdcast/{name}.toml").write_text(f'role = "{name}"\n{text}[security]\nmode = "open"\n')
    fact([shown(name, "MemoryDenyWriteExecute") for name in ("source", "sink")] == ["no"] * 2, "the helpers' package opens its units")
    run("systemctl", "start", "wfdd@source", "wfdd@sink")
    wait_for(lambda: report.exists() and json.loads(report.read_text())["distinct_pictures"] > 30,
             "wfd-capture makes pictures, wfd-render decodes them")
    run("systemctl", "stop", "wfdd@source", "wfdd@sink")


def leaves():
    run("dpkg", "--purge", "wfdcast-gstreamer", "wfdcast")
    left = [path for path in ("/etc/wfdcast", "/var/lib/wfdcast", "/run/wfdcast",
                              "/etc/systemd/system/multi-user.target.wants/wfdd@sink.service") if os.path.lexists(path)]
    fact(left == [], f"a purge leaves nothing: {left}")


def main():
    run("ip", "link", "set", "wlan0", "name", "wlan7")  # the radio; its part comes later
    run("ip", "netns", "add", "screen")
    run("ip", "-n", "screen", "link", "set", "lo", "up")
    installs(sys.argv[1])
    write_configuration()
    for part in (starts, is_closed, watchdog_restarts, crash_restarts, reloads, small_rmem_max, clock_is_set, no_writable_state, logs,
                 joins_a_supplicant, stops, refuses, is_activated, helpers_play, leaves):
        part()
    print(f"all seen, {run('systemctl', '--version').splitlines()[0]}")


main()
