"""A scenario file is the same edit as one made by hand, wherever it lies and whatever it rests on."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from sro_coverage.cli import main
from sro_coverage.problem import Problem
from sro_coverage.read import read_plan_file
from sro_coverage.scenario import read_plan_or_scenario, read_scenario
from sro_coverage.travel import travel_times
from tests.read.files import Change, Files, add, all_of, swap
from tests.travel.small_town import write_town

ROOT = Path(__file__).parent.parent.parent
SCENARIOS = sorted((ROOT / "data" / "scenarios").glob("*.toml"))


def scenario(folder: Path, text: str, *, base: str = "plan.toml", name: str = "scenario.toml") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'base = "{base}"\n{text}', encoding="utf-8")
    return path


def by_hand(folder: Path, *changes: Change) -> Problem:
    files = Files()
    for change in changes:
        change(files)
    folder.mkdir()
    return read_plan_file(files.write(folder)).problem


NUMBERED = swap("plan.toml", '"roster.csv"', "2")
OAK = "oak,Oak Elementary,elementary,400,36.548,-119.392,,Tiny,1\n"
POLICY = "[policy]\nweekly_hours = 40"

SAME = [
    ("nothing", "", all_of()),
    ("fewer officers", 'officers = "-1"', swap("plan.toml", "officers = 2", "officers = 1")),
    ("more officers", "officers = 4", swap("plan.toml", "officers = 2", "officers = 4")),
    (
        "a campus opened",
        '[[open]]\nid = "new"\nname = "New"\nlevel = "k8"\nenrollment = 90\nlat = 36.54\nlon = -119.38\nsite = "Hill"',
        add("campuses.csv", "new,New,k8,90,36.54,-119.38,Hill,Tiny,1\n"),
    ),
    (
        "a campus closed",
        'close = ["hill"]',
        swap("campuses.csv", "hill,Hill Academy,alternative,50,36.528,-119.384,Hill,Tiny,2\n", ""),
    ),
    (
        "a campus closed that has a rule of its own",
        'close = ["oak"]',
        all_of(swap("campuses.csv", OAK, ""), swap("plan.toml", "[policy.campuses.oak]\nvisits_per_week = 1\n", "")),
    ),
    (
        "a campus moved",
        '[[campus]]\nid = "oak"\nlat = 36.55\nlon = -119.4',
        swap("campuses.csv", "36.548,-119.392", "36.55,-119.4"),
    ),
    (
        "an enrollment",
        '[[campus]]\nid = "oak"\nenrollment = 900',
        swap("campuses.csv", "elementary,400", "elementary,900"),
    ),
    (
        "a percentage",
        '[[campus]]\nid = "oak"\nenrollment = "+10%"',
        swap("campuses.csv", "elementary,400", "elementary,440"),
    ),
    (
        "fewer students",
        '[[campus]]\nid = "oak"\nenrollment = "-120"',
        swap("campuses.csv", "elementary,400", "elementary,280"),
    ),
    ("a campus renamed", '[[campus]]\nid = "oak"\nname = "Acorn"', swap("campuses.csv", "Oak Elementary", "Acorn")),
    (
        "a level's enrollment",
        '[enrollment]\nelementary = "-5%"',
        all_of(
            swap("campuses.csv", "elementary,400", "elementary,380"),
            swap("campuses.csv", "elementary,300", "elementary,285"),
        ),
    ),
    (
        "two levels' enrollment",
        '[enrollment]\nhigh = "+5%"\nmiddle = "+1%"',
        all_of(swap("campuses.csv", "high,1200", "high,1260"), swap("campuses.csv", "middle,600", "middle,606")),
    ),
    ("a limit", "[policy]\nmax_travel_min = 12", swap("plan.toml", POLICY, f"{POLICY}\nmax_travel_min = 12")),
    (
        "a limit that the base has",
        "[policy]\nprimary_share_min = 0.7",
        swap("plan.toml", "share_min = 0.5", "share_min = 0.7"),
    ),
    (
        "a level's rule",
        "[policy.levels.elementary]\nvisits_per_week = 1",
        swap("plan.toml", '"on-call"]\n', '"on-call"]\nvisits_per_week = 1\n'),
    ),
    (
        "a campus's rule",
        "[policy.campuses.oak]\nposts = 2",
        swap("plan.toml", "[policy.campuses.oak]\n", "[policy.campuses.oak]\nposts = 2\n"),
    ),
    (
        "a campus's rule taken away",
        '[policy.campuses.oak]\nvisits_per_week = "none"',
        swap("plan.toml", "[policy.campuses.oak]\nvisits_per_week = 1\n", ""),
    ),
    (
        "a default",
        "[policy.default]\nhours_per_visit = 1",
        add("plan.toml", "\n[policy.default]\nhours_per_visit = 1\n"),
    ),
    (
        "a tier order",
        '[objective]\norder = ["reach"]',
        swap("plan.toml", '["coverage", "primary", "reach", "travel"]', '["reach"]'),
    ),
    (
        "a tolerance",
        "[objective.tolerance]\nreach = 0.1",
        swap("plan.toml", "{ primary = 0.05 }", "{ primary = 0.05, reach = 0.1 }"),
    ),
    ("other travel", "[travel]\ncircuity = 1.5", swap("plan.toml", "speed_kph = 40", "circuity = 1.5")),
    (
        "a matrix",
        '[travel]\nmethod = "matrix"\nfile = "m.csv"',
        swap("plan.toml", "speed_kph = 40", 'method = "matrix"\nfile = "m.csv"'),
    ),
    ("a pin", '[[pin]]\nprimary = "south"', add("plan.toml", '\n[[pin]]\nprimary = "south"\n')),
    (
        "a forbid",
        '[[forbid]]\nofficer = "Officer 2"\ncampus = "elm"',
        add("plan.toml", '\n[[forbid]]\nofficer = "Officer 2"\ncampus = "elm"\n'),
    ),
    ("a budget", "[budget]\ndistrict_share = 0.25", add("plan.toml", "district_share = 0.25\n")),
    ("no budget", 'budget = "none"', swap("plan.toml", "\n[budget]\ncost_per_officer = 150_000\n", "")),
]


@pytest.mark.parametrize(("text", "edit"), [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_a_scenario_equals_the_same_edit_by_hand(tmp_path, text, edit):
    by_hand(tmp_path / "base", NUMBERED)
    made = read_scenario(scenario(tmp_path / "base", f'title = "Tiny"\n{text}')).problem
    assert made == by_hand(tmp_path / "edited", NUMBERED, edit)


ROSTER_SAME = [
    (
        "one absent",
        'absent = ["cho"]',
        swap("roster.csv", "cho,Officer Cho,high;middle;alternative,elm,36.55,-119.38,15,south,\n", ""),
    ),
    (
        "a new officer",
        '[[officer]]\nid = "lee"\nname = "Lee"\nlevels = ["high"]',
        add("roster.csv", "lee,Lee,high,,,,,,\n"),
    ),
    (
        "a changed officer",
        '[[officer]]\nid = "cho"\nmax_commute_min = 10\nexcluded = []\nprimary = "none"\nlevels = ["high"]',
        swap("roster.csv", "high;middle;alternative,elm,36.55,-119.38,15,south,", "high,,36.55,-119.38,10,,"),
    ),
    (
        "a closed campus",
        'close = ["elm"]',
        all_of(
            swap("campuses.csv", "elm,Elm Elementary,elementary,300,36.537,-119.379,,Tiny,1\n", ""),
            swap("roster.csv", "oak;elm", "oak"),
            swap("roster.csv", "alternative,elm", "alternative,"),
        ),
    ),
]


@pytest.mark.parametrize(("text", "edit"), [case[1:] for case in ROSTER_SAME], ids=[case[0] for case in ROSTER_SAME])
def test_a_scenario_of_a_roster_equals_the_same_edit_by_hand(tmp_path, text, edit):
    by_hand(tmp_path / "base")
    made = read_scenario(scenario(tmp_path / "base", f'title = "Tiny"\n{text}')).problem
    assert made == by_hand(tmp_path / "edited", edit)


def test_the_title_is_the_files_own_and_never_the_bases(tmp_path):
    Files().write(tmp_path)
    assert read_scenario(scenario(tmp_path, "", name="what if.toml")).problem.title == "what if"
    assert read_scenario(scenario(tmp_path, 'title = "What if"')).problem.title == "What if"


def test_a_plan_file_is_read_as_one(tmp_path):
    path = Files().write(tmp_path)
    assert read_plan_or_scenario(path) == read_plan_file(path)
    assert read_plan_or_scenario(scenario(tmp_path, 'absent = ["cho"]')).changed == ("Officer Cho absent",)


@pytest.mark.parametrize("text", ["", 'officers = "+0"', "[policy]\nmax_shared = 4", "[objective]\norder = []"])
def test_a_scenario_that_changes_nothing_says_so(tmp_path, text):
    plan = 'campuses = "campuses.csv"\nofficers = 2\n'
    Files().write(tmp_path)
    (tmp_path / "plan.toml").write_text(plan)
    assert run("validate", scenario(tmp_path, text)).stderr == "Changed: nothing\n"
    assert run("validate", tmp_path / "plan.toml").stderr == ""


def test_a_chain_applies_each_file_over_the_one_it_names(tmp_path):
    Files().write(tmp_path)
    scenario(tmp_path, 'absent = ["cho"]\n[policy]\nmax_shared = 3', name="one.toml")
    scenario(tmp_path / "more", '[enrollment]\nall = "+10%"', base="../one.toml", name="two.toml")
    read = read_scenario(scenario(tmp_path, "[policy]\nmax_shared = 2", base="more/two.toml", name="three.toml"))
    assert [officer.id for officer in read.problem.officers] == ["reyes"]
    assert read.problem.policy.max_shared == 2
    assert sum(campus.enrollment or 0 for campus in read.problem.campuses) == 2805
    assert read.problem.title == "three"
    assert [item.file for item in read.inputs] == [
        *("three.toml", "two.toml", "one.toml"),
        *("plan.toml", "campuses.csv", "roster.csv"),
    ]
    assert read.changed == (
        "Officer Cho absent",
        "max_shared 4 -> 3",
        "enrollment of all campuses +10%",
        "max_shared 3 -> 2",
    )


def test_the_inputs_are_the_scenario_and_then_the_files_of_its_base(tmp_path):
    base = read_plan_file(Files().write(tmp_path))
    path = scenario(tmp_path / "ideas", "", base="../plan.toml")
    read = read_scenario(path)
    assert read.paths == (path, *(tmp_path / "ideas" / ".." / item.name for item in base.paths))
    assert read.inputs[1:] == base.inputs
    assert read.inputs[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read.folder.resolve() == tmp_path.resolve()


def town(folder: Path) -> Path:
    """A plan file on the roads of the small town."""
    folder.mkdir()
    write_town(folder)
    rows = ("a,A,high,300,36.5001,-119.4", "b,B,high,200,36.5101,-119.39", "c,C,middle,100,36.5201,-119.38")
    (folder / "campuses.csv").write_text("\n".join(["id,name,level,enrollment,lat,lon", *rows, ""]))
    roads = '[travel]\nmethod = "roads"\nfile = "town.osm"\n'
    (folder / "plan.toml").write_text(f'campuses = "campuses.csv"\nofficers = 2\n{roads}')
    return folder


def test_a_scenario_in_another_folder_uses_the_travel_times_of_its_base_again(tmp_path, monkeypatch):
    town(tmp_path / "base")
    base = read_plan_file(tmp_path / "base" / "plan.toml")
    first = travel_times(base.problem, base.folder)
    read = read_scenario(scenario(tmp_path / "ideas", 'officers = "-1"', base="../base/plan.toml"))
    monkeypatch.setattr("sro_coverage.travel.engine.road_travel", None)
    again = travel_times(read.problem, read.folder)
    assert again.source == first.source
    assert [path.name for path in tmp_path.rglob("*.npz")] == [next((tmp_path / "base" / "travel").iterdir()).name]


def test_a_scenarios_own_roads_are_named_relative_to_the_scenario(tmp_path):
    town(tmp_path / "base")
    text = '[travel]\nmethod = "roads"\nfile = "new.osm"\nmultiplier = 1.28'
    path = scenario(tmp_path / "ideas", text, base="../base/plan.toml")
    shutil.copy(tmp_path / "base" / "town.osm", tmp_path / "ideas" / "new.osm")
    read = read_scenario(path)
    assert read.problem.travel.file == "../ideas/new.osm"
    assert [item.file for item in read.inputs] == ["scenario.toml", "new.osm", "plan.toml", "campuses.csv", "town.osm"]
    assert "roads: new.osm" in travel_times(read.problem, read.folder).source


def test_a_linked_folder_is_no_obstacle(tmp_path):
    town(tmp_path / "base")
    (tmp_path / "ideas").mkdir()
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "far" / "away" / "link").symlink_to(tmp_path / "ideas", target_is_directory=True)
    shutil.copy(tmp_path / "base" / "town.osm", tmp_path / "ideas" / "new.osm")
    scenario(tmp_path / "ideas", '[travel]\nmethod = "roads"\nfile = "new.osm"', base="../base/plan.toml")
    read = read_scenario(tmp_path / "far" / "away" / "link" / "scenario.toml")
    assert "roads: new.osm" in travel_times(read.problem, read.folder).source


# -- the command line


def run(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_plan_check_map_validate_and_travel_take_scenarios(tmp_path):
    by_hand(tmp_path / "base", NUMBERED)
    path = scenario(tmp_path / "ideas", 'officers = "-1"', base="../base/plan.toml", name="fewer.toml")
    out = tmp_path / "out"
    planned = run("plan", path, "--out", out)
    assert (planned.exit_code, "1 officer for 5 campuses" in planned.stdout) == (0, True)
    assert "Changed: 1 officer fewer" in planned.stderr
    document = json.loads((out / "fewer.json").read_text())
    assert [item["file"] for item in document["inputs"]] == ["fewer.toml", "plan.toml", "campuses.csv"]
    assert run("check", out / "fewer.json", path).exit_code == 0
    assert run("check", out / "fewer.json", tmp_path / "base" / "plan.toml").exit_code == 1
    assert run("map", out / "fewer.json", path, "--out", tmp_path / "again.html").exit_code == 0
    assert run("validate", path).stderr == "Changed: 1 officer fewer\n"
    assert run("travel", path).exit_code == 0


def test_a_plan_never_overwrites_a_file_of_its_base(tmp_path):
    Files().write(tmp_path)
    path = scenario(tmp_path, "", name="campuses.toml")
    result = run("plan", path, "--out", tmp_path)
    assert (result.exit_code, "would overwrite an input" in result.stderr) == (2, True)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_bundled_scenarios_are_valid_and_change_something(path):
    read = read_plan_or_scenario(path)
    assert read.changed
    assert read.inputs[1].file == "chula_vista.toml"
