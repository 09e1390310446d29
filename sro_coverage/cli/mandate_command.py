"""The command ``mandates``: how far an agency is from published standards."""

from __future__ import annotations

from pathlib import Path

import click

from sro_coverage.cli.manners import FILE, OK, check_targets, json_option, shown, teaching_errors


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--pack", "pack_files", multiple=True, type=FILE, help="Your own rule pack (TOML) beside the bundled ones."
)
@click.option("--only", multiple=True, metavar="ID", help="Show only this pack; may be given again.")
@click.option("--officers", type=click.IntRange(0, 100_000), help="Officers there are, where FILE does not say it.")
@click.option(
    "--cost-per-officer",
    type=click.FloatRange(0, 10_000_000),
    help="A year; instead of the plan file's budget.",
)
@json_option
@click.option("--csv", "csv_file", type=FILE, help="Also write what each standard asks at each campus.")
@teaching_errors
def mandates(
    file: Path,
    pack_files: tuple[Path, ...],
    only: tuple[str, ...],
    officers: int | None,
    cost_per_officer: float | None,
    as_json: bool,
    csv_file: Path | None,
) -> int:
    """Show how far FILE (plan file, plan JSON or campus table) is from published standards; not legal advice."""
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.mandate import lens, read_packs, read_subject
    from sro_coverage.plan import Plan
    from sro_coverage.problem import Problem
    from sro_coverage.report.files import write_files
    from sro_coverage.report.mandate_text import campuses_csv, distances_json, render_distances
    from sro_coverage.report.text import console

    issues: list[Issue] = []
    check_targets([csv_file] if csv_file else [], [file, *pack_files], issues)
    if issues:
        raise DataError(issues)
    packs = read_packs(pack_files, only=only)
    subject = read_subject(file)
    distances = lens(subject, packs, have=officers, cost_per_officer=cost_per_officer)
    problem = subject.problem if isinstance(subject, Plan) else subject
    if csv_file:
        write_files(csv_file.parent, {csv_file.name: campuses_csv(distances)})
    if as_json:
        click.echo(distances_json(distances), nl=False)
    else:
        console().print(render_distances(problem.title if isinstance(problem, Problem) else file.stem, distances))
    if csv_file:
        click.echo(f"Written: {shown(csv_file)}", err=as_json)
    return OK
