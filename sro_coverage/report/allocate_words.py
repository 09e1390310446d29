"""What a sharing of funded officers says in words: whether it is proven, and what the last officer and the next add."""

from __future__ import annotations

from collections.abc import Iterator

from sro_coverage.report.text import plain
from sro_coverage.statewide.allocate import Allocation, Change, Part
from sro_coverage.statewide.curves import Values

MOST_NAMES = 6


def officers(count: int, kind: str = "") -> str:
    """Write a number of officers."""
    return f"{count:,} {kind}{' ' * bool(kind)}officer{'s' * (count != 1)}"


def in_order(result: Allocation) -> list[Part]:
    """Give those who get most first; among those who get none, those who would have most use of one."""
    return sorted(result.parts, key=lambda part: (-part.funded, *_downwards(part.gained), *_downwards(part.following)))


def _downwards(values: Values | None) -> tuple[int, int]:
    covered, based = values or (0, 0)
    return -covered, -based


BASED = "N based: covers nobody more, but N more students are on a campus where an officer is based."
"""What a cell means that says so."""


def cell(values: Values | None, full: str = "") -> str:
    """Write what is added in few letters: students covered, or if there are none, students on primaries."""
    if values is None:
        return full
    covered, based = values
    return f"{covered:,}" if covered or not based else f"{based:,} based"


def added(values: Values) -> str:
    """Write what is added."""
    covered, based = values
    if covered or not based:
        return f"{covered:,} students covered"
    return f"no student covered, {based:,} more on primaries"


def headline(result: Allocation) -> str:
    """Say what the funded officers do for the state."""
    (covered, based), (before, based_before) = result.after, result.before
    students = sum(part.students for part in result.parts)
    share = f" ({before / students:.1%} of {students:,})" if students else ""
    then = f" ({covered / students:.1%})" if students else ""
    return (
        f"Students covered at best: {before:,} now{share}, {covered:,} then{then}: {covered - before:+,}. "
        f"On primaries: {based_before:,} now, {based:,} then."
    )


def proof(result: Allocation) -> str:
    """Say whether it is proven, and if not, how far from the best it can be."""
    total = result.total(result.officers)
    if total is None or total.is_proven:
        return "Proven: no other way to share them out covers more students, or as many with more on primaries."
    covered = total.values[0]
    if total.covered_most > covered:
        gap = (total.covered_most - covered) / max(covered, 1)
        most = f"{total.covered_most:,} students ({gap:.2%} more)"
        return f"Not proven: no way to share them out covers more than {most}.{_open(result)}"
    return (
        "Proven: no other way to share them out covers more students. Not proven: another one may cover as many with "
        f"more on primaries, but no more than {total.based_most:,}."
    )


def _open(result: Allocation) -> str:
    """Name the agencies whose plans are not proven, those with the most room first."""
    parts = [part for part in result.parts if not part.is_proven]
    parts.sort(key=lambda part: part.after[0] - part.covered_most)
    names = [plain(part.name) for part in parts[:MOST_NAMES]]
    if len(parts) > MOST_NAMES:
        names.append(f"and {len(parts) - MOST_NAMES:,} more")
    return f" Open: {', '.join(names)}." if names else ""


def margins(result: Allocation) -> Iterator[str]:
    """Say what the last officer adds, what one more would, and who would get more or fewer."""
    if result.last is not None:
        yield f"The last of the {result.officers:,} adds {added(result.last)}{_instead(result.fewer, 'without it')}."
    else:
        yield f"The agencies must get all {result.officers:,} by their terms, so that there is no last one to save."
    if result.next is not None:
        yield f"One more would add {added(result.next)}{_instead(result.more, 'with it')}."
    if result.given < result.officers:
        yield (
            f"{officers(result.officers - result.given)} left over: where one may go, one more would cover nobody "
            "and be based nowhere that counts."
        )


def _instead(changes: tuple[Change, ...], when: str) -> str:
    if not changes:
        return ""
    shown = [f"{plain(each.name)} gets {each.instead:,}, not {each.funded:,}" for each in changes[:MOST_NAMES]]
    if len(changes) > MOST_NAMES:
        shown.append(f"and {len(changes) - MOST_NAMES:,} others change")
    return f"; {when} {', '.join(shown)}"


def remarks(result: Allocation) -> Iterator[str]:
    """Say what a reader should know."""
    if any(part.own for part in result.parts):
        own = sum(part.own for part in result.parts)
        yield f"{officers(own, 'own')} that the agencies must add by their terms are in the numbers of then."
    if result.weight:
        yield f"Counted is the column {plain(result.weight)!r}, not enrollment: the planner's choice."
    for part in result.parts:
        for reason in part.reasons:
            yield f"{plain(part.name)}, {plain(reason)}"
    for name, reason in result.left_out:
        yield f"Left out, and in no number: {plain(name)}. {plain(reason)}"
    yield from map(plain, result.remarks)


READING = (
    "Students covered decide, then students on primaries; each number is the best of its tier for so many officers. "
    "A plan that is made for all tiers may have fewer on primaries."
)
"""What the numbers are."""
