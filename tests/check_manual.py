#!/usr/bin/python3
"""The manual pages say what the programs say: check_manual.py BIN PROGRAM...

Options and commands are those of --help, keys those of --print-config; the pages and the example files are valid, and so is
each command of wfdctl that docs/hardware.md has somebody type.
"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MANUAL = ROOT / "docs" / "man"


def output(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def options_of(text):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z0-9-]*)", text))


def options_in(page):
    return set(re.findall(r"Fl (?:h , Fl )?-([a-z][a-z0-9-]*)", page))


def commands_of(help_text):
    return re.findall(r"^  ([a-z0-9-]+) ", help_text.partition("Subcommands:")[2], re.M)


def differences(where, told, documented):
    return ([f"{where}: {name} is not documented" for name in sorted(told - documented)] +
            [f"{where}: {name} does not exist" for name in sorted(documented - told)])


def check_program(program, page):
    told = output(program, "--help")
    commands = commands_of(told)
    options = options_of(told) | {"help", "version"}
    for command in commands:
        help_text = output(program, command, "--help")
        options |= options_of(help_text)
        for part in commands_of(help_text):
            options |= options_of(output(program, command, part, "--help"))
    return (differences(f"{page.name}: option", options, options_in(page.read_text())) +
            differences(f"{page.name}: command", set(commands),
                        set(re.findall(r"^\.It Cm ([a-z0-9-]+)", page.read_text(), re.M))))


def check_keys(wfdd):
    told = set(re.findall(r"^([a-z0-9_.]+) = ", output(wfdd, "--print-config"), re.M))
    page = MANUAL / "wfdd.toml.5"
    return differences("wfdd.toml.5: key", told, set(re.findall(r"^\.It Ic (\S+)", page.read_text(), re.M)))


def check_example(wfdd, example):
    """As it is, and with every example key switched on."""
    wrong = []
    with tempfile.NamedTemporaryFile("w+", suffix=".toml") as file:
        for text in example.read_text(), re.sub(r"^# (?=\[|[a-z_]+ = )", "", example.read_text(), flags=re.M):
            file.seek(0)
            file.truncate()
            file.write(text)
            file.flush()
            said = output(wfdd, "--check-config", "--config", file.name).strip()
            if said != "ok":
                wrong.append(f"{example.name}: {said}")
    return wrong


def check_commands(wfdctl, page):
    """Nobody is there to answer, but it gets as far as asking."""
    wrong = []
    for line in re.findall(r"^    (.*wfdctl.*)$|`(wfdctl [^`]*)`", page.read_text(), re.M):
        for part in re.split(r"[;|]", "".join(line).partition("#")[0]):
            if not part.strip().startswith("wfdctl"):
                continue
            said = output(wfdctl, "--socket", "/nonexistent", *shlex.split(part)[1:])
            if "no wfdd at" not in said:
                wrong.append(f"{page.name}: {part.strip()}: {said.strip()}")
    return wrong


def main(directory, *programs):
    directory = pathlib.Path(directory)
    wfdd = directory / "wfdd"
    wrong = output("mandoc", "-T", "lint", "-W", "warning", *sorted(MANUAL.glob("*.[0-9]"))).splitlines()
    for program in programs:
        [page] = MANUAL.glob(f"{program}.[18]")
        wrong += check_program(directory / program, page)
    wrong += check_keys(wfdd)
    wrong += check_commands(directory / "wfdctl", ROOT / "docs" / "hardware.md")
    for example in (ROOT / "systemd").glob("*.toml"):
        wrong += check_example(wfdd, example)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
