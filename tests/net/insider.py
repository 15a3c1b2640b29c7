"""A paired sink by hand: its key is trusted, and what it does with that is a test's business."""
import datetime
import functools
import hashlib
import os
import re
import struct

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL, crypto

from forge import SINK_PORT, hear, invitation, tlv
from paired_lab import RTSP
from rtsp_peer import ScriptedSink
from wire import probe

CONTEXT = b"wfdcast announcement 1\0"
LIFE = (datetime.datetime(1970, 1, 1), datetime.datetime(2099, 12, 31))
RTP_KEY, RTP_SALT, RTCP_KEY, RTCP_SALT = 0, 2, 3, 5  # RFC 3711 section 4.3.2


def sha256(data):
    return hashlib.sha256(data).digest()


class Identity:
    """An Ed25519 key, and the certificate that it shows; valid for `life`."""

    def __init__(self, name, life=LIFE):
        self.key, self.name = Ed25519PrivateKey.generate(), name
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "wfdcast")])
        builder = x509.CertificateBuilder(subject, subject, self.key.public_key(), 1, *life)
        self.certificate = builder.sign(self.key, None)

    @property
    def raw(self):
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def line(self):
        return f"wfdcast-ed25519 {self.raw.hex()} {self.name}"

    @property
    def id(self):
        return sha256(self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))[:16]


def probed(sock, sink, ident):
    """What the sink at this address says to the owner of `sock` when asked: with a cookie for its address."""
    sock.sendto(probe(ident, os.urandom(16)), (sink, SINK_PORT))
    return hear(sock, 5, lambda fields, sender: sender[0] == sink and "invitation_cookie" in fields)[0]


def signed_invitation(identity, seen, extra=b"", signature=None, **fields):
    """An invitation to the sink that said `seen`; its own signature is a right one."""
    datagram = invitation(identity.id, seen["id"], int.from_bytes(seen["boot_id"], "big"),
                          int.from_bytes(seen["sequence"], "big"), **fields)
    datagram += tlv(135, identity.raw) + tlv(136, seen["invitation_cookie"]) + extra
    return datagram + tlv(137, signature or identity.key.sign(CONTEXT + datagram))


def client_context(identity, protocol=RTSP):
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.use_certificate(crypto.X509.from_cryptography(identity.certificate))
    context.use_privatekey(crypto.PKey.from_cryptography_key(identity.key))
    context.set_alpn_protos([protocol.encode()])
    return context


def held_back(raw, identity):
    """Shakes hands over a connected TCP socket, but for the last record, the Finished message: that is returned."""
    tls = SSL.Connection(client_context(identity))
    tls.set_connect_state()
    while True:
        try:
            tls.do_handshake()
            break
        except SSL.WantReadError:
            raw.sendall(tls.bio_read(65536))
            tls.bio_write(raw.recv(65536))
    flight, records = tls.bio_read(65536), []
    while flight:
        size = 5 + int.from_bytes(flight[3:5], "big")
        records.append(flight[:size])
        flight = flight[size:]
    raw.sendall(b"".join(records[:-1]))
    return records[-1]


class TlsSocket:
    """TLS 1.3 over a connected TCP socket, as rtsp_peer.Connection uses one; with the exporter that ssl lacks."""

    def __init__(self, raw, identity, protocol=RTSP, server=False):
        raw.settimeout(None)
        context = client_context(identity, protocol)
        context.set_alpn_select_callback(lambda connection, offered: protocol.encode())
        self.tls = SSL.Connection(context, raw)
        (self.tls.set_accept_state if server else self.tls.set_connect_state)()
        self.tls.do_handshake()

    def recv(self, size):
        try:
            return self.tls.recv(size)
        except (SSL.ZeroReturnError, SSL.SysCallError, SSL.Error):
            return b""

    def exactly(self, size):
        data = b""
        while len(data) < size and (more := self.recv(size - len(data))):
            data += more
        return data

    def exported(self, label):
        """32 bytes, without a context."""
        return self.tls.export_keying_material(label, 32)

    def sendall(self, data):
        try:
            self.tls.sendall(data)
        except (SSL.SysCallError, SSL.Error) as error:
            raise ConnectionError(str(error)) from error

    def __getattr__(self, name):  # fileno, setsockopt, close
        return getattr(self.tls, name)


@functools.lru_cache
def derived(key, salt, label, size):
    """RFC 3711 section 4.3.3 with the key derivation rate 0; a salt of 96 bits ends in two zero bytes."""
    start = bytearray(salt + bytes(4))
    start[7] ^= label
    return Cipher(algorithms.AES(key), modes.CTR(bytes(start))).encryptor().update(bytes(size))


def nonce(salt, ssrc, high, low):
    """RFC 7714 sections 8.1 and 9.1: of a packet of `ssrc`; high and low are 4 and 2 bytes of its index."""
    plain = b"\0\0" + ssrc + high + low
    return bytes(a ^ b for a, b in zip(plain, salt))


def sealed_report(key, salt, compound, index):
    """An RTCP compound as SRTCP, AEAD_AES_128_GCM."""
    trailer = struct.pack("!I", 0x8000_0000 | index)
    session_salt = derived(key, salt, RTCP_SALT, 12)
    iv = nonce(session_salt, compound[4:8], b"\0\0" + struct.pack("!I", index)[:2], struct.pack("!I", index)[2:])
    return (compound[:8] + AESGCM(derived(key, salt, RTCP_KEY, 16)).encrypt(iv, compound[8:], compound[:8] + trailer)
            + trailer)


class Insider(ScriptedSink):
    """A scripted sink inside TLS that takes no multicast. `group_key` is there from M4 on."""

    EXTRAS = ""

    def __init__(self, node, identity, **kwargs):
        super().__init__(node, ident=identity.id, secure=lambda sock: TlsSocket(sock, identity), **kwargs)
        exported = self.sock.exported(b"EXPORTER-wfdcast-srtcp")
        self.own_key, self.own_salt = exported[:16], exported[16:28]
        self.ssrc = bytes([*exported[28:31], exported[31] & 0xFE])
        self.group_key, self.reports = None, 0

    def step(self, timeout=5):
        super().step(timeout)
        if self.at == "M4":
            self.group_key = dict(re.findall(r"(\w+)=([0-9a-f]+)", re.search("wfdcast_group_key:.*", self.pending.body)[0]))

    def reads(self, packet):
        """Whether this SRTP packet of the source opens with the group key that the session began with."""
        key, salt = bytes.fromhex(self.group_key["key"]), bytes.fromhex(self.group_key["salt"])
        number, first = struct.unpack_from("!H", packet, 2)[0], int(self.group_key["seq"])
        wrapped = number < first and (number - first) & 0xFFFF < 0x8000
        wraps = int(self.group_key["roc"]) + wrapped
        iv = nonce(derived(key, salt, RTP_SALT, 12), packet[8:12], struct.pack("!I", wraps), packet[2:4])
        try:
            AESGCM(derived(key, salt, RTP_KEY, 16)).decrypt(iv, packet[12:-4], packet[:12])  # the MKI stays out
            return True
        except InvalidTag:
            return False

    def nack(self, *sequences):
        """RR and a generic NACK (RFC 4585) for 17 packets from each of these on, protected."""
        media = bytes.fromhex(self.group_key["ssrc"])
        entries = b"".join(struct.pack("!HH", sequence & 0xFFFF, 0xFFFF) for sequence in sequences)
        compound = (struct.pack("!BBH", 0x80, 201, 1) + self.ssrc
                    + struct.pack("!BBH", 0x81, 205, 2 + len(sequences)) + self.ssrc + media + entries)
        self.reports += 1
        return sealed_report(self.own_key, self.own_salt, compound, self.reports)
