"""What docs/scenarios.md shows is what the program does."""

from __future__ import annotations

import re
import tomllib

from click.testing import CliRunner

from sro_coverage.cli import main
from sro_coverage.planner import solve
from sro_coverage.read import read_problem
from sro_coverage.scenario import Changes, apply
from sro_coverage.scenario.file import ScenarioFile
from tests.test_docs import ROOT, blocks

PAGE = "docs/scenarios.md"


def printed(*arguments: str) -> list[str]:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    return [line.rstrip() for line in (*result.stdout.splitlines(), *result.stderr.splitlines())]


def test_what_is_shown_is_printed_and_lines_left_out_are_marked(tmp_path):
    """Each part between two marks stands in the output as it is shown, without a gap."""
    scenarios = ROOT / "data" / "scenarios"
    plan = printed("plan", str(scenarios / "one_officer_fewer.toml"), "--out", str(tmp_path))
    validation = printed("validate", str(scenarios / "millenia_high.toml"))
    for number, lines in enumerate([plan, validation]):
        text = "\n".join(["", *lines, ""])
        for part in blocks(PAGE, "text")[number].split("…\n"):
            assert "\n" + "\n".join(line.rstrip() for line in part.strip("\n").splitlines()) + "\n" in text, part


def test_the_base_has_the_uncovered_students_that_are_named():
    only_coverage = Changes(objective={"order": ["coverage"]})
    plan = solve(apply(read_problem(ROOT / "data" / "chula_vista.toml"), only_coverage))
    assert (plan.status, plan.tiers[0].value) == ("optimal", 2147)


def test_the_examples_are_the_bundled_files():
    for number, name in enumerate(["one_officer_fewer", "millenia_high"]):
        file = (ROOT / "data" / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
        assert tomllib.loads(blocks(PAGE, "toml")[number]) == tomllib.loads(file)


def test_every_key_is_documented_and_right():
    everything = tomllib.loads(blocks(PAGE, "toml")[2])
    assert ScenarioFile(**everything).base == "chula_vista.toml"
    assert set(everything) == {"base", *Changes.model_fields}


def test_the_python_runs(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = blocks(PAGE, "python")
    exec(compile(code, PAGE, "exec"), {})
    assert capsys.readouterr().out.strip() == re.search(r"(?m)^# (.*)$", code)[1]
