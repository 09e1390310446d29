"""What docs/sweep.md shows is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sro_coverage.report.sweep_charts import tier_amount
from sro_coverage.scenario.executors import Serial
from sro_coverage.scenario.store import Run
from sro_coverage.scenario.sweep import sweep
from sro_coverage.scenario.sweep_file import read_sweep
from tests.test_docs import ROOT, blocks

PAGE = "docs/sweep.md"
FILE = ROOT / "data" / "sweeps" / "chula_vista.toml"


def test_the_sweep_file_shown_is_the_bundled_one():
    assert blocks(PAGE, "toml")[0] == FILE.read_text("utf-8")
    assert len(read_sweep(FILE).wishes) == 60


def test_the_other_file_shown_is_valid(tmp_path):
    (tmp_path / "x").mkdir()
    path = tmp_path / "x" / "sweep.toml"
    path.write_text(
        blocks(PAGE, "toml")[1].replace("../chula_vista.toml", str(FILE.parent.parent / "chula_vista.toml"))
    )
    names = [wish.name for wish in read_sweep(path).wishes]
    assert names == ["as it is", "one officer fewer", "one fewer, longer drives"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Three of the sixty runs, which the page names most."""
    base = str(FILE.parent.parent / "chula_vista.toml")
    points = [(6, 2), (12, 5), (13, 4)]
    asked = [
        {"name": f"officers {officers}, max_shared {most}", "officers": officers, "policy": {"max_shared": most}}
        for officers, most in points
    ]
    out = tmp_path_factory.mktemp("sweep")
    return {run.name: run for run in sweep({"base": base, "run": asked}, out, executor=Serial()).done}


def test_the_output_shown_has_the_numbers_of_these_runs(runs):
    """Every number beside the name of one of them; the others would take a minute to solve."""
    shown = blocks(PAGE, "text")[0]
    checked = 0
    for line in shown.splitlines():
        row = re.match(r" \d (\w+) +(.+?)   (officers .+?)(?: and 17)? {3,}(.+?)   (officers .+?) *$", line)
        if row is None:
            continue
        for value, name in ((row[2], row[3]), (row[4], row[5])):
            if name in runs:
                tier = next(tier for tier in runs[name].tiers if tier.name == row[1])
                assert value == tier_amount(tier, tier.value), line
                assert tier.stopped == "proven"
                checked += 1
    assert checked == 3


def test_the_words_about_it_are_true(runs):
    words = " ".join((ROOT / PAGE).read_text("utf-8").split())
    assert "with five shared campuses instead of four, the twelve officers there are cover every student" in words
    assert runs["officers 12, max_shared 5"].tiers[0].value == 0
    assert 2147 - runs["officers 13, max_shared 4"].tiers[0].value == 1419


def test_the_python_shown_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (code,) = blocks(PAGE, "python")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    names: dict[str, object] = {}
    exec(compile(code, PAGE, "exec"), names)
    assert capsys.readouterr().out.strip() == re.search(r"(?m)^# (.*)$", code)[1]
    assert names["plan"].status == "optimal"
