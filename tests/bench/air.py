"""What is missing after repair, over sockets: wfdd beside librist, SRT, GStreamer's RIST elements and multicat, all at
once in one namespace pair, each packet of each lost by the same rule of nftables."""
import json
import pathlib
import subprocess
import sys
import time

from bench import OUT, BenchDaemon, Table, clip, end, spawn, spawn_ready, wait_for
from repair import plot

NUMBERED = [sys.executable, pathlib.Path(__file__).with_name("numbered.py")]
RATE = 950  # packets a second: 10 Mbit/s
SINK = "10.77.0.11"
# Each drops what is long enough to be of the stream, at the sink's host.
LOSSES = {"5 %": ("numgen random mod 1000 < 50", 100), "10 %": ("numgen random mod 1000 < 100", 100),
          "10 % in bursts of 20": ("numgen inc mod 200 < 20", 200)}
POINTS = (0.01, 0.03, 0.05, 0.10, 0.15)


def gst(*parts):
    return ["gst-launch-1.0", "-q", *parts]


def peers(latency):
    """name: (sender, receiver, port on the air, input port, output port)"""
    return {
        "librist (simple profile)": (
            ["ristsender", "-p", "0", "-i", "udp://127.0.0.1:7001", "-o", f"rist://{SINK}:8200?buffer={latency}"],
            ["ristreceiver", "-p", "0", "-i", f"rist://@{SINK}:8200?buffer={latency}", "-o", "udp://127.0.0.1:9001"],
            8200, 7001, 9001),
        "SRT (srt-live-transmit)": (
            ["srt-live-transmit", "-q", "udp://127.0.0.1:7002", f"srt://{SINK}:8300?latency={latency}"],
            ["srt-live-transmit", "-q", f"srt://:8300?mode=listener&latency={latency}", "udp://127.0.0.1:9002"],
            8300, 7002, 9002),
        "GStreamer ristsink, ristsrc": (
            gst("udpsrc", "port=7003", "caps=video/mpegts,systemstream=true,packetsize=188", "!", "rtpmp2tpay", "!",
                "ristsink", f"address={SINK}", "port=8400"),
            gst("ristsrc", f"address={SINK}", "port=8400", f"receiver-buffer={latency}", "!", "rtpmp2tdepay", "!",
                "udpsink", "host=127.0.0.1", "port=9003", "sync=false"),
            8400, 7003, 9003),
        "multicat (no repair)": (
            ["multicat", "-u", "-U", "@127.0.0.1:7004", f"{SINK}:8500"],
            ["multicat", "-u", "-U", f"@{SINK}:8500", "127.0.0.1:9004"],
            8500, 7004, 9004),
    }


def drop_and_count(nodes, rule, ports):
    """Losses at the sink's host; the source's counts what it sends to each port."""
    nodes[1].undrop()
    nodes[0].undrop()
    nodes[0].run("nft", "add", "table", "inet", "lab")
    nodes[0].run("nft", "add", "chain", "inet", "lab", "out", "{ type filter hook output priority 0; }")
    for port in ports:
        nodes[1].drop(f"udp dport {port} meta length > 400 {rule} drop")
        nodes[0].run("nft", "add", "rule", "inet", "lab", "out", "udp", "dport", port, "meta", "length", ">", 400, "counter")


def sent_to(node):
    rules = json.loads(node.run("nft", "-j", "list", "chain", "inet", "lab", "out").stdout)["nftables"]
    found = {}
    for rule in (entry["rule"]["expr"] for entry in rules if "rule" in entry):
        counter, = [part["counter"]["packets"] for part in rule if "counter" in part]
        found[rule[0]["match"]["right"]] = counter
    return found


def wfdd(nodes, latency):
    """A source and a sink that play by unicast; what they say of themselves is compared with the bytes by tests/net."""
    source = BenchDaemon(nodes[0], "source", **{"source.connect": "all", "stream.delivery": "unicast",
                                                "source.input": f"file:{clip('10M')}"})
    sink = BenchDaemon(nodes[1], "sink", **{"sink.output": "null:", "stream.latency": f"{latency}ms"})
    wait_for(lambda: sink.stream()["packets_received"] > 200, 20, "the sink plays")
    return source, sink


def observe(nodes, rule, latency, seconds):
    """{tool: (packets, missing, overhead)}"""
    tools = peers(latency)
    drop_and_count(nodes, rule, [tool[2] for tool in tools.values()])
    receivers = [spawn(nodes[1], *tool[1]) for tool in tools.values()]
    collector = spawn_ready(nodes[1], *NUMBERED, "receive", *(tool[4] for tool in tools.values()))
    senders = [spawn(nodes[0], *tool[0]) for tool in tools.values()]
    source, sink = wfdd(nodes, latency)
    nodes[1].drop(f"udp dport 19000 meta length > 400 {rule} drop")
    before = sink.stream(), source.stream()
    feed = spawn(nodes[0], *NUMBERED, "send", seconds, RATE, *(tool[3] for tool in tools.values()),
                 stdout=subprocess.PIPE, text=True)
    fed = int(feed.stdout.readline())
    found = {"wfdd": figures_of_wfdd(before, (sink.stream(), source.stream()))}
    time.sleep(3 * latency / 1000)  # what waits for repair comes out
    air = sent_to(nodes[0])
    collector.stdin.close()
    seen = json.loads(collector.stdout.readline())
    for tool, (_, _, port, _, output) in tools.items():
        first, last, missing = seen[str(output)]
        if last == 0:
            raise RuntimeError(f"{tool}: nothing came out")
        found[tool] = last - first + 1, missing, air[port] / fed - 1
    for process in (*senders, *receivers):
        end(process)
    for daemon in (source, sink):
        daemon.stop()
    return found


def figures_of_wfdd(before, after):
    def grown(which, key):
        return after[which][key] - before[which][key]
    missing = grown(0, "packets_lost")
    return grown(0, "packets_received") + missing, missing, grown(1, "packets_retransmitted") / grown(1, "packets_sent")


def measure(lab, quick):
    nodes = lab.node("source", 1), lab.node("sink", 11)
    seconds = 10 if quick else 106
    table = Table("air", "Losses that stay, over sockets, one sink by unicast",
                  f"10 Mbit/s for {seconds} s, all tools at once, packets over 400 bytes lost at the sink's host alike. "
                  "Missing: of those between the first and the last that came out. Overhead: packets sent beyond the "
                  "stream's. Round trip below 1 ms. wfdd's figures are its own.",
                  ["packets", "missing", "residual", "overhead"])
    for name, (rule, latency) in LOSSES.items():
        for tool, (count, missing, overhead) in observe(nodes, rule, latency, seconds).items():
            table.add(f"{name}, {latency} ms: {tool}", count, missing, f"{missing / count:.1e}", f"{overhead:.1%}")
    return [table, curves(nodes, 5 if quick else 30)]


def curves(nodes, seconds):
    table = Table("air_over_loss", "Residual over loss, over sockets", f"The same at a latency of 100 ms, {seconds} s a point.",
                  [f"{loss:.0%}" for loss in POINTS])
    found = {}
    for loss in POINTS:
        seen = observe(nodes, f"numgen random mod 1000 < {round(loss * 1000)}", 100, seconds)
        for tool, (count, missing, _) in seen.items():
            found.setdefault(tool, []).append((loss, missing / count))
    for tool, points in found.items():
        table.add(tool, *(f"{residual:.1e}" for _, residual in points))
    plot(found, OUT / "air.svg", 1e-5)
    return table
