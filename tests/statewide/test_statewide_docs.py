"""What docs/statewide.md shows is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from sro_coverage.cli import main
from tests.test_docs import ROOT, blocks

PAGE = "docs/statewide.md"
FOLDER = ROOT / "data" / "tulare"


def test_the_files_shown_are_the_bundled_ones():
    assert blocks(PAGE, "toml") == [(FOLDER / "tulare.toml").read_text("utf-8")]
    assert (FOLDER / "agencies.csv").read_text("utf-8").startswith(blocks(PAGE, "text")[0])


def test_the_output_shown_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    result = CliRunner().invoke(main, ["statewide", "data/tulare/tulare.toml", "--jobs", "0"])
    printed = [line.rstrip() for line in result.stdout.splitlines() if line.strip()]
    assert [line.rstrip() for line in blocks(PAGE, "text")[1].splitlines() if line.strip()] == printed


def test_the_python_shown_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (code,) = blocks(PAGE, "python")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    names: dict[str, object] = {}
    exec(compile(code, PAGE, "exec"), names)
    assert capsys.readouterr().out.strip() == re.search(r"(?m)^# (.*)$", code)[1]
    assert names["plan"].problem.title == "Visalia Unified"
