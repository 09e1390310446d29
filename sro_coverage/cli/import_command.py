"""The command that makes a campus table of public school files."""

from __future__ import annotations

import gc
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sro_coverage.cli.manners import FILE, OK, check_targets, shown, teaching_errors

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sro_coverage.read.public import Doubt, FileReport, ImportReport

SHOWN = 8  # of each kind of remark on the terminal; the JSON report has all


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--out", type=FILE, default="campuses.csv", show_default=True, help="Campus table to write.")
@click.option("--force", is_flag=True, help="Overwrite --out and --report if they exist.")
@click.option(
    "--where",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="Keep only schools with this value in a column of the output, such as district='Dinuba Unified'; "
    "several values of one column are alternatives.",
)
@click.option(
    "--level",
    "levels",
    multiple=True,
    metavar="TEXT=LEVEL",
    help="What to make of a level, kind or grade span of the files, such as other=alternative.",
)
@click.option("--report", type=FILE, help="Also write everything taken, left out and doubted as JSON.")
@teaching_errors
def import_(
    files: tuple[Path, ...],
    out: Path,
    force: bool,
    where: tuple[str, ...],
    levels: tuple[str, ...],
    report: Path | None,
) -> int:
    """Make a campus table of public school FILES: NCES, CDE, CRDC, AskTED, CSV, XLSX, GeoJSON, KML."""
    from sro_coverage.errors import DataError
    from sro_coverage.read.public import import_public
    from sro_coverage.report.files import write_files
    from sro_coverage.report.text import console

    issues: list[Any] = []
    asked = _pairs("--where", where, issues)
    given = _levels(levels, issues)
    targets = [path for path in (out, report) if path is not None]
    check_targets(targets, files, issues)
    issues += _standing(targets, force=force)
    if issues:
        raise DataError(issues)
    gc.disable()  # hundreds of thousands of small values, none of them garbage: looking costs a quarter of the time
    try:
        imported = import_public(files, where=asked, levels=given)
    finally:
        gc.enable()
    contents = {out: imported.to_csv()}
    if report is not None:
        contents[report] = json.dumps(imported.report.as_json(), ensure_ascii=False, indent=1) + "\n"
    written = _write(contents, write_files)
    console().print(*_render(imported.report), sep="\n")
    click.echo("Written: " + ", ".join(map(shown, written)))
    return OK


def _write(contents: dict[Path, str], write_files: Any) -> list[Path]:
    """Write the files of each folder together; nothing is written before all of it is known."""
    folders: dict[Path, dict[str, str]] = defaultdict(dict)
    for path, text in contents.items():
        folders[path.parent][path.name] = text
    return [path for folder, texts in folders.items() for path in write_files(folder, texts)]


def _pairs(option: str, texts: Iterable[str], issues: list[Any]) -> dict[str, list[str]]:
    from sro_coverage.errors import Issue
    from sro_coverage.problem.value import quote

    pairs: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        name, is_pair, value = (part.strip() for part in text.partition("="))
        if not (name and is_pair and value):
            issues.append(Issue(option, quote(text), "two texts with = between them"))
        pairs[name].append(value)
    return dict(pairs)


def _levels(texts: Iterable[str], issues: list[Any]) -> dict[str, Any]:
    from sro_coverage.errors import Issue
    from sro_coverage.problem import LEVELS
    from sro_coverage.problem.value import quote

    given = {name: values[-1] for name, values in _pairs("--level", texts, issues).items()}
    for name, level in given.items():
        if level and level not in LEVELS:
            issues.append(Issue(f"--level {name}", quote(level), f"one of {', '.join(LEVELS)}"))
    return given


def _standing(targets: list[Path], *, force: bool) -> Iterator[Any]:
    """Refuse to overwrite what is there, and to write two things into one file."""
    from sro_coverage.errors import Issue

    for path in targets:
        if path.exists() and not force:
            yield Issue(str(path), "exists", "another name, or --force to overwrite it")
    if len({path.resolve() for path in targets}) < len(targets):
        yield Issue("--report", "the same file as --out", "another name")


def _render(report: ImportReport) -> Iterator[RenderableType]:
    """Lay out the report: the files, what was written, and what a person should look at."""
    from rich.text import Text

    for file in report.files:
        yield from _file(file)
    yield Text(
        f"{_count(report.campuses, 'campus', 'campuses')} with {report.students:,} students: "
        f"{report.with_point:,} with a point, {report.with_enrollment:,} with an enrollment.",
        style="bold",
    )
    yield Text("  " + ", ".join(f"{level} {count:,}" for level, count in report.levels.items()))
    if report.filtered_out:
        yield Text(f"  {_count(report.filtered_out, 'other school', 'other schools')} left out by --where.")
    yield from _listed("Left out, level not known; --level TEXT=LEVEL takes them in", report.level_unknown)
    proposals = [f"{site.because}, {site.site}: {', '.join(site.schools)}" for site in report.sites]
    yield from _list("Proposed as one site (column site): check, or empty the cell", proposals)
    kinds: dict[str, list[Doubt]] = defaultdict(list)
    for doubt in report.doubts:
        kinds[doubt.kind].append(doubt)
    for kind, doubts in kinds.items():
        yield from _listed(f"Doubtful: {kind}", doubts)


def _file(file: FileReport) -> Iterator[RenderableType]:
    from rich.text import Text

    from sro_coverage.report.text import plain

    yield Text(plain(f"{file.file}: {file.format} ({file.kind})"), style="bold")
    taken = f"  {file.taken:,} of {_count(file.rows, 'row', 'rows')} taken"
    yield Text(taken + (f", {file.not_joined:,} of them belong to no school here" if file.not_joined else ""))
    yield Text(plain("  Columns: " + ", ".join(f"{name} from {column}" for name, column in file.columns.items())))
    if file.unused:
        shown = ", ".join(file.unused[:SHOWN]) + (f" and {len(file.unused) - SHOWN} more" * (len(file.unused) > SHOWN))
        yield Text(plain(f"  Not used: {shown}"))
    for remark in file.remarks:
        yield Text(plain(f"  {remark}"))
    for reason, count in Counter(file.left_out).most_common():
        yield Text(plain(f"  {_count(count, 'row', 'rows')} left out: {reason}"))
    yield from _list("  Rows left out because they cannot be read", map(str, file.bad_rows))
    yield from _list("  Values left out because they cannot be read", map(str, file.bad_values))


def _listed(title: str, doubts: Iterable[Doubt]) -> Iterator[RenderableType]:
    yield from _list(title, (f"{doubt.where}: {doubt.found}" for doubt in doubts))


def _list(title: str, lines: Iterable[str]) -> Iterator[RenderableType]:
    from rich.text import Text

    from sro_coverage.report.text import plain

    texts = list(lines)
    if texts:
        yield Text(f"{title} ({len(texts):,}):")
        indent = " " * (len(title) - len(title.lstrip()) + 2)
        yield from (Text(indent + plain(text)) for text in texts[:SHOWN])
        if len(texts) > SHOWN:
            yield Text(f"{indent}… and {len(texts) - SHOWN:,} more, all in the --report file")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
