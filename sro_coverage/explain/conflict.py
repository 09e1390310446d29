"""Why there is no plan: an irreducible set of clashing rules, and every single rule whose relaxation makes a plan."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sro_coverage.clash import Lever, Trials, irreducible, levers
from sro_coverage.clash.levers import LONGEST_MIN
from sro_coverage.problem import Problem
from sro_coverage.travel import TravelTimes, travel_times

MOST_SITES = 2_000  # all trips between more than these do not fit in memory


@dataclass(frozen=True)
class Cure:
    """
    One rule that makes a plan possible if it alone is relaxed, by the smallest amount that does.

    Parameters
    ----------
    rule
        Where it is written.
    before, after
        Its present value, and the nearest one that makes a plan possible.
    words
        What is to be done: ``max_travel_min 15 -> 17``, ``one more officer``.
    """

    rule: str
    before: str
    after: str
    words: str


@dataclass(frozen=True)
class Conflict:
    """
    Why a problem has no plan.

    Parameters
    ----------
    rules
        They cannot be kept together, even if every other rule is relaxed as far as it goes, and none of them can
        be left out. None if the problem has a plan.
    cures
        Each works alone, and one step less does not. No other single rule does.
    rules_proven, cures_proven
        Whether that is so; if not, the time was too short: there may be more rules than are needed, and cures may
        be missing or larger than they have to be.
    """

    rules: tuple[str, ...]
    cures: tuple[Cure, ...]
    rules_proven: bool = True
    cures_proven: bool = True

    @property
    def proven(self) -> bool:
        """Whether all of it is."""
        return self.rules_proven and self.cures_proven


def conflict(
    problem: Problem, *, times: TravelTimes | None = None, folder: Path = Path(), time_limit_s: float = 60
) -> Conflict:
    """
    Explain why a problem has no plan.

    Parameters
    ----------
    times
        Travel times of ``problem.sites``. Times that were computed for it end at its present limits, so that they
        are computed again for longer ones; times that were given are taken as they are.
    folder
        Where the files that ``problem.travel`` names are: the plan file's folder.
    time_limit_s
        For all questions together that this asks of the solver: half of it for the cures, the rest for the rules.

    Returns
    -------
    Conflict
        Without rules if the problem has a plan, or if the time was too short to tell; the latter is not proven.
    """
    began = time.monotonic()
    times, is_complete = _longest_times(problem, times, folder)
    trials = Trials(problem, times, time_limit_s / 2)
    answer = trials.without(())
    if answer is not False:
        return Conflict((), (), rules_proven=answer is True, cures_proven=answer is True)
    every = levers(problem)
    amounts, cures_proven = _curing([lever for lever in every if lever.is_one_way], trials)
    trials = Trials(problem, times, time_limit_s - (time.monotonic() - began))
    clash, rules_proven = irreducible(every, trials, needed=[lever for lever in every if id(lever) in amounts])
    for lever in clash:
        if not lever.is_one_way:
            amount, is_nearest = _nearest(lever, trials)
            amounts |= {} if amount is None else {id(lever): amount}
            cures_proven = cures_proven and is_nearest
    return Conflict(
        tuple(f"{lever.rule} ({lever.meaning})" if lever.meaning else lever.rule for lever in clash),
        tuple(_cure(lever, amounts[id(lever)]) for lever in clash if id(lever) in amounts),
        rules_proven and is_complete,
        cures_proven and is_complete,
    )


def _longest_times(problem: Problem, times: TravelTimes | None, folder: Path) -> tuple[TravelTimes, bool]:
    """Give the trips that any limit would allow, and whether they are all there."""
    if times is not None and times.source == "given":
        return times, True
    if len(problem.sites) > MOST_SITES:
        return times or travel_times(problem, folder), False
    policy = problem.policy.model_copy(update={"on_call_min": float(LONGEST_MIN)})
    return travel_times(problem.replace(policy=policy), folder), True


def _cure(lever: Lever, amount: int) -> Cure:
    return Cure(lever.key, lever.before, lever.after(amount), lever.words(amount))


def _curing(rules: Sequence[Lever], trials: Trials) -> tuple[dict[int, int], bool]:
    """Give how far each rule (by its `id`) that cures alone must be relaxed, and whether all of this is proven."""
    amounts, proven = {}, True
    for lever, works in _perhaps_curing(rules, trials):
        if works:
            amounts[id(lever)], is_smallest = _smallest(lever, trials)
        proven = proven and works is True and is_smallest
    return amounts, proven


def _perhaps_curing(rules: Sequence[Lever], trials: Trials) -> list[tuple[Lever, bool | None]]:
    """
    Find the rules that make a plan possible if each alone is relaxed as far as it goes, and those not known not to.

    Many that do not cure even together are left out at once.
    """
    works = trials.without(rules) if rules else False
    if works is False:
        return []
    if len(rules) == 1:
        return [(rules[0], works)]
    half = len(rules) // 2
    return _perhaps_curing(rules[:half], trials) + _perhaps_curing(rules[half:], trials)


def _smallest(lever: Lever, trials: Trials) -> tuple[int, bool]:
    """Find the fewest steps of a rule that cures, and whether fewer are proven not to."""
    too_few, enough, proven = 0, lever.steps, True
    while enough - too_few > 1:
        amount = max(1, min(2 * too_few, (too_few + enough) // 2))  # small amounts first: most cures are small
        answer = trials.relaxed(lever, amount)
        if answer:
            enough = amount
        else:
            too_few, proven = amount, proven and answer is False
    return enough, proven


def _nearest(lever: Lever, trials: Trials) -> tuple[int | None, bool]:
    """Find the first step that cures of a rule whose steps go both ways, and whether nothing before it is proven to."""
    proven = True
    for amount in range(1, lever.steps + 1):
        answer = trials.relaxed(lever, amount)
        if answer:
            return amount, proven
        proven = proven and answer is False
    return None, proven
