"""Announcements of docs/protocol.md made by hand, and IP datagrams with any sender."""
import ctypes
import os
import select
import socket
import struct
import time

from wire import announcement as parse
from wire import inside, udp_socket

SOURCE_PORT, SINK_PORT = 7236, 7237
BEACON, INVITATION, GOODBYE = 1, 3, 4
AVAILABLE, BUSY, PLAYING, PAUSED, STANDBY = range(5)
SINK_BITS, SOURCE_BITS = 0x0011, 0x0010

_libc = ctypes.CDLL(None, use_errno=True)


def tlv(ident, body):
    return struct.pack(">BH", ident, len(body)) + body


def datagram(kind, *tlvs):
    return b"WFDC" + bytes([1, kind]) + b"".join(tlvs)


def beacon(ident, address, boot=1, sequence=1, state=AVAILABLE, name=b"Forged", cookie=None):
    bits = SINK_BITS if state == AVAILABLE else SINK_BITS & ~0x0010
    return datagram(BEACON, tlv(0, struct.pack(">HHH", bits, 7236, 50)), tlv(128, ident), tlv(129, name),
                        tlv(130, b"\x01" + socket.inet_aton(address)), tlv(131, struct.pack(">Q", boot)),
                        tlv(132, struct.pack(">I", sequence)), tlv(133, bytes([state])),
                        *([tlv(136, cookie)] if cookie else []))


def goodbye(ident, boot=1, sequence=1, cookie=None):
    return datagram(GOODBYE, tlv(128, ident), tlv(131, struct.pack(">Q", boot)),
                        tlv(132, struct.pack(">I", sequence)), *([tlv(136, cookie)] if cookie else []))


def invitation(source, sink, boot, sequence, token=None, port=7236, name=b"Scripted"):
    return datagram(INVITATION, tlv(0, struct.pack(">HHH", SOURCE_BITS, port, 50)), tlv(128, source),
                        tlv(129, name), tlv(131, struct.pack(">Q", boot)), tlv(132, struct.pack(">I", sequence)),
                        tlv(138, token or os.urandom(16)), tlv(139, sink))


def hear(sock, timeout, wanted):
    """The first announcement (see wire.announcement) for which wanted(fields, sender) holds, and its sender."""
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([sock], [], [], left)[0]:
            continue
        received, sender = sock.recvfrom(2048)
        fields = parse(received)
        if fields and wanted(fields, sender):
            return fields, sender
    raise TimeoutError("no such announcement was heard")


def sink_seen(node, address, timeout=5):
    """The fields of the next beacon of the sink at `address`, heard on another node."""
    with udp_socket(node.space, SOURCE_PORT) as sock:
        return hear(sock, timeout, lambda fields, sender: fields["kind"] == "beacon" and sender[0] == address)[0]


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_datagram(source, target, payload, ttl=255):
    """An IPv4 UDP datagram from (address, port) `source`, whoever sends it; without a UDP checksum."""
    udp = struct.pack(">HHHH", source[1], target[1], 8 + len(payload), 0) + payload
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, ttl, socket.IPPROTO_UDP, 0,
                       socket.inet_aton(source[0]), socket.inet_aton(target[0]))
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + udp


class Forger:
    """A raw socket on a node: what udp_datagram() makes leaves by `device`."""

    def __init__(self, node, device="wlan0"):
        with inside(node.space):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * 1024 * 1024)

    def send(self, source, target, payload, ttl=255):
        self.sock.sendto(udp_datagram(source, target, payload, ttl), target)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()


class _IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class _MsgHdr(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint32), ("iov", ctypes.POINTER(_IoVec)),
                ("iovlen", ctypes.c_size_t), ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class _MMsgHdr(ctypes.Structure):
    _fields_ = [("header", _MsgHdr), ("length", ctypes.c_uint32)]


class Flood:
    """Ready-made datagrams to one target, sent in rounds at a rate (sendmmsg)."""

    BATCH = 100

    def __init__(self, forger, target, datagrams):
        self.forger, self.count, self.sent = forger, len(datagrams), 0
        self.keep = [ctypes.create_string_buffer(datagram, len(datagram)) for datagram in datagrams]
        self.name = ctypes.create_string_buffer(struct.pack("=H", socket.AF_INET) + struct.pack(">H", target[1]) +
                                                socket.inet_aton(target[0]) + bytes(8), 16)
        self.vectors = (_IoVec * self.count)()
        self.messages = (_MMsgHdr * self.count)()
        for i, datagram in enumerate(self.keep):
            self.vectors[i] = _IoVec(ctypes.addressof(datagram), len(datagram))
            self.messages[i].header = _MsgHdr(ctypes.addressof(self.name), 16, ctypes.pointer(self.vectors[i]), 1,
                                              None, 0, 0)

    def burst(self, count):
        """The next `count` datagrams."""
        while count > 0:
            first = self.sent % self.count
            size = min(count, self.BATCH, self.count - first)
            done = _libc.sendmmsg(self.forger.sock.fileno(), ctypes.byref(self.messages[first]), size, 0)
            if done <= 0:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            self.sent += done
            count -= done

    def run(self, rate, seconds, meanwhile=lambda: None):
        """`rate` datagrams a second; meanwhile() is called between bursts, and stops it when true."""
        start, sent = time.monotonic(), 0
        while (elapsed := time.monotonic() - start) < seconds:
            due = int(elapsed * rate) - sent
            if due >= self.BATCH:
                self.burst(min(due, 10 * self.BATCH))
                sent += min(due, 10 * self.BATCH)
            if meanwhile():
                return
            time.sleep(0.002)  # the flood's pace


class ScriptedBeacon:
    """A wfdcast sink as far as discovery goes: beacons, echoes cookies, keeps the invitations it gets."""

    def __init__(self, node, ident, source="10.77.0.1", name=b"Beacon"):
        self.node, self.ident, self.name = node, ident, name
        self.source = (source, SOURCE_PORT)
        self.socket = udp_socket(node.space, SINK_PORT)
        self.boot, self.sequence, self.cookie = int.from_bytes(os.urandom(8), "big"), 0, None

    def send(self, state=AVAILABLE):
        self.sequence += 1
        self.socket.sendto(beacon(self.ident, self.node.address, self.boot, self.sequence, state, self.name, self.cookie),
                           self.source)

    def appear(self, timeout=5):
        """Until the source has probed, and was answered with its cookie."""
        wanted = lambda fields, sender: fields["kind"] == "probe" and "cookie" in fields
        self.cookie = None
        self.cookie = self.beacon_until(wanted, timeout)["cookie"]
        self.send()
        return self

    def invited(self, timeout=5, other_than=None):
        """The token of the next invitation; beacons meanwhile."""
        wanted = lambda fields, sender: fields["kind"] == "invitation" and fields["token"] != other_than
        return self.beacon_until(wanted, timeout)["token"]

    def beacon_until(self, wanted, timeout):
        deadline = time.monotonic() + timeout
        while True:
            self.send()
            try:
                return hear(self.socket, 0.3, wanted)[0]
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()
