"""Our sink with senders that are none of ours: librist, GStreamer's ristsink, ffmpeg with FEC. RTSP is scripted, since
they have none; RTP, RTCP and repair are theirs. The output is compared with what they sent, byte by byte."""
import signal

import pytest

from delivery_lab import CLIP, GROUP, RTP_PORT, recorded, runs
from lab import Daemon, Lab, wait_for
from rtsp_peer import WFD, ScriptedSource
from test_repair import LATENCY
from wire import Capture, stream_of

CONTROL = "rtsp://localhost/wfd1.0"
CHOICE = ("wfd_video_formats: 00 00 01 10 00000001 00000000 00000000 00 0000 0000 00 none none\r\n"
          "wfd_audio_codecs: AAC 00000001 00\r\n"
          f"wfd_presentation_URL: {CONTROL}/streamid=0 none\r\n"
          "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n")
SINK = "10.77.0.11"
INPUT = "udp://127.0.0.1:7001?pkt_size=1316"


class Site:
    def __init__(self, lab):
        self.node, self.sink_node = lab.node("sender", 66), lab.node("sink", 11)
        output = lab.directory / "sink.ts"
        self.sink = Daemon(self.sink_node, "sink", "Sink", **{"sink.output": f"file:{output}", "stream.latency": LATENCY})
        self.sink.output, self.sink.begin = output, 0
        self.node.run("ip", "route", "replace", "224.0.0.0/4", "dev", "wlan0")
        self.source = ScriptedSource(self.node, self.node.address).find(SINK)
        self.log = open(lab.directory / "senders.log", "w")

    def start(self, *command):
        return self.node.start(*command, stdout=self.log, stderr=self.log)

    def begin(self):
        """From here on counts what the sink puts out."""
        self.sink.begin = self.sink.output.stat().st_size if self.sink.output.exists() else 0

    def play(self, transport):
        """M1 to M7; the answer to SETUP is this."""
        connection = self.source.connect()
        for method, uri, body in [("OPTIONS", "*", ""), ("GET_PARAMETER", CONTROL, "wfdcast_multicast\r\n"),
                                  ("SET_PARAMETER", CONTROL, CHOICE),
                                  ("SET_PARAMETER", CONTROL, "wfd_trigger_method: SETUP\r\n")]:
            connection.request(method, uri, body)
            while not (received := connection.receive()).is_response:
                connection.reply(received, Public=f"{WFD}, SETUP, TEARDOWN, PLAY, PAUSE")
        for headers in ({"Session": "0123456789;timeout=30", "Transport": transport}, {"Session": "0123456789"}):
            connection.reply(connection.receive(), **headers)
        wait_for(lambda: self.sink.stream()["state"] == "playing", 5, "the sink plays")
        return connection


@pytest.fixture(scope="module")
def site():
    with Lab() as lab:
        site = Site(lab)
        yield site
        site.source.close()
        site.log.close()


def ports(capture, first):
    """Where RTP and RTCP come from, of a sender to `first` and the port after it."""
    def seen():
        found = [[frame.source_port for frame in capture.udp(port)][:1] for port in (first, first + 1)]
        return found if all(found) else None
    (rtp,), (rtcp,) = wait_for(seen, 10, "the sender sends RTP and RTCP")
    return f"{rtp}-{rtcp}"


FEED = ["ffmpeg", "-v", "error", "-re", "-stream_loop", "-1", "-i", CLIP, "-c", "copy", "-f", "mpegts"]
RIST = {
    "ristsender": ["ristsender", "-p", "0", "-i", "udp://127.0.0.1:7001", "-o", f"rist://{SINK}:19000?buffer=1000"],
    "GStreamer": ["gst-launch-1.0", "-q", "udpsrc", "port=7001", "!", "tsparse", "set-timestamps=true", "alignment=7",
                  "!", "rtpmp2tpay", "!", "ristsink", f"address={SINK}", "port=19000", "sender-buffer=1000"],
}


@pytest.mark.parametrize("program", RIST)
def test_a_rist_sender_repairs_what_we_ask_for(site, program):
    site.begin()
    with Capture(site.node.space) as capture:
        sender = site.start(*RIST[program])
        feed = site.start(*FEED, INPUT)
        try:
            transport = f"RTP/AVP/UDP;unicast;client_port=19000-19001;server_port={ports(capture, 19000)}"
            with site.play(transport):
                wait_for(lambda: site.sink.stream()["packets_received"] > 100, 10, "the sink receives")
                site.sink_node.drop("udp dport 19000 meta length > 400 numgen inc mod 20 == 0 drop")
                wait_for(lambda: site.sink.stream()["packets_recovered"] > 20, 20, "packets come back")
                figures = site.sink.stream()
                site.sink_node.undrop()
                got = recorded(site.sink)
                sent = stream_of(capture.rtp(SINK))
        finally:
            for process in (feed, sender):
                process.send_signal(signal.SIGKILL)
                process.wait()
    assert figures["packets_lost"] == 0, figures
    (_, _), = runs(sent, got)
    wait_for(lambda: not site.sink.status()["sessions"], 5, "the sink is free")


def test_ffmpegs_fec_repairs(site):
    """prompeg: ST 2022-1 of 5 columns and 5 rows, to the group's ports +2 and +4."""
    site.begin()
    with Capture(site.node.space) as capture:
        sender = site.start(*FEED[:-1], "rtp_mpegts", "-fec", "prompeg=l=5:d=5", f"rtp://{GROUP}:{RTP_PORT}")
        try:
            server = ports(capture, RTP_PORT)
            with site.play(f"RTP/AVP/UDP;multicast;destination={GROUP};port={RTP_PORT}-{RTP_PORT + 1};ttl=2;"
                           f"server_port={server};source={site.node.address}"):
                wait_for(lambda: site.sink.stream()["packets_received"] > 100, 10, "the sink receives")
                site.sink_node.drop(f"udp dport {RTP_PORT} meta length > 400 numgen inc mod 29 == 0 drop")
                wait_for(lambda: site.sink.stream()["packets_recovered"] > 20, 20, "packets come back")
                figures = site.sink.stream()
                row, = site.sink.ask("stats")
                site.sink_node.undrop()
                got = recorded(site.sink)
                sent = stream_of(capture.udp(RTP_PORT))
        finally:
            sender.send_signal(signal.SIGKILL)
            sender.wait()
    assert row["recovered_by"]["fec"] > 20
    assert figures["packets_lost"] == 0, figures
    (_, _), = runs(sent, got)
