#!/usr/bin/python3
"""What Debian packages programs depend on: linked_packages.py [--sysroot DIR] PROGRAM...

As dpkg-shlibdeps(1), which does not work with a sysroot: each library that a program names (DT_NEEDED) is searched for
in the tree, dpkg's records there (scripts/sysroot) say which package has it, and its shlibs file since when it fits.
"""
import argparse
import pathlib
import re
import subprocess
import sys


def output(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def needed(program):
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-d", program))


def machine(program):
    return re.search(r"Class:\s+(\S+)[\s\S]*Machine:\s+(.+)", output("readelf", "-h", program)).groups()


class Tree:
    """A root file system with dpkg's records."""

    def __init__(self, sysroot):
        self.root = pathlib.Path(sysroot or "/")
        self.admin = self.root / "var/lib/dpkg"

    def query(self, *arguments):
        return output("dpkg-query", f"--admindir={self.admin}", *arguments)

    def package_of(self, library, wanted):
        """The package with that soname for the machine `wanted`."""
        for pattern in f"lib/*/{library}", f"usr/lib/*/{library}", f"lib/{library}", f"usr/lib/{library}":
            for path in self.root.glob(pattern):
                if machine(path) == wanted:
                    return self.owner(path)
        raise SystemExit(f"linked_packages: {library} is in no package of {self.root}")

    def owner(self, path):
        inside = "/" + str(path.relative_to(self.root))
        for name in {inside, inside.removeprefix("/usr"), "/usr" + inside}:
            done = subprocess.run(["dpkg-query", f"--admindir={self.admin}", "--search", name], check=False,
                                  capture_output=True, text=True)
            if done.returncode == 0:
                return done.stdout.split(": ")[0].split(", ")[0]
        raise SystemExit(f"linked_packages: no package has {inside}")

    def dependency(self, package, library):
        """What a package that links `library` depends on; on ARM programs also name their loader, ld-linux-armhf.so.3."""
        name, version = re.fullmatch(r"(.+?)\.so\.(.+)", library).groups() if ".so." in library else (library, "")
        shlibs = self.query("--control-path", package, "shlibs").strip()
        if shlibs:
            for line in pathlib.Path(shlibs).read_text().splitlines():
                fields = line.split(None, 2)
                if fields[:2] == [name, version]:
                    return fields[2]
        return package.split(":")[0]

    def version(self, package):
        return self.query("--show", "--showformat=${Version}", package)


def linked(sysroot, programs):
    """{package: (dependency, version)} in alphabetical order."""
    tree, found = Tree(sysroot), {}
    for program in programs:
        for library in needed(program):
            package = tree.package_of(library, machine(program))
            found[package.split(":")[0]] = (tree.dependency(package, library), tree.version(package))
    return dict(sorted(found.items()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sysroot")
    parser.add_argument("programs", nargs="+")
    arguments = parser.parse_args()
    print(", ".join(sorted({dependency for dependency, _ in linked(arguments.sysroot, arguments.programs).values()})))


if __name__ == "__main__":
    sys.exit(main())
