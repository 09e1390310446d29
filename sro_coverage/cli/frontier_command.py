"""The command ``frontier``: what more or fewer officers would do."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
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
    out_option,
    shown,
    teaching_errors,
    time_limit_option,
)

if TYPE_CHECKING:
    from sro_coverage.explain.frontier import Frontier
    from sro_coverage.model.solution import SolveParams
    from sro_coverage.problem import Problem
    from sro_coverage.read import Read

ENDINGS = ("-frontier.png", "-frontier.svg", "-frontier.csv", "-frontier.json")
AROUND = 4


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--officers",
    metavar="FIRST:LAST",
    help=f"Numbers of officers, such as 8:16; from {AROUND} fewer to {AROUND} more than now if not given.",
)
@click.option(
    "--goal",
    "goals",
    multiple=True,
    metavar="TEXT",
    help='Find the smallest number that meets it: "based LEVELS", "covered LEVELS", "reached LEVELS", '
    '"reached all within MINUTES", "P% of students covered"; LEVELS is all, or levels with commas; secondary '
    "means high, middle and secondary. Several goals are to be met together.",
)
@out_option("NAME-frontier.png, .svg, .csv and .json")
@time_limit_option("Seconds of search for each number of officers.")
@json_option
@teaching_errors
def frontier(
    file: Path, officers: str | None, goals: tuple[str, ...], out: Path, time_limit: float, as_json: bool
) -> int:
    """
    Solve FILE (a plan or scenario file) for each number of officers: what the next officer buys, and how many
    a goal needs.

    Exit code 3: something is not proven; 4: no number has a plan, or none meets the goal.
    """
    from sro_coverage.errors import DataError
    from sro_coverage.explain.goals import parse_goal
    from sro_coverage.model.solution import SolveParams
    from sro_coverage.report.files import write_files
    from sro_coverage.report.frontier_chart import draw_frontier
    from sro_coverage.report.frontier_text import frontier_csv, frontier_json, render_frontier
    from sro_coverage.report.text import console, plain
    from sro_coverage.scenario.file import read_plan_or_scenario

    issues: list[Any] = []
    read = _told(issues, read_plan_or_scenario, file)
    numbers = _told(issues, _numbers, officers, read.problem if read else None)
    asked = [_told(issues, parse_goal, text) for text in goals]
    targets = [f"{file.stem}{ending}" for ending in ENDINGS]
    check_targets([out / name for name in targets], read.paths if read else [file], issues)
    if issues or read is None or numbers is None:
        raise DataError(issues)
    result = _search(read, numbers, asked, SolveParams(time_limit_s=time_limit))
    contents = (
        draw_frontier(result, "png"),
        draw_frontier(result, "svg"),
        frontier_csv(result),
        text := frontier_json(result),
    )
    files = write_files(out, dict(zip(targets, contents, strict=True)))
    if as_json:
        click.echo(text, nl=False)
    else:
        console().print(render_frontier(result))
    for remark in (*(f"Changed: {line}" for line in read.changed), *read.remarks):
        click.echo(plain(remark), err=True)
    click.echo("Written: " + ", ".join(map(shown, files)), err=as_json)
    return _verdict(result)


def _told(issues: list[Any], read: Callable[..., Any], *arguments: Any) -> Any:
    """Read one thing; what is wrong with it is told with all the rest."""
    from sro_coverage.errors import DataError

    try:
        return read(*arguments)
    except DataError as error:
        issues += error.issues
        return None


def _numbers(text: str | None, problem: Problem | None) -> range:
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.explain.frontier import MOST_NUMBERS
    from sro_coverage.problem.value import quote

    if text is None:
        now, most = (len(problem.officers), sum(site.rule.posts for site in problem.sites)) if problem else (1, 1)
        return range(max(1, now - AROUND), min(now + AROUND, most) + 1)
    match = re.fullmatch(r"([0-9]{1,6})(?::([0-9]{1,6}))?", text.strip())
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last < first + MOST_NUMBERS:
        expected = f"a number or FIRST:LAST, such as 8:16, from 1 on and at most {MOST_NUMBERS} numbers"
        raise DataError([Issue("--officers", quote(text), expected)])
    return range(first, last + 1)


def _search(read: Read, numbers: range, goals: list[Any], params: SolveParams) -> Frontier:
    """Search in another thread, so that this one can show a live line and hear Ctrl-C."""
    from concurrent.futures import ThreadPoolExecutor, wait

    from rich.live import Live
    from rich.text import Text

    from sro_coverage.explain.base import Base
    from sro_coverage.explain.frontier import frontier as search
    from sro_coverage.model.solution import StopSignal
    from sro_coverage.progress import solve_with_progress
    from sro_coverage.report.text import console, plain
    from sro_coverage.travel import travel_times

    screen, stop, news = console(stderr=True), StopSignal(), ["more or fewer officers"]
    plan = solve_with_progress(read, params, screen)
    if any(tier.stopped == "interrupted" for tier in plan.tiers):
        raise KeyboardInterrupt
    base = Base(plan, travel_times(read.problem, read.folder), params, read.folder)
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=1) as pool, Live(console=screen, transient=True, auto_refresh=False) as live:
        try:
            future = pool.submit(search, base, numbers, goals, watch=news.append, stop=stop)
            while not future.done():
                wait([future], timeout=0.1)
                if screen.is_terminal:
                    line = f"{plain(read.problem.title)}: {news[-1]}, {time.monotonic() - began:.1f} s"
                    live.update(Text(line, no_wrap=True), refresh=True)
            return future.result()
        finally:
            stop.request()


def _verdict(result: Frontier) -> int:
    smallest = result.smallest
    is_unmet = smallest is not None and smallest.officers is None and smallest.proven
    if is_unmet or not any(row.tiers for row in result.rows):
        return NO_PLAN
    return OK if result.proven else NOT_PROVEN
