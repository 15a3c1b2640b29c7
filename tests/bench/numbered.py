"""Numbered datagrams through a tool that brings back what is lost: seven TS packets each, as RTP carries them.

    numbered.py send SECONDS PACKETS_A_SECOND PORT...     to each port of 127.0.0.1; prints how many to each
    numbered.py receive PORT...                           until its input ends; prints {port: [first, last, missing]}
"""
import json
import select
import socket
import struct
import sys
import time

TS_PACKETS, SIZE = 7, 188
HEAD = struct.Struct("!BHBQ")  # sync byte, PID 0x100, continuity counter; then the number of the datagram


def send(seconds, rate, ports):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    begin = time.monotonic()
    for number in range(int(seconds * rate)):
        wait = begin + number / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)  # the pace of the stream
        ts = b"".join(HEAD.pack(0x47, 0x100, 0x10 | (number * TS_PACKETS + i) & 15, number).ljust(SIZE, b"\xff")
                      for i in range(TS_PACKETS))
        for port in ports:
            sock.sendto(ts, ("127.0.0.1", port))
    print(int(seconds * rate), flush=True)


def receive(ports):
    sockets, seen = {}, {port: set() for port in ports}
    for port in ports:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
        sock.bind(("127.0.0.1", port))
        sockets[sock] = port
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([sys.stdin, *sockets], [], [])
        for sock in ready:
            if sock is sys.stdin:
                print(json.dumps({port: figures(numbers) for port, numbers in seen.items()}), flush=True)
                return
            data = sock.recv(65536)
            for at in range(0, len(data) - HEAD.size, SIZE):  # a tool may send fewer or more TS packets together
                sync, pid, _, number = HEAD.unpack_from(data, at)
                if sync == 0x47 and pid == 0x100:
                    seen[sockets[sock]].add(number)


def figures(numbers):
    """From the first to the last that came: how many did not."""
    if not numbers:
        return [0, 0, 0]
    return [min(numbers), max(numbers), max(numbers) - min(numbers) + 1 - len(numbers)]


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(float(sys.argv[2]), float(sys.argv[3]), [int(port) for port in sys.argv[4:]])
    else:
        receive([int(port) for port in sys.argv[2:]])
