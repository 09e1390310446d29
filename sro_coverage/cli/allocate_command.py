"""The command ``allocate``: which agency of a state gets how many funded officers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sro_coverage.cli.manners import (
    ABORTED,
    FILE,
    NO_PLAN,
    NOT_PROVEN,
    OK,
    check_targets,
    shown,
    teaching_errors,
)
from sro_coverage.cli.runs import (
    cluster_option,
    executor_issues,
    executor_of,
    jobs_option,
    progress_of_runs,
    retry_failed_option,
)

if TYPE_CHECKING:
    from sro_coverage.statewide.allocate import Allocation

PAGE, CSV = "allocate.html", "allocate.csv"


@click.command()
@click.argument("state_file", type=FILE)
@click.option("--officers", type=click.IntRange(1, 20_000), required=True, help="Funded officers to share out.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for allocate.html, allocate.csv and runs/; maps/statewide/NAME if not given.",
)
@jobs_option
@cluster_option
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1),
    help="Seconds of search for each agency and number of officers, in place of the state file's.",
)
@retry_failed_option
@teaching_errors
def allocate(
    state_file: Path,
    officers: int,
    out: Path | None,
    jobs: int | None,
    cluster: str | None,
    time_limit: float | None,
    retry_failed: bool,
) -> int:
    """
    Share funded officers out among the agencies of STATE_FILE (TOML), so that the most students are covered.

    Solved numbers of officers are kept as they come; ended at any moment, the same command goes on with the rest.
    Exit code 3: it is not proven that no other way is better; 4: an agency could not be planned; 130: ended before
    the answer was there.
    """
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.report.allocate_page import render_allocation_page
    from sro_coverage.report.allocate_text import allocation_csv, render_allocation
    from sro_coverage.report.files import write_files
    from sro_coverage.report.text import console, plain
    from sro_coverage.statewide.allocate import allocate as share_out
    from sro_coverage.statewide.state_file import read_state

    issues: list[Issue] = list(executor_issues(jobs, cluster))
    folder = out or Path("maps/statewide") / state_file.stem
    try:
        state = read_state(state_file)
        check_targets([folder / name for name in (PAGE, CSV, "runs/run.json")], state.paths, issues)
    except DataError as error:
        issues += error.issues
    if issues:
        raise DataError(issues)
    with progress_of_runs() as watch:
        result = share_out(
            state,
            officers,
            folder,
            executor=executor_of(jobs, cluster),
            retry_failed=retry_failed,
            time_limit_s=time_limit,
            watch=watch,
        )
    if result.left:
        for remark in result.remarks:
            click.echo(plain(remark), err=True)
        kept = f"{result.num_runs:,} plan{'s are' if result.num_runs != 1 else ' is'} kept in {shown(folder / 'runs')}"
        click.echo(
            f"No answer yet: {kept}, at least {result.left:,} left; the same command goes on with them.", err=True
        )
        return ABORTED
    written = write_files(folder, {PAGE: render_allocation_page(result), CSV: allocation_csv(result)})
    console().print(render_allocation(result))
    click.echo(f"Written: {', '.join(map(shown, written))}, and each plan in {shown(folder / 'runs')}")
    return _verdict(result)


def _verdict(result: Allocation) -> int:
    if result.left_out:
        return NO_PLAN
    return OK if result.is_proven else NOT_PROVEN
