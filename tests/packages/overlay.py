"""A throw-away copy of this host's root file system: what a script does there leaves nothing behind."""
import contextlib
import fcntl
import pathlib
import subprocess
import tempfile

# Mounts live in a mount namespace of their own and go with the script.
SETUP = r"""
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" overlay "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
for directory in run tmp mnt; do mount -t tmpfs tmpfs "$1/root/$directory"; done
mount --bind "$2" "$1/root/mnt"
rm -f "$1/root/var/lib/man-db/auto-update"  # else dpkg has all manual pages indexed
exec chroot "$1/root" /bin/bash -euc "$3"
"""


@contextlib.contextmanager
def host_stays():
    """No apt or dpkg changes the host meanwhile: its files show through, and half a package looks like one of ours."""
    with open("/var/lib/dpkg/lock-frontend", "r+", encoding="utf-8") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        yield


def in_overlay(script, shared):
    """Runs a bash script as root; the directory `shared` is its /mnt. What it printed."""
    with host_stays(), tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--kill-child", "bash",
                               "-c", SETUP, "bash", directory, str(pathlib.Path(shared).resolve()), script],
                              capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"exit {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout
