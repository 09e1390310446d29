"""States: the same plans everywhere, kept as they come, nothing held and nothing lost."""

from __future__ import annotations

import csv
import gc
import io
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sro_coverage.check import check
from sro_coverage.plan import Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Officer, Policy, Problem, StraightLine
from sro_coverage.problem.policy import numbered_officers
from sro_coverage.read import read_problem
from sro_coverage.read.rows import read_campuses
from sro_coverage.report.statewide_pages import AgencyPages, state_view
from sro_coverage.scenario.executors import Answer, ExecutorGoneError, Processes, Serial, Work
from sro_coverage.scenario.store import Run
from sro_coverage.scenario.sweep import SweepProgress
from sro_coverage.statewide.runs import run_wanted
from sro_coverage.statewide.state_file import read_state
from sro_coverage.statewide.statewide import StatewideResult, statewide
from sro_coverage.statewide.table import table_of
from sro_coverage.statewide.wanted import Wanted, problem_of
from tests.statewide.states import NUM_AGENCIES, NUM_FAILED, campuses, contents, write_state

DRAW = AgencyPages()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_state(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def serial(path: Path) -> StatewideResult:
    """The small state, planned in this process."""
    return statewide(path, path.parent / "serial", executor=Serial(), draw=DRAW)


def never(works: Iterable[Work | None]) -> Iterator[Answer]:
    for work in works:
        raise AssertionError(f"{work} was begun")
    yield from ()


def first(count: int, ending: BaseException) -> Any:
    """An executor that stops after some answers."""

    def executor(works: Iterable[Work | None]) -> Iterator[Answer]:
        for number, work in enumerate(works):
            if number == count:
                raise ending
            assert work is not None
            yield work.answer()

    return executor


# -- answers


def alone(path: Path, agency: str, name: str, officers: tuple[Officer, ...], **policy: Any) -> Problem:
    """The problem of one agency, put together by hand."""
    rows = {"campuses": "state_campuses.csv", "where": {"district": agency}}
    return Problem(
        title=name,
        campuses=read_campuses(path, rows, {}, []),
        officers=officers,
        policy=Policy(**{"levels": {"elementary": {"states": ("shared", "on-call")}}, **policy}),
        travel=StraightLine(speed_kph=40),
    )


def test_each_plan_is_what_solving_the_agency_alone_gives(path, serial):
    roster = (Officer(id="reyes", name="Officer Reyes"), Officer(id="cho", name="Officer Cho"))
    open_to_all = {"elementary": {"states": ("primary", "on-call")}}
    expected = {
        "a": alone(path, "a", "Alder", numbered_officers(2)),
        "b": alone(path, "b", "Birch", roster, campuses={"b-oak": {"visits_per_week": 1}}),
        "c": alone(path, "c", "Cedar", numbered_officers(1), max_shared=1, levels=open_to_all),
        "own": read_problem(path.with_name("plan.toml")),
    }
    for agency, problem in expected.items():
        plan, known = serial.plan(agency), solve(problem)
        assert plan is not None
        assert plan.problem == problem
        assert (plan.status, plan.tiers, plan.beats) == (known.status, known.tiers, known.beats)
        assert check(plan) == []
        assert plan.digest == plan.expected_digest()


def test_a_run_says_what_it_is(serial):
    outcome = next(outcome for outcome in serial.outcomes if outcome.agency.id == "c")
    assert outcome.run is not None
    content = json.loads((serial.folder / "runs" / outcome.run.file).read_bytes())
    assert outcome.run.file.startswith("cedar-")
    assert content["base"] == "state.toml"
    assert content["changes"] == {
        "policy": {"max_shared": "1", "levels": {"elementary": {"states": ["primary", "on-call"]}}}
    }
    assert content["words"][0] == "max_shared 4 -> 1"
    assert [item["file"] for item in content["inputs"]] == ["state.toml", "agencies.csv", "state_campuses.csv"]
    assert Plan.from_json(json.dumps(content["plan"])) == serial.plan("c")
    own = next(outcome.run for outcome in serial.outcomes if outcome.agency.id == "own")
    assert own is not None
    assert [item.file for item in own.inputs][2:] == ["plan.toml", "campuses.csv", "roster.csv"]


def test_one_bad_agency_fails_with_its_reason_and_stops_nothing(serial):
    statuses = {outcome.agency.id: outcome.status for outcome in serial.outcomes}
    assert statuses == {
        **dict.fromkeys(("a", "b", "c", "own"), "optimal"),
        **dict.fromkeys(("many", "gone", "bare"), "failed"),
        "none": "no officers",
    }
    reasons = {outcome.agency.id: outcome.reason for outcome in serial.outcomes}
    assert reasons["many"] == "officers: 9; expected at most 5, one for each post on the 5 planned campuses"
    assert "missing.toml: no such file" in reasons["gone"]
    assert reasons["bare"] == "agencies.csv row 9: no campus is its own; expected campuses of 'bare' in their table"
    assert serial.left == 0
    assert serial.plan("many") is None
    assert serial.remarks == ("6 campuses of 1 agency that agencies.csv does not have: 'x'.",)


def test_without_officers_every_planned_campus_is_uncovered(serial):
    figures = next(outcome.figures for outcome in serial.outcomes if outcome.agency.id == "none")
    assert figures is not None
    assert (figures.officers, figures.students["uncovered"], figures.campuses["uncovered"]) == (0, 2550, 5)
    assert figures.campuses["not planned"] == 1


def test_processes_give_the_same_bytes(path, serial, tmp_path):
    told: list[SweepProgress] = []
    result = statewide(path, tmp_path, executor=Processes(2), draw=DRAW, watch=told.append)
    assert contents(tmp_path) == contents(serial.folder)
    assert table_of(result) == table_of(serial)
    assert told[0] == SweepProgress(total=NUM_AGENCIES, done=1, failed=0, kept=0)  # one has no officers
    assert [news.done for news in told] == list(range(1, NUM_AGENCIES + 1))
    assert told[-1].failed == NUM_FAILED


def test_more_or_other_officers_and_tiers_can_be_wanted(path):
    state = read_state(path)
    agencies = {agency.id: agency for agency in state.agencies}
    for agency, officers, names in (
        ("none", 2, ["Officer 1", "Officer 2"]),
        ("a", 1, ["Officer 1"]),
        ("b", 3, ["Officer Reyes", "Officer Cho", "New officer 1"]),
        ("own", 1, ["Officer Reyes"]),
    ):
        problem = problem_of(Wanted(agencies[agency], officers, ("coverage", "primary")), state)
        assert [officer.name for officer in problem.officers] == names
        assert problem.order == ("coverage", "primary")
        assert problem.objective.tolerance.primary == 0


# -- nothing is held


def test_works_are_made_as_they_are_needed(path, tmp_path):
    state = read_state(path)
    asked, answered, ahead = [], [], []

    def wanted() -> Iterator[Wanted]:
        for officers in (1, 2, 3) * 4:
            asked.append(officers)
            yield Wanted(state.agencies[0], officers)

    def on_run(what: Wanted, run: Run, was_there: bool) -> None:
        answered.append(was_there)
        ahead.append(len(asked) - len(answered))

    executor = Processes(2)
    assert run_wanted(state, wanted(), tmp_path, executor=executor, on_run=on_run) == ()
    assert len(answered) == 12
    assert max(ahead) <= 2
    assert answered.count(True) >= 6  # the same again is not solved again


def test_an_answer_may_lead_to_another_question(path, tmp_path):
    state = read_state(path)
    agencies = {agency.id: agency for agency in state.agencies}
    for executor in (Serial(), Processes(2)):
        covered: dict[str, list[int]] = {"a": [], "none": []}

        def wanted(covered: dict[str, list[int]] = covered) -> Iterator[Wanted | None]:
            asked = dict.fromkeys(covered, 0)
            while min(asked.values()) < 3:
                ready = [agency for agency in covered if asked[agency] == len(covered[agency]) < 3]
                for agency in ready:
                    asked[agency] += 1
                    yield Wanted(agencies[agency], asked[agency])
                if not ready:
                    yield None

        def on_run(what: Wanted, run: Run, _: bool, covered: dict[str, list[int]] = covered) -> None:
            covered[what.agency.id].append(what.officers or 0)

        run_wanted(state, wanted(), tmp_path / type(executor).__name__, executor=executor, on_run=on_run)
        assert covered == {"a": [1, 2, 3], "none": [1, 2, 3]}


def test_plans_are_not_held(path, tmp_path):
    def plans() -> int:
        gc.collect()
        return sum(isinstance(thing, Plan) for thing in gc.get_objects())

    before, most = plans(), []
    result = statewide(path, tmp_path, executor=Serial(), draw=DRAW, watch=lambda _: most.append(plans() - before))
    assert result.left == 0
    assert max(most) <= 1
    assert plans() == before


# -- going on


def test_a_finished_state_solves_nothing_again(path, serial):
    again = statewide(path, serial.folder, executor=never, draw=DRAW)
    assert again.outcomes == serial.outcomes
    assert again.remarks == serial.remarks


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), ExecutorGoneError("the scheduler went away")])
def test_a_state_that_ends_early_keeps_what_is_done_and_goes_on(path, serial, tmp_path, ending):
    early = statewide(path, tmp_path, executor=first(2, ending), draw=DRAW)
    assert early.left == NUM_AGENCIES - 2 - 1  # one has no officers
    assert len(early.remarks) == 2
    assert [outcome.status for outcome in early.outcomes].count("not done") == early.left
    begun = []

    def counting(works: Iterable[Work | None]) -> Iterator[Answer]:
        for work in works:
            assert work is not None
            begun.append(work.number)
            yield work.answer()

    whole = statewide(path, tmp_path, executor=counting, draw=DRAW)
    assert len(begun) == 3
    assert whole.left == 0
    assert contents(tmp_path) == contents(serial.folder)


def test_a_damaged_run_is_done_again_and_told(path, serial, tmp_path):
    statewide(path, tmp_path, executor=Serial(), draw=DRAW)
    run = serial.outcomes[0].run
    assert run is not None
    file = tmp_path / "runs" / run.file
    file.write_text(file.read_text("utf-8")[:-100], "utf-8")
    result = statewide(path, tmp_path, executor=Serial(), draw=DRAW)
    assert f"{file.name} is damaged: that run is done again." in result.remarks
    assert contents(tmp_path) == contents(serial.folder)


def test_a_map_that_is_missing_is_drawn_from_the_plan(path, serial, tmp_path):
    statewide(path, tmp_path, executor=Serial())
    assert not (tmp_path / "maps").exists()
    statewide(path, tmp_path, executor=never, draw=DRAW)
    assert contents(tmp_path) == contents(serial.folder)


def test_a_failed_agency_is_tried_again_when_asked(path, tmp_path):
    def broken(works: Iterable[Work | None]) -> Iterator[Answer]:
        for work in works:
            assert work is not None
            yield Answer(work.number, None, 0.5, "its process died")

    once = statewide(path, tmp_path, executor=broken)
    assert {outcome.reason for outcome in once.outcomes if outcome.agency.id in "abc"} == {"its process died"}
    assert statewide(path, tmp_path, executor=never).outcomes == once.outcomes
    again = statewide(path, tmp_path, executor=Serial(), retry_failed=True)
    assert [outcome.status for outcome in again.outcomes].count("optimal") == 4


def test_other_rows_are_other_runs_and_only_those(path, serial, tmp_path):
    text = campuses().replace("a-north,North High,high,1200", "a-north,North High,high,1300")
    changed = write_state(tmp_path / "state", state_campuses=text)
    result = statewide(changed, tmp_path / "out", executor=Serial())
    keys = {outcome.agency.id: outcome.run.key for outcome in serial.outcomes if outcome.run and outcome.run.has_plan}
    others = [
        out.agency.id for out in result.outcomes if out.run and out.run.has_plan and keys[out.agency.id] != out.run.key
    ]
    assert others == ["a"]


def test_a_run_of_other_versions_is_no_answer(path, tmp_path, monkeypatch):
    def other(works: Iterable[Work | None]) -> Iterator[Answer]:
        for work in works:
            assert work is not None
            with monkeypatch.context() as patch:
                patch.setattr("sro_coverage.scenario.store.version", lambda name: "0")
                answer = work.answer()
            yield answer

    result = statewide(path, tmp_path, executor=other)
    assert {outcome.status for outcome in result.outcomes if outcome.agency.id in "abc"} == {"failed"}
    assert "its worker has sro_coverage 0, not" in result.outcomes[0].reason


DRIVER = """
import sys
from sro_coverage.report.statewide_pages import AgencyPages
from sro_coverage.scenario.executors import Processes
from sro_coverage.statewide.statewide import statewide

def watch(progress):
    print(progress.done, flush=True)
    if progress.done == 4:
        sys.stdin.readline()  # nothing comes: the signal does

statewide(sys.argv[1], sys.argv[2], executor=Processes(2), draw=AgencyPages(), watch=watch)
"""


def test_a_killed_state_goes_on_and_its_processes_end_with_it(path, serial, tmp_path):
    """A real process and SIGKILL while its workers are busy."""
    command = [sys.executable, "-c", DRIVER, str(path), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for number in range(1, 5):
                assert process.stdout.readline() == f"{number}\n"
        finally:
            process.kill()
        rest, _ = process.communicate(timeout=50)  # the end of the pipe: no worker holds it any more
    assert rest == ""
    assert 3 <= len(list((tmp_path / "runs").iterdir())) < NUM_AGENCIES - 1
    result = statewide(path, tmp_path, executor=Serial(), draw=DRAW)
    assert result.left == 0
    assert contents(tmp_path) == contents(serial.folder)


# -- table and page


def test_the_table_has_one_row_for_each_agency(serial):
    rows = list(csv.DictReader(io.StringIO(table_of(serial).to_csv())))
    assert [row["agency"] for row in rows] == [agency.id for agency in serial.state.agencies]
    by_id = {row["agency"]: row for row in rows}
    plan = serial.plan("a")
    assert plan is not None
    assert int(by_id["a"]["coverage_students"]) == plan.tiers[0].value
    assert by_id["own"]["different"] == "plan file plan.toml"
    assert by_id["c"]["different"].startswith("max_shared 4 -> 1; ")
    assert (by_id["none"]["status"], by_id["none"]["students_uncovered"]) == ("no officers", "2550")
    assert (by_id["many"]["status"], by_id["many"]["coverage_students"]) == ("failed", "")


def test_the_page_gets_every_agency_with_a_link_to_its_map(serial):
    views = {view.id: view for view in state_view(serial).agencies}
    assert list(views) == [agency.id for agency in serial.state.agencies]
    for agency in ("a", "b", "c", "own"):
        page = (serial.folder / views[agency].page).read_text("utf-8")
        assert f'href="../index.html#agency={agency}"' in page
    assert views["many"].status == "failed"
    assert len(views["many"].dots) == 5
    assert views["none"].officers == 0
