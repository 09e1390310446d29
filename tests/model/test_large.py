"""The solver for many campuses: valid bounds, never worse than the quick start, every rule kept."""

from __future__ import annotations

import random
import sys
import threading

import numpy as np
import pytest

from sro_coverage.check import check
from sro_coverage.model import highs, large, staged, worker
from sro_coverage.model import reoptimise as parts
from sro_coverage.model.arrays import Choice
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.compact import Compact
from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.exact import solve_exact
from sro_coverage.model.greedy import first_choice
from sro_coverage.model.large import is_for_large, solve_large
from sro_coverage.model.reoptimise import reoptimise
from sro_coverage.model.solution import Gap, SolveParams, StopSignal, relative_gap
from sro_coverage.model.stars import Stars
from sro_coverage.model.tier import TierSearch
from sro_coverage.planner import solve
from sro_coverage.problem import Campus, Objective, Officer, Policy, Problem, RuleChange, StraightLine
from sro_coverage.report.text import console, render_text
from sro_coverage.travel import travel_times
from tests.instances import random_campuses, random_problem


def compiled(seed: int, **sizes):
    problem = random_problem(seed, **sizes).replace(pins=(), forbids=())
    return problem, compile_arrays(problem, travel_times(problem))


@pytest.mark.parametrize("seed", range(12))
def test_first_tier_is_bounded_as_the_exact_solver_says(seed):
    problem, arrays = compiled(seed, num_campuses=14, num_officers=4)
    params = SolveParams(time_limit_s=2)
    exact = solve_exact(arrays, problem.objective.tolerance, SolveParams(time_limit_s=4))
    large = solve_large(arrays, problem.objective.tolerance, params)
    assert large.choice.keeps_rules(arrays)
    tier = arrays.tiers[0]
    ours, theirs = (tier.sign * solution.tiers[0].best for solution in (large, exact))
    assert ours >= theirs
    assert tier.sign * large.tiers[0].bound <= theirs
    for outcome, of in zip(large.tiers, arrays.tiers, strict=True):
        assert of.sign * outcome.bound <= of.sign * outcome.best
        assert of.sign * outcome.value <= of.sign * outcome.limit
        assert outcome.stopped != "proven" or outcome.bound == outcome.best
    if large.status == "optimal":
        assert [t.best for t in large.tiers] == [t.best for t in exact.tiers]


def test_is_never_worse_than_the_quick_start_in_the_first_tier():
    problem, arrays = compiled(5, num_campuses=60, num_officers=9)
    start = first_choice(arrays).cost(arrays, arrays.tiers[0])
    for time_limit_s in (0.001, 3):
        found = solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=time_limit_s))
        assert arrays.tiers[0].sign * (found.tiers[0].best - arrays.tiers[0].constant) <= start


def test_a_stop_keeps_the_best_plan():
    problem, arrays = compiled(5, num_campuses=60, num_officers=9)
    stop = StopSignal()

    def watch(_) -> None:
        stop.request()

    found = solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=600), watch=watch, stop=stop)
    assert found.choice is not None
    assert found.runtime_s < 60
    assert "interrupted" in {tier.stopped for tier in found.tiers}


@pytest.mark.parametrize("seed", range(8))
def test_draft_adds_up_what_it_does(seed):
    problem, arrays = compiled(seed + 50, num_campuses=15, num_officers=4)
    stars = Stars.of(arrays)
    tier = next(tier for tier in arrays.tiers if tier.is_sum)
    excluded = Exclusions.of_rules(arrays, stars)
    ground = Ground(arrays, stars, tier, [], excluded)
    draft = Draft.of_choice(ground, first_choice(arrays))
    start = draft.cost
    bases = np.arange(len(arrays.base_site))
    for step in (
        draft.improve,
        lambda: draft.chain(np.empty(0)),
        lambda: draft.exchange(np.empty(0), bases, weak=draft.weakest(2)),
    ):
        step()
        choice = draft.choice()
        assert choice.keeps_rules(arrays)
        assert choice.cost(arrays, tier) == draft.cost <= start
        again = Draft.of_choice(ground, choice)
        assert (again.state.total == draft.state.total).all()
        assert (again.state.left == draft.state.left).all()
        assert (again.state.spare == draft.state.spare).all()
    whole = reoptimise(draft, np.ones(len(arrays.posts), np.bool_), excluded, 10)
    exact = solve_exact(arrays, problem.objective.tolerance, SolveParams(time_limit_s=4))
    if whole.is_proven and arrays.tiers[0] is tier and exact.tiers[0].stopped == "proven":
        best = (whole.draft or draft).cost
        assert tier.sign * best + tier.constant == exact.tiers[0].best


@pytest.mark.parametrize("seed", [1, 3, 6, 12, 30, 36])
def test_pins_are_kept(seed):
    problem = random_problem(seed, num_campuses=9, num_officers=3)
    arrays = compile_arrays(problem, travel_times(problem))
    assert len(arrays.pins)
    assert not arrays.named
    exact = solve_exact(arrays, problem.objective.tolerance, SolveParams(time_limit_s=4))
    large = solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=0.5))
    assert large.choice.keeps_rules(arrays)
    sign = arrays.tiers[0].sign
    assert sign * large.tiers[0].bound <= sign * exact.tiers[0].best <= sign * large.tiers[0].best


@pytest.mark.parametrize("seed", [17, 20, 28])
def test_pins_that_clash_are_infeasible(seed):
    problem = random_problem(seed, num_campuses=9, num_officers=3)
    arrays = compile_arrays(problem, travel_times(problem))
    assert solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=1)).status == "infeasible"


@pytest.mark.parametrize("seed", [20_023, 20_122, 20_367])
def test_a_pin_does_not_end_the_search_before_a_first_plan(seed):
    problem = random_problem(seed)
    arrays = compile_arrays(problem, travel_times(problem))
    found = solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=0.5))
    assert found.choice is not None
    assert found.choice.keeps_rules(arrays)


def agency(order=("coverage", "primary", "travel"), rule=None, num_officers=8):
    """40 campuses, officers of two classes."""
    return Problem(
        title="agency",
        campuses=random_campuses(random.Random(3), 40, spread=0.3),
        officers=tuple(
            Officer(
                id=f"o{number}",
                name=f"O{number}",
                max_shared=1 if number % 2 else None,
                primary=f"c{number + 2}" if "moves" in order else None,
            )
            for number in range(num_officers)
        ),
        policy=Policy(default=rule or RuleChange()),
        travel=StraightLine(circuity=1.3, speed_kph=50),
        objective=Objective(order=order),
    )


def test_several_posts_of_a_site_are_filled_in_their_order():
    problem = agency(rule=RuleChange(posts=3))
    arrays = compile_arrays(problem, travel_times(problem))
    stars = Stars.of(arrays)
    excluded = Exclusions.of_rules(arrays, stars)
    draft = Draft.of_bases(Ground(arrays, stars, arrays.tiers[0], [], excluded), np.empty(0, np.int64))
    compact = Compact(draft, np.ones(len(arrays.posts), np.bool_), excluded)
    for base in np.flatnonzero(arrays.base_twin >= 0):
        values = np.zeros(len(compact.program.cost))
        values[base] = 1
        (row,) = np.flatnonzero(
            (compact.program.matrix @ values > 0)
            & (compact.program.high == 0)
            & (compact.program.matrix[:, [arrays.base_twin[base]]].toarray()[:, 0] == -1)
        )
        assert row


GONE = (sys.executable, "-c", "raise SystemExit(3)")
KILLED = (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
CUT = (sys.executable, "-c", "import pickle, sys; sys.stdout.buffer.write(pickle.dumps(('better', [0] * 99))[:50])")
MISSING = ("/no/such/program",)
SILENT = (sys.executable, "-c", "import pickle, sys, time; pickle.load(sys.stdin.buffer); time.sleep(100)")
CHATTY = (
    sys.executable,
    "-c",
    "import pickle, sys, time; pickle.load(sys.stdin.buffer)\n"
    "for _ in range(100_000): pickle.dump(('bound', -1e9), sys.stdout.buffer); sys.stdout.flush(); time.sleep(1e-3)",
)


@pytest.mark.parametrize("command", [GONE, KILLED, CUT, MISSING])
def test_a_process_that_is_killed_or_missing_is_survived(monkeypatch, command):
    asked = []
    monkeypatch.setattr(worker, "_idle", {})  # none that an earlier test started stands in
    monkeypatch.setattr(worker, "command", lambda module: asked.append(module) or command)
    problem = agency()
    arrays = compile_arrays(problem, travel_times(problem))
    found = solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=4))
    assert "sro_coverage.model.highs_process" in asked
    assert found.choice.keeps_rules(arrays)


@pytest.mark.parametrize("command", [SILENT, CHATTY])
def test_a_stop_ends_a_running_process(monkeypatch, command):
    stop = StopSignal()
    monkeypatch.setattr(worker, "_idle", {})
    monkeypatch.setattr(worker, "command", lambda _: command)
    threading.Timer(1, stop.request).start()
    problem = agency()
    arrays = compile_arrays(problem, travel_times(problem))
    found = solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=600), stop=stop)
    assert stop.requested
    assert found.choice.keeps_rules(arrays)
    assert found.runtime_s < 60
    assert "interrupted" in {tier.stopped for tier in found.tiers}


def test_what_highs_calls_best_is_not_believed_if_it_breaks_a_limit(monkeypatch):
    def optimise(program, time_limit_s, **how):
        if not program.whole.any():
            return highs.optimise(program, time_limit_s, **how)
        return highs.Found(np.ones(len(program.cost)), np.inf, None, is_over=True)  # everybody everywhere

    monkeypatch.setattr(parts, "optimise", optimise)
    problem, arrays = compiled(3, num_campuses=14, num_officers=4)
    exact = solve_exact(arrays, problem.objective.tolerance, SolveParams(time_limit_s=4))
    large = solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=1))
    for ours, theirs, of in zip(large.tiers[:1], exact.tiers, arrays.tiers, strict=False):
        assert of.sign * ours.bound <= of.sign * theirs.best
    assert large.choice.keeps_rules(arrays)


def test_staged_takes_large_problems_this_way_and_says_so(monkeypatch):
    monkeypatch.setattr(staged, "LARGE", 100)
    plan = solve(agency(), SolveParams(time_limit_s=0.5))
    assert plan.method == "large"
    assert not check(plan)
    shown = console()
    with shown.capture() as text:
        shown.print(render_text(plan))
    assert "solved by prices and parts" in text.get()
    monkeypatch.setattr(staged, "LARGE", 1_000_000)
    assert solve(agency(("reach",)), SolveParams(time_limit_s=0.5)).method == "exact"


@pytest.mark.parametrize("time_limit_s", [0.01, 0.4])
@pytest.mark.parametrize(
    "problem",
    [
        agency(("balance", "coverage", "travel")),
        agency(("coverage", "balance", "moves", "visibility", "continuity")),
        agency(rule=RuleChange(states=("shared", "on-call"))),
        agency(rule=RuleChange(states=("primary", "shared"), posts=2)),
        agency(num_officers=1),
    ],
    ids=["balance first", "every kind of tier", "nobody can be based", "two posts", "one officer"],
)
def test_odd_agencies_get_a_plan_that_is_sound(monkeypatch, problem, time_limit_s):
    monkeypatch.setattr(staged, "LARGE", 0)
    plan = solve(problem, SolveParams(time_limit_s=time_limit_s))  # checked by what it calls
    assert plan.status in ("optimal", "feasible")


def test_campuses_at_one_point_are_planned(monkeypatch):
    monkeypatch.setattr(staged, "LARGE", 0)
    problem = agency()
    here = tuple(Campus(**{**dict(campus), "lat": 36.5, "lon": -119.4}) for campus in problem.campuses)
    assert solve(problem.replace(campuses=here), SolveParams(time_limit_s=0.5)).has_beats


def test_several_posts_go_to_the_exact_way():
    several = agency(rule=RuleChange(posts=2))
    assert not is_for_large(compile_arrays(several, travel_times(several)))
    one = agency()
    assert is_for_large(compile_arrays(one, travel_times(one)))


@pytest.mark.parametrize("seed", range(4))
def test_a_tier_ends_within_its_gap(seed):
    problem, arrays = compiled(seed + 40, num_campuses=40, num_officers=7)
    exact = solve_exact(arrays, problem.objective.tolerance, SolveParams(time_limit_s=20))
    gap = Gap(**dict.fromkeys(Gap.model_fields, 0.3))
    near = solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=20, gap=gap))
    assert near.choice.keeps_rules(arrays)
    first, best = near.tiers[0], exact.tiers[0]
    sign = arrays.tiers[0].sign
    assert sign * first.bound <= sign * best.best <= sign * first.best
    for outcome, tier in zip(near.tiers, arrays.tiers, strict=True):
        assert tier.sign * outcome.value <= tier.sign * outcome.limit
        if tier.is_sum:
            assert outcome.stopped in ("proven", "gap reached")
            assert relative_gap(outcome.best, outcome.bound) <= 0.3


def test_all_arrays_lie_in_rows_of_their_own():
    """Kernels were compiled twice, which took half a minute: for columns of a table, and for those of its parts."""
    problem = random_problem(7, num_campuses=12, num_officers=4)
    arrays = compile_arrays(problem, travel_times(problem))
    columns = {name: column for name, column in vars(arrays).items() if isinstance(column, np.ndarray)}
    assert len(columns["base_site"]) > 1
    assert [name for name, column in columns.items() if not column.flags.c_contiguous] == []


def test_what_a_rejected_plan_excludes_is_not_excluded(monkeypatch):
    """A search sees sums only; what was excluded for a plan that broke a held tier of moves made bounds too high."""
    problem = random_problem(106, num_campuses=19, num_officers=5).replace(pins=(), forbids=())
    arrays = compile_arrays(problem, travel_times(problem))
    assert not arrays.tiers[0].is_sum
    excluded = []

    class Search(TierSearch):
        def run(self, choice):
            excluded.append(self.excluded)
            _, bound = super().run(choice)
            every = np.ones(len(self.stars.site), np.bool_)
            self.kept = Exclusions(np.ones_like(choice.base), every, every, np.ones(len(arrays.posts), np.bool_))
            nobody = Choice(np.zeros_like(choice.base), np.zeros_like(choice.arc))
            assert nobody.cost(arrays, arrays.tiers[0]) > choice.cost(arrays, arrays.tiers[0])
            return nobody, bound

    monkeypatch.setattr(large, "TierSearch", Search)
    solve_large(arrays, problem.objective.tolerance, SolveParams(time_limit_s=2, workers=1))
    assert len(excluded) > 1
    assert not excluded[1].base.all()
    assert not excluded[1].shared.all()


def test_a_plan_of_ways_that_are_excluded_by_now_is_priced_within_64_bits(monkeypatch):
    """Added up beyond them, what such ways cost had a kernel read beyond its arrays, which ended the process."""
    problem = random_problem(106, num_campuses=19, num_officers=5).replace(pins=(), forbids=())
    arrays = compile_arrays(problem, travel_times(problem))
    stars, tier = Stars.of(arrays), arrays.tiers[0]
    rules = Exclusions.of_rules(arrays, stars)
    draft = Draft.of_choice(Ground(arrays, stars, tier, [], rules), first_choice(arrays))
    every = np.ones(len(stars.site), np.bool_)
    relaxation = Relaxation(arrays, stars, tier, [], Exclusions(rules.base, every, every, rules.uncovered))
    prices = Prices(np.ones(len(arrays.posts)), np.zeros(len(arrays.class_officers)), np.zeros(0))
    relaxation.evaluate(prices)
    seen = []
    gains = Relaxation.gains
    monkeypatch.setattr(Relaxation, "gains", lambda self, price: (seen.append(price), gains(self, price))[1])
    draft.wanted(relaxation, prices)
    assert sum(int(price) for price in seen[0] if price > 0) < 2**62
