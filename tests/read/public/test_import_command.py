"""What `sro-coverage import` prints, writes and returns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sro_coverage.cli.import_command import import_
from tests.read.public import samples
from tests.read.public.samples import write


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(import_, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return write(tmp_path, pubschls__txt=samples.CDE_DIRECTORY, cdenroll__txt=samples.CDE_ENROLLMENT)


def test_it_writes_the_table_and_the_report_and_says_what_it_did(files, tmp_path):
    out, report = tmp_path / "new" / "campuses.csv", tmp_path / "new" / "report.json"
    result = run(*files, "--out", out, "--report", report)
    assert (result.exit_code, result.stderr) == (0, "")
    text = " ".join(result.stdout.split())
    for shown in (
        "pubschls.txt: CDE public schools (pubschls) (tab-separated text)",
        "3 of 5 rows taken",
        "1 row left out: not open (Closed)",
        "Not used: Phone",
        "3 campuses with 2,701 students: 3 with a point, 2 with an enrollment.",
        "Written: ",
    ):
        assert shown in text
    assert out.read_text(encoding="utf-8").startswith("id,name,level,enrollment,")
    content = json.loads(report.read_text(encoding="utf-8"))
    assert content["schema"] == "sro_coverage/import-report/1"
    assert content["students"] == 2701
    assert content["files"][1]["left_out"]["another aggregate level than school"] == 2


def test_the_same_files_give_the_same_output(files, tmp_path):
    for name in ("one", "two"):
        assert run(*files, "--out", tmp_path / f"{name}.csv", "--report", tmp_path / f"{name}.json").exit_code == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_it_overwrites_only_by_force_and_never_an_input(files, tmp_path):
    out = tmp_path / "campuses.csv"
    out.write_text("mine", encoding="utf-8")
    result = run(*files, "--out", out)
    assert result.exit_code == 2
    assert "exists; expected another name, or --force" in result.stderr
    assert out.read_text(encoding="utf-8") == "mine"
    assert run(*files, "--out", out, "--force").exit_code == 0
    before = files[0].read_bytes()
    result = run(*files, "--out", files[0], "--force")
    assert (result.exit_code, files[0].read_bytes()) == (2, before)
    assert run(*files, "--out", tmp_path / "a", "--report", tmp_path / "a").exit_code == 2


def test_wrong_input_leaves_nothing_behind(files, tmp_path):
    bad = write(tmp_path, bad__csv="a,b\n1,2\n")
    before = sorted(tmp_path.iterdir())
    result = run(*files, *bad, tmp_path / "missing.csv", "--out", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "2 problems found, nothing was written" in result.stderr
    assert "bad.csv: no known header" in result.stderr
    assert "no such file" in result.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--where", "district"], "two texts with = between them"),
        (["--where", "=x"], "two texts with = between them"),
        (["--where", "district=Nowhere"], "no school has 'Nowhere'"),
        (["--level", "other=lower"], "'lower'; expected one of high, middle"),
    ],
)
def test_wrong_options(files, tmp_path, options, found):
    result = run(*files, "--out", tmp_path / "out.csv", *options)
    assert result.exit_code == 2
    assert found in result.stderr


def test_where_and_level(tmp_path):
    text = "id,name,level,enrollment,district\na,A,other,5,X\nb,B,other,6,Y\n"
    paths = write(tmp_path, a__csv=text)
    assert run(*paths, "--out", tmp_path / "o.csv").exit_code == 2
    result = run(*paths, "--out", tmp_path / "o.csv", "--where", "district=x", "--level", "Other=alternative")
    assert result.exit_code == 0
    assert "a,A,alternative,5" in (tmp_path / "o.csv").read_text(encoding="utf-8")


def test_the_terminal_gets_no_control_characters(tmp_path):
    text = 'id,name,level,enrollment\na,"A\x1b[31m\u202eB",secondary,0\n'
    result = run(*write(tmp_path, a__csv=text), "--out", tmp_path / "o.csv")
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
