"""How far an agency is from each standard: officers asked for, officers there, and what each campus is given."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sro_coverage.errors import DataError, Issue
from sro_coverage.mandate.pack import Pack, Term
from sro_coverage.plan import Plan
from sro_coverage.problem import Campus, Level, Problem, Value

NOTICE = (
    "This is a distance from published standards, not legal advice. A law, cost note or grant of one state does not "
    "apply in another. Standards are told in our own words, as of the dates shown; read the text in force. "
    "A number of officers does not predict safety."
)
"""Stands on everything that shows a distance."""

_Site = tuple[bool, str]  # whether it has a name of its own, and that name or the campus's id
Given = Literal["based", "shared", "none"]
_GIVEN: dict[str, Given] = {"primary": "based", "shared": "shared"}  # on-call schedules nobody


class Ask(Value):
    """
    What a standard asks for at one campus, and what a plan gives there.

    Parameters
    ----------
    officers
        The campus's part of the officers, before rounding; zero if it does not count.
    asks
        The same in words.
    gives
        An officer based there, one who shares it, or none (on-call is none); empty without a plan.
    """

    campus: str
    name: str
    level: Level
    officers: float
    asks: str
    gives: Given | None = None


class Distance(Value):
    """
    An agency seen through one pack.

    Parameters
    ----------
    campuses, students
        On campuses of the levels that the pack counts; `unknown` of these campuses have no known enrollment.
    need
        Officers that the standard asks for; empty for a grant, which asks for nothing.
    apart
        Posts beside the need that somebody who is no officer may hold.
    have, gap
        Officers there are, and how many fewer than the need; empty if it is not known.
    pays_for
        Officers a grant would pay for at most: no more than there are, if that is known.
    cost_per_officer, cost
        A year; of the gap, or for a grant the most that it would pay. Empty if not known.
    currency
        Of both.
    asks
        Every campus of the table, in its order.
    """

    pack: Pack
    campuses: int
    students: int
    unknown: int
    need: int | None = None
    apart: int = 0
    have: int | None = None
    gap: int | None = None
    pays_for: int | None = None
    cost_per_officer: float | None = None
    cost: float | None = None
    currency: str = "USD"
    asks: tuple[Ask, ...]


def lens(
    of: Plan | Problem | Iterable[Campus],
    packs: Iterable[Pack],
    *,
    have: int | None = None,
    cost_per_officer: float | None = None,
) -> tuple[Distance, ...]:
    """
    Measure an agency's distance from each standard.

    Parameters
    ----------
    of
        A plan, a problem, or campuses alone. Every row counts by its level, planned or not.
    have
        Officers there are; a plan's or problem's own if not given.
    cost_per_officer
        A year; the problem's budget if not given, or else the pack's own cap. A grant keeps its cap.

    Raises
    ------
    DataError
        If the cost is not a number of zero or more.
    """
    if cost_per_officer is not None and not 0 <= cost_per_officer < math.inf:
        raise DataError([Issue("cost per officer", f"{cost_per_officer}", "an amount a year, 0 or more")])
    given: dict[str, Given] = {}
    currency = "USD"
    if isinstance(of, Plan):
        given = {row.campus: _GIVEN.get(row.state, "none") for row in of.campuses}
        of = of.problem
    if isinstance(of, Problem):
        have = len(of.officers) if have is None else have
        if of.budget:
            cost_per_officer = of.budget.cost_per_officer if cost_per_officer is None else cost_per_officer
            currency = of.budget.currency
        of = of.campuses
    campuses = tuple(of)
    return tuple(_distance(pack, campuses, given, have, cost_per_officer, currency) for pack in packs)


def _distance(
    pack: Pack,
    campuses: tuple[Campus, ...],
    given: Mapping[str, Given],
    have: int | None,
    cost_per_officer: float | None,
    currency: str,
) -> Distance:
    counted = [campus for campus in campuses if campus.level in pack.levels]
    need, apart = (
        sum(_posts(term, campuses) for term in pack.term if term.counts == part) for part in ("need", "apart")
    )
    neighbours = [Counter(_site(campus) for campus in campuses if campus.level in term.levels) for term in pack.term]
    facts: dict[str, Any] = {
        "pack": pack,
        "campuses": len(counted),
        "students": sum(campus.enrollment or 0 for campus in counted),
        "unknown": sum(campus.enrollment is None for campus in counted),
        "have": have,
        "asks": tuple(_ask(pack, campus, neighbours, given) for campus in campuses),
    }
    officers: int | None
    if pack.kind == "grant":
        officers = facts["pays_for"] = need if have is None else min(need, have)
        each, currency = pack.cost_cap, "USD"
    else:
        officers = None if have is None else max(0, need - have)
        facts |= {"need": need, "apart": apart, "gap": officers}
        if cost_per_officer is None:
            each, currency = pack.cost_cap, "USD"
        else:
            each = cost_per_officer
    cost = None if officers is None or each is None else officers * each
    return Distance(**facts, cost_per_officer=each, cost=cost, currency=currency)


def _posts(term: Term, campuses: Iterable[Campus]) -> int:
    """Officers that one term asks for: what it counts, divided and rounded up."""
    counted = [campus for campus in campuses if campus.level in term.levels]
    match term.of:
        case "campuses":
            amount = len(counted)
        case "sites":
            amount = len({_site(campus) for campus in counted})
        case "students":
            amount = sum(campus.enrollment or 0 for campus in counted)
    return -(-amount // term.per)


def _site(campus: Campus) -> _Site:
    return (True, campus.site) if campus.site else (False, campus.id)


def _ask(pack: Pack, campus: Campus, neighbours: Sequence[Counter[_Site]], given: Mapping[str, Given]) -> Ask:
    officers, words = 0.0, []
    for term, sites in zip(pack.term, neighbours, strict=True):
        if campus.level in term.levels:
            share, text = _part(term, campus, sites[_site(campus)])
            officers += share if term.counts == "need" else 0
            words.append(text)
    limit = "pays for at most " if pack.kind == "grant" else ""
    return Ask(
        campus=campus.id,
        name=campus.name,
        level=campus.level,
        officers=officers,
        asks=limit + "; ".join(words) if words else f"not counted ({campus.level.replace('_', ' ')})",
        gives=given.get(campus.id),
    )


def _part(term: Term, campus: Campus, num_on_site: int) -> tuple[float, str]:
    """One campus's part of a term, and the term in words."""
    match term.of:
        case "campuses":
            group = f" for {term.per:,} such campuses together" if term.per > 1 else ""
            return 1 / term.per, f"1 {term.who}{group}"
        case "sites":
            group = (
                f" for {term.per:,} such sites together" if term.per > 1 else " for the whole site" * (num_on_site > 1)
            )
            return 1 / num_on_site / term.per, f"1 {term.who}{group}"
        case "students":
            known = "" if campus.enrollment is not None else "; its enrollment is not known"
            return (campus.enrollment or 0) / term.per, f"1 {term.who} for {term.per:,} students{known}"
