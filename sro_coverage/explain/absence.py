"""
The absence book: who is missed, and who can stand in.

With some officers absent, those who are left have the base plan as their present duty, and an officer
who does not keep all of it, primary and shared campuses, is *moved*. Taking on more is not moving, and
neither is answering other calls. Every answer is a plan of a problem like any other:

- *stay*: as few officers moved as the rules allow, which is nobody unless a rule forces it; then the
  planner's tiers, so that the others take on what they can.
- *best*: the planner's first tier as good as these officers can make it; then as few moved as
  possible; then the other tiers.
- *one*, where *best* moves more: one officer may be moved, whoever brings most in the first tier, and
  among several such officers the one with the best other tiers.

Continuity and moves, tiers that look back, are left out of the planner's order: here it is the base
plan that is looked back at. Tolerances stay as they are, except that none is given on moves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Protocol

from sro_coverage.errors import DataError, Issue
from sro_coverage.explain.base import Base, to_data
from sro_coverage.explain.handover import Handover, handovers, nobody_to_call, not_covered, services
from sro_coverage.explain.price import Move, moves
from sro_coverage.model.solution import Status, StopSignal
from sro_coverage.plan import Plan, Tier
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment, Officer, Problem, TierName
from sro_coverage.problem.value import quote


class Watch(Protocol):
    """Told before each part of a long book."""

    def __call__(self, done: int, total: int, part: str, /) -> None:
        """Take one piece of news."""


@dataclass(frozen=True)
class Answer:
    """
    One way to go on without the absent.

    Parameters
    ----------
    status, explanation
        Of the plan; without one the rest is empty.
    is_proven
        Whether no such plan is better, in every tier that was asked for.
    not_covered, nobody_to_call
        Students on campuses that are neither primary nor shared, and of them on those that are not even on-call.
    moves
        Officers who do not keep the whole duty they have in the base plan.
    handovers
        Sites that others serve than in the base plan, or that are served in another way.
    """

    status: Status
    explanation: str
    is_proven: bool
    not_covered: int
    nobody_to_call: int
    moves: tuple[Move, ...]
    handovers: tuple[Handover, ...]
    tiers: tuple[Tier, ...]
    plan: Plan


@dataclass(frozen=True)
class Absence:
    """
    What some officers' absence means.

    Parameters
    ----------
    absent
        Officer ids, in the order of the roster.
    lost
        Sites that lose an officer if nothing is done: their based officer, their shared visits or their
        number to call. ``after`` has who is left, where several are based.
    not_covered, nobody_to_call
        Students, if nothing is done.
    released
        Pins that name an absent officer and so cannot be kept.
    stay, one, best
        None if nobody is left, or (one) if it brings nothing or is not asked for.
    """

    absent: tuple[str, ...]
    lost: tuple[Handover, ...]
    not_covered: int
    nobody_to_call: int
    released: tuple[Assignment, ...]
    stay: Answer | None = None
    one: Answer | None = None
    best: Answer | None = None

    @property
    def students(self) -> int:
        """Students who are covered in the base plan, and not if nothing is done."""
        return sum(site.students for site in self.lost if site.before.is_covered and not site.after.is_covered)

    @property
    def needs_moves(self) -> bool:
        """Whether the best answer moves more officers than have to be moved."""
        if self.stay is None or self.best is None or not self.best.plan.has_beats:
            return False
        return not self.stay.plan.has_beats or len(self.best.moves) > len(self.stay.moves)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Answers that differ in the officers moved, the fewest first; the last is the best."""
        told = (self.stay, self.one, self.best if self.needs_moves else None)
        return tuple(answer for answer in told if answer is not None)


@dataclass(frozen=True)
class Robust:
    """
    The plan that loses least when any one officer is out, before anybody stands in.

    What an officer's absence loses is counted as the students on the primary and shared campuses of that officer
    (or the column that is the demand). The planner's first tier is held at its best; the largest such loss comes
    right after it.

    Parameters
    ----------
    loss_before, loss
        The largest loss, in the base plan and in this one.
    bound
        No plan that holds the first tier has less.
    """

    plan: Plan
    loss_before: int
    loss: int
    bound: int

    @property
    def is_proven(self) -> bool:
        """Whether no plan that holds the first tier loses less."""
        return self.loss == self.bound


@dataclass(frozen=True)
class AbsenceBook:
    """
    Every officer's absence, and every pair's if asked for.

    Parameters
    ----------
    plan
        The base plan.
    pairs
        Empty if they were not asked for.
    """

    plan: Plan
    absences: tuple[Absence, ...]
    pairs: tuple[Absence, ...]
    robust: Robust

    @property
    def answers_proven(self) -> bool:
        """Whether the answer to every absence is."""
        return all(answer.is_proven for absence in (*self.absences, *self.pairs) for answer in absence.answers)

    @property
    def is_proven(self) -> bool:
        """Whether everything in the book is."""
        statuses = (self.plan.status, self.robust.plan.status)
        return self.answers_proven and statuses == ("optimal", "optimal")

    def to_json(self) -> str:
        """Write the book; plans in it are told by what changes, and the plan for any absence by its beats."""
        content = {
            "format": "sro-coverage absences 1",
            "title": self.plan.problem.title,
            "plan": {
                "digest": self.plan.digest,
                "status": self.plan.status,
                "not_covered": not_covered(self.plan.problem, services(self.plan)),
                "tiers": to_data(self.plan.tiers),
            },
            "officers": {officer.id: officer.name for officer in self.plan.problem.officers},
            "campuses": {campus.id: campus.name for campus in self.plan.problem.campuses},
            "absences": to_data(self.absences),
            "pairs": to_data(self.pairs),
            "robust": {
                **to_data(self.robust),
                "tiers": to_data(self.robust.plan.tiers),
                "beats": to_data(self.robust.plan.beats),
            },
        }
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def absence_book(
    base: Base, *, pairs: bool = False, watch: Watch | None = None, stop: StopSignal | None = None
) -> AbsenceBook:
    """
    Answer for each officer, and each pair, what their absence means.

    Parameters
    ----------
    base
        A plan with beats.
    watch
        Told before each absence, and at the end.
    stop
        Ends the search that is running; answers are then not proven.
    """
    officers = [officer.id for officer in base.problem.officers]
    asked = [*combinations(officers, 1), *(combinations(officers, 2) if pairs else ())]
    total = len(asked) + 1

    def tell(done: int, part: str) -> None:
        if watch is not None:
            watch(done, total, part)

    found = []
    for done, absent in enumerate(asked):
        tell(done, f"without {' and '.join(absent)}")
        found.append(absence(base, absent, with_one=len(absent) == 1, stop=stop))
    tell(len(asked), "the plan that loses least")
    safest = robust(base, stop=stop)
    tell(total, "")
    return AbsenceBook(base.plan, tuple(found[: len(officers)]), tuple(found[len(officers) :]), safest)


def absence(base: Base, absent: Collection[str], *, with_one: bool = True, stop: StopSignal | None = None) -> Absence:
    """
    Say what is lost without some officers, and who can stand in.

    Parameters
    ----------
    base
        A plan with beats.
    absent
        Officer ids.
    with_one
        Whether to look for the one officer whose move brings most, if the best answer moves more.

    Raises
    ------
    DataError
        If an officer is not on the roster.
    """
    problem = base.problem
    known = {officer.id for officer in problem.officers}
    unknown = [Issue("absent", quote(who), "the id of an officer") for who in absent if who not in known]
    if unknown:
        raise DataError(unknown)
    left = services(base.plan, absent)
    told = Absence(
        absent=tuple(officer.id for officer in problem.officers if officer.id in absent),
        lost=handovers(problem, services(base.plan), left),
        not_covered=not_covered(problem, left),
        nobody_to_call=nobody_to_call(problem, left),
        released=tuple(pin for pin in problem.pins if pin.officer in absent),
    )
    if len(told.absent) == len(problem.officers):
        return told
    ask = _Question(base, told.absent, stop)
    first, *rest = asked_tiers(base.problem)
    stay = ask.answer("moves", first, *rest)
    best = ask.answer(first, "moves", *rest)
    is_between = stay.plan.has_beats and not stay.moves and len(best.moves) > 1
    return replace(told, stay=stay, best=best, one=_one_moved(ask, stay) if with_one and is_between else None)


def robust(base: Base, *, stop: StopSignal | None = None) -> Robust:
    """
    Find the plan that loses least when any one officer is out.

    Parameters
    ----------
    base
        A plan with beats; a better one may be found by the way if it is not proven.
    """
    problem = base.problem
    first, *rest = problem.order
    order = tuple(dict.fromkeys((first, "balance", *rest)))
    plan = base.plan
    if order != problem.order:
        asked = problem.replace(objective=problem.objective.model_copy(update={"order": order}))
        plan = solve(asked, base.params, folder=base.folder, times=base.times, near=base.plan, stop=stop)
    loss = _largest_loss(plan)
    return Robust(plan, _largest_loss(base.plan), loss, min(loss, max(_least_losses(plan))))


def _largest_loss(plan: Plan) -> int:
    """Give the demand of the largest beat."""
    sites, site_of = plan.problem.sites, plan.problem.site_of
    return max(
        sum(sites[site_of[ids[0]]].demand for ids in (beat.primary, *(stop.campuses for stop in beat.shared)) if ids)
        for beat in plan.beats
    )


def _least_losses(plan: Plan) -> Iterator[int]:
    """Give what no plan with the first tier held can go below: what the search proved, and the average beat."""
    first = plan.tiers[0]
    yield next((tier.bound for tier in plan.tiers if tier.name == "balance" and tier.bound is not None), 0)
    if first.name == "coverage":
        covered = sum(site.demand for site in plan.problem.sites) - first.limit
        yield math.ceil(covered / len(plan.problem.officers))


def asked_tiers(problem: Problem) -> tuple[TierName, ...]:
    """Give the planner's tiers without those that look back."""
    return tuple(tier for tier in problem.order if tier not in ("continuity", "moves")) or ("coverage",)


@dataclass(frozen=True)
class _Question:
    """The problem that is left without some officers."""

    base: Base
    absent: tuple[str, ...]
    stop: StopSignal | None

    @property
    def present(self) -> tuple[Officer, ...]:
        """Those who are left, with the base plan as their present duty."""
        officers = self.base.problem.officers
        return self.base.as_current(tuple(officer for officer in officers if officer.id not in self.absent))

    def problem(self, order: tuple[TierName, ...], free: str | None = None) -> Problem:
        """
        Give the problem.

        Parameters
        ----------
        free
            An officer who may be moved: without a present duty.
        """
        problem = self.base.problem
        officers = tuple(
            officer.model_copy(update={"primary": None, "shared": ()}) if officer.id == free else officer
            for officer in self.present
        )
        if not any(officer.primary for officer in officers):
            order = tuple(tier for tier in order if tier != "moves")
        tolerance = problem.objective.tolerance.model_copy(update={"moves": 0})
        return problem.replace(
            officers=officers,
            pins=tuple(pin for pin in problem.pins if pin.officer not in self.absent),
            forbids=tuple(rule for rule in problem.forbids if rule.officer not in self.absent),
            objective=problem.objective.model_copy(update={"order": order, "tolerance": tolerance}),
        )

    def solve(self, problem: Problem, near: Plan) -> Plan:
        base = self.base
        return solve(problem, base.params, folder=base.folder, times=base.times, near=near, stop=self.stop)

    def answer(self, *order: TierName, free: str | None = None, near: Plan | None = None) -> Answer:
        plan = self.solve(self.problem(order, free), near or self.base.plan)
        problem, before, after = self.base.problem, services(self.base.plan), services(plan)
        return Answer(
            status=plan.status,
            explanation=plan.explanation,
            is_proven=plan.status in ("optimal", "infeasible"),
            not_covered=not_covered(problem, after) if plan.has_beats else 0,
            nobody_to_call=nobody_to_call(problem, after) if plan.has_beats else 0,
            moves=moves(self.base.plan, plan),
            handovers=handovers(problem, before, after) if plan.has_beats else (),
            tiers=plan.tiers,
            plan=plan,
        )


def _one_moved(ask: _Question, stay: Answer) -> Answer | None:
    """Free each officer in turn, and answer with whoever brings most; None if nobody brings anything."""
    first, *rest = asked_tiers(ask.base.problem)
    working = [officer.id for officer in ask.present if officer.primary is not None]
    trials = {free: ask.solve(ask.problem(("moves", first), free), stay.plan) for free in working}
    values = {free: _costs(trial)[first] for free, trial in trials.items() if trial.has_beats}
    least = min(values.values(), default=math.inf)
    if least >= _costs(stay.plan)[first]:
        return None
    tied = [free for free, value in values.items() if value == least]
    answers = [ask.answer("moves", first, *rest, free=free, near=stay.plan) for free in tied]
    found = min(answers, key=lambda answer: (not answer.plan.has_beats, list(_costs(answer.plan).values())))
    are_proven = all(trial.status == "optimal" for trial in trials.values()) and all(a.is_proven for a in answers)
    return replace(found, is_proven=are_proven)


def _costs(plan: Plan) -> dict[TierName, int]:
    """Give the best of each tier, less is better."""
    return {tier.name: -tier.best if tier.more_is_better else tier.best for tier in plan.tiers}
