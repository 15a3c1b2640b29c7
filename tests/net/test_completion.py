"""Completion of wfdctl in real shells, with real daemons: what a person gets for TAB."""
import os
import subprocess

import pytest

from lab import BIN, ROOT, run, wait_for

# The words before the cursor are the arguments; prints one candidate a line.
BASH = r"""
source "$0"
COMP_WORDS=(wfdctl "$@")
COMP_CWORD=$#
_wfdctl 2>/dev/null
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
"""
ZSH = r"""
compadd() { while [[ $1 == -* && $1 != -- ]]; do [[ $1 == -S ]] && shift; shift; done; shift; print -l -- $@ }
words=(wfdctl "$@") CURRENT=$(($# + 1))
last=$words[CURRENT] script=$0
set --
source $script | grep -e "^$last"
"""


def complete(shell, *words):
    script, file = (BASH, "wfdctl.bash") if shell == "bash" else (ZSH, "_wfdctl")
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run([shell, "-c", script, ROOT / "completions" / file, *map(str, words)], env=environment,
                          capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_commands_options_and_keys(shell):
    assert complete(shell, "st") == ["status", "standby", "stats"]
    assert complete(shell, "--js") == ["--json"]
    assert complete(shell, "connect", "--no") == ["--no-wait"]
    assert complete(shell, "--json", "set", "source.bit") == ["source.bitrate="]
    assert complete(shell, "nonsense", "x") == []


def test_peers_by_name(source, sinks):
    board = source()
    sinks(2)
    wait_for(lambda: len(board.ask("peers")) == 2, 10, "the source sees both sinks")
    socket = ("--socket", board.socket)
    assert sorted(complete("bash", *socket, "connect", "Si")) == [r"Sink\ 1", r"Sink\ 2"]
    assert sorted(complete("bash", *socket, "connect", r"Sink\ 1", r"Sink\ 2")) == [r"Sink\ 2"]
    assert sorted(complete("zsh", *socket, "connect", "Si")) == ["Sink 1", "Sink 2"]
    assert complete("bash", *socket, "connect", "Bar") == []


def test_scripts_parse():
    run("bash", "-n", ROOT / "completions" / "wfdctl.bash")
    run("zsh", "-n", ROOT / "completions" / "_wfdctl")
