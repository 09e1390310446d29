"""Who there is when only the number of officers changes."""

from __future__ import annotations

import re

from sro_coverage.problem.policy import Officer, numbered_officers

_NUMBERED = re.compile(r"(Officer|New officer) ([1-9][0-9]{0,8})")


def staffed(officers: tuple[Officer, ...], count: int) -> tuple[Officer, ...]:
    """
    Give so many officers.

    Where they are numbered (``officers = 12`` in a plan file) the highest numbers go, and new ones are numbered on.
    A roster of names is shortened from its end, and gains "New officer 1" and so on, with the policy's limits.
    """
    more, are_numbered = count - len(officers), have_numbers(officers)
    if more >= 0:
        word = "Officer" if are_numbered else "New officer"
        return officers + numbered_officers(more, first=_highest(officers, word) + 1, word=word)
    leaving = (sorted(officers, key=_number) if are_numbered else officers)[more:]
    return tuple(officer for officer in officers if officer not in leaving)


def have_numbers(officers: tuple[Officer, ...]) -> bool:
    """Whether all officers are as a plan file's number makes them; what else is known of them does not matter."""
    return all(officer.is_numbered for officer in officers)


def _number(officer: Officer) -> int:
    match = _NUMBERED.fullmatch(officer.id)
    return int(match[2]) if match else 0


def _highest(officers: tuple[Officer, ...], word: str) -> int:
    return max((_number(officer) for officer in officers if officer.id.startswith(f"{word} ")), default=0)
