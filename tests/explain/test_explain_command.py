"""The commands ``explain`` and ``backbone``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sro_coverage.cli import main

ROOT = Path(__file__).parent.parent.parent
DINUBA = str(ROOT / "data" / "dinuba.toml")


def run(*args: str):
    return CliRunner().invoke(main, list(args))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--campus", "wilson_elementary"], "on-call by Officer 1"),
        (["--officer", "Officer 2"], "forbid washington_intermediate primary"),
        (["--pin", "Officer 2@dinuba_high"], "costs nothing in any tier"),
        (["--pin", "sierra_vista_high:primary"], "worse"),
        (["--swap", "Officer 1", "Officer 2"], "2 officers moved"),
    ],
)
def test_answers(args, said):
    result = run("explain", DINUBA, *args)
    assert result.exit_code == 0, result.output
    assert said in result.stdout


def test_all_questions_at_once_as_json():
    args = ["--campus", "wilson_elementary", "--pin", "Officer 2@dinuba_high", "--forbid", "lincoln_elementary:on-call"]
    result = run("explain", DINUBA, *args, "--json")
    why, price = json.loads(result.stdout)
    assert why["subject"] == "wilson_elementary"
    assert price["edit"]["words"] == "pin Officer 2 dinuba_high (any role); forbid lincoln_elementary on-call"
    assert [tier["name"] for tier in price["tiers"]] == ["coverage", "primary", "reach", "travel", "visibility"]
    assert "plan" not in price


def test_wrong_questions_are_told_all_at_once():
    result = run("explain", DINUBA, "--campus", "x", "--officer", "y", "--pin", "z@w", "--swap", "Officer 1", "q")
    assert result.exit_code == 2
    for text in ("--campus x", "--officer y", "unknown officer 'z'", "no planned campus 'w'", "'q'"):
        assert text in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("text", ["", "@", "Officer 1@", ":primary", "Officer 1@wilson_elementary:uncovered", "wilson"])
def test_a_pin_that_says_nothing_is_an_error(text):
    result = run("explain", DINUBA, "--pin", text)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_no_question_is_an_error_that_names_the_questions():
    result = run("explain", DINUBA)
    assert result.exit_code == 2
    assert "--campus, --officer, --pin, --forbid or --swap" in result.stderr


def test_an_impossible_edit_ends_with_the_code_for_no_plan():
    assert run("explain", DINUBA, "--pin", "wilson_elementary:primary").exit_code == 4


def test_an_infeasible_edit_names_the_clash_and_what_would_cure_it():
    pins = [f"--pin={campus}:primary" for campus in ("dinuba_high", "washington_intermediate", "sierra_vista_high")]
    result = run("explain", DINUBA, *pins)
    assert result.exit_code == 4
    assert "one more officer" in result.stdout


def test_a_problem_without_a_plan_is_explained(tmp_path):
    text = Path(DINUBA).read_text(encoding="utf-8").replace('"campuses.csv"', f'"{ROOT}/data/campuses.csv"')
    pins = "\n".join(
        f'[[pin]]\nprimary = "{c}"' for c in ("dinuba_high", "washington_intermediate", "sierra_vista_high")
    )
    (tmp_path / "a.toml").write_text(f"{text}\n{pins}\n", encoding="utf-8")
    for command in ("explain", "backbone"):
        result = run(command, str(tmp_path / "a.toml"))
        assert result.exit_code == 4
        assert "one more officer" in result.stdout


def test_hostile_names_do_nothing(tmp_path):
    text = Path(DINUBA).read_text(encoding="utf-8")
    table = (
        (ROOT / "data" / "campuses.csv").read_text(encoding="utf-8").replace("Dinuba High", "[bold]{{7*7}}\u202e=1+1")
    )
    (tmp_path / "campuses.csv").write_text(table, encoding="utf-8")
    (tmp_path / "a.toml").write_text(text, encoding="utf-8")
    result = run("explain", str(tmp_path / "a.toml"), "--campus", "dinuba_high", "--officer", "Officer 1")
    assert result.exit_code == 0
    assert "[bold]{{7*7}}=1+1" in result.stdout
    assert "\u202e" not in result.stdout


def test_backbone():
    result = run("backbone", DINUBA)
    assert result.exit_code == 0
    assert "gives 9 of 9 places just what this plan gives them" in result.stdout
    data = json.loads(run("backbone", DINUBA, "--tolerance", "0.1", "--json").stdout)
    assert sum(campus["is_fixed"] for campus in data["campuses"]) == 2
