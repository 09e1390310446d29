"""Rosters by their own column names, the current plan as a file, and the template workbook."""

from __future__ import annotations

import json

import openpyxl
import pytest
from click.testing import CliRunner

from sro_coverage.cli import main
from sro_coverage.errors import DataError
from sro_coverage.planner import solve
from sro_coverage.problem import Campus, Officer
from sro_coverage.read import read_plan_file, read_problem
from sro_coverage.report.files import assignments_csv
from sro_coverage.report.template import CAMPUS_NOTES, OFFICER_NOTES, template_workbook

CAMPUSES = """id,name,level,lat,lon,enrollment
high,North High,high,36.50,-119.40,2000
mid,South Middle,middle,36.56,-119.40,900
oak,Oak Elementary,elementary,36.55,-119.41,500
"""
ROSTER = """Badge No.,Officer Name,Hours per week,Level skills,Primary Campus ID,Shared Campuses
007,Reyes,38,high; middle,high,oak
012,Cho,,,mid,
"""
PLAN = 'campuses = "campuses.csv"\nofficers = "officers.csv"\n'


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "campuses.csv", CAMPUSES)
    write(tmp_path, "officers.csv", ROSTER)
    write(tmp_path, "plan.toml", PLAN)
    return tmp_path


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_roster_is_read_by_its_own_column_names(folder):
    first, second = read_problem(folder / "plan.toml").officers
    assert first == Officer(
        id="007", name="Reyes", weekly_hours=38, levels=("high", "middle"), primary="high", shared=("oak",)
    )
    assert second == Officer(id="012", name="Cho", primary="mid")


def test_a_column_of_the_very_name_wins_over_a_synonym(folder):
    write(folder, "officers.csv", "id,badge,name,officer\na,7,Reyes,someone\n")
    (officer,) = read_problem(folder / "plan.toml").officers
    assert (officer.id, officer.name) == ("a", "Reyes")


def test_two_synonyms_of_one_column_are_told(folder):
    write(folder, "officers.csv", "badge,employee id,officer\n7,8,Reyes\n")
    with pytest.raises(DataError, match="2 columns named 'id'"):
        read_problem(folder / "plan.toml")


@pytest.fixture
def without_current(folder):
    write(folder, "officers.csv", "id,name\n007,Reyes\n012,Cho\n")
    return folder


CURRENT = {
    "a table": ("now.csv", "Officer,Campus ID,Role\nReyes,mid,Primary\n007,oak,shared\nCho,high,primary\n"),
    "a table with other states": (
        "now.csv",
        "officer,campus,state\nReyes,mid,primary\nReyes,oak,shared\nCho,high,primary\n,x,uncovered\nCho,y,on-call\n",
    ),
}


@pytest.mark.parametrize("case", CURRENT)
def test_the_current_plan_is_a_table(without_current, case):
    name, text = CURRENT[case]
    write(without_current, name, text)
    write(without_current, "plan.toml", f'current = "{name}"\n{PLAN}')
    read = read_plan_file(without_current / "plan.toml")
    assert [(o.primary, o.shared) for o in read.problem.officers] == [("mid", ("oak",)), ("high", ())]
    assert read.problem.order[-1] == "continuity"
    assert name in [item.file for item in read.inputs]


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_last_years_plan_is_this_years_current_plan(without_current, kind):
    last = solve(read_problem(without_current / "plan.toml"))
    write(without_current, f"last.{kind}", last.to_json() if kind == "json" else assignments_csv(last))
    write(without_current, "plan.toml", f'current = "last.{kind}"\n{PLAN}')
    again = solve(read_problem(without_current / "plan.toml"))
    assert {tier.name: tier.value for tier in again.tiers}["continuity"] == 0
    assert [beat.primary for beat in again.beats] == [beat.primary for beat in last.beats]


def test_who_and_what_is_gone_is_told(without_current):
    write(
        without_current, "now.csv", "officer,campus,state\nReyes,mid,primary\nSmith,high,primary\nCho,closed,shared\n"
    )
    write(without_current, "plan.toml", f'current = "now.csv"\n{PLAN}')
    assert read_plan_file(without_current / "plan.toml").remarks == (
        "Officers of the current plan who are not on the roster: Smith.",
        "Campuses of the current plan that are not in the table: closed.",
    )
    result = CliRunner().invoke(main, ["validate", str(without_current / "plan.toml")])
    assert "not on the roster: Smith" in result.stderr


BAD = {
    "no such file": ("gone.csv", None, "no such file"),
    "another state": ("now.csv", "officer,campus,state\nReyes,mid,based\n", "row 2, state: 'based'"),
    "no officer": ("now.csv", "officer,campus,state\n,mid,primary\n", "row 2: no officer or no campus"),
    "no column": ("now.csv", "who,campus,state\nReyes,mid,primary\n", "no column officer"),
    "another JSON": ("now.json", json.dumps({"a": 1}), "another kind of document"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_current_plan_is_told(without_current, case):
    name, text, told = BAD[case]
    if text is not None:
        write(without_current, name, text)
    write(without_current, "plan.toml", f'current = "{name}"\n{PLAN}')
    with pytest.raises(DataError) as error:
        read_plan_file(without_current / "plan.toml")
    assert told in str(error.value)


def test_the_current_plan_stands_in_one_place(folder):
    write(folder, "now.csv", CURRENT["a table"][1])
    write(folder, "plan.toml", f'current = "now.csv"\n{PLAN}')
    with pytest.raises(DataError, match="the roster has primary or shared too"):
        read_plan_file(folder / "plan.toml")


def test_the_template_names_every_column_that_is_read():
    assert set(CAMPUS_NOTES) == set(Campus.model_fields) - {"weight"}
    assert set(OFFICER_NOTES) == set(Officer.model_fields)


def test_a_filled_template_is_a_plan(tmp_path):
    result = CliRunner().invoke(main, ["template", str(tmp_path / "agency.xlsx")])
    assert result.exit_code == 0, result.stderr
    book = openpyxl.load_workbook(tmp_path / "agency.xlsx")
    assert book.sheetnames == ["campuses", "officers", "current", "notes"]
    lists = {str(rule.sqref): rule.formula1 for rule in book["campuses"].data_validations.dataValidation}
    assert '"high,middle,secondary,elementary' in lists["C2:C2000"]
    for line in CAMPUSES.splitlines()[1:]:
        name, title, level, lat, lon, students = line.split(",")
        book["campuses"].append([name, title, level, float(lat), float(lon), int(students)])
    book["officers"].append(["007", "Reyes"])
    book["current"].append(["007", "high", "primary"])
    book.move_sheet("notes", -3)
    book.save(tmp_path / "agency.xlsx")
    keys = "".join(f'{key} = "agency.xlsx"\n' for key in ("campuses", "officers", "current"))
    problem = read_problem(write(tmp_path, "plan.toml", keys))
    assert [campus.enrollment for campus in problem.campuses] == [2000, 900, 500]
    assert problem.officers == (Officer(id="007", name="Reyes", primary="high"),)


def test_an_empty_template_is_told(tmp_path):
    (tmp_path / "agency.xlsx").write_bytes(template_workbook())
    with pytest.raises(DataError, match="a header and no row"):
        read_problem(write(tmp_path, "plan.toml", 'campuses = "agency.xlsx"\nofficers = 1\n'))


def test_a_template_never_overwrites(tmp_path):
    (tmp_path / "agency.xlsx").write_bytes(b"mine")
    result = CliRunner().invoke(main, ["template", str(tmp_path / "agency.xlsx")])
    assert result.exit_code == 2
    assert (tmp_path / "agency.xlsx").read_bytes() == b"mine"


def test_two_officers_of_one_name_are_told_apart_by_id(without_current):
    """Their campuses used to be merged in silence, also from the CSV that comes with a plan."""
    write(without_current, "officers.csv", "id,name\n007,Al\n012,Al\n")
    last = solve(read_problem(without_current / "plan.toml"))
    write(without_current, "last.csv", assignments_csv(last))
    write(without_current, "plan.toml", f'current = "last.csv"\n{PLAN}')
    assert [o.primary for o in read_problem(without_current / "plan.toml").officers] == ["high", "mid"]
    write(without_current, "last.csv", "officer,campus,state\nAl,high,primary\n")
    with pytest.raises(DataError, match="'Al' may be 007 or 012; expected the id of one officer"):
        read_problem(without_current / "plan.toml")


def test_an_id_with_a_semicolon_is_told(without_current):
    write(without_current, "officers.csv", 'id,name\n"a; b",Al\n012,Bo\n')
    with pytest.raises(DataError, match="an id without a semicolon"):
        read_problem(without_current / "plan.toml")
