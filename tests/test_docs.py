"""What the documents show is what the program does."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path

import pytest

from sro_coverage.cli import main
from sro_coverage.planner import solve
from sro_coverage.read import PlanFile, read_problem
from sro_coverage.report.text import WIDTH, render_text

ROOT = Path(__file__).parent.parent


def blocks(file: str, language: str) -> list[str]:
    text = (ROOT / file).read_text(encoding="utf-8")
    return [textwrap.dedent(block) for block in re.findall(rf" *```{language}\n(.*?)```", text, re.DOTALL)]


def test_documented_plan_file_is_valid_and_its_defaults_are_the_real_ones():
    (documented,) = blocks("docs/plan-file.md", "toml")
    file = PlanFile.model_validate(tomllib.loads(documented))
    plain = PlanFile(campuses="campuses.csv", officers=12)
    assert file.travel == plain.travel
    assert file.current == "last_year.json"
    examples = ("default", "levels", "campuses", "max_students")
    shown = {name: value for name, value in file.policy if name not in examples}
    assert shown == {name: getattr(plain.policy, name) for name in shown}
    assert file.policy.rule_for("x", "high") == plain.policy.rule_for("x", "high")
    assert file.objective.tolerance == plain.objective.tolerance


def test_readme_plan_file_is_valid():
    (documented,) = blocks("README.md", "toml")
    assert PlanFile.model_validate(tomllib.loads(documented)).officers == 6


def test_readme_shows_the_output_of_the_bundled_plan():
    from rich.console import Console

    console = Console(width=WIDTH, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(render_text(solve(read_problem(ROOT / "data" / "dinuba.toml"))))
    printed = [line.rstrip() for line in capture.get().splitlines()]
    shown = [line.rstrip() for line in blocks("README.md", "text")[0].splitlines()]
    assert [line for line in shown if line] == [line for line in printed if line]


def test_readme_python_runs(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = blocks("README.md", "python")
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip() == re.search(r"(?m)^# (.*)$", code)[1]


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_has_help_and_stands_in_the_readme(name):
    assert main.commands[name].help
    assert f"`sro-coverage {name} " in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", text) if not target.startswith("http")]
    assert [target for target in targets if not ((ROOT / page).parent / target).exists()] == []
