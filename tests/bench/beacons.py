"""What 10,000 beacons a second cost a source."""
import json
import os
import subprocess
import threading

from bench import (BIN, SENDER_CPU, BenchBoard, BenchDaemon, Table, clip, cpu_percent, end, received, spawn, spawn_ready,
                   wait_for)
from forge import AVAILABLE, SINK_PORT, SOURCE_PORT, Flood, Forger, beacon, sink_seen, tlv, udp_datagram
from paired_lab import introduce

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


def forged_in_the_name_of(sink, node):
    """All but the cookie and the signature is right: id, boot id, address."""
    seen = sink_seen(node, sink.node.address)
    boot = int.from_bytes(seen["boot_id"], "big")
    for number in range(SENDERS):
        forged = beacon(seen["id"], sink.node.address, boot, 1_000_000 + number, AVAILABLE, seen["name"].encode(), os.urandom(16))
        yield udp_datagram((sink.node.address, SINK_PORT), ("10.77.0.1", SOURCE_PORT),
                           forged + tlv(135, os.urandom(32)) + tlv(137, os.urandom(64)))


def under_named_flood(source, sink, node, seconds):
    """The same as under_flood(), all in the name of one paired sink."""
    before, target = received(source.node), ("10.77.0.1", SOURCE_PORT)
    with Forger(node) as forger:
        flood = Flood(forger, target, list(forged_in_the_name_of(sink, node)))
        thread = threading.Thread(target=flood.run, args=(RATE, seconds + 2))
        thread.start()
        cpu_percent(source.process.pid, 1)
        percent = cpu_percent(source.process.pid, seconds)
        thread.join()
    if received(source.node) - before < 0.99 * flood.sent:
        raise RuntimeError("the receiver did not get the beacons")
    if sink.name not in source.paired_peers():
        raise RuntimeError("the real sink was lost")
    return percent, flood.sent / (seconds + 2)


def in_paired_mode(lab, table, node, flooder, runs, seconds):
    source = BenchBoard(node, "source", cpu=SENDER_CPU, **{"source.connect": "none", "source.input": f"file:{clip('10M')}"})
    sink = BenchBoard(lab.node("sink", 12), "sink", "Sink", **{"sink.output": "null:"})
    wait_for(lambda: source.ask("peers"), 5, "the sink is in reach")
    introduce(source, sink)
    for what, run in (("wfdd source, paired mode", lambda: under_flood(node, flooder, source.process.pid, seconds)),
                      ("the same, in the name of a paired sink", lambda: under_named_flood(source, sink, flooder, seconds))):
        found = [run() for _ in range(runs)]
        table.add(what, [p for p, _ in found], [r for _, r in found])
    sink.stop()
    source.stop()


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
    in_paired_mode(lab, table, node, flooder, runs, seconds)
    return [table]
