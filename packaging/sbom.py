#!/usr/bin/python3
"""A CycloneDX list of what is in the programs: sbom.py VERSION [--sysroot DIR] PROGRAM... Written to standard output.

Linked libraries come from the programs themselves, header-only ones from the packages that the build takes them from. No time
and no random number: the same programs give the same list.
"""
import argparse
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "debian"))
from linked_packages import Tree, linked  # noqa: E402

HEADERS = ("libcli11-dev", "libexpected-dev", "nlohmann-json3-dev")


def component(name, version, scope):
    return {"type": "library", "name": name, "version": version, "scope": scope,
            "bom-ref": f"pkg:deb/debian/{name}@{version}", "purl": f"pkg:deb/debian/{name}@{version}"}


def program(path):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"type": "application", "name": path.name, "bom-ref": path.name,
            "hashes": [{"alg": "SHA-256", "content": digest}]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("version")
    parser.add_argument("--sysroot")
    parser.add_argument("programs", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    tree = Tree(arguments.sysroot)
    found = linked(arguments.sysroot, arguments.programs)
    libraries = [component(name, version, "required") for name, (_, version) in found.items()]
    # A compiler takes these in; nothing of them is needed to run.
    libraries += [component(name, tree.version(name), "excluded") for name in HEADERS]
    json.dump({"bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1,
               "metadata": {"component": {"type": "application", "name": "wfdcast", "bom-ref": "wfdcast",
                                          "version": arguments.version, "licenses": [{"license": {"id": "Apache-2.0"}}]}},
               "components": [program(path) for path in arguments.programs] + libraries,
               "dependencies": [{"ref": "wfdcast", "dependsOn": [library["bom-ref"] for library in libraries]}]},
              sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
