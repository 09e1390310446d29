"""Clashes and cures against the enumeration of every plan, and small ones that can be read."""

from __future__ import annotations

import itertools
import random
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from sro_coverage.clash import Lever, levers
from sro_coverage.clash.lever import fewest_posts, without
from sro_coverage.errors import DataError
from sro_coverage.explain.conflict import Conflict, Cure, conflict
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment, Matrix, Officer, Policy, Problem, RuleChange
from sro_coverage.read import read_problem
from sro_coverage.report.explain_text import render_conflict
from sro_coverage.report.text import WIDTH
from sro_coverage.travel import TravelTimes, travel_times
from tests.instances import Enumeration, Week, random_problem, random_rules, random_times

DATA = Path(__file__).parents[2] / "data"


class Loose(Enumeration):
    """Every plan, where a primary may need fewer officers than it has posts."""

    def __init__(self, problem: Problem, times: TravelTimes, fewest: list[int] | None = None) -> None:
        super().__init__(problem, times)
        self.fewest = fewest or [rule.posts for rule in self.rules]

    def weeks(self) -> Iterator[list[Week]]:
        sites = range(len(self.groups))
        choices = [[None, *(i for i in sites if self.may_be_based(officer, i))] for officer in self.problem.officers]
        for bases in itertools.product(*choices):
            held = {i: bases.count(i) for i in bases if i is not None}
            if all(self.fewest[i] <= count <= self.rules[i].posts for i, count in held.items()):
                officers = zip(self.problem.officers, bases, strict=True)
                weeks = [Week(officer, base, [], []) for officer, base in officers if base is not None]
                yield from self._serve(weeks, [j for j in sites if j not in held])

    def has_plan(self) -> bool:
        return any(self.keeps_pins(weeks) for weeks in self.weeks())


def infeasible_problem(seed: int) -> tuple[Problem, TravelTimes]:
    """Add pins and forbids to a random problem until it has no plan."""
    rng = random.Random(seed)
    while True:
        problem = random_problem(
            rng.randrange(10**6), num_campuses=rng.choice([3, 3, 4]), num_officers=rng.choice([1, 2])
        )
        if sum(site.rule.posts for site in problem.sites) > 5:
            continue  # with an officer for each, too many plans to enumerate
        times = random_times(rng.randrange(10**6), len(problem.sites))
        for _ in range(6):
            if not Loose(problem, times).has_plan():
                return problem, times
            uncovered = Assignment(campus=rng.choice(problem.campuses).id, state="uncovered")
            more = random_rules(rng, problem.campuses, problem.officers)
            kind = rng.choice(["pins", "forbids"])
            try:
                problem = problem.replace(**{kind: (*getattr(problem, kind), *more)})
                problem = problem.replace(forbids=(*problem.forbids, uncovered))
            except DataError:
                continue


def has_plan(problem: Problem, times: TravelTimes, relaxed: Iterable[Lever] = ()) -> bool:
    relaxed = list(relaxed)
    loose = without(problem, relaxed)
    return Loose(loose, times, fewest_posts(loose, relaxed)).has_plan()


def works(problem: Problem, times: TravelTimes, lever: Lever, amount: int) -> bool:
    """Whether one rule relaxed by so much is enough; a problem that is refused has no plan."""
    try:
        return Loose(lever.relaxed(problem, amount), times).has_plan()
    except DataError:
        return False


def assert_explained(seed: int) -> set[str]:
    problem, times = infeasible_problem(seed)
    found = conflict(problem, times=times)
    assert found.proven
    every = levers(problem)
    left = list(found.rules)
    clash, others = [], []
    for lever in every:
        words = f"{lever.rule} ({lever.meaning})" if lever.meaning else lever.rule
        (clash if words in left else others).append(lever)
        if words in left:
            left.remove(words)  # the same pin twice is two rules
    assert left == []
    assert not has_plan(problem, times, others)
    for lever in clash:
        assert has_plan(problem, times, [*others, lever]), f"{lever.rule} could be left out"
    offered = {cure.words: cure for cure in found.cures}
    named = set()
    for lever in every:
        may_be = any(cure.rule == lever.key for cure in found.cures)
        enough = [amount for amount in range(1, may_be * lever.steps + 1) if lever.words(amount) in offered]
        if enough:
            (amount,) = enough
            assert works(problem, times, lever, amount), lever.words(amount)
            assert amount == 1 or not works(problem, times, lever, amount - 1), lever.words(amount)
            named.add(lever.words(amount))
        elif lever.is_one_way:
            assert not works(problem, times, lever, lever.steps), lever.rule
        else:
            assert not any(works(problem, times, lever, amount) for amount in range(1, lever.steps + 1)), lever.rule
    assert named == offered.keys()
    return {type(lever).__name__ for lever in clash}


@pytest.mark.parametrize("block", range(8))
def test_every_clash_is_irreducible_and_every_cure_the_smallest(block):
    kinds = set().union(*(assert_explained(seed) for seed in range(block * 25, block * 25 + 25)))
    assert kinds == {"Release", "MoreOfficers", "Number", "Listed", "Posts"}


@pytest.mark.parametrize("seed", range(20))
def test_more_steps_never_take_a_plan_away(seed):
    """The search for the smallest amount, and for cures in one clash only, rests on it; posts are tried one by one."""
    problem, times = infeasible_problem(seed)
    rng = random.Random(seed)
    one_way = [lever for lever in levers(problem) if lever.is_one_way]
    for lever in rng.sample(one_way, 12):
        amounts = sorted({*(rng.randint(1, lever.steps) for _ in range(2)), min(lever.steps, 3), lever.steps})
        answers = [works(problem, times, lever, amount) for amount in amounts]
        assert answers == sorted(answers), lever.rule


DINUBA = read_problem(DATA / "dinuba.toml")
HIGH, MIDDLE, ACADEMY = "dinuba_high", "washington_intermediate", "ronald_reagan_academy"
FAR = "grand_view_elementary"  # ten minutes and a half from any campus that may be a primary


def based(campus: str, officer: str | None = None) -> Assignment:
    return Assignment(campus=campus, officer=officer, state="primary")


def limited(problem: Problem, **limits: float) -> Problem:
    return problem.replace(policy=problem.policy.model_copy(update=limits))


def words(found: Conflict) -> list[str]:
    return [cure.words for cure in found.cures]


def test_three_primaries_want_three_officers():
    found = conflict(DINUBA.replace(pins=(based(HIGH), based(MIDDLE), based(ACADEMY))))
    assert found.rules == (
        "pin dinuba_high primary",
        "pin washington_intermediate primary",
        "pin ronald_reagan_academy primary",
        "officers 2",
    )
    assert words(found) == [
        "release pin dinuba_high primary",
        "release pin washington_intermediate primary",
        "release pin ronald_reagan_academy primary",
        "one more officer",
    ]
    assert found.cures[-1] == Cure("officers", "2", "3", "one more officer")
    assert found.proven


def test_a_campus_beyond_reach():
    far = DINUBA.replace(forbids=(Assignment(campus=FAR, state="uncovered"),))
    found = conflict(limited(far, on_call_min=10.0))
    assert "release forbid grand_view_elementary uncovered" in words(found)
    assert "on_call_min 10 -> 11" in words(found)
    assert "policy.levels.elementary.states: add primary" in words(found)
    assert solve(limited(far, on_call_min=11.0)).has_beats
    assert not solve(limited(far, on_call_min=10.0)).has_beats


def test_a_second_officer_at_a_campus_with_one_post():
    """Neither fewer posts nor more are always better: two officers want exactly two."""
    pins = (based(HIGH, "Officer 1"), Assignment(campus=HIGH, officer="Officer 2"))
    found = conflict(DINUBA.replace(pins=pins))
    assert found.rules[:2] == ("pin Officer 1 dinuba_high primary", "pin Officer 2 dinuba_high primary or shared")
    assert found.rules[2].startswith("policy.default.posts 1 (")
    assert "policy.default.posts 1 -> 2" in words(found)


def test_posts_that_nobody_is_left_for():
    two = DINUBA.policy.model_copy(update={"campuses": {HIGH: RuleChange(posts=2)}})
    found = conflict(DINUBA.replace(policy=two, pins=(based(HIGH), based(MIDDLE))))
    assert words(found) == [
        "release pin dinuba_high primary",
        "release pin washington_intermediate primary",
        "one more officer",
        "policy.campuses.dinuba_high.posts 2 -> 1",
    ]


@pytest.mark.parametrize(
    ("limits", "rule", "cure"),
    [
        ({"max_shared": 0}, "max_shared 0 (most shared campuses of one officer)", "max_shared 0 -> 1"),
        ({"levels": ("high",)}, "levels high (not middle)", "levels: add middle"),
        ({"excluded": (MIDDLE,)}, f"excluded {MIDDLE} (no role at all there)", f"excluded: take out {MIDDLE}"),
    ],
)
def test_limits_in_the_roster_are_rules_too(limits, rule, cure):
    adams = Officer(id="adams", name="Adams", **limits)
    found = conflict(DINUBA.replace(officers=(adams,), pins=(Assignment(campus=MIDDLE, state="shared"),)))
    assert found.rules == (f"pin {MIDDLE} shared", "officers 1", f"officer adams, {rule}")
    assert words(found) == [
        f"release pin {MIDDLE} shared",
        "one more officer, with the policy's limits",
        f"officer adams, {cure}",
    ]


def test_two_clashes_leave_no_single_cure():
    pins = (based(HIGH), based(MIDDLE), based(ACADEMY))
    far = tuple(Assignment(campus=FAR, state=state) for state in ("uncovered", "on-call", "shared", "primary"))
    found = conflict(DINUBA.replace(pins=pins, forbids=far))
    assert found.cures == ()
    assert found.proven
    assert "behind this clash there is another" in text(DINUBA, found)


def test_a_problem_with_a_plan_has_no_clash():
    assert conflict(DINUBA) == Conflict((), ())
    assert "there is a plan" in text(DINUBA, conflict(DINUBA))


def test_what_the_time_did_not_allow_is_not_claimed():
    problem = DINUBA.replace(pins=(based(HIGH), based(MIDDLE), based(ACADEMY)))
    assert conflict(problem, time_limit_s=0) == Conflict((), (), rules_proven=False, cures_proven=False)
    assert "too short to tell" in text(DINUBA, conflict(problem, time_limit_s=0))


def test_every_rule_that_no_trial_could_let_go_stays(monkeypatch):
    problem = DINUBA.replace(pins=(based(HIGH), based(MIDDLE), based(ACADEMY)))
    asked = iter([False])
    monkeypatch.setattr("sro_coverage.clash.trials.is_feasible", lambda *_, **__: next(asked, None))
    found = conflict(problem)
    assert len(found.rules) == len(levers(problem))
    assert found.cures == ()
    assert not found.rules_proven
    assert not found.cures_proven
    assert "too short to tell whether the clash needs all of them" in text(DINUBA, found)
    assert "too short to try every change" in text(DINUBA, found)


def test_limits_may_be_relaxed_beyond_the_travel_times_at_hand(tmp_path):
    """Times are cut at the limits of the problem, so that a longer limit needs them again."""
    matrix = tmp_path / "minutes.csv"
    ids = [site.id for site in DINUBA.sites]
    rows = [f"{a},{b},{17 if FAR in (a, b) else 3}" for a in ids for b in ids if a != b]
    matrix.write_text("\n".join(["from,to,minutes", *rows]))
    far = DINUBA.replace(
        travel=Matrix(method="matrix", file="minutes.csv"), forbids=(Assignment(campus=FAR, state="uncovered"),)
    )
    far = limited(far, max_travel_min=5.0, on_call_min=5.0)
    times = travel_times(far, tmp_path)
    assert "on_call_min 5 -> 17" in words(conflict(far, times=times, folder=tmp_path))


def test_more_campuses_than_fit_get_no_promise(monkeypatch):
    monkeypatch.setattr(sys.modules[conflict.__module__], "MOST_SITES", 5)
    found = conflict(DINUBA.replace(pins=(based(HIGH), based(MIDDLE), based(ACADEMY))))
    assert "one more officer" in words(found)
    assert not found.proven


def text(problem: Problem, found: Conflict) -> str:
    console = Console(width=WIDTH, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(render_conflict(problem.title, found))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def test_marks_that_a_terminal_obeys_are_dropped():
    rule = "pin \u202eevil\x1b[31m primary"
    assert not {"\u202e", "\x1b"} & set(text(DINUBA, Conflict((rule,), (Cure("pin", rule, "released", rule),))))


PAGE = (DATA.parent / "docs" / "explain.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"data/(\w+.toml)`[^`]*```toml\n(.*?)```.*?```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    ("name", "changes", "shown"),
    EXAMPLES,
)
def test_the_page_shows_what_is_printed(name, changes, shown):
    problem, rules = read_problem(DATA / name), tomllib.loads(changes)
    policy = Policy(**problem.policy.model_dump(exclude_unset=True) | rules.get("policy", {}))
    problem = problem.replace(policy=policy, pins=tuple(Assignment(**pin) for pin in rules["pin"]))
    assert text(problem, conflict(problem)).split() == shown.split()


def test_the_page_has_examples():
    assert PAGE.count("```toml") == len(EXAMPLES) == 2
