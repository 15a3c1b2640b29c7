#!/usr/bin/python3
"""Runs tshark with tools/wireshark/wfdcast.lua on the dumps of tests/data/beacon and on damaged ones, and
compares the fields that it finds with what the dumps say."""
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "tools/wireshark/wfdcast.lua"
SINK = "00112233445566778899aabbccddeeff"
SOURCE = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
COOKIE = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
POSITION = {"wfdcast.boot_id": "0x0123456789abcdef", "wfdcast.sequence": "42"}
DEVICE = {"wfdcast.device.port": "7236", "wfdcast.device.throughput": "50"}

EXPECTED = {
    "beacon": DEVICE | POSITION | {
        "wfdcast.magic": "WFDC", "wfdcast.version": "1", "wfdcast.kind": "1", "wfdcast.device.bitmap": "0x0011",
        "wfdcast.device.role": "1", "wfdcast.device.availability": "1", "wfdcast.id": SINK, "wfdcast.name": "Lobby",
        "wfdcast.address.family": "1", "wfdcast.address": "192.168.1.20", "wfdcast.state": "0",
        "wfdcast.interval": "1000", "wfdcast.cookie": COOKIE, "_ws.col.Info": "Beacon",
        "wfdcast.tlv.id": "0,128,129,130,131,132,133,134,136"},
    "broadcast": DEVICE | {
        "wfdcast.kind": "1", "wfdcast.device.availability": "0", "wfdcast.state": "2", "wfdcast.interval": "500",
        "wfdcast.sequence": "4294967295", "wfdcast.cookie": ""},
    "probe": {"wfdcast.kind": "2", "wfdcast.id": SOURCE, "wfdcast.cookie": COOKIE, "_ws.col.Info": "Probe"},
    "probe_all": {"wfdcast.kind": "2", "wfdcast.id": SOURCE, "wfdcast.cookie": "", "wfdcast.tlv.id": "128"},
    "invitation": DEVICE | POSITION | {
        "wfdcast.kind": "3", "wfdcast.device.role": "0", "wfdcast.id": SOURCE, "wfdcast.recipient": SINK,
        "wfdcast.name": "Stage", "wfdcast.token": "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf", "_ws.col.Info": "Invitation"},
    "goodbye": {
        "wfdcast.kind": "4", "wfdcast.id": SINK, "wfdcast.boot_id": "0x0123456789abcdef", "wfdcast.sequence": "43",
        "wfdcast.cookie": COOKIE, "_ws.col.Info": "Goodbye"},
    "unknown_tlv": {
        "wfdcast.kind": "2", "wfdcast.id": SOURCE, "wfdcast.tlv.id": "200,135,128,128", "wfdcast.public_key": "706b",
        "wfdcast.repeated": "1"},
    # Damaged copies of the beacon and others.
    "cut in a body": {"wfdcast.truncated": "1", "wfdcast.id": ""},
    "cut in a TLV header": {"wfdcast.truncated": "1", "wfdcast.id": SOURCE},
    "another version": {"wfdcast.version": "2", "wfdcast.other_version": "1", "wfdcast.id": ""},
    "another kind": {"wfdcast.kind": "9", "_ws.col.Info": "Kind 9", "wfdcast.id": SOURCE},
    "short field": {"wfdcast.bad_field": "1", "wfdcast.sequence": ""},
    "not ours": {"_ws.col.Protocol": "UDP", "wfdcast.magic": ""},
    "parity": {
        "wfdcast_parity.sequence": "5", "wfdcast_parity.ssrc": "0x00000102", "wfdcast_parity.base": "65530",
        "wfdcast_parity.count": "47", "wfdcast_parity.index": "3", "wfdcast_parity.to_come": "2",
        "wfdcast_parity.length": "0x0524", "_ws.col.Info": "Parity 3 of 47 packets from 65530 on"},
    "cut parity": {"wfdcast_parity.base": ""},
}
EXPERTS = {"wfdcast.truncated", "wfdcast.bad_field", "wfdcast.repeated", "wfdcast.other_version"}


def dump(path):
    return bytes.fromhex("".join(line.split("#")[0] for line in path.read_text().splitlines()))


PARITY = struct.pack(">BBHIIHBBBBHI", 0x80, 97, 5, 90000, 0x102, 65530, 47, 3, 2, 0, 0x524, 7)
PORTS = {"parity": 15556, "cut parity": 15556}


def datagrams():
    found = {path.stem: dump(path) for path in sorted((ROOT / "tests/data/beacon").glob("*.hex"))}
    probe = found["probe_all"]
    return found | {
        "cut in a body": probe[:-1],
        "cut in a TLV header": probe + b"\x88\x00",
        "another version": probe[:4] + b"\x02" + probe[5:],
        "another kind": probe[:5] + b"\x09" + probe[6:],
        "short field": probe + b"\x84\x00\x03\x00\x00\x01",
        "not ours": b"GARBAGE",
        "parity": PARITY + bytes(1316),
        "cut parity": PARITY,
    }


def pcap(payloads):
    """The payloads as UDP to their ports, in a classic pcap file of raw IPv4 packets."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]
    for number, (name, payload) in enumerate(payloads.items()):
        udp = struct.pack(">HHHH", 7237, PORTS.get(name, 7236), 8 + len(payload), 0) + payload
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number, 0, 255, 17, 0, bytes([10, 0, 0, 20]),
                         bytes([255] * 4))
        out.append(struct.pack("<IIII", number, 0, len(ip + udp), len(ip + udp)) + ip + udp)
    return b"".join(out)


def dissect(capture, fields):
    command = ["tshark", "-r", capture, "-X", f"lua_script:{SCRIPT}", "-o", "udp.check_checksum:FALSE", "-T", "fields",
               "-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=,"]
    for field in fields:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    # A script that fails to load or to run is only mentioned by tshark.
    if done.returncode != 0 or "lua" in done.stderr.lower() or "Lua Error" in done.stdout:
        sys.exit(f"tshark: {done.stderr}{done.stdout}")
    return [dict(zip(fields, line.split("|"))) for line in done.stdout.splitlines()]


def problems():
    payloads = datagrams()
    if missing := payloads.keys() ^ EXPECTED.keys():
        yield f"no expectation or no datagram for {', '.join(sorted(missing))}"
    fields = sorted({field for expected in EXPECTED.values() for field in expected} | EXPERTS)
    with tempfile.TemporaryDirectory() as folder:
        capture = pathlib.Path(folder) / "announcements.pcap"
        capture.write_bytes(pcap(payloads))
        rows = dissect(str(capture), fields)
    if len(rows) != len(payloads):
        yield f"{len(payloads)} datagrams, {len(rows)} rows"
    for name, row in zip(payloads, rows):
        for field in EXPECTED.get(name, {}).keys() | EXPERTS:
            wanted = EXPECTED.get(name, {}).get(field, "")
            if row[field] != wanted:
                yield f"{name}: {field} is {row[field]!r}, expected {wanted!r}"


def main():
    if not shutil.which("tshark"):
        sys.exit("dissector: no tshark (Debian package tshark)")
    found = list(problems())
    print("\n".join(found) or f"dissector: {len(EXPECTED)} datagrams as expected")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
