"""Room for judgement: what every plan as good as the best has, and what may be swapped freely."""

from __future__ import annotations

from dataclasses import dataclass

from sro_coverage.explain.base import Base
from sro_coverage.model.backbone import Freedom, Item, freedom
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.near import choice_near
from sro_coverage.model.solution import slack
from sro_coverage.planner import near_duties
from sro_coverage.problem import State, TierName


@dataclass(frozen=True)
class Option:
    """
    One way in which a campus may be served.

    Parameters
    ----------
    primary
        Lead campus of the site where the officer is based; None if the campus is uncovered.
    officers
        Ids of the officers with the limits of the one who serves it. Where several are alike, a pin or forbid that
        names one of them may keep that one from being it.
    """

    state: State
    primary: str | None
    officers: tuple[str, ...]


@dataclass(frozen=True)
class CampusFreedom:
    """
    What plans as good as this one give a site.

    Parameters
    ----------
    campuses
        Ids on the site, the lead first.
    now
        What this plan gives.
    is_fixed
        Whether every such plan gives just that.
    is_state_fixed
        Whether every such plan gives that state, be it by another officer; as far as options are known.
    options
        Every possibility, the present one included.
    """

    campuses: tuple[str, ...]
    now: Option
    is_fixed: bool
    is_state_fixed: bool
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Backbone:
    """
    What is fixed and what is free over all plans as good as a plan.

    Parameters
    ----------
    tolerance
        Share of each tier's best value that such a plan may give up; where the planner's own is larger, that one.
    limits
        The worst value of each tier that still counts, in the unit of the tier.
    fixed_proven, options_proven
        Whether the search was complete. If not, some that is called fixed may be free, and options may lack.
    """

    tolerance: float
    limits: tuple[tuple[TierName, int], ...]
    campuses: tuple[CampusFreedom, ...]
    fixed_proven: bool
    options_proven: bool


def backbone(base: Base, tolerance: float = 0.0) -> Backbone:
    """
    Find what every plan as good as this one has in common.

    Parameters
    ----------
    base
        A plan with beats; where a tier is not proven, "as good" means as good as this plan.
    tolerance
        A share, such as 0.01.
    """
    problem = base.problem
    arrays = compile_arrays(problem, base.times)
    limits = {tier.name: _limit(tier.best, tier.limit, tier.sense == "max", tolerance) for tier in base.plan.tiers}
    held = [(tier, tier.sign * (limits[tier.name] - tier.constant)) for tier in arrays.tiers]
    choice = choice_near(arrays, near_duties(problem, base.plan))
    free = freedom(arrays, held, choice, base.params, find_possible=True)
    return Backbone(
        tolerance=tolerance,
        limits=tuple(limits.items()),
        campuses=tuple(_campus(base, arrays.class_officers, free, site) for site in range(len(problem.sites))),
        fixed_proven=free.always_proven,
        options_proven=free.possible_proven,
    )


def _limit(best: int, limit: int, more_is_better: bool, tolerance: float) -> int:
    """The worse of the limit that the plan held and the one that the question allows."""
    asked = best - slack(best, tolerance) if more_is_better else best + slack(best, tolerance)
    return min(limit, asked) if more_is_better else max(limit, asked)


def _campus(base: Base, classes: tuple[tuple[int, ...], ...], free: Freedom, site: int) -> CampusFreedom:
    whole = base.problem.sites[site]
    row = next(row for row in base.plan.campuses if row.campus == whole.id)
    mine = sorted((item for item in free.possible if item.site == site), key=lambda item: (item.state, item.base))
    now = next(option for option in mine if _is_now(base, classes, option, row.state, row.officers))
    return CampusFreedom(
        campuses=(whole.id, *(campus.id for campus in whole.campuses if campus is not whole.lead)),
        now=_option(base, classes, now),
        is_fixed=all(item in free.always for item in mine),
        is_state_fixed=len({item.state for item in mine}) == 1,
        options=tuple(_option(base, classes, item) for item in mine),
    )


def _is_now(
    base: Base, classes: tuple[tuple[int, ...], ...], item: Item, state: str, officers: tuple[str, ...]
) -> bool:
    if item.state != state:
        return False
    if not officers:
        return True
    beat = next(beat for beat in base.plan.beats if beat.officer == officers[0])
    return beat.primary[0] == base.problem.sites[item.base].id and beat.officer in _officers(base, classes, item)


def _option(base: Base, classes: tuple[tuple[int, ...], ...], item: Item) -> Option:
    if item.number < 0:
        return Option(item.state, None, ())
    return Option(item.state, base.problem.sites[item.base].id, _officers(base, classes, item))


def _officers(base: Base, classes: tuple[tuple[int, ...], ...], item: Item) -> tuple[str, ...]:
    return tuple(base.problem.officers[member].id for member in classes[item.number])
