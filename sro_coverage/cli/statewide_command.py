"""The command ``statewide``: a plan for every agency of a table, in parallel, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    underlay_of,
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
    from sro_coverage.statewide.statewide import StatewideResult

CSV = "agencies.csv"


@click.command()
@click.argument("state_file", type=FILE)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for index.html, agencies.csv, maps/ and runs/; maps/statewide/NAME if not given.",
)
@jobs_option
@cluster_option
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.1),
    help="Seconds of search for each agency, in place of the state file's.",
)
@retry_failed_option
@click.option("--underlay", type=FILE, help="GeoJSON to draw under the state map: county limits, main roads.")
@teaching_errors
def statewide(
    state_file: Path,
    out: Path | None,
    jobs: int | None,
    cluster: str | None,
    time_limit: float | None,
    retry_failed: bool,
    underlay: Path | None,
) -> int:
    """
    Plan every agency of STATE_FILE (TOML): a table of agencies, their campuses and the policy that all share.

    Finished plans are kept as they come; ended at any moment, the same command goes on with the rest.
    Exit code 3: a plan is not proven; 4: an agency failed or has no plan; 130: ended before all were done.
    """
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.report.statewide_pages import PAGE, AgencyPages
    from sro_coverage.report.statewide_text import render_statewide_text
    from sro_coverage.report.text import console, plain
    from sro_coverage.statewide.state_file import read_state
    from sro_coverage.statewide.statewide import statewide as plan_all

    issues: list[Issue] = list(executor_issues(jobs, cluster))
    folder = out or Path("maps/statewide") / state_file.stem
    try:
        state = read_state(state_file)
        targets = [folder / name for name in (PAGE, CSV, "runs/run.json", "maps/map.html", "views/view.json")]
        check_targets(targets, [*state.paths, *([underlay] if underlay else [])], issues)
    except DataError as error:
        issues += error.issues
    base = underlay_of(underlay, issues)
    if issues:
        raise DataError(issues)
    with progress_of_runs() as watch:
        result = plan_all(
            state,
            folder,
            executor=executor_of(jobs, cluster),
            retry_failed=retry_failed,
            time_limit_s=time_limit,
            draw=AgencyPages(),
            watch=watch,
        )
    written = _write(result, folder, base)
    console().print(render_statewide_text(result))
    click.echo(f"Written: {', '.join(map(shown, written))}, and each agency's map in {shown(folder / 'maps')}")
    for remark in result.remarks:
        click.echo(plain(remark), err=True)
    if result.left:
        total = len(result.outcomes)
        click.echo(f"{result.left:,} of {total:,} agencies left; the same command goes on with them.", err=True)
    return _verdict(result)


def _write(result: StatewideResult, folder: Path, underlay: Any) -> list[Path]:
    from sro_coverage.report.files import write_files
    from sro_coverage.report.state_page import render_state
    from sro_coverage.report.statewide_pages import PAGE, state_view
    from sro_coverage.statewide.table import table_of

    page = render_state(state_view(result), underlay=underlay)
    return write_files(folder, {PAGE: page, CSV: table_of(result).to_csv()})


def _verdict(result: StatewideResult) -> int:
    if result.left:
        return ABORTED
    if any(outcome.is_without_plan for outcome in result.outcomes):
        return NO_PLAN
    return OK if all(outcome.proven for outcome in result.outcomes) else NOT_PROVEN
