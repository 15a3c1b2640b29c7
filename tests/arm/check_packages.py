#!/usr/bin/python3
"""check_packages.py ARCH: the packages in build/ARCH are for ARCH and depend on what those of this host depend on."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What a compiler puts into one architecture's programs and not into the other's.
OF_THE_COMPILER = {"libgcc-s1"}


def field(deb, name):
    return subprocess.run(["dpkg-deb", "--field", deb, name], check=True, capture_output=True, text=True).stdout.strip()


def packages(directory):
    return {field(deb, "Package"): deb for deb in (ROOT / "build" / directory).glob("*.deb")}


def names(depends):
    return {part.split()[0] for part in re.split("[,|]", depends)} - OF_THE_COMPILER


def main(arch):
    ours, theirs = packages("package"), packages(arch)
    if not ours:
        sys.exit("no packages in build/package: scripts/test --packages makes them")
    wrong = [] if ours.keys() == theirs.keys() else [f"packages: {sorted(theirs)} instead of {sorted(ours)}"]
    for name in ours.keys() & theirs.keys():
        if field(theirs[name], "Architecture") != arch:
            wrong.append(f"{name}: architecture is {field(theirs[name], 'Architecture')}")
        difference = names(field(ours[name], "Depends")) ^ names(field(theirs[name], "Depends"))
        if difference:
            wrong.append(f"{name}: dependencies differ: {sorted(difference)}")
        print(f"{theirs[name].name}: {field(theirs[name], 'Depends')}")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
