"""The command ``template``: an empty workbook to fill in."""

from __future__ import annotations

from pathlib import Path

import click

from sro_coverage.cli.manners import FILE, OK, check_targets, shown, teaching_errors


@click.command()
@click.argument("workbook", type=FILE, default="agency.xlsx")
@teaching_errors
def template(workbook: Path) -> int:
    """Write an empty WORKBOOK (XLSX) for campuses, officers and the current plan, with notes."""
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.report.files import write_files
    from sro_coverage.report.template import template_workbook

    issues: list[Issue] = []
    check_targets([workbook], [], issues)
    if workbook.suffix.lower() != ".xlsx":
        issues.append(Issue(str(workbook), "not named as an Excel workbook", "a name that ends with .xlsx"))
    if workbook.exists():
        issues.append(Issue(str(workbook), "is there already", "a new name; nothing is overwritten"))
    if issues:
        raise DataError(issues)
    (written,) = write_files(workbook.parent, {workbook.name: template_workbook()})
    click.echo(f"Written: {shown(written)}")
    return OK
