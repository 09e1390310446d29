"""What each number of officers can do at best, what one more buys, and how many a goal needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

from sro_coverage.errors import DataError, Issue
from sro_coverage.explain.base import Base
from sro_coverage.explain.goals import CampusGoal, Goal, StudentsCovered
from sro_coverage.explain.unmet import why_unmet
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.feasible import is_feasible
from sro_coverage.model.solution import Status, StopSignal
from sro_coverage.plan import Plan, Tier
from sro_coverage.planner import solve
from sro_coverage.problem import Problem, TierName
from sro_coverage.problem.staffing import have_numbers, staffed

MOST_NUMBERS = 200


@dataclass(frozen=True)
class Row:
    """
    One number of officers and its best plan.

    Parameters
    ----------
    status
        Of the plan; ``impossible`` if so many officers cannot be asked for.
    plan
        None where nothing had to be solved to know that there is none.
    reason
        Why there is no plan.
    """

    officers: int
    status: Status | Literal["impossible"]
    plan: Plan | None = None
    reason: str = ""

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Every tier with its best and its bound; empty without a plan."""
        return self.plan.tiers if self.plan else ()

    @property
    def proven(self) -> bool:
        """Whether nothing is left open, be it the best plan or that there is none."""
        return self.status not in ("feasible", "no plan found")


@dataclass(frozen=True)
class Step:
    """
    What one more officer changes.

    Parameters
    ----------
    officers
        How many there are before.
    gains
        Difference of each tier's best. Once a tier is better, the ones after it may be worse: they are
        the best under firmer demands.
    first
        The first tier that is better, if that is proven.
    buys
        Whether any tier is better; False only if that is proven, None if it is not known.
    """

    officers: int
    gains: dict[TierName, int]
    first: TierName | None
    buys: bool | None


@dataclass(frozen=True)
class Smallest:
    """
    How many officers some goals need.

    Parameters
    ----------
    officers
        The smallest number that is shown to meet all goals; None if there is none.
    too_few
        The largest number that is proven not to, 0 if there is none.
    most
        As many as there are posts; no more can be asked for.
    plan
        A checked plan of that number that meets the goals: the best one, or, where a share of students is a
        goal, the one that covers most.
    reasons
        Why no number meets them.
    """

    goals: tuple[Goal, ...]
    officers: int | None
    too_few: int
    most: int
    plan: Plan | None = None
    reasons: tuple[str, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether one officer fewer, or any number, is proven not to meet the goals."""
        return self.too_few == (self.most if self.officers is None else self.officers - 1)

    def is_met_by(self, officers: int) -> bool | None:
        """Say whether a plan with so many officers meets the goals; None if that is not known."""
        if officers <= self.too_few:
            return False
        return True if self.officers is not None and officers >= self.officers else None


@dataclass(frozen=True)
class Frontier:
    """
    The best of each tier for each number of officers.

    Parameters
    ----------
    base
        What was asked, with the present number of officers.
    rows
        By number, one after another.
    smallest
        None if there was no goal.
    """

    base: Base
    rows: tuple[Row, ...]
    smallest: Smallest | None = None

    @property
    def problem(self) -> Problem:
        """The problem with the present number of officers."""
        return self.base.problem

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What one more officer changes, for each number with a plan that is followed by one with a plan."""
        return tuple(_step(before, after) for before, after in pairwise(self.rows) if before.tiers and after.tiers)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know: who comes and goes, and what is not in it."""
        return tuple(_remarks(self))

    @property
    def proven(self) -> bool:
        """Whether nothing is left open."""
        return all(row.proven for row in self.rows) and (self.smallest is None or self.smallest.proven)


def frontier(
    about: Base | Problem,
    numbers: range,
    goals: Sequence[Goal] = (),
    *,
    watch: Callable[[str], None] | None = None,
    stop: StopSignal | None = None,
) -> Frontier:
    """
    Find the best plan for each number of officers, and the smallest number that meets some goals.

    Parameters
    ----------
    about
        A solved plan to start from; a problem is solved first.
    numbers
        From 1 on, each once: ``range(8, 17)``. Officers come and go as
        :func:`~sro_coverage.problem.staffing.staffed` says.
    goals
        All of them are to be met. The smallest number is looked for among all numbers, not only `numbers`.
    watch
        Told what is done next.
    stop
        A way to end it early.

    Raises
    ------
    DataError
        If numbers or goals cannot be asked for.
    KeyboardInterrupt
        If a stop was requested.

    Notes
    -----
    Each plan is searched for from its neighbour's, and is as exact as any other: the base's parameters hold for each.
    More officers never meet less, since one may stay idle, so that the smallest number is found by bisection; that
    one fewer will not do is a proof of the solver, or else it is not claimed.
    """
    issues = list(_wrong(about if isinstance(about, Problem) else about.problem, numbers, goals))
    if issues:
        raise DataError(issues)
    base = about if isinstance(about, Base) else Base.of(about)
    search = _Search(base, watch or (lambda _: None), stop or StopSignal())
    rows = search.rows(numbers)
    return Frontier(base, rows, search.smallest(tuple(goals)) if goals else None)


def _wrong(problem: Problem, numbers: range, goals: Sequence[Goal]) -> Iterator[Issue]:
    if not 1 <= len(numbers) <= MOST_NUMBERS or numbers.step != 1 or numbers.start < 1:
        found = f"{numbers.start} to {numbers.stop - 1}" + (f" in steps of {numbers.step}" if numbers.step != 1 else "")
        yield Issue("officers", found, f"1 to {MOST_NUMBERS} numbers one after another, the smallest first, from 1 on")
    for goal in goals:
        if isinstance(goal, CampusGoal) and not goal.sites(problem):
            there = sorted({campus.level for site in problem.sites for campus in site.campuses})
            yield Issue(f"goal {str(goal)!r}", "no planned campus has that level", f"some of {', '.join(there)}")


class _Search:
    """Solves one number after another, each from the one beside it."""

    def __init__(self, base: Base, watch: Callable[[str], None], stop: StopSignal) -> None:
        self._base, self._watch, self._stop = base, watch, stop
        self._posts = sum(site.rule.posts for site in base.problem.sites)

    def rows(self, numbers: range) -> tuple[Row, ...]:
        """Solve each number, from the present one outwards."""
        present = len(self._base.problem.officers)
        middle = min(max(present, numbers.start), numbers.stop - 1)
        found = {middle: self._row(middle, None)}
        for number in range(middle + 1, numbers.stop):
            found[number] = self._row(number, found[number - 1])
        for number in range(middle - 1, numbers.start - 1, -1):
            found[number] = self._row(number, found[number + 1])
        return tuple(found[number] for number in numbers)

    def _row(self, number: int, beside: Row | None) -> Row:
        if beside and number < beside.officers and beside.status == "infeasible":
            return replace(beside, officers=number, plan=None)  # fewer officers never make a plan possible
        if number == len(self._base.problem.officers):
            return _row_of(number, self._base.plan)
        if number > self._posts:
            return Row(number, "impossible", reason=f"there are only {self._posts:,} posts on the planned campuses")
        self._tell(f"{number} officer{'s' * (number != 1)}")
        try:
            problem = _with_officers(self._base.problem, number)
        except DataError as error:
            return Row(number, "impossible", reason="; ".join(map(str, error.issues)))
        return _row_of(number, self._solve(problem, beside.plan if beside else None))

    def smallest(self, goals: tuple[Goal, ...]) -> Smallest:
        """Find the smallest number of officers that meets goals, by bisection."""
        most = self._posts
        is_met = self._is_met(most, goals)
        if not is_met:
            self._tell("goal: why no number of officers meets it")
            everybody = _with_officers(self._base.problem, most)
            reasons = why_unmet(self._base, everybody, goals) if is_met is False else ()
            return Smallest(goals, None, most if is_met is False else 0, most, reasons=reasons)
        too_few = not_shown = 0
        enough = most
        while enough - not_shown > 1:
            middle = (enough + not_shown) // 2
            is_met = self._is_met(middle, goals)
            if is_met:
                enough = middle
            else:
                not_shown = middle
                too_few = middle if is_met is False else too_few
        return Smallest(goals, enough, too_few, most, plan=self._witness(enough, goals))

    def _is_met(self, number: int, goals: tuple[Goal, ...]) -> bool | None:
        """Say whether any plan with so many officers meets the goals; None if the time was too short to tell."""
        self._tell(f"goal: {number} officer{'s' * (number != 1)}")
        try:
            problem = _asked(_with_officers(self._base.problem, number), goals)
        except DataError:
            return False
        shares = [goal for goal in goals if isinstance(goal, StudentsCovered)]
        if not shares:
            return is_feasible(compile_arrays(problem, self._base.times), self._base.params.time_limit_s)
        plan = self._solve(problem)
        if not plan.has_beats:
            return False if plan.status == "infeasible" else None
        (coverage,) = plan.tiers
        most = min(goal.most_not_covered(problem) for goal in shares)
        if coverage.best <= most:
            return True
        return False if coverage.bound is not None and coverage.bound > most else None

    def _witness(self, number: int, goals: tuple[Goal, ...]) -> Plan:
        self._tell(f"goal: the best plan with {number} officer{'s' * (number != 1)}")
        plan = self._solve(_asked(_with_officers(self._base.problem, number), goals))
        if plan.status == "infeasible":
            raise AssertionError("a number of officers that meets the goals has no plan that does")
        return plan

    def _solve(self, problem: Problem, near: Plan | None = None) -> Plan:
        base = self._base
        plan = solve(
            problem, base.params, folder=base.folder, times=base.times, near=near or base.plan, stop=self._stop
        )
        self._end_if_stopped()
        return plan

    def _tell(self, what: str) -> None:
        self._end_if_stopped()
        self._watch(what)

    def _end_if_stopped(self) -> None:
        if self._stop.requested:
            raise KeyboardInterrupt


def _row_of(number: int, plan: Plan) -> Row:
    return Row(number, plan.status, plan, plan.explanation)


def _with_officers(problem: Problem, number: int) -> Problem:
    """Give the problem with so many officers; forbids of those who leave go with them, a pin must be released first."""
    officers = staffed(problem.officers, number)
    leaving = {officer.id for officer in problem.officers} - {officer.id for officer in officers}
    issues = [
        Issue("officers", f"{pin.officer} would leave, and is pinned ({pin})", "that pin released first")
        for pin in problem.pins
        if pin.officer in leaving
    ]
    if issues:
        raise DataError(issues)
    forbids = tuple(forbid for forbid in problem.forbids if forbid.officer not in leaving)
    return problem.replace(officers=officers, forbids=forbids)


def _asked(problem: Problem, goals: Sequence[Goal]) -> Problem:
    for goal in goals:
        problem = goal.asked(problem)
    return problem


def _step(before: Row, after: Row) -> Step:
    pairs = [(old, new) for old, new in zip(before.tiers, after.tiers, strict=False) if old.name == new.name]
    gains = {old.name: new.best - old.best for old, new in pairs}
    for old, new in pairs:
        sign = 1 if old.more_is_better else -1
        if old.bound is not None and sign * (new.best - old.bound) > 0:
            return Step(before.officers, gains, old.name, buys=True)
        if not (old.proven and new.proven):
            return Step(before.officers, gains, None, buys=None)
        if new.best != old.best:
            break  # worse: only an officer who brings present campuses along makes a tier so
    return Step(before.officers, gains, None, buys=False)


def _remarks(result: Frontier) -> Iterator[str]:
    officers = result.problem.officers
    numbers = [row.officers for row in result.rows if row.status != "impossible"]
    if not have_numbers(officers) and numbers:
        if numbers[0] < len(officers):
            yield (
                f"The roster has {len(officers)} officers. With fewer, they leave from its end, "
                f"{officers[-1].name} first: another order may give other numbers."
            )
        if numbers[-1] > len(officers):
            yield "Officers who are added have the policy's limits."
    if numbers and numbers[0] < len(officers) and {"continuity", "moves"} & set(result.problem.order):
        yield "Continuity and moves count only officers who are there, not the campuses of those who left."
    if result.problem.objective.weight:
        yield f"Demand is the column {result.problem.objective.weight!r}, not enrollment: the planner's choice."
    left_out = {
        campus.id: campus.name
        for goal in (result.smallest.goals if result.smallest else ())
        for campus in goal.left_out(result.problem)
    }
    if left_out:
        yield f"Not planned, and so not in the goal: {', '.join(left_out.values())}."
