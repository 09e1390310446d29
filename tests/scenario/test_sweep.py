"""Sweeps: the same answers everywhere, kept as they come, and nothing lost."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sro_coverage.check import check
from sro_coverage.cli import main
from sro_coverage.errors import DataError, MissingExtraError
from sro_coverage.model.solution import SolveParams
from sro_coverage.plan import Plan
from sro_coverage.planner import solve
from sro_coverage.read import read_problem
from sro_coverage.scenario.changes import apply
from sro_coverage.scenario.executors import Answer, Cluster, ExecutorGoneError, Processes, Serial, Task, solve_task
from sro_coverage.scenario.sweep import SweepProgress, SweepResult, sweep
from sro_coverage.scenario.table import table_of
from sro_coverage.travel import travel_times
from tests.scenario.sweeps import NUM_FAILED, NUM_RUNS, SWEEP, Deadly, contents, write_sweep


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sweep(tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def serial(path: Path) -> SweepResult:
    """The tiny sweep, solved in this process."""
    return sweep(path, path.parent / "serial", executor=Serial())


def never(tasks: Sequence[Task]) -> Iterator[Answer]:
    raise AssertionError(f"{len(tasks)} runs were begun")
    yield


def first(count: int, ending: BaseException | None = None) -> Any:
    """An executor that stops after some runs."""

    def executor(tasks: Sequence[Task]) -> Iterator[Answer]:
        yield from map(solve_task, tasks[:count])
        raise ending or KeyboardInterrupt

    return executor


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["sweep", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


# -- answers


def test_each_run_is_what_solving_its_problem_alone_gives(path, serial):
    assert len(serial.done) == NUM_RUNS
    base = read_problem(path.with_name("plan.toml"))
    for wish, done in zip(serial.sweep.wishes, serial.done, strict=True):
        plan = serial.plan(done.name)
        if plan is None:
            continue
        alone = solve(apply(base, wish.changes))
        assert (plan.status, plan.tiers, plan.campuses, plan.beats) == (
            alone.status,
            alone.tiers,
            alone.campuses,
            alone.beats,
        )
        assert plan.problem.title == f"Tiny: {done.name}"
        assert check(plan) == []
        assert plan.digest == plan.expected_digest()


def test_a_run_says_what_it_is(path, serial):
    done = serial.done[0]
    content = json.loads((serial.folder / done.file).read_bytes())
    assert done.file.startswith("max-travel-min-2-primary-share-min-0.4-")
    assert content["changes"] == {"policy": {"max_travel_min": 2, "primary_share_min": 0.4}}
    assert content["words"] == ["primary_share_min 0.5 -> 0.4", "max_travel_min 15 -> 2"]
    assert content["settings"] == {"time_limit_s": 60, "seed": 0, "workers": 1}
    assert {tier["name"] for tier in content["tiers"]} == {"coverage", "primary", "reach", "travel"}
    assert content["tiers"][0].keys() >= {"value", "best", "bound", "gap", "stopped"}
    assert [item["file"] for item in content["inputs"]] == ["plan.toml", "campuses.csv", "roster.csv"]
    assert content["versions"].keys() == {"sro_coverage", "ortools"}
    assert content["runtime_s"] > 0
    assert Plan.from_json(json.dumps(content["plan"])) == serial.plan(done.name)


def test_a_run_that_is_invalid_fails_with_its_reason_and_stops_nothing(serial):
    failed = [done for done in serial.done if done.status == "failed"]
    assert len(failed) == NUM_FAILED
    assert failed[0].name == "nobody left"
    assert "officers: 0; expected at least 1" in failed[0].reason
    assert serial.plan("nobody left") is None


def test_processes_give_the_same_bytes(path, serial, tmp_path):
    told: list[SweepProgress] = []
    result = sweep(path, tmp_path, executor=Processes(2), watch=told.append)
    assert contents(tmp_path) == contents(serial.folder.parent)
    assert table_of(result) == table_of(serial)
    assert told[0] == SweepProgress(total=NUM_RUNS, done=0, failed=0, kept=0)
    assert [news.done for news in told] == list(range(NUM_RUNS + 1))
    assert told[-1].failed == NUM_FAILED


def test_travel_times_are_computed_once_for_all_runs_that_share_them(path, tmp_path, monkeypatch):
    asked = []

    def counting(*arguments: Any) -> Any:
        asked.append(arguments)
        return travel_times(*arguments)

    monkeypatch.setattr("sro_coverage.scenario.sweep.travel_times", counting)
    grid = {"policy.primary_share_min": [0.4, 0.5, 0.6], "policy.on_call_min": [20, 25]}
    result = sweep({"base": str(path.with_name("plan.toml")), "grid": grid}, tmp_path, executor=Serial())
    assert len(result.done) == 6
    assert len(asked) == 2


def test_travel_that_cannot_be_had_fails_its_runs_only(path, tmp_path):
    runs = [{"name": "roads", "travel": {"method": "roads", "file": "none.pbf"}}, {"name": "as it is"}]
    result = sweep({"base": str(path.with_name("plan.toml")), "run": runs}, tmp_path, executor=Serial())
    assert [done.status for done in result.done] == ["failed", "optimal"]
    assert "no such file" in result.done[0].reason


# -- going on


def test_a_finished_sweep_solves_nothing_again(path, serial):
    again = sweep(path, serial.folder.parent, executor=never)
    assert again.done == serial.done
    assert again.remarks == ()


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), ExecutorGoneError("the scheduler went away")])
def test_a_sweep_that_ends_early_keeps_what_is_done_and_goes_on(path, serial, tmp_path, ending):
    early = sweep(path, tmp_path, executor=first(4, ending))
    assert early.left == NUM_RUNS - NUM_FAILED - 4
    assert len(contents(tmp_path)) == 4 + NUM_FAILED
    assert len(early.remarks) == 1
    begun = []

    def counting(tasks: Sequence[Task]) -> Iterator[Answer]:
        begun.extend(tasks)
        return Serial()(tasks)

    whole = sweep(path, tmp_path, executor=counting)
    assert len(begun) == NUM_RUNS - NUM_FAILED - 4
    assert whole.left == 0
    assert contents(tmp_path) == contents(serial.folder.parent)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"enrollment": 1200', '"enrollment": 1201', 1),
        lambda text: "[" * 100_000,
        lambda text: "{}",
    ],
    ids=["cut", "changed", "nested", "empty"],
)
def test_a_damaged_run_is_done_again_and_told(path, serial, tmp_path, spoil):
    sweep(path, tmp_path, executor=Serial())
    file = tmp_path / "runs" / serial.done[3].file
    file.write_text(spoil(file.read_text("utf-8")), "utf-8")
    result = sweep(path, tmp_path, executor=Serial())
    assert result.remarks == (f"{file.name} is damaged: that run is done again.",)
    assert contents(tmp_path) == contents(serial.folder.parent)


def test_other_data_settings_or_versions_are_other_runs(path, serial, tmp_path, monkeypatch):
    out = tmp_path / "out"
    sweep(path, out, executor=Serial())
    other = write_sweep(tmp_path, SWEEP, lambda files: files.content.update(
        {"campuses.csv": str(files.content["campuses.csv"]).replace(",1200,", ",1300,")}
    ))  # fmt: skip
    assert not {done.key for done in sweep(other, out, executor=Serial()).done} & {done.key for done in serial.done}
    limited = sweep(path, out, executor=first(0), time_limit_s=30)
    assert limited.left == NUM_RUNS - NUM_FAILED
    monkeypatch.setattr("sro_coverage.scenario.store.version", lambda name: "0")
    assert sweep(path, out, executor=first(0)).left == NUM_RUNS - NUM_FAILED


def test_what_a_killed_process_left_behind_is_tidied_up(path, serial, tmp_path):
    (tmp_path / "runs").mkdir()
    left = tmp_path / "runs" / f".{serial.done[0].file}.4711.tmp"
    left.write_text('{"format"')
    sweep(path, tmp_path, executor=Serial())
    assert contents(tmp_path) == contents(serial.folder.parent)


DRIVER = """
import sys
from sro_coverage.scenario.executors import Processes
from sro_coverage.scenario.sweep import sweep

def watch(progress):
    print(progress.done, flush=True)
    if progress.done == 4:
        sys.stdin.readline()  # nothing comes: the signal does

sweep(sys.argv[1], sys.argv[2], executor=Processes(2), watch=watch)
"""


def test_a_killed_sweep_goes_on_and_its_processes_end_with_it(path, serial, tmp_path):
    """A real process and SIGKILL while its workers are busy."""
    command = [sys.executable, "-c", DRIVER, str(path), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for number in range(5):
                assert process.stdout.readline() == f"{number}\n"
        finally:
            process.kill()
        rest, _ = process.communicate(timeout=50)  # the end of the pipe: no worker holds it any more
    assert rest == ""
    kept = contents(tmp_path)
    assert 4 <= len(kept) < NUM_RUNS
    result = sweep(path, tmp_path, executor=Serial())
    assert result.left == 0
    assert result.remarks == ()
    assert contents(tmp_path) == contents(serial.folder.parent)


# -- failures


def test_a_run_that_kills_its_process_twice_has_failed_and_nothing_else_is_lost(path, tmp_path):
    """One run dies once, another each time; two more go on beside them."""
    problem = read_problem(path.with_name("plan.toml"))
    times = travel_times(problem)
    inputs: list[Any] = [(), Deadly(tmp_path / "once", 1), Deadly(tmp_path / "always", 99), ()]
    tasks = [Task(number, problem, times, SolveParams(), each) for number, each in enumerate(inputs)]
    answers = {answer.number: answer for answer in Processes(2)(tasks)}
    assert len(answers) == 4
    assert "its process died 2 times" in answers[2].reason
    assert len({answers[number].plan.to_json() for number in (0, 1, 3)}) == 1


def test_a_failed_run_is_kept_and_tried_again_when_asked(path, tmp_path):
    def broken(tasks: Sequence[Task]) -> Iterator[Answer]:
        yield Answer(tasks[0].number, None, 0.5, "its process died")
        yield from map(solve_task, tasks[1:])

    once = sweep(path, tmp_path, executor=broken)
    assert once.done[0].reason == "its process died"
    assert sweep(path, tmp_path, executor=never).done == once.done
    assert sweep(path, tmp_path, executor=Serial(), retry_failed=True).done[0].proven


def test_a_plan_of_other_versions_is_no_answer(path, tmp_path):
    def other(tasks: Sequence[Task]) -> Iterator[Answer]:
        for task in tasks:
            plan = solve_task(task).plan
            assert plan is not None
            yield Answer(task.number, plan.model_copy(update={"versions": plan.versions | {"ortools": "1.0"}}))

    result = sweep(path, tmp_path, executor=other)
    assert {done.status for done in result.done} == {"failed"}
    assert "its worker has ortools 1.0, not" in result.done[0].reason


def test_an_error_in_a_solve_is_the_reason_of_a_failed_run(path):
    task = Task(0, read_problem(path.with_name("plan.toml")), None, "no params")  # type: ignore[arg-type]
    answer = solve_task(task)
    assert answer.plan is None
    assert answer.reason.startswith("AttributeError: ")


def test_a_cluster_that_is_not_there_is_an_input_error(path, tmp_path, monkeypatch):
    monkeypatch.setattr("sro_coverage.scenario.executors._CONNECT_S", 0.2)
    with pytest.raises(DataError, match="no scheduler answers"):
        sweep(path, tmp_path, executor=Cluster("tcp://127.0.0.1:9"))
    with pytest.raises(DataError, match="cluster: 'localhost'; expected the address"):
        sweep(path, tmp_path, executor=Cluster("localhost"))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"\[cluster\]"):
        sweep(path, tmp_path, executor=Cluster("tcp://127.0.0.1:9"))


# -- table


def test_the_table_has_one_tidy_row_for_each_run(serial):
    rows = list(csv.DictReader(io.StringIO(table_of(serial).to_csv())))
    assert [row["run"] for row in rows] == [done.name for done in serial.done]
    first_row = rows[0]
    plan = serial.plan(first_row["run"])
    assert plan is not None
    assert (first_row["policy.max_travel_min"], first_row["policy.primary_share_min"]) == ("2", "0.4")
    assert (first_row["status"], first_row["proven"]) == ("optimal", "true")
    assert int(first_row["coverage_students"]) == plan.tiers[0].value
    covered = sum(row["enrollment"] or 0 for row in plan.rows() if row["state"] in ("primary", "shared"))
    assert int(first_row["students_primary"]) + int(first_row["students_shared"]) == covered
    assert float(first_row["cost"]) == 300_000
    assert rows[9]["officers"] == "'+1"
    assert rows[-1]["reason"]
    assert rows[-1]["coverage_students"] == ""


def test_parquet_has_types(serial):
    import pyarrow.parquet as pq

    table = pq.read_table(io.BytesIO(table_of(serial).to_parquet()))
    types = {field.name: str(field.type) for field in table.schema}
    assert types["run"] == "string"
    assert types["policy.max_travel_min"] == types["coverage_students"] == "int64"
    assert types["policy.primary_share_min"] == types["drive_minutes"] == "double"
    assert types["proven"] == "bool"
    assert table.num_rows == NUM_RUNS


def test_names_cannot_be_formulas(path, tmp_path):
    runs = [{"name": "=1+1"}, {"name": " @x"}]
    result = sweep({"base": str(path.with_name("plan.toml")), "run": runs}, tmp_path, executor=Serial())
    names = [row["run"] for row in csv.DictReader(io.StringIO(table_of(result).to_csv()))]
    assert names == ["'=1+1", "'@x"]


# -- command


def test_command_writes_and_sums_up(path, tmp_path):
    result = run(path, "--out", tmp_path, "--jobs", 0)
    assert result.exit_code == 4
    assert {item.name for item in tmp_path.iterdir()} == {"runs", "runs.csv", "runs.parquet", "index.html"}
    assert "Tiny sweep\n12 runs on Tiny: 11 proven, 1 failed" in result.stdout
    assert "nobody left: failed." in result.stdout
    assert "Written: " in result.stdout
    assert result.stderr == ""


def test_command_exit_codes(path, tmp_path, monkeypatch):
    good = path.with_name("good.toml")
    good.write_text('base = "plan.toml"\n[grid]\npolicy.max_shared = [1, 2]')
    assert run(good, "--out", tmp_path / "good", "--jobs", 0).exit_code == 0

    def unproven(task: Task) -> Answer:
        plan = solve_task(task).plan
        assert plan is not None
        tiers = (*plan.tiers[:-1], plan.tiers[-1].model_copy(update={"stopped": "time limit", "bound": 0}))
        return Answer(task.number, plan.model_copy(update={"tiers": tiers, "status": "feasible"}).sealed())

    monkeypatch.setattr(Serial, "__call__", lambda self, tasks: map(unproven, tasks))
    result = run(good, "--out", tmp_path / "open", "--jobs", 0)
    assert result.exit_code == 3
    assert "2 not proven" in result.stdout
    monkeypatch.setattr(Serial, "__call__", lambda self, tasks: first(1)(tasks))
    result = run(good, "--out", tmp_path / "early", "--jobs", 0)
    assert result.exit_code == 130
    assert result.stderr == "Stopped by you.\n1 of 2 runs left; the same command goes on with them.\n"
    assert (tmp_path / "early" / "index.html").exists()
    monkeypatch.setattr(Serial, "__call__", lambda self, tasks: first(0)(tasks))
    result = run(good, "--out", tmp_path / "none", "--jobs", 0)
    assert result.exit_code == 130
    assert not (tmp_path / "none").exists()


def test_command_without_pyarrow_names_the_extra(path, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run(path, "--out", tmp_path, "--jobs", 0)
    assert result.exit_code == 4
    assert not (tmp_path / "runs.parquet").exists()
    assert len(result.stderr.splitlines()) == 1
    assert "pip install 'sro_coverage[tables]'" in result.stderr


def test_command_refuses_what_cannot_be(path, tmp_path):
    result = run(path, "--out", tmp_path, "--jobs", 2, "--cluster", "tcp://127.0.0.1:1")
    assert result.exit_code == 2
    assert "expected one of the two" in result.stderr
    bad = write_sweep(tmp_path, 'base = "plan.toml"\n[grid]\nofficer = [3]\npolicy.max_shard = [1]')
    result = run(bad, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "max_shard: unknown key" in result.stderr
    assert not (tmp_path / "out").exists()


def test_hostile_names_do_no_harm(path, tmp_path):
    name = "[red]{{7*7}} \u202e<img src=x onerror=alert(1)> $x^2$"
    sweep_file = path.with_name("hostile.toml")
    sweep_file.write_text(f'base = "plan.toml"\ntitle = "{name}"\n[[run]]\nname = "{name}"', "utf-8")
    result = run(sweep_file, "--out", tmp_path, "--jobs", 0)
    assert result.exit_code == 0
    assert "\u202e" not in result.stdout
    assert "[red]{{7*7}}" in result.stdout
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "<img src=x" not in page
    assert "{{7*7}}" in page
    assert [file.name.rsplit("-", 1)[0] for file in (tmp_path / "runs").iterdir()] == [
        "red-7-7-img-src-x-onerror-alert-1-x-2"
    ]
