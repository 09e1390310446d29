"""The command ``absences``: the absence book."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

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
    from sro_coverage.explain.absence import AbsenceBook
    from sro_coverage.explain.base import Base
    from sro_coverage.plan import Plan

ENDINGS = (".html", ".csv", ".json")


@click.command()
@click.argument("file", type=FILE)
@click.option("--pairs", is_flag=True, help="Also for every two officers who are out together.")
@out_option("NAME-absences.html, .csv and .json")
@time_limit_option("Seconds of search for the plan, and for each answer.")
@json_option
@teaching_errors
def absences(file: Path, pairs: bool, out: Path, time_limit: float, as_json: bool) -> int:
    """
    Say who is missed when an officer of FILE (plan file or scenario) is out, and who stands in.

    For each officer: what is lost, what the others can take on without moving, and the fewest who must move
    for the best that can be made of it; and the plan that loses least when any one officer is out.
    """
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.explain.base import Base
    from sro_coverage.model.solution import SolveParams
    from sro_coverage.progress import solve_with_progress
    from sro_coverage.report.absence_page import render_absence_page
    from sro_coverage.report.absence_text import absences_csv, render_absences
    from sro_coverage.report.files import write_files
    from sro_coverage.report.text import console, plain
    from sro_coverage.scenario.file import read_plan_or_scenario
    from sro_coverage.travel import travel_times

    issues: list[Issue] = []
    read = read_plan_or_scenario(file)
    names = [f"{file.stem}-absences{ending}" for ending in ENDINGS]
    check_targets([out / name for name in names], read.paths, issues)
    if issues:
        raise DataError(issues)
    params = SolveParams(time_limit_s=time_limit)
    plan = solve_with_progress(read, params, console(stderr=True))
    if any(tier.stopped == "interrupted" for tier in plan.tiers):
        raise KeyboardInterrupt
    for remark in read.remarks:
        click.echo(plain(remark), err=True)
    if not plan.has_beats:
        return _without_plan(plan)
    book = _asked(Base(plan, travel_times(read.problem, read.folder), params, read.folder), pairs=pairs)
    texts = (render_absence_page(book), absences_csv(book), book.to_json())
    files = write_files(out, dict(zip(names, texts, strict=True)))
    if as_json:
        click.echo(texts[-1], nl=False)
    else:
        console().print(render_absences(book))
    click.echo("Written: " + ", ".join(map(shown, files)), err=as_json)
    if not book.is_proven:
        click.echo("Not every answer is proven: out of time; --time-limit gives more.", err=True)
    return OK if book.is_proven else NOT_PROVEN


def _asked(base: Base, *, pairs: bool) -> AbsenceBook:
    """Make the book in another thread, so that this one can show how far it is and hear Ctrl-C."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from sro_coverage.explain.absence import absence_book
    from sro_coverage.model.solution import StopSignal
    from sro_coverage.report.text import console, plain

    stop = StopSignal()
    screen = console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with (
        Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar,
        ThreadPoolExecutor(max_workers=1) as pool,
    ):
        task = bar.add_task("", total=None)

        def watch(done: int, total: int, part: str) -> None:
            if stop.requested:
                raise KeyboardInterrupt
            bar.update(task, completed=done, total=total, description=plain(part))

        future = pool.submit(absence_book, base, pairs=pairs, watch=watch, stop=stop)
        try:
            while not future.done():
                wait([future], timeout=0.1)
        finally:
            while not future.done():
                stop.request()  # again and again: a search that had only just begun may have missed it
                wait([future], timeout=0.1)
        return future.result()


def _without_plan(plan: Plan) -> int:
    from sro_coverage.report.text import plain

    click.echo(f"{plan.status}: {plain(plan.explanation)}", err=True)
    return NO_PLAN
