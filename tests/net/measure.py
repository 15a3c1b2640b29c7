"""What a process uses, by /proc."""
import os
import pathlib


def cpu_seconds(pid):
    """Processor time of all threads, to the nanosecond (schedstat)."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def own_bytes(pid):
    """Resident memory that is the process's own. Pages of files come and go: an idle daemon forgets those of its start."""
    _, resident, of_files, *_ = map(int, pathlib.Path(f"/proc/{pid}/statm").read_text().split())
    return (resident - of_files) * os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def children(pid):
    """Those of the main thread; a zombie counts."""
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
