"""The page shows what the program prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from sro_coverage.cli import main

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```sh\nsro-coverage ([^\n]*)\n```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_shown_output_is_what_the_program_prints(command, output, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, shlex.split(command))
    printed = [line.rstrip() for line in result.stdout.splitlines()]
    assert [line for line in printed if line] == [line.rstrip() for line in output.splitlines() if line.strip()]


def test_every_question_is_shown():
    assert [command.split()[0] for command, _ in SHOWN].count("explain") >= 2
    assert {command.split()[0] for command, _ in SHOWN} == {"explain", "backbone"}


def test_python_runs(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "explain.md", "exec"), {})
    assert capsys.readouterr().out.split("\n")[:-1] == re.findall(r"(?m)^# (.*)$", code)
