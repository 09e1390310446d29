"""The command ``absences``, and what its page shows."""

from __future__ import annotations

import csv
import itertools
import json
import os
import re
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from sro_coverage.cli import main
from sro_coverage.explain import absence as module
from sro_coverage.explain.absence import AbsenceBook, Robust, absence
from sro_coverage.explain.base import Base
from sro_coverage.read import read_problem
from sro_coverage.report.absence_text import render_absences
from sro_coverage.report.text import WIDTH
from tests.test_docs import ROOT, blocks

DINUBA = ROOT / "data" / "dinuba.toml"
PAGE = "docs/absences.md"
NAMES = ["dinuba-absences.csv", "dinuba-absences.html", "dinuba-absences.json"]


def run(*arguments: object):
    """Run the command; whatever happens, it ends with an exit code and not with a traceback."""
    result = CliRunner().invoke(main, ["absences", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_a_page_a_table_and_json_are_written_and_the_table_is_printed(tmp_path):
    result = run(DINUBA, "--out", tmp_path, "--pairs")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == NAMES
    assert "Officer 2 takes on Dinuba High" in result.stdout
    assert "Written: " in result.stdout
    page = (tmp_path / NAMES[1]).read_text(encoding="utf-8")
    assert "<bdi>Officer 1</bdi> is out" in page
    assert "4.5 h a week instead of 28.7 h" in page
    content = json.loads((tmp_path / NAMES[2]).read_text(encoding="utf-8"))
    assert [each["absent"] for each in content["pairs"]] == [["Officer 1", "Officer 2"]]
    with (tmp_path / NAMES[0]).open(encoding="utf-8", newline="") as file:
        assert {row["answer"] for row in csv.DictReader(file)} == {"nothing done", "nobody moves: the best possible"}


def test_json_is_printed_alone(tmp_path):
    result = run(DINUBA, "--out", tmp_path, "--json")
    content = json.loads(result.stdout)
    assert content["pairs"] == []
    assert result.stdout == (tmp_path / NAMES[2]).read_text(encoding="utf-8")
    assert "Written: " in result.stderr


def test_a_scenario_file_is_taken_too(tmp_path):
    (tmp_path / "three.toml").write_text(f'base = "{DINUBA.as_posix()}"\nofficers = "+1"\n', encoding="utf-8")
    result = run(tmp_path / "three.toml", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "Officer 3" in result.stdout


def test_wrong_input_is_told_before_anything_is_solved(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "solve", None)
    (tmp_path / "folder" / NAMES[0]).mkdir(parents=True)
    for arguments, said in (
        ([tmp_path / "none.toml"], "none.toml"),
        ([DINUBA, "--out", tmp_path / "folder"], "is a folder"),
        ([DINUBA, "--time-limit", "0"], "--time-limit"),
    ):
        result = run(*arguments)
        assert result.exit_code == 2
        assert said in result.stderr


def test_without_a_plan_there_is_no_book(tmp_path):
    campuses = (ROOT / "data" / "campuses.csv").as_posix()
    pins = "".join(
        f'[[pin]]\nprimary = "{campus}"\n' for campus in ("dinuba_high", "washington_intermediate", "sierra_vista_high")
    )
    policy = "[policy.levels.high]\nmin_primary_hours = 40\n"
    text = f'campuses = "{campuses}"\nwhere = {{ agency = "Dinuba" }}\nofficers = 2\n{policy}{pins}'
    (tmp_path / "no.toml").write_text(text, encoding="utf-8")
    result = run(tmp_path / "no.toml", "--out", tmp_path / "out")
    assert result.exit_code == 4
    assert "infeasible" in result.stderr
    assert not (tmp_path / "out").exists()


def test_an_unproven_book_is_written_and_said(tmp_path, monkeypatch):
    from sro_coverage.explain.absence import absence_book

    def unproven(*arguments, **more):
        from dataclasses import replace

        book = absence_book(*arguments, **more)
        plan = book.robust.plan.model_copy(update={"status": "feasible"})
        return replace(book, robust=replace(book.robust, plan=plan))

    monkeypatch.setattr(module, "absence_book", unproven)
    result = run(DINUBA, "--out", tmp_path)
    assert result.exit_code == 3
    assert "Not every answer is proven" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == NAMES


def test_ctrl_c_ends_the_search_and_writes_nothing(tmp_path, monkeypatch):
    real, calls = module.solve, itertools.count()

    def interrupted(*arguments, stop, **more):
        if next(calls) == 1:  # by now the command waits
            os.kill(os.getpid(), signal.SIGINT)
            while not stop.requested:
                pass
        return real(*arguments, stop=stop, **more)

    monkeypatch.setattr(module, "solve", interrupted)
    result = run(DINUBA, "--out", tmp_path / "out")
    assert result.exit_code == 130
    assert "nothing was written" in result.stderr
    assert not (tmp_path / "out").exists()


# -- the page of the documentation


def test_shown_dinuba_is_what_the_program_prints(tmp_path):
    shown = next(block for block in blocks(PAGE, "text") if block.startswith("Dinuba"))
    printed = lines(run(DINUBA, "--out", tmp_path).stdout)
    assert lines(shown) == [line for line in printed if not line.startswith("Written")]


def test_shown_chula_vista_is_what_the_program_prints():
    """One absence of the twelve is solved again; the plan that loses least is not, for it is not proven."""
    from rich.console import Console

    shown = "\n".join(block for block in blocks(PAGE, "text") if not block.startswith("Dinuba"))
    base = Base.of(read_problem(ROOT / "data" / "chula_vista.toml"))
    told = absence(base, ["Officer 10"])
    console = Console(width=WIDTH, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(render_absences(AbsenceBook(base.plan, (told,), (), Robust(base.plan, 1, 1, 1))))
    mine = " ".join(capture.get().split())
    for line in ("Officer 10 Castle Park Senior High", "Officer 10 5,094 nobody"):
        start = mine.index(line)
        end = mine.index("No plan was found") if "nobody" in line else mine.index(" out not covered", start)
        assert mine[start:end].strip() in " ".join(shown.split())


def test_python_runs(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = blocks(PAGE, "python")
    exec(compile(code, PAGE, "exec"), {})
    assert capsys.readouterr().out.splitlines() == re.findall(r"(?m)^# (.*)$", code)


@pytest.mark.parametrize("option", ["--pairs", "--out", "--time-limit", "--json"])
def test_every_option_stands_on_the_page(option):
    assert option in run("--help").stdout
    assert f"`{option}" in Path(ROOT / PAGE).read_text(encoding="utf-8")
