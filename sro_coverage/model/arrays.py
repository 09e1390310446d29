"""
The rules, compiled once into plain arrays. Every solver works on these and on nothing else.

Formulation, for base b (an officer of class c at a post of site i), arc a (base to site) and site j::

    y[b]  somebody holds base b                     x[a]  arc a is used (shared or on-call)
    p[j]  site j is a primary                       u[j]  site j is uncovered

    min  sum_j primary_cost p + sum_b base_cost y + sum_a arc_cost x + sum_j uncovered_cost u
    s.t. p[j] + sum_{a into j} x[a] + u[j] = 1      one state for every site
         sum_{b at j} y[b] = posts[j] p[j]          all posts of a primary are filled
         sum_{b of c} y[b] <= officers in c
         x[a] <= y[base of a]
         sum_{a of b} seconds[a] x[a] <= cap_seconds[b] y[b], and so for peaks, students, count
         at least one option of every pin is chosen

Rules that name one of several officers who are alike are not in these rows: they say which of the
class may hold which base, and a plan must leave a way to name everybody (:class:`NamedOfficer`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from sro_coverage.problem import TierName
from sro_coverage.travel import Bools, Ints


@dataclass(frozen=True, eq=False)
class Options:
    """Positions of bases, arcs and uncovered sites, one of which a pin demands."""

    bases: Ints
    arcs: Ints
    uncovered: Ints


@dataclass(frozen=True, eq=False)
class NamedOfficer:
    """
    One of several officers who are alike, with rules of his own.

    Parameters
    ----------
    officer, number
        Position in the roster, and of the class.
    pins
        The base that the officer holds must fulfil each of them.
    forbid_bases, forbid_arcs
        Bases that the officer must not hold, and arcs that the base held must not use.
    """

    officer: int
    number: int
    pins: tuple[Options, ...]
    forbid_bases: Ints
    forbid_arcs: Ints


@dataclass(frozen=True, eq=False)
class PresentDuty:
    """What an officer (position in the roster) does today, as a base and the shared arcs that go with it."""

    officer: int
    base: int
    arcs: Ints


@dataclass(frozen=True, eq=False)
class TierArrays:
    """
    One tier, always as a cost to be made small.

    The number that people see is ``sign * cost + constant``; `sign` is -1 where more is better.
    A `bottleneck` tier is the largest, not the sum, over bases of base_cost y + its arcs' costs.
    A tier with `duties` gains 1 for each officer, and each base, of which a whole duty is kept.
    """

    name: TierName
    sign: int
    constant: int
    primary_cost: Ints
    base_cost: Ints
    arc_cost: Ints
    uncovered_cost: Ints
    bottleneck: bool = False
    duties: tuple[PresentDuty, ...] = ()

    def shown(self, cost: int) -> int:
        """Give the number that people see."""
        return self.sign * cost + self.constant

    def cost(self, shown: int) -> int:
        """Give the cost that is shown so."""
        return self.sign * (shown - self.constant)

    @property
    def is_sum(self) -> bool:
        """Whether the cost is the sum of what is chosen."""
        return not self.bottleneck and not self.duties

    @property
    def least_cost(self) -> int:
        """A cost that no choice can go below, whatever the rules: everything that lowers it, and nothing else."""
        if self.duties:
            return -len({duty.officer for duty in self.duties})
        columns = (self.primary_cost, self.base_cost, self.arc_cost, self.uncovered_cost)
        return 0 if self.bottleneck else sum(int(np.minimum(column, 0).sum()) for column in columns)


@dataclass(frozen=True, eq=False)
class Arrays:
    """
    A compiled problem.

    Parameters
    ----------
    class_officers
        Positions in ``problem.officers`` of each class of identical officers.
    posts
        Officers needed at each site if it is a primary.
    base_class, base_site
        Class and site of each base; bases of one class and site stand side by side.
    base_twin
        The base of the same class and site just before this one, or -1: filled in this order.
    cap_seconds, cap_peaks, cap_students, cap_count
        What the shared arcs of a base may use up, a week.
    arc_base, arc_site, arc_is_shared
        Arcs, sorted by base; the others are on-call.
    arc_seconds, arc_peaks, arc_students
        What an arc uses up; zero for on-call.
    may_be_uncovered
        One truth value for each site.
    pins
        Each demands at least one of its options.
    named
        Rules for one of several officers who are alike.
    tiers
        In order of importance.
    """

    class_officers: tuple[tuple[int, ...], ...]
    posts: Ints
    base_class: Ints
    base_site: Ints
    base_twin: Ints
    cap_seconds: Ints
    cap_peaks: Ints
    cap_students: Ints
    cap_count: Ints
    arc_base: Ints
    arc_site: Ints
    arc_is_shared: Bools
    arc_seconds: Ints
    arc_peaks: Ints
    arc_students: Ints
    may_be_uncovered: Bools
    pins: tuple[Options, ...]
    named: tuple[NamedOfficer, ...]
    tiers: tuple[TierArrays, ...]


@dataclass(frozen=True, eq=False)
class Choice:
    """
    A solution as truth values over the arrays.

    Parameters
    ----------
    base, arc
        Which bases are held and which arcs are used; a site is a primary if a base there is
        held, and uncovered if nothing else serves it.
    """

    base: Bools
    arc: Bools

    @staticmethod
    def of_nobody(arrays: Arrays) -> Choice | None:
        """Give the choice that leaves every site uncovered, or None if a rule is against it."""
        pins = (*arrays.pins, *(pin for officer in arrays.named for pin in officer.pins))
        if pins or not arrays.may_be_uncovered.all():
            return None
        return Choice(np.zeros(len(arrays.base_site), np.bool_), np.zeros(len(arrays.arc_site), np.bool_))

    def primary(self, arrays: Arrays) -> Bools:
        """Which sites have somebody based there."""
        return np.bincount(arrays.base_site[self.base], minlength=len(arrays.posts)) > 0

    def uncovered(self, arrays: Arrays) -> Bools:
        """Which sites nobody serves."""
        reached = np.bincount(arrays.arc_site[self.arc], minlength=len(arrays.posts)) > 0
        return ~(reached | self.primary(arrays))

    def cost(self, arrays: Arrays, tier: TierArrays) -> int:
        """Cost of this choice in one tier."""
        if tier.bottleneck:
            load = np.where(self.base, tier.base_cost, 0)
            np.add.at(load, arrays.arc_base[self.arc], tier.arc_cost[self.arc])
            return int(load.max(initial=0))
        if tier.duties:
            kept = [duty for duty in tier.duties if self.base[duty.base] and self.arc[duty.arcs].all()]
            worth = {(duty.officer, duty.base): 1 for duty in kept}
            return -sum(worth.get(pair, 0) for pair in self.names(arrays, worth) or ())
        return int(
            tier.primary_cost[self.primary(arrays)].sum()
            + tier.base_cost[self.base].sum()
            + tier.arc_cost[self.arc].sum()
            + tier.uncovered_cost[self.uncovered(arrays)].sum()
        )

    def names(self, arrays: Arrays, worth: Mapping[tuple[int, int], int]) -> list[tuple[int, int]] | None:
        """
        Give bases that are held to those officers of their class whom something tells apart.

        Parameters
        ----------
        worth
            Of an officer (position in the roster) at a base; the sum is made as large as possible.

        Returns
        -------
        list of (int, int) or None
            Officer and base, of named officers and of those with a worth; the others of a class can
            take what is left. None if the rules for named officers leave no way.
        """
        special = {named.officer: named for named in arrays.named}
        with_worth = {officer for officer, _ in worth}
        pairs: list[tuple[int, int]] = []
        for number, members in enumerate(arrays.class_officers):
            rows = [member for member in members if member in special or member in with_worth]
            if not rows:
                continue
            bases = np.flatnonzero(self.base & (arrays.base_class == number)).tolist()
            options: list[int | None] = [*bases, *[None] * (len(members) - len(bases))]
            value = np.zeros((len(rows), len(options)))
            for row, member in enumerate(rows):
                value[row, : len(bases)] = [worth.get((member, base), 0) for base in bases]
                if member in special:
                    value[row, [not self._may_hold(arrays, special[member], base) for base in options]] = -np.inf
            try:
                chosen = zip(*linear_sum_assignment(value, maximize=True), strict=True)
            except ValueError:
                return None
            pairs += [(rows[row], bases[column]) for row, column in chosen if column < len(bases)]
        return pairs

    def _may_hold(self, arrays: Arrays, named: NamedOfficer, base: int | None) -> bool:
        if base is None:
            return not named.pins
        mine = self.arc & (arrays.arc_base == base)
        return (
            base not in named.forbid_bases
            and not mine[named.forbid_arcs].any()
            and all(base in pin.bases or mine[pin.arcs].any() for pin in named.pins)
        )

    def keeps_rules(self, arrays: Arrays) -> bool:
        """Whether this choice is a plan: every rule that is compiled holds."""
        held, used = np.flatnonzero(self.base), np.flatnonzero(self.arc)
        officers = np.bincount(arrays.base_class[held], minlength=len(arrays.class_officers))
        based = np.bincount(arrays.base_site[held], minlength=len(arrays.posts))
        served = np.bincount(arrays.arc_site[used], minlength=len(arrays.posts)) + (based > 0)
        loads = (
            (arrays.arc_seconds, arrays.cap_seconds),
            (arrays.arc_peaks, arrays.cap_peaks),
            (arrays.arc_students, arrays.cap_students),
            (arrays.arc_is_shared, arrays.cap_count),
        )
        twin = arrays.base_twin[held]
        return bool(
            (officers <= [len(members) for members in arrays.class_officers]).all()
            and ((based == 0) | (based == arrays.posts)).all()
            and (served <= 1).all()
            and ((served == 1) | arrays.may_be_uncovered).all()
            and self.base[twin[twin >= 0]].all()
            and self.base[arrays.arc_base[used]].all()
            and all((np.bincount(arrays.arc_base[used], use[used], len(cap)) <= cap)[held].all() for use, cap in loads)
            and self.names(arrays, {}) is not None
            and all(
                self.base[pin.bases].any() or self.arc[pin.arcs].any() or (served[pin.uncovered] == 0).any()
                for pin in arrays.pins
            )
        )
