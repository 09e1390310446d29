"""
The command line: one verb per task; parse, call, print.

Exit codes: 0 done; 1 a check found broken rules; 2 wrong input or usage; 3 a plan was written, but not
every tier is proven; 4 no plan exists or none was found; 130 ended by Ctrl-C before there was a plan.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from sro_coverage.plan import Plan
    from sro_coverage.read import Read

OK, BROKEN, BAD_INPUT, NOT_PROVEN, NO_PLAN, ABORTED = 0, 1, 2, 3, 4, 130

SHOWN_ISSUES = 50
ENDINGS = (".html", ".json", ".csv", ".geojson")

_FILE = click.Path(path_type=Path, dir_okay=False)
_underlay = click.option(
    "--underlay", type=_FILE, help="GeoJSON to draw under the plan: roads, city limits. Only shapes are taken from it."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def _teaching_errors(command: Callable[..., int]) -> Callable[..., NoReturn]:
    """Turn wrong input into a list on stderr and an exit code."""

    @functools.wraps(command)
    def run(**arguments: Any) -> NoReturn:
        from sro_coverage.errors import DataError

        try:
            sys.exit(command(**arguments))
        except DataError as error:
            _complain(error)
        except OSError as error:
            click.echo(f"{_shown(error.filename or 'file')}: {error.strerror or error}", err=True)
        except KeyboardInterrupt:
            click.echo("Stopped before there was a plan; nothing was written.", err=True)
            sys.exit(ABORTED)
        sys.exit(BAD_INPUT)

    return run


def _complain(error: Any) -> None:
    from sro_coverage.report.text import plain

    issues = tuple(dict.fromkeys(error.issues))  # two plan files may share a wrong table
    click.echo(f"{len(issues):,} problem{'s' * (len(issues) != 1)} found, nothing was written:", err=True)
    for issue in issues[:SHOWN_ISSUES]:
        click.echo(f"  {plain(str(issue))}", err=True)
    if len(issues) > SHOWN_ISSUES:
        click.echo(f"  … and {len(issues) - SHOWN_ISSUES:,} more", err=True)


def _shown(path: str | Path) -> str:
    from sro_coverage.report.text import plain

    return plain(click.format_filename(path))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="sro_coverage")
def main() -> None:
    """Plan which school resource officer is based where, and who shares which other campus."""


@main.command()
@click.argument("plan_files", nargs=-1, required=True, type=_FILE)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="maps",
    show_default=True,
    help="Folder for NAME.html, .json, .csv and .geojson.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    help="Seconds of search for each plan file.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Parallel searches; one gives the same plan every time.",
)
@_underlay
@_json
@_teaching_errors
def plan(
    plan_files: tuple[Path, ...],
    out: Path,
    time_limit: float,
    seed: int,
    workers: int,
    underlay: Path | None,
    as_json: bool,
) -> int:
    """Solve PLAN_FILES (TOML), print each plan and write its files."""
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.model.solution import SolveParams
    from sro_coverage.read import read_plan_file

    params = SolveParams(time_limit_s=time_limit, seed=seed, workers=workers)
    reads: list[tuple[str, Read]] = []
    issues: list[Issue] = []
    for path in plan_files:
        if path.stem in dict(reads):
            issues.append(
                Issue(str(path), f"a second plan named {path.stem!r}", "another file name, or a run of its own")
            )
        try:
            reads.append((path.stem, read_plan_file(path)))
        except DataError as error:
            issues += error.issues
    base = _read_underlay(underlay, issues)
    inputs = [*(item for _, read in reads for item in read.paths), *([underlay] if underlay else [])]
    _check_targets([out / f"{name}{ending}" for name, _ in reads for ending in ENDINGS], inputs, issues)
    if issues:
        raise DataError(issues)
    worst = OK
    for number, (name, read) in enumerate(reads, start=1):
        solved = _plan_one(name, read, out, params, base, as_json)
        worst = max(worst, _verdict(solved))
        if _was_interrupted(solved) and number < len(reads):
            click.echo(f"Not begun: {', '.join(other for other, _ in reads[number:])}", err=True)
            break
    return worst


def _read_underlay(path: Path | None, issues: list[Any]) -> Any:
    from sro_coverage.errors import DataError

    if path is None:
        return None
    from sro_coverage.report.underlay import read_underlay

    try:
        return read_underlay(path)
    except DataError as error:
        issues += error.issues
        return None


def _check_targets(targets: Iterable[Path], inputs: Iterable[Path], issues: list[Any]) -> None:
    """Find out before a long search, not after it, that its files cannot be written or would destroy an input."""
    from sro_coverage.errors import Issue

    taken = {path.resolve() for path in inputs}
    folders = set()
    for target in targets:
        folders.add(next(folder for folder in target.resolve().parents if folder.exists()))
        if target.resolve() in taken:
            issues.append(Issue(str(target), "would overwrite an input of this run", "another --out"))
        elif target.is_dir():
            issues.append(Issue(str(target), "is a folder", "another --out"))
    for folder in sorted(folders):
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            issues.append(Issue(str(folder), "no files can be written there", "an --out where they can"))


def _plan_one(name: str, read: Read, out: Path, params: Any, underlay: Any, as_json: bool) -> Plan:
    from sro_coverage.progress import solve_with_progress
    from sro_coverage.report.files import assignments_csv, assignments_geojson, write_files
    from sro_coverage.report.page import render_map
    from sro_coverage.report.text import console

    solved = solve_with_progress(read.problem, params, read.inputs, console(stderr=True))
    contents = (
        render_map(solved, underlay=underlay),
        solved.to_json(),
        assignments_csv(solved),
        assignments_geojson(solved),
    )
    files = write_files(out, {f"{name}{ending}": text for ending, text in zip(ENDINGS, contents, strict=True)})
    _show(solved, as_json)
    click.echo("Written: " + ", ".join(map(_shown, files)), err=as_json)
    return solved


def _was_interrupted(solved: Plan) -> bool:
    return any(tier.stopped == "interrupted" for tier in solved.tiers)


def _show(solved: Plan, as_json: bool) -> None:
    from sro_coverage.report.text import console, render_text

    if as_json:
        click.echo(solved.to_json(), nl=False)
    else:
        console().print(render_text(solved))


def _verdict(solved: Plan) -> int:
    if not solved.has_beats:
        return NO_PLAN
    if _was_interrupted(solved):
        click.echo("Stopped by you: this is the best plan so far, and it keeps every rule.", err=True)
    elif solved.status != "optimal":
        click.echo(
            "Out of time: this is the best plan so far, and it keeps every rule; --time-limit gives more.", err=True
        )
    return OK if solved.status == "optimal" else NOT_PROVEN


def _read_plan(path: Path) -> Plan:
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.plan import Plan
    from sro_coverage.read.table import read_bytes

    try:
        return Plan.from_json(read_bytes(path), where=path.name)
    except RecursionError:
        raise DataError([Issue(path.name, "lists nested too deep", "a plan written by sro-coverage")]) from None


@main.command()
@click.argument("plan_json", type=_FILE)
@click.argument("plan_file", required=False, type=_FILE)
@_json
@_teaching_errors
def check(plan_json: Path, plan_file: Path | None, as_json: bool) -> int:
    """Recompute PLAN_JSON without a solver; with PLAN_FILE (TOML) also compare it with today's inputs."""
    import json

    from sro_coverage.check import check as find_broken_rules
    from sro_coverage.read import read_problem
    from sro_coverage.report.text import plain

    solved = _read_plan(plan_json)
    broken = find_broken_rules(solved, read_problem(plan_file) if plan_file else None)
    if as_json:
        click.echo(json.dumps([vars(issue) for issue in broken], indent=1, ensure_ascii=False))
    elif broken:
        click.echo(f"{plan_json.name}: {len(broken)} broken")
        for issue in broken:
            click.echo(f"  {plain(str(issue))}")
    elif not solved.has_beats:
        click.echo(f"{plan_json.name}: holds no plan ({solved.status}). {plain(solved.explanation)}")
    else:
        tiers = ", ".join(f"{tier.name} {tier.value}" for tier in solved.tiers)
        click.echo(f"{plan_json.name}: every rule kept, every number recomputed ({tiers}).")
    return BROKEN if broken else OK


@main.command("map")
@click.argument("plan_json", type=_FILE)
@click.option("--out", type=_FILE, help="HTML file to write; beside PLAN_JSON if not given.")
@_underlay
@_teaching_errors
def draw_map(plan_json: Path, out: Path | None, underlay: Path | None) -> int:
    """Draw PLAN_JSON again as one HTML file that needs no network."""
    from sro_coverage.check import check as find_broken_rules
    from sro_coverage.errors import DataError
    from sro_coverage.report.files import write_files
    from sro_coverage.report.page import render_map

    solved = _read_plan(plan_json)
    issues = [issue.within(f"{plan_json.name}:") for issue in find_broken_rules(solved)]
    base = _read_underlay(underlay, issues)
    target = out or plan_json.with_suffix(".html")
    _check_targets([target], [plan_json, *([underlay] if underlay else [])], issues)
    if issues:
        raise DataError(issues)
    (written,) = write_files(target.parent, {target.name: render_map(solved, underlay=base)})
    click.echo(f"Written: {_shown(written)}")
    return OK


@main.command()
@click.argument("plan_files", nargs=-1, required=True, type=_FILE)
@_teaching_errors
def validate(plan_files: tuple[Path, ...]) -> int:
    """Read PLAN_FILES and their tables, say what is in them and everything that is wrong."""
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.read import read_problem
    from sro_coverage.report.text import console, render_validation

    issues: list[Issue] = []
    for path in plan_files:
        try:
            console().print(render_validation(read_problem(path)))
        except DataError as error:
            issues += error.issues
    if issues:
        raise DataError(issues)
    return OK


if __name__ == "__main__":
    main()
