"""What wfdd keeps for itself, what its children get, and what it never tells (contract 4, docs/security.md)."""
import base64
import os
import pathlib
import re
import resource
import shutil
import signal

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from insider import Identity, Insider
from lab import BIN, Daemon, Lab, wait_for
from paired_lab import CLIP, Board, Waiting, introduce

NET_BIND_SERVICE, NET_ADMIN, NET_RAW = 1 << 10, 1 << 12, 1 << 13
NOBODY = 65534
RENDER = """#!/bin/sh
printf '%s\\n' "$*" >>"$(dirname "$0")/started"
exec cat >/dev/null
"""


def status_of(pid):
    """Fields of /proc/PID/status."""
    return dict(re.findall(r"(\w+):\s*(\S+)", pathlib.Path(f"/proc/{pid}/status").read_text()))


def children(pid):
    return [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()]


def capabilities(status):
    return {name: int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}


class Copied(Board):
    """A wfdd in a directory of its own, where the helper beside it is a script."""

    def command(self):
        own = self.node.lab.directory / f"{self.node.name}-bin"
        own.mkdir(exist_ok=True)
        if not (own / "wfdd").exists():
            shutil.copy(BIN / "wfdd", own)
            (own / "wfd-render").write_text(RENDER)
            (own / "wfd-render").chmod(0o755)
            own.chmod(0o777)
        self.shown = own / "started"
        return [own / "wfdd", *super().command()[1:]]


class AsNobody(Copied):
    """As systemd starts it: no root, and one capability."""

    def command(self):
        self.node.lab.directory.chmod(0o711)
        for owned in (self.directory, self.provisioned):
            shutil.chown(owned, NOBODY, NOBODY)
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all,+net_raw",
                "--ambient-caps=-all,+net_raw", *super().command()]


@pytest.fixture(scope="module")
def core_dumps():
    """What is started from now on may leave one."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.fixture(scope="module")
def net(core_dumps):
    with Lab() as lab:
        lab.desk = Board(lab.node("desk", 1), "source", "Desk", **{"source.connect": "none", "source.input": f"file:{CLIP}"})
        lab.lobby = AsNobody(lab.node("lobby", 11), "sink", "Lobby", **{"sink.output": "display:"})
        yield lab


def lines_shown(board):
    return board.shown.read_text().splitlines() if board.shown.exists() else []


def pair_and_see_the_number(net):
    wait_for(lambda: len(net.desk.ask("peers")) == 1, 5, "Lobby is in reach")
    at_sink = Waiting(net.lobby, "pair", open=60)
    at_source = Waiting(net.desk, "pair", peer="Lobby")
    number = at_sink.number()
    wait_for(lambda: lines_shown(net.lobby)[-2:] == ["--input --text Desk", f"{number[:3]} {number[3:]}"], 5, "it is shown")
    for board in (net.desk, net.lobby):
        board.ctl("pair", "--confirm", number)
    assert at_source.wait().result["result"] == at_sink.wait().result["result"] == "paired"


def test_the_number_of_a_pairing_is_on_the_screen(net):
    """Without a stream the screen is used for that alone."""
    pair_and_see_the_number(net)
    wait_for(lambda: not children(net.lobby.process.pid), 5, "the screen is free again")


def test_the_number_of_a_pairing_is_on_a_running_picture(net):
    """Which then goes on without it, from an IDR picture."""
    introduce(net.desk, net.lobby)
    net.desk.ctl("connect", "Lobby")
    wait_for(lambda: lines_shown(net.lobby)[-1:] == ["--input"], 5, "it plays without a text")
    before = net.desk.stream()["idr_requests"]
    pair_and_see_the_number(net)
    wait_for(lambda: lines_shown(net.lobby)[-1:] == ["--input"], 5, "the text has gone")
    assert net.desk.session_states() == {"Lobby": "playing"}
    wait_for(lambda: net.desk.stream()["idr_requests"] >= before + 2, 5, "each new reader got an IDR picture")


def test_what_draws_has_no_capabilities_and_no_network(net):
    helper, = wait_for(lambda: children(net.lobby.process.pid), 5, "wfd-render runs")
    status = status_of(helper)
    assert capabilities(status) == dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapAmb"), 0)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    net.desk.ctl("disconnect", "Lobby")
    wait_for(lambda: not children(net.lobby.process.pid), 5, "the screen is free again")


def test_the_daemon_keeps_what_it_was_given_and_needs(net):
    own = status_of(net.lobby.process.pid)
    assert capabilities(own)["CapEff"] == NET_RAW and own["NoNewPrivs"] == "1" and own["Uid"] == str(NOBODY)
    roots = status_of(net.desk.process.pid)
    assert capabilities(roots)["CapEff"] == NET_ADMIN | NET_RAW
    # For wifi.address_command: a DHCP server's port.
    assert int(roots["CapBnd"], 16) == NET_ADMIN | NET_RAW | NET_BIND_SERVICE
    # Its files in /proc are root's: no core dump, and nobody of the same user looks into it.
    assert pathlib.Path(f"/proc/{net.lobby.process.pid}/mem").stat().st_uid == 0


def test_a_command_of_the_administrators_keeps_the_network_and_nothing_else(net):
    stage = Board(net.node("stage", 2), "source", "Stage", **{"source.connect": "none", "source.input": "exec:sleep 1000"})
    introduce(stage, net.lobby)
    stage.ctl("connect", "Lobby")
    shell, = wait_for(lambda: children(stage.process.pid), 5, "the command runs")
    status = status_of(shell)
    assert capabilities(status)["CapEff"] == capabilities(status)["CapPrm"] == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "0")
    stage.stop()


def test_no_secret_is_told(net):
    identity = Identity("Insider")
    net.desk.ctl("trust", identity.line)
    net.desk.ctl("set", "source.connect=paired")
    wait_for(lambda: {peer["state"] for peer in net.desk.ask("peers")} == {"available"}, 5, "Lobby is free")
    net.desk.ctl("connect", "Lobby")
    with Insider(net.node("insider", 66), identity) as insider:
        insider.advance("PLAYING")
        secrets = [bytes.fromhex(insider.group_key[part]) for part in ("key", "salt")]
        secrets += [insider.own_key, insider.own_salt]
        told = b""
        for board in (net.desk, net.lobby):
            pem = (board.directory / "state" / "identity").read_bytes()
            secrets.append(load_pem_private_key(pem, None).private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
            told += board.log.read_bytes()
            for what in ("cmdline", "environ"):
                told += pathlib.Path(f"/proc/{board.process.pid}/{what}").read_bytes()
            for method in ("status", "stats", "peers", "paired", "identity", "doctor"):
                told += board.ctl("--json", method, check=False).stdout.encode()
    for secret in secrets:
        for written in (secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"=")):
            assert written not in told and written.upper() not in told.upper()


def dumps_core(process):
    """Whether a crash leaves a core dump; it goes where kernel.core_pattern says."""
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -os.WTERMSIG(status)
    assert process.returncode == -signal.SIGABRT
    return os.WCOREDUMP(status)


def test_a_crash_leaves_no_core_dump(net, tmp_path):
    """Of a source and a sink in a session, and in open mode, where a board has its identity in memory too."""
    assert dumps_core(net.desk.node.start("sleep", "1000", cwd=tmp_path)), "the kernel writes them at all"
    introduce(net.desk, net.lobby)
    net.desk.ctl("connect", "Lobby")
    public = Daemon(net.node("public", 3), "sink", "Public")
    assert [dumps_core(board.process) for board in (net.desk, net.lobby, public)] == [False] * 3
