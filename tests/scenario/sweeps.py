"""A small sweep on the tiny plan file, and what two sweeps have in common."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.read.files import Change, Files

SWEEP = """\
base  = "plan.toml"
title = "Tiny sweep"

[grid]
"policy.max_travel_min"    = [2, 6, 15]
"policy.primary_share_min" = { from = 0.4, to = 0.6, step = 0.1 }

[[run]]
name  = "one more"
officers = "+1"

[[run]]
close = ["oak"]

[[run]]
name   = "nobody left"
absent = ["reyes", "cho"]
"""
NUM_RUNS, NUM_FAILED = 12, 1


def write_sweep(folder: Path, text: str = SWEEP, *changes: Change) -> Path:
    """Put the tiny plan file, its tables and a sweep file into a folder."""
    files = Files()
    for change in changes:
        change(files)
    files.write(folder)
    path = folder / "sweep.toml"
    path.write_text(text, encoding="utf-8")
    return path


def contents(out: Path) -> dict[str, Any]:
    """Everything that the runs of a sweep say, but for how long they took and the seal over that."""
    found = {}
    for path in sorted((out / "runs").iterdir()):
        content = json.loads(path.read_bytes())
        del content["runtime_s"], content["digest"]
        found[path.name] = content
    return found


class Deadly:
    """Ends the process that receives it, the first `times` times; then it arrives as an empty tuple."""

    def __init__(self, folder: Path, times: int) -> None:
        self.folder, self.times = folder, times

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return arrive, (str(self.folder), self.times)


def arrive(folder: str, times: int) -> tuple[()]:
    Path(folder).mkdir(exist_ok=True)
    for number in range(times):
        mark = Path(folder) / f"{number}"
        if not mark.exists():
            mark.touch()
            os._exit(9)
    return ()
