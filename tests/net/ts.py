"""A reader of MPEG-TS (ISO 13818-1) for what tests compare: tables, time stamps, counters, elementary payload."""
import collections
import dataclasses

PACKET = 188
PAT_PID, PMT_PID, PCR_PID, VIDEO_PID, AUDIO_PID = 0, 0x0100, 0x1000, 0x1011, 0x1100  # as WFD has them
WRAP = 1 << 33


@dataclasses.dataclass
class Packet:
    pid: int
    start: bool  # a PES packet or section begins
    counter: int
    has_payload: bool
    pcr: int | None  # 27 MHz
    discontinuity: bool
    payload: bytes


@dataclasses.dataclass
class Pes:
    stream_id: int
    pts: int | None
    dts: int | None
    payload: bytes


def packets(data):
    assert len(data) % PACKET == 0, f"{len(data)} bytes are not whole TS packets"
    for at in range(0, len(data), PACKET):
        raw = data[at:at + PACKET]
        assert raw[0] == 0x47, f"no sync byte at {at}"
        control, offset, pcr, broken = raw[3] >> 4 & 3, 4, None, False
        if control & 2:
            offset = 5 + raw[4]
            broken = raw[4] > 0 and bool(raw[5] & 0x80)
            if raw[4] >= 7 and raw[5] & 0x10:
                pcr = int.from_bytes(raw[6:10], "big") << 1 | raw[10] >> 7
                pcr = pcr * 300 + ((raw[10] & 1) << 8 | raw[11])
        yield Packet((raw[1] & 0x1F) << 8 | raw[2], bool(raw[1] & 0x40), raw[3] & 15, bool(control & 1), pcr,
                     broken, raw[offset:] if control & 1 else b"")


def timestamp(field):
    return (field[0] >> 1 & 7) << 30 | field[1] << 22 | field[2] >> 1 << 15 | field[3] << 7 | field[4] >> 1


def parse_pes(data):
    assert data[:3] == b"\0\0\1", "a PES packet begins with its start code"
    flags, head = data[7] >> 6, 9 + data[8]
    pts = timestamp(data[9:14]) if flags & 2 else None
    dts = timestamp(data[14:19]) if flags == 3 else pts
    return Pes(data[3], pts, dts, data[head:])


def section(payload):
    """The section that begins in a packet, without its CRC."""
    begin = 1 + payload[0]
    length = (payload[begin + 1] & 0x0F) << 8 | payload[begin + 2]
    return payload[begin:begin + 3 + length - 4]


def nal_types(access_unit):
    """Of an H.264 access unit: 5 a slice of an IDR picture, 7 SPS, 8 PPS."""
    return [part[0] & 0x1F for part in access_unit.split(b"\0\0\1")[1:] if part]


def is_idr(access_unit):
    return 5 in nal_types(access_unit)


class Stream:
    """All of a recording."""

    def __init__(self, data):
        self.packets = list(packets(data))
        self.by_pid = collections.defaultdict(list)
        for packet in self.packets:
            self.by_pid[packet.pid].append(packet)

    def pes(self, pid, complete=False):
        """The PES packets that began in the recording; without the last one, unless the recording is complete."""
        parts = []
        for packet in self.by_pid[pid]:
            if packet.start:
                parts.append([packet.payload])
            elif parts:
                parts[-1].append(packet.payload)
        return [parse_pes(b"".join(part)) for part in (parts if complete else parts[:-1])]

    def elementary(self, pid, complete=False):
        return b"".join(pes.payload for pes in self.pes(pid, complete))

    def pcrs(self):
        return [packet.pcr for packet in self.packets if packet.pcr is not None]

    def pmt_pid(self):
        table = section(self.by_pid[PAT_PID][0].payload)
        return (table[10] & 0x1F) << 8 | table[11]

    def program(self):
        """PCR PID and {PID: stream type} by the PMT."""
        table = section(self.by_pid[self.pmt_pid()][0].payload)
        at, streams = 12 + ((table[10] & 0x0F) << 8 | table[11]), {}
        while at < len(table):
            streams[(table[at + 1] & 0x1F) << 8 | table[at + 2]] = table[at]
            at += 5 + ((table[at + 3] & 0x0F) << 8 | table[at + 4])
        return (table[8] & 0x1F) << 8 | table[9], streams

    def pids(self):
        video = [pid for pid, kind in self.program()[1].items() if kind == 0x1B]
        audio = [pid for pid, kind in self.program()[1].items() if kind == 0x0F]
        return video[0], audio[0]

    def continuity_errors(self):
        """(PID, packet number) where a continuity counter does not follow."""
        errors, last = [], {}
        for number, packet in enumerate(self.packets):
            before = last.get(packet.pid)
            if before is not None and packet.counter != (before + packet.has_payload) % 16:
                errors.append((hex(packet.pid), number))
            last[packet.pid] = packet.counter
        return errors

    def idr_times(self):
        return [pes.pts for pes in self.pes(VIDEO_PID) if is_idr(pes.payload)]


def steps(values, wrap=WRAP):
    """Differences of neighbours, across the wrap-around."""
    return [(b - a + wrap // 2) % wrap - wrap // 2 for a, b in zip(values, values[1:])]
