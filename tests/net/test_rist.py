"""Repair with programs that are none of ours: librist (Debian's rist-tools), and GStreamer's decoder of ST 2022-1."""
import re
import socket

from delivery_lab import CLIP, GROUP, RTP_PORT, all_sinks, more, moved, runs  # noqa: F401
from lab import wait_for
from test_repair import every, playing
from wire import SO_RCVBUFFORCE, Capture, stream_of, udp_socket

OUTPUT = 9999


def received(sock):
    """All datagrams that wait."""
    data = b""
    while True:
        try:
            data += sock.recv(65536)
        except BlockingIOError:
            return data


def figures(log):
    """The sums over all that ristreceiver has told so far."""
    found = re.findall(r'"recovered_total":(\d+).*?"lost":(\d+)', log.read_text())
    return sum(int(recovered) for recovered, _ in found), sum(int(lost) for _, lost in found)


def test_ristreceiver_on_a_sinks_board_recovers_through_our_retransmission(all_sinks, tmp_path):
    """It joins the group, asks by range requests at its own port, and is answered to the group."""
    net = all_sinks
    one = net.sinks[0]
    net.start_source({"source.input": f"file:{CLIP}", "stream.delivery": "multicast"})
    log = tmp_path / "rist.log"
    output = udp_socket(one.node.space, OUTPUT)
    output.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    output.setblocking(False)
    with Capture(net.source_node.space) as capture, open(log, "w") as out:
        net.source.ctl("connect", one.name)
        moved(net, "multicast", one.name)
        one.node.run("ip", "route", "replace", "224.0.0.0/4", "dev", "wlan0")
        rist = one.node.start("ristreceiver", "-p", "0", "-S", "500", "-i",
                              f"rist://@{GROUP}:{RTP_PORT}?miface=wlan0&buffer=1000", "-o",
                              f"udp://127.0.0.1:{OUTPUT}", stdout=out, stderr=out)
        try:
            got = b""
            wait_for(lambda: received(output), 15, "ristreceiver gives out the stream")
            one.node.drop(f"udp dport {RTP_PORT} meta length > 400 numgen inc mod 20 == 0 drop")
            wait_for(lambda: figures(log)[0] >= 20, 30, "ristreceiver recovers")
            got = received(output)
            told = len(log.read_text().splitlines())
            wait_for(lambda: len(log.read_text().splitlines()) >= told + 2, 5, "its figures are of all that we got")
        finally:
            one.node.undrop()
            rist.terminate()
            rist.wait(5)
            output.close()
        assert figures(log)[1] == 0, "nothing is lost"
        found = runs(stream_of(capture.rtp()), got)
        assert len(found) == 1, f"bytes without a gap in what was sent: {found}"
        assert {frame.target for frame in capture.retransmissions()} >= {GROUP}
    assert len(got) > 300 * 1316


def fec_receiver():
    """Its decoder keeps a second of packets unless it is told, and a column comes one matrix late."""
    def port(number, kind, **more):
        caps = ",".join(["application/x-rtp", "media=video", "clock-rate=90000", f"payload={kind}",
                         *(f"{key}={value}" for key, value in more.items())])
        return ["udpsrc", f"address={GROUP}", f"port={number}", "multicast-iface=wlan0", f"caps={caps}", "!"]
    return ["gst-launch-1.0", "-q", *port(RTP_PORT, 33, **{"encoding-name": "MP2T"}), "rtpst2022-1-fecdec", "name=fec",
            f"size-time={3 * 10 ** 9}", "!", "rtpjitterbuffer", "latency=2500", "!", "rtpmp2tdepay", "!", "udpsink",
            "host=127.0.0.1", f"port={OUTPUT}", "sync=false",
            *port(RTP_PORT + 2, 96), "fec.fec_0", *port(RTP_PORT + 4, 96), "fec.fec_1"]


def test_gstreamers_decoder_recovers_with_our_fec(all_sinks):
    """It takes one matrix, the first that it hears of, so ours must be fixed."""
    net = all_sinks
    one, two = net.sinks[:2]
    net.start_source({"source.input": f"file:{CLIP}", "stream.repair": "fec", "stream.fec_matrix": "5x5"})
    output = udp_socket(one.node.space, OUTPUT)
    output.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    output.setblocking(False)
    with Capture(net.source_node.space) as capture:
        playing(net, one, two)
        one.node.run("ip", "route", "replace", "224.0.0.0/4", "dev", "wlan0")
        every(one.node, 29)
        wait_for(lambda: net.source.stream()["fec_packets_sent"] > 20, 20, "FEC is sent")
        gst = one.node.start(*fec_receiver())
        got = bytearray()
        try:
            wait_for(lambda: got.extend(received(output)) or len(got) > 800 * 1316, 20, "its output")
        finally:
            one.node.undrop()
            gst.terminate()
            gst.wait(5)
            output.close()
        found = runs(stream_of(capture.rtp()), bytes(got))
    begin, end = found[-1]
    assert end - begin > 700 * 1316, f"of the matrix in which it began some may be missing, then nothing: {found}"
