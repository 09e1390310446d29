"""The table of agencies: who they are, how many officers each has, and what each has different."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem import Campus, Value
from sro_coverage.problem.policy import MAX_OFFICERS
from sro_coverage.problem.value import Text, quote
from sro_coverage.read.rows import first_of_its_id, table_beside, value_of
from sro_coverage.read.table import Row
from sro_coverage.scenario.changes import Changes
from sro_coverage.scenario.fields import tables_of

REQUIRED = ("id", "officers")
USED = (*REQUIRED, "name", "plan")
NO_CAMPUSES = "[]"

_LISTS = {"states", "order", "absent", "close"}
_TABLES = (".csv", ".xlsx", ".xlsm", ".tsv", ".txt")


class _Named(Value):
    id: Text
    name: Text | None = None


@dataclass(frozen=True, slots=True)
class Agency:
    """
    One row of the table of agencies, with its campuses.

    Parameters
    ----------
    where
        File and row.
    officers
        How many, from 0 on, or the file of its roster; None if its own plan file says.
    plan
        Its own plan file or scenario file, which replaces everything else; empty if there is none.
    changes
        What it has different from the other agencies: the tables of a scenario file.
    cells
        The columns that mean nothing here, as text.
    packed
        Its campuses as JSON; few bytes, and the same for the same rows.
    """

    id: str
    name: str
    where: str
    officers: int | str | None
    plan: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    packed: str = NO_CAMPUSES

    def campuses(self) -> tuple[Campus, ...]:
        """Build its campuses; each call does it again."""
        return tuple(Campus(**fields) for fields in json.loads(self.packed))


def read_agencies(
    path: Path, table: object, campuses: Mapping[str, Sequence[str]], issues: list[Issue]
) -> tuple[Agency, ...]:
    """
    Read the table of agencies; what is wrong goes to the issues.

    Parameters
    ----------
    path
        The state file.
    table
        As the state file names it.
    campuses
        Of each agency, each as JSON.
    """
    if not isinstance(table, str):
        return ()
    read = table_beside(path, table, sheet="agencies", required=REQUIRED, used=USED, issues=issues)
    places: dict[str, str] = {}
    agencies = []
    for row in read.rows if read else ():
        found = len(issues)
        named = value_of(_Named, row, {key: row.cells.get(key) for key in ("id", "name")}, issues, {})
        plan = row.cells.get("plan", "")
        officers = _officers(row, plan, issues)
        changes = _changes(row, plan, issues)
        if named and len(issues) == found and first_of_its_id(f"agency {named.id!r}", row, places, issues):
            agencies.append(
                Agency(
                    id=named.id,
                    name=named.name or named.id,
                    where=row.where,
                    officers=officers,
                    plan=plan,
                    changes=changes,
                    cells={key: text for key, text in row.cells.items() if key not in USED and "." not in key},
                    packed=f"[{','.join(campuses.get(named.id, ()))}]",
                )
            )
    return tuple(agencies)


def _officers(row: Row, plan: str, issues: list[Issue]) -> int | str | None:
    text = row.cells.get("officers", "")
    if plan:
        if text:
            found = f"{quote(text)}, beside the plan file {quote(plan)}"
            issues.append(Issue(f"{row.where}, officers", found, "nothing: its own plan file says how many"))
        return None
    if text.lower().endswith(_TABLES):
        return text
    if text.isascii() and text.isdecimal() and int(text) <= MAX_OFFICERS:
        return int(text)
    expected = f"0 if it has none, a number up to {MAX_OFFICERS:,}, or the name of a roster (.csv or .xlsx)"
    issues.append(Issue(f"{row.where}, officers", quote(text) if text else "nothing there", expected))
    return None


def _changes(row: Row, plan: str, issues: list[Issue]) -> dict[str, Any]:
    """Read the cells whose columns are keys of a scenario file, with dots."""
    cells = {key: text for key, text in row.cells.items() if "." in key}
    if plan and cells:
        expected = "nothing: its own plan file says it"
        issues += [Issue(f"{row.where}, {key}", quote(text), expected) for key, text in cells.items()]
        return {}
    for key in cells:
        if any(other.startswith(f"{key}.") for other in cells):
            issues.append(Issue(f"{row.where}, {key}", "changes the same as a column below it", "one of the two"))
            return {}
    changes = tables_of(_value(key, text) for key, text in cells.items())
    try:
        Changes(**changes)
    except DataError as error:
        issues += [issue.within(f"{row.where},") for issue in error.issues]
    return changes


def _value(key: str, text: str) -> tuple[tuple[str, ...], Any]:
    path = tuple(part.strip() for part in key.split("."))
    parts = [part.strip() for part in text.split(";") if part.strip()]
    return path, parts if path[-1] in _LISTS else text
