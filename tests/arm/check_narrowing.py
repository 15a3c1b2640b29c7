#!/usr/bin/python3
"""check_narrowing.py: no 64-bit value is cut to 32 bits without a cast where long, size_t and time_t have 4 bytes.

clang's -Wshorten-64-to-32 over every source that build/armhf compiles (its compile_commands.json), for armhf.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "armhf"
CLANG = ["clang++-19", "--target=arm-linux-gnueabihf", "--gcc-install-dir=/usr/lib/gcc-cross/arm-linux-gnueabihf/12",
         f"--sysroot={ROOT / 'build' / 'sysroot-armhf'}", "-std=c++20", "-fsyntax-only", "-Wno-everything", "-Wshorten-64-to-32"]


def arguments(command):
    """What the preprocessor must know of a command for gcc."""
    words = shlex.split(command)
    for word, following in zip(words, [*words[1:], ""]):
        if word.startswith(("-I", "-D")):
            yield word
        elif word == "-isystem":
            yield from (word, following)


def warnings(entry):
    said = subprocess.run([*CLANG, *arguments(entry["command"]), entry["file"]], cwd=entry["directory"],
                          capture_output=True, text=True, check=False)
    return said.stderr if said.returncode != 0 or "warning:" in said.stderr else ""


def main():
    entries = [entry for entry in json.loads((BUILD / "compile_commands.json").read_text())
               if "/tests/" not in entry["file"] and entry["file"].startswith(str(ROOT)) and "/build/" not in entry["file"]]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(warnings, entries) if text]
    print("\n".join(found) or f"narrowing: {len(entries)} sources, none cuts 64 bits to 32")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
