"""Numbers that a change may give: so many officers more or fewer, so many students or percent of them."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator

from sro_coverage.errors import Issue
from sro_coverage.problem import Officer
from sro_coverage.problem.policy import MAX_OFFICERS
from sro_coverage.problem.staffing import have_numbers, staffed
from sro_coverage.problem.value import quote

MOST_STUDENTS = 1_000_000  # as a campus may have

_STEP = re.compile(r"[+-][0-9]{1,7}")
_PERCENT = re.compile(r"[+-][0-9]{1,4}(\.[0-9]{1,4})? ?%")


def _officer_count(value: object) -> object:
    if isinstance(value, str) and _STEP.fullmatch(value.strip()):
        return value.strip()
    if not isinstance(value, int) or not 1 <= value <= MAX_OFFICERS:
        raise ValueError(
            f'how many there are, 1 to {MAX_OFFICERS:,}, or how many more or fewer: "+2" or "-1" in quotes'
        )
    return value


def _percent(value: object) -> object:
    if not is_percent(value):
        raise ValueError('a percentage with its sign, from "-100%" on, such as "+5%" or "-2.5%" in quotes')
    return str(value).strip()


OfficerCount = Annotated[int | str, BeforeValidator(_officer_count)]
"""So many officers in all, or ``"+2"`` or ``"-1"``."""

Percent = Annotated[str, BeforeValidator(_percent)]
"""``"+5%"`` or ``"-2.5%"``."""


def is_percent(value: object) -> bool:
    """Whether a text is a percentage with its sign that leaves something or nothing, but not less."""
    if not isinstance(value, str) or not _PERCENT.fullmatch(value.strip()):
        return False
    return Fraction(value.strip().rstrip("% ")) >= -100


def is_change_of_students(value: object) -> bool:
    """Whether a text is a percentage or a number of students, with its sign."""
    return is_percent(value) or (isinstance(value, str) and _STEP.fullmatch(value.strip()) is not None)


def students_after(students: int, change: str) -> int:
    """Change a number of students; a percentage is rounded to the nearest whole student, one half up."""
    if is_percent(change):
        return math.floor(students * (1 + Fraction(change.rstrip("% ")) / 100) + Fraction(1, 2))
    return students + int(change)


def is_possible(students: int) -> bool:
    """Whether a campus can have so many students."""
    return 0 <= students <= MOST_STUDENTS


def officers_after(officers: tuple[Officer, ...], count: int | str | None) -> tuple[Officer, ...]:
    """
    Give the officers there are after a change of their number.

    Where they are numbered (``officers = 12`` in a plan file) the highest numbers go, and new ones are numbered on.
    A roster of names gains "New officer 1" and so on, and cannot lose anybody by a number.
    """
    if count is None or count_issue(officers, count):
        return officers
    return staffed(officers, _wanted(officers, count))


def count_issue(officers: tuple[Officer, ...], count: int | str) -> Issue | None:
    """Say why a number cannot be had of these officers, if so."""
    wanted = _wanted(officers, count)
    if not have_numbers(officers) and (isinstance(count, int) or count.startswith("-")):
        return Issue(
            "officers",
            f"{quote(count)}, but the base has officers with names",
            'absent = ["ID", ...], which says who is not there; only more can be given by number: "+2"',
        )
    if not 1 <= wanted <= MAX_OFFICERS:
        return Issue("officers", f"{quote(count)} to {len(officers)} officers", f"1 to {MAX_OFFICERS:,} of them left")
    return None


def _wanted(officers: tuple[Officer, ...], count: int | str) -> int:
    return count if isinstance(count, int) else len(officers) + int(count)
