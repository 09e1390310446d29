"""The verbs of the command line: what they print, write and return."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sro_coverage import progress
from sro_coverage.check import check as find_broken_rules
from sro_coverage.cli import main
from sro_coverage.plan import LIMITS, Plan
from tests.read.files import Change, Files, add, all_of, swap

CHULA_VISTA = Path(__file__).parents[1] / "data" / "chula_vista.toml"
ENDINGS = {".html", ".json", ".csv", ".geojson"}


def run(*arguments: object) -> Result:
    """Run one command; whatever happens, it ends with an exit code and not with a traceback."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def written(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def write(folder: Path, *changes: Change) -> Path:
    folder.mkdir(exist_ok=True)
    files = Files()
    for change in changes:
        change(files)
    return files.write(folder)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The JSON document of the tiny plan: two officers, five campuses; solved once."""
    folder = tmp_path_factory.mktemp("solved")
    assert run("plan", write(folder), "--out", folder / "out").exit_code == 0
    return folder / "out" / "plan.json"


# A commute that the travel time forbids: the pin passes every pairwise check and still has no plan.
INFEASIBLE = all_of(
    swap("roster.csv", "36.55,-119.38,15", "37.55,-119.38,15"),
    add("plan.toml", '\n[[pin]]\nofficer = "cho"\nprimary = "south"\n'),
)


# -- plan


def test_plan_prints_the_roster_and_writes_four_files(tmp_path: Path) -> None:
    result = run("plan", write(tmp_path), "--out", tmp_path / "deep" / "out")
    assert result.exit_code == 0
    assert written(tmp_path / "deep" / "out") == {f"plan{ending}" for ending in ENDINGS}
    for text in ("Tiny", "Officer Reyes", "North High", "optimal", "Vale Adult", "Written: "):
        assert text in result.stdout
    assert LIMITS in " ".join(result.stdout.split())
    assert result.stderr == ""


def test_the_same_input_gives_the_same_files(tmp_path: Path) -> None:
    path = write(tmp_path)
    for name in ("one", "two"):
        assert run("plan", path, "--out", tmp_path / name).exit_code == 0
    for ending in ENDINGS:
        assert (tmp_path / "one" / f"plan{ending}").read_bytes() == (tmp_path / "two" / f"plan{ending}").read_bytes()


def test_plan_as_json_reads_back(tmp_path: Path) -> None:
    result = run("plan", write(tmp_path), "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0
    plan = Plan.from_json(result.stdout)
    assert plan.to_json() == result.stdout == (tmp_path / "out" / "plan.json").read_text(encoding="utf-8")
    assert find_broken_rules(plan) == []
    assert result.stderr.startswith("Written: ")


def test_several_plan_files_in_one_run(tmp_path: Path) -> None:
    path = write(tmp_path)
    other = path.with_name("other.toml")
    other.write_text(path.read_text().replace("Tiny", "Other"))
    result = run("plan", path, other, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert written(tmp_path / "out") == {f"{name}{ending}" for name in ("plan", "other") for ending in ENDINGS}


def test_an_infeasible_plan_is_explained_and_ends_with_4(tmp_path: Path) -> None:
    result = run("plan", write(tmp_path, INFEASIBLE), "--out", tmp_path / "out")
    assert result.exit_code == 4
    assert written(tmp_path / "out") == {"plan.html", "plan.json", "plan.csv", "plan.geojson"}
    assert "pin cho south primary" in result.stdout
    assert Plan.from_json((tmp_path / "out" / "plan.json").read_text()).status == "infeasible"


def test_the_worst_exit_code_of_several_plans_counts(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "a"), write(tmp_path / "b", INFEASIBLE)
    bad = bad.rename(bad.with_name("bad.toml"))
    assert run("plan", bad, good, "--out", tmp_path / "out").exit_code == 4
    assert "plan.html" in written(tmp_path / "out")


def test_a_plan_that_is_not_proven_is_written_and_ends_with_3(
    tmp_path: Path, solved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proven = Plan.from_json(solved.read_text())
    tiers = (*proven.tiers[:-1], proven.tiers[-1].model_copy(update={"stopped": "time limit", "bound": None}))
    unproven = proven.model_copy(update={"tiers": tiers, "status": "feasible"}).sealed()
    assert find_broken_rules(unproven) == []
    monkeypatch.setattr(progress, "solve", lambda *_, **__: unproven)
    result = run("plan", write(tmp_path), "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert written(tmp_path / "out") == {f"plan{ending}" for ending in ENDINGS}
    assert "Out of time" in result.stderr
    assert "--time-limit" in result.stderr


def test_a_plan_within_the_gap_asked_for_ends_with_0(tmp_path: Path) -> None:
    """Chula Vista's driving and visibility are near their bounds long before they are proven."""
    result = run("plan", CHULA_VISTA, "--gap", "travel=0.03", "--gap", "visibility=0.03", "--out", tmp_path)
    assert result.exit_code == 0
    assert "gap reached" in result.stdout
    assert "Near enough to the bound, as a share: travel 0.03, visibility 0.03." in result.stdout
    assert "Out of time" not in result.stderr
    plan = Plan.from_json((tmp_path / "chula_vista.json").read_text(encoding="utf-8"))
    assert (plan.params.gap.travel, plan.params.gap.coverage, plan.status) == (0.03, 0, "feasible")
    assert all(tier.proven for tier in plan.tiers[:3])
    assert find_broken_rules(plan) == []
    page = (tmp_path / "chula_vista.html").read_text(encoding="utf-8")
    assert "near enough to the bound, and for later tiers to use: driving a week within 3&nbsp;%" in page


@pytest.mark.parametrize("text", ["travel", "travel=x", "travel=nan", "travel=1", "driving=0.1", "=1", ""])
def test_a_gap_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    result = run("plan", CHULA_VISTA, "--gap", text, "--out", tmp_path)
    assert result.exit_code == 2
    assert "expected" in result.stderr
    assert run("plan", CHULA_VISTA, "--gap", "travel=0.1", "--gap", "travel=0.2", "--out", tmp_path).exit_code == 2
    assert written(tmp_path) == set()


def test_two_plans_of_one_name_are_refused(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a"), write(tmp_path / "b")
    result = run("plan", first, second, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "a second plan named 'plan'; expected another file name" in result.stderr
    assert not (tmp_path / "out").exists()


# -- where plan writes


def test_an_out_folder_that_is_a_file(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "out").write_text("mine")
    for out in (tmp_path / "out", tmp_path / "out" / "below"):
        result = run("plan", path, "--out", out)
        assert result.exit_code == 2
        assert str(tmp_path / "out") in result.stderr
    assert (tmp_path / "out").read_text() == "mine"


def test_an_out_folder_that_cannot_be_written_is_told_before_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It used to be told after it: an hour of search was lost to a wrong folder."""
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))
    monkeypatch.setattr(progress, "solve", lambda *_, **__: pytest.fail("searched in vain"))
    result = run("plan", write(tmp_path), "--out", tmp_path / "out" / "deep")
    assert result.exit_code == 2
    assert f"{tmp_path}: no files can be written there; expected a folder where they can" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", [".", "../inputs"])
def test_a_plan_never_overwrites_its_inputs(tmp_path: Path, out: str) -> None:
    """plan.toml with a table plan.csv, written to its own folder, used to lose the table."""
    path = write(tmp_path / "inputs", swap("plan.toml", "campuses.csv", "plan.csv"))
    table = path.with_name("plan.csv")
    path.with_name("campuses.csv").rename(table)
    before = table.read_text()
    result = run("plan", path, "--out", tmp_path / "inputs" / out)
    assert result.exit_code == 2
    assert "plan.csv: would overwrite an input of this run; expected another file to write" in result.stderr
    assert table.read_text() == before
    assert written(tmp_path / "inputs") == {"plan.toml", "plan.csv", "roster.csv"}


def test_a_folder_in_the_place_of_an_output(tmp_path: Path) -> None:
    (tmp_path / "out" / "plan.csv").mkdir(parents=True)
    result = run("plan", write(tmp_path), "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "plan.csv: is a folder" in result.stderr
    assert written(tmp_path / "out") == {"plan.csv"}


@pytest.mark.parametrize("number", [1, 3])
def test_a_failing_write_leaves_the_old_files_and_no_half_written_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = write(tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    for ending in ENDINGS:
        (out / f"plan{ending}").write_text("old")
    real, calls = Path.write_text, []

    def write_text(self: Path, data: str, **options: str) -> int:
        calls.append(self)
        if len(calls) == number:
            real(self, data[:10], **options)
            raise OSError(28, "No space left on device", str(self))
        return real(self, data, **options)

    monkeypatch.setattr(Path, "write_text", write_text)
    result = run("plan", path, "--out", out)
    assert len(calls) == number
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    assert {found.name: found.read_text() for found in out.iterdir()} == {f"plan{e}": "old" for e in ENDINGS}


# -- check


def test_check_says_that_every_rule_is_kept(solved: Path) -> None:
    result = run("check", solved)
    assert result.exit_code == 0
    assert "plan.json: every rule kept, every number recomputed (coverage " in result.stdout
    assert run("check", solved, "--json").stdout == "[]\n"


def test_check_compares_with_the_inputs_of_today(solved: Path) -> None:
    plan_file = solved.parents[1] / "plan.toml"
    assert run("check", solved, plan_file).exit_code == 0
    shorter = plan_file.with_name("shorter.toml")
    shorter.write_text(plan_file.read_text().replace("weekly_hours = 40", "weekly_hours = 38"))
    result = run("check", solved, shorter)
    assert result.exit_code == 1
    assert "weekly_hours: 40.0; expected 38.0" in result.stdout


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"primary_hours": ', '"primary_hours": 1', "primary_hours"),
        ('"North High"', '"North Hihg"', "digest"),
        ('"stopped": "proven"', '"stopped": "time limit"', "tier coverage"),
        ('"state": "not planned"', '"state": "uncovered"', "state: 'uncovered'; expected 'not planned'"),
    ],
)
def test_a_tampered_plan_is_named_and_ends_with_1(tmp_path: Path, solved: Path, old: str, new: str, named: str) -> None:
    tampered = tmp_path / "tampered.json"
    tampered.write_text(solved.read_text().replace(old, new, 1))
    assert tampered.read_text() != solved.read_text()
    result = run("check", tampered)
    assert result.exit_code == 1
    assert re.match(r"tampered\.json: \d+ broken\n", result.stdout)
    assert named in result.stdout
    broken = json.loads(run("check", tampered, "--json").stdout)
    assert any(named.split(":")[0] in f"{issue['where']}" for issue in broken)
    assert all(set(issue) == {"where", "found", "expected"} for issue in broken)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not JSON"),
        ("[]", "another kind of document"),
        ('{"format": "sro-coverage plan 99"}', "another kind of document"),
        ('{"format": "sro-coverage plan 1"}', "bad.json: problem: nothing there; expected a value"),
        ('{"format": "sro-coverage plan 1", "beatz": 1}', "bad.json: beatz: unknown key"),
    ],
)
def test_what_is_no_plan_ends_with_2(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "bad.json").write_text(content)
    for command in ("check", "map"):
        result = run(command, tmp_path / "bad.json")
        assert result.exit_code == 2
        assert message in result.stderr
    assert written(tmp_path) == {"bad.json"}


def test_check_of_a_document_without_a_plan(tmp_path: Path) -> None:
    run("plan", write(tmp_path, INFEASIBLE), "--out", tmp_path / "out")
    result = run("check", tmp_path / "out" / "plan.json")
    assert result.exit_code == 0
    assert "plan.json: holds no plan (infeasible)" in result.stdout


# -- map


def test_map_draws_the_same_page_again(tmp_path: Path, solved: Path) -> None:
    (tmp_path / "plan.json").write_bytes(solved.read_bytes())
    result = run("map", tmp_path / "plan.json")
    assert result.exit_code == 0
    assert (tmp_path / "plan.html").read_bytes() == solved.with_suffix(".html").read_bytes()
    assert run("map", solved, "--out", tmp_path / "new" / "page.html").exit_code == 0
    assert written(tmp_path / "new") == {"page.html"}


def test_map_refuses_a_tampered_plan(tmp_path: Path, solved: Path) -> None:
    tampered = tmp_path / "plan.json"
    tampered.write_text(solved.read_text().replace("North High", "North Hihg"))
    result = run("map", tampered)
    assert result.exit_code == 2
    assert "plan.json: digest: the document was changed" in result.stderr
    assert written(tmp_path) == {"plan.json"}


def test_map_never_overwrites_its_plan(solved: Path) -> None:
    before = solved.read_bytes()
    result = run("map", solved, "--out", solved)
    assert result.exit_code == 2
    assert "would overwrite an input" in result.stderr
    assert solved.read_bytes() == before


# -- validate


def test_validate_says_what_is_in_the_files_and_writes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path)
    before = written(tmp_path)
    result = run("validate", path)
    assert result.exit_code == 0
    for text in ("2 officers, 6 campuses on file, 5 places to plan", "elementary", "shared, on-call", "Vale Adult"):
        assert text in result.stdout
    assert written(tmp_path) == before


def test_validate_shows_the_good_files_and_the_problems_of_the_others(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "a"), write(tmp_path / "b", swap("campuses.csv", ",1200,", ",many,"))
    result = run("validate", bad, good)
    assert result.exit_code == 2
    assert "valid" in result.stdout
    assert "campuses.csv row 2, enrollment: 'many'" in result.stderr


# -- all of them


def test_every_command_has_help() -> None:
    assert run("--help").exit_code == 0
    for name, command in main.commands.items():
        assert command.help, name
        assert run(name, "--help").exit_code == 0


@pytest.mark.parametrize("arguments", [[], ["plan"], ["solve"], ["plan", "x.toml", "--time-limit", "0"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_names_with_escapes_and_markup_reach_no_terminal_as_such(tmp_path: Path) -> None:
    path = write(tmp_path, swap("campuses.csv", "Oak Elementary", "[red]Oak[/red] \u202e{{7*7}}"))
    for command in (
        ["plan", path, "--out", tmp_path / "out"],
        ["validate", path],
        ["check", tmp_path / "out/plan.json"],
    ):
        result = run(*command)
        assert result.exit_code == 0
        assert "\u202e" not in result.stdout
        assert "\x1b" not in result.stdout
    assert "[red]Oak[/red] {{7*7}}" in run("plan", path, "--out", tmp_path / "out").stdout


# -- Ctrl-C

DRIVER = """
import sys
from sro_coverage import progress
from sro_coverage.cli import main

real = progress.solve

def solve(*arguments, watch, **options):
    def tell(news):
        watch(news)
        if news.best is not None:
            print("first solution", flush=True)
    return real(*arguments, watch=tell, **options)

progress.solve = solve
main()
"""


def city(folder: Path, num_campuses: int, num_officers: int) -> Path:
    """A city too large to be proven optimal at once."""
    rng = random.Random(1)
    rows = [
        f"c{n},Campus {n},{rng.choice(['high', 'middle', 'elementary'])},{rng.randrange(100, 2000)},"
        f"{36.5 + rng.random() * 0.4:.5f},{-119.4 + rng.random() * 0.4:.5f}"
        for n in range(num_campuses)
    ]
    (folder / "campuses.csv").write_text("\n".join(["id,name,level,enrollment,lat,lon", *rows]))
    plan_file = folder / "city.toml"
    plan_file.write_text(f'campuses = "campuses.csv"\nofficers = {num_officers}\n')
    return plan_file


def test_ctrl_c_keeps_the_best_plan_so_far(tmp_path: Path) -> None:
    """A real process and a real signal, sent when the search has its first solution."""
    path = city(tmp_path, 150, 20)
    command = [sys.executable, "-c", DRIVER, "plan", str(path), "--out", str(tmp_path / "out"), "--time-limit", "300"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "first solution\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=50)
        finally:
            process.kill()
    assert process.returncode == 3, errors
    assert errors == "Stopped by you: this is the best plan so far, and it keeps every rule.\n"
    assert written(tmp_path / "out") == {f"city{ending}" for ending in ENDINGS}
    plan = Plan.from_json((tmp_path / "out" / "city.json").read_text())
    assert plan.status == "feasible"
    assert find_broken_rules(plan) == []


@pytest.mark.parametrize("command", ["plan", "frontier", "absences"])
def test_an_output_that_is_a_pipe_or_a_device_is_refused_and_left_alone(command, tmp_path):
    """Writing beside and renaming used to put a file in the place of a device."""
    ending = {"plan": ".csv", "frontier": "-frontier.csv", "absences": "-absences.csv"}[command]
    pipe = tmp_path / f"dinuba{ending}"
    os.mkfifo(pipe)
    result = run(command, Path(__file__).parent.parent / "data" / "dinuba.toml", "--out", tmp_path)
    assert result.exit_code == 2
    assert "is a folder or a device" in result.stderr
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_two_outputs_of_one_name_are_refused(tmp_path):
    """The table used to overwrite the page."""
    same = str(tmp_path / "x.html")
    plans = [Path(__file__).parent.parent / "data" / "dinuba.toml"] * 2
    result = run("compare", *plans, "--out", same, "--csv", same)
    assert result.exit_code == 2
    assert "is named for two outputs" in result.stderr
