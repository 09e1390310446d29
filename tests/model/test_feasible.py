"""The quick question whether there is any plan, against the enumeration of every plan."""

from __future__ import annotations

import pytest

from sro_coverage.model.compile import compile_arrays
from sro_coverage.model.feasible import is_feasible
from sro_coverage.travel import travel_times
from tests.instances import Enumeration, random_problem, random_times


@pytest.mark.parametrize("block", range(5))
def test_equals_enumeration(block):
    answers = []
    for seed in range(block * 80, block * 80 + 80):
        problem = random_problem(seed)
        times = random_times(seed, len(problem.sites)) if seed % 3 == 0 else travel_times(problem)
        every = Enumeration(problem, times)
        expected = any(every.keeps_pins(weeks) for weeks in every.weeks())
        assert is_feasible(compile_arrays(problem, times), 10) is expected, seed
        answers.append(expected)
    assert set(answers) == {True, False}


def test_no_time_is_no_answer():
    problem = next(problem for problem in map(random_problem, range(100)) if problem.pins)
    assert is_feasible(compile_arrays(problem, travel_times(problem)), 1e-9) is None
