"""A part of a benchmark in a process of its own, so that its memory and its end are its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LOOK_S = 0.2


@dataclass(frozen=True)
class Run:
    """
    What a process told and took.

    Parameters
    ----------
    answer
        The last line that it printed, from JSON; None if it printed none, or was ended at its limit.
    trouble
        Why there is no answer.
    memory_mb
        Largest sum of the unshared memory (PSS) of the process and all below it, looked at five times a second.
    """

    answer: Any
    trouble: str
    seconds: float
    memory_mb: float


def run(command: list[str], limit_s: float, folder: Path | None = None) -> Run:
    """Run a command; one that is not done at the limit is ended with all below it."""
    began = time.monotonic()
    peak, looked, status = 0.0, 0.0, None
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True, cwd=folder)
        try:
            while status is None and time.monotonic() < began + limit_s:
                pid, ended, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    status = process.returncode = os.waitstatus_to_exitcode(ended)
                    peak = max(peak, usage.ru_maxrss / 1024)
                elif time.monotonic() > looked + _LOOK_S:
                    peak = max(peak, memory_mb(process.pid))
                    looked = time.monotonic()
                else:
                    time.sleep(0.02)
        finally:
            if status is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        seconds = time.monotonic() - began
        out.seek(0)
        err.seek(0)
        lines, errors = (stream.read().decode(errors="replace").split("\n") for stream in (out, err))
    if status != 0:
        said = next((line for line in reversed(errors) if line.strip()), "nothing said")
        trouble = f"ended after {limit_s:,.0f} s" if status is None else f"failed: {said}"
        return Run(None, trouble, seconds, peak)
    return Run(json.loads(lines[-2]), "", seconds, peak)


def machine() -> str:
    """Say how many cores there are and how busy they are."""
    return f"{len(os.sched_getaffinity(0))} cores, load average before {os.getloadavg()[0]:.2f}"


def python(file: str, *arguments: object) -> list[str]:
    """Give the command that runs a file with this Python."""
    return [sys.executable, file, *map(str, arguments)]


def memory_mb(pid: int) -> float:
    """Give the unshared memory (PSS) of a process and all below it."""
    return sum(map(_pss_mb, _family(pid)))


def _family(pid: int) -> Iterator[int]:
    """
    Give a process and all below it.

    Those that have not begun their own program are left out: their memory is still their parent's, and counted there.
    """
    yield pid
    try:
        children = [
            child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
        ]
    except OSError:
        return
    for child in children:
        if _command(child) != _command(pid):
            yield from _family(int(child))


def _command(pid: int | str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _pss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
