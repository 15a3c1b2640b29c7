"""What tshark's RTSP dissector says of the conversations in a capture; see tests/check_rtsp_dissector.py."""
import collections
import socket
import sys

from lab import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from check_rtsp_dissector import messages, problems  # noqa: E402

PORT = 7236


def conversations(capture):
    """What each end said: pieces by sender and receiver."""
    said = collections.defaultdict(list)
    for frame in capture.read():
        if frame.protocol == socket.IPPROTO_TCP and PORT in (frame.source_port, frame.target_port) and frame.payload:
            said[f"{frame.source}:{frame.source_port}", f"{frame.target}:{frame.target_port}"].append(frame.payload)
    return said


def check(capture, at_least):
    """Every message in it is found as what it is; there are so many."""
    said = conversations(capture)
    assert not list(problems(said))
    count = sum(len(messages(b"".join(pieces))) for pieces in said.values())
    assert count >= at_least, count
