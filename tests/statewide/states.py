"""A small state with every kind of agency, and what two runs of it have in common."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.read.files import CAMPUSES, Files

STATE = """\
title    = "Small state"
agencies = "agencies.csv"
campuses = "state_campuses.csv"
agency   = "district"

[travel]
speed_kph = 40

[policy.levels.elementary]
states = ["shared", "on-call"]

[policy.campuses.b-oak]
visits_per_week = 1
"""

AGENCIES = """\
id,name,officers,plan,policy.max_shared,policy.levels.elementary.states,contact
a,Alder,2,,,,Ms A
b,Birch,roster_b.csv,,,,
c,Cedar,1,,1,primary; on-call,
own,Own,,plan.toml,,,
many,Many,9,,,,
gone,Gone,,missing.toml,,,
none,None yet,0,,,,
bare,Bare,1,,,,
"""

ROSTER = "id,name\nreyes,Officer Reyes\ncho,Officer Cho\n"

NUM_AGENCIES, NUM_FAILED = 8, 3


def campuses() -> str:
    """The tiny town, once for each district, under other ids; with a column that says whose a campus is."""
    header, *rows = CAMPUSES.splitlines()
    lines = [header.replace("agency", "district")]
    for district in ("a", "b", "c", "many", "none", "x"):
        lines += [f"{district}-{row.replace(',Tiny,', f',{district},')}" for row in rows]
    return "\n".join(lines) + "\n"


def write_state(folder: Path, **changes: str) -> Path:
    """Put the state and its tables into a folder; `changes` replaces files, by their names without an ending."""
    folder.mkdir(exist_ok=True)
    Files().write(folder)
    texts = {"state": STATE, "agencies": AGENCIES, "state_campuses": campuses(), "roster_b": ROSTER} | changes
    for name, text in texts.items():
        (folder / (f"{name}.toml" if name == "state" else f"{name}.csv")).write_text(text, encoding="utf-8")
    return folder / "state.toml"


def contents(out: Path) -> dict[str, Any]:
    """Everything that was written for the agencies, but for how long it took and the seal over that."""
    found: dict[str, Any] = {}
    for path in sorted(out.glob("*/*")):
        text = path.read_text("utf-8")
        if path.parent.name == "runs":
            run = json.loads(text)
            del run["runtime_s"], run["digest"]
            found[path.name] = run
        else:
            found[f"{path.parent.name}/{path.name}"] = text
    return found
