"""What the lens looks at, read from a file: a plan file or scenario, a plan that was written, or a campus table."""

from __future__ import annotations

from pathlib import Path

from sro_coverage.check import check
from sro_coverage.errors import DataError, Issue
from sro_coverage.plan import Plan
from sro_coverage.problem import Campus
from sro_coverage.read import Read
from sro_coverage.read.rows import read_campuses
from sro_coverage.read.table import read_bytes
from sro_coverage.scenario.file import read_plan_or_scenario


def read_subject(path: str | Path) -> Plan | Read | tuple[Campus, ...]:
    """
    Read a plan file or scenario file (TOML), a plan (JSON), or else a campus table (CSV or XLSX).

    Returns
    -------
    Plan, Read or tuple of Campus
        :func:`lens` takes the problem of what was read of a plan file.

    Raises
    ------
    DataError
        With everything that is wrong with it; a plan is recomputed, and a broken one is refused.
    """
    path = Path(path)
    if path.suffix.lower() == ".toml":
        return read_plan_or_scenario(path)
    if path.suffix.lower() == ".json":
        try:
            plan = Plan.from_json(read_bytes(path), where=path.name)
        except RecursionError:
            raise DataError([Issue(path.name, "lists nested too deep", "a plan written by sro-coverage")]) from None
        if broken := check(plan):
            raise DataError([issue.within(f"{path.name}:") for issue in broken])
        return plan
    issues: list[Issue] = []
    campuses = read_campuses(path, {"campuses": path.name}, {}, issues)
    if issues:
        raise DataError(issues)
    return campuses
