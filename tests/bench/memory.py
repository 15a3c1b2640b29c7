"""Resident memory of an idle source and an idle sink, each in reach of the other."""
import pathlib
import re

from bench import BenchDaemon, Table, clip, rss_kib, wait_for


def private_kib(pid):
    """What the process has for itself: the pages of libraries that others map as well are not in it."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kib) for kib in re.findall(r"Private_(?:Clean|Dirty):\s+(\d+)", text))


def measure(lab, quick):
    table = Table("memory", "Resident memory, idle", "VmRSS; private: smaps_rollup. Source and sink see each other, no "
                  "session. Target 16: 6 MiB.", ["RSS MiB", "private MiB"])
    source_node, sink_node = lab.node("source", 1), lab.node("sink", 11)
    figures = {"source": [], "sink": []}
    for _ in range(1 if quick else 3):
        sink = BenchDaemon(sink_node, "sink", **{"sink.output": "null:"})
        source = BenchDaemon(source_node, "source", **{"source.connect": "none", "source.input": f"file:{clip('10M')}"})
        wait_for(lambda: source.ask("peers"), 10, "the source sees the sink")
        wait_for(lambda: min(source.status()["uptime_s"], sink.status()["uptime_s"]) >= 4, 10, "their start is over")
        for name, daemon in (("source", source), ("sink", sink)):
            figures[name].append((rss_kib(daemon.process.pid) / 1024, private_kib(daemon.process.pid) / 1024))
        source.stop()
        sink.stop()
    for name, samples in figures.items():
        table.add(f"wfdd {name}", [rss for rss, _ in samples], [private for _, private in samples])
    return [table]
