"""The verb ``geocode``: say what would be sent, or send it and write the table with its points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sro_coverage.cli.manners import BAD_INPUT, FILE, OK, check_targets, shown, teaching_errors

if TYPE_CHECKING:
    from sro_coverage.read.geocode import AddressTable, Answer, Cache, Filled, Outcome, Service

PROVIDERS = ("census", "nominatim", "photon")
SHOWN_ADDRESSES = 5
SHOWN_REMARKS = 50
CACHE = ".geocode-cache.sqlite"

NOT_ALL = 3


@click.command()
@click.argument("table", type=FILE)
@click.option("--provider", type=click.Choice(PROVIDERS), help="Who gets the addresses; without it nothing is sent.")
@click.option("--out", type=FILE, help="CSV file to write; TABLE's name with _geocoded, beside it, if not given.")
@click.option("--server", metavar="URL", help="Another server of that provider, such as your own.")
@click.option("--user-agent", metavar="TEXT", help="Who asks, with a contact; public Nominatim demands it.")
@click.option(
    "--delay",
    type=click.FloatRange(min=0, max=3600),
    default=1.0,
    show_default=True,
    help="Seconds between requests.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1, max=600),
    default=10.0,
    show_default=True,
    help="Seconds to wait for an answer.",
)
@teaching_errors
def geocode(
    table: Path,
    provider: str | None,
    out: Path | None,
    server: str | None,
    user_agent: str | None,
    delay: float,
    timeout: float,
) -> int:
    """
    Find points for the rows of TABLE (CSV or XLSX) that have an address and no lat and lon.

    Only addresses are sent. Answers are kept in .geocode-cache.sqlite beside the output, so that a run
    that was stopped goes on where it was. Exit code 3: written, but rows with an address are left without
    a point.
    """
    from sro_coverage.read.geocode import Asker, Cache, fill, read_addresses, service
    from sro_coverage.report.files import write_files

    asked = read_addresses(table)
    if provider is None:
        return _only_tell(table, asked)
    target = out or table.with_name(f"{table.stem}_geocoded.csv")
    _check_target(target, table)
    chosen = service(provider, server=server, delay_s=delay, timeout_s=timeout, user_agent=user_agent)
    target.parent.mkdir(parents=True, exist_ok=True)
    cache = Cache(target.parent / CACHE, chosen)
    known = {address: answer for address in asked.to_ask if (answer := cache.find(address))}
    todo = [address for address in asked.to_ask if address not in known]
    _check_number(chosen, len(todo))
    click.echo(f"{_number(len(todo), 'address')} to ask {chosen.server}, {len(known):,} known from before.", err=True)
    outcome = _gather(todo, known, Asker(chosen), cache)
    filled = fill(asked, outcome, provider)
    (written,) = write_files(target.parent, {target.name: filled.csv})
    _tell(outcome, filled, num_left=len(asked.to_ask) - len(outcome.answers) - len(outcome.failures))
    click.echo(f"Written: {shown(written)}")
    return NOT_ALL if filled.num_without or outcome.stopped else OK


def _only_tell(table: Path, asked: AddressTable) -> int:
    count = len(asked.to_ask)
    click.echo(f"{shown(table.name)}: {_number(count, 'address')} without a point. Nothing was sent.", err=True)
    for address in asked.to_ask[:SHOWN_ADDRESSES]:
        click.echo(f"  {_plain(address)}", err=True)
    if count > SHOWN_ADDRESSES:
        click.echo(f"  … and {count - SHOWN_ADDRESSES:,} more", err=True)
    click.echo(f"Choose who gets them: --provider {', '.join(PROVIDERS[:-1])} or {PROVIDERS[-1]}.", err=True)
    return BAD_INPUT


def _check_target(target: Path, table: Path) -> None:
    from sro_coverage.errors import DataError, Issue

    issues: list[Issue] = []
    if target.suffix.lower() != ".csv":
        issues.append(Issue(str(target), f"a {target.suffix or 'nameless'} ending", "a file ending in .csv"))
    check_targets([target], [table], issues)
    if issues:
        raise DataError(issues)


def _check_number(chosen: Service, count: int) -> None:
    from sro_coverage.errors import DataError, Issue

    most = chosen.provider.max_addresses
    if chosen.is_public and most is not None and count > most:
        expected = f"at most {most:,} for this public server; take census, or your own server with --server"
        raise DataError([Issue("--provider " + chosen.provider.name, f"{count:,} addresses", expected)])


def _gather(todo: list[str], known: dict[str, Answer], ask: Any, cache: Cache) -> Outcome:
    """Ask with a bar on the terminal; what was known joins the answers."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from sro_coverage.read.geocode import gather
    from sro_coverage.report.text import console

    screen = console(stderr=True)
    columns = (
        TextColumn("Geocoding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("", total=len(todo), failed=0)

        def watch(num_answers: int, num_failures: int) -> None:
            bar.update(task, completed=num_answers + num_failures, failed=num_failures)

        outcome = gather(todo, ask=ask, cache=cache, today=datetime.now(UTC).date().isoformat(), watch=watch)
    return replace(outcome, answers=known | dict(outcome.answers))


def _tell(outcome: Outcome, filled: Filled, *, num_left: int) -> None:
    if outcome.stopped:
        left = f"{_number(num_left, 'address')} left; the same command goes on from here."
        click.echo(f"Ended early ({_plain(outcome.stopped)}): {left}", err=True)
    got = filled.num_medium + filled.num_low
    click.echo(f"{_number(got, 'new point')} ({filled.num_low:,} low), {_number(filled.num_without, 'row')} without.")
    for remark in filled.remarks[:SHOWN_REMARKS]:
        click.echo(f"  {_plain(remark)}")
    if len(filled.remarks) > SHOWN_REMARKS:
        click.echo(f"  … and {len(filled.remarks) - SHOWN_REMARKS:,} more")


def _number(count: int, what: str) -> str:
    plural = "" if count == 1 else "es" if what.endswith("s") else "s"
    return f"{count:,} {what}{plural}"


def _plain(text: str) -> str:
    from sro_coverage.report.text import plain

    return plain(text)
