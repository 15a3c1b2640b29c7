"""From the start of a process to its first RTP packet, and from `wfdctl connect` to PLAY and the first decoded picture."""
import json
import time

from bench import (BIN, GROUP, PEER_GROUP, PEER_PORT, PORT, SENDER_CPU, BenchBoard, BenchDaemon, Table, clip, end, spawn, spawn_ready,
                   wait_for)
from paired_lab import introduce
from send import peers
from wire import Capture
import ts


def first_packet(meter):
    figures = json.loads(meter.stdout.readline())
    meter.wait()
    return figures["first"]


def source_command(directory, path):
    settings = {"role": "source", "name": "Source", "interface": "wlan0", "control.socket": directory / "start.sock",
                "state.directory": directory / "start-state", "log.level": "warning", "source.connect": "all",
                "source.input": f"file:{path}", "stream.delivery": "multicast", "security.mode": "open"}
    return [BIN / "wfdd", *(part for key, value in settings.items() for part in ("--set", f"{key}={value}"))]


def to_first_packet(lab, nodes, quick):
    source_node, meter_node, sink_node = nodes
    runs, path = 3 if quick else 10, clip("10M")
    table = Table("start", "Start of the process to the first RTP packet",
                  f"{runs} runs; exec to the kernel's arrival time at a receiver. A sink of wfdd's is there already: wfdd's "
                  "figure holds the probe, the beacon, the invitation, TCP and M1-M7. Target 11: 10 ms.", ["ms"])
    found = {}
    sink = BenchDaemon(sink_node, "sink", **{"sink.output": "null:"})
    for _ in range(runs):
        meter = spawn_ready(meter_node, BIN / "rtp_meter", GROUP, PORT, "wlan0", 0.5)
        process = spawn(source_node, *source_command(lab.directory, path), cpu=SENDER_CPU)
        found.setdefault("wfdd source, with a sink waiting", []).append((first_packet(meter) - process.born) * 1000)
        end(process)
        wait_for(lambda: not sink.status()["sessions"], 10, "the sink is free again")
        for name, command in peers(path).items():
            meter = spawn_ready(meter_node, BIN / "rtp_meter", PEER_GROUP, PEER_PORT, "wlan0", 0.5)
            process = spawn(source_node, *command, cpu=SENDER_CPU)
            found.setdefault(name, []).append((first_packet(meter) - process.born) * 1000)
            end(process)
    sink.stop()
    for name, samples in found.items():
        table.add(name, samples)
    return table


def picture_after(source, sink, report):
    """Milliseconds from `wfdctl connect` to PLAY, and to the first picture that the sink's renderer decoded."""
    report.unlink(missing_ok=True)
    begin = time.time()
    source.ctl("connect", sink.name)
    played = time.time()

    def decoded_at():
        """By the report's own times: it is written once a second, long after the picture."""
        try:
            figures = json.loads(report.read_text())
        except (OSError, ValueError):
            return None
        if figures["first_picture_s"] < 0:
            return None
        return report.stat().st_mtime - (figures["seconds"] - figures["first_picture_s"])

    decoded = wait_for(decoded_at, 20, "a decoded picture")
    source.ctl("disconnect", sink.name)
    wait_for(lambda: not sink.status()["sessions"] and {p["state"] for p in source.ask("peers")} == {"available"}, 10,
             "the sink is free again")
    return (played - begin) * 1000, (decoded - begin) * 1000


def to_first_picture(lab, nodes, quick):
    source_node, _, sink_node = nodes
    runs = 3 if quick else 15
    table = Table("picture", "`wfdctl connect` to PLAY, and to the first decoded picture",
                  f"{runs} connections of one source and one sink, 150 ms of it the sink's delay; exec:wfd-render, which "
                  "starts with each session.",
                  ["to PLAY ms", "to picture ms", "p95 ms"])
    report = lab.directory / "report.json"
    render = f"exec:{BIN}/wfd-render --video-sink fakesink --audio-sink fakesink --report {report}"
    sink = BenchDaemon(sink_node, "sink", **{"sink.output": render})
    source = BenchDaemon(source_node, "source", cpu=SENDER_CPU,
                         **{"source.connect": "none", "source.input": f"file:{clip('10M')}"})
    wait_for(lambda: source.ask("peers"), 10, "the source sees the sink")
    found = [picture_after(source, sink, report) for _ in range(runs)]
    pictures = sorted(picture for _, picture in found)
    table.add("wfdd", [play for play, _ in found], pictures, pictures[int(0.95 * (len(pictures) - 1))])
    source.stop()
    sink.stop()
    return table


def connected_after(source, sink):
    """Milliseconds from `wfdctl connect` to PLAY."""
    begin = time.time()
    source.ctl("connect", sink.name)
    took = (time.time() - begin) * 1000
    source.ctl("disconnect", sink.name)
    wait_for(lambda: not sink.status()["sessions"] and {p["state"] for p in source.ask("peers")} == {"available"}, 10,
             "the sink is free again")
    return took


def with_and_without_tls(nodes, quick):
    source_node, _, sink_node = nodes
    runs = 3 if quick else 15
    table = Table("tls", "`wfdctl connect` to PLAY, in the clear and in paired mode",
                  f"{runs} connections of one source and one sink. Paired mode: signed invitation, TLS 1.3 with two Ed25519 "
                  "certificates, SRTP keys.", ["to PLAY ms"])
    for what, kind in (("open mode", BenchDaemon), ("paired mode", BenchBoard)):
        sink = kind(sink_node, "sink", "Sink", **{"sink.output": "null:"})
        source = kind(source_node, "source", cpu=SENDER_CPU,
                      **{"source.connect": "none", "source.input": f"file:{clip('10M')}"})
        wait_for(lambda: source.ask("peers"), 10, "the source sees the sink")
        if kind is BenchBoard:
            introduce(source, sink)
        table.add(what, [connected_after(source, sink) for _ in range(runs)])
        source.stop()
        sink.stop()
    return table


def joined_after(source, late, output):
    """Milliseconds from the sink's PLAY until its output has a whole key picture, looked at every 5 ms."""
    begin = output.stat().st_size
    with Capture(late.node.space) as capture:
        source.ctl("connect", late.name)
        data = b""
        while not (data and ts.Stream(data[:len(data) // ts.PACKET * ts.PACKET]).idr_times()):
            time.sleep(0.005)  # the resolution
            data = output.read_bytes()[begin:]
        shown = time.time()
        played = next(frame.time for frame in capture.read() if frame.payload.startswith(b"PLAY "))
    source.ctl("disconnect", late.name)
    wait_for(lambda: not late.status()["sessions"] and "available" in {p["state"] for p in source.ask("peers")}, 10,
             "the sink is free again")
    return (shown - played) * 1000


def late_joiner(lab, nodes, quick):
    source_node, first_node, late_node = nodes
    runs, output = 3 if quick else 15, lab.directory / "late.ts"
    table = Table("late", "PLAY of a sink that joins a running stream, to its first whole key picture at the output",
                  f"{runs} joins; one sink plays all the time, test: at 4 Mbit/s. Target: 300 ms, "
                  "and no key picture for it.", ["ms", "catch-ups", "key pictures asked for"])
    first = BenchDaemon(first_node, "sink", "First", **{"sink.output": "null:"})
    late = BenchDaemon(late_node, "sink", "Late", **{"sink.output": f"file:{output}"})
    source = BenchDaemon(source_node, "source", cpu=SENDER_CPU,
                         **{"source.connect": "none", "source.input": "test:", "source.bitrate": "4M"})
    wait_for(lambda: len(source.ask("peers")) == 2, 10, "the source sees both sinks")
    source.ctl("connect", "First")
    wait_for(lambda: first.stream()["packets_received"] > 1000, 20, "the first one plays")
    before = source.stream()
    found = [joined_after(source, late, output) for _ in range(runs)]
    after = source.stream()
    table.add("wfdd", found, *(after[key] - before[key] for key in ("catch_ups", "idr_requests")))
    for daemon in (source, first, late):
        daemon.stop()
    return table


def measure(lab, quick):
    nodes = lab.node("source", 1), lab.node("meter", 11), lab.node("sink", 12)
    return [to_first_packet(lab, nodes, quick), to_first_picture(lab, nodes, quick), late_joiner(lab, nodes, quick),
            with_and_without_tls(nodes, quick)]
