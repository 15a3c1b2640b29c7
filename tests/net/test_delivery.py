"""One stream to 1, 2, 8 sinks: by unicast, by the group, and the moves between (contract 3)."""
import itertools
import json
import time

import ts
from delivery_lab import (CLIP, GROUP, PICTURE, RTP_PORT, all_sinks, deliveries, encoder, more, moved,  # noqa: F401
                          net, recorded, runs)
from lab import run, wait_for
from wire import Capture, payloads_of, rtp_sequence, stream_of


def test_the_move_loses_nothing_and_repeats_nothing(net):
    one, two = net.sinks[:2]
    with Capture(net.source_node.space) as capture:
        net.source.ctl("connect", one.name)
        moved(net, "unicast", one.name)
        more(one)
        net.source.ctl("connect", two.name)
        moved(net, "multicast", one.name, two.name)
        on_group = time.time()
        more(one, 300)
        leaving = time.time()
        net.source.ctl("disconnect", two.name)
        moved(net, "unicast", one.name)
        wait_for(lambda: not one.node.joined(GROUP), 2, "it leaves the group")
        more(one)
        net.source.ctl("disconnect", one.name)
        stream = capture.rtp()
    between = {frame.target for frame in stream if on_group < frame.time < leaving}
    assert between == {GROUP}, "one copy for both"
    assert {frame.target for frame in stream} == {GROUP, one.node.address, two.node.address}

    got, sent = recorded(one), stream_of(stream)
    (begin, end), = runs(sent, got)
    assert begin == 0 and end > 0.9 * len(sent), "from the beginning to the end"
    # The same by the elementary streams, against the file: whole access units, each once and in order.
    clip, shown = ts.Stream(CLIP.read_bytes()), ts.Stream(got)
    for theirs, ours in zip(clip.pids(), (ts.VIDEO_PID, ts.AUDIO_PID)):
        assert shown.elementary(ours) in clip.elementary(theirs, complete=True) * 4
    assert shown.continuity_errors() == []
    counters = one.stream()
    assert counters["packets_lost"] == counters["packets_late"] == 0


def test_only_the_ports_that_play_are_members_and_carry_the_stream(net):
    playing, idle = net.sinks[:2], net.sinks[2:]
    for sink in playing:
        net.source.ctl("connect", sink.name)
    moved(net, "multicast", *(sink.name for sink in playing))
    assert net.lab.members(GROUP) == {sink.node.port for sink in playing}
    assert [sink.node.joined(GROUP) for sink in net.sinks] == [True] * 2 + [False] * 6
    before = {sink.name: net.lab.port_bytes(sink.node) for sink in net.sinks}
    more(playing[0], 300)
    grown = {sink.name: net.lab.port_bytes(sink.node) - before[sink.name] for sink in net.sinks}
    assert all(grown[sink.name] > 300 * 1300 for sink in playing)
    assert all(grown[sink.name] < 30_000 for sink in idle), grown

    net.source.ctl("disconnect", playing[0].name)
    wait_for(lambda: not playing[0].node.joined(GROUP), 2, "it leaves the group")
    # The bridge asks twice, 1 s apart, whether somebody else is left behind that port.
    wait_for(lambda: net.lab.members(GROUP) <= {playing[1].node.port}, 4, "and the bridge knows")
    net.source.ctl("disconnect", playing[1].name)
    wait_for(lambda: not net.lab.members(GROUP), 4, "as the other one does")


def test_eight_sinks_have_one_copy_on_the_wire(net):
    with Capture(net.source_node.space) as capture:
        net.source.ctl("connect", "--all")
        moved(net, "multicast", *(sink.name for sink in net.sinks))
        assert net.lab.members(GROUP) == {sink.node.port for sink in net.sinks}
        assert net.source.stream()["delivery"] == "multicast"
        on_group = time.time()
        more(net.sinks[0], 200)
        stream = [frame for frame in capture.rtp() if frame.time > on_group]
        assert {(frame.target, frame.ttl) for frame in stream} == {(GROUP, 2)}
        assert len({rtp_sequence(frame.payload) for frame in stream}) == len(stream)
        got = [recorded(sink) for sink in net.sinks]
        sent = stream_of(capture.rtp())
    for sink, data in zip(net.sinks, got):
        assert sink.stream()["packets_lost"] == 0
        (_, end), = runs(sent, data)
        assert end > len(sent) // 2
    net.source.ctl("disconnect", "--all")
    wait_for(lambda: not net.lab.members(GROUP), 4, "all ports have left")


def test_multicast_can_be_forced(all_sinks):
    all_sinks.start_source({"source.input": f"file:{CLIP}", "stream.delivery": "multicast"})
    one = all_sinks.sinks[0]
    with Capture(all_sinks.source_node.space) as capture:
        all_sinks.source.ctl("connect", one.name)
        moved(all_sinks, "multicast", one.name)
        more(one)
        assert {frame.target for frame in capture.rtp()} == {GROUP}, "from the first packet on"


def test_unicast_can_be_forced(all_sinks):
    all_sinks.start_source({"source.input": f"file:{CLIP}", "stream.delivery": "unicast"})
    two = all_sinks.sinks[:2]
    with Capture(all_sinks.source_node.space) as capture:
        for sink in two:
            all_sinks.source.ctl("connect", sink.name)
        more(two[0], 200)
        more(two[1])
        assert deliveries(all_sinks) == {sink.name: "unicast" for sink in two}
        assert {frame.target for frame in capture.rtp()} == {sink.node.address for sink in two}
        assert not all_sinks.lab.members(GROUP)


def probed(path, *options):
    done = run("ffprobe", "-v", "error", *options, "-show_entries",
               "stream=codec_name,width,height,sample_rate,nb_read_frames", "-of", "json", path)
    assert done.stderr == "", done.stderr[:2000]
    return {stream["codec_name"]: stream for stream in json.loads(done.stdout)["streams"]}


def whole_pictures(data):
    """A recording from the PSI before its first key picture to its last whole picture: a decoder has no excuse."""
    packets = list(ts.packets(data))
    begins = [n for n, packet in enumerate(packets) if packet.pid == ts.VIDEO_PID and packet.start]
    first = next(n for n in begins if 7 in ts.nal_types(packets[n].payload))
    psi = max(n for n in range(first) if packets[n].pid == ts.PAT_PID)
    cut = {ts.VIDEO_PID: begins[-1],
           ts.AUDIO_PID: max(n for n, p in enumerate(packets) if p.pid == ts.AUDIO_PID and p.start)}
    return b"".join(data[n * ts.PACKET:(n + 1) * ts.PACKET] for n in range(psi, len(packets))
                    if n < cut.get(packets[n].pid, len(packets)))


def test_each_recording_is_good_and_has_the_negotiated_size(net, tmp_path):
    three = net.sinks[:3]
    for sink in three:
        net.source.ctl("connect", sink.name)
    more(three[2], 600)
    assert {(row["video"], row["audio"]) for row in net.source.status()["sessions"]} == {("640x480p60", "AAC")}
    net.source.ctl("disconnect", "--all")
    wait_for(lambda: all(not sink.status()["sessions"] for sink in three), 3, "all have ended")
    for sink in three:
        whole, checked = tmp_path / "whole.ts", tmp_path / "checked.ts"
        whole.write_bytes(recorded(sink))
        if sink is three[0]:  # the others begin in the middle of a picture
            assert set(probed(whole)) == {"h264", "aac"}
        checked.write_bytes(whole_pictures(whole.read_bytes()))
        streams = probed(checked, "-count_frames")
        assert (streams["h264"]["width"], streams["h264"]["height"]) == (640, 480)
        assert int(streams["h264"]["nb_read_frames"]) > 60
        assert streams["aac"]["sample_rate"] == "48000"
        assert int(streams["aac"]["nb_read_frames"]) > 40


def test_the_wire_has_wfds_pids_whatever_the_input_used(all_sinks, tmp_path):
    other = tmp_path / "other.ts"
    run("ffmpeg", "-v", "error", "-i", CLIP, "-map", "0:a", "-map", "0:v", "-c", "copy", "-streamid", "0:0x31",
        "-streamid", "1:0x32", "-mpegts_pmt_start_pid", "0x20", "-mpegts_service_id", "7", "-pcr_period", "40", other)
    theirs = ts.Stream(other.read_bytes())
    assert theirs.pmt_pid() == 0x20 and theirs.pids() == (0x32, 0x31)
    all_sinks.start_source({"source.input": f"file:{other}"})
    with Capture(all_sinks.source_node.space) as capture:
        all_sinks.source.ctl("connect", "Sink 1")
        more(all_sinks.sinks[0], 400)
        frames = capture.rtp()
    wire = ts.Stream(stream_of(frames))
    assert set(wire.by_pid) == {ts.PAT_PID, ts.PMT_PID, ts.PCR_PID, ts.VIDEO_PID, ts.AUDIO_PID}
    assert wire.pmt_pid() == ts.PMT_PID
    assert wire.program() == (ts.PCR_PID, {ts.VIDEO_PID: 0x1B, ts.AUDIO_PID: 0x0F})
    assert all(packet.pcr is not None and not packet.has_payload for packet in wire.by_pid[ts.PCR_PID])
    assert all(packet.pcr is None for packet in wire.packets if packet.pid != ts.PCR_PID)
    assert wire.continuity_errors() == []
    # PAT, PMT and PCR at most 100 ms apart, by the time at which they were to be sent.
    sent = [int.from_bytes(frame.payload[4:8], "big") for frame in frames]
    for pid in (ts.PAT_PID, ts.PMT_PID, ts.PCR_PID):
        times = [time for time, frame in zip(sent, frames)
                 if any(packet.pid == pid for packet in ts.packets(frame.payload[12:]))]
        assert max(ts.steps(times, 1 << 32)) <= 9000, hex(pid)
    # SPS and PPS come with each key picture, PSI just before it.
    for pes in wire.pes(ts.VIDEO_PID):
        if ts.is_idr(pes.payload):
            assert {7, 8} <= set(ts.nal_types(pes.payload))


def first_picture(sink):
    """When an IDR picture is complete at the sink's output; None before."""
    data = recorded(sink)
    return ts.Stream(data[:len(data) // ts.PACKET * ts.PACKET]).idr_times()


def play_time(capture):
    """When the sink's PLAY left."""
    return next(frame.time for frame in capture.read() if frame.payload.startswith(b"PLAY "))


def test_who_joins_a_running_stream_begins_with_the_last_key_picture(encoder):
    one, late = encoder.sinks[:2]
    with Capture(encoder.source_node.space) as sent, Capture(late.node.space) as capture:
        encoder.source.ctl("connect", one.name)
        wait_for(lambda: first_picture(one), 5, "the first sink shows a picture")
        more(one, 200)  # the next key picture of its own accord is far away
        made = encoder.source.stream()["idr_requests"]
        encoder.source.ctl("connect", late.name)
        wait_for(lambda: first_picture(late), 5, "the second sink shows a picture")
        assert time.time() - play_time(capture) < PICTURE
        moved(encoder, "multicast", one.name, late.name)
        more(late, 300)
        stream, got = encoder.source.stream(), recorded(late)
        (begin, end), = runs(stream_of(sent.rtp()), got)
    assert (stream["idr_requests"], stream["catch_ups"]) == (made, 1), "no key picture for it"
    assert first_picture(late)[0] == first_picture(one)[0] and end - begin > 400 * 7 * ts.PACKET
    assert late.stream()["packets_lost"] == 0


def test_when_many_join_at_once_they_share_a_key_picture(encoder):
    one, others = encoder.sinks[0], encoder.sinks[1:]
    encoder.source.ctl("connect", one.name)
    wait_for(lambda: first_picture(one), 5, "the first sink shows a picture")
    more(one, 200)
    made = encoder.source.stream()["idr_requests"]
    encoder.source.ctl("connect", "--all")
    wait_for(lambda: all(first_picture(sink) for sink in others), 10, "all show a picture")
    assert encoder.source.stream()["idr_requests"] - made < len(others) - 1


def test_a_group_that_falls_silent_is_replaced_by_unicast(all_sinks):
    """Without repair, which would bring the lost packets back by unicast."""
    net = all_sinks
    net.start_source({"source.input": f"file:{CLIP}", "stream.repair": "[]"})
    three = net.sinks[:3]
    victim = three[0]
    with Capture(net.source_node.space) as sent, Capture(victim.node.space) as seen:
        for sink in three:
            net.source.ctl("connect", sink.name)
        moved(net, "multicast", *(sink.name for sink in three))
        more(victim)
        blocked = time.time()
        victim.node.drop(f"ip daddr {GROUP} udp dport {RTP_PORT} drop")
        try:
            wait_for(lambda: deliveries(net)[victim.name] == "unicast", 3, "the source sends unicast")
            wait_for(lambda: victim.stream()["delivery"] == "unicast", 3, "and the sink says so")
            more(victim, 200)
        finally:
            victim.node.undrop()
        rows = {row["name"]: row for row in net.source.status()["sessions"]}
        assert rows[victim.name]["note"] == "the group is silent"
        assert [rows[sink.name]["delivery"] for sink in three[1:]] == ["multicast"] * 2, "the others stay"
        # 300 ms until the silence is noticed, and from then on at most 500 ms.
        back = min(frame.time for frame in seen.rtp(victim.node.address) if frame.time > blocked)
        assert back - blocked < 0.8
        payloads = payloads_of(sent.rtp())
        (_, end), (begin, _) = runs(b"".join(payloads), recorded(victim))
    ends = itertools.accumulate(len(payload) for payload in payloads)
    missing = sum(1 for at in ends if end < at <= begin)
    assert 0 < missing == victim.stream()["packets_lost"], "one gap, and it is counted"
    assert missing < 0.8 * net.source.stream()["bitrate_bps"] / 8 / 1328 + 20
