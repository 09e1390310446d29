"""The command ``compare``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sro_coverage.cli.manners import (
    FILE,
    NO_PLAN,
    NOT_PROVEN,
    OK,
    check_targets,
    json_option,
    seed_option,
    shown,
    teaching_errors,
    time_limit_option,
    workers_option,
)

if TYPE_CHECKING:
    from sro_coverage.plan import Plan
    from sro_coverage.read import Read


@click.command()
@click.argument("plans", nargs=-1, required=True, type=FILE)
@click.option(
    "--out",
    type=FILE,
    default="maps/compare.html",
    show_default=True,
    help="HTML file to write, with the maps side by side.",
)
@click.option("--csv", "table", type=FILE, help="CSV file to write too: a row for each campus and plan.")
@time_limit_option("Seconds of search for each plan that is not solved yet.")
@seed_option
@workers_option
@json_option
@teaching_errors
def compare(
    plans: tuple[Path, ...],
    out: Path,
    table: Path | None,
    time_limit: float,
    seed: int,
    workers: int,
    as_json: bool,
) -> int:
    """
    Compare PLANS with the first of them: who moves, which campuses change, who gains and loses.

    Each is a plan (JSON, as `plan` writes it), or a plan file or scenario file (TOML), which is solved
    first. Two to six of them.
    """
    from sro_coverage.errors import DataError
    from sro_coverage.model.solution import SolveParams
    from sro_coverage.report.compare_page import render_comparison_map
    from sro_coverage.report.compare_text import comparison_csv, render_comparison
    from sro_coverage.report.text import console
    from sro_coverage.scenario.compare import compare as compare_plans

    issues: list[Any] = []
    read = _read_all(plans, issues)
    inputs = [*plans, *(path for item in read for path in getattr(item, "paths", ()))]
    check_targets([out, *([table] if table else [])], inputs, issues)
    if issues:
        raise DataError(issues)
    params = SolveParams(time_limit_s=time_limit, seed=seed, workers=workers)
    solved = [_solved(item, params) for item in read]
    comparison = compare_plans(solved, _names(plans, solved))
    contents = {out: render_comparison_map(comparison)} | ({table: comparison_csv(comparison)} if table else {})
    files = _write(contents)
    if as_json:
        click.echo(comparison.to_json(), nl=False)
    else:
        console().print(render_comparison(comparison))
    click.echo("Written: " + ", ".join(map(shown, files)), err=as_json)
    return max(map(_verdict, solved))


def _read_all(paths: tuple[Path, ...], issues: list[Any]) -> list[Plan | Read]:
    """Read every file, and recompute every plan that is solved already: a broken one is refused."""
    from sro_coverage.check import check
    from sro_coverage.cli.plan_commands import _read_plan
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.scenario.comparison import LETTERS
    from sro_coverage.scenario.file import read_plan_or_scenario

    if not 2 <= len(paths) <= len(LETTERS):
        issues.append(Issue("plans", f"{len(paths)} given", f"2 to {len(LETTERS)} to compare"))
    read: list[Plan | Read] = []
    for path in paths:
        try:
            if path.suffix.lower() == ".json":
                plan = _read_plan(path)
                issues += [issue.within(f"{path.name}:") for issue in check(plan)]
                read.append(plan)
            else:
                read.append(read_plan_or_scenario(path))
        except DataError as error:
            issues += error.issues
    return read


def _solved(item: Plan | Read, params: Any) -> Plan:
    from sro_coverage.plan import Plan
    from sro_coverage.progress import solve_with_progress
    from sro_coverage.report.text import console, plain

    if isinstance(item, Plan):
        return item
    solved = solve_with_progress(item, params, console(stderr=True))
    if any(tier.stopped == "interrupted" for tier in solved.tiers):
        raise KeyboardInterrupt  # a comparison of half-searched plans says nothing
    for remark in item.remarks:
        click.echo(plain(remark), err=True)
    return solved


def _write(contents: dict[Path, str]) -> list[Path]:
    """Write all files or none: every folder is tried before the first file is written."""
    from sro_coverage.report.files import write_files

    folders: dict[Path, dict[str, str]] = {}
    for path, text in contents.items():
        folders.setdefault(path.parent, {})[path.name] = text
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass  # what access() says is not always so
    return [path for folder, texts in folders.items() for path in write_files(folder, texts)]


def _names(paths: tuple[Path, ...], plans: list[Plan]) -> list[str]:
    """Call plans by their titles, and by their files where two have the same title."""
    titles = [plan.problem.title for plan in plans]
    return [
        title if titles.count(title) == 1 else f"{title} ({path.name})"
        for title, path in zip(titles, paths, strict=True)
    ]


def _verdict(plan: Plan) -> int:
    if not plan.has_beats:
        return NO_PLAN
    return OK if plan.is_done else NOT_PROVEN
