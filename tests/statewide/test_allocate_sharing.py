"""Sharing officers out: what is not solved is never missed, and what is said to be proven is the best of all."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import pytest

from sro_coverage.errors import DataError
from sro_coverage.statewide.curves import Curve, Ground
from sro_coverage.statewide.sharing import Candidate, Place, Sharing, Terms


@dataclass(frozen=True)
class Tier:
    best: int
    bound: int | None


@dataclass
class Town:
    """An agency whose whole curve is known to the test: by number of officers, values as a pair."""

    ground: Ground
    terms: Terms
    truth: list[tuple[int, int]]

    def at(self, officers: int) -> tuple[int, int]:
        return self.truth[min(officers, self.ground.posts)]


def random_town(rng: random.Random) -> Town:
    """Either officers who are alike and free, so that averages never grow, or a curve that leaps as it likes."""
    posts = rng.choice([1, 2, 4, 6])
    sizes = sorted((rng.choice([0, 3, 10, 40, 100]) for _ in range(posts)), reverse=True)
    demand = sum(sizes)
    largest = (0, *itertools.accumulate(sizes))
    is_free = rng.random() < 0.6
    beat = sum(sizes[:2])
    covered = [0]
    for number in range(1, posts + 1):
        most = demand
        if is_free:
            most = min(demand, covered[-1] + beat, covered[-1] * number // (number - 1) if number > 1 else demand)
        covered.append(rng.randint(covered[-1], most))
    truth = [(each, rng.randint(0, min(each, largest[number]))) for number, each in enumerate(covered)]
    for number in range(1, posts + 1):  # the same coverage never comes with fewer students on primaries
        if truth[number][0] == truth[number - 1][0]:
            truth[number] = max(truth[number], truth[number - 1])
    now = rng.randint(0, posts)
    least = rng.choice([0, 0, 0, 1, 2])
    match = rng.choice([0, 0, 0.5, 1, 2])
    terms = Terms(
        funded_min=least,
        funded_max=rng.choice([None, least, least + 2]),
        match=match,
        own_max=rng.choice([None, 2 * least, 3 + 2 * least]),
    )
    return Town(Ground(now, posts, demand, demand, largest, beat if is_free else None, is_free), terms, truth)


def best_by_trying(towns: list[Town], officers: int) -> tuple[int, int] | None:
    """The best total of any way to share out at most so many."""
    found = []
    choices = [[funded for funded in range(officers + 1) if town.terms.may_have(funded)] for town in towns]
    for choice in itertools.product(*choices):
        if sum(choice) <= officers:
            then = [
                town.at(town.ground.now + funded + town.terms.own(funded))
                for town, funded in zip(towns, choice, strict=True)
            ]
            found.append(tuple(map(sum, zip(*then, strict=True))))
    return max(found, default=None)


def solved(towns: list[Town], sharing: Sharing, wanted: list[tuple[int, int]], rng: random.Random | None) -> None:
    """Add the points; with a generator some are left unproven."""
    for index, number in wanted:
        town, curve = towns[index], sharing.candidates[index].curve
        covered, based = town.at(number)
        missed = town.ground.demand - covered
        tiers = Tier(missed, missed), Tier(based, based)
        if rng and rng.random() < 0.3:
            kind = rng.choice(["second", "first", "none"])
            if kind == "none":
                curve.add(number, "failed", (), "out of memory")
                continue
            worse = rng.randint(0, covered)
            found = covered - worse if kind == "first" else covered
            tiers = Tier(town.ground.demand - found, rng.choice([None, missed])), Tier(0, rng.choice([None, based]))
            curve.add(number, "feasible", tiers)
        else:
            curve.add(number, "optimal", tiers)
    sharing.look_again()


def run(towns: list[Town], officers: int, rng: random.Random | None = None) -> tuple[Sharing, int]:
    candidates = [
        Candidate(str(number), f"Town {number}", town.terms, Curve(town.ground)) for number, town in enumerate(towns)
    ]
    sharing, count = Sharing(candidates, officers), 0
    while wanted := sharing.needed():
        assert len(set(wanted)) == len(wanted)
        assert all(number not in candidates[index].curve.points for index, number in wanted)
        solved(towns, sharing, wanted, rng)
        count += len(wanted)
    return sharing, count


@pytest.mark.parametrize("seed", range(150))
def test_it_is_the_best_of_all_ways(seed):
    rng = random.Random(seed)
    towns = [random_town(rng) for _ in range(rng.choice([1, 2, 3, 4]))]
    officers = rng.choice([1, 2, 3, 6])
    sharing, _ = run(towns, officers)
    for number in (officers - 1, officers, officers + 1):
        best, total, chosen = best_by_trying(towns, number), sharing.total(number), sharing.chosen(number)
        if best is None:
            assert total is None and chosen == ()
            continue
        assert total.values == best and total.is_proven
        assert total.spent == sum(place.funded for place in chosen) <= number
        for town, place in zip(towns, chosen, strict=True):
            assert town.terms.may_have(place.funded)
            assert place.own == town.terms.own(place.funded)
            assert place.officers == town.ground.now + place.funded + place.own
    for candidate, place in zip(sharing.candidates, sharing.chosen(officers), strict=False):
        assert candidate.curve.is_proven(place.officers) and candidate.curve.is_proven(candidate.curve.ground.now)
        following = [other for other in candidate.places(officers + 1) if other.funded == place.funded + 1]
        assert all(candidate.curve.is_proven(other.officers) for other in following)  # what the next would buy


@pytest.mark.parametrize("seed", range(150))
def test_what_is_not_proven_is_within_its_bounds(seed):
    rng = random.Random(seed)
    towns = [random_town(rng) for _ in range(rng.choice([1, 2, 3]))]
    officers = rng.choice([1, 2, 4])
    sharing, _ = run(towns, officers, random.Random(seed + 1))
    best, total = best_by_trying(towns, officers), sharing.total(officers)
    if best is None:
        assert total is None
        return
    assert total.values <= best
    assert total.values[0] <= best[0] <= total.covered_most
    if total.based_most is not None:
        assert best[0] == total.values[0] and best[1] <= total.based_most
    assert not total.is_proven or total.values == best


def test_most_numbers_need_not_be_solved():
    """Forty towns with long curves and few officers to share out."""
    rng = random.Random(5)
    towns = []
    for _ in range(40):
        steps = sorted((rng.randint(200, 2500) for _ in range(30)), reverse=True)
        covered = (0, *itertools.accumulate(steps))
        ground = Ground(rng.randint(0, 5), 30, covered[-1], covered[-1], covered, 2500, True)
        towns.append(Town(ground, Terms(), [(each, each) for each in covered]))
    sharing, count = run(towns, 20)
    assert sharing.total(20).is_proven
    assert count < 40 * 30 / 5


def test_an_agency_that_may_get_nothing_is_still_known_as_it_is():
    ground = Ground(1, 3, 60, 60, (0, 30, 50, 60), 50, True)
    town = Town(ground, Terms(funded_max=0), [(0, 0), (40, 30), (55, 50), (60, 60)])
    sharing, count = run([town], 5)
    assert sharing.chosen(5) == (Place(0, 0, 1),)
    assert (sharing.total(5).values, sharing.total(5).spent, count) == ((40, 30), 0, 1)


@pytest.mark.parametrize(("match", "own"), [(0, 0), (0.5, 2), (1, 3), (0.1, 1), (1.1, 4)])
def test_own_officers_are_rounded_up(match, own):
    assert Terms(match=match).own(3) == own


def test_terms_that_contradict_each_other():
    assert Terms().contradictions() == ()
    (issue,) = Terms(funded_min=3, funded_max=2).contradictions()
    assert (issue.where, issue.found, issue.expected) == ("funded_min", "3", "at most funded_max, 2")
    (issue,) = Terms(funded_min=3, match=2, own_max=5).contradictions()
    assert issue.found == "3 funded officers take 6 own ones"
    with pytest.raises(DataError) as caught:
        Terms(funded_min=-1, match="much", own_max=1.5)
    assert len(caught.value.issues) == 3
