"""The command ``frontier``, and what its page shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from sro_coverage.cli import main
from sro_coverage.cli.frontier_command import ENDINGS
from sro_coverage.explain import frontier as module
from sro_coverage.explain.base import Base
from sro_coverage.explain.frontier import Frontier, frontier
from sro_coverage.explain.goals import parse_goal
from sro_coverage.plan import LIMITS
from sro_coverage.planner import solve
from sro_coverage.problem import Problem
from sro_coverage.read import read_problem
from sro_coverage.report.frontier_text import render_frontier
from sro_coverage.report.text import WIDTH
from sro_coverage.scenario import read_plan_or_scenario
from tests.read.files import Change, Files, add, swap
from tests.test_docs import ROOT, blocks

PAGE = "docs/frontier.md"
NUMBERED = swap("plan.toml", 'officers = "roster.csv"', "officers = 2")


def run(*arguments: object) -> Result:
    """Run one command; whatever happens, it ends with an exit code and not with a traceback."""
    result = CliRunner().invoke(main, ["frontier", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def write(folder: Path, *changes: Change) -> Path:
    folder.mkdir(exist_ok=True)
    files = Files()
    for change in changes:
        change(files)
    return files.write(folder)


def test_it_prints_the_tables_and_writes_four_files(tmp_path):
    result = run(write(tmp_path, NUMBERED), "--goal", "covered high, middle", "--out", tmp_path / "deep" / "out")
    assert (result.exit_code, result.stderr) == (0, "")
    out = tmp_path / "deep" / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted(f"plan{ending}" for ending in ENDINGS)
    assert (out / "plan-frontier.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (out / "plan-frontier.svg").read_text()
    numbers = [row["officers"] for row in json.loads((out / "plan-frontier.json").read_text())["rows"]]
    assert numbers == [1, 2, 3, 4, 5]  # two now; four more would be one more than there are posts
    for text in ("Tiny", "now 2", "1 -> 2", "Every high and middle campus covered (2 places).", "Written: "):
        assert text in result.stdout
    assert LIMITS in " ".join(result.stdout.split())


def test_json_is_what_is_written(tmp_path):
    result = run(write(tmp_path, NUMBERED), "--officers", "1:2", "--json", "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout == (tmp_path / "out" / "plan-frontier.json").read_text(encoding="utf-8")
    assert result.stderr.startswith("Written: ")


def test_a_scenario_and_its_remarks(tmp_path):
    write(tmp_path, NUMBERED)
    scenario = tmp_path / "less.toml"
    scenario.write_text('base = "plan.toml"\ntitle = "Less"\nclose = ["hill"]\n')
    result = run(scenario, "--officers", 1, "--out", tmp_path / "out")
    assert result.exit_code == 0 and "Less: what" in result.stdout
    assert "Changed: Hill Academy closed" in result.stderr


def test_a_goal_that_nothing_meets_ends_with_4(tmp_path):
    result = run(write(tmp_path, NUMBERED), "--officers", 2, "--goal", "based all", "--out", tmp_path / "out")
    assert result.exit_code == 4
    assert (
        '"based all": Elm Elementary (elementary), Oak Elementary (elementary) may only be shared or on-call.'
        in " ".join(result.stdout.split())
    )


def test_numbers_without_any_plan_end_with_4(tmp_path):
    pins = add("plan.toml", "".join(f'\n[[pin]]\nprimary = "{name}"\n' for name in ("north", "south")))
    result = run(write(tmp_path, NUMBERED, pins), "--officers", 1, "--out", tmp_path / "out")
    assert result.exit_code == 4
    assert "1 officer: infeasible. These cannot be kept together" in result.stdout


def test_what_is_not_proven_ends_with_3(tmp_path, monkeypatch):
    def cut_short(*arguments: object, **more: object) -> object:
        plan = solve(*arguments, **more)
        tier = plan.tiers[-1].model_copy(update={"stopped": "time limit", "bound": None})
        return plan.model_copy(update={"tiers": (*plan.tiers[:-1], tier), "status": "feasible"})

    monkeypatch.setattr(module, "solve", cut_short)
    path = write(tmp_path, NUMBERED)
    result = run(path, "--officers", "1:2", "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "no bound known (time limit)" in result.stdout
    monkeypatch.undo()
    monkeypatch.setattr(module, "is_feasible", lambda *_: None)
    result = run(path, "--officers", "1:2", "--goal", "covered all", "--out", tmp_path / "out")
    assert result.exit_code == 3 and "Not known whether any number of officers meets it" in result.stdout


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    result = run(
        write(tmp_path, swap("plan.toml", "speed_kph = 40", "speed_kph = 4000")),
        *("--officers", "9:3", "--goal", "covered everything", "--goal", "win", "--out", tmp_path),
    )
    assert result.exit_code == 2 and result.stdout == ""
    for part in (
        "4 problems found, nothing was written",
        "speed_kph",
        "--officers: '9:3'",
        "'everything'",
        "goal 'win'",
    ):
        assert part in result.stderr


@pytest.mark.parametrize("officers", ["0", "0:3", "-2:3", "8-16", "1:201", "x", "", "1:2:3", "٣"])
def test_numbers_of_officers_that_cannot_be(tmp_path, officers):
    result = run(write(tmp_path), f"--officers={officers}", "--out", tmp_path / "out")
    assert result.exit_code == 2 and "FIRST:LAST, such as 8:16" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_goal_about_levels_that_are_not_there(tmp_path):
    result = run(write(tmp_path), "--goal", "covered k12", "--out", tmp_path / "out")
    assert result.exit_code == 2 and "some of alternative, elementary, high, middle" in result.stderr


def test_inputs_are_never_overwritten(tmp_path):
    path = write(tmp_path).rename(tmp_path / "a.toml")
    (tmp_path / "a-frontier.csv").write_bytes((tmp_path / "campuses.csv").read_bytes())
    path.write_text(path.read_text().replace("campuses.csv", "a-frontier.csv"))
    result = run(path, "--out", tmp_path)
    assert result.exit_code == 2 and "would overwrite an input" in result.stderr


def test_ctrl_c_writes_nothing(tmp_path):
    """The first solve is given a signal instead of an answer."""
    code = (
        "import os, signal, sys, time\n"
        "from sro_coverage.explain import frontier as module\n"
        "def wait(*_, stop, **__):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    while not stop.requested: time.sleep(0.01)\n"
        "module.solve = wait\n"
        "from sro_coverage.cli import main\n"
        "main()\n"
    )
    path = write(tmp_path, NUMBERED)
    arguments = [sys.executable, "-c", code, "frontier", str(path), "--officers", "1:3", "--out", str(tmp_path / "out")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (130, "Stopped by you; nothing was written.\n")
    assert not (tmp_path / "out").exists()


# -- the page


@pytest.fixture(scope="module")
def chula_vista() -> Base:
    return Base.of(read_problem(ROOT / "data" / "chula_vista.toml"))


def printed(result: Frontier) -> list[str]:
    console = Console(width=WIDTH, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(render_frontier(result))
    return [line.rstrip() for line in capture.get().splitlines() if line.strip()]


def shown(number: int) -> list[str]:
    return [line.rstrip() for line in blocks(PAGE, "text")[number].splitlines() if line.strip()]


def test_the_tables_shown_are_those_printed(chula_vista):
    lines = printed(frontier(chula_vista, range(15, 17), [parse_goal("covered all")]))
    assert [line for line in shown(0) if line in lines] == lines
    assert len(shown(0)) == len(lines) + 7 + 7  # seven numbers fewer are solved here


def test_officers_buy_nothing_from_the_number_named_on(chula_vista):
    assert "begins at 29 officers" in (ROOT / PAGE).read_text(encoding="utf-8")
    assert [step.buys for step in frontier(chula_vista, range(28, 31)).steps] == [True, False]


def test_the_unmet_goal_shown_is_what_is_printed(chula_vista):
    goals = [parse_goal("based secondary"), parse_goal("reached all within 15")]
    lines = printed(frontier(chula_vista, range(12, 13), goals))
    assert [line for line in lines if line in shown(1)] == shown(1)


def test_the_scenario_shown_meets_the_goals(chula_vista, tmp_path):
    scenario = tmp_path / "high_tech.toml"
    base = json.dumps(str(ROOT / "data" / "chula_vista.toml"))
    scenario.write_text(blocks(PAGE, "toml")[0].replace('"chula_vista.toml"', base))
    plan = chula_vista.solve(read_problem_of(scenario))
    goals = [parse_goal("based secondary"), parse_goal("reached all within 15")]
    lines = printed(frontier(Base(plan, chula_vista.times), range(12, 13), goals))
    assert [line for line in lines if line in shown(2)] == shown(2)


def read_problem_of(scenario: Path) -> Problem:
    return read_plan_or_scenario(scenario).problem


def test_the_python_runs(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = blocks(PAGE, "python")
    exec(compile(code, PAGE, "exec"), {})
    assert capsys.readouterr().out.strip() == re.search(r"(?m)^# (.*)$", code)[1]


def test_every_goal_of_the_page_is_one():
    goals = re.findall(r"(?m)^\| `([^`]+)` \| (?:every|the same|that share)", (ROOT / PAGE).read_text(encoding="utf-8"))
    assert len(goals) == 5
    for text in goals:
        assert parse_goal(text.replace("LEVELS", "high, middle"))
    for option in main.commands["frontier"].params:
        assert option.name == "file" or f"`{option.opts[0]}" in (ROOT / PAGE).read_text(encoding="utf-8")
