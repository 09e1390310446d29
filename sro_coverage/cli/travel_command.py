"""The command ``travel``: where travel times come from, and what they change."""

from __future__ import annotations

from pathlib import Path

import click

from sro_coverage.cli.manners import FILE, NO_PLAN, OK, json_option, teaching_errors


@click.command()
@click.argument("plan_file", type=FILE)
@click.option("--compare", is_flag=True, help="Solve with the default straight line too, and show what differs.")
@json_option
@teaching_errors
def travel(plan_file: Path, compare: bool, as_json: bool) -> int:
    """Compute, store and describe the travel times of PLAN_FILE (TOML)."""
    import json

    from sro_coverage.planner import solve
    from sro_coverage.problem import StraightLine
    from sro_coverage.report.text import console
    from sro_coverage.report.travel import changed_campuses, differences, render_comparison, render_travel
    from sro_coverage.scenario.file import read_plan_or_scenario
    from sro_coverage.travel import travel_times

    read = read_plan_or_scenario(plan_file)
    times = travel_times(read.problem, read.folder)
    straight_problem = read.problem.replace(travel=StraightLine())
    rows = differences(read.problem, times, travel_times(straight_problem)) if compare else []
    plans = (solve(read.problem, times=times), solve(straight_problem)) if compare else None
    if as_json:
        content = {"source": times.source, "notes": times.notes, "pairs": len(times.out_s)}
        if plans:
            statuses = {"status": plans[0].status, "straight_status": plans[1].status}
            content |= statuses | {"differences": rows, "changed_campuses": changed_campuses(*plans)}
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
    else:
        console().print(render_travel(read.problem, times))
        if plans:
            console().print(render_comparison(*plans, rows))
    return NO_PLAN if plans and not plans[0].has_beats else OK
