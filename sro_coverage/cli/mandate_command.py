"""The command ``mandates``: how far an agency is from published standards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sro_coverage.cli.manners import FILE, OK, check_targets, json_option, shown, teaching_errors

if TYPE_CHECKING:
    from sro_coverage.mandate import Pack
    from sro_coverage.plan import Plan
    from sro_coverage.problem import Campus
    from sro_coverage.read import Read


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--pack", "pack_files", multiple=True, type=FILE, help="Your own rule pack (TOML) beside the bundled ones."
)
@click.option("--only", multiple=True, metavar="ID", help="Show only this pack; may be given again.")
@click.option("--officers", type=click.IntRange(0, 100_000), help="Officers there are, for a campus table.")
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
    """
    Show how far FILE is from published standards; not legal advice.

    FILE is a plan file, a scenario file, a plan (JSON, as `plan` writes it) or a campus table.
    """
    from sro_coverage.cli.plan_commands import _tell
    from sro_coverage.mandate import lens
    from sro_coverage.plan import Plan
    from sro_coverage.read import Read
    from sro_coverage.report.files import write_files
    from sro_coverage.report.mandate_text import campuses_csv, distances_json, render_distances
    from sro_coverage.report.text import console

    subject, packs = _read(file, pack_files, only, officers, csv_file)
    of = subject.problem if isinstance(subject, Read) else subject
    distances = lens(of, packs, have=officers, cost_per_officer=cost_per_officer)
    if csv_file:
        write_files(csv_file.parent, {csv_file.name: campuses_csv(distances)})
    if as_json:
        click.echo(distances_json(distances), nl=False)
    else:
        title = subject.problem.title if isinstance(subject, Plan | Read) else file.stem
        console().print(render_distances(title, distances))
    if isinstance(subject, Read):
        _tell(subject)
    if csv_file:
        click.echo(f"Written: {shown(csv_file)}", err=as_json)
    return OK


def _read(
    file: Path, pack_files: tuple[Path, ...], only: tuple[str, ...], officers: int | None, csv_file: Path | None
) -> tuple[Plan | Read | tuple[Campus, ...], tuple[Pack, ...]]:
    """Read the subject and the packs, and tell everything that is wrong with either and with the options."""
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.mandate import read_packs, read_subject

    issues: list[Any] = []
    packs: tuple[Pack, ...] = ()
    subject: Plan | Read | tuple[Campus, ...] = ()
    try:
        packs = read_packs(pack_files, only=only)
    except DataError as error:
        issues += error.issues
    try:
        subject = read_subject(file)
    except DataError as error:
        issues += error.issues
    if officers is not None and not isinstance(subject, tuple):
        there = f"{officers:,}, but {file.name} has {len(subject.problem.officers):,} of its own"
        issues.append(Issue("--officers", there, "a campus table with it, or a scenario with another number"))
    inputs = [file, *pack_files, *getattr(subject, "paths", ())]
    check_targets([csv_file] if csv_file else [], inputs, issues)
    if issues:
        raise DataError(issues)
    return subject, packs
