"""Programs that are none of ours watch the group by its description: wfdctl sdp, and SAP (stream.announce)."""
import pathlib
import re
import shutil
import socket
import struct
import tempfile

import pytest

from delivery_lab import CLIP, more, runs
from lab import wait_for
from test_foreign import decoded_pictures
from wire import Capture, inside, stream_of

SAP_GROUP, SAP_PORT = "239.255.255.255", 9875


@pytest.fixture
def shown(lab, source, sinks):
    """One sink of ours plays from the group that the source chose; the guest has a route to it."""
    lab.guest = lab.node("guest", 40)
    lab.guest.run("ip", "route", "add", "224.0.0.0/4", "dev", "wlan0")
    lab.sap = sap_socket(lab.guest)
    # The first report may come before the bridge knows that the port is up; the next one within 10 s.
    wait_for(lambda: lab.guest.port in lab.members(SAP_GROUP), 15, "the bridge knows who listens to announcements")
    lab.sink, = sinks(1)
    lab.source = source(**{"source.input": f"file:{CLIP}", "stream.delivery": "multicast", "stream.group": "auto",
                           "stream.announce": "true"})
    wait_for(lambda: lab.source.ask("peers"), 5, "the sink is seen")
    lab.source.ctl("connect", "Sink 1")
    more(lab.sink)
    yield lab
    lab.sap.close()


def sap_socket(node):
    with inside(node.space):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((SAP_GROUP, SAP_PORT))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                        socket.inet_aton(SAP_GROUP) + socket.inet_aton(node.address))
    sock.settimeout(5)
    return sock


def test_ffmpeg_and_ffplay_play_by_our_description_and_sap_announces_it(shown, tmp_path):
    described = shown.source.ctl("sdp").stdout
    group = shown.source.stream()["group"]
    assert group.startswith("239.255.") and group.split(".")[2] not in ("0", "128")
    assert f"c=IN IP4 {group}/2\r\n" in described.replace("\n", "\r\n").replace("\r\r", "\r")

    packet, sender = shown.sap.recvfrom(2048)
    assert sender[0] == shown.source.node.address
    assert packet[0] == 0x20 and packet[1] == 0 and packet[4:8] == socket.inet_aton(sender[0])
    kind, _, body = packet[8:].partition(b"\0")
    assert kind == b"application/sdp" and body.decode().split() == described.split()

    sdp = tmp_path / "stream.sdp"
    sdp.write_text(described)
    allow = ("-protocol_whitelist", "file,udp,rtp")
    done = shown.guest.run("timeout", "20", "ffmpeg", "-v", "error", *allow, "-i", sdp, "-map", "0:v", "-frames:v", "25",
                           "-fps_mode", "passthrough", f"{tmp_path}/%03d.jpg", check=False)
    assert done.returncode == 0 and decoded_pictures(tmp_path) >= 12, done.stderr[-500:]
    log = tmp_path / "ffplay.log"
    with open(log, "w") as out:
        ffplay = shown.guest.start("env", "SDL_VIDEODRIVER=dummy", "SDL_AUDIODRIVER=dummy", "ffplay", "-nodisp", *allow,
                                   sdp, stderr=out)
        try:
            wait_for(lambda: "Video: h264" in log.read_text(), 15, "ffplay knows what it plays")
            wait_for(lambda: re.search(r"M-A: .* aq= +[1-9]", log.read_text()), 15, "and has got some of it")
        finally:
            ffplay.kill()
            ffplay.wait()

    shown.source.ctl("disconnect", "--all")
    deleted = shown.sap.recv(2048)
    assert deleted[0] == 0x24, "the announcement is taken back"


def test_vlc_plays_by_our_description(shown):
    """It refuses to run as root. The first thing that it makes of a description is an address, so it plays at the second go."""
    with tempfile.TemporaryDirectory() as home:
        shutil.chown(home, "nobody")
        sdp = pathlib.Path(home, "stream.sdp")
        sdp.write_text(shown.source.ctl("sdp").stdout)
        vlc = shown.guest.start("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "env", f"HOME={home}",
                                "cvlc", "--quiet", "--repeat", "--vout", "dummy", "--no-audio", "--video-filter", "scene",
                                "--scene-format", "png", "--scene-path", home, "--scene-ratio", "10", sdp)
        try:
            wait_for(lambda: len(list(pathlib.Path(home).glob("scene*.png"))) >= 3, 20, "VLC shows pictures")
        finally:
            vlc.kill()
            vlc.wait()


def test_what_nobody_else_can_watch_is_not_described(lab, source):
    assert "unicast" in source(**{"stream.delivery": "unicast"}).ctl("sdp", check=False).stderr


def rtp(sequence, ssrc=4711):
    return struct.pack("!BBHII", 0x80, 33, sequence, sequence * 90, ssrc) + b"\x47" + bytes(187)


def sender(node):
    """A socket of that node that sends to groups."""
    with inside(node.space):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(node.address))
    return sock


def test_somebody_else_in_the_group_is_noticed(lab, source):
    """A source that chooses its group takes the next one; one that was told its group says so."""
    guest = lab.node("guest", 40)
    daemon = source(**{"stream.group": "auto"})
    first = daemon.stream()["group"]
    sock = sender(guest)
    send = lambda: sock.sendto(rtp(1), (first, 15550))  # a switch may not know at once that the source listens there
    second = wait_for(lambda: send() and (group := daemon.stream()["group"]) != first and group, 5, "another group")
    assert second.startswith("239.255.")
    assert daemon.stop() == 0
    daemon.settings["stream.group"] = first
    daemon.start()
    warning = f"stream.group: {guest.address} sends to our group too"
    wait_for(lambda: send() and warning in daemon.status()["warnings"], 5, "it says so")
    assert daemon.stream()["group"] == first
    sock.close()


def test_who_sends_into_each_group_moves_the_source_four_times(lab, source):
    """Nobody watches; then it stays, and says so."""
    guest = lab.node("guest", 40)
    daemon = source(**{"stream.group": "auto"})
    seen = [daemon.stream()["group"]]
    with sender(guest) as sock:
        # A switch may not know at once that the source listens there.
        send = lambda: sock.sendto(rtp(len(seen)), (seen[-1], 15550))
        while len(seen) < 5:
            seen.append(wait_for(lambda: send() and (group := daemon.stream()["group"]) != seen[-1] and group, 5, "another"))
        warning = f"stream.group: {guest.address} sends to our group too"
        wait_for(lambda: send() and warning in daemon.status()["warnings"], 5, "it says so")
    assert len(set(seen)) == 5 and daemon.stream()["group"] == seen[-1]


def test_a_collision_of_groups_and_ssrc_while_sinks_are_there_moves_them(lab, source, sinks):
    """Somebody sends into our group under our SSRC, our sequence numbers and times: no sink plays it, and all go to
    another group, by unicast between."""
    guest, three = lab.node("guest", 40), sinks(3)
    daemon = source(**{"source.input": f"file:{CLIP}", "stream.group": "auto"})
    wait_for(lambda: len(daemon.ask("peers")) == 3, 5, "the sinks are seen")
    with Capture(daemon.node.space) as capture, sender(guest) as sock:
        daemon.ctl("connect", "--all")
        everywhere = lambda delivery: all(sink.stream()["delivery"] == delivery for sink in three)
        wait_for(lambda: everywhere("multicast"), 10, "all are on the group")
        first = daemon.stream()["group"]
        theirs = capture.rtp(first)[-1].payload
        sequence, _, ssrc = struct.unpack_from("!HII", theirs, 2)
        for ahead in range(20, 60):
            sock.sendto(rtp(sequence + ahead & 0xFFFF, ssrc), (first, 15550))
        second = wait_for(lambda: (group := daemon.stream()["group"]) != first and group, 10, "another group")
        wait_for(lambda: everywhere("multicast") and not lab.members(first) and len(lab.members(second)) >= 3, 10,
                 "all are on that one")
        for sink in three:
            more(sink, 200)
        sent = stream_of([frame for frame in capture.rtp() if frame.outgoing])
        for sink in three:
            assert len(runs(sent, sink.output.read_bytes())) == 1, "one piece of what we sent"
            assert sink.stream()["packets_lost"] == 0
    assert daemon.session_states() == {sink.name: "playing" for sink in three}
