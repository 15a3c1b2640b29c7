"""What is on the wire: sockets inside a namespace, and captures taken apart."""
import contextlib
import ctypes
import dataclasses
import os
import socket
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
ETH_P_ALL, ETH_P_IP = 0x0003, 0x0800
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
SOL_PACKET, PACKET_VNET_HDR, GSO_UDP_L4, VNET_HEADER = 263, 15, 5, 10
CAPTURE_BUFFER = 64 * 1024 * 1024


def enter(namespace):
    if LIBC.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def inside(space):
    """This thread in the network namespace `space`: sockets made here stay there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    away = os.open(f"/var/run/netns/{space}", os.O_RDONLY)
    try:
        enter(away)
        yield
    finally:
        enter(home)
        os.close(away)
        os.close(home)


def udp_socket(space, port=0, interface=None, ttl=255):
    """A datagram socket in `space`, as an announcer of wfdcast has it."""
    with inside(space):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
        if interface:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sock.bind(("", port))
    return sock


@dataclasses.dataclass
class Frame:
    """One IPv4 packet with UDP or TCP in it."""
    time: float  # of the host's clock, as time.time()
    outgoing: bool
    target_mac: bytes
    source: str
    target: str
    ttl: int
    protocol: int
    source_port: int
    target_port: int
    payload: bytes


def take_apart(time, outgoing, frame):
    if len(frame) < 34 or struct.unpack_from("!H", frame, 12)[0] != ETH_P_IP:
        return None
    ip = frame[14:]
    head, total, protocol = (ip[0] & 15) * 4, struct.unpack_from("!H", ip, 2)[0], ip[9]
    if protocol not in (socket.IPPROTO_UDP, socket.IPPROTO_TCP):
        return None
    body = ip[head:total]
    ports = struct.unpack_from("!HH", body)
    offset = 8 if protocol == socket.IPPROTO_UDP else (body[12] >> 4) * 4
    return Frame(time, outgoing, frame[:6], socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20]), ip[8],
                 protocol, *ports, body[offset:])


def segments(packet):
    """What passed is cut into the datagrams that go over the air, where the kernel leaves that to the device."""
    kind, size, frame = packet[1], struct.unpack_from("=H", packet, 4)[0], packet[VNET_HEADER:]
    if kind != GSO_UDP_L4:
        return [frame]
    head = 14 + (frame[14] & 15) * 4 + 8
    lengths = [min(size, len(frame) - at) for at in range(head, len(frame), size)]
    return [frame[:16] + struct.pack("!H", head - 14 + length) + frame[18:head] + frame[at:at + length]
            for at, length in zip(range(head, len(frame), size), lengths)]


class Capture:
    """Everything that passes an interface, from now on; read when asked. The kernel stamps the time."""

    def __init__(self, space, interface="wlan0"):
        with inside(space):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, CAPTURE_BUFFER)
            self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            self.socket.bind((interface, ETH_P_ALL))
        self.socket.setblocking(False)
        self.frames = []

    def read(self):
        """All frames since the capture began."""
        while True:
            try:
                packet, extra, _, address = self.socket.recvmsg(1 << 17, 256)
            except BlockingIOError:
                return self.frames
            except OSError:  # the interface went down, or away
                continue
            seconds, nanoseconds = struct.unpack("ll", extra[0][2][:16])
            for frame in segments(packet):
                taken = take_apart(seconds + nanoseconds / 1e9, address[2] == socket.PACKET_OUTGOING, frame)
                if taken:
                    self.frames.append(taken)

    def udp(self, *ports, after=0.0):
        """Datagrams to one of these ports."""
        return [f for f in self.read() if f.protocol == socket.IPPROTO_UDP and f.target_port in ports
                and f.time > after]

    def rtp(self, target=None):
        """MPEG-TS in RTP (payload type 33), to one address or all; without retransmissions."""
        return [f for f in self.all_rtp() if not f.payload[11] & 1 and target in (None, f.target)]

    def retransmissions(self):
        """Those with the lowest bit of the SSRC set (RIST Simple Profile)."""
        return [f for f in self.all_rtp() if f.payload[11] & 1]

    def all_rtp(self):
        return [f for f in self.read() if f.protocol == socket.IPPROTO_UDP and len(f.payload) > 12
                and f.payload[0] == 0x80 and f.payload[1] & 0x7F == 33]

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def rtp_sequence(datagram):
    return struct.unpack_from("!H", datagram, 2)[0]


def payloads_of(frames):
    """The TS of a stream, RTP packet by RTP packet in the order of their sequence numbers, each number once. A
    number that was sent twice (by unicast and to the group) must have the same content."""
    packets, highest = {}, None
    for frame in frames:
        number = rtp_sequence(frame.payload)
        if highest is None:
            highest = number
        index = highest + ((number - highest + 0x8000) & 0xFFFF) - 0x8000  # RFC 3550 A.1: past the wrap
        highest = max(highest, index)
        assert packets.setdefault(index, frame.payload) == frame.payload, f"two packets {number}"
    assert len(packets) == max(packets) - min(packets) + 1, "the source left a sequence number out"
    return [packets[index][12:] for index in sorted(packets)]


def stream_of(frames):
    return b"".join(payloads_of(frames))


KINDS = {1: "beacon", 2: "probe", 3: "invitation", 4: "goodbye"}
FIELDS = {0: "information", 128: "id", 129: "name", 130: "address", 131: "boot_id", 132: "sequence", 133: "state",
          134: "interval", 135: "key", 136: "cookie", 137: "signature", 138: "token", 139: "recipient",
          140: "invitation_cookie", 141: "purpose"}


def announcement(datagram):
    """An announcement of docs/protocol.md 1.2 as a dictionary; None for anything else."""
    if datagram[:5] != b"WFDC\x01" or len(datagram) < 6:
        return None
    fields = {"kind": KINDS[datagram[5]]}
    at = 6
    while at < len(datagram):
        identifier, length = struct.unpack_from("!BH", datagram, at)
        fields[FIELDS[identifier]] = datagram[at + 3:at + 3 + length]
        at += 3 + length
    assert at == len(datagram)
    if "address" in fields:
        fields["address"] = socket.inet_ntoa(fields["address"][1:])
    if "name" in fields:
        fields["name"] = fields["name"].decode()
    return fields


def probe(identifier=bytes(16), cookie=None):
    """A source's probe, by docs/protocol.md 1.2."""
    fields = [(128, identifier)] + ([(136, cookie)] if cookie else [])
    return b"WFDC\x01\x02" + b"".join(struct.pack("!BH", kind, len(body)) + body for kind, body in fields)
