"""The planner's rules: what an officer can do in a week and what a campus may be given."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem.campus import Latitude, Level, Longitude
from sro_coverage.problem.value import Identifier, Text, Value, quote

State = Literal["primary", "shared", "on-call", "uncovered"]
STATES: tuple[State, ...] = get_args(State)
ServedState = Literal["primary", "shared", "on-call"]

TierName = Literal["coverage", "primary", "reach", "travel", "visibility", "continuity", "balance", "moves"]
DEFAULT_ORDER: tuple[TierName, ...] = (
    "coverage",
    "primary",
    "reach",
    "travel",
    "visibility",
    "continuity",
)

PEAKS_A_WEEK = 10  # five arrivals and five dismissals
MAX_OFFICERS = 100_000


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError("a share between 0 and 1: 0.5 is one half")
    return value


Hours = Annotated[float, Field(ge=0, le=168)]
Minutes = Annotated[float, Field(ge=0, le=600)]
Share = Annotated[float, AfterValidator(_share)]
Visits = Annotated[float, Field(gt=0, le=25)]
Peaks = Annotated[int, Field(ge=0, le=PEAKS_A_WEEK)]
Count = Annotated[int, Field(ge=0, le=1_000)]
Posts = Annotated[int, Field(ge=1, le=20)]
Load = Annotated[int, Field(ge=1, le=10_000_000)]


class RuleChange(Value):
    """
    What a level or a campus has different; an empty field keeps the wider rule.

    The fields mean what they mean in :class:`Rule`.
    """

    states: tuple[ServedState, ...] | None = None
    visits_per_week: Visits | None = None
    hours_per_visit: Hours | None = None
    peaks_per_week: Peaks | None = None
    min_primary_hours: Hours | None = None
    posts: Posts | None = None


class Rule(Value):
    """
    How one campus may be served.

    Parameters
    ----------
    states
        Ways of serving it. ``uncovered`` is always possible unless a forbid says otherwise.
    visits_per_week, hours_per_visit
        What a shared campus gets.
    peaks_per_week
        How many of the ten weekly arrival and dismissal windows a shared campus takes.
    min_primary_hours
        Hours a week on this campus that an officer based here keeps at least.
    posts
        Officers who are based here if anybody is.
    """

    states: tuple[ServedState, ...] = ("primary", "shared", "on-call")
    visits_per_week: Visits = 2
    hours_per_visit: Hours = 1.5
    peaks_per_week: Peaks = 1
    min_primary_hours: Hours = 0
    posts: Posts = 1

    @property
    def presence_hours(self) -> float:
        """Hours a week on the campus when it is shared."""
        return self.visits_per_week * self.hours_per_visit


class Policy(Value):
    """
    Limits for every officer, then rules for every campus, then exceptions by level and by campus.

    Parameters
    ----------
    weekly_hours, off_campus_hours
        Hours on duty, and the part of them for court, training and reports.
    primary_share_min
        The visibility floor: share of the remaining hours that an officer keeps for the primary.
    primary_peaks
        Arrival and dismissal windows, of ten a week, that an officer keeps for the primary.
    max_shared
        Shared campuses of one officer.
    max_students
        Students on the primary and shared campuses of one officer.
    max_travel_min, on_call_min
        Longest drive from the primary to a shared and to an on-call campus, minutes one way.
    on_call_trips_per_week
        Trips to each on-call campus that the travel tier expects. An assumption, not a measurement.
    levels, campuses
        Exceptions, by level and by campus id; a campus exception wins.
    """

    weekly_hours: Hours = 40
    off_campus_hours: Hours = 8
    primary_share_min: Share = 0.5
    primary_peaks: Peaks = 5
    max_shared: Count = 4
    max_students: Load | None = None
    max_travel_min: Minutes = 15
    on_call_min: Minutes = 20
    on_call_trips_per_week: Annotated[float, Field(ge=0, le=25)] = 0.25
    default: RuleChange = RuleChange()
    levels: dict[Level, RuleChange] = Field(default_factory=dict)
    campuses: dict[Text, RuleChange] = Field(default_factory=dict)

    def rule_for(self, campus_id: str, level: Level) -> Rule:
        """Give the whole rule of one campus: defaults, then its level, then its own exceptions."""
        changes = (self.default, self.levels.get(level), self.campuses.get(campus_id))
        merged: dict[str, Any] = {}
        for change in changes:
            if change is not None:
                merged |= change.model_dump(exclude_none=True)
        return Rule(**merged)


class Officer(Value):
    """
    One officer; an empty limit takes the policy's.

    Parameters
    ----------
    levels
        Levels where the officer may be based or share; empty means all.
    excluded
        Campus ids where the officer has no role at all.
    home_lat, home_lon, max_commute_min
        Where the officer's day starts, and the longest drive from there to the primary.
    primary, shared
        The current plan, for the continuity tier.
    """

    id: Identifier
    name: Text
    weekly_hours: Hours | None = None
    off_campus_hours: Hours | None = None
    primary_share_min: Share | None = None
    max_shared: Count | None = None
    max_students: Load | None = None
    max_travel_min: Minutes | None = None
    levels: tuple[Level, ...] = ()
    excluded: tuple[Text, ...] = ()
    home_lat: Latitude | None = None
    home_lon: Longitude | None = None
    max_commute_min: Minutes | None = None
    primary: Text | None = None
    shared: tuple[Text, ...] = ()

    @property
    def is_numbered(self) -> bool:
        """Whether the officer is one of a number, as :func:`numbered_officers` makes them, and not a person."""
        return self.name == self.id and re.fullmatch(r"Officer [1-9][0-9]*", self.id) is not None


def numbered_officers(count: int, *, first: int = 1, word: str = "Officer") -> tuple[Officer, ...]:
    """Give that many officers whom nothing but a number tells apart: "Officer 1", "Officer 2" and so on."""
    names = [f"{word} {number}" for number in range(first, first + count)]
    return tuple(Officer(id=name, name=name) for name in names)


class Assignment(Value):
    """
    What a pin demands and a forbid rules out.

    Parameters
    ----------
    campus
        Campus id; the rule holds for its whole site.
    officer
        Officer id; empty means whoever serves the campus.
    state
        Empty means, in a pin, that the officer covers the campus (primary or shared), and in a
        forbid, any role of that officer there.

    Notes
    -----
    In the plan file ``primary = "ID"`` is short for ``campus = "ID", state = "primary"``, and the
    same holds for ``shared``, ``on-call`` and ``uncovered``.
    """

    campus: Text
    officer: Text | None = None
    state: State | None = None

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """The fields, and the states as short keys."""
        return (*super().known_keys(), *STATES)

    @model_validator(mode="before")
    @classmethod
    def _spell_out(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        short = [state for state in STATES if state in data]
        if len(short) > 1 or (short and ("campus" in data or "state" in data)):
            raise ValueError("one campus and one state: give either campus (and state), or " + " or ".join(STATES))
        if short:
            data = dict(data)
            data |= {"campus": data.pop(short[0]), "state": short[0]}
        return data

    @model_validator(mode="after")
    def _says_something(self) -> Assignment:
        if self.officer is None and self.state is None:
            raise ValueError("an officer, a state or both beside the campus")
        if self.officer is not None and self.state == "uncovered":
            raise ValueError("no officer beside the state uncovered")
        return self

    def __str__(self) -> str:
        who = f"{self.officer} " if self.officer else ""
        return f"{who}{self.campus} {self.state or '(any role)'}"


class TierShares(Value):
    """A share for each tier."""

    coverage: Share = 0
    primary: Share = 0
    reach: Share = 0
    travel: Share = 0
    visibility: Share = 0
    continuity: Share = 0
    balance: Share = 0
    moves: Share = 0

    def of(self, tier: TierName) -> float:
        """Give the share of one tier."""
        share: float = getattr(self, tier)
        return share


class Tolerance(TierShares):
    """How much of each tier's best value a later tier may give up, as a share of that value."""

    primary: Share = 0.05


class Objective(Value):
    """
    What is best: tiers in order of importance, and how firmly each is held.

    Parameters
    ----------
    order
        The tiers; empty means the default order, with continuity only if a current plan is known.
        Continuity and moves look at the current plan.
    weight
        Column of the campus table that replaces enrollment as demand.
    """

    order: tuple[TierName, ...] = ()
    tolerance: Tolerance = Tolerance()
    weight: Text | None = None

    @field_validator("order")
    @classmethod
    def _once_each(cls, order: tuple[TierName, ...]) -> tuple[TierName, ...]:
        if len(set(order)) != len(order):
            raise ValueError("each tier at most once")
        return order


Multiplier = Annotated[float, Field(ge=0.2, le=5)]
RoadFile = Annotated[str, Field(min_length=1, max_length=500)]


class StraightLine(Value):
    """
    Straight-line travel: minutes = terminal_min + circuity x kilometres / speed_kph x 60.

    The defaults are the line that fits routed minutes on five United States street networks:
    2.1 + 1.36 a kilometre, mean error 1.75 minutes.

    Parameters
    ----------
    circuity
        Road kilometres for each straight kilometre.
    terminal_min
        Minutes of every trip before distance counts: the slow streets at both ends.
    """

    method: Literal["straight-line"] = "straight-line"
    circuity: Annotated[float, Field(ge=1, le=5)] = 1.36
    speed_kph: Annotated[float, Field(ge=5, le=130)] = 60
    terminal_min: Annotated[float, Field(ge=0, le=30)] = 2.1


class Roads(Value):
    """
    Shortest paths on a road network.

    Parameters
    ----------
    file
        OSMnx GraphML or an OpenStreetMap extract, beside the plan file.
    multiplier
        All free-flow times are multiplied by it. Bell-hour factors are assumptions; 1.28 brings
        free-flow times to the median of a routing engine with turn costs.
    max_snap_m
        A campus farther from any drivable road than this is an error.
    """

    method: Literal["roads"]
    file: RoadFile
    multiplier: Multiplier = 1.0
    max_snap_m: Annotated[float, Field(ge=1, le=10_000)] = 1000


class Matrix(Value):
    """
    Travel times computed elsewhere.

    Parameters
    ----------
    file
        Table JSON of OSRM, Valhalla or openrouteservice, or a CSV of pairs with the columns
        ``from``, ``to`` and ``minutes`` or ``seconds``.
    ids
        Campus ids in the order of a JSON table; needed where the table carries no points.
    multiplier
        All times are multiplied by it.
    """

    method: Literal["matrix"]
    file: RoadFile
    ids: tuple[Text, ...] = ()
    multiplier: Multiplier = 1.0


def _engine(value: object) -> object:
    """Read a table by its ``method``, so that a wrong key is told for that engine alone."""
    if isinstance(value, StraightLine | Roads | Matrix):
        return value
    if not isinstance(value, dict):
        raise ValueError("a table of keys and values")
    engines: dict[object, type[Value]] = {"straight-line": StraightLine, "roads": Roads, "matrix": Matrix}
    method = value.get("method", "straight-line")
    if not isinstance(method, str) or method not in engines:
        raise DataError([Issue("method", quote(method), "'straight-line', 'roads' or 'matrix'")])
    return engines[method](**value)


Travel = Annotated[StraightLine | Roads | Matrix, BeforeValidator(_engine)]
"""One of the travel engines, told apart by ``method``."""


class Budget(Value):
    """
    What the officers cost and who pays.

    Parameters
    ----------
    cost_per_officer
        A year, in `currency`.
    district_share
        Part of the cost that the school district pays.
    """

    cost_per_officer: Annotated[float, Field(ge=0, le=10_000_000)]
    district_share: Share = 0
    currency: Text = "USD"
