#!/usr/bin/python3
"""Runs the unit tests of RTSP and gives all that our sessions said in them to tshark's RTSP dissector:
check_rtsp_dissector.py RTSP_TEST. Every message must be found as what it is, whole, and nothing malformed."""
import collections
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

FIELDS = ["tcp.srcport", "rtsp.method", "rtsp.status", "rtsp.content-length", "_ws.malformed", "_ws.expert.severity", "data.len"]
ERROR = 0x600000  # PI_WARN; errors are above
PORT = 7236


def transcript(program, path):
    """What each session of the tests said: a list of pieces by test and role."""
    done = subprocess.run([program, "--gtest_brief=1"], env={**os.environ, "WFD_RTSP_TRANSCRIPT": str(path)},
                          capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        sys.exit(f"{program}: {done.stdout}{done.stderr}")
    said = collections.defaultdict(list)
    for line in path.read_text().splitlines():
        test, role, data = line.split(" ")
        said[test, role].append(bytes.fromhex(data))
    return said


def messages(data):
    """The start lines of the messages in it, by our own reading."""
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        found.append(head.split(b"\r\n")[0].decode())
        data = rest[int(length[1]) if length else 0:]
    return found


def pcap(streams):
    """Each stream as one side of a TCP connection of its own, from port 20000 up, in raw IPv4 packets."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]
    for number, pieces in enumerate(streams):
        sequence = 1
        for piece in pieces:
            tcp = struct.pack(">HHIIBBHHH", 20000 + number, PORT, sequence, 1, 0x50, 0x18, 65535, 0, 0) + piece
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, bytes([10, 0, 0, 1]),
                             bytes([10, 0, 0, 2]))
            out.append(struct.pack("<IIII", number, 0, len(ip + tcp), len(ip + tcp)) + ip + tcp)
            sequence += len(piece)
    return b"".join(out)


def dissect(path):
    command = ["tshark", "-r", path, "-d", f"tcp.port=={PORT},rtsp", "-o", "tcp.check_checksum:FALSE", "-T", "fields",
               "-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=,"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        sys.exit(f"tshark: {done.stderr}")
    return [dict(zip(FIELDS, line.split("|"))) for line in done.stdout.splitlines()]


def problems(said):
    names = sorted(said)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rtsp.pcap"
        path.write_bytes(pcap(said[name] for name in names))
        rows = dissect(path)
    found = collections.defaultdict(list)
    for row in rows:
        name = names[int(row["tcp.srcport"]) - 20000]
        found[name] += [value for field in ("rtsp.method", "rtsp.status") for value in row[field].split(",") if value]
        severities = [int(value, 0) for value in row["_ws.expert.severity"].split(",") if value]
        if row["_ws.malformed"] or any(severity >= ERROR for severity in severities):
            yield f"{name}: malformed: {row}"
        if row["data.len"]:
            yield f"{name}: {row['data.len']} bytes that are no RTSP: {row}"
    for name in names:
        ours = messages(b"".join(said[name]))
        wanted = sorted(start.split()[1 if start.startswith("RTSP/") else 0] for start in ours)
        if sorted(found[name]) != wanted:
            yield f"{name}: tshark found {sorted(found[name])}, said was {wanted}"


def main():
    if not shutil.which("tshark"):
        sys.exit("dissector: no tshark (Debian package tshark)")
    with tempfile.TemporaryDirectory() as folder:
        said = transcript(sys.argv[1], pathlib.Path(folder) / "transcript")
    if len(said) < 100:
        sys.exit(f"dissector: only {len(said)} conversations: are they written down?")
    found = list(problems(said))
    total = sum(len(messages(b"".join(pieces))) for pieces in said.values())
    print("\n".join(found[:20]) or f"dissector: {total} messages of {len(said)} conversations, none malformed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
