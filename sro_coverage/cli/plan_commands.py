"""The commands ``plan``, ``check``, ``map`` and ``validate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sro_coverage.cli.manners import (
    BROKEN,
    FILE,
    NO_PLAN,
    NOT_PROVEN,
    OK,
    check_targets,
    gap_option,
    json_option,
    out_option,
    seed_option,
    shown,
    teaching_errors,
    time_limit_option,
    underlay_of,
    workers_option,
)

if TYPE_CHECKING:
    from sro_coverage.plan import Plan
    from sro_coverage.read import Read
    from sro_coverage.travel import TravelTimes

ENDINGS = (".html", ".json", ".csv", ".geojson")

_underlay = click.option(
    "--underlay", type=FILE, help="GeoJSON to draw under the plan: roads, city limits. Only shapes are taken from it."
)


@click.command()
@click.argument("plan_files", nargs=-1, required=True, type=FILE)
@out_option("NAME.html, .json, .csv and .geojson")
@time_limit_option("Seconds of search for each plan file.")
@seed_option
@workers_option
@gap_option
@_underlay
@json_option
@teaching_errors
def plan(
    plan_files: tuple[Path, ...],
    out: Path,
    time_limit: float,
    seed: int,
    workers: int,
    gap: Any,
    underlay: Path | None,
    as_json: bool,
) -> int:
    """Solve PLAN_FILES (TOML; scenario files too), print each plan and write its files."""
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.model.solution import SolveParams
    from sro_coverage.scenario.file import read_plan_or_scenario

    params = SolveParams(time_limit_s=time_limit, seed=seed, workers=workers, gap=gap)
    reads: list[tuple[str, Read]] = []
    issues: list[Issue] = []
    for path in plan_files:
        if path.stem in dict(reads):
            issues.append(
                Issue(str(path), f"a second plan named {path.stem!r}", "another file name, or a run of its own")
            )
        try:
            reads.append((path.stem, read_plan_or_scenario(path)))
        except DataError as error:
            issues += error.issues
    base = underlay_of(underlay, issues)
    inputs = [*(item for _, read in reads for item in read.paths), *([underlay] if underlay else [])]
    check_targets([out / f"{name}{ending}" for name, _ in reads for ending in ENDINGS], inputs, issues)
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


def _plan_one(name: str, read: Read, out: Path, params: Any, underlay: Any, as_json: bool) -> Plan:
    from sro_coverage.progress import solve_with_progress
    from sro_coverage.report.files import assignments_csv, assignments_geojson, write_files
    from sro_coverage.report.page import render_map
    from sro_coverage.report.text import console

    solved = solve_with_progress(read, params, console(stderr=True))
    if _was_interrupted(solved) and all(tier.bound is None for tier in solved.tiers):
        raise KeyboardInterrupt  # before the search knew anything: an older plan is worth more
    contents = (
        render_map(solved, **_drawn_under(solved, read, underlay)),
        solved.to_json(),
        assignments_csv(solved),
        assignments_geojson(solved),
    )
    files = write_files(out, {f"{name}{ending}": text for ending, text in zip(ENDINGS, contents, strict=True)})
    _show(solved, as_json)
    _tell(read)
    click.echo("Written: " + ", ".join(map(shown, files)), err=as_json)
    return solved


def _tell(read: Read) -> None:
    from sro_coverage.report.text import plain

    for remark in (*(f"Changed: {line}" for line in read.changed), *read.remarks):
        click.echo(plain(remark), err=True)


def _was_interrupted(solved: Plan) -> bool:
    return any(tier.stopped == "interrupted" for tier in solved.tiers)


def _drawn_under(solved: Plan, read: Read | None, underlay: Any) -> dict[str, Any]:
    """What the map gets beside the plan: the user's shapes, or the roads that the plan drives on."""
    from sro_coverage.problem import Roads
    from sro_coverage.report.roads import road_layers

    if read is None or not isinstance(solved.problem.travel, Roads):
        return {"underlay": underlay}
    routes, major_roads = road_layers(solved, read.folder)
    return {"underlay": underlay or major_roads, "routes": routes}


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
    elif not solved.is_done:
        click.echo(
            "Out of time: this is the best plan so far, and it keeps every rule; --time-limit gives more.", err=True
        )
    return OK if solved.is_done else NOT_PROVEN


def _read_plan(path: Path) -> Plan:
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.plan import Plan
    from sro_coverage.read.table import read_bytes

    try:
        return Plan.from_json(read_bytes(path), where=path.name)
    except RecursionError:
        raise DataError([Issue(path.name, "lists nested too deep", "a plan written by sro-coverage")]) from None


def _read_plan_file(path: Path | None) -> Read | None:
    from sro_coverage.scenario.file import read_plan_or_scenario

    return read_plan_or_scenario(path) if path else None


def _times_of(solved: Plan, read: Read | None) -> TravelTimes | None:
    """Compute the travel times from the plan file's roads or matrix, if it is there and asks the same question."""
    from sro_coverage.travel import travel_times

    if read is None or read.problem != solved.problem:
        return None
    return travel_times(read.problem, read.folder)


@click.command()
@click.argument("plan_json", type=FILE)
@click.argument("plan_file", required=False, type=FILE)
@json_option
@teaching_errors
def check(plan_json: Path, plan_file: Path | None, as_json: bool) -> int:
    """Recompute PLAN_JSON without a solver; with PLAN_FILE (TOML) also compare it with today's inputs."""
    import json

    from sro_coverage.check import check as find_broken_rules
    from sro_coverage.check import has_own_times
    from sro_coverage.report.text import plain

    solved = _read_plan(plan_json)
    read = _read_plan_file(plan_file)
    broken = find_broken_rules(solved, read.problem if read else None, times=_times_of(solved, read))
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
        click.echo("Bounds are the solver's word; only solving again proves them.")
        if read is None and not has_own_times(solved.problem):
            click.echo("Its travel times were taken as they stand in it; give the plan file to compute them again.")
    return BROKEN if broken else OK


@click.command("map")
@click.argument("plan_json", type=FILE)
@click.argument("plan_file", required=False, type=FILE)
@click.option("--out", type=FILE, help="HTML file to write; beside PLAN_JSON if not given.")
@_underlay
@teaching_errors
def draw_map(plan_json: Path, plan_file: Path | None, out: Path | None, underlay: Path | None) -> int:
    """Draw PLAN_JSON again as one HTML file that needs no network; with PLAN_FILE (TOML) along its roads."""
    from sro_coverage.check import check as find_broken_rules
    from sro_coverage.errors import DataError
    from sro_coverage.report.files import write_files
    from sro_coverage.report.page import render_map

    solved = _read_plan(plan_json)
    read = _read_plan_file(plan_file)
    times = _times_of(solved, read)
    broken = find_broken_rules(solved, read.problem if read else None, times=times)
    issues = [issue.within(f"{plan_json.name}:") for issue in broken]
    base = underlay_of(underlay, issues)
    target = out or plan_json.with_suffix(".html")
    check_targets([target], [plan_json, *([underlay] if underlay else [])], issues)
    if issues:
        raise DataError(issues)
    (written,) = write_files(target.parent, {target.name: render_map(solved, **_drawn_under(solved, read, base))})
    click.echo(f"Written: {shown(written)}")
    return OK


@click.command()
@click.argument("plan_files", nargs=-1, required=True, type=FILE)
@teaching_errors
def validate(plan_files: tuple[Path, ...]) -> int:
    """Read PLAN_FILES (scenario files too) and their tables, say what is in them and everything that is wrong."""
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.report.text import console, render_validation
    from sro_coverage.scenario.file import read_plan_or_scenario

    issues: list[Issue] = []
    for path in plan_files:
        try:
            read = read_plan_or_scenario(path)
            console().print(render_validation(read.problem))
            _tell(read)
        except DataError as error:
            issues += error.issues
    if issues:
        raise DataError(issues)
    return OK
