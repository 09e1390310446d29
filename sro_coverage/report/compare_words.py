"""Words and numbers of a comparison, as the terminal and the page write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sro_coverage.plan import Tier
from sro_coverage.problem import TierName
from sro_coverage.report.wording import TIERS, amount, duration
from sro_coverage.scenario.comparison import (
    CampusChange,
    CampusChangeKind,
    Comparison,
    Flow,
    FlowKind,
    OfficerChange,
    Side,
    Totals,
    Versus,
)

CHANGES: dict[CampusChangeKind, str] = {
    "closed": "Closed",
    "no longer planned": "No longer planned",
    "less": "Less than before",
    "more": "More than before",
    "now planned": "Now planned",
    "opened": "Opened",
    "officer": "Another officer",
}
"""What a change of a campus is called, the ones to look at first first."""

FLOW_NAMES: dict[FlowKind, str] = {
    "covered": "any coverage (primary or shared)",
    "based": "a based officer",
    "shared": "a shared officer",
    "reached": "an officer at least to call",
}


@dataclass(frozen=True)
class Row:
    """
    One figure of all plans.

    Parameters
    ----------
    values
        As a person reads them, the base first; a dash where a plan has none.
    differences
        Of each other plan to the base, with a sign; empty where there is none.
    better
        ``better`` or ``worse`` for each difference, or nothing where the figure has no good side.
    notes
        What stands beside each value, such as its proof.
    """

    label: str
    values: tuple[str, ...]
    differences: tuple[str, ...]
    better: tuple[str, ...]
    notes: tuple[str, ...] = ()


def signed(difference: float, write: Callable[[float], str]) -> str:
    """Write a difference with its sign; nothing if it would be written as zero."""
    text = write(abs(difference))
    return "" if text == write(0) else f"{'+' if difference > 0 else '−'}{text}"


def whole(value: float) -> str:
    """Write a number of students or officers."""
    return f"{value:,.0f}"


def hours(value: float) -> str:
    """Write hours a week."""
    return f"{value:,.1f} h"


_MORE, _LESS, _NEITHER = 1, -1, 0

FIGURES: tuple[tuple[str, Callable[[Totals], float], Callable[[float], str], int], ...] = (
    ("Students covered", lambda totals: totals.covered, whole, _MORE),
    ("… with an officer based there", lambda totals: totals.students["primary"], whole, _MORE),
    ("… with a shared officer", lambda totals: totals.students["shared"], whole, _NEITHER),
    ("Students without coverage", lambda totals: totals.without, whole, _LESS),
    ("… with an officer to call", lambda totals: totals.students["on-call"], whole, _NEITHER),
    ("… with nobody", lambda totals: totals.students["uncovered"], whole, _LESS),
    ("Campuses covered", lambda totals: totals.campuses["primary"] + totals.campuses["shared"], whole, _MORE),
    (
        "Campuses planned",
        lambda totals: sum(totals.campuses.values()) - totals.campuses["not planned"],
        whole,
        _NEITHER,
    ),
    ("Officers", lambda totals: totals.officers, whole, _NEITHER),
    ("Officer-hours a week on campuses", lambda totals: totals.campus_hours, hours, _MORE),
    ("Driving a week", lambda totals: totals.driving, duration, _LESS),
    ("Students of the largest beat", lambda totals: totals.largest_beat, whole, _LESS),
)
"""Label, value, how it is written, and whether more or less of it is better."""


def figures(comparison: Comparison) -> list[Row]:
    """Give the key figures of all plans side by side."""
    rows = [_row(comparison, label, value, write, good) for label, value, write, good in FIGURES]
    currencies = {side.totals.currency for side in comparison.sides if side.totals and side.totals.currency}
    if len(currencies) == 1:
        (currency,) = currencies

        def money(value: float) -> str:
            return f"{currency} {value:,.0f}"

        rows.append(_row(comparison, "Cost a year", lambda totals: totals.cost, money, _LESS))
        if any(side.totals and side.totals.district_cost for side in comparison.sides):
            label = "… paid by the school district"
            rows.append(_row(comparison, label, lambda totals: totals.district_cost, money, _NEITHER))
    return rows


def _row(
    comparison: Comparison,
    label: str,
    value: Callable[[Totals], float | None],
    write: Callable[[float], str],
    good: int,
) -> Row:
    found = [None if side.totals is None else value(side.totals) for side in comparison.sides]
    return _compared(label, found, [write] * len(found), good)


def _compared(
    label: str,
    found: Sequence[float | None],
    writers: Sequence[Callable[[float], str]],
    good: int,
    notes: tuple[str, ...] = (),
    *,
    is_comparable: Sequence[bool] = (),
) -> Row:
    differences, better = [], []
    for number, (value, write) in enumerate(zip(found[1:], writers[1:], strict=True)):
        can = found[0] is not None and value is not None and (not is_comparable or is_comparable[number])
        change = value - found[0] if can and value is not None and found[0] is not None else 0
        text = signed(change, write)
        differences.append(text)
        better.append(("better" if change * good > 0 else "worse") if text and good else "")
    values = tuple("–" if value is None else write(value) for value, write in zip(found, writers, strict=True))
    return Row(label, values, tuple(differences), tuple(better), notes)


def tiers(comparison: Comparison) -> list[Row]:
    """Give the tiers of all plans side by side, in the order of the base, each with its proof."""
    names = dict.fromkeys(tier.name for side in comparison.sides for tier in side.plan.tiers)
    base_weight = comparison.base.plan.problem.objective.weight
    same = [versus.side.plan.problem.objective.weight == base_weight for versus in comparison.others]
    return [_tier_row(comparison, name, same) for name in names]


def _tier_row(comparison: Comparison, name: TierName, same: Sequence[bool]) -> Row:
    found = [side.tiers.get(name) for side in comparison.sides]
    some = next(tier for tier in found if tier is not None)
    return _compared(
        TIERS[name][0],
        [None if tier is None else tier.value for tier in found],
        [lambda value: amount(some, round(value))] * len(found),
        _MORE if some.more_is_better else _LESS,
        tuple(
            "not asked" if tier is None and side.tiers else proof(tier)
            for tier, side in zip(found, comparison.sides, strict=True)
        ),
        is_comparable=same,
    )


def proof(tier: Tier | None) -> str:
    """Say what is known of a tier's value: proven best, given up in part for later tiers, or open."""
    if tier is None:
        return ""
    told = [f"best {amount(tier, tier.best)}"] if tier.value != tier.best else []
    if not tier.proven:
        told.append(f"gap {gap(tier)}")
    return ", ".join(told) or "proven"


def gap(tier: Tier) -> str:
    """Say how far a value that is not proven may be from the best, as a share."""
    if tier.gap is None:
        return "unknown"
    return f"{tier.gap:.1%}" if tier.gap >= 0.001 else "under 0.1%"


def number_of(count: int, one: str, many: str) -> str:
    """Write a count with its noun."""
    return f"{count:,} {one if count == 1 else many}"


def headline(comparison: Comparison, versus: Versus) -> list[str]:
    """Say in a few short parts what another plan means beside the base."""
    base, side = comparison.base.totals, versus.side.totals
    covered = versus.flow("covered")
    if base is None or side is None or covered is None:
        return [remark.removesuffix(".") for remark in versus.remarks]
    officers, students = side.officers - base.officers, covered.after - covered.before
    parts = [f"{number_of(abs(officers), 'officer', 'officers')} {_more(officers)}"] if officers else []
    noun = "student" if abs(students) == 1 else "students"
    parts.append(f"{abs(students):,} {_more(students)} {noun} covered" if students else "as many students covered")
    moves, changes = len(versus.moves), len(versus.campuses)
    sharing = sum(
        change.change == "keeps the primary" and bool(change.shared_lost or change.shared_gained)
        for change in versus.officers
    )
    based = number_of(moves, "officer changes base", "officers change base") if moves else "no officer changes base"
    more = "more " if moves else ""
    shares = number_of(sharing, f"{more}shares other campuses", f"{more}share other campuses")
    parts.append(f"{based}, {shares}" if sharing else based)
    parts.append(f"{number_of(changes, 'campus changes', 'campuses change')}" if changes else "no campus changes")
    return parts


def _more(change: float) -> str:
    return "more" if change > 0 else "fewer"


def flow_parts(flow: Flow) -> list[str]:
    """Say what makes the difference of a flow, part by part."""
    parts = [
        (flow.gained, "gain it"),
        (-flow.lost, "lose it"),
        (flow.opened, "on opened campuses"),
        (-flow.closed, "on closed campuses"),
        (flow.grown, "by enrollment"),
    ]
    return [f"{signed(count, whole)} {words}" for count, words in parts if count]


def proofs(comparison: Comparison) -> list[str]:
    """Say how far the tiers of all plans can be trusted."""
    proven = [side.letter for side in comparison.sides if side.plan.tiers and not _open_tiers(side)]
    is_all = len(proven) == len(comparison.sides)
    told = [f"Every tier of {'every plan' if is_all else ' and '.join(proven)} is proven."] if proven else []
    told += [
        f"{side.letter} is not proven best. Gaps by tier: {'; '.join(_open_tiers(side))}."
        for side in comparison.sides
        if _open_tiers(side)
    ]
    if any(map(_open_tiers, comparison.sides)) and comparison.base.totals:
        told.append(
            "A difference within such a gap may be the search's, not the change's; "
            "where a gap is unknown, any difference may be."
        )
    if any(tier.value != tier.best for side in comparison.sides for tier in side.plan.tiers):
        told.append(
            "Where a best stands below a value, later tiers gave up part of it, within the tolerance asked for."
        )
    return told


def _open_tiers(side: Side) -> list[str]:
    return [f"“{TIERS[tier.name][0]}” {gap(tier)}" for tier in side.plan.tiers if not tier.proven]


def renumbering(comparison: Comparison, versus: Versus) -> str:
    """Say which numbers were exchanged; empty if none were."""
    pairs = versus.side.renumbered
    if not pairs:
        return ""
    told = "; ".join(f"its {old} is {new} here" for old, new in pairs[:12])
    more = f"; and {len(pairs) - 12:,} more" if len(pairs) > 12 else ""
    return (
        f"The officers of {versus.side.letter} are only numbers, so each has the number of the officer of "
        f"{comparison.base.letter} who keeps most of the same students: {told}{more}."
    )


def state_of(change: CampusChange, names: dict[str, str], *, is_after: bool) -> str:
    """Say how a campus is served in one of the two plans: ``shared, Officer 3``."""
    state = change.state_after if is_after else change.state_before
    officers = change.officers_after if is_after else change.officers_before
    if state is None:
        return "not in this plan"
    return ", ".join((state, *(names[officer] for officer in officers)))


def students_of(change: CampusChange) -> str:
    """Write the students of a campus, before and after if they differ."""
    told = [whole(count) for count in (change.students_before, change.students_after) if count is not None]
    return " → ".join(dict.fromkeys(told)) or "unknown"


def by_change(versus: Versus) -> Iterator[tuple[CampusChangeKind, list[CampusChange]]]:
    """Group the changed campuses by what happens to them, the largest first."""
    for kind in CHANGES:
        found = [change for change in versus.campuses if change.change == kind]
        if found:
            yield kind, sorted(found, key=lambda change: -max(change.students_before or 0, change.students_after or 0))


def primary_of(change: OfficerChange, names: dict[str, str], base: str, other: str) -> str:
    """Say where an officer is based, in one plan or in both."""
    old, new = (
        None if ids is None else " + ".join(names[campus] for campus in ids) or "not based"
        for ids in (change.primary_before, change.primary_after)
    )
    if new is None:
        return f"{old} (officer only in {base})"
    if old is None:
        return f"{new} (officer only in {other})"
    return f"{old} → {new}" if change.change == "moves" else new


def hours_of(change: OfficerChange) -> str:
    """Say how the hours on a kept primary change; empty where they hardly do."""
    if not change.has_other_hours:
        return ""
    before, after = change.primary_hours_before, change.primary_hours_after
    return f"{'more' if after > before else 'fewer'} hours a week there: {before:.1f} → {after:.1f} h"


def remarks_of(comparison: Comparison, versus: Versus) -> list[str]:
    """Give what is said below a plan's tables; without tables the headline has said it."""
    return [*filter(None, [renumbering(comparison, versus)]), *versus.remarks] if versus.flows else []
