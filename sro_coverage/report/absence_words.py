"""Words and numbers of an absence book, as the terminal, the page and the CSV write them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from sro_coverage.explain.absence import Absence, AbsenceBook, Answer, asked_tiers
from sro_coverage.explain.handover import Handover, Service, not_covered, services
from sro_coverage.plan import Beat, Tier
from sro_coverage.problem import Problem
from sro_coverage.report.wording import TIERS, amount

HOW = {"primary": "based there", "shared": "shared", "on-call": "to call"}


@dataclass(frozen=True)
class Part:
    """One site that an officer takes on: what stands in the officer's order."""

    name: str
    how: str
    students: int
    minutes: float | None
    hours: float


@dataclass(frozen=True)
class Order:
    """
    What changes for one officer.

    Parameters
    ----------
    before, after
        Names of the primary; empty if the officer is not based anywhere.
    is_moved
        Whether the officer does not keep the whole duty.
    takes
        Sites to be covered that were not this officer's, or not in this way.
    gives_up
        Names of sites covered before.
    primary_hours
        Left a week for the primary.
    """

    officer: str
    before: str
    after: str
    is_moved: bool
    takes: tuple[Part, ...]
    gives_up: tuple[str, ...]
    primary_hours: float

    @property
    def words(self) -> str:
        """What happens to the officer."""
        if self.before != self.after:
            return f"moves from {self.before or 'nowhere'} to {self.after or 'nowhere'}"
        return f"stays at {self.after}" if self.is_moved else f"keeps {self.after} and all shared campuses"


class Words:
    """The names in a book, and what its answers mean for people."""

    def __init__(self, book: AbsenceBook) -> None:
        self.book = book
        self.problem: Problem = book.plan.problem
        self._campus = {campus.id: campus.name for campus in self.problem.campuses}
        self._beat = {beat.officer: beat for beat in book.plan.beats}

    @cached_property
    def _officer(self) -> dict[str, str]:
        names = [officer.name for officer in self.problem.officers]
        return {
            officer.id: officer.name if names.count(officer.name) == 1 else f"{officer.name} ({officer.id})"
            for officer in self.problem.officers
        }

    @cached_property
    def today(self) -> int:
        """Students who are not covered by the base plan."""
        return not_covered(self.problem, services(self.book.plan))

    @property
    def students(self) -> int:
        """Students on all planned campuses."""
        return sum(site.enrollment for site in self.problem.sites)

    def officer(self, officer_id: str) -> str:
        """Name an officer, with the id where two bear the name."""
        return self._officer[officer_id]

    def officers(self, ids: Iterable[str]) -> str:
        """Name several."""
        return listed(map(self.officer, ids))

    def site(self, campuses: Iterable[str]) -> str:
        """Name a site by all its campuses."""
        return " + ".join(self._campus[campus] for campus in campuses)

    def base_of(self, officer_id: str) -> str:
        """Name the primary of an officer in the base plan; empty if there is none."""
        return self.site(self._beat[officer_id].primary)

    def way(self, absence: Absence, answer: Answer) -> str:
        """Give an answer a title: how many it moves, and whether more is possible."""
        moved = len(answer.moves)
        if not answer.plan.has_beats:
            return "No plan"
        title = (
            "Nobody moves" if moved == 0 else "One officer is moved" if moved == 1 else f"{moved} officers are moved"
        )
        if answer is absence.stay and moved:
            title += ", as the rules force it"
        return f"{title}: the best possible" if answer is absence.answers[-1] else title

    def orders(self, absence: Absence, answer: Answer) -> list[Order]:
        """Give every officer with other campuses to cover than before: who moves first, then by the roster."""
        moved = {move.officer for move in answer.moves}
        orders = [self._order(beat, absence, answer, is_moved=beat.officer in moved) for beat in answer.plan.beats]
        told = [order for order in orders if order.is_moved or order.takes or order.before != order.after]
        return sorted(told, key=lambda order: (not order.is_moved, order.before == order.after))

    def _order(self, beat: Beat, absence: Absence, answer: Answer, *, is_moved: bool) -> Order:
        who = beat.officer
        mine = [change for change in answer.handovers if _role(change.after, who) != _role(change.before, who)]
        return Order(
            officer=self.officer(who),
            before=self.base_of(who),
            after=self.site(beat.primary),
            is_moved=is_moved,
            takes=tuple(
                Part(self.site(c.campuses), HOW[c.after.state], c.students, c.after.minutes, c.after.hours)
                for c in sorted(mine, key=lambda change: change.after.state != "primary")
                if _role(c.after, who) in ("primary", "shared")
            ),
            gives_up=tuple(
                self.site(c.campuses)
                for c in mine
                if _role(c.before, who) in ("primary", "shared") and _role(c.after, who) not in ("primary", "shared")
            ),
            primary_hours=beat.primary_hours,
        )

    def uncovered(self, answer: Answer) -> list[tuple[str, int, str]]:
        """Give the sites that lose their coverage: name, students, and whom to call."""
        return [
            (self.site(change.campuses), change.students, self.call(change.after))
            for change in answer.handovers
            if change.before.is_covered and not change.after.is_covered
        ]

    def no_longer_based(self, answer: Answer) -> list[tuple[str, int, str]]:
        """Give the sites that are only shared now: name, students, and the hours that are left of a week's."""
        return [
            (
                self.site(change.campuses),
                change.students,
                f"{change.after.hours:.1f} h a week instead of {change.before.hours:.1f} h",
            )
            for change in answer.handovers
            if change.before.state == "primary" and change.after.state == "shared"
        ]

    def other_calls(self, answer: Answer) -> list[tuple[str, int, str]]:
        """Give the sites that had a number to call, and have another one now."""
        return [
            (self.site(change.campuses), change.students, self.call(change.after))
            for change in answer.handovers
            if not change.before.is_covered and not change.after.is_covered
        ]

    def call(self, service: Service) -> str:
        """Say whom to call."""
        if service.state == "uncovered" or service.minutes is None:
            return "nobody to call"
        return f"call {self.officers(service.officers)}, {service.minutes:.1f} min"

    def still(self, lost: Handover) -> str:
        """Say who is left at a site that loses one of several officers; empty if nobody is."""
        return f"{self.officers(lost.after.officers)} left there" if lost.after.officers else ""

    @property
    def noun(self) -> str:
        """What the tiers count."""
        weight = self.problem.objective.weight
        return "students" if weight is None else f"of {weight!r}"

    @property
    def first_tier(self) -> str:
        """What the planner's first tier asks for."""
        return TIERS[asked_tiers(self.problem)[0]][1]

    def robust_order(self) -> str:
        """Write the order of tiers of the plan for any absence, as the plan file has it."""
        return json.dumps(self.book.robust.plan.problem.order)

    def robust_tiers(self) -> list[tuple[str, str, str, str]]:
        """Give each tier in the base plan and in the plan for any absence, and whether that is proven."""
        base = {tier.name: tier for tier in self.book.plan.tiers}
        return [
            (TIERS[tier.name][0], _value(base.get(tier.name)), amount(tier, tier.value), proof(tier))
            for tier in self.book.robust.plan.tiers
            if tier.name != "balance"
        ]

    def moved_for_robust(self) -> int:
        """Count officers of the plan for any absence who are based elsewhere than in the base plan."""
        now = {beat.primary for beat in self.book.robust.plan.beats}
        return sum(beat.primary not in now for beat in self.book.plan.beats if beat.primary)

    def doubts(self) -> list[str]:
        """Name what is not proven, and demand that is not enrollment."""
        told = []
        if self.problem.objective.weight:
            told.append(
                f"The tiers count the column {self.problem.objective.weight!r} in place of students, as the planner "
                "chose; the students named here are enrollment."
            )
        open_answers = [
            self.officers(absence.absent)
            for absence in (*self.book.absences, *self.book.pairs)
            if not all(answer.is_proven for answer in absence.answers)
        ]
        if self.book.plan.status != "optimal":
            told.append("The plan itself is not proven best in every tier.")
        if open_answers:
            told.append(f"Not proven best, for lack of time, without: {'; '.join(open_answers)}.")
        return told

    def robust_proof(self) -> str:
        """Say how good the plan for any absence is known to be."""
        robust = self.book.robust
        if robust.is_proven:
            return "proven: no plan that covers as much loses less"
        gap = (robust.loss - robust.bound) / max(robust.loss, 1)
        return f"not proven: no plan that covers as much can lose less than {robust.bound:,}, {gap:.1%} below"


@dataclass(frozen=True)
class Figures:
    """
    Students not covered in each answer as a table has them; what brings nothing more stays empty.

    Parameters
    ----------
    stay
        Nobody moves; what is lost where nobody is left, and empty where a rule forces somebody to move.
    moved
        How many the best moves, or why there is none.
    """

    stay: str
    one: str
    best: str
    moved: str

    @property
    def least(self) -> str:
        """The best there is."""
        return self.best or self.stay or "-"


def figures_of(absence: Absence) -> Figures:
    """Write the students not covered in each answer."""
    stay, one, best = absence.stay, absence.one, absence.best
    if stay is None or best is None:
        return Figures(f"{absence.not_covered:,}", "", "", "nobody left")
    if not best.plan.has_beats:
        return Figures("", "", "", best.status)
    stays = stay.plan.has_beats and not stay.moves
    return Figures(
        stay=f"{stay.not_covered:,}" if stays else "",
        one=f"{one.not_covered:,}" if one else "",
        best=f"{absence.answers[-1].not_covered:,}",
        moved=f"{len(absence.answers[-1].moves):,}",
    )


def worst_pairs(book: AbsenceBook) -> list[Absence]:
    """Give the pairs without whom most are not covered first: at best, then if nothing is done."""

    def cost(absence: Absence) -> tuple[int, int]:
        best = absence.best
        return best.not_covered if best and best.plan.has_beats else absence.not_covered, absence.not_covered

    return sorted(book.pairs, key=cost, reverse=True)


def listed(names: Iterable[str]) -> str:
    """Join names: ``A, B and C``."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def proof(tier: Tier) -> str:
    """Say whether a tier is proven, or how far it may be off."""
    if tier.proven:
        return "proven"
    return "not proven" if tier.gap is None else f"gap {tier.gap:.1%}"


def _value(tier: Tier | None) -> str:
    return "not asked" if tier is None else amount(tier, tier.value)


def _role(service: Service, officer: str) -> str | None:
    return service.state if officer in service.officers else None
