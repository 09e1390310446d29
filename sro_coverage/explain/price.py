"""What an edit of a plan costs, tier by tier, as a whole new solve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sro_coverage.errors import DataError, Issue
from sro_coverage.explain.base import Base
from sro_coverage.plan import Beat, Plan
from sro_coverage.plan.document import TierUnit
from sro_coverage.problem import Assignment, Problem, TierName

PriceStatus = Literal["optimal", "feasible", "impossible", "infeasible", "no plan found"]


@dataclass(frozen=True)
class Edit:
    """
    What a planner wants otherwise: assignments that must, and must not, be part of the plan.

    Parameters
    ----------
    words
        The edit as a person says it.
    """

    words: str
    pins: tuple[Assignment, ...] = ()
    forbids: tuple[Assignment, ...] = ()

    @staticmethod
    def pin(rule: Assignment) -> Edit:
        """Demand one assignment."""
        return Edit(f"pin {rule}", pins=(rule,))

    @staticmethod
    def forbid(rule: Assignment) -> Edit:
        """Rule one assignment out."""
        return Edit(f"forbid {rule}", forbids=(rule,))

    @staticmethod
    def swap(plan: Plan, one: str, other: str) -> Edit:
        """
        Exchange the primaries of two officers.

        Raises
        ------
        DataError
            If one of them is unknown or has no primary.
        """
        beats = {beat.officer: beat for beat in plan.beats}
        issues = [
            Issue("swap", repr(officer), "an officer of the plan who is based somewhere: " + ", ".join(beats))
            for officer in (one, other)
            if officer not in beats or not beats[officer].primary
        ]
        if one == other:
            issues.append(Issue("swap", f"{one!r} twice", "two officers"))
        if issues:
            raise DataError(issues)
        return Edit(
            f"swap {one} and {other}",
            pins=(
                Assignment(officer=one, campus=beats[other].primary[0], state="primary"),
                Assignment(officer=other, campus=beats[one].primary[0], state="primary"),
            ),
        )

    @staticmethod
    def together(edits: Sequence[Edit]) -> Edit:
        """Make one edit of several."""
        return Edit(
            "; ".join(edit.words for edit in edits),
            pins=tuple(pin for edit in edits for pin in edit.pins),
            forbids=tuple(rule for edit in edits for rule in edit.forbids),
        )

    def unknown(self, problem: Problem) -> tuple[Issue, ...]:
        """Name the officers and campuses that the problem does not have."""
        officers = {officer.id for officer in problem.officers}
        rules = (*self.pins, *self.forbids)
        issues = [
            Issue(self.words, f"unknown officer {rule.officer!r}", "the id of an officer of the plan")
            for rule in rules
            if rule.officer is not None and rule.officer not in officers
        ]
        issues += [
            Issue(self.words, f"no planned campus {rule.campus!r}", "the id of a campus with a point and an enrollment")
            for rule in rules
            if rule.campus not in problem.site_of
        ]
        return tuple(issues)

    def apply(self, problem: Problem) -> Problem:
        """Give the problem with the edit."""
        return problem.replace(pins=(*problem.pins, *self.pins), forbids=(*problem.forbids, *self.forbids))


@dataclass(frozen=True)
class TierPrice:
    """
    One tier before and after an edit.

    Parameters
    ----------
    before, after
        The best value of the tier, the earlier tiers held.
    cost
        How much worse it gets; less than zero where it gets better, because an earlier tier gave way.
    is_proven
        Whether both are.
    """

    name: TierName
    unit: TierUnit
    before: int
    after: int
    cost: int
    is_proven: bool


@dataclass(frozen=True)
class Move:
    """An officer whose duty changes: the lead campus ids of the primary and the shared sites, before and after."""

    officer: str
    primary_before: str | None
    primary_after: str | None
    shared_before: tuple[str, ...]
    shared_after: tuple[str, ...]


@dataclass(frozen=True)
class Price:
    """
    What an edit costs.

    Parameters
    ----------
    status
        Of the new solve; ``impossible`` if the edit contradicts another rule at first sight.
    tiers
        Empty if there is no plan with the edit.
    moves
        The cheapest repair: among the plans that are best with the edit, one that moves the fewest officers.
    moves_proven
        Whether no such plan moves fewer. False also where the planner's own continuity or moves tier decides.
    explanation
        Why there is no plan.
    plan
        The plan with the edit.
    """

    edit: Edit
    status: PriceStatus
    tiers: tuple[TierPrice, ...] = ()
    moves: tuple[Move, ...] = ()
    moves_proven: bool = False
    explanation: str = ""
    plan: Plan | None = None

    @property
    def is_free(self) -> bool:
        """Whether no tier gets worse, as far as is proven."""
        return bool(self.tiers) and all(tier.cost <= 0 and tier.is_proven for tier in self.tiers)


def price(base: Base, edit: Edit) -> Price:
    """
    Solve the problem of a plan again with an edit.

    Parameters
    ----------
    base
        A plan with beats.

    Returns
    -------
    Price
        Its tiers are those of a full solve of the edited problem.
    """
    try:
        problem = edit.apply(base.problem)
    except DataError as error:
        return Price(edit, "impossible", explanation="; ".join(map(str, error.issues)))
    asked = _fewest_moves(problem, base)
    plan = base.solve(asked)
    if not plan.has_beats:
        return Price(edit, _without_plan(plan), explanation=plan.explanation, plan=plan)
    own = [tier for tier in plan.tiers if tier.name in base.problem.order]
    tiers = tuple(
        TierPrice(
            name=after.name,
            unit=after.unit,
            before=before.best,
            after=after.best,
            cost=(before.best - after.best) if after.more_is_better else (after.best - before.best),
            is_proven=before.proven and after.proven,
        )
        for before, after in zip(base.plan.tiers, own, strict=True)
    )
    return Price(
        edit,
        "optimal" if plan.status == "optimal" else "feasible",
        tiers,
        moves(base.plan, plan),
        asked is not problem and plan.tiers[-1].proven,
        plan=plan,
    )


def _without_plan(plan: Plan) -> PriceStatus:
    return "infeasible" if plan.status == "infeasible" else "no plan found"


def _fewest_moves(problem: Problem, base: Base) -> Problem:
    """Ask last for the fewest officers moved from the base plan, unless the planner asks for continuity already."""
    is_somebody_based = any(beat.primary for beat in base.plan.beats)
    if "continuity" in problem.order or "moves" in problem.order or not is_somebody_based:
        return problem
    objective = problem.objective.model_copy(update={"order": (*problem.order, "moves")})
    return problem.replace(officers=base.as_current(), objective=objective)


def moves(before: Plan, after: Plan) -> tuple[Move, ...]:
    """Give the officers of both plans who are based elsewhere or lose a shared campus."""
    now = {beat.officer: beat for beat in after.beats}
    pairs = [(beat, now[beat.officer]) for beat in before.beats if beat.officer in now]
    return tuple(_move(old, new) for old, new in pairs if not _is_kept(old, new))


def _is_kept(old: Beat, new: Beat) -> bool:
    """Whether the whole duty is kept; more shared campuses do not matter."""
    kept = {stop.campuses for stop in old.shared} <= {stop.campuses for stop in new.shared}
    return not old.primary or (old.primary == new.primary and kept)


def _move(old: Beat, new: Beat) -> Move:
    def primary(beat: Beat) -> str | None:
        return beat.primary[0] if beat.primary else None

    def shared(beat: Beat) -> tuple[str, ...]:
        return tuple(stop.campuses[0] for stop in beat.shared)

    return Move(old.officer, primary(old), primary(new), shared(old), shared(new))
