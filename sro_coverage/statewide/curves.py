"""What each number of officers can do in one agency: points that were solved, and bounds for those that were not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import accumulate
from typing import Protocol, TypeAlias

from sro_coverage.model.solution import Status
from sro_coverage.problem import Officer, Problem, TierName

Values: TypeAlias = tuple[int, int]
"""Students covered, then students on primaries."""

TIERS: tuple[TierName, ...] = ("coverage", "primary")
"""What a number of officers is worth: the first that differs decides."""


class Known(Protocol):
    """What a solved tier tells; plans and runs have such."""

    @property
    def best(self) -> int:
        """Value that a plan reaches."""

    @property
    def bound(self) -> int | None:
        """What no plan is better than, the earlier tiers held."""


@dataclass(frozen=True)
class Point:
    """
    What so many officers can do at best.

    Parameters
    ----------
    values
        Of a plan.
    bounds
        No plan covers more, and none that covers as much has more students on primaries.
    reason
        Why there is no plan.
    """

    officers: int
    values: Values
    bounds: Values
    reason: str = ""


@dataclass(frozen=True)
class Ground:
    """
    What is known of an agency before anything is solved.

    Parameters
    ----------
    now
        Officers that it has.
    posts
        No more officers can be asked for.
    demand, coverable
        Students on planned campuses, and on those of them that may be covered.
    largest
        Students on so many of the largest campuses where an officer may be based, by number.
    beat
        No officer who is added covers more; None where one officer's leaving may cost others theirs.
    alike
        Whether nothing but a name tells officers apart.
    """

    now: int
    posts: int
    demand: int
    coverable: int
    largest: tuple[int, ...]
    beat: int | None
    alike: bool

    @staticmethod
    def of(problem: Problem, now: int) -> Ground:
        """Look at a problem, with any number of officers."""
        sites = problem.sites
        based = sorted((site.demand for site in sites if "primary" in site.rule.states), reverse=True)
        can_cover = [site.demand for site in sites if based and {"primary", "shared"} & set(site.rule.states)]
        is_free = not problem.pins and not problem.forbids and all(site.rule.posts == 1 for site in sites)
        return Ground(
            now=now,
            posts=sum(site.rule.posts for site in sites),
            demand=sum(site.demand for site in sites),
            coverable=sum(can_cover),
            largest=(0, *accumulate(based)),
            beat=_largest_beat(problem, can_cover) if is_free else None,
            alike=all(map(_is_plain, problem.officers)),
        )

    def most_based(self, officers: int) -> int:
        """Give the most students on primaries that so many officers can have, whatever else they do."""
        return self.largest[min(officers, len(self.largest) - 1)]


def _largest_beat(problem: Problem, demands: Sequence[int]) -> int:
    most = sum(nlargest(1 + problem.policy.max_shared, demands))
    limit = problem.policy.max_students
    return most if limit is None or problem.objective.weight else min(most, limit)


def _is_plain(officer: Officer) -> bool:
    return officer == Officer(id=officer.id, name=officer.name, primary=officer.primary, shared=officer.shared)


@dataclass
class Curve:
    """
    One agency's points, from the officers it has upwards.

    More officers are never worth less, since one may stay idle; so a point says something about all others. And
    where no rule ties officers together, leaving out the officer who covers least of ``n`` who are alike leaves a
    plan for ``n - 1`` that covers at least ``(n - 1) / n`` as much: what each covers on average never grows.
    """

    ground: Ground
    points: dict[int, Point] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.ground.now == 0:
            self.points[0] = Point(0, (0, 0), (0, 0))

    def add(self, officers: int, status: Status | str, tiers: Sequence[Known], reason: str = "") -> None:
        """Take in what was solved; a number without a plan covers nobody if that is proven, and is open if not."""
        ground = self.ground
        if tiers:
            coverage, primary = tiers
            values = ground.demand - coverage.best, primary.best
            missed = 0 if coverage.bound is None else coverage.bound
            based = ground.most_based(officers) if primary.bound is None else primary.bound
            bounds = ground.demand - missed, based
        else:
            values = 0, 0
            bounds = values if status == "infeasible" else (ground.coverable, ground.most_based(officers))
        self.points[officers] = Point(officers, values, bounds, "" if tiers else f"{status}: {reason}")

    def effective(self, officers: int) -> int:
        """Give how many of so many officers can have a post."""
        return min(officers, max(self.ground.posts, self.ground.now))

    def lacks(self, officers: int) -> bool:
        """Whether so many officers would have to be solved to know what they can do."""
        return self.effective(officers) not in self.points and not self.is_proven(officers)

    def values(self, officers: int) -> Values:
        """Give what a known plan for so many officers, or fewer, reaches."""
        return max((point.values for point in self.points.values() if point.officers <= officers), default=(0, 0))

    def bounds(self, officers: int) -> Values:
        """Give what no plan for so many officers is better than."""
        officers = self.effective(officers)
        ground, point = self.ground, self.points.get(officers)
        limits = [ground.coverable, *(self._grown(known, officers) for known in self.points.values())]
        based = ground.most_based(officers)
        return min(limits), based if point is None else min(based, point.bounds[1])

    def is_proven(self, officers: int) -> bool:
        """Whether no plan for so many officers is better than a known one."""
        return self.values(officers) == self.bounds(officers)

    def _grown(self, known: Point, officers: int) -> int:
        """Give the most students that so many officers can cover, by what another number can."""
        covered, ground, more = known.bounds[0], self.ground, officers - known.officers
        if more <= 0:
            return covered
        if ground.beat is None:
            return ground.coverable
        with_new = covered + more * ground.beat
        if ground.alike and known.officers:
            return min(with_new, covered * officers // known.officers)
        return with_new
