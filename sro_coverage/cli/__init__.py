"""
The command line: one verb per task; parse, call, print.

Exit codes: 0 done; 1 a check found broken rules; 2 wrong input or usage; 3 a plan was written, but not every tier is
proven, or a table, but not every address has a point; 4 no plan exists or none was found; 130 ended by Ctrl-C before
there was a plan, or before a sweep was done.
"""

from __future__ import annotations

import click

from sro_coverage.cli.absences_command import absences
from sro_coverage.cli.allocate_command import allocate
from sro_coverage.cli.compare_command import compare
from sro_coverage.cli.explain_command import backbone, explain
from sro_coverage.cli.frontier_command import frontier
from sro_coverage.cli.geocode_command import geocode
from sro_coverage.cli.import_command import import_
from sro_coverage.cli.mandate_command import mandates
from sro_coverage.cli.plan_commands import check, draw_map, plan, validate
from sro_coverage.cli.statewide_command import statewide
from sro_coverage.cli.sweep_command import sweep
from sro_coverage.cli.template_command import template
from sro_coverage.cli.travel_command import travel


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="sro_coverage")
def main() -> None:
    """Plan which school resource officer is based where, and who shares which other campus."""


for command in (
    plan,
    check,
    draw_map,
    validate,
    travel,
    import_,
    geocode,
    template,
    mandates,
    compare,
    sweep,
    statewide,
    allocate,
    explain,
    backbone,
    frontier,
    absences,
):
    main.add_command(command)
