"""The legend of a map: what its shapes and sizes stand for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sro_coverage.problem import Campus, Level
from sro_coverage.report.layers import FAMILIES, LARGEST_PX, SMALLEST_PX, size_px
from sro_coverage.report.wording import level_name


def levels(campuses: Iterable[Campus]) -> list[tuple[str, str]]:
    """Give each shape in use with the levels it stands for."""
    return shapes({campus.level for campus in campuses})


def shapes(present: Collection[Level]) -> list[tuple[str, str]]:
    """Give the shapes of these levels with the levels that each stands for."""
    by_shape: dict[str, list[str]] = {}
    for level, shape in FAMILIES.items():
        if level in present:
            by_shape.setdefault(shape, []).append(level_name(level))
    return [(shape, ", ".join(names)) for shape, names in by_shape.items()]


def sizes(largest: int) -> list[tuple[int, float]]:
    """Give enrollments, round to two digits, with their marker sizes."""
    shown = {}
    for size in (SMALLEST_PX, (SMALLEST_PX + LARGEST_PX) / 2, LARGEST_PX):
        students = largest * (size / LARGEST_PX) ** 2
        shown[int(float(f"{students:.1g}" if students < 1000 else f"{students:.2g}"))] = 0.0
    return [(students, size_px(students, largest)) for students in shown]
