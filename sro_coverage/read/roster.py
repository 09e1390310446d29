"""Officers: a number, a roster by its own column names, and the plan that is in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from sro_coverage.errors import DataError, Issue
from sro_coverage.plan import Plan
from sro_coverage.problem import Officer
from sro_coverage.problem.policy import MAX_OFFICERS, numbered_officers
from sro_coverage.problem.value import quote
from sro_coverage.read.rows import first_of_its_id, table_beside, value_of
from sro_coverage.read.table import read_bytes

LIST_COLUMNS = {"levels", "excluded", "shared"}

ROSTER_SYNONYMS = {
    **{name: name for name in Officer.model_fields},
    "officer_id": "id",
    "badge": "id",
    "badge_no": "id",
    "badge_number": "id",
    "employee_id": "id",
    "officer": "name",
    "officer_name": "name",
    "full_name": "name",
    "sro": "name",
    "hours": "weekly_hours",
    "hours_per_week": "weekly_hours",
    "max_shared_campuses": "max_shared",
    "level_skills": "levels",
    "eligible_levels": "levels",
    "excluded_campuses": "excluded",
    "excluded_campus_ids": "excluded",
    "home_base_lat": "home_lat",
    "home_base_lon": "home_lon",
    "primary_campus": "primary",
    "primary_campus_id": "primary",
    "home_school": "primary",
    "shared_campuses": "shared",
    "shared_campus_ids": "shared",
}
"""Column names of rosters, in small letters with underscores, and what they mean here."""

CURRENT_SYNONYMS = {
    "officer": "officer",
    "campus": "campus",
    "state": "state",
    "officer_ids": "officer",
    "officer_id": "officer",
    "officer_name": "officer",
    "campus_id": "campus",
    "school_id": "campus",
    "role": "state",
    "status": "state",
}


def read_officers(path: Path, officers: object, places: dict[str, str], issues: list[Issue]) -> tuple[Officer, ...]:
    """Give the roster, or that many identical officers; a wrong type is told by the plan file itself."""
    if isinstance(officers, str):
        return _roster(path, officers, places, issues)
    if not isinstance(officers, int) or isinstance(officers, bool):
        return ()
    if not 1 <= officers <= MAX_OFFICERS:
        expected = f"1 to {MAX_OFFICERS:,}, or the name of a roster"
        issues.append(Issue(f"{path.name}: officers", quote(officers), expected))
        return ()
    return numbered_officers(officers)


def _roster(path: Path, table: str, places: dict[str, str], issues: list[Issue]) -> tuple[Officer, ...]:
    roster = []
    read = table_beside(
        path,
        table,
        sheet="officers",
        required=("id", "name"),
        used=tuple(Officer.model_fields),
        synonyms=ROSTER_SYNONYMS,
        issues=issues,
    )
    for row in read.rows if read else ():
        officer = value_of(Officer, row, _split_lists(row.cells), issues, {})
        if officer is not None and first_of_its_id(f"officer {officer.id!r}", row, places, issues):
            roster.append(officer)
    return tuple(roster)


def _split_lists(cells: dict[str, str]) -> dict[str, Any]:
    """Cells that hold several values, separated by semicolons."""
    return {
        name: tuple(_parts(text)) if name in LIST_COLUMNS else text
        for name, text in cells.items()
        if name in Officer.model_fields
    }


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def with_current_plan(
    path: Path, current: object, officers: tuple[Officer, ...], campus_ids: Collection[str], issues: list[Issue]
) -> tuple[tuple[Officer, ...], tuple[str, ...]]:
    """
    Tell each officer where they are now.

    Parameters
    ----------
    path
        The plan file.
    current
        Its key ``current``: a plan written by this program (JSON), or a table with the columns
        officer (id or name), campus (id) and state, such as the CSV that comes with a plan.
    campus_ids
        Of the campus table.

    Returns
    -------
    tuple
        The officers, and remarks on what the current plan has that is no longer there.
    """
    if not isinstance(current, str) or not officers:
        return officers, ()
    if any(officer.primary or officer.shared for officer in officers):
        issues.append(Issue(f"{path.name}: current", "the roster has primary or shared too", "one of the two"))
    try:
        roles = list(_roles(path, current, issues))
    except DataError as error:
        issues += error.issues
        return officers, ()
    meant = _by_id_or_name(officers)
    now: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"primary": [], "shared": []})
    gone_officers, gone_campuses, unclear = set(), set(), set()
    for officer, campus, state in roles:
        if campus not in campus_ids:
            gone_campuses.add(campus)
        elif officer not in meant:
            gone_officers.add(officer)
        elif len(meant[officer]) > 1:
            unclear.add(officer)
        else:
            now[min(meant[officer])][state].append(campus)
    issues += [
        Issue(
            f"{path.name}: current", f"{quote(name)} may be {' or '.join(sorted(meant[name]))}", "the id of one officer"
        )
        for name in sorted(unclear)
    ]
    remarks = []
    if gone_officers:
        remarks.append(f"Officers of the current plan who are not on the roster: {', '.join(sorted(gone_officers))}.")
    if gone_campuses:
        remarks.append(f"Campuses of the current plan that are not in the table: {', '.join(sorted(gone_campuses))}.")
    return tuple(_placed(officer, now[officer.id]) for officer in officers), tuple(remarks)


def _by_id_or_name(officers: tuple[Officer, ...]) -> dict[str, set[str]]:
    """Give the ids that a word in the current plan may mean."""
    meant: dict[str, set[str]] = defaultdict(set)
    for officer in officers:
        meant[officer.id].add(officer.id)
        meant[officer.name].add(officer.id)
    return meant


def _placed(officer: Officer, now: dict[str, list[str]]) -> Officer:
    lead, others = now["primary"][:1], now["primary"][1:] + now["shared"]
    return officer.model_copy(update={"primary": lead[0] if lead else None, "shared": tuple(others)})


def _roles(path: Path, current: str, issues: list[Issue]) -> Iterator[tuple[str, str, str]]:
    """Give (officer, campus, state) for the primary and shared campuses of the current plan."""
    if current.lower().endswith(".json"):
        plan = Plan.from_json(read_bytes(path.parent / current), where=current)
        for beat in plan.beats:
            yield from ((beat.officer, campus, "primary") for campus in beat.primary)
            yield from ((beat.officer, campus, "shared") for stop in beat.shared for campus in stop.campuses)
        return
    columns = ("officer", "campus", "state")
    table = table_beside(
        path, current, sheet="current", required=columns, used=columns, synonyms=CURRENT_SYNONYMS, issues=issues
    )
    for row in table.rows if table else ():
        state = row.cells.get("state", "").lower()
        if state in ("on-call", "uncovered", "not planned"):
            continue
        if state not in ("primary", "shared"):
            expected = "primary, shared, on-call, uncovered or not planned"
            issues.append(Issue(f"{row.where}, state", quote(row.cells.get("state", "")), expected))
        elif "campus" not in row.cells or "officer" not in row.cells:
            issues.append(Issue(row.where, "no officer or no campus", "both"))
        else:
            yield from ((officer, row.cells["campus"], state) for officer in _parts(row.cells["officer"]))
