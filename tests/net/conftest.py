"""Network tests run as root, in namespaces of their own."""
import os
import subprocess

import pytest

from lab import BIN, Daemon, Lab


def pytest_configure(config):
    config.addinivalue_line("python_files", "attack_*.py")
    if os.geteuid() != 0:
        raise pytest.UsageError("the network tests make namespaces and need root: run scripts/test with sudo")
    if not (BIN / "wfdd").exists():
        raise pytest.UsageError(f"no wfdd in {BIN}: build it first, or set WFD_BIN")


@pytest.fixture
def lab():
    with Lab() as lab:
        yield lab


@pytest.fixture
def source(lab):
    """Makes the source's daemon on its node, 10.77.0.1."""
    def make(**settings):
        return Daemon(lab.node("source", 1), "source", "Source", **{"source.connect": "none", **settings})
    return make


@pytest.fixture
def sinks(lab):
    """Makes `count` sinks, 10.77.0.11 and up, each with its output in a file."""
    def make(count, **settings):
        daemons = []
        for number in range(11, 11 + count):
            node = lab.node(f"sink{number - 10}", number)
            output = lab.directory / f"{node.name}.ts"
            daemons.append(Daemon(node, "sink", f"Sink {number - 10}",
                                  **{"sink.output": f"file:{output}", **settings}))
            daemons[-1].output = output
        return daemons
    return make


@pytest.fixture
def x_server():
    """An X server without a screen, only for the test: its DISPLAY."""
    reader, writer = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"],
                              pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as number:
        display = f":{number.readline().strip()}"
    yield display
    server.terminate()
    server.wait(5)
