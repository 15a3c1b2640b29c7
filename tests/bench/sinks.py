"""What more sinks cost the source: one multicast stream, or a unicast copy for each."""
import json
import statistics

from bench import (BIN, GROUP, PEER_GROUP, PEER_PORT, PORT, SENDER_CPU, BenchDaemon, Table, clip, cpu_per_packet, end,
                   load_client, port_packets, spawn, spawn_ready, wait_for)

COUNTS = (1, 4, 16, 64)
FIRST_PORT = 30000
GST = ["gst-launch-1.0", "-q", "filesrc", "location={path}", "!", "tsparse", "set-timestamps=true", "!", "rtpmp2tpay",
       "mtu=1328", "!"]


def per_media_packet(source, seconds):
    """CPU us a packet of the stream, however many copies of it leave."""
    return cpu_per_packet(source.process.pid, lambda: source.stream()["packets_sent"], seconds)[0]


def wfdd(nodes, delivery, count, seconds):
    source = BenchDaemon(nodes[0], "source", cpu=SENDER_CPU,
                         **{"source.connect": "all", "source.input": f"file:{clip('10M')}", "stream.delivery": delivery})
    members = None
    if delivery == "multicast":
        members = spawn_ready(nodes[1], BIN / "udp_sinks", "multicast", GROUP, PORT, "wlan0", count)
    load = load_client(nodes[1], "wfd", "hold", count, 4)
    figures = json.loads(load.stdout.readline())
    if figures["failed"]:
        raise RuntimeError(f"{figures['failed']} of {count} sessions failed")
    micros = per_media_packet(source, seconds)
    for process in filter(None, (load, members)):
        end(process)
    source.stop()
    return micros


def multiudpsink(lab, nodes, delivery, count, seconds):
    if delivery == "multicast":
        members = spawn_ready(nodes[1], BIN / "udp_sinks", "multicast", PEER_GROUP, PEER_PORT, "wlan0", count)
        clients = f"{PEER_GROUP}:{PEER_PORT}"
    else:
        members = spawn_ready(nodes[1], BIN / "udp_sinks", "unicast", nodes[1].address, FIRST_PORT, count)
        clients = ",".join(f"{nodes[1].address}:{FIRST_PORT + 2 * i}" for i in range(count))
    command = [part.format(path=clip("10M")) for part in GST]
    process = spawn(nodes[0], *command, "multiudpsink", f"clients={clients}", "ttl-mc=2", cpu=SENDER_CPU)
    before = port_packets(lab, nodes[0])
    copies = 1 if delivery == "multicast" else count
    wait_for(lambda: port_packets(lab, nodes[0]) > before + 500 * copies, 20, "gst sends")
    micros = cpu_per_packet(process.pid, lambda: port_packets(lab, nodes[0]) / copies, seconds)[0]
    end(process)
    end(members)
    return micros


def measure(lab, quick):
    nodes = lab.node("source", 1), lab.node("sinks", 11)
    seconds, runs = (2, 1) if quick else (4, 5)
    table = Table("sinks", "10 Mbit/s to N sinks",
                  f"CPU us of the source a packet of the stream (not a copy), windows of {seconds} s, {runs} runs, a new "
                  "process each. N sessions of wfdd, each with a port of its own (unicast), or N sockets joined (multicast). "
                  "Target 5: multicast 64 : 1 at most 1.2; unicast at 64 at most 0.35x multiudpsink.",
                  [f"N={count}" for count in COUNTS] + ["64 : 1"])
    found = {}
    for _ in range(runs):
        for count in COUNTS:
            for delivery in ("multicast", "unicast"):
                found.setdefault(f"wfdd, {delivery}", {}).setdefault(count, []).append(
                    wfdd(nodes, delivery, count, seconds))
                found.setdefault(f"gst multiudpsink, {delivery}", {}).setdefault(count, []).append(
                    multiudpsink(lab, nodes, delivery, count, seconds))
    for name, by_count in found.items():
        table.add(name, *(by_count[count] for count in COUNTS),
                  statistics.median(by_count[64]) / statistics.median(by_count[1]))
    ours, theirs = found["wfdd, unicast"], found["gst multiudpsink, unicast"]
    table.add("unicast, wfdd : multiudpsink", *(statistics.median(ours[count]) / statistics.median(theirs[count])
                                                for count in COUNTS))
    return [table]
