"""Receivers that are none of ours: GStreamer, ffmpeg, a plain WFD sink (contract 1, 3)."""
import re

import pytest

import ts
from delivery_lab import CLIP, GROUP, RTP_PORT, all_sinks, deliveries, encoder, more, moved  # noqa: F401
from lab import wait_for
from plain_wfd_sink import VIDEO_480P, VIDEO_720P, PlainWfdSink
from rtsp_dissector import check
from wire import Capture


def decoded_pictures(directory):
    return len({path.read_bytes() for path in directory.glob("*.jpg")})


@pytest.fixture
def on_group(all_sinks):
    """Two sinks play from the group; the guest has a route to it. As the last test left it, if it did."""
    pair = [sink.name for sink in all_sinks.sinks[:2]]
    settings = {"source.input": f"file:{CLIP}"}
    if all_sinks.settings != settings or deliveries(all_sinks) != dict.fromkeys(pair, "multicast"):
        all_sinks.start_source(settings)
        for name in pair:
            all_sinks.source.ctl("connect", name)
        moved(all_sinks, "multicast", *pair)
    all_sinks.guest.run("ip", "route", "replace", "224.0.0.0/4", "dev", "wlan0")
    yield all_sinks
    wait_for(lambda: all_sinks.guest.port not in all_sinks.lab.members(GROUP), 4, "the guest is not in the group")


def test_gstreamer_as_a_foreign_receiver(on_group, tmp_path):
    caps = "application/x-rtp,media=video,clock-rate=90000,encoding-name=MP2T,payload=33"
    on_group.guest.run(
        "timeout", "20", "gst-launch-1.0", "-q", "udpsrc", f"address={GROUP}", f"port={RTP_PORT}",
        "multicast-iface=wlan0", f"caps={caps}", "!", "rtpjitterbuffer", "!", "rtpmp2tdepay", "!", "tsdemux", "name=d",
        "d.", "!", "queue", "!", "h264parse", "!", "avdec_h264", "!", "identity", "eos-after=40", "!", "videoconvert",
        "!", "jpegenc", "!", "multifilesink", f"location={tmp_path}/%03d.jpg")
    assert decoded_pictures(tmp_path) >= 20


def test_ffmpeg_as_a_foreign_receiver(on_group, tmp_path):
    done = on_group.guest.run(
        "timeout", "20", "ffmpeg", "-v", "error", "-i", f"rtp://{GROUP}:{RTP_PORT}", "-map", "0:v", "-frames:v", "40",
        "-fps_mode", "passthrough", f"{tmp_path}/%03d.jpg", "-map", "0:a", "-t", "0.6",
        f"{tmp_path}/sound.wav", check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert decoded_pictures(tmp_path) >= 20
    assert (tmp_path / "sound.wav").stat().st_size > 48000 * 4 * 0.5, "half a second of sound"


# What M3 asks of a television, and what the other messages to it may hold (reference 1.5, 2.1).
STANDARD_HEADERS = {"CSeq", "Require", "Content-Type", "Content-Length", "Date", "Server", "Public", "Session",
                    "Transport", "Range", "User-Agent"}


def test_a_plain_wfd_sink_has_unicast_while_two_of_ours_have_the_group(on_group):
    net = on_group
    with Capture(net.source_node.space) as capture:
        plain = PlainWfdSink(net.guest, "10.77.0.1")
        try:
            net.source.ctl("connect", net.guest.address)
            assert plain.playing.wait(1)
            datagram, sender = plain.rtp.recvfrom(2048)
            assert sender == ("10.77.0.1", plain.server_port())
            assert len(datagram) == 1328 and datagram[1] == 33
            assert sum(1 for _ in ts.packets(datagram[12:])) == 7
            wait_for(lambda: len(capture.rtp(net.guest.address)) >= 100, 5, "its own copy of the stream")
            assert {frame.source_port for frame in capture.rtp()} == {plain.server_port()}
            assert deliveries(net) == {"Sink 1": "multicast", "Sink 2": "multicast", net.guest.address: "unicast"}
            assert net.source.stream()["delivery"] == "mixed"
            note, = [row["note"] for row in net.source.status()["sessions"] if row["name"] == net.guest.address]
            assert note == "the sink does not take multicast"
            assert net.guest.port not in net.lab.members(GROUP)
            net.source.ctl("disconnect", net.guest.address)
            wait_for(lambda: plain.ended, 3, "TEARDOWN")
        finally:
            plain.close()
        check(capture, 14)
    nothing_unusual(plain.received)
    assert deliveries(net) == {"Sink 1": "multicast", "Sink 2": "multicast"}


def nothing_unusual(messages):
    for message in messages:
        assert "wfdcast" not in message.lower()
        head, _, body = message.partition("\r\n\r\n")
        assert {line.partition(":")[0] for line in head.split("\r\n")[1:]} <= STANDARD_HEADERS
        assert all(re.match(r"(wfd_\w+|intel_friendly_name)(: .+)?$", line) for line in body.split("\r\n") if line)
    m1, m3, m4, m5 = [m for m in messages if not m.startswith("RTSP/")][:4]
    assert m1.startswith("OPTIONS * RTSP/1.0\r\n") and "Require: org.wfa.wfd1.0" in m1
    assert m3.startswith("GET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\n")
    assert m4.startswith("SET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\n")
    assert "wfd_video_formats: 00 00 01 01 00000001 00000000 00000000 " in m4, "640x480p60, as it can"
    assert "wfd_audio_codecs: AAC 00000001 00" in m4
    assert "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play" in m4
    assert "wfd_trigger_method: SETUP" in m5
    set_up, = [m for m in messages if "Transport:" in m]
    assert re.search(r"Transport: RTP/AVP/UDP;unicast;client_port=19000;server_port=\d+\r\n", set_up), set_up


def test_a_sink_that_cannot_take_the_running_format_is_refused_with_a_reason(encoder):
    one = encoder.sinks[0]
    encoder.source.ctl("connect", one.name)
    assert encoder.source.status()["sessions"][0]["video"] == "1280x720p30"
    small = PlainWfdSink(encoder.guest, "10.77.0.1", video=VIDEO_480P)
    try:
        done = encoder.source.ctl("connect", encoder.guest.address, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith(f"wfdctl: connect: {encoder.guest.address}: ")
        assert "1280x720p30" in done.stderr
        wait_for(lambda: small.ended, 3, "the connection is closed")
        assert small.transport is None, "it was never set up"
    finally:
        small.close()
    more(one)  # who plays does not notice
    able = PlainWfdSink(encoder.guest, "10.77.0.1", video=VIDEO_720P)
    try:
        encoder.source.ctl("connect", encoder.guest.address)
    finally:
        able.close()
