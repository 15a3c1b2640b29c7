"""What 10,000 beacons a second cost a source."""
import json
import subprocess

from bench import BIN, SENDER_CPU, BenchDaemon, Table, clip, cpu_percent, end, received, spawn, spawn_ready

RATE, SENDERS = 10_000, 1_000


def under_flood(source_node, node, pid, seconds):
    """CPU % of `pid` in the middle of a flood; how many beacons a second really went out."""
    before = received(source_node)
    flood = spawn(node, BIN / "beacon_load", "flood", "10.77.0.255", 7236, "wlan0", RATE, seconds + 2, SENDERS,
                  stdout=subprocess.PIPE, text=True)
    cpu_percent(pid, 1)
    percent = cpu_percent(pid, seconds)
    figures = json.loads(flood.communicate()[0])
    if received(source_node) - before < 0.99 * figures["sent"]:
        raise RuntimeError("the receiver did not get the beacons")
    return percent, figures["sent"] / figures["seconds"]


def measure(lab, quick):
    seconds, runs = (2, 1) if quick else (4, 3)
    table = Table("beacons", "10,000 beacons a second",
                  f"{RATE} beacons/s by broadcast, evenly, from {SENDERS} forged senders; {runs} windows of {seconds} s. "
                  "Target 12: 2 % CPU, 0.2x of one recvfrom a wake-up (floor: epoll, recvfrom, parse, std::map).",
                  ["CPU %", "beacons/s", "against floor"])
    node, flooder = lab.node("source", 1), lab.node("flood", 11)
    node.run("ip", "route", "add", "10.78.0.0/16", "dev", "wlan0")
    floor = spawn_ready(node, BIN / "beacon_load", "floor", 7236, cpu=SENDER_CPU)
    bare = [under_flood(node, flooder, floor.pid, seconds) for _ in range(runs)]
    end(floor)
    source = BenchDaemon(node, "source", cpu=SENDER_CPU,
                         **{"source.connect": "none", "source.input": f"file:{clip('10M')}"})
    ours = [under_flood(node, flooder, source.process.pid, seconds) for _ in range(runs)]
    idle = cpu_percent(source.process.pid, seconds)
    source.stop()
    table.add("one recvfrom a wake-up", [p for p, _ in bare], [r for _, r in bare])
    table.add("wfdd source", [p for p, _ in ours], [r for _, r in ours],
              [a / b for (a, _), (b, _) in zip(ours, bare)])
    table.add("wfdd source, no beacons", idle)
    return [table]
