"""Inside the guest: simulated radios, each in a network namespace of its own, and what runs on them.

A case has its radios in `radios.conf`, one a line, `NAME PROGRAM`, in the order of phy0, phy1, ...:
    wfdd-source, wfdd-sink   our daemon and Debian's wpa_supplicant
    supplicant               Debian's wpa_supplicant alone
    hostapd                  Debian's hostapd: an access point
    hostapd-source           an access point that is the source itself
    wired, wired-source      no radio: an Ethernet port of the bridge that HOSTAPD = "bridge=br0" gives to the station `ap`
and `case.py` with a function case(lab). It waits for events, never for seconds: a wait ends with an error.
"""
import collections
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("WFD_BIN", ROOT / "build" / "release" / "bin"))
SUPPLICANT = os.environ.get("WFD_SUPPLICANT", "wpa_supplicant")
LOGS = pathlib.Path("/mnt/io")
CLIP = ROOT / "tests" / "data" / "ts" / "plain.ts"
PATIENCE = 60  # seconds of the guest's clock that a condition may take, if the case does not say


def note(text):
    print(f"{time.monotonic():8.2f} {text}", flush=True)


def run(*command, check=True):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def wait_for(condition, what, timeout=PATIENCE):
    """The first true value of condition()."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {what}")
        time.sleep(0.1)  # between two looks; with time-travel it costs nothing


class Control:
    """A control socket of wpa_supplicant or hostapd, attached for its events."""
    number = 0

    def __init__(self, path, name):
        self.path, self.name, self.events = path, name, collections.deque()
        self.commands, self.monitor = self._connect(), self._connect()
        self.monitor.send(b"ATTACH")
        if self.monitor.recv(64) != b"OK\n":
            raise RuntimeError(f"{path}: cannot attach")

    def _connect(self):
        Control.number += 1
        one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        one.bind(f"/tmp/control-{os.getpid()}-{Control.number}")

        def connected():
            try:
                one.connect(self.path)
                return True
            except OSError:
                return False
        wait_for(connected, f"{self.path} is there")
        one.settimeout(10)
        return one

    def __call__(self, command):
        self.commands.send(command.encode())
        reply = self.commands.recv(65536).decode(errors="backslashreplace").rstrip("\n")
        note(f"{self.name}: {command} -> {reply.splitlines()[0] if reply else ''}")
        return reply

    def order(self, command):
        reply = self(command)
        if reply.startswith(("FAIL", "UNKNOWN")):
            raise RuntimeError(f"{self.name}: {command}: {reply}")
        return reply

    def wait(self, pattern, timeout=PATIENCE):
        """The match of the first event, from the last one found on, that `pattern` finds."""
        deadline = time.monotonic() + timeout
        while True:
            self.monitor.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                event = self.monitor.recv(65536).decode(errors="backslashreplace")
            except TimeoutError:
                raise TimeoutError(f"{self.name}: not within {timeout} s: event {pattern}") from None
            note(f"{self.name}: {event}")
            if match := re.search(pattern, event):
                return match


class Station:
    """One radio, in a namespace of its own."""
    program = "nothing"

    def __init__(self, lab, number, name):
        self.lab, self.number, self.name, self.processes = lab, number, name, []
        self.wlan = f"wlan{number}"
        self.directory = pathlib.Path(f"/run/{name}")
        self.directory.mkdir()
        run("ip", "netns", "add", name)
        self.plug()
        run("ip", "-n", name, "link", "set", "lo", "up")

    def plug(self):
        run("iw", "phy", f"phy{self.number}", "set", "netns", "name", self.name)

    def run(self, *command, check=True):
        return run("ip", "netns", "exec", self.name, *command, check=check)

    def start(self, *command, log):
        with open(LOGS / log, "ab") as file:
            process = subprocess.Popen(["ip", "netns", "exec", self.name, *map(str, command)], stdout=file, stderr=file)
        self.processes.append(process)
        return process

    def joins(self, cidr):
        """Waits until wpa_supplicant has joined the access point, then takes the address."""
        control = self.control(self.wlan)
        if "wpa_state=COMPLETED" not in control("STATUS"):
            control.wait("CTRL-EVENT-CONNECTED")
        self.address(cidr)

    def address(self, cidr, interface=None):
        interface = interface or self.wlan
        run("ip", "-n", self.name, "address", "add", cidr, "broadcast", "+", "dev", interface)
        run("ip", "-n", self.name, "link", "set", interface, "up")

    def out_of_range(self, gone=True):
        """Radios hear each other where their masks share a bit."""
        group = pathlib.Path(f"/sys/kernel/debug/ieee80211/phy{self.number}/hwsim/group")
        group.write_text("2" if gone else "1")
        note(f"{self.name}: {'out of' if gone else 'in'} range")

    def begin(self):
        pass


class Supplicant(Station):
    """A station with wpa_supplicant."""
    program = "supplicant"
    device_type = "7-0050F204-1"

    def begin(self):
        config = self.directory / "wpa_supplicant.conf"
        extra = self.lab.options.get("supplicant", "")
        config.write_text(f"ctrl_interface={self.directory}/wpa\ndevice_name={self.name}\ndevice_type={self.device_type}\n"
                          f"config_methods=virtual_push_button physical_display keypad\nupdate_config=0\n{extra}\n"
                          + self.lab.networks)
        self.start_supplicant()

    def start_supplicant(self):
        config = self.directory / "wpa_supplicant.conf"
        glob = ["-g", f"{self.directory}/global"] if self.lab.options.get("global") else []
        self.supplicant = self.start(SUPPLICANT, "-i", self.wlan, "-D", "nl80211", "-c", config, "-t", "-d", *glob,
                                     log=f"{self.name}-supplicant.log")
        self.p2p = f"p2p-dev-{self.wlan}"
        wait_for(lambda: (self.directory / "wpa" / self.wlan).exists(), f"{self.name}: wpa_supplicant is up")
        self.control(self.wlan)("PING")  # it answers once all its sockets are there
        if not (self.directory / "wpa" / self.p2p).exists():
            self.p2p = self.wlan

    def control(self, interface=None):
        return Control(f"{self.directory}/wpa/{interface or self.p2p}", f"{self.name}/{interface or self.p2p}")

    def device_address(self):
        status = self.control()("STATUS")
        return re.search(r"^p2p_device_address=(\S+)", status, re.M)[1]


class Daemon(Supplicant):
    """A station with wpa_supplicant and our wfdd."""
    role = "sink"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.program = f"wfdd-{self.role}"
        self.device_type = "1-0050F204-1"  # wfdd is to set it

    def begin(self):
        super().begin()
        self.wfdd()

    def wfdd(self):
        control = f"{self.directory}/global" if self.lab.options.get("global") else f"{self.directory}/wpa"
        settings = {"role": self.role, "name": self.name.capitalize(), "interface": self.wlan, "wifi.control": control,
                    "control.socket": f"{self.directory}/wfdd.sock", "state.directory": f"{self.directory}/state",
                    "security.mode": "open", "log.level": "debug", "source.connect": "none", "source.input": f"file:{CLIP}",
                    "sink.output": "null:", "wifi.accept": "pbc", **self.lab.settings.get(self.name, {}),
                    **self.lab.settings.get(self.role, {})}
        texts = {key: str(value).lower() if isinstance(value, bool) else value for key, value in settings.items()}
        sets = [part for key, text in texts.items() for part in ("--set", f"{key}={text}")]
        self.daemon = self.start(BIN / "wfdd", *sets, log=f"{self.name}-wfdd.log")
        self.rpc = Rpc(f"{self.directory}/wfdd.sock", self.name)

    def ctl(self, *arguments, check=True):
        return run(BIN / "wfdctl", "--socket", f"{self.directory}/wfdd.sock", *arguments, check=check)

    def __call__(self, method, **params):
        return self.rpc.call(method, params)

    def wifi(self):
        return self("status")["wifi"]

    def peer(self, name):
        return next((row for row in self("peers") if row["name"].lower() == name.lower()), None)

    def session(self):
        rows = self("status")["sessions"]
        return rows[0] if rows else None

    def plays(self, received=1):
        """Whether a session plays, and so many packets have come or gone."""
        status = self("status")
        stream = status["stream"]
        count = stream.get("packets_received", stream.get("packets_sent"))
        return status["sessions"] and status["sessions"][0]["state"] == "playing" and count >= received and status

    def wait_event(self, event, timeout=PATIENCE, **fields):
        return self.rpc.wait(event, fields, timeout)


class Source(Daemon):
    role = "source"


class Refused(Exception):
    pass


class Rpc:
    """The control socket of wfdd: calls, and every event since it was opened."""

    def __init__(self, path, name):
        self.name, self.buffer, self.events, self.number, self.answers = name, b"", collections.deque(), 0, {}
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

        def connected():
            try:
                self.socket.connect(path)
                return True
            except OSError:
                return False
        wait_for(connected, f"{name}: wfdd answers on its control socket")
        self.call("monitor", {})

    def begin(self, method, params):
        """Calls without waiting for the answer; see finish()."""
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        return self.number

    def finish(self, number, timeout=400):
        deadline = time.monotonic() + timeout
        while number not in self.answers:
            if not self._read(deadline):
                raise TimeoutError(f"{self.name}: no answer within {timeout} s")
        answer = self.answers.pop(number)
        if "error" in answer:
            raise Refused(answer["error"]["message"])
        return answer["result"]

    def call(self, method, params, timeout=400):
        return self.finish(self.begin(method, params), timeout)

    def wait(self, name, fields, timeout):
        deadline = time.monotonic() + timeout
        while True:
            while self.events:
                event = self.events.popleft()
                if event["method"] == name and all(event["params"].get(k) == v for k, v in fields.items()):
                    return event["params"]
            if not self._read(deadline):
                raise TimeoutError(f"{self.name}: not within {timeout} s: event {name} {fields or ''}")

    def _read(self, deadline):
        self.socket.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return False
        if not data:
            raise RuntimeError(f"{self.name}: wfdd has closed its control socket")
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        for line in map(json.loads, lines):
            if "method" in line:
                note(f"{self.name}: event {line['method']} {json.dumps(line['params'])}")
                self.events.append(line)
            else:
                self.answers[line["id"]] = line
        return True


class AccessPoint(Station):
    """A station with hostapd; Lab.hostapd adds to its configuration."""
    program = "hostapd"

    def plug(self):
        super().plug()
        if "bridge=br0" in self.lab.hostapd:
            run("ip", "-n", self.name, "link", "add", "br0", "up", "type", "bridge", "mcast_snooping", "1", "forward_delay", "0")

    def begin(self):
        config = self.directory / "hostapd.conf"
        config.write_text(f"interface={self.wlan}\ndriver=nl80211\nctrl_interface={self.directory}/hostapd\nssid=lab\nhw_mode=g\n"
                          "channel=6\nwpa=2\nwpa_key_mgmt=WPA-PSK\nrsn_pairwise=CCMP\nwpa_passphrase=simulated\n"
                          + self.lab.hostapd)
        self.start("hostapd", "-t", "-d", config, log=f"{self.name}-hostapd.log")
        wait_for(lambda: (self.directory / "hostapd" / self.wlan).exists(), f"{self.name}: hostapd is up")

    def control(self):
        return Control(f"{self.directory}/hostapd/{self.wlan}", f"{self.name}/{self.wlan}")


class AccessPointSource(AccessPoint, Source):
    """An access point that is the source itself: hostapd and our wfdd, without a wpa_supplicant."""
    program = "hostapd-source"

    def begin(self):
        AccessPoint.begin(self)
        self.address("10.11.0.1/24")
        self.wfdd()


class Wired(Station):
    """A station at the end of a cable to the access point."""
    program = "wired"

    def plug(self):
        self.wlan, port = "eth0", f"lan{self.number}"
        run("ip", "link", "add", self.wlan, "netns", self.name, "type", "veth", "peer", "name", port, "netns", "ap")
        run("ip", "-n", "ap", "link", "set", port, "master", "br0", "up")


class WiredSource(Wired, Source):
    program = "wired-source"

    def begin(self):
        run("ip", "-n", self.name, "link", "set", self.wlan, "up")
        self.wfdd()


PROGRAMS = {"wfdd-source": Source, "wfdd-sink": Daemon, "supplicant": Supplicant, "hostapd": AccessPoint,
            "hostapd-source": AccessPointSource, "wired": Wired, "wired-source": WiredSource}
NETWORK = 'network={\n ssid="lab"\n psk="simulated"\n scan_freq=2437\n}\n'


class Lab:
    """The radios of a case. What a case wants differently stands in its variables OPTIONS, SETTINGS, NETWORKS, HOSTAPD."""

    def __init__(self, folder, case):
        self.options = getattr(case, "OPTIONS", {})
        self.settings = getattr(case, "SETTINGS", {})
        self.networks = getattr(case, "NETWORKS", "")
        self.hostapd = getattr(case, "HOSTAPD", "")
        if not os.path.exists("/sys/module/mac80211_hwsim"):  # a module where the guest is qemu's
            run("modprobe", "mac80211_hwsim")
        run("mount", "-t", "debugfs", "debugfs", "/sys/kernel/debug", check=False)
        lines = [line.split() for line in (folder / "radios.conf").read_text().splitlines() if line and line[0] != "#"]
        self.stations = [PROGRAMS[program](self, number, name) for number, (name, program) in enumerate(lines)]
        for station in self.stations:
            setattr(self, station.name, station)
            station.begin()

    def close(self):
        for station in self.stations:
            for process in station.processes:
                process.terminate()
        for station in self.stations:
            for process in station.processes:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def complaints():
    """What the sanitizers have said, where the binaries have them."""
    return [f"{log.name}: {line}" for log in LOGS.glob("*-wfdd.log") for line in log.read_text(errors="replace").splitlines()
            if re.search(r"ERROR: \w+Sanitizer|: runtime error: ", line)]


def main(folder):
    folder = pathlib.Path(folder).resolve()
    sys.modules["lab"] = sys.modules["__main__"]  # what a case imports is this very module
    namespace = {"__name__": folder.name}
    source = (folder / "case.py").read_text()
    exec(compile(source, folder / "case.py", "exec"), namespace)  # a case is a file, not a package
    case = type("Case", (), namespace)
    lab = Lab(folder, case)
    try:
        namespace["case"](lab)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        return 1
    finally:
        lab.close()
    if found := complaints():
        print(*found, sep="\n")
        return 1
    note("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
