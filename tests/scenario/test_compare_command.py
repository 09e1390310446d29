"""The command ``compare``, and what its page in the documents shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from click.testing import CliRunner, Result

from sro_coverage import progress
from sro_coverage.cli import main
from sro_coverage.plan import Plan
from tests.read.files import Files

ROOT = Path(__file__).parents[2]


def run(*arguments: object) -> Result:
    """Run the command; whatever happens, it ends with an exit code and not with a traceback."""
    result = CliRunner().invoke(main, ["compare", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan file, a scenario of it and its solved plan."""
    folder = tmp_path_factory.mktemp("compare")
    Files().write(folder)
    (folder / "alone.toml").write_text('base = "plan.toml"\ntitle = "Alone"\nabsent = ["cho"]\n')
    result = CliRunner().invoke(main, ["plan", str(folder / "plan.toml"), "--out", str(folder)])
    assert result.exit_code == 0
    return folder


def test_a_plan_and_a_scenario_give_a_table_a_page_and_a_csv(folder: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "new" / "c.html", tmp_path / "c.csv"
    result = run(folder / "plan.json", folder / "alone.toml", "--out", out, "--csv", table)
    assert result.exit_code == 0
    assert "B against A: Alone" in result.stdout
    assert "Officer Cho" in result.stdout
    assert f"Written: {out}, {table}" in result.stdout
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert table.read_text(encoding="utf-8").startswith("base,plan,campus")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.csv", "new"]


def test_json_is_all_of_the_output(folder: Path, tmp_path: Path) -> None:
    result = run(folder / "plan.json", folder / "plan.toml", "--out", tmp_path / "c.html", "--json")
    content = json.loads(result.stdout)
    assert content["others"][0]["campuses"] == []
    assert [side["name"] for side in (content["base"], content["others"][0]["side"])] == [
        "Tiny (plan.json)",
        "Tiny (plan.toml)",
    ]
    assert "Written: " in result.stderr


def test_the_page_stands_in_maps_if_nothing_else_is_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(folder / "plan.json", folder / "plan.json").exit_code == 0
    assert (tmp_path / "maps" / "compare.html").exists()


def test_a_broken_plan_is_refused_with_everything_else_that_is_wrong(folder: Path, tmp_path: Path) -> None:
    plan = Plan.from_json((folder / "plan.json").read_text(encoding="utf-8"))
    worse = plan.tiers[0].model_copy(update={"value": 1})
    (tmp_path / "worse.json").write_text(plan.model_copy(update={"tiers": (worse, *plan.tiers[1:])}).sealed().to_json())
    (tmp_path / "other.json").write_text("{}")
    out = tmp_path / "c.html"
    result = run(folder / "plan.json", tmp_path / "worse.json", tmp_path / "other.json", "none.toml", "--out", out)
    assert result.exit_code == 2
    for text in ("worse.json: tier coverage, value: 1", "other.json: another kind of document", "none.toml"):
        assert text in result.stderr
    assert not out.exists()


@pytest.mark.parametrize("count", [1, 7])
def test_two_to_six(folder: Path, tmp_path: Path, count: int) -> None:
    result = run(*[folder / "plan.json"] * count, "--out", tmp_path / "c.html")
    assert result.exit_code == 2
    assert f"plans: {count} given; expected 2 to 6 to compare" in result.stderr


def test_an_input_is_never_overwritten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "solve", lambda *_, **__: pytest.fail("searched in vain"))
    for option in ("--out", "--csv"):
        for file in ("plan.json", "campuses.csv"):
            result = run(folder / "plan.json", folder / "alone.toml", option, folder / file)
            assert result.exit_code == 2
            assert "would overwrite an input of this run" in result.stderr


def test_the_exit_code_is_that_of_the_worst_plan(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = Plan.from_json((folder / "plan.json").read_text(encoding="utf-8"))
    last = good.tiers[-1].model_copy(update={"stopped": "time limit", "bound": None})
    unproven = good.model_copy(update={"tiers": (*good.tiers[:-1], last), "status": "feasible"}).sealed()
    (tmp_path / "unproven.json").write_text(unproven.to_json())
    none = Plan(problem=good.problem, status="no plan found", params=good.params, travel=good.travel).sealed()
    (tmp_path / "none.json").write_text(none.to_json())
    for files, code in ((("unproven",), 3), (("unproven", "none"), 4)):
        paths = [tmp_path / f"{name}.json" for name in files]
        assert run(folder / "plan.json", *paths, "--out", tmp_path / "c.html").exit_code == code


def test_both_files_or_none(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, dir: Path) -> object:
        if dir == tmp_path / "closed":
            raise PermissionError(13, "Permission denied", str(dir))
        return TemporaryFile(dir=dir)

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    (tmp_path / "closed").mkdir()
    arguments = (folder / "plan.json", folder / "plan.json", "--out", tmp_path / "open" / "c.html")
    result = run(*arguments, "--csv", tmp_path / "closed" / "c.csv")
    assert result.exit_code == 2
    assert "Permission denied" in result.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_ctrl_c_writes_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = Plan.from_json((folder / "plan.json").read_text(encoding="utf-8"))
    stopped = good.tiers[-1].model_copy(update={"stopped": "interrupted", "bound": None})
    half = good.model_copy(update={"tiers": (*good.tiers[:-1], stopped), "status": "feasible"})
    monkeypatch.setattr(progress, "solve", lambda *_, **__: half)
    result = run(folder / "plan.json", folder / "plan.toml", "--out", tmp_path / "c.html")
    assert result.exit_code == 130
    assert "nothing was written" in result.stderr
    assert list(tmp_path.iterdir()) == []


# -- docs/compare.md


def blocks(language: str) -> list[str]:
    text = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_documented_output_is_what_the_command_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (command,) = blocks("sh")
    result = run(*command.split()[2:], "--out", tmp_path / "compare.html")
    assert result.exit_code == 0

    def lines(text: str) -> list[str]:
        return [re.sub(r"[0-9a-f]{12}$", "DIGEST", line.rstrip()) for line in text.splitlines() if line.strip()]

    printed = lines(result.stdout)
    for block in blocks("text"):
        shown = lines(block)
        place = iter(printed)
        assert [line for line in shown if line not in place] == []


def test_documented_python_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = blocks("python")
    exec(compile(code, "docs/compare.md", "exec"), {})
    assert capsys.readouterr().out.strip() == re.search(r"(?m)^# (.*)$", code)[1]
