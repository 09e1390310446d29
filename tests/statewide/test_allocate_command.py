"""The command ``allocate``, and what its page shows."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from sro_coverage.cli import main
from sro_coverage.statewide import allocate as module
from sro_coverage.statewide.sharing import Terms
from tests.statewide.test_allocate import AGENCIES, STATE, write
from tests.test_docs import ROOT, blocks

PAGE = "docs/allocate.md"
TULARE = ROOT / "data" / "tulare" / "tulare.toml"


def run(*arguments: object) -> Result:
    """Run one command in this process; whatever happens, it ends with an exit code and not with a traceback."""
    result = CliRunner().invoke(main, ["allocate", *map(str, arguments), "--jobs", "0"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def test_it_prints_a_table_and_writes_a_page_and_a_file(tmp_path):
    result = run(write(tmp_path), "--officers", 3, "--out", tmp_path / "deep" / "out")
    assert (result.exit_code, result.stderr) == (0, "")
    out = tmp_path / "deep" / "out"
    assert sorted(path.name for path in out.iterdir()) == ["allocate.csv", "allocate.html", "runs"]
    assert "Small State: 3 funded officers" in result.stdout and "West District" in result.stdout
    rows = list(csv.DictReader(io.StringIO((out / "allocate.csv").read_text("utf-8"))))
    assert [int(row["funded"]) for row in rows] == [1, 1, 1, 0]
    assert "proven best" in (out / "allocate.html").read_text("utf-8")
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}
    again = run(tmp_path / "state.toml", "--officers", 3, "--out", out)
    assert again.stdout == result.stdout
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before


def test_an_agency_that_cannot_be_planned_ends_with_4(tmp_path):
    path = write(tmp_path, agencies=AGENCIES + "ghost,Ghost Town,1,,,,,,\n")
    result = run(path, "--officers", 1, "--out", tmp_path / "out")
    assert result.exit_code == 4 and "Left out, and in no number: Ghost Town." in result.stdout


def test_what_is_not_proven_ends_with_3(tmp_path, monkeypatch):
    monkeypatch.setattr(module.Sharing, "needed", lambda _: [])  # as if all that is wanted had failed
    result = run(write(tmp_path), "--officers", 1, "--out", tmp_path / "out")
    assert result.exit_code == 3 and "Not proven: no way to share them out covers more than" in result.stdout


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    path = write(tmp_path, agencies=AGENCIES.replace("east,East District,0,", "east,East District,many,"))
    result = run(path, "--officers", 1, "--cluster", "tcp://127.0.0.1:1", "--out", path)
    assert result.exit_code == 2 and result.stdout == ""
    result = run(path, "--officers", 1, "--cluster", "tcp://127.0.0.1:1", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "2 problems found, nothing was written" in result.stderr
    assert "--jobs" in result.stderr and "'many'" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("officers", ["0", "-1", "20001", "1.5", "x", "٣x"])
def test_numbers_of_officers_that_cannot_be(tmp_path, officers):
    result = run(write(tmp_path), f"--officers={officers}", "--out", tmp_path / "out")
    assert result.exit_code == 2 and not (tmp_path / "out").exists()


def test_inputs_are_never_overwritten(tmp_path):
    path = write(tmp_path, state=STATE.replace('"campuses.csv"', '"allocate.csv"'))
    (tmp_path / "campuses.csv").rename(tmp_path / "allocate.csv")
    result = run(path, "--officers", 1, "--out", tmp_path)
    assert result.exit_code == 2 and "would overwrite an input" in result.stderr


def test_ctrl_c_keeps_what_is_solved_and_says_so(tmp_path):
    """The second run is given a signal before it begins."""
    code = (
        "import os, signal, time\n"
        "from sro_coverage.statewide import wanted\n"
        "true, count = wanted.solve, []\n"
        "def solve(*arguments, stop, **more):\n"
        "    count.append(1)\n"
        "    if len(count) == 2:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        until = time.monotonic() + 5\n"
        "        while not stop.requested and time.monotonic() < until: time.sleep(0.01)\n"
        "    return true(*arguments, stop=stop, **more)\n"
        "wanted.solve = solve\n"
        "from sro_coverage.cli import main\n"
        "main()\n"
    )
    arguments = ["allocate", str(write(tmp_path)), "--officers", "3", "--jobs", "0", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 130 and done.stdout == ""
    assert done.stderr.startswith("Stopped by you.\nNo answer yet: 1 plan is kept in ")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["runs"]
    assert run(*arguments[1:4], "--out", tmp_path / "out").exit_code == 0


# -- the page


def text_lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_the_output_shown_is_what_is_printed(tmp_path):
    result = run(TULARE, "--officers", 8, "--out", tmp_path)
    assert result.exit_code == 0
    assert text_lines(result.stdout.partition("Written: ")[0]) == text_lines(blocks(PAGE, "text")[0])
    said = re.search(r"takes (\d+) plans; the whole curves have", (ROOT / PAGE).read_text("utf-8"))
    assert len(list((tmp_path / "runs").glob("*.json"))) == int(said[1])


def test_the_terms_shown_are_terms():
    rows = list(csv.DictReader(io.StringIO(blocks(PAGE, "csv")[0])))
    names = tuple(Terms.model_fields)
    terms = [Terms(**{name: row[name] for name in names if row[name]}) for row in rows]
    assert [each.contradictions() for each in terms] == [(), (), ()]
    assert terms[0] == Terms(funded_min=1, funded_max=3, match=1, own_max=2) and not terms[0].may_have(3)
    assert re.findall(r"(?m)^\| `(\w+)` \|", (ROOT / PAGE).read_text("utf-8")) == list(names)
    table = csv.DictReader(io.StringIO((TULARE.parent / "agencies.csv").read_text("utf-8")))
    bundled = {row["id"]: row["name"] for row in table}
    assert all(bundled[row["id"]] == row["name"] for row in rows)


def test_the_python_runs(capsys, monkeypatch, tmp_path):
    (code,) = blocks(PAGE, "python")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    exec(compile(code, PAGE, "exec"), {})
    assert capsys.readouterr().out.strip() == re.search(r"(?m)^# (.*)$", code)[1]


def test_every_option_stands_on_the_page():
    text = (ROOT / PAGE).read_text("utf-8")
    for option in main.commands["allocate"].params:
        assert option.name == "state_file" or f"`{option.opts[0]}" in text, option
