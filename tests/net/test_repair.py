"""Lost packets come back (contract 3): the output is compared with what was sent, byte by byte."""
import struct

import pytest

from delivery_lab import CLIP, GROUP, RTP_PORT, all_sinks, deliveries, more, moved, recorded, runs  # noqa: F401
from lab import wait_for
from wire import Capture, rtp_sequence, stream_of, udp_socket

PARITY_PORT = RTP_PORT + 6
PARITY_TYPE = 97
LATENCY = "900ms"  # these tests are of what comes back, not of how fast: the machine may be busy
MANY = 500  # packets


def lose(sink, percent, ports="1024-65535"):
    """Loses so many of the RTP packets, parity and retransmissions that come in; never RTCP, which is on odd ports."""
    sink.node.drop(f"udp dport {ports} meta length > 400 numgen random mod 1000 < {int(percent * 10)} drop")


@pytest.fixture
def net(all_sinks):
    all_sinks.start_source({"source.input": f"file:{CLIP}"})
    for sink in all_sinks.sinks[:4]:
        sink.ctl("set", f"stream.latency={LATENCY}")
    yield all_sinks
    for sink in all_sinks.sinks:
        sink.node.undrop()


def playing(net, *sinks):
    for sink in sinks:
        net.source.ctl("connect", sink.name)
    moved(net, "multicast" if len(sinks) > 1 else "unicast", *(sink.name for sink in sinks))


def nothing_missing(sink, sent):
    """The output is one piece of what was sent."""
    got = recorded(sink)
    (_, _), = runs(sent, got)
    assert sink.stream()["packets_lost"] == 0
    return got


def stats_of(net, sink):
    row, = [row for row in net.source.ask("stats") if row["name"] == sink.name]
    return row


def test_unicast_losses_come_back_by_retransmission(net):
    one = net.sinks[0]
    with Capture(net.source_node.space) as capture:
        playing(net, one)
        more(one)  # its clock has settled
        lose(one, 5)
        more(one, MANY)
        one.node.undrop()
        more(one, 50)
        again = capture.retransmissions()
        nothing_missing(one, stream_of(capture.rtp()))
    stream = one.stream()
    assert stream["packets_recovered"] > MANY * 0.01
    assert {frame.target for frame in again} == {one.node.address}
    assert net.source.stream()["packets_retransmitted"] == len(again)
    assert len(again) < MANY * 0.15, "each lost packet about once"

    row = wait_for(lambda: (r := stats_of(net, one))["recovered"] and r["round_trip_ms"] and r, 5, "it is reported")
    assert row["recovered_by"]["retransmission"] == row["recovered"] <= row["retransmitted"]
    assert row["loss_after"] == 0 and 0 < row["round_trip_ms"] < 1000


def test_different_losses_of_a_group_come_back_by_shared_parity(net):
    four = net.sinks[:4]
    with Capture(net.source_node.space) as capture:
        playing(net, *four)
        more(four[0])
        for sink in four:
            lose(sink, 5)
        more(four[0], MANY)
        for sink in four:
            sink.node.undrop()
        more(four[0], 50)
        again, parity = capture.retransmissions(), capture.udp(PARITY_PORT)
        sent = stream_of(capture.rtp())
        for sink in four:
            nothing_missing(sink, sent)
    assert parity and {(frame.target, frame.payload[1]) for frame in parity} == {(GROUP, PARITY_TYPE)}
    assert net.source.stream()["parity_packets_sent"] == len(parity)
    by_parity = [sink.ask("stats")[0]["recovered_by"]["parity"] for sink in four]
    assert all(count > 0 for count in by_parity), by_parity
    lost = sum(sink.stream()["packets_recovered"] for sink in four)
    assert len(parity) + len(again) < 0.9 * lost, "one repair serves several"


def test_repair_can_be_switched_off(net):
    net.start_source({"source.input": f"file:{CLIP}", "stream.repair": ""})
    one = net.sinks[0]
    with Capture(net.source_node.space) as capture:
        playing(net, one)
        lose(one, 5)
        wait_for(lambda: one.stream()["packets_lost"] > 5, 20, "losses reach the output")
        assert not capture.retransmissions()


def forged_nack(media, *sequences):
    """RR, and a generic NACK (RFC 4585)."""
    entries = b"".join(struct.pack("!HH", sequence, 0xFFFF) for sequence in sequences)
    return (struct.pack("!BBHI", 0x80, 201, 1, 9)
            + struct.pack("!BBHII", 0x81, 205, 2 + len(sequences), 9, media) + entries)


def test_nobody_else_can_ask_and_what_was_never_sent_is_not_repaired(net):
    one, stranger = net.sinks[0], net.guest
    with Capture(net.source_node.space) as capture:
        playing(net, one)
        more(one)
        frame = capture.rtp(one.node.address)[-1]
        media, newest = struct.unpack_from("!I", frame.payload, 8)[0], rtp_sequence(frame.payload)
        port = frame.source_port + 1  # its RTCP
        code = ("import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                "[s.sendto(bytes.fromhex(sys.argv[1]), ('10.77.0.1', int(sys.argv[2]))) for _ in range(200)]")
        ask = forged_nack(media, *range(newest - 200, newest - 20, 17))
        stranger.run("python3", "-c", code, ask.hex(), port)
        never = forged_nack(media, *((newest + n * 100) & 0xFFFF for n in range(100, 300, 10)))
        one.node.run("python3", "-c", code, never.hex(), port)
        more(one, 100)
        assert not capture.retransmissions()
    assert one.stream()["packets_lost"] == 0


def clock_request(*references):
    """RR, and an extended report (RFC 3611) with a receiver reference time for each of these."""
    blocks = b"".join(struct.pack("!BBHQ", 4, 0, 2, reference << 16) for reference in references)
    return struct.pack("!BBHI", 0x80, 201, 1, 9) + struct.pack("!BBHI", 0x80, 207, 1 + len(blocks) // 4, 9) + blocks


def test_many_requests_in_one_datagram_have_one_answer(net):
    """Else a forged datagram would buy its victim a multiple of itself."""
    one = net.sinks[0]
    with Capture(net.source_node.space) as capture, udp_socket(one.node.space, 5000, ttl=64) as program:
        playing(net, one)
        more(one)
        target = ("10.77.0.1", capture.rtp(one.node.address)[-1].source_port + 1)
        program.settimeout(5)
        program.sendto(clock_request(*range(100, 120)), target)
        program.sendto(clock_request(7), target)
        answers = [program.recv(2048)]
        while struct.pack("!I", 7) not in answers[-1]:
            answers.append(program.recv(2048))
    assert len(answers) == 2


def every(node, nth):
    """Loses each nth of the RTP packets that come in, FEC not: no chance is in it. The 29th: one matrix does for all."""
    node.drop(f"udp dport {RTP_PORT} meta length > 400 numgen inc mod {nth} == 0 drop")


def test_fec_follows_the_loss_and_repairs(net):
    """Nobody can ask this source, so losses are repaired by ST 2022-1."""
    two = net.sinks[:2]
    for sink in two:
        sink.ctl("set", "stream.latency=2s")  # two matrices of 100 packets
    net.start_source({"source.input": f"file:{CLIP}", "stream.repair": "fec"})
    playing(net, *two)
    more(two[0], 300)
    assert net.source.stream()["fec_packets_sent"] == 0, "the air is clean"
    for sink in two:
        every(sink.node, 29)
    wait_for(lambda: net.source.stream()["fec_packets_sent"] > 20, 20, "FEC is sent")
    more(two[0], 500)  # matrices from before are over
    before = [sink.stream() for sink in two]
    for _ in range(3):
        more(two[0], 400)
    for then, now in zip(before, [sink.stream() for sink in two]):
        recovered = now["packets_recovered"] - then["packets_recovered"]
        assert recovered > 20
        assert now["packets_lost"] - then["packets_lost"] < recovered / 4, "as good as nothing is missing any more"
    assert all(sink.ask("stats")[0]["recovered_by"]["fec"] for sink in two)


def test_sinks_that_take_only_fec_get_it_as_wide_as_their_bursts(lab, source, sinks):
    two = sinks(2, **{"stream.repair": "fec", "stream.latency": "2s"})
    daemon = source(**{"source.input": f"file:{CLIP}", "stream.delivery": "multicast"})
    wait_for(lambda: len(daemon.ask("peers")) == 2, 5, "both sinks are seen")
    with Capture(daemon.node.space) as capture:
        daemon.ctl("connect", "--all")
        for sink in two:
            wait_for(lambda: sink.stream()["delivery"] == "multicast", 10, "it has the group")
            sink.node.drop(f"udp dport {RTP_PORT} meta length > 400 numgen inc mod 350 < 14 drop")
        # The offset of a column is the number of columns.
        wide = lambda: [fec for fec in capture.udp(RTP_PORT + 2) if fec.payload[25] == 14]
        wait_for(lambda: len(wide()) > 70, 40, "matrices as wide as the bursts")
        before = [sink.stream() for sink in two]
        for sink in two * 3:
            more(sink, 400)
        assert not capture.retransmissions()
    for then, now in zip(before, [sink.stream() for sink in two]):
        recovered = now["packets_recovered"] - then["packets_recovered"]
        assert recovered >= 28
        assert now["packets_lost"] - then["packets_lost"] < recovered / 4, "as good as nothing is missing any more"


def test_a_sink_that_the_group_reaches_badly_is_moved_to_unicast_and_the_others_stay(net):
    net.start_source({"source.input": f"file:{CLIP}", "stream.repair": ""})
    three = net.sinks[:3]
    bad = three[0]
    playing(net, *three)
    bad.node.drop(f"ip daddr {GROUP} meta length > 400 numgen random mod 100 < 20 drop")
    wait_for(lambda: deliveries(net) == {bad.name: "unicast", three[1].name: "multicast", three[2].name: "multicast"}
             and bad.stream()["delivery"] == "unicast", 30, "it has unicast")
    note, = [row["note"] for row in net.source.status()["sessions"] if row["name"] == bad.name]
    assert note.startswith("multicast lost "), note
    rows = {row["name"]: row for row in net.source.ask("stats")}
    assert (rows[bad.name]["delivery"], rows[bad.name]["why"]) == ("unicast", note)
    assert rows[three[1].name]["why"] == "one copy for 2, and repair for what it loses"
    assert 0 < rows[bad.name]["airtime"]["unicast"] < rows[bad.name]["airtime"]["multicast"], "three at 2 Mbit/s"
    more(bad, 300)  # its latency is over
    lost = bad.stream()["packets_lost"]
    more(bad, 200)
    assert bad.stream()["packets_lost"] == lost
