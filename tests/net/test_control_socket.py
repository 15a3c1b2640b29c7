"""The control socket and its limits (contract 2.4)."""
import json
import pathlib
import re
import socket
import stat
import subprocess
import time

import pytest

from control_lab import all_daemons, fails, net  # noqa: F401 (fixtures)
from lab import wait_for


class RawClient:
    """A client of the control socket without wfdctl's manners."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(3)
        self.socket.connect(str(daemon.socket))

    def ask(self, line):
        self.socket.sendall(line + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            more = self.socket.recv(65536)
            if not more:
                return None  # closed
            answer += more
        return json.loads(answer)

    def status(self):
        return self.ask(b'{"jsonrpc":"2.0","id":1,"method":"status"}')

    def closed(self):
        try:
            return self.socket.recv(65536) == b""
        except ConnectionError:
            return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def test_socket_mode(net):
    assert stat.S_IMODE(net.source.socket.stat().st_mode) == 0o660


@pytest.mark.parametrize("group, mode, heard", [(65534, 0o660, False), (65534, 0o666, False), (0, 0o660, True)])
def test_another_user_steers_nothing(net, group, mode, heard):
    """Not by the file's mode, and not where somebody has changed it; a member of its group may."""
    code = ("import socket; s = socket.socket(socket.AF_UNIX); s.connect('wfdd.sock');"
            "s.sendall(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\\n'); print(s.recv(100))")
    assert net.source.socket.stat().st_gid == 0
    net.source.socket.chmod(mode)
    try:
        done = subprocess.run(["/usr/bin/python3", "-c", code], cwd=net.source.directory, user=65534, group=group,
                              extra_groups=[], capture_output=True, text=True, check=False)
    finally:
        net.source.socket.chmod(0o660)
    assert ("jsonrpc" in done.stdout) == heard, (done.stdout, done.stderr)


def test_a_line_of_more_than_64_kib_closes_only_that_connection(net):
    with RawClient(net.source) as client, RawClient(net.source) as other:
        longest = b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * (64 * 1024 - 60) + b'"}'
        assert client.ask(longest)["error"]["code"] == -32601
        client.socket.sendall(b"x" * (64 * 1024 + 1))
        assert client.closed()
        assert other.status()["result"]["name"] == "Desk"


def test_sixteen_clients(net):
    clients = [RawClient(net.source) for _ in range(16)]
    try:
        assert all(client.status()["result"] for client in clients)
        with RawClient(net.source) as one_more:
            assert one_more.closed()
        fails(net.source.ctl("status", check=False), 3, "wfdd closed the connection")
        clients.pop().socket.close()
        wait_for(lambda: net.source.ctl("status", check=False).returncode == 0, 2, "there is room again")
    finally:
        for client in clients:
            client.socket.close()
    wait_for(lambda: net.source.ctl("status", check=False).returncode == 0, 2, "all have gone")


def most_memory(daemon):
    """The most that was ever resident, in KiB."""
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))


def test_a_client_that_never_reads_is_dropped_and_nobody_waits(net):
    before = most_memory(net.source)
    with RawClient(net.source) as slow:
        slow.socket.setblocking(False)
        question = b'{"jsonrpc":"2.0","id":1,"method":"status"}\n' * 200
        deadline = time.monotonic() + 10
        with pytest.raises(ConnectionError):
            while time.monotonic() < deadline:
                try:
                    slow.socket.send(question)
                except BlockingIOError:
                    began = time.monotonic()
                    assert net.source.status()["name"] == "Desk"
                    assert time.monotonic() - began < 1
    assert net.source.status()["name"] == "Desk"
    assert most_memory(net.source) - before < 4096


def test_what_is_no_request_gets_an_error_and_the_connection_stays(net):
    with RawClient(net.source) as client:
        assert client.ask(b"hello")["error"]["code"] == -32700
        assert client.ask(b"[]")["error"]["code"] == -32600
        assert client.ask(b'{"jsonrpc":"2.0","id":7,"method":"dance"}')["error"] == {
            "code": -32601, "message": "dance: unknown method"}
        wrong = client.ask(b'{"jsonrpc":"2.0","id":7,"method":"connect","params":{"peers":"x"}}')
        assert wrong["error"]["code"] == -32602
        assert client.ask(b'{"jsonrpc":"2.0","id":"a","method":"status"}')["id"] == "a"
        client.socket.sendall(b'{"jsonrpc":"2.0","method":"status"}\n')  # a notification
        assert client.status()["id"] == 1
