#!/usr/bin/python3
"""The benchmarks behind scripts/bench: measures, prints tables, writes them as JSON and Markdown. Not a gate."""
import argparse
import importlib
import json
import os
import platform
import signal
import sys
import time

from bench import OUT, BenchLab

PARTS = ["memory", "send", "receive", "sinks", "session", "start", "beacons", "repair", "air"]


def machine():
    model = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    return (f"{time.strftime('%Y-%m-%d %H:%M')} UTC, {os.cpu_count()} cpus ({model}), Linux {platform.release()}, "
            f"load {', '.join(f'{value:.1f}' for value in os.getloadavg())} at the start")


def measure(name, quick):
    print(f"\n== {name}", flush=True)
    with BenchLab() as lab:
        tables = importlib.import_module(name).measure(lab, quick)
    (OUT / f"{name}.json").write_text(json.dumps({table.name: table.json() for table in tables}, indent=1))
    text = f"## {name}\n\n{machine()}\n\n" + "\n".join(table.markdown() for table in tables)
    (OUT / f"{name}.md").write_text(text)
    print(text, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(PARTS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="one run of each instead of several")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("the benchmarks make namespaces and need root")
    unknown = set(arguments.names) - set(PARTS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    OUT.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in arguments.names or PARTS:
        try:
            measure(name, arguments.quick)
        except (RuntimeError, TimeoutError, OSError) as error:
            print(f"FAILED: {name}: {error}", file=sys.stderr, flush=True)
            failed.append(name)
    print(f"tables: {OUT}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
