"""Programs that are none of ours watch the group by its description: wfdctl sdp, and SAP (stream.announce)."""
import re
import socket
import struct

import pytest

from delivery_lab import CLIP, more
from lab import wait_for
from test_foreign import decoded_pictures
from wire import inside

SAP_GROUP, SAP_PORT = "239.255.255.255", 9875


@pytest.fixture
def shown(lab, source, sinks):
    """One sink of ours plays from the group that the source chose; the guest has a route to it."""
    lab.guest = lab.node("guest", 40)
    lab.guest.run("ip", "route", "add", "224.0.0.0/4", "dev", "wlan0")
    lab.sap = sap_socket(lab.guest)
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


def test_what_nobody_else_can_watch_is_not_described(lab, source):
    assert "unicast" in source(**{"stream.delivery": "unicast"}).ctl("sdp", check=False).stderr


def rtp(sequence):
    return struct.pack("!BBHII", 0x80, 33, sequence, sequence * 90, 4711) + b"\x47" + bytes(187)


def test_somebody_else_in_the_group_is_noticed(lab, source):
    """A source that chooses its group takes the next one; one that was told its group says so."""
    guest = lab.node("guest", 40)
    daemon = source(**{"stream.group": "auto"})
    first = daemon.stream()["group"]
    with inside(guest.space):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(guest.address))
    wait_for(lambda: first in daemon.node.run("ip", "maddr", "show", "dev", "wlan0").stdout, 5, "the source listens")
    sock.sendto(rtp(1), (first, 15550))
    second = wait_for(lambda: (group := daemon.stream()["group"]) != first and group, 5, "another group")
    assert second.startswith("239.255.")
    assert daemon.stop() == 0
    daemon.settings["stream.group"] = first
    daemon.start()
    wait_for(lambda: first in daemon.node.run("ip", "maddr", "show", "dev", "wlan0").stdout, 5, "the source listens")
    sock.sendto(rtp(2), (first, 15550))
    warning = f"stream.group: {guest.address} sends to our group too"
    wait_for(lambda: warning in daemon.status()["warnings"], 5, "it says so")
    assert daemon.stream()["group"] == first
    sock.close()
