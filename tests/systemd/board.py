"""What the checks in the guest are made of: commands, facts, and what is known of an instance of wfdd."""
import json
import subprocess
import sys
import time


def run(*command, check=True):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}{journal()}")
    return done.stdout.strip()


def journal(unit="wfdd@*", *options):
    return subprocess.run(["journalctl", "--quiet", "--no-pager", "--unit", unit, *options], capture_output=True,
                          text=True, check=False).stdout


def fact(condition, text):
    if not condition:
        sys.exit(f"NOT SO: {text}\n{journal()}")
    print("ok:", text, flush=True)


def wait_for(condition, text, timeout=60):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            fact(False, text)
        time.sleep(0.1)  # between two looks
    fact(True, text)


def shown(instance, what):
    return run("systemctl", "show", f"wfdd@{instance}", "--property", what, "--value")


def status(instance):
    said = subprocess.run(["wfdctl", "--instance", instance, "--json", "status"], capture_output=True, text=True,
                          check=False)
    return json.loads(said.stdout) if said.returncode == 0 else None


def main_pid(instance):
    return int(shown(instance, "MainPID"))
