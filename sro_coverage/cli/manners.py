"""What all commands share: exit codes, options, and errors that teach."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import click

OK, BROKEN, BAD_INPUT, NOT_PROVEN, NO_PLAN, ABORTED = 0, 1, 2, 3, 4, 130

SHOWN_ISSUES = 50

FILE = click.Path(path_type=Path, dir_okay=False)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
seed_option = click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Parallel searches; one gives the same plan every time.",
)


def _gap(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> Any:
    from sro_coverage.errors import DataError
    from sro_coverage.model.solution import Gap

    asked: dict[str, Any] = {}
    for text in texts:
        tier, sign, share = text.partition("=")
        if not sign or not tier or tier in asked:
            found = f"{shown(tier)} a second time" if tier in asked else repr(shown(text))
            raise click.BadParameter(f"{found}; expected TIER=SHARE, such as travel=0.005, once for a tier")
        asked[tier] = share
    try:
        return Gap(**asked)
    except DataError as error:
        raise click.BadParameter("; ".join(map(str, error.issues))) from None


gap_option = click.option(
    "--gap",
    multiple=True,
    metavar="TIER=SHARE",
    callback=_gap,
    help="Near enough to the proven bound, as travel=0.005: the search of this tier ends there. For each tier.",
)


def time_limit_option(meaning: str) -> Callable[[Any], Any]:
    """Give the option for seconds of search; `meaning` says of what."""
    return click.option("--time-limit", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help=meaning)


def out_option(files: str) -> Callable[[Any], Any]:
    """Give the option for the folder of the output; `files` names what goes there."""
    folder = click.Path(path_type=Path, file_okay=False)
    return click.option("--out", type=folder, default="maps", show_default=True, help=f"Folder for {files}.")


def teaching_errors(command: Callable[..., int]) -> Callable[..., NoReturn]:
    """Turn wrong input into a list on stderr and an exit code."""

    @functools.wraps(command)
    def run(**arguments: Any) -> NoReturn:
        from sro_coverage.errors import DataError, MissingExtraError

        try:
            sys.exit(command(**arguments))
        except DataError as error:
            _complain(error)
        except MissingExtraError as error:
            click.echo(str(error), err=True)
        except BrokenPipeError:
            raise  # the reader has seen enough; click ends quietly
        except OSError as error:
            click.echo(f"{shown(error.filename or 'file')}: {error.strerror or error}", err=True)
        except KeyboardInterrupt:
            click.echo("Stopped by you; nothing was written.", err=True)
            sys.exit(ABORTED)
        sys.exit(BAD_INPUT)

    return run


def _complain(error: Any) -> None:
    from sro_coverage.report.text import plain

    issues = tuple(dict.fromkeys(error.issues))  # two plan files may share a wrong table
    click.echo(f"{len(issues):,} problem{'s' * (len(issues) != 1)} found, nothing was written:", err=True)
    for issue in issues[:SHOWN_ISSUES]:
        click.echo(f"  {plain(str(issue))}", err=True)
    if len(issues) > SHOWN_ISSUES:
        click.echo(f"  … and {len(issues) - SHOWN_ISSUES:,} more", err=True)


def shown(path: str | Path) -> str:
    """Write a path without what a terminal would obey."""
    from sro_coverage.report.text import plain

    return plain(click.format_filename(path))


def check_targets(targets: Iterable[Path], inputs: Iterable[Path], issues: list[Any]) -> None:
    """Find out before a long search, not after it, that its files cannot be written or would destroy an input."""
    from sro_coverage.errors import Issue

    taken = {path.resolve() for path in inputs}
    folders, written = set(), set()
    for target in targets:
        place = target.resolve()
        folders.add(next(folder for folder in place.parents if folder.exists()))
        if place in taken:
            issues.append(Issue(str(target), "would overwrite an input of this run", "another file to write"))
        elif place in written:
            issues.append(Issue(str(target), "is named for two outputs", "a file for each"))
        elif place.exists() and not place.is_file():
            issues.append(Issue(str(target), "is a folder or a device", "a file to write"))
        written.add(place)
    for folder in sorted(folders):
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            issues.append(Issue(str(folder), "no files can be written there", "a folder where they can"))


def underlay_of(path: Path | None, issues: list[Any]) -> Any:
    """Read what is to be drawn beneath a map, if anything is; what is wrong with it goes to the issues."""
    from sro_coverage.errors import DataError

    if path is None:
        return None
    from sro_coverage.report.underlay import read_underlay

    try:
        return read_underlay(path)
    except DataError as error:
        issues += error.issues
        return None
