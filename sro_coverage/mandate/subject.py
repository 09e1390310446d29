"""What the lens looks at, read from a file: a plan file, a plan that was written, or a campus table."""

from __future__ import annotations

from pathlib import Path

from sro_coverage.errors import DataError, Issue
from sro_coverage.plan import Plan
from sro_coverage.problem import Campus, Problem
from sro_coverage.read import read_problem
from sro_coverage.read.rows import read_campuses
from sro_coverage.read.table import read_bytes


def read_subject(path: str | Path) -> Plan | Problem | tuple[Campus, ...]:
    """
    Read a plan file (TOML), a plan (JSON), or else a campus table (CSV or XLSX).

    Raises
    ------
    DataError
        With everything that is wrong with it.
    """
    path = Path(path)
    if path.suffix.lower() == ".toml":
        return read_problem(path)
    if path.suffix.lower() == ".json":
        try:
            return Plan.from_json(read_bytes(path), where=path.name)
        except RecursionError:
            raise DataError([Issue(path.name, "lists nested too deep", "a plan written by sro-coverage")]) from None
    issues: list[Issue] = []
    campuses = read_campuses(path, {"campuses": path.name}, {}, issues)
    if issues:
        raise DataError(issues)
    return campuses
