"""A rule pack: one published standard as data, with its source and its date."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem import LEVELS, Level, Value
from sro_coverage.problem.value import Identifier, Note, Text, quote
from sro_coverage.read.table import read_text

Kind = Literal["law", "cost note", "grant", "recommendation", "attributed ratio"]

K12: tuple[Level, ...] = tuple(level for level in LEVELS if level not in ("adult", "preschool"))
"""Levels that a term counts if it names none."""


def _dated(value: object) -> object:
    text = value.isoformat() if isinstance(value, date) else value
    for form in ("%Y-%m-%d", "%Y-%m", "%Y") if isinstance(text, str) else ():
        try:
            datetime.strptime(str(text).strip(), form)
        except ValueError:
            continue
        return text
    raise ValueError("a date in quotes, as exact as the source is: 2023-09-01, 2023-09 or 2023")


def _said(text: str) -> str:
    if not text:
        raise ValueError("a text that is not empty")
    return text


Date = Annotated[str, BeforeValidator(_dated)]
Words = Annotated[Note, AfterValidator(_said)]


class Term(Value):
    """
    One machine rule: an officer for every so many campuses, sites or students of some levels, rounded up.

    Parameters
    ----------
    who
        What the standard calls the person.
    of, per
        What is counted, and how many of it for each officer. Campuses with the same `site` are one site.
    levels
        Which campuses count.
    counts
        ``apart`` if somebody who is no officer may hold the post: it is shown, and is no part of the need.
    """

    who: Text
    of: Literal["campuses", "sites", "students"] = "campuses"
    per: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    levels: Annotated[tuple[Level, ...], Field(min_length=1)] = K12
    counts: Literal["need", "apart"] = "need"


class Pack(Value):
    """
    A standard: who published it and when, in words and as rules.

    Parameters
    ----------
    state
        Where it speaks; empty if no state stands behind it.
    source, published
        What was cited, and the address or publication where it was read.
    as_of
        Date of that text, as exact as the source gives it.
    standard
        What it asks for, in our own words.
    counting
        What we had to decide to count it: levels, sites, who may stand there.
    cost_cap
        Most that it pays for an officer a year, US dollars.
    term
        The machine rules; their needs add up. For a grant they are the most officers that it pays for.
    """

    id: Identifier
    title: Text
    kind: Kind
    source: Words
    published: Words
    as_of: Date
    standard: Words
    counting: Words
    state: Text | None = None
    cost_cap: Annotated[float, Field(gt=0, le=10_000_000)] | None = None
    term: Annotated[tuple[Term, ...], Field(min_length=1)]

    @property
    def levels(self) -> frozenset[Level]:
        """Every level that some term counts."""
        return frozenset(level for term in self.term for level in term.levels)


def read_packs(paths: Iterable[str | Path] = (), *, only: Iterable[str] = ()) -> tuple[Pack, ...]:
    """
    Read the packs of this package, sorted by id, and then the user's own.

    Parameters
    ----------
    paths
        TOML files, one pack each.
    only
        Ids to keep; none keeps all.

    Raises
    ------
    DataError
        If a pack lacks its source or date, or is wrong in another way: file, key and what was expected.
    """
    issues: list[Issue] = []
    packs: dict[str, Pack] = {}
    bundled = sorted(files(__package__).joinpath("packs").iterdir(), key=lambda item: item.name)
    texts = [(item.name, item.read_text(encoding="utf-8")) for item in bundled if item.name.endswith(".toml")]
    for path in map(Path, paths):
        try:
            texts.append((path.name, read_text(path)))
        except DataError as error:
            issues += error.issues
    for file, text in texts:
        try:
            pack = Pack(**_toml(text))
        except DataError as error:
            issues += [issue.within(f"{file}:") for issue in error.issues]
            continue
        if pack.id in packs:
            issues.append(Issue(f"{file}: id", f"{quote(pack.id)} is another pack's", "an id of its own"))
        packs[pack.id] = pack
    wanted = tuple(only)
    if not issues:  # a pack that could not be read may be the one that is wanted
        unknown = [name for name in wanted if name not in packs]
        issues += [Issue("--only", quote(name), f"one of {', '.join(packs)}") for name in unknown]
    if issues:
        raise DataError(issues)
    return tuple(pack for pack in packs.values() if not wanted or pack.id in wanted)


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError([Issue("the file", f"not TOML: {error}", "a rule pack as in docs/mandates.md")]) from None
