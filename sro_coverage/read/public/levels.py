"""The project's level of a school, from its kind, its grades or a level word."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sro_coverage.problem import LEVELS, Level

_PRESCHOOL, _KINDERGARTEN, _ADULT = -1, 0, 20
_GRADES = {
    **dict.fromkeys(("pk", "ps", "p", "ee", "ec", "prek", "pre-k", "it", "prekindergarten", "preschool"), _PRESCHOOL),
    **dict.fromkeys(("k", "kg", "kn", "tk", "kindergarten", "kindergarden"), _KINDERGARTEN),
    **dict.fromkeys(("ae", "ad", "adult", "a"), _ADULT),
    **{f"{grade:02}": grade for grade in range(1, 14)},
    **{str(grade): grade for grade in range(1, 14)},
}
_KINDS: tuple[tuple[str, Level], ...] = (
    ("continuation", "continuation"),
    ("special ed", "special_education"),
    ("state special", "special_education"),
    ("adult", "adult"),
    ("preschool", "preschool"),
    ("alternative", "alternative"),
    ("juvenile", "alternative"),
    ("jjaep", "alternative"),
    ("daep", "alternative"),
    ("county community", "alternative"),
    ("community day", "alternative"),
    ("opportunity", "alternative"),
    ("youth authority", "alternative"),
    ("home and hospital", "alternative"),
)
_KIND_CODES: dict[str, Level] = {
    **{"2": "special_education", "4": "alternative", "con": "continuation", "spec": "special_education"},
    **{"sss": "special_education", "altsoc": "alternative", "comm": "alternative", "commday": "alternative"},
    **{"juv": "alternative", "opp": "alternative", "spececon": "special_education"},
}
_WORDS: dict[str, Level] = {
    **dict.fromkeys(("elem", "primary", "1", "elementary school", "es", "grade school"), "elementary"),
    **dict.fromkeys(("intmidjr", "intermediate", "junior high", "2", "middle school", "ms", "jhs"), "middle"),
    **dict.fromkeys(("hs", "3", "high school", "senior high"), "high"),
    **dict.fromkeys(("secondary school", "junior/senior high", "middle/high", "6-12", "7-12"), "secondary"),
    **dict.fromkeys(("elemhigh", "k-12", "elementary-high combination", "k-12 school", "k-12 schools"), "k12"),
    **dict.fromkeys(("k-8", "k-8 school", "elementary/middle"), "k8"),
    **dict.fromkeys(("ps", "prekindergarten", "pre-k", "pk"), "preschool"),
    **dict.fromkeys(("a", "adult education"), "adult"),
    **dict.fromkeys(("special education", "special"), "special_education"),
    **{name: name for name in LEVELS},
}


@dataclass(frozen=True)
class Verdict:
    """
    A level, and what it was read from.

    Parameters
    ----------
    level
        None if nothing that is known says it.
    """

    level: Level | None
    read_from: str


@lru_cache(maxsize=50_000)
def _verdict(order: tuple[str, ...], kind: str, level: str, grades: str) -> Verdict:
    texts = {"kind": kind, "level": level, "grades": grades}
    readers: dict[str, Callable[[str], Level | None]] = {"kind": _by_kind, "level": _WORDS.get, "grades": _by_grades}
    for name in order:
        found = readers[name](texts[name].casefold())
        if found is not None:
            return Verdict(found, f"{name} {texts[name]!r}")
    return Verdict(None, ", ".join(f"{name} {text!r}" for name, text in texts.items() if text) or "nothing")


def level_of(
    order: tuple[str, ...], *, kind: str, level: str, grades: str, given: Mapping[str, Level] | None = None
) -> Verdict:
    """
    Decide the level of a school.

    Parameters
    ----------
    order
        Which of the three is trusted first.
    grades
        A span such as ``K-5`` or ``PK-08``.
    given
        What the user wants made of level words, kinds or spans; wins over everything.
    """
    for text in (level, kind, grades) if given else ():
        if text.casefold() in (given or {}):
            return Verdict((given or {})[text.casefold()], f"--level {text}")
    return _verdict(order, kind, level, grades)


def _by_kind(text: str) -> Level | None:
    """Only what is no regular school: of the others the grades say more."""
    return _KIND_CODES.get(text) or next((level for word, level in _KINDS if word in text), None)


def _by_grades(text: str) -> Level | None:
    found = span(text)
    if found is None:
        return None
    low, high = found
    if low == _ADULT:
        return "adult"
    if high == _PRESCHOOL:
        return "preschool"
    if low <= 3:
        return "elementary" if high <= 6 else "k8" if high <= 9 else "k12"
    if high <= 9 and low <= 8:
        return "elementary" if high <= 6 and low <= 5 else "middle"
    return "high" if low >= 8 else "secondary"


def span(text: str) -> tuple[int, int] | None:
    """
    Read the lowest and the highest grade of a text such as ``KG-05``, ``K, 1, 2`` or ``9-12``.

    Returns
    -------
    tuple of int or None
        None if a part of it is no grade: ``12-Sep`` is what a spreadsheet makes of 9-12.
    """
    words = re.split(r"\s*(?:[-–—,;/&]|\bto\b|\bthrough\b|\band\b)\s*|\s+", _no_ordinals(text.casefold().strip()))
    words = [word for word in words if word and word not in ("grade", "grades", "ug", "ungraded")]
    grades = [_GRADES[word] for word in words if word in _GRADES]
    if not grades or len(grades) < len(words):
        return None
    schooled = [grade for grade in grades if grade != _ADULT] or grades
    return min(schooled), max(schooled)


def _no_ordinals(text: str) -> str:
    text = re.sub(r"\bpre-?\s?(?:k|kindergarten)\b", "pk", text)
    return re.sub(r"\b(\d{1,2})(?:st|nd|rd|th)\b", r"\1", text)
