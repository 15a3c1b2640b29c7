"""What sending costs, and how evenly the packets leave: wfdd beside ffmpeg, GStreamer and multicat."""
import json
import time
from contextlib import contextmanager, nullcontext

from bench import (BIN, CALLGRIND, GROUP, PEER_GROUP, PEER_PORT, PORT, RECEIVER_CPU, SENDER_CPU, BenchDaemon, Table,
                   clip, count_instructions, cpu_per_packet, end, instructions_of, one_viewer, port_packets, rss_kib,
                   spawn, spawn_ready, wait_for, whole_process)


def peers(path, flat_out=False):
    """Each peer's command for one file to a group: 7 TS packets in an RTP packet, payload type 33."""
    gst = ["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "tsparse", "set-timestamps=true"]
    to_group = ["!", "rtpmp2tpay", "mtu=1328", "!", "udpsink", f"host={PEER_GROUP}", f"port={PEER_PORT}", "ttl-mc=2",
                "multicast-iface=wlan0", *(["sync=false"] if flat_out else [])]
    return {
        "ffmpeg rtp_mpegts": ["ffmpeg", "-v", "error", "-nostdin", *([] if flat_out else ["-re", "-stream_loop", "-1"]),
                              "-i", path, "-c", "copy", "-f", "rtp_mpegts",
                              f"rtp://{PEER_GROUP}:{PEER_PORT}?pkt_size=1328&ttl=2"],
        "gst tsparse ! udpsink": [*gst, *to_group],
        "gst, alignment=7": [*gst, "alignment=7", *to_group],
        "multicat": ["multicat", *(["-f"] if flat_out else []), path, f"{PEER_GROUP}:{PEER_PORT}@10.77.0.1"],
    }


class Source:
    """A wfdd source that multicasts a file to a session that takes nothing."""

    def __init__(self, node, viewer_node, path, **settings):
        self.daemon = BenchDaemon(node, "source", cpu=SENDER_CPU,
                                  **{"source.connect": "all", "source.input": f"file:{path}",
                                     "stream.delivery": "multicast", **settings})
        self.viewer = one_viewer(viewer_node)

    def packets(self):
        return self.daemon.stream()["packets_sent"]

    def stop(self):
        end(self.viewer)
        self.daemon.stop()


def metered(meter_node, group, port, seconds):
    return spawn_ready(meter_node, BIN / "rtp_meter", group, port, "wlan0", seconds)


def sample(lab, source_node, process, packets, meter_node, address, seconds):
    """One window in the middle: CPU, then evenness, each alone so that neither disturbs the other."""
    micros, rate, percent = cpu_per_packet(process.pid, packets, seconds)
    meter = metered(meter_node, *address, seconds)
    evenness = json.loads(meter.stdout.readline())
    meter.wait()
    return {"micros": micros, "rate": rate, "percent": percent, "rss": rss_kib(process.pid) / 1024, **evenness}


@contextmanager
def shaper(node, rate):
    """As an administrator installs it: a little above the stream, two packets in its bucket."""
    node.run("tc", "qdisc", "add", "dev", "wlan0", "root", "tbf", "rate", f"{int(int(rate[:-1]) * 1.09e6)}", "burst", "1600",
             "latency", "400ms")
    try:
        yield
    finally:
        node.run("tc", "qdisc", "del", "dev", "wlan0", "root")


def paced(lab, nodes, rate, quick):
    seconds, runs = (2, 1) if quick else (4, 3)
    source_node, meter_node, viewer_node = nodes
    table = Table(f"paced_{rate}", f"Sending {rate}bit/s in real time, one multicast sink",
                  f"{runs} runs, each a window of {seconds} s for the CPU and one for the spacing; median (lowest-highest). "
                  "us/packet: CPU of the process a packet. Spacing: arrival times at a receiver. Targets 2 and 4.",
                  ["us/packet", "CPU %", "packets/s", "RSS MiB", "spacing sd us", "p99 us", "most in 1 ms",
                   "PCR jitter sd us", "lost"])
    path = clip(rate)
    samples = {}
    # In turn, so that what else the machine does meets all of them alike.
    for _ in range(runs):
        for name, shaped in (("wfdd", False), ("wfdd, tbf on its interface", True)):
            with shaper(source_node, rate) if shaped else nullcontext():
                source = Source(source_node, viewer_node, path)
                samples.setdefault(name, []).append(
                    sample(lab, source_node, source.daemon.process, source.packets, meter_node, (GROUP, PORT), seconds))
                source.stop()
        for name, command in peers(path).items():
            before = port_packets(lab, source_node)
            process = spawn(source_node, *command, cpu=SENDER_CPU)
            wait_for(lambda: port_packets(lab, source_node) > before + 500, 15, f"{name} sends")
            samples.setdefault(name, []).append(
                sample(lab, source_node, process, lambda: port_packets(lab, source_node), meter_node,
                       (PEER_GROUP, PEER_PORT), seconds))
            end(process)
    for name, found in samples.items():
        table.add(name, *([one[key] for one in found] for key in
                          ("micros", "percent", "rate", "rss", "spacing_sd_us", "spacing_p99_us", "most_in_1ms",
                           "pcr_jitter_us", "lost")))
    return table


def flat_out(lab, nodes, quick):
    source_node = nodes[0]
    path, runs = clip("50M"), 1 if quick else 3
    table = Table("flat_out", "Sending a file of 50 Mbit/s as fast as it goes",
                  f"Whole process, {runs} runs, nobody joined. wfdd does not send faster than the clock: send_bench is its "
                  "media path (TsFeed, UdpSocket) with a clock that jumps. Target 3.", ["us/packet", "packets/s", "against wfdd"])
    commands = {"wfdd's media path": [BIN / "send_bench", path, 3, "wlan0", f"{PEER_GROUP}:{PEER_PORT}"],
                **peers(path, flat_out=True)}
    figures = {}
    for _ in range(runs):
        for name, command in commands.items():
            if name == "gst, alignment=7":
                continue
            before = port_packets(lab, source_node)
            cpu, took, output = whole_process(source_node, *command)
            # Packets that the kernel cuts count once at the port.
            packets = json.loads(output)["packets"] if name == "wfdd's media path" else (
                port_packets(lab, source_node) - before)
            figures.setdefault(name, []).append((cpu * 1e6 / packets, packets / took))
    ours = sorted(micros for micros, _ in figures["wfdd's media path"])[runs // 2]
    for name, found in figures.items():
        table.add(name, [micros for micros, _ in found], [rate for _, rate in found],
                  [micros / ours for micros, _ in found])
    return table


def wfdd_instructions(source_node, viewer_node, path, seconds):
    """wfdd under callgrind while it sends for so long."""
    log = source_node.lab.directory / "callgrind"
    source = Source.__new__(Source)
    source.daemon = BenchDaemon(source_node, "source", cpu=SENDER_CPU, under=[*CALLGRIND, f"--log-file={log}"],
                                **{"source.connect": "all", "source.input": f"file:{path}",
                                   "stream.delivery": "multicast"})
    source.viewer = one_viewer(viewer_node)
    wait_for(lambda: source.packets() > 500, 60, "wfdd sends under callgrind")
    time.sleep(seconds)  # the length
    packets = source.packets()
    source.stop()
    return instructions_of(log.read_text()), packets


def instructions(lab, nodes, quick):
    source_node, _, viewer_node = nodes
    table = Table("instructions", "User instructions an RTP packet sent",
                  "callgrind, difference of two lengths; no noise. Flat out: no waiting, so the work itself (target 1: 400). "
                  "Real time: the whole daemon with its timers and event loop.", ["instructions/packet", "against wfdd"])
    short, long = clip("50M-short"), clip("50M")
    one, two = (count_instructions(source_node, BIN / "send_bench", short, passes, "wlan0", f"{PEER_GROUP}:{PEER_PORT}")
                for passes in (1, 3))
    packets = [json.loads(output)["packets"] for _, output in (one, two)]
    ours = (two[0] - one[0]) / (packets[1] - packets[0])
    table.add("wfdd's media path, flat out", ours, 1.0)
    for name in peers(long, flat_out=True):
        if name == "gst, alignment=7" or (quick and name != "multicat"):
            continue
        found = []
        for path in (short, long):
            before = port_packets(lab, source_node)
            count, _ = count_instructions(source_node, *peers(path, flat_out=True)[name])
            found.append((count, port_packets(lab, source_node) - before))
        figure = (found[1][0] - found[0][0]) / (found[1][1] - found[0][1])
        table.add(f"{name}, flat out", figure, figure / ours)
    for rate in ("10M",) if quick else ("10M", "50M"):
        first, second = (wfdd_instructions(source_node, viewer_node, clip(rate), seconds) for seconds in (2, 8))
        table.add(f"wfdd, {rate}bit/s in real time", (second[0] - first[0]) / (second[1] - first[1]))
    return table


def measure(lab, quick):
    nodes = lab.node("source", 1), lab.node("meter", 11), lab.node("viewer", 12)
    return [instructions(lab, nodes, quick), flat_out(lab, nodes, quick), *(paced(lab, nodes, rate, quick) for rate in ("10M", "50M"))]
