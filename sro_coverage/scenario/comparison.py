"""What a comparison of plans says: values only, each in words and units of the plan file."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal

from sro_coverage.model.solution import Status
from sro_coverage.plan import Plan, Tier
from sro_coverage.plan.document import CampusState
from sro_coverage.scenario.differences import Difference

LETTERS = "ABCDEF"
"""What the plans are called, the base first; so many can be compared at once."""

FlowKind = Literal["based", "shared", "covered", "reached"]
FLOWS: dict[FlowKind, tuple[CampusState, ...]] = {
    "based": ("primary",),
    "shared": ("shared",),
    "covered": ("primary", "shared"),
    "reached": ("primary", "shared", "on-call"),
}
"""What students can gain or lose, and the states of a campus that give it."""

NOTABLE_HOURS = 1.0
"""A kept primary whose hours a week change by less is not told of."""

Move = Literal["moves", "keeps the primary", "only before", "only after"]
CampusChangeKind = Literal["more", "less", "officer", "opened", "closed", "now planned", "no longer planned"]


@dataclass(frozen=True)
class Totals:
    """
    The figures of one plan; weeks and years as the plan file has them.

    Parameters
    ----------
    campuses, students
        By state; of campuses that are not planned, the students that are known.
    officers, working
        On the roster, and of them based somewhere.
    campus_hours
        Officer-hours a week on campuses, primary and shared.
    drive_minutes, on_call_minutes
        A week: scheduled drives, and expected drives to on-call campuses on top.
    largest_beat
        Students on the primary and shared campuses of the officer who has most, `largest_officer`.
    cost, district_cost
        A year, in `currency`; None without a budget.
    """

    campuses: dict[CampusState, int]
    students: dict[CampusState, int]
    officers: int
    working: int
    campus_hours: float
    drive_minutes: float
    on_call_minutes: float
    largest_beat: int
    largest_officer: str
    cost: float | None
    district_cost: float | None
    currency: str

    @property
    def planned(self) -> int:
        """Students on planned campuses."""
        return sum(count for state, count in self.students.items() if state != "not planned")

    @property
    def covered(self) -> int:
        """Students on primary and shared campuses."""
        return self.students["primary"] + self.students["shared"]

    @property
    def without(self) -> int:
        """Students without coverage: on campuses that are on-call or uncovered."""
        return self.students["on-call"] + self.students["uncovered"]

    @property
    def driving(self) -> float:
        """Minutes a week on the road, expected on-call trips included."""
        return self.drive_minutes + self.on_call_minutes


@dataclass(frozen=True)
class Side:
    """
    One plan, as it is compared.

    Parameters
    ----------
    letter
        ``A`` for the base.
    digest
        Of the plan as it was written.
    plan
        The plan, with its officers under the ids of the base plan's where they are the same.
    renumbered
        Old and new id of every officer who got another number by that.
    totals
        None if there is no plan.
    """

    letter: str
    name: str
    digest: str
    status: Status
    explanation: str
    plan: Plan
    renumbered: tuple[tuple[str, str], ...]
    totals: Totals | None

    @property
    def tiers(self) -> dict[str, Tier]:
        """The tiers by name, in order."""
        return {tier.name: tier for tier in self.plan.tiers}


@dataclass(frozen=True)
class OfficerChange:
    """
    What changes for one officer; campuses by id.

    Parameters
    ----------
    primary_before, primary_after
        All campuses of the site; empty if idle, None if the officer is not in that plan.
    primary_hours_before, primary_hours_after
        A week on the primary; 0 if there is none.
    """

    officer: str
    name: str
    change: Move
    primary_before: tuple[str, ...] | None
    primary_after: tuple[str, ...] | None
    shared_lost: tuple[str, ...]
    shared_gained: tuple[str, ...]
    on_call_lost: tuple[str, ...]
    on_call_gained: tuple[str, ...]
    students_before: int
    students_after: int
    primary_hours_before: float
    primary_hours_after: float

    @property
    def has_other_hours(self) -> bool:
        """Whether a kept primary gets at least `NOTABLE_HOURS` more or less."""
        difference = abs(self.primary_hours_after - self.primary_hours_before)
        return self.change == "keeps the primary" and round(difference, 3) >= NOTABLE_HOURS


@dataclass(frozen=True)
class CampusChange:
    """
    A campus that another plan serves in another way, or by another officer.

    Parameters
    ----------
    change
        ``more`` or ``less`` where the state changes (primary is more than shared, then on-call, then
        uncovered), ``officer`` where only the officer does.
    state_before, state_after
        None if the campus is not in that plan; then its other values are empty too.
    """

    campus: str
    name: str
    level: str
    change: CampusChangeKind
    state_before: CampusState | None
    state_after: CampusState | None
    officers_before: tuple[str, ...]
    officers_after: tuple[str, ...]
    students_before: int | None
    students_after: int | None
    hours_before: float
    hours_after: float


@dataclass(frozen=True)
class Flow:
    """
    Students who gain or lose one kind of presence.

    ``after - before = gained - lost + opened - closed + grown``.

    Parameters
    ----------
    gained, lost
        On campuses of both plans: gained by the enrollment after, lost by the enrollment before.
    opened, closed
        On campuses that only one plan knows.
    grown
        Change of enrollment on campuses that have it in both.
    """

    kind: FlowKind
    before: int
    after: int
    gained: int
    lost: int
    opened: int
    closed: int
    grown: int


@dataclass(frozen=True)
class Versus:
    """
    One plan against the base.

    Parameters
    ----------
    asked
        What is asked differently.
    officers, campuses
        Only those that change; empty where one of the two has no plan.
    remarks
        What keeps values from being compared, in words.
    """

    side: Side
    asked: tuple[Difference, ...]
    officers: tuple[OfficerChange, ...]
    campuses: tuple[CampusChange, ...]
    flows: tuple[Flow, ...]
    remarks: tuple[str, ...]

    @property
    def moves(self) -> tuple[OfficerChange, ...]:
        """Officers of both plans whose primary changes."""
        return tuple(officer for officer in self.officers if officer.change == "moves")

    def flow(self, kind: FlowKind) -> Flow | None:
        """Give one kind of flow; None where one of the two has no plan."""
        return next((flow for flow in self.flows if flow.kind == kind), None)


@dataclass(frozen=True)
class Comparison:
    """The base plan, and every other plan against it."""

    base: Side
    others: tuple[Versus, ...]

    @property
    def sides(self) -> tuple[Side, ...]:
        """All plans, the base first."""
        return (self.base, *(versus.side for versus in self.others))

    @property
    def campus_names(self) -> dict[str, str]:
        """Names by id, over all plans; the base's where it has one."""
        return {campus.id: campus.name for side in reversed(self.sides) for campus in side.plan.problem.campuses}

    @property
    def officer_names(self) -> dict[str, str]:
        """Names by id, over all plans, the base's officers first."""
        names: dict[str, str] = {}
        for side in self.sides:
            names = {officer.id: officer.name for officer in side.plan.problem.officers} | names
        order = dict.fromkeys(officer.id for side in self.sides for officer in side.plan.problem.officers)
        return {officer: names[officer] for officer in order}

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON; the plans themselves are named by title and digest."""
        return {"format": "sro-coverage comparison 1", **_plain(self)}

    def to_json(self) -> str:
        """Write the comparison; the same plans give the same bytes."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Side):
        kept = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.name != "plan"}
        told = value.plan
        tiers = [tier.model_dump(mode="json") | {"proven": tier.proven, "gap": tier.gap} for tier in told.tiers]
        return kept | {"title": told.problem.title, "travel": told.travel, "tiers": tiers}
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
