"""What receiving a multicast stream costs: the wfdd sink beside ffmpeg, GStreamer, multicat and dvblast, all from the
same wfdd source."""

from bench import (GROUP, PORT, RECEIVER_CPU, BenchDaemon, Table, clip, cpu_per_packet, end, one_viewer, received, rss_kib, spawn,
                   wait_for)

SDP = f"""v=0
o=- 0 0 IN IP4 10.77.0.1
s=-
c=IN IP4 {GROUP}/2
t=0 0
m=video {PORT} RTP/AVP 33
"""


def receivers(directory, address):
    (directory / "stream.sdp").write_text(SDP)
    gst = ["gst-launch-1.0", "-q", "udpsrc", f"address={GROUP}", f"port={PORT}", "multicast-iface=wlan0",
           "caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=MP2T", "!"]
    return {
        "ffmpeg -c copy": ["ffmpeg", "-v", "error", "-nostdin", "-protocol_whitelist", "file,udp,rtp", "-i",
                           directory / "stream.sdp", "-c", "copy", "-f", "mpegts", "-y", "/dev/null"],
        "gst udpsrc ! depay": [*gst, "rtpmp2tdepay", "!", "filesink", "location=/dev/null"],
        "gst + rtpjitterbuffer": [*gst, "rtpjitterbuffer", "latency=150", "!", "rtpmp2tdepay", "!", "filesink",
                                  "location=/dev/null"],
        "multicat to a file": ["multicat", f"@{GROUP}:{PORT}/ifaddr={address}", "/dev/null"],
        "dvblast": ["dvblast", "-D", f"@{GROUP}:{PORT}/ifaddr={address}", "-d", f"{address}:40000/udp"],
    }


def measure_rate(lab, nodes, rate, quick):
    source_node, sink_node, viewer_node = nodes
    seconds, runs = (2, 1) if quick else (4, 3)
    table = Table(f"receive_{rate}", f"Receiving {rate}bit/s, packets one by one",
                  f"Windows of {seconds} s, {runs} runs; one receiver at a time, on a cpu of its own, fed by the same wfdd "
                  "source. wfdd: reorders, holds 150 ms, reports, writes to null:. Target 6: 8.5 us at 10 Mbit/s, 5.5 at 50.",
                  ["us/packet", "CPU %", "packets/s", "RSS MiB"])
    source = BenchDaemon(source_node, "source", cpu=0,
                         **{"source.connect": "all", "source.input": f"file:{clip(rate)}", "stream.delivery": "multicast"})
    viewer = one_viewer(viewer_node)
    samples = {}

    def sample(name, process):
        micros, packets, percent = cpu_per_packet(process.pid, lambda: source.stream()["packets_sent"], seconds)
        samples.setdefault(name, []).append((micros, percent, packets, rss_kib(process.pid) / 1024))

    for _ in range(runs):
        sink = BenchDaemon(sink_node, "sink", cpu=RECEIVER_CPU, **{"sink.output": "null:"})
        wait_for(lambda: sink.stream()["packets_received"] > 500, 15, "the sink receives")
        lost = sink.stream()["packets_lost"]
        sample("wfdd sink", sink.process)
        if sink.stream()["packets_lost"] != lost:
            print("  note: the sink lost packets")
        sink.stop()
        for name, command in receivers(lab.directory, sink_node.address).items():
            process = spawn(sink_node, *command)
            wait_for(lambda: process.poll() is not None or received(sink_node) > 0, 10, f"{name} joins")
            before = received(sink_node)
            wait_for(lambda: process.poll() is not None or received(sink_node) > before + 300, 10, f"{name} receives")
            if process.poll() is None:
                sample(name, process)
            else:
                print(f"  {name} ended by itself: not measured")
            end(process)
    end(viewer)
    source.stop()
    for name, found in samples.items():
        table.add(name, *([one[i] for one in found] for i in range(4)))
    return table


def measure(lab, quick):
    nodes = lab.node("source", 1), lab.node("sink", 11), lab.node("viewer", 12)
    return [measure_rate(lab, nodes, rate, quick) for rate in ("10M", "50M")]
