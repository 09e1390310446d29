"""Goals that a number of officers may meet, each as a change of the problem: the rules of the model judge them."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem import LEVELS, Assignment, Campus, Level, Problem, Site, State, Value
from sro_coverage.problem.policy import Minutes
from sro_coverage.problem.value import quote

SECONDARY: tuple[Level, ...] = ("high", "middle", "secondary")
"""What ``secondary`` means in the text of a goal."""


class CampusGoal(Value):
    """
    Something that holds for every planned campus of some levels.

    Parameters
    ----------
    levels
        Empty means all. Campuses of one site are planned as one, so that a goal for one holds for its site.
    """

    levels: tuple[Level, ...] = ()

    states: ClassVar[tuple[State, ...]] = ()
    """What meets the goal, at one campus."""

    def sites(self, problem: Problem) -> tuple[Site, ...]:
        """Give the sites that the goal is about."""
        return tuple(site for site in problem.sites if any(map(self._is_meant, site.campuses)))

    def left_out(self, problem: Problem) -> tuple[Campus, ...]:
        """Give the campuses that the goal would be about if they could be planned."""
        return tuple(campus for campus in problem.not_planned if self._is_meant(campus))

    def asked(self, problem: Problem) -> Problem:
        """
        Give the problem all of whose plans meet the goal.

        Raises
        ------
        DataError
            If it contradicts the problem at first sight, as a primary where the level allows none.
        """
        return self.asked_at(problem, self.sites(problem))

    @abstractmethod
    def asked_at(self, problem: Problem, sites: Sequence[Site]) -> Problem:
        """Give the problem all of whose plans meet the goal at some of its sites."""

    def _is_meant(self, campus: Campus) -> bool:
        return not self.levels or campus.level in self.levels

    def _which(self) -> str:
        return ", ".join(self.levels) or "all"

    def _every(self) -> str:
        *rest, last = (level.replace("_", " ") for level in self.levels or ("",))
        return " ".join(filter(None, ("every", ", ".join(rest), "and" * bool(rest), last, "campus")))


class Based(CampusGoal):
    """Every campus of some levels has an officer based there."""

    states: ClassVar[tuple[State, ...]] = ("primary",)

    def asked_at(self, problem: Problem, sites: Sequence[Site]) -> Problem:
        """Pin the state primary."""
        pins = (Assignment(campus=site.lead.id, state="primary") for site in sites)
        return problem.replace(pins=tuple(dict.fromkeys((*problem.pins, *pins))))

    def __str__(self) -> str:
        return f"based {self._which()}"

    @property
    def words(self) -> str:
        """The goal for people."""
        return f"an officer based at {self._every()}"


class Covered(CampusGoal):
    """Every campus of some levels is covered: it is a primary or shared."""

    states: ClassVar[tuple[State, ...]] = ("primary", "shared")

    def asked_at(self, problem: Problem, sites: Sequence[Site]) -> Problem:
        """Forbid the states on-call and uncovered."""
        return _forbidding(problem, sites, "on-call", "uncovered")

    def __str__(self) -> str:
        return f"covered {self._which()}"

    @property
    def words(self) -> str:
        """The goal for people."""
        return f"{self._every()} covered"


class Reached(CampusGoal):
    """
    Every campus of some levels is covered or on-call, and so near to the officer's primary.

    Parameters
    ----------
    within_min
        Longest drive one way, for every campus; shorter limits of the problem stay as they are.
    """

    within_min: Minutes | None = None

    states: ClassVar[tuple[State, ...]] = ("primary", "shared", "on-call")

    @model_validator(mode="after")
    def _limits_hold_for_all(self) -> Reached:
        if self.levels and self.within_min is not None:
            raise ValueError("no levels beside within_min, as limits of travel hold for every campus")
        return self

    def asked_at(self, problem: Problem, sites: Sequence[Site]) -> Problem:
        """Forbid the state uncovered, and shorten the limits of travel."""
        return _forbidding(self._shortened(problem), sites, "uncovered")

    def _shortened(self, problem: Problem) -> Problem:
        most = self.within_min
        if most is None:
            return problem
        limits = {name: min(getattr(problem.policy, name), most) for name in ("max_travel_min", "on_call_min")}
        officers = (
            officer
            if officer.max_travel_min is None
            else officer.model_copy(update={"max_travel_min": min(officer.max_travel_min, most)})
            for officer in problem.officers
        )
        return problem.replace(policy=problem.policy.model_copy(update=limits), officers=tuple(officers))

    def __str__(self) -> str:
        within = "" if self.within_min is None else f" within {self.within_min:g}"
        return f"reached {self._which()}{within}"

    @property
    def words(self) -> str:
        """The goal for people."""
        within = "" if self.within_min is None else f" within {self.within_min:g} minutes"
        return f"an officer for {self._every()}{within}, at least on-call"


class StudentsCovered(Value):
    """A share of all students is on campuses that are covered."""

    percent: Annotated[float, Field(gt=0, le=100)]

    def asked(self, problem: Problem) -> Problem:
        """Give the problem that asks for nothing but the fewest students not covered, whatever its demand is."""
        objective = problem.objective.model_copy(update={"order": ("coverage",), "weight": None})
        campuses = (campus.model_copy(update={"weight": None}) for campus in problem.campuses)
        return problem.replace(objective=objective, campuses=tuple(campuses))

    def most_not_covered(self, problem: Problem) -> int:
        """Give the most students who may be on other campuses."""
        students = sum(site.enrollment for site in problem.sites)
        return int((100 - Decimal(str(self.percent))) * students // 100)

    def left_out(self, problem: Problem) -> tuple[Campus, ...]:
        """Give the campuses whose students are not counted."""
        return problem.not_planned

    def __str__(self) -> str:
        return f"{self.percent:g}% of students covered"

    @property
    def words(self) -> str:
        """The goal for people."""
        return str(self)


Goal = Based | Covered | Reached | StudentsCovered


def _forbidding(problem: Problem, sites: Sequence[Site], *states: State) -> Problem:
    forbids = (Assignment(campus=site.lead.id, state=state) for site in sites for state in states)
    return problem.replace(forbids=tuple(dict.fromkeys((*problem.forbids, *forbids))))


GRAMMAR = (
    '"based LEVELS", "covered LEVELS", "reached LEVELS", "reached all within MINUTES" or "P% of students covered"; '
    'LEVELS is all, or levels with commas, such as "high, middle"'
)
"""How a goal is written, for a message."""

_ABOUT_CAMPUSES = re.compile(
    r"(?P<what>based|covered|reached)\s+(?P<levels>[a-z0-9_,\s-]+?)"
    r"(?:\s+within\s+(?P<within>[0-9]{1,4}(?:\.[0-9]{1,3})?)(?:\s*min(?:utes)?)?)?",
    re.IGNORECASE,
)
_ABOUT_STUDENTS = re.compile(r"(?P<percent>[0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%\s+of\s+students\s+covered", re.IGNORECASE)
_KINDS: dict[str, type[Based | Covered | Reached]] = {"based": Based, "covered": Covered, "reached": Reached}


def parse_goal(text: str) -> Goal:
    """
    Read a goal as the command line has it.

    Raises
    ------
    DataError
        With what is wrong, and how a goal is written.
    """
    where = f"goal {quote(text)}"
    if students := _ABOUT_STUDENTS.fullmatch(text.strip()):
        return _checked(where, StudentsCovered, percent=float(students["percent"]))
    campuses = _ABOUT_CAMPUSES.fullmatch(text.strip())
    if campuses is None:
        raise DataError([Issue(where, "not a goal", GRAMMAR)])
    kind, within = _KINDS[campuses["what"].lower()], campuses["within"]
    levels, issues = _levels(where, campuses["levels"])
    if within and kind is not Reached:
        issues.append(Issue(where, f"{kind.__name__.lower()} within", 'minutes with "reached all" only'))
    elif within and levels:
        issues.append(Issue(where, "levels within", '"reached all within", as travel limits hold for every campus'))
    if issues:
        raise DataError(issues)
    return _checked(where, kind, levels=levels, **({"within_min": float(within)} if within else {}))


def _checked(where: str, kind: type[Goal], **data: Any) -> Goal:
    try:
        return kind(**data)
    except DataError as error:
        raise DataError([issue.within(f"{where}:") for issue in error.issues]) from None


def _levels(where: str, text: str) -> tuple[tuple[Level, ...], list[Issue]]:
    """Read levels; ``secondary`` stands for three of them."""
    words = ["_".join(word.lower().replace("-", " ").split()) for word in text.split(",")]
    if words == ["all"]:
        return (), []
    levels: list[Level] = []
    issues = []
    for word in words:
        known = next((level for level in LEVELS if level == word), None)
        if known is None:
            near = get_close_matches(word, LEVELS, n=1)
            expected = f"a level, perhaps {near[0]}" if near else f"all, alone, or some of {', '.join(LEVELS)}"
            issues.append(Issue(where, f"no level {quote(word)}", expected))
        else:
            levels += SECONDARY if known == "secondary" else (known,)
    return tuple(dict.fromkeys(levels)), issues
