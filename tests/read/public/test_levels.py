"""Grades, kinds and words to the project's levels."""

from __future__ import annotations

import pytest

from sro_coverage.read.public.formats import CCD, GENERIC
from sro_coverage.read.public.levels import level_of, span


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("K-5", (0, 5)),
        ("KG-05", (0, 5)),
        ("PK-08", (-1, 8)),
        ("Pre-K to 6th", (-1, 6)),
        ("9-12", (9, 12)),
        ("9–12", (9, 12)),
        ("K, 1, 2, 3", (0, 3)),
        ("Grades 6 through 8", (6, 8)),
        ("EE-05", (-1, 5)),
        ("7", (7, 7)),
        ("09-AE", (9, 9)),
        ("12-Sep", None),  # what a spreadsheet makes of 9-12
        ("2026-12-09", None),
        ("", None),
        ("all", None),
    ],
)
def test_span(text, grades):
    assert span(text) == grades


@pytest.mark.parametrize(
    ("grades", "level"),
    [
        ("K-5", "elementary"),
        ("K-6", "elementary"),
        ("4-6", "elementary"),
        ("6-6", "middle"),
        ("6-8", "middle"),
        ("7-9", "middle"),
        ("5-8", "middle"),
        ("9-12", "high"),
        ("8-12", "high"),
        ("9-9", "high"),
        ("K-8", "k8"),
        ("3-8", "k8"),
        ("K-12", "k12"),
        ("PK-PK", "preschool"),
        ("PK-K", "elementary"),
        ("AE-AE", "adult"),
        ("7-12", "secondary"),
        ("6-12", "secondary"),
        ("5-10", "secondary"),
    ],
)
def test_level_of_grades(grades, level):
    assert level_of(CCD.level_by, kind="", level="", grades=grades).level == level


def test_the_kind_comes_before_grades_and_grades_before_words():
    assert level_of(CCD.level_by, kind="Continuation High Schools", level="HS", grades="9-12").level == "continuation"
    assert level_of(CCD.level_by, kind="Regular School", level="Elementary", grades="KG-08").level == "k8"
    assert level_of(CCD.level_by, kind="Regular School", level="Elementary", grades="").level == "elementary"


def test_a_table_of_ones_own_is_believed_about_its_levels():
    assert level_of(GENERIC.level_by, kind="", level="elementary", grades="K-8").level == "elementary"


def test_the_next_one_is_asked_where_the_first_says_nothing():
    verdict = level_of(GENERIC.level_by, kind="Regular", level="other", grades="9-12")
    assert (verdict.level, verdict.read_from) == ("high", "grades '9-12'")


def test_what_nothing_says_is_put_nowhere_but_where_the_user_wants_it():
    assert level_of(CCD.level_by, kind="Regular", level="Other", grades="").level is None
    assert level_of(CCD.level_by, kind="", level="Other", grades="", given={"other": "k12"}).level == "k12"
