"""The Debian packages: installed, upgraded, removed and purged in a throw-away copy of this host."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from overlay import in_overlay

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGES = pathlib.Path(os.environ.get("WFD_PACKAGES", ROOT / "build" / "package"))

# Without what dpkg and the maintainer scripts' tools write on their own account, and what others write into this host's
# /var meanwhile: apt's lists, the guest's kernel.
SNAPSHOT = r"""
snapshot() {
  find /etc /usr /var \( -path /var/lib/dpkg -o -path /var/cache/ldconfig -o -path /var/cache/man -o -path /var/log \
    -o -path /var/lib/apt -o -path /var/cache/apt -o -path /var/cache/wfdcast-test -o -path /var/tmp \
    -o -name passwd- -o -name group- -o -name shadow- -o -name gshadow- \) -prune -o -printf '%p %y %m %u %g\n' | sort
  sort /etc/passwd /etc/group /etc/shadow /etc/gshadow
  ls -d /run/wfdcast* 2>/dev/null || true
}
"""


def output(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def field(deb, name):
    return output("dpkg-deb", "--field", deb, name).strip()


def names(depends):
    """Of "a (>= 1), b | c"."""
    return {part.split()[0] for part in re.split("[,|]", depends)}


@pytest.fixture(scope="session")
def debs(tmp_path_factory):
    """The packages of this host's architecture, and the same with a newer version and another example in 2/."""
    arch = output("dpkg", "--print-architecture").strip()
    directory = tmp_path_factory.mktemp("debs")
    (directory / "2").mkdir()
    for deb in PACKAGES.glob(f"*_{arch}.deb"):
        name = field(deb, "Package")
        shutil.copy(deb, directory / f"{name}.deb")
        tree = directory / "tree"
        output("dpkg-deb", "--raw-extract", deb, tree)
        control = tree / "DEBIAN" / "control"
        control.write_text(control.read_text().replace(field(deb, "Version"), "99.0-1"))
        for example in (tree / "etc").rglob("*.toml"):
            example.write_text(example.read_text() + "# of version 99\n")
        output("dpkg-deb", "--root-owner-group", "--build", tree, directory / "2" / f"{name}.deb")
        shutil.rmtree(tree)
    assert sorted(path.name for path in directory.glob("*.deb")) == ["wfdcast-gstreamer.deb", "wfdcast.deb"]
    return directory


def run(script, debs):
    return in_overlay(SNAPSHOT + script, debs)


def test_purge_leaves_nothing(debs):
    run(r"""
snapshot > /tmp/before
dpkg --install /mnt/*.deb
wfdd --version; wfdctl --version; wfd-capture --help >/tmp/help; wfd-render --help >/tmp/help
test "$(stat -c '%U %G %a' /run/wfdcast)" = "wfdcast wfdcast 755"
getent passwd wfdcast
# What an administrator and the daemon add.
touch /etc/wfdcast/hall.toml
install -d -m 700 -o wfdcast /var/lib/wfdcast /var/cache/wfdcast
touch /var/lib/wfdcast/device-id
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -s /usr/lib/systemd/system/wfdd@.service /etc/systemd/system/multi-user.target.wants/wfdd@hall.service
dpkg --remove wfdcast-gstreamer wfdcast
test -e /etc/wfdcast/sink.toml -a -e /var/lib/wfdcast/device-id
dpkg --purge wfdcast-gstreamer wfdcast
snapshot > /tmp/after
diff /tmp/before /tmp/after
""", debs)


def test_upgrade_keeps_configuration_and_state(debs):
    said = run(r"""
dpkg --install /mnt/*.deb >/tmp/log
echo 'name = "Lobby"' >> /etc/wfdcast/sink.toml
install -d -o wfdcast /var/lib/wfdcast
echo id > /var/lib/wfdcast/device-id
dpkg --force-confold --install /mnt/2/*.deb >/tmp/log
dpkg-query --show --showformat '${Version}\n' wfdcast wfdcast-gstreamer
tail -n 1 /etc/wfdcast/sink.toml /etc/wfdcast/source.toml
cat /var/lib/wfdcast/device-id
""", debs)
    assert said == ("99.0-1\n99.0-1\n==> /etc/wfdcast/sink.toml <==\nname = \"Lobby\"\n\n"
                    "==> /etc/wfdcast/source.toml <==\n# of version 99\nid\n")


def test_removal_of_the_helpers_leaves_the_daemon(debs):
    run(r"""
dpkg --install /mnt/*.deb
dpkg --purge wfdcast-gstreamer
test ! -e /usr/bin/wfd-render -a ! -e /usr/lib/systemd/system/wfdd@sink.service.d
wfdd --config /etc/wfdcast/sink.toml --check-config
wfdd --config /etc/wfdcast/source.toml --check-config
""", debs)


def test_units_are_valid_and_closed(debs):
    """Exposure at most 2.0 for the bare unit. systemd before 254 does not know two of its keys."""
    said = run(r"""
dpkg --install /mnt/wfdcast.deb >/tmp/log
cd /usr/lib/systemd/system
systemd-analyze verify --man=yes wfdd@.service wfdd@.socket 2>&1
systemd-analyze security --offline=true --threshold=20 wfdd@.service >/tmp/security 2>&1 || cat /tmp/security
systemd-analyze cat-config sysctl.d/60-wfdcast.conf | grep -c '^net.core'
""", debs)
    lines = [line for line in said.splitlines() if not re.search(r"Unknown key.*'Restart(Steps|MaxDelaySec)'", line)]
    assert lines == ["2"]


def test_drop_ins_are_valid(debs):
    said = run(r"""
dpkg --install /mnt/*.deb >/tmp/log
cd /usr/lib/systemd/system
systemd-analyze verify wfdd@sink.service wfdd@source.service 2>&1
""", debs)
    assert [line for line in said.splitlines() if not re.search(r"'Restart(Steps|MaxDelaySec)'", line)] == []


def test_file_lists_of_the_installation(debs):
    """The packages together hold what `cmake --install` installs."""
    held = set()
    for deb in debs.glob("*.deb"):
        held |= {line.split()[-1][1:] for line in output("dpkg-deb", "--contents", deb).splitlines()
                 if not line.startswith("d")}
    root = debs / "root"
    subprocess.run(["cmake", "--install", PACKAGES], env={**os.environ, "DESTDIR": str(root)}, check=True,
                   stdout=subprocess.DEVNULL)
    assert held == {"/" + str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


def test_dependencies_are_those_of_dpkg_shlibdeps(debs, tmp_path):
    """Ours, which also works for other architectures, against Debian's own tool."""
    (tmp_path / "debian").mkdir()
    (tmp_path / "debian" / "control").write_text("Source: wfdcast\n\nPackage: wfdcast\nArchitecture: any\n")
    for name, programs in (("wfdcast", ["wfdd", "wfdctl"]), ("wfdcast-gstreamer", ["wfd-capture", "wfd-render"])):
        said = subprocess.run(["dpkg-shlibdeps", "-O", *(PACKAGES / "bin" / program for program in programs)], check=True,
                              cwd=tmp_path, capture_output=True, text=True).stdout
        wanted, ours = names(said.removeprefix("shlibs:Depends=")), names(field(debs / f"{name}.deb", "Depends"))
        assert wanted <= ours
        assert {package for package in ours - wanted if package.startswith("lib")} <= {"libgcc-s1"}
