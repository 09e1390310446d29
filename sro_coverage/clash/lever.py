# ruff: noqa: D102 - what an overriding method does stands in Lever
"""
One rule, where it is written, and how far it can be relaxed.

A lever is pulled in whole steps, each of which keeps every plan that was possible before it: longer limits, fewer
hours, one more officer, a state or a level added, a pin released. Site merging keeps that so, since the most demanding
rule of a site's campuses holds. Posts alone go both ways: a primary has exactly so many officers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import count, islice
from typing import Any, NamedTuple

from sro_coverage.problem import Assignment, Officer, Policy, Problem, Rule

UNWRITTEN, WRITTEN, PERSONAL, OFFICERS, ASSIGNMENTS, POSTS = range(6)
"""How firmly a rule stays in a clash that other rules would explain as well; posts come last for speed alone."""


class Rules(NamedTuple):
    """The parts of a problem that levers change."""

    policy: Policy
    officers: tuple[Officer, ...]
    pins: tuple[Assignment, ...]
    forbids: tuple[Assignment, ...]

    @staticmethod
    def of(problem: Problem) -> Rules:
        """Take them out of a problem."""
        return Rules(problem.policy, problem.officers, problem.pins, problem.forbids)


@dataclass(frozen=True, kw_only=True)
class Lever(ABC):
    """
    One rule, where it is written, and how far it can be relaxed.

    Parameters
    ----------
    key
        Where it stands, in the words of the plan file or the roster.
    before
        Its present value.
    meaning
        What it says, for people; empty where the key says it all.
    steps
        How many whole steps it can be relaxed by, the last of them being as good as no rule.
    firmness
        The firmer of two rules stays in a clash that either would explain.
    """

    key: str
    before: str
    meaning: str = ""
    steps: int = 1
    firmness: int = WRITTEN

    @property
    def rule(self) -> str:
        """The rule as it stands: ``max_travel_min 15``."""
        return f"{self.key} {self.before}".strip()

    @property
    def is_one_way(self) -> bool:
        """Whether more steps never take a plan away."""
        return True

    @abstractmethod
    def pulled(self, rules: Rules, amount: int) -> Rules:
        """Give the rules with this one relaxed by so many steps; other levers may be pulled already."""

    def let_go(self, rules: Rules) -> Rules:
        """Give the rules with this one relaxed as far as it goes."""
        return self.pulled(rules, self.steps)

    def relaxed(self, problem: Problem, amount: int) -> Problem:
        """
        Give the problem with the rule relaxed by so many steps.

        Raises
        ------
        DataError
            If another rule is against it; only fewer posts meet such.
        """
        return problem.replace(**self.pulled(Rules.of(problem), amount)._asdict())

    @abstractmethod
    def after(self, amount: int) -> str:
        """Its value after so many steps."""

    def words(self, amount: int) -> str:
        """Say what is done: ``max_travel_min 15 -> 17``."""
        return f"{self.key} {self.before} -> {self.after(amount)}"


def without(problem: Problem, levers: Iterable[Lever]) -> Problem:
    """Give the problem with some rules relaxed as far as they go."""
    rules = Rules.of(problem)
    for lever in levers:
        rules = lever.let_go(rules)
    return problem.replace(**rules._asdict())


@dataclass(frozen=True, kw_only=True)
class Release(Lever):
    """A pin or a forbid, to be taken out."""

    assignment: Assignment

    def pulled(self, rules: Rules, amount: int) -> Rules:
        pins, forbids = (
            tuple(other for other in group if other is not self.assignment) for group in (rules.pins, rules.forbids)
        )
        return rules._replace(pins=pins, forbids=forbids)

    def after(self, amount: int) -> str:
        return "released"

    def words(self, amount: int) -> str:
        return f"release {self.rule}"


@dataclass(frozen=True, kw_only=True)
class MoreOfficers(Lever):
    """The number of officers; those added have the policy's limits."""

    present: int
    have_own_limits: bool

    def pulled(self, rules: Rules, amount: int) -> Rules:
        taken = {officer.id for officer in rules.officers}
        free = (name for name in (f"Officer {number}" for number in count(1)) if name not in taken)
        added = tuple(Officer(id=name, name=name) for name in islice(free, amount))
        return rules._replace(officers=(*rules.officers, *added))

    def after(self, amount: int) -> str:
        return str(self.present + amount)

    def words(self, amount: int) -> str:
        who = "one more officer" if amount == 1 else f"{amount} more officers"
        return who + (", with the policy's limits" if self.have_own_limits else "")


class Place(NamedTuple):
    """Where a value is written: in the policy, in one of its rules, or in an officer's row."""

    parts: tuple[str, ...]
    officer: str | None = None

    def put(self, rules: Rules, value: Any) -> Rules:
        """Give the rules with another value here."""
        if self.officer is None:
            return rules._replace(policy=_with(rules.policy, self.parts, value))
        officers = (_with(o, self.parts, value) if o.id == self.officer else o for o in rules.officers)
        return rules._replace(officers=tuple(officers))

    def value(self, rules: Rules) -> Any:
        """Read what stands here; None if nothing does."""
        found: Any = rules.policy
        if self.officer is not None:
            found = next(officer for officer in rules.officers if officer.id == self.officer)
        for part in self.parts:
            found = found[part] if isinstance(found, dict) else getattr(found, part)
        return found

    def __str__(self) -> str:
        if self.officer is not None:
            return f"officer {self.officer}, {self.parts[0]}"
        return ".".join(self.parts if len(self.parts) == 1 else ("policy", *self.parts))


def _with(value: Any, parts: tuple[str, ...], new: Any) -> Any:
    head, *rest = parts
    if isinstance(value, dict):
        return value | {head: _with(value[head], tuple(rest), new)}
    return value.model_copy(update={head: _with(getattr(value, head), tuple(rest), new) if rest else new})


@dataclass(frozen=True, kw_only=True)
class Number(Lever):
    """A limit or an amount, moved towards an end where it no longer binds."""

    place: Place
    present: float
    step: Decimal
    end: float

    def pulled(self, rules: Rules, amount: int) -> Rules:
        return self.place.put(rules, type(self.present)(self._value(amount)))

    def after(self, amount: int) -> str:
        return written(self._value(amount))

    def _value(self, amount: int) -> Decimal:
        clip = min if self.step > 0 else max
        return clip(Decimal(str(self.present)) + amount * self.step, Decimal(str(self.end)))


@dataclass(frozen=True, kw_only=True)
class Posts(Lever):
    """
    Officers who are based at a campus if anybody is: exactly so many, so that more and fewer may both help.

    Let go, it is any number up to `most`, which no plan file can say: see `fewest_posts`.

    Parameters
    ----------
    campuses
        Whose posts are written here.
    numbers
        What else it may be, the nearest first.
    """

    place: Place
    campuses: frozenset[str]
    most: int
    numbers: tuple[int, ...]

    @property
    def is_one_way(self) -> bool:
        return False

    def pulled(self, rules: Rules, amount: int) -> Rules:
        return self.place.put(rules, self.numbers[amount - 1])

    def let_go(self, rules: Rules) -> Rules:
        return self.place.put(rules, self.most)

    def after(self, amount: int) -> str:
        return str(self.numbers[amount - 1])


def fewest_posts(problem: Problem, levers: Iterable[Lever]) -> list[int]:
    """Give the officers that each site needs at least if it is a primary, with these levers let go."""
    free = frozenset[str]().union(*(lever.campuses for lever in levers if isinstance(lever, Posts)))
    return [
        max(1 if campus.id in free else problem.rule(campus).posts for campus in site.campuses)
        for site in problem.sites
    ]


@dataclass(frozen=True, kw_only=True)
class Listed(Lever):
    """A list that one thing is added to, or taken out of: states of a campus, levels or exclusions of an officer."""

    place: Place
    item: str
    is_added: bool

    def pulled(self, rules: Rules, amount: int) -> Rules:
        here = self.place.value(rules)
        if here is None:
            here = getattr(Rule(), self.place.parts[-1])
        rest = tuple(other for other in here if other != self.item)
        return self.place.put(rules, (*rest, self.item) if self.is_added else rest)

    def after(self, amount: int) -> str:
        return f"{'with' if self.is_added else 'without'} {self.item}"

    def words(self, amount: int) -> str:
        return f"{self.key}: {'add' if self.is_added else 'take out'} {self.item}"


def written(number: float | Decimal) -> str:
    """Write a number as a plan file has it: 15, not 15.0."""
    text = format(Decimal(str(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
