"""What no honest peer sends: a table of bad requests, and conversations with mutations in them."""
import re

from rtsp_peer import WFD, Closed, message

OPTIONS = message("OPTIONS * RTSP/1.0", CSeq=1, Require=WFD).encode()
MIB = 1024 * 1024


def with_header(line, body=b""):
    return OPTIONS[:-2] + line + b"\r\n\r\n" + body


# Each must be closed, by the peer that gets it; what it costs and whether others notice is measured.
CLOSED = {
    "a line of 16 MiB": b"OPTIONS " + b"a" * (16 * MIB),
    "a header of 16 MiB": OPTIONS[:-2] + b"X: " + b"a" * (16 * MIB),
    "100,000 headers": OPTIONS[:-2] + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 70) for i in range(100_000)) + b"\r\n",
    "100,000 folded lines": OPTIONS[:-2] + b" a\r\n" * 100_000 + b"\r\n",
    "Content-Length 1 GB": with_header(b"Content-Length: 1000000000", bytes(32 * MIB)),
    "Content-Length 2^64-1": with_header(b"Content-Length: 18446744073709551615"),
    "Content-Length 2^64": with_header(b"Content-Length: 18446744073709551616"),
    "Content-Length -1": with_header(b"Content-Length: -1"),
    "Content-Length abc": with_header(b"Content-Length: abc"),
    "Content-Length 0x10": with_header(b"Content-Length: 0x10"),
    "Content-Length 5 5": with_header(b"Content-Length: 5 5"),
    "no Content-Length in it": with_header(b"Content-Length:"),
    "two Content-Length": with_header(b"Content-Length: 5\r\nContent-Length: 6", b"hello"),
    "a body over the limit": with_header(b"Content-Length: 32769", b"a" * 32769),
    "a head over the limit": OPTIONS[:-2] + b"X: " + b"a" * 8192 + b"\r\n\r\n",
    "NUL in CSeq": OPTIONS.replace(b"CSeq: 1", b"CSeq: 1\x00"),
    "NUL in the method": b"OPT\x00IONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    "NUL in a body": with_header(b"Content-Length: 5", b"he\x00lo"),
    "NULs": bytes(MIB),
    "CSeq x%n%s": OPTIONS.replace(b"CSeq: 1", b"CSeq: x%n%s"),
    "CSeq -1": OPTIONS.replace(b"CSeq: 1", b"CSeq: -1"),
    "CSeq 2^32": OPTIONS.replace(b"CSeq: 1", b"CSeq: 4294967296"),
    "no CSeq": b"OPTIONS * RTSP/1.0\r\n\r\n",
    "two CSeq": with_header(b"CSeq: 2"),
    "a header without a colon": with_header(b"nonsense"),
    "an answer nobody asked for": message("RTSP/1.0 200 OK", CSeq=99).encode(),
    "status 99999": b"RTSP/1.0 99999 OK\r\nCSeq: 1\r\n\r\n",
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2 + b"\r\n",
    "interleaved data": b"$\x00\x00\x04abcd" * 5000,
    "escape sequences": b"\x1b]0;title\x07 * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
}

# Each is answered with this status.
ANSWERED = {
    "an unknown method": (b"BREW * RTSP/1.0\r\nCSeq: 7\r\n\r\n", 501),
    "another version": (b"OPTIONS * RTSP/2.0\r\nCSeq: 7\r\n\r\n", 505),
    "an unknown Require": (b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\nRequire: org.example\r\n\r\n", 551),
    "another's Session": (b"GET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: 7\r\nSession: 0123456789\r\n\r\n", 454),
    "a method in the wrong state": (b"PLAY rtsp://localhost/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: 7\r\n\r\n", 455),
    "a path that is not ours": (b"SETUP rtsp://localhost/../etc/passwd RTSP/1.0\r\nCSeq: 7\r\n\r\n", 404),
    "an empty path": (b"SETUP rtsp:// RTSP/1.0\r\nCSeq: 7\r\n\r\n", 404),
    "format characters": (with_header(b"User-Agent: %s%n%s%n\r\nSession: %n").replace(b"CSeq: 1", b"CSeq: 7"), 200),
}

NUMBERS = [b"0", b"-1", b"1", b"255", b"65535", b"65536", b"99999", b"4294967295", b"4294967296",
           b"18446744073709551615", b"18446744073709551616", b"9" * 40]
PIECES = [b"\r\n", b"\r\n\r\n", b"\n", b"\x00", b":", b";", b",", b" ", b"=", b"none", b"RTSP/1.0 200 OK\r\n",
          b"Content-Length: 5\r\n", b"Session: 1;timeout=1\r\n", b"\xff\xfe", b"a" * 9000]


def mutate(data, rng):
    """The message with one to three things wrong in it."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice([1, 2, 8, 64]))
        what = rng.randrange(7)
        if what == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            del data[at:end]
        elif what == 2:
            data[at:at] = data[at:end]
        elif what == 3:
            data[at:at] = rng.choice(PIECES)
        elif what == 4:
            numbers = list(re.finditer(rb"\d+", data))
            if numbers:
                number = rng.choice(numbers)
                data[number.start():number.end()] = rng.choice(NUMBERS)
        elif what == 5:
            lines = bytes(data).split(b"\r\n")
            rng.shuffle(lines)
            data = bytearray(b"\r\n".join(lines))
        elif what == 6 and rng.random() < 0.3:
            del data[at:]
    return bytes(data)


def mutator(rng):
    """For Connection: most messages go out as they are, so that a conversation gets somewhere."""
    return lambda data: mutate(data, rng) if rng.random() < 0.3 else data


def send_all(connection, data):
    """Sends what the other side lets us send."""
    try:
        for at in range(0, len(data), 65536):
            connection.send(data[at:at + 65536])
    except Closed:
        pass


CHOICE = "\r\n".join([
    "wfd_video_formats: 00 00 01 10 00000001 00000000 00000000 00 0000 0000 00 none none",
    "wfd_audio_codecs: AAC 00000001 00",
    "wfd_presentation_URL: rtsp://10.77.0.66/wfd1.0/streamid=0 none",
    "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play", ""])
CONTROL = "rtsp://localhost/wfd1.0"
MOVE = ("wfdcast_transport: RTP/AVP/UDP;multicast;destination=239.0.0.11;port=15550-15551;ttl=2;"
        "server_port=40000-40001;source=10.77.0.66;ssrc=0a0b0c0e\r\n")


def play_source(connection, timeout):
    """The source's side of a whole session, to the sink's PLAY and beyond; yields the sink's requests."""
    requests = [("OPTIONS", "*", ""), ("GET_PARAMETER", CONTROL, "wfd_video_formats\r\nwfdcast_multicast\r\n"),
                ("SET_PARAMETER", CONTROL, CHOICE), ("SET_PARAMETER", CONTROL, "wfd_trigger_method: SETUP\r\n"),
                ("SET_PARAMETER", CONTROL, MOVE), ("GET_PARAMETER", CONTROL, ""),
                ("SET_PARAMETER", CONTROL, "wfd_trigger_method: PAUSE\r\n"),
                ("SET_PARAMETER", CONTROL, "wfd_trigger_method: PLAY\r\n"),
                ("SET_PARAMETER", CONTROL, "wfd_trigger_method: TEARDOWN\r\n")]
    for method, uri, body in requests:
        connection.request(method, uri, body)
        try:
            while not (received := connection.receive(timeout)).is_response:
                answer_sink(connection, received)
                yield received
            if "SETUP" in body:  # SETUP and PLAY follow the trigger's answer
                for _ in range(2):
                    received = connection.receive(timeout)
                    answer_sink(connection, received)
                    yield received
        except TimeoutError:
            continue


def answer_sink(connection, request):
    if request.start.startswith("SETUP"):
        connection.reply(request, Session="0123456789;timeout=30",
                         Transport="RTP/AVP/UDP;unicast;client_port=19000-19001;server_port=40000-40001")
    else:
        connection.reply(request, Session="0123456789", Public=f"{WFD}, SETUP, TEARDOWN, PLAY, PAUSE")
