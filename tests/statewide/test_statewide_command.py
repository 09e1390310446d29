"""The command ``statewide``: what it prints, writes, refuses and returns."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sro_coverage.cli import main
from tests.statewide.states import contents, write_state

SMALL = "id,name,officers\na,Alder,2\nnone,None yet,0\n"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["statewide", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def test_it_prints_and_writes_everything(tmp_path):
    result = run(write_state(tmp_path / "in"), "--out", tmp_path / "out", "--jobs", 0)
    assert result.exit_code == 4
    assert "8 agencies with 7 officers: 4 proven, 1 no officers, 3 failed" in result.stdout
    assert "Many: failed. officers: 9; expected at most 5" in result.stdout
    assert "does not predict safety" in result.stdout
    assert "6 campuses of 1 agency that agencies.csv does not have: 'x'." in result.stderr
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == ["agencies.csv", "index.html", "maps", "runs", "views"]
    page = (out / "index.html").read_text("utf-8")
    for path in (out / "maps").iterdir():
        assert f"maps/{path.name}" in page
    assert len(list((out / "maps").iterdir())) == 4


def test_exit_codes(tmp_path):
    path = write_state(tmp_path / "in", agencies=SMALL)
    assert run(path, "--out", tmp_path / "out", "--jobs", 0).exit_code == 0
    assert run(path, "--out", tmp_path / "out", "--jobs", 2, "--cluster", "tcp://127.0.0.1:1").exit_code == 2
    assert run(tmp_path / "none.toml").exit_code == 2


def test_ended_early_it_says_what_is_left(tmp_path, monkeypatch):
    def ended(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sro_coverage.statewide.wanted.solve", ended)
    path = write_state(tmp_path / "in", agencies=SMALL)
    result = run(path, "--out", tmp_path / "out", "--jobs", 0)
    assert result.exit_code == 130
    assert "Stopped by you." in result.stderr
    assert "1 of 2 agencies left; the same command goes on with them." in result.stderr
    monkeypatch.undo()
    assert run(path, "--out", tmp_path / "out", "--jobs", 0).exit_code == 0


def test_a_limit_of_time_is_another_question(tmp_path):
    path = write_state(tmp_path / "in", agencies=SMALL)
    run(path, "--out", tmp_path / "out", "--jobs", 0)
    before = contents(tmp_path / "out")
    assert run(path, "--out", tmp_path / "out", "--jobs", 0, "--time-limit", 30).exit_code == 0
    assert len(contents(tmp_path / "out")) == 2 * len(before)


def test_no_input_is_overwritten(tmp_path):
    path = write_state(tmp_path)
    before = (tmp_path / "agencies.csv").read_bytes()
    result = run(path, "--out", tmp_path, "--jobs", 0)
    assert result.exit_code == 2
    assert "would overwrite an input of this run" in result.stderr
    assert (tmp_path / "agencies.csv").read_bytes() == before
    assert not (tmp_path / "runs").exists()


def test_hostile_names_do_no_harm(tmp_path):
    name = "=[red]{{7*7}} \u202e<img src=x onerror=alert(1)> ../x"
    text = f'id,name,officers\na,"{name}",2\n"{name}","{name}",0\n'
    path = write_state(tmp_path / "in", agencies=text)
    result = run(path, "--out", tmp_path / "out", "--jobs", 0)
    assert result.exit_code == 0
    assert "\u202e" not in result.stdout
    assert "[red]{{7*7}}" in result.stdout
    for page in ("index.html", "maps/red-7-7-img-src-x-onerror-alert-1-..-x-*.html"):
        (file,) = (tmp_path / "out").glob(page)
        assert "<img src=x" not in file.read_text("utf-8")
    assert f"'{name}" in (tmp_path / "out" / "agencies.csv").read_text("utf-8")
    assert {file.parent for file in (tmp_path / "out").rglob("*.json")} == {
        tmp_path / "out" / "runs",
        tmp_path / "out" / "views",
    }


@pytest.mark.parametrize("jobs", [0, 2])
def test_the_bundled_state_is_proven(tmp_path, jobs):
    """The real county, in this process and in two."""
    path = Path(__file__).parent.parent.parent / "data" / "tulare" / "tulare.toml"
    result = run(path, "--out", tmp_path, "--jobs", jobs)
    assert result.exit_code == 0
    assert "47 agencies with 21 officers: 11 proven, 36 no officers" in result.stdout
