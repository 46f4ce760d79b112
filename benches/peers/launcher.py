"""Runs commands and says what each cost.

Commands are started by a second, small process: what the system reports as a child's peak memory is at least that of the
process that started it, and this program with its samples is larger than some of the tools that it measures.
"""

import json
import os
import pathlib
import subprocess
import sys
import time
from dataclasses import dataclass


class Failed(Exception):
    """A tool did not do what was asked of it; the text says what it said."""


@dataclass
class Cost:
    """What one step took: seconds, seconds of CPU, bytes."""

    wall: float
    cpu: float
    peak: int
    disk: int | None = None
    runs: int = 1

    def plus(self, cpu, peak):
        """The same step with the part of a resident process added."""
        return Cost(self.wall, self.cpu + cpu, self.peak + peak, self.disk, self.runs)

    def followed_by(self, other):
        """This step and then another."""
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak), self.disk, self.runs + other.runs)


class Launcher:
    """Starts commands, one at a time, each with a deadline."""

    def __init__(self, folder):
        self.out, self.err = pathlib.Path(folder) / "out", pathlib.Path(folder) / "err"
        starter = [sys.executable, "-I", "-S", pathlib.Path(__file__).with_name("starter.py")]
        self.starter = subprocess.Popen(starter, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, argv, env=None, cwd="/", seconds=60.0, ok=(0, 1)):
        """Runs a command to its end; returns its cost and what it printed. An exit code that is not `ok` is a failure."""
        order = {"argv": [str(part) for part in argv], "env": {**os.environ, **(env or {})}, "cwd": str(cwd),
                 "out": str(self.out), "err": str(self.err), "seconds": seconds}
        self.starter.stdin.write(json.dumps(order) + "\n")
        self.starter.stdin.flush()
        answer = json.loads(self.starter.stdout.readline())
        printed = self.out.read_text(errors="replace")
        if answer["late"]:
            raise Failed(f"not done after {seconds:.0f} s")
        if answer["code"] not in ok:
            said = (self.err.read_text(errors="replace") + printed).strip().splitlines() or ["no message"]
            raise Failed(f"exit {answer['code']}: {said[-1][:160]}")
        return Cost(answer["wall"], answer["cpu"], answer["peak"]), printed

    def close(self):
        self.starter.stdin.close()
        self.starter.wait()


def cpu_of(pid):
    """CPU time that a process has used so far, all its threads, in seconds."""
    return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3) makes the same number


def peak_of(pid):
    """Peak resident memory of a process, in bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise Failed(f"process {pid} is gone")


def wait_until_quiet(pid, seconds=180.0):
    """Waits until a process has used less than 1 % of a core for three seconds; returns whether it came to that."""
    until = time.monotonic() + seconds
    quiet, before = 0, cpu_of(pid)
    while quiet < 3 and time.monotonic() < until:
        time.sleep(1)
        now = cpu_of(pid)
        quiet, before = (quiet + 1 if now - before < 0.01 else 0), now
    return quiet == 3


def size_of(folder):
    """Bytes that the files in a folder take on disk; holes in them take none."""
    files = (file for file in pathlib.Path(folder).rglob("*") if file.is_file() and not file.is_symlink())
    return sum(file.stat().st_blocks * 512 for file in files)
