"""What an RTSP session costs a source: CPU, instructions, memory; how fast, how many; what happens when descriptors
run out. Beside gst-rtsp-server, which is asked for the same with four messages (OPTIONS, DESCRIBE, SETUP, PLAY)."""
import json
import pathlib
import time

from bench import (BIN, CALLGRIND, DESCRIPTORS, SENDER_CPU, BenchDaemon, Table, clip, cpu_ns, cpu_percent, end,
                   instructions_of, load_client, one_viewer, rss_kib, spawn, wait_for)

PARALLEL = 32
ADDRESSES = [f"10.77.0.{number}" for number in range(100, 132)]  # the source allows 4 half-open an address
GST_PORT = 8554


def wfdd(node, under=(), **settings):
    return BenchDaemon(node, "source", cpu=SENDER_CPU, under=under,
                       **{"source.connect": "all", "source.input": f"file:{clip('slow')}", "stream.delivery": "multicast",
                          "rtsp.max_sessions": 65536, **settings})


def gst_server(lab, node):
    peer = spawn(node, BIN / "gst_rtsp_peer", GST_PORT, clip("slow"), cpu=SENDER_CPU)
    wait_for(lambda: f":{GST_PORT}" in node.run("ss", "-ltn").stdout, 10, "gst-rtsp-server listens")
    return peer


def held(node, pid, what, port, count):
    """`count` sessions are opened and held: figures of the client, CPU us and KiB a session of the server."""
    viewer = load_client(node, what, "hold", 1, 1, port=port)  # the stream runs, the first session's cost is paid
    viewer.stdout.readline()
    before, memory = cpu_ns(pid), rss_kib(pid)
    load = load_client(node, what, "hold", count, PARALLEL, ADDRESSES, port=port)
    figures = json.loads(load.stdout.readline())
    figures["micros"] = (cpu_ns(pid) - before) / 1000 / count
    figures["kib"] = (rss_kib(pid) - memory) / count
    time.sleep(1)  # a second in which all of them are held
    figures["alive"] = load.poll() is None
    for process in (load, viewer):
        process.stdin.close()
        process.wait()
    return figures


def many(lab, nodes, quick):
    source_node, client_node = nodes
    counts, runs = ((1000,), 1) if quick else ((1000, 10_000), 3)
    table = Table("held", "Sessions opened as fast as they go, and held",
                  f"{PARALLEL} at once from {len(ADDRESSES)} addresses, {runs} runs with a new server each, the stream "
                  "multicast at 100 kbit/s (its cost is in the figures), the default log level. KiB: growth of VmRSS. "
                  "Targets 8 and 9.",
                  ["CPU us/session", "sessions/s", "to PLAY p50 ms", "p99 ms", "KiB/session", "failed"])
    for count in counts:
        servers = [("wfdd, M1-M7", "wfd", 7236)]
        if (BIN / "gst_rtsp_peer").exists() and count <= 1000:
            servers.append(("gst-rtsp-server", "gst", GST_PORT))
        for name, what, port in servers:
            found = []
            for _ in range(runs):
                daemon = wfdd(source_node, **{"log.level": "info"}) if what == "wfd" else None
                process = daemon.process if daemon else gst_server(lab, source_node)
                found.append(held(client_node, process.pid, what, port, count))
                daemon.kill() if daemon else end(process)
            table.add(f"{name}, {count:,} held", *([one[key] for one in found] for key in
                                                   ("micros", "per_second", "play_p50_ms", "play_p99_ms", "kib", "failed")))
    return table


def instructions(lab, nodes, quick):
    table = Table("session_instructions", "User instructions a session",
                  "callgrind: connect, M1-M7, close, one after another while another session plays; difference of 20 and "
                  "220 sessions. Target 8: 100,000.", ["instructions/session"])
    count_sessions(lab, nodes, 1, "warning")  # the first start makes the identity, which is not counted
    for level in ("warning", "info"):
        counts = [count_sessions(lab, nodes, sessions, level) for sessions in (20, 220)]
        table.add(f"wfdd, M1-M7, log.level={level}", (counts[1] - counts[0]) / 200)
    return table


def count_sessions(lab, nodes, sessions, level):
    """Instructions of a source for so many sessions, one after another beside one that plays."""
    source_node, client_node = nodes
    log = lab.directory / "callgrind"
    source = wfdd(source_node, under=[*CALLGRIND, f"--log-file={log}"], **{"log.level": level})
    viewer = one_viewer(client_node)
    load = load_client(client_node, "wfd", "close", sessions, 1)
    figures = json.loads(load.stdout.readline())
    if figures["failed"]:
        raise RuntimeError(f"{figures['failed']} sessions failed under callgrind")
    end(viewer)
    source.stop()
    return instructions_of(log.read_text())


def latency(lab, nodes, quick):
    source_node, client_node = nodes
    runs = 3 if quick else 7
    table = Table("latency", "connect() to PLAY answered, and to the first RTP packet",
                  f"Unicast. Cold: the first session of a new daemon, {runs} daemons. Warm: 100 one after another on one "
                  "daemon. Target 10: 1.5 and 5 ms.", ["to PLAY ms", "p99 ms", "to first RTP ms"])
    path = clip("10M")

    def daemon():
        return wfdd(source_node, **{"stream.delivery": "unicast", "source.input": f"file:{path}"})

    cold = []
    for _ in range(runs):
        source = daemon()
        load = load_client(client_node, "wfd", "close", 1, 1)
        cold.append(json.loads(load.stdout.readline()))
        end(load)
        source.stop()
    table.add("wfdd, cold", [one["play_first_ms"] for one in cold], None, [one["rtp_first_ms"] for one in cold])
    source, warm = daemon(), []
    for _ in range(1 if quick else 3):
        load = load_client(client_node, "wfd", "close", 100, 1)
        warm.append(json.loads(load.stdout.readline()))
        end(load)
    source.stop()
    table.add("wfdd, warm", *([one[key] for one in warm] for key in ("play_p50_ms", "play_p99_ms", "rtp_p50_ms")))
    if (BIN / "gst_rtsp_peer").exists():
        cold = []
        for _ in range(runs):
            peer = gst_server(lab, source_node)
            load = load_client(client_node, "gst", "close", 1, 1, port=GST_PORT)
            cold.append(json.loads(load.stdout.readline()))
            end(load)
            end(peer)
        table.add("gst-rtsp-server, cold (four messages)", [one["play_first_ms"] for one in cold])
    return table


def source_descriptors(source):
    return pathlib.Path(f"/proc/{source.process.pid}/fd").iterdir()


def exhausted(lab, nodes, quick):
    source_node, client_node = nodes
    limit = 200
    table = Table("exhausted", "Descriptors have run out",
                  f"A source with {limit} descriptors, {2 * limit} connections. Target: backs off, below 1 % CPU.",
                  ["CPU %", "sessions held", "PLAY after ms"])
    source = wfdd(source_node, under=["prlimit", f"--nofile={limit}:{limit}"])
    load = load_client(client_node, "wfd", "hold", 2 * limit, PARALLEL, ADDRESSES)
    wait_for(lambda: len(list(source_descriptors(source))) >= limit - 1, 10, "the descriptors are used up")
    percent = [cpu_percent(source.process.pid, 2) for _ in range(1 if quick else 3)]
    sessions = len(list(source_descriptors(source)))
    end(load)
    wait_for(lambda: len(list(source_descriptors(source))) < limit // 2, 10, "the sessions have gone")
    after = load_client(client_node, "wfd", "close", 1, 1)
    figures = json.loads(after.stdout.readline())
    end(after)
    source.stop()
    table.add("wfdd", percent, sessions, figures["play_first_ms"])
    return table


def measure(lab, quick):
    nodes = lab.node("source", 1), lab.node("client", 11)
    for address in ADDRESSES:
        nodes[1].run("ip", "address", "add", f"{address}/24", "dev", "wlan0")
    return [latency(lab, nodes, quick), instructions(lab, nodes, quick), many(lab, nodes, quick),
            exhausted(lab, nodes, quick)]
