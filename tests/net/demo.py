#!/usr/bin/python3
"""The demo behind scripts/demo: exits 0 only if every sink decoded moving pictures and sound with nothing lost."""
import argparse
import json
import shlex
import shutil
import signal
import sys
import time

from lab import BIN, ROOT, Daemon, Lab, run, wait_for

SINKS = ["Lobby", "Bar", "Stage"]
GROUP = "239.0.0.11"
OUT = ROOT / "demo-out"
# As boards are delivered: nobody without a key that the other end trusts gets in.
TRUST = {"security.mode": "paired", "security.trusted_directory": OUT / "trusted.d"}


def say(text):
    print(f"\n== {text}", flush=True)


def show(daemon, *arguments):
    print(f"$ wfdctl {shlex.join(arguments)}", flush=True)
    print(daemon.ctl(*arguments).stdout, end="", flush=True)


def make_sink(lab, number, name):
    node = lab.node(name.lower(), number)
    renderer = (f"{BIN}/wfd-render --video-sink fakesink --audio-sink fakesink --snapshot {OUT}/{name}.png"
                f" --report {OUT}/{name}.json")
    sink = Daemon(node, "sink", name, **{"sink.output": f"exec:{renderer}", **TRUST})
    sink.report = OUT / f"{name}.json"
    return sink


def introduce(source, sinks):
    """Each board's public key line to the others that it shall know."""
    show(sinks[0], "identity")
    for sink in sinks:
        source.ctl("trust", sink.ctl("identity").stdout.strip())
        sink.ctl("trust", source.ctl("identity").stdout.strip())
    show(source, "paired")
    wait_for(lambda: all(peer["paired"] for peer in source.ask("peers")), 10, "all sinks are known by their signatures")


def decoded(sink):
    """What the sink's renderer has decoded so far."""
    try:
        return json.loads(sink.report.read_text())
    except (OSError, ValueError):
        return {}


def on_the_group(sinks):
    return all(sink.stream()["delivery"] == "multicast" for sink in sinks)


def play(source, seconds):
    for _ in range(seconds):
        time.sleep(1)  # the demo's pace
        show(source, "stats")


def verdict(sink, stream):
    """What is wrong at this sink; empty: nothing."""
    report = decoded(sink)
    wrong = []
    if stream["packets_lost"] != 0:
        wrong.append(f"{stream['packets_lost']} packets lost")
    if report.get("distinct_pictures", 0) < 30:
        wrong.append(f"only {report.get('distinct_pictures', 0)} distinct pictures")
    if report.get("audio_seconds", 0) < 1 or report.get("audio_peak", 0) <= 0.001:
        wrong.append("no sound")
    if report.get("damaged_pictures", 0) or report.get("errors", 0):
        wrong.append(f"{report['damaged_pictures']} damaged pictures, {report['errors']} errors")
    if not (OUT / f"{sink.name}.png").exists():
        wrong.append("no snapshot")
    return wrong


def table(sinks, streams):
    print(f"{'sink':8} {'packets':>8} {'lost':>5} {'late':>5} {'jitter':>9} {'pictures':>9} {'distinct':>9}"
          f" {'size':>10} {'sound':>8}")
    for sink, stream in zip(sinks, streams):
        report = decoded(sink)
        print(f"{sink.name:8} {stream['packets_received']:8} {stream['packets_lost']:5} {stream['packets_late']:5}"
              f" {stream['jitter_ms']:6.2f} ms {report.get('pictures', 0):9} {report.get('distinct_pictures', 0):9}"
              f" {report.get('width', 0):>5}x{report.get('height', 0):<4} {report.get('audio_seconds', 0):6.1f} s")


def contact_sheet(sinks):
    pictures = [part for sink in sinks for part in ("-i", OUT / f"{sink.name}.png")]
    run("ffmpeg", "-v", "error", "-y", *pictures, "-filter_complex", f"hstack=inputs={len(sinks)}", "-frames:v", "1",
        OUT / "contact-sheet.png")


def keep_running(lab, source, sinks):
    say("the namespaces stay up; play with them, Ctrl-C ends it")
    for daemon in [source, *sinks]:
        print(f"ip netns exec {daemon.node.space} {BIN}/wfdctl --socket {daemon.socket} status")
    print(f"ip netns exec {source.node.space} tcpdump -n -i wlan0 multicast")
    print(f"ip netns exec {lab.bridge_space} bridge mdb show")
    signal.pause()


def demo(lab, keep):
    say("source and three sinks, each in its own namespace on a snooping bridge")
    source = Daemon(lab.node("source", 1), "source", "Desk", **{"source.connect": "none", "source.bitrate": "4M", **TRUST})
    sinks = [make_sink(lab, 11 + number, name) for number, name in enumerate(SINKS)]
    wait_for(lambda: len(source.ask("peers")) == len(sinks), 10, "all sinks are seen")
    say("nobody knows anybody; provision them")
    introduce(source, sinks)
    show(source, "peers")

    say("connect them all")
    show(source, "connect", "--all")
    # The first start of GStreamer on a machine looks at all its plugins, which takes a while.
    wait_for(lambda: on_the_group(sinks), 60, "every sink has the stream from the group")
    show(source, "status")
    print(f"bridge ports that joined {GROUP}: {', '.join(sorted(lab.members(GROUP)))}")

    say("ten seconds of play")
    play(source, 10)
    wait_for(lambda: all(decoded(sink).get("distinct_pictures", 0) >= 30 for sink in sinks), 20, "pictures everywhere")
    streams = [sink.stream() for sink in sinks]

    say(f"{SINKS[1]} leaves and comes back")
    show(source, "disconnect", SINKS[1])
    wait_for(lambda: not sinks[1].node.joined(GROUP), 5, f"{SINKS[1]} has left the group")
    wait_for(lambda: {p["name"]: p["state"] for p in source.ask("peers")}[SINKS[1]] == "available", 5,
             f"{SINKS[1]} is free")
    show(source, "connect", SINKS[1])
    wait_for(lambda: on_the_group(sinks), 10, "every sink has the stream from the group again")
    wait_for(lambda: decoded(sinks[1]).get("distinct_pictures", 0) >= 30, 20, f"new pictures at {SINKS[1]}")
    if keep:
        keep_running(lab, source, sinks)

    say("the end")
    streams = [dict(last, packets_lost=max(last["packets_lost"], sink.stream()["packets_lost"]))
               for sink, last in zip(sinks, streams)]
    table(sinks, streams)
    contact_sheet(sinks)
    failures = [f"{sink.name}: {', '.join(wrong)}" for sink, stream in zip(sinks, streams)
                if (wrong := verdict(sink, stream))]
    for daemon in [*sinks, source]:
        if daemon.stop() != 0:
            failures.append(f"{daemon.name} did not stop cleanly")
    print(f"pictures: {', '.join(str(path.relative_to(ROOT)) for path in sorted(OUT.glob('*.png')))}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it running, and print commands to play with")
    arguments = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it was ignored at start
    try:
        with Lab(OUT / "logs") as lab:
            failures = demo(lab, arguments.keep)
    except KeyboardInterrupt:
        print("\nstopped; everything is cleaned up")
        return 130
    except (RuntimeError, TimeoutError) as error:
        failures = [str(error)]
    print("\n".join(f"FAILED: {failure}" for failure in failures) or "every sink decoded moving pictures and sound, nothing lost")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
