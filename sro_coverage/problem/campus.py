"""A place with students."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from sro_coverage.problem.value import Identifier, Note, Text, Value

Level = Literal[
    "high",
    "middle",
    "secondary",
    "elementary",
    "k8",
    "k12",
    "continuation",
    "alternative",
    "special_education",
    "adult",
    "preschool",
]
LEVELS: tuple[Level, ...] = get_args(Level)


def _latitude(value: float) -> float:
    if not -90 <= value <= 90:
        raise ValueError("a latitude between -90 and 90 (are lat and lon swapped?)")
    return value


Latitude = Annotated[float, AfterValidator(_latitude)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Students = Annotated[int, Field(ge=0, le=1_000_000)]


class Campus(Value):
    """
    One row of the campus table.

    Parameters
    ----------
    id
        Short name, unique in a problem; pins and rules use it.
    lat, lon
        WGS 84 degrees; both empty if the point is unknown.
    enrollment
        Students; empty if unknown, which is not the same as zero.
    site
        Campuses with the same text here stand on one site and are planned as one.
    weight
        Demand that replaces enrollment in the objective, where the planner asked for it.
    point_confidence
        ``high``, ``medium`` or ``low``; a low point is an estimate and is shown as one.
    """

    id: Identifier
    name: Text
    level: Level
    lat: Latitude | None = None
    lon: Longitude | None = None
    enrollment: Students | None = None
    site: Text | None = None
    weight: Students | None = None
    address: Text | None = None
    district: Text | None = None
    enrollment_year: Text | None = None
    point_confidence: Literal["high", "medium", "low"] | None = None
    note: Note | None = None

    @property
    def not_planned(self) -> str | None:
        """Why the campus cannot be planned, or None if it can."""
        lacks = []
        if self.lat is None or self.lon is None:
            lacks.append("point")
        if self.enrollment is None:
            lacks.append("enrollment")
        return f"no {' and no '.join(lacks)}" if lacks else None
