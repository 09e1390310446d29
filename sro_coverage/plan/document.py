"""The answer as a document: every campus's state, every officer's beat, and the proof."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import FailFast, Field, ValidationError

from sro_coverage.errors import DataError, Issue
from sro_coverage.model.solution import Method, SolveParams, Status, Stopped, relative_gap
from sro_coverage.problem import Problem, TierName, Value
from sro_coverage.problem.value import issues_of

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "sro-coverage plan 1"  # the number goes up when older readers would misread it

TierUnit = Literal["students", "seconds", "student-seconds", "officers"]
Sense = Literal["min", "max"]
CampusState = Literal["primary", "shared", "on-call", "uncovered", "not planned"]

LIMITS = (
    "This plan is about presence and travel; it does not predict safety. "
    "A travel time is not a promise of protection or of response."
)
"""Stands on everything that leaves the program."""


class Stop(Value):
    """
    One shared or on-call campus (or site) of a beat.

    Parameters
    ----------
    campuses
        Campus ids on the site, the largest first.
    hours, visits
        A week; zero for on-call.
    out_minutes, back_minutes
        One trip from the primary, and its way back.
    drive_minutes
        A week, there and back; for on-call the expected trips.
    """

    campuses: tuple[str, ...]
    hours: float
    visits: float
    out_minutes: float
    back_minutes: float
    drive_minutes: float


class Beat(Value):
    """
    One officer's week.

    Parameters
    ----------
    primary
        Campus ids of the site the officer is based at, the largest first; empty if idle.
    primary_hours
        On the primary: what shared campuses and the drives to them leave of the field hours.
    floor_hours
        The visibility floor: `primary_hours` may not be less.
    drive_minutes, on_call_minutes
        A week: scheduled drives to shared campuses; expected drives to on-call campuses.
    students
        On the primary and shared campuses.
    """

    officer: str
    name: str
    primary: tuple[str, ...] = ()
    shared: tuple[Stop, ...] = ()
    on_call: tuple[Stop, ...] = ()
    primary_hours: float = 0
    floor_hours: float = 0
    shared_hours: float = 0
    drive_minutes: float = 0
    on_call_minutes: float = 0
    students: int = 0


class CampusPlan(Value):
    """
    What one campus gets.

    Parameters
    ----------
    officers
        Officer ids: based here, sharing it, or to be called.
    hours
        Officer-hours a week on the campus.
    reason
        Why it was not planned.
    """

    campus: str
    state: CampusState
    officers: tuple[str, ...] = ()
    hours: float = 0
    reason: str | None = None


class Tier(Value):
    """
    One tier and its proof.

    Parameters
    ----------
    sense
        Whether the tier was made small or large.
    best, bound
        Value when this tier was optimised with the earlier ones held, and the proven limit of any
        such value; no bound if none is known.
    limit
        The worst value that later tiers had to respect.
    value
        Value of the plan as it stands.
    """

    name: TierName
    unit: TierUnit
    sense: Sense
    best: int
    bound: int | None
    tolerance: float
    limit: int
    value: int
    stopped: Stopped

    @property
    def gap(self) -> float | None:
        """Distance of `best` from `bound`, as a share of `best`."""
        return relative_gap(self.best, self.bound)

    @property
    def more_is_better(self) -> bool:
        """Whether the tier was made large."""
        return self.sense == "max"

    @property
    def proven(self) -> bool:
        """Whether no plan that holds the earlier tiers is better in this one."""
        return self.stopped == "proven"


class InputFile(Value):
    """A file that the plan was made from."""

    file: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Plan(Value):
    """
    The answer to a problem, with everything needed to check it.

    Parameters
    ----------
    status
        ``optimal`` only if every tier is proven. ``infeasible`` and ``no plan found`` have no beats.
    explanation
        What a status without a plan means here.
    method
        Which way it was solved: ``exact``, everything in one model, or ``large``, by prices and parts.
    travel, travel_notes
        Where the travel times come from, and what a reader should know about them.
    versions
        Of the program, of OR-Tools and of Python.
    digest
        SHA-256 of everything else in the document.
    """

    format: Literal["sro-coverage plan 1"] = "sro-coverage plan 1"
    problem: Problem
    status: Status
    method: Method = "exact"
    explanation: str = ""
    campuses: Annotated[tuple[CampusPlan, ...], FailFast()] = ()
    beats: Annotated[tuple[Beat, ...], FailFast()] = ()
    tiers: Annotated[tuple[Tier, ...], FailFast()] = ()
    params: SolveParams
    travel: str
    travel_notes: tuple[str, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    digest: str = ""

    @property
    def has_beats(self) -> bool:
        """Whether there is a plan at all."""
        return bool(self.beats)

    @property
    def is_done(self) -> bool:
        """Whether every tier is proven, or as near to its bound as was asked for."""
        return self.has_beats and all(tier.stopped in ("proven", "gap reached") for tier in self.tiers)

    def sealed(self) -> Plan:
        """Give the same plan with its digest filled in."""
        return self.model_copy(update={"digest": self.expected_digest()})

    def expected_digest(self) -> str:
        """Compute the digest that the document should carry; fields added to the format later do not change it."""
        content = self.model_dump(mode="json", exclude={"digest"}, exclude_defaults=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> str:
        """Write the document; the same plan gives the same bytes."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, *, where: str = "plan") -> Plan:
        """
        Read a document back to an equal value.

        Raises
        ------
        DataError
            If the text is not such a document; `where` names it in the message.
        """
        try:
            content = json.loads(text)
        except ValueError as error:
            raise DataError([Issue(where, f"not JSON ({error})", "a plan written by sro-coverage")]) from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise DataError([Issue(where, "another kind of document", f'a JSON object with "format": "{FORMAT}"')])
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise DataError([issue.within(f"{where}:") for issue in issues_of(error)]) from None
        except DataError as error:
            raise DataError([issue.within(f"{where}:") for issue in error.issues]) from None

    def to_frame(self) -> pd.DataFrame:
        """
        Give one row for each campus, for pandas users.

        Returns
        -------
        DataFrame
            Index ``campus``; name, level, site, lat, lon, enrollment, state, officers and their ids
            (joined with ``; ``), hours a week, travel minutes from the officer's primary, reason.
        """
        import pandas as pd

        return pd.DataFrame(self.rows()).set_index("campus")

    def rows(self) -> list[dict[str, Any]]:
        """Give one flat record for each campus, sorted by id; the base of every table."""
        names = {officer.id: officer.name for officer in self.problem.officers}
        facts = {campus.id: campus for campus in self.problem.campuses}
        stops = {
            campus_id: stop
            for beat in self.beats
            for stop in (*beat.shared, *beat.on_call)
            for campus_id in stop.campuses
        }
        return [
            {
                "campus": row.campus,
                "name": facts[row.campus].name,
                "level": facts[row.campus].level,
                "site": facts[row.campus].site,
                "lat": facts[row.campus].lat,
                "lon": facts[row.campus].lon,
                "enrollment": facts[row.campus].enrollment,
                "state": row.state,
                "officers": "; ".join(names[officer_id] for officer_id in row.officers),
                "officer_ids": "; ".join(row.officers),
                "hours_per_week": round(row.hours, 2),
                "travel_minutes": round(stops[row.campus].out_minutes, 1) if row.campus in stops else None,
                "reason": row.reason,
            }
            for row in self.campuses
        ]

    def _repr_html_(self) -> str:
        """Show the map in a notebook."""
        from sro_coverage.report.page import notebook_frame

        return notebook_frame(self)
