"""What M4 says is what arrives, for one sink and for sinks that differ (stream.video, stream.on_mismatch)."""
import json
import threading

import pytest

import ts
from lab import ROOT, Daemon, Lab, run, wait_for
from plain_wfd_sink import VIDEO_480P, VIDEO_720P, PlainWfdSink

NO_MODE = "00000000"
LPCM_HEADER = bytes.fromhex("a0060011")


def tuple_of(profile, level, cea=NO_MODE, vesa=NO_MODE, hh=NO_MODE):
    return f"00 00 {profile} {level} {cea} {vesa} {hh} 00 0000 0000 00 none none"


class Receiver:
    """A plain WFD sink that keeps the TS of the RTP packets it gets."""

    def __init__(self, node, **kwargs):
        self.sink = PlainWfdSink(node, "10.77.0.1", **kwargs)
        self.data, self.done = bytearray(), threading.Event()
        self.thread = threading.Thread(target=self.receive, daemon=True)
        self.thread.start()

    def receive(self):
        self.sink.rtp.settimeout(0.2)
        while not self.done.is_set():
            try:
                self.data += self.sink.rtp.recv(2048)[12:]
            except TimeoutError:
                pass

    def stream(self):
        return ts.Stream(bytes(self.data))

    def pictures(self):
        data = bytes(self.data)
        return len(ts.Stream(data).pes(ts.VIDEO_PID)) if data else 0

    def begin_of(self, pts):
        """The byte where the tables stand before the picture with that time stamp."""
        tables = 0
        for number, packet in enumerate(ts.packets(bytes(self.data))):
            if packet.pid == ts.PAT_PID:
                tables = number * ts.PACKET
            if packet.pid == ts.VIDEO_PID and packet.start and ts.parse_pes(packet.payload).pts == pts:
                return tables
        raise ValueError(f"no picture at {pts}")

    def probe(self, directory, begin=0):
        """What ffprobe says of the picture and the sound from byte `begin` on."""
        path = directory / "probe.ts"
        path.write_bytes(bytes(self.data[begin:]))
        found = json.loads(run("ffprobe", "-v", "quiet", "-of", "json", "-show_streams", path).stdout)["streams"]
        return {stream.get("codec_type", "unknown"): stream for stream in found}

    def close(self):
        self.done.set()
        self.thread.join(5)
        self.sink.close()


class Net:
    def __init__(self, lab):
        self.lab, self.source, self.receivers = lab, None, []
        self.source_node = lab.node("source", 1)
        self.guests = [lab.node("left", 21), lab.node("right", 22)]

    def start(self, **settings):
        self.source = Daemon(self.source_node, "source", "Source",
                             **{"source.connect": "none", "source.input": "test:", "source.bitrate": "1M",
                                "rtsp.quirks": ROOT / "data" / "quirks.toml", **settings})

    def receiver(self, guest, **kwargs):
        self.receivers.append(Receiver(guest, **kwargs))
        return self.receivers[-1]

    def connect(self, guest, **kwargs):
        receiver = self.receiver(guest, **kwargs)
        self.source.ctl("connect", guest.address)
        return receiver

    def session(self, guest):
        return next(row for row in self.source.status()["sessions"] if row["address"] == guest.address)

    def clean(self):
        for receiver in self.receivers:
            receiver.close()
        self.receivers.clear()
        if self.source:
            assert self.source.stop() == 0
            self.source = None


@pytest.fixture(scope="module")
def two_guests():
    with Lab() as lab:
        yield Net(lab)


@pytest.fixture
def net(two_guests):
    yield two_guests
    two_guests.clean()


# profile and level bits; a bit in CEA, VESA or HH; what ffprobe must find.
FORMATS = {
    "CEA 0": (tuple_of("01", "01", cea="00000001"), (640, 480, 60, "Constrained Baseline", 31)),
    "VESA 0, high": (tuple_of("02", "01", cea="00000001", vesa="00000001"), (640, 480, 60, "High", 31)),
    "HH 9": (tuple_of("01", "02", hh="00000200"), (960, 540, 60, "Constrained Baseline", 32)),
    "VESA 2": (tuple_of("01", "10", vesa="00000004"), (1024, 768, 30, "Constrained Baseline", 31)),
}


def picture_is(found, width, height, rate, profile, level):
    """What ffprobe found is that format, which M4 said."""
    picture = found["video"]
    assert (picture["width"], picture["height"], picture["r_frame_rate"], picture["level"]) == (
        width, height, f"{rate}/1", level)
    assert profile in picture["profile"] and ("High" in picture["profile"]) == (profile == "High")


HD, SMALL = (1280, 720, 30, "Constrained Baseline", 31), (640, 480, 60, "Constrained Baseline", 31)


@pytest.mark.parametrize("name", FORMATS)
def test_what_m4_says_is_what_arrives(net, name, tmp_path):
    video, wanted = FORMATS[name]
    width, height, rate, *_ = wanted
    net.start(**{"stream.video": "best"})
    receiver = net.connect(net.guests[0], video=video)
    wait_for(lambda: receiver.pictures() >= 40, 15, "pictures")
    found = receiver.probe(tmp_path)
    picture_is(found, *wanted)
    assert net.session(net.guests[0])["video"] == f"{width}x{height}p{rate}"
    assert found["audio"]["codec_name"] == "aac"
    chosen, = receiver.sink.chosen()
    assert chosen["wfd_audio_codecs"] == "AAC 00000001 00"


def test_a_sink_of_the_second_release_gets_more_than_the_first_has(net, tmp_path):
    net.start(**{"stream.video": "1440p30"})
    receiver = net.connect(net.guests[0], video="", video2="40 01 01 0080 0000000001ff 000040000000 000000000fff 10 0000 "
                                                           "001f 11, 02 01 0010 0000000001ff 000040000000 000000000000 "
                                                           "10 0000 001f 11 00")
    wait_for(lambda: receiver.pictures() >= 20, 40, "pictures")
    chosen, = receiver.sink.chosen("wfd2_video_formats")
    assert chosen["wfd2_video_formats"] == "00 01 01 0020 000000000000 000040000000 000000000000 00 0000 0000 00 00"
    assert "wfd_video_formats" not in chosen
    picture_is(receiver.probe(tmp_path), 2560, 1440, 30, "Constrained Baseline", 50)


def test_the_bitrate_keeps_to_the_level(net):
    net.start(**{"source.bitrate": "30M"})
    net.connect(net.guests[0], video=VIDEO_720P)
    assert net.source.stream()["wanted_bitrate_bps"] == 14_000_000, "the most of level 3.1"


def test_an_adapter_with_lpcm_only_gets_lpcm(net, tmp_path):
    net.start()
    receiver = net.connect(net.guests[0], audio="LPCM 00000002 00")
    wait_for(lambda: receiver.pictures() >= 40, 15, "pictures")
    assert receiver.sink.chosen()[0]["wfd_audio_codecs"] == "LPCM 00000002 00"
    stream = receiver.stream()
    assert stream.program()[1][ts.AUDIO_PID] == 0x83
    sound = stream.pes(ts.AUDIO_PID)
    assert len(sound) >= 50
    for pes in sound:
        assert pes.stream_id == 0xBD and pes.payload[:4] == LPCM_HEADER and len(pes.payload) == 1924
    assert set(ts.steps([pes.pts for pes in sound])) == {900}, "10 ms each"
    # A decoder that is none of ours makes samples of them.
    samples = b"".join(pes.payload[4:] for pes in sound)
    (tmp_path / "lpcm").write_bytes(samples)
    run("gst-launch-1.0", "-q", "filesrc", f"location={tmp_path}/lpcm", "blocksize=1920", "!",
        "rawaudioparse", "pcm-format=s16be", "sample-rate=48000", "num-channels=2", "!", "capssetter", "replace=true",
        "join=false", "caps=audio/x-lpcm,width=16,rate=48000,channels=2,dynamic_range=0,emphasis=false,mute=false",
        "!", "dvdlpcmdec", "!", "filesink", f"location={tmp_path}/pcm")
    assert (tmp_path / "pcm").read_bytes() == samples
    assert max(samples[0::4]) != min(samples[0::4]), "a tone, not silence"


def test_ac3_is_passed_through(net, tmp_path):
    net.start(**{"source.input": f"file:{ROOT / 'tests' / 'data' / 'ts' / 'ac3_cbr.ts'}"})
    receiver = net.connect(net.guests[0], video=VIDEO_720P, audio="LPCM 00000002 00, AC3 00000001 00")
    assert receiver.sink.chosen()[0]["wfd_audio_codecs"] == "AC3 00000001 00"
    wait_for(lambda: len(receiver.data) > 188 * 500, 10, "half a second of the stream")
    assert receiver.probe(tmp_path)["audio"]["codec_name"] == "ac3"
    # One that cannot take it is told so, and plays nothing.
    net.receiver(net.guests[1], video=VIDEO_720P, audio="AAC 00000001 00")
    refused = net.source.ctl("connect", net.guests[1].address, check=False)
    assert refused.returncode == 1 and "AC3" in refused.stderr


def test_a_sink_that_declines_the_first_choice_plays_the_second(net, tmp_path):
    net.start()
    receiver = net.connect(net.guests[0], video=VIDEO_720P,
                           declines="wfd_video_formats: 415\r\nwfd_audio_codecs: 415\r\n")
    first, second = receiver.sink.chosen()
    assert first["wfd_video_formats"].split()[4] == "00000020", "1280x720p30"
    assert second["wfd_video_formats"].split()[4] == "00000001", "640x480p60"
    assert second["wfd_audio_codecs"] == "LPCM 00000002 00"
    wait_for(lambda: receiver.pictures() >= 20, 15, "pictures")
    assert receiver.probe(tmp_path)["video"]["width"] == 640
    assert receiver.stream().program()[1][ts.AUDIO_PID] == 0x83, "LPCM"


def test_a_quirk_is_found_by_the_user_agent_and_named(net):
    net.start()
    receiver = net.connect(net.guests[0], agent="MSFT-WDD")
    assert net.session(net.guests[0])["quirks"] == ["microsoft-adapter"]
    assert "quirk microsoft-adapter" in net.source.ctl("status").stdout
    assert receiver.sink.chosen()[0]["wfd_audio_codecs"] == "LPCM 00000002 00", "though it takes AAC as well"


def test_a_display_that_wants_hdcp_is_named_in_the_error(net):
    net.start()
    # 1080i50 only: no picture that we make.
    receiver = net.receiver(net.guests[0], video=tuple_of("01", "10", cea="00004000"))
    receiver.sink.protection = "HDCP2.1 port=1189"
    done = net.source.ctl("connect", net.guests[0].address, check=False)
    assert done.returncode == 1
    assert "it asks for HDCP2.1 port=1189, and wfdcast has no content protection" in done.stderr


def test_the_odd_one_is_refused_and_the_first_plays_on(net, tmp_path):
    net.start()  # stream.on_mismatch = "refuse"
    left = net.connect(net.guests[0], video=VIDEO_720P)
    wait_for(lambda: left.pictures() >= 10, 15, "pictures")
    net.receiver(net.guests[1], video=VIDEO_480P)
    refused = net.source.ctl("connect", net.guests[1].address, check=False)
    assert refused.returncode == 1 and "the sink does not take 1280x720p30 H.264 constrained-baseline 3.1" in refused.stderr
    before = left.pictures()
    wait_for(lambda: left.pictures() >= before + 20, 10, "the first sink plays on")
    picture_is(left.probe(tmp_path), *HD)


def first_of_another_format(stream):
    """The PTS of the first picture whose SPS has another length or content than the one before."""
    before = None
    for pes in stream.pes(ts.VIDEO_PID):
        sets = [part for part in pes.payload.split(b"\0\0\1")[1:] if part[0] & 0x1F == 7]
        if sets and before and sets[0] != before:
            return pes.pts
        before = sets[0] if sets else before
    return None


def test_all_move_to_what_a_newcomer_can(net, tmp_path):
    net.start(**{"stream.on_mismatch": "renegotiate"})
    left = net.connect(net.guests[0], video=VIDEO_720P)
    wait_for(lambda: left.pictures() >= 10, 15, "pictures")
    assert net.session(net.guests[0])["video"] == "1280x720p30"
    right = net.connect(net.guests[1], video=VIDEO_480P)
    wait_for(lambda: right.pictures() >= 20, 15, "pictures of the second sink")
    assert {row["video"] for row in net.source.status()["sessions"]} == {"640x480p60"}
    first, second = left.sink.chosen()
    assert first["wfd_video_formats"].split()[4] == "00000020"
    assert second["wfd_video_formats"] == tuple_of("01", "01", cea="00000001")
    pts, dts = (int(field, 16) >> 7 for field in second["wfd_av_format_change_timing"].split())
    wait_for(lambda: first_of_another_format(left.stream()) is not None, 10, "the new format at the first sink")
    assert first_of_another_format(left.stream()) == pts == dts
    begin = left.begin_of(pts)
    wait_for(lambda: len(ts.Stream(bytes(left.data[begin:])).pes(ts.VIDEO_PID)) >= 20, 10, "pictures of the new format")
    picture_is(left.probe(tmp_path, begin), *SMALL)
    picture_is(right.probe(tmp_path), *SMALL)
    assert {row["state"] for row in net.source.status()["sessions"]} == {"playing"}


def test_the_odd_one_gets_an_encoder_of_its_own(net, tmp_path):
    net.start(**{"stream.on_mismatch": "own-encode"})
    left = net.connect(net.guests[0], video=VIDEO_720P)
    right = net.connect(net.guests[1], video=VIDEO_480P)
    wait_for(lambda: left.pictures() >= 20 and right.pictures() >= 20, 20, "pictures")
    assert [net.session(guest)["video"] for guest in net.guests] == ["1280x720p30", "640x480p60"]
    assert [net.session(guest)["own_encoder"] for guest in net.guests] == [False, True]
    picture_is(left.probe(tmp_path), *HD)
    picture_is(right.probe(tmp_path), *SMALL)
    net.source.ctl("disconnect", net.guests[1].address)
    before = left.pictures()
    wait_for(lambda: left.pictures() >= before + 10, 10, "the first sink plays on")
