"""A relay of frames between a node and its port of the bridge, which treats packets as bad air does: loses them in
bursts, sends them twice, late, and in another order. Not a model of a radio: its losses are its caller's."""
import heapq
import select
import socket
import struct
import threading
import time

from lab import run
from wire import ETH_P_ALL, PACKET_VNET_HDR, SOL_PACKET, VNET_HEADER, inside, segments

MEDIA = 400  # bytes: a longer UDP datagram is of the stream or of its repair
LIMIT = 10_000  # frames that wait at most


def bursts(rng, loss, length):
    """Gilbert and Elliott: all is lost in the bad state, nothing in the good one; `length` is a burst's mean."""
    bad = False

    def fate():
        nonlocal bad
        bad = rng.random() >= 1 / length if bad else rng.random() < loss / (1 - loss) / length
        return [] if bad else [0]
    return fate


def disorder(rng, latest, twice):
    """Each packet `latest` seconds late at the most, and such a part of them twice."""
    return lambda: [rng.random() * latest for _ in range(2 if rng.random() < twice else 1)]


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def is_udp(frame):
    return len(frame) > 42 and frame[12:14] == b"\x08\x00" and frame[23] == socket.IPPROTO_UDP


def datagrams(packet):
    """What passed with the kernel's offload header, as frames that need no offload: one for each UDP datagram."""
    for frame in segments(packet):
        frame = bytearray(frame)
        length, = struct.unpack_from("!H", frame, 16)
        struct.pack_into("!HH", frame, 38, length - 20, 0)  # RFC 768: no checksum
        struct.pack_into("!H", frame, 24, 0)
        struct.pack_into("!H", frame, 24, checksum(bytes(frame[14:34])))
        yield bytes(VNET_HEADER) + bytes(frame)


class BadAir:
    """`media()` and `reports()` say what becomes of the next such packet to and from the node: [seconds late, ...],
    one for each time that it arrives. They are asked while it is `bad`."""

    def __init__(self, node, media, reports=lambda: [0]):
        self.node, self.fates = node, (media, reports)
        self.space, self.inner, self.outer = node.lab.bridge_space, f"a{node.number}", f"b{node.number}"
        self.bad, self.lost = False, 0
        run("ip", "-n", self.space, "link", "set", node.port, "nomaster", "arp", "off")
        run("ip", "-n", self.space, "link", "add", self.outer, "type", "veth", "peer", "name", self.inner, "arp", "off")
        run("ip", "-n", self.space, "link", "set", self.inner, "arp", "off", "up")
        with inside(self.space):
            self.node_side, self.bridge_side = self.open(node.port), self.open(self.inner)
        self.over = threading.Event()
        self.waiting, self.number = [], 0
        self.thread = threading.Thread(target=self.relay)
        self.thread.start()
        run("ip", "-n", self.space, "link", "set", self.outer, "master", "br0", "up")

    @staticmethod
    def open(interface):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        sock.bind((interface, ETH_P_ALL))
        sock.setblocking(False)
        return sock

    def relay(self):
        while not self.over.is_set():
            left = self.waiting[0][0] - time.monotonic() if self.waiting else 0.05
            ready, _, _ = select.select([self.node_side, self.bridge_side], [], [], max(left, 0))
            for sock in ready:
                self.take(sock)
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, _, target, packet = heapq.heappop(self.waiting)
                target.send(packet)

    def take(self, sock):
        packet, _, _, address = sock.recvmsg(1 << 17)
        if address[2] == socket.PACKET_OUTGOING:
            return
        to_node = sock is self.bridge_side
        target = self.node_side if to_node else self.bridge_side
        if not is_udp(packet[VNET_HEADER:]):
            target.send(packet)
            return
        for frame in datagrams(packet):
            port, = struct.unpack_from("!H", frame, VNET_HEADER + 36)
            minds = len(frame) > MEDIA if to_node else port & 1
            self.send(target, frame, self.fates[0 if to_node else 1]() if self.bad and minds else [0])

    def send(self, target, frame, delays):
        self.lost += not delays
        for delay in delays:
            self.number += 1
            if len(self.waiting) < LIMIT:
                heapq.heappush(self.waiting, (time.monotonic() + delay, self.number, target, frame))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        run("ip", "-n", self.space, "link", "delete", self.outer)
        run("ip", "-n", self.space, "link", "set", self.node.port, "master", "br0", "arp", "on")
        self.node_side.close()
        self.bridge_side.close()
