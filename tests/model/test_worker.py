"""Processes that are given tasks: used again once they are over, killed if they are not, never shared with a fork."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse

from sro_coverage.model import worker
from sro_coverage.model.highs import Program, optimise

MODULE = "sro_coverage.model.highs_process"


def cheapest_of(costs):
    """One of some things has to be taken."""
    number = len(costs)
    return Program(
        cost=np.asarray(costs, np.float64), matrix=sparse.csc_array(np.ones((1, number))), low=np.ones(1),
        high=np.ones(1), lower=np.zeros(number), upper=np.ones(number), whole=np.ones(number, np.bool_),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    """Give each test processes of its own."""
    idle = {}
    monkeypatch.setattr(worker, "_idle", idle)
    yield idle
    for workers in idle.values():
        for one in workers:
            one.kill()


def waiting(idle):
    return idle.get((os.getpid(), MODULE), [])


def test_one_process_solves_one_program_after_another(nobody_waits):
    assert optimise(cheapest_of([3, 1, 2]), 20).values.tolist() == [0, 1, 0]
    first = list(waiting(nobody_waits))
    assert len(first) == 1
    assert optimise(cheapest_of([1, 2]), 20).values.tolist() == [1, 0]
    assert waiting(nobody_waits) == first


def test_a_process_that_ended_while_it_waited_is_replaced(nobody_waits):
    optimise(cheapest_of([1, 2]), 20)
    (first,) = waiting(nobody_waits)
    first._process.kill()
    first._process.wait()
    assert optimise(cheapest_of([2, 1]), 20).values.tolist() == [0, 1]
    assert waiting(nobody_waits) != [first]


def test_a_task_that_is_stopped_takes_its_process_with_it(nobody_waits):
    assert optimise(cheapest_of([1, 2]), 20, is_stopped=lambda: True).values is None
    assert not waiting(nobody_waits)


def test_a_fork_does_not_speak_to_the_processes_of_its_parent(nobody_waits, monkeypatch):
    optimise(cheapest_of([1, 2]), 20)
    mine = list(waiting(nobody_waits))
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert optimise(cheapest_of([2, 1]), 20).values.tolist() == [0, 1]
    assert not set(nobody_waits[-1, MODULE]) & set(mine)


def test_a_process_whose_owner_was_killed_ends_without_a_word():
    """When the beats' process was killed, its HiGHS printed a traceback of a broken pipe."""
    said = "import pickle, sys; from sro_coverage.model.worker import tell; sys.stdin.read(); tell('better', 1)"
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen((sys.executable, "-c", said), **pipes) as process:
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
