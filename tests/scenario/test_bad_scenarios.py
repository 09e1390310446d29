"""Whatever is wrong with a scenario, the planner reads which file, which key, what and what would have been right."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sro_coverage.cli import main
from tests.read.files import Change, Files, add, put, swap
from tests.read.test_bad_input import ESCAPES, JARGON, LINE

NUMBERED = swap("plan.toml", '"roster.csv"', "2")
PINNED = add("plan.toml", '\n[[pin]]\nofficer = "Officer 2"\nprimary = "south"\n[[forbid]]\nuncovered = "oak"\n')
NEW = 'id = "new"\nname = "New"\nlevel = "high"\nlat = 36.54\nlon = -119.38\nenrollment = 90\n'


def faults(folder: Path, text: str, *changes: Change, command: str = "plan") -> list[str]:
    """Run a scenario over the good plan file after its changes, check what holds for all errors, and give them."""
    files = Files()
    for change in changes:
        change(files)
    files.content["what_if.toml"] = text
    files.write(folder)
    before = sorted(folder.rglob("*"))
    result = CliRunner().invoke(main, [command, str(folder / "what_if.toml")])
    assert isinstance(result.exception, SystemExit), result.exc_info
    assert (result.exit_code, result.stdout) == (2, "")
    assert sorted(folder.rglob("*")) == before, "a file was written"
    head, *lines = result.stderr.splitlines()
    assert head == f"{len(lines)} problem{'s' * (len(lines) != 1)} found, nothing was written:"
    assert len(set(lines)) == len(lines), "the same problem is told twice"
    for line in lines:
        assert LINE.fullmatch(line), line
        assert len(line) < 500
    assert not JARGON.search(result.stderr)
    assert not ESCAPES.search(result.stderr)
    return lines


BASE = 'base = "plan.toml"\n'

# what is wrong, the scenario after its base, and what the one line must say: place, value, expectation.
OF_NUMBERS = [
    ("an unknown key", "oficers = 3", ["what_if.toml: oficers", "unknown key", "perhaps officers"]),
    ("a key of plan files", 'campuses = "x.csv"', ["what_if.toml: campuses: unknown key", "campus"]),
    ("an unknown section", "[polcy]\nx = 1", ["what_if.toml: polcy", "perhaps policy"]),
    ("an empty title", 'title = " "', ["what_if.toml: title", "a text that is not empty"]),
    ("a control character", r'title = "a\u0007"', ["what_if.toml: title", "U+0007"]),
    ("-1 without quotes", "officers = -1", ["what_if.toml: officers: -1", '"-1" in quotes']),
    (
        "+1 without quotes",
        "officers = +1 # one more",
        ["what_if.toml: officers: +1 without quotes", '"+1" for so many'],
    ),
    ("0 officers", "officers = 0", ["what_if.toml: officers: 0", "1 to 100,000"]),
    ("a text of officers", 'officers = "some"', ["officers: 'some'", "how many there are"]),
    ("a number in quotes", 'officers = "11"', ["officers: '11'", "how many there are"]),
    ("true officers", "officers = true", ["officers: true", "not true or false"]),
    ("half an officer", "officers = 1.5", ["officers: 1.5", "how many there are"]),
    ("nobody left", 'officers = "-2"', ["officers: '-2' to 2 officers", "of them left"]),
    ("a million officers", "officers = 1000000", ["officers: 1000000", "1 to 100,000"]),
    ("more officers than posts", 'officers = "+4"', ["what_if.toml: officers: 6", "at most 5, one for each post"]),
    (
        "an unknown absent officer",
        'absent = ["Officer 7"]',
        ["absent: unknown officer 'Officer 7'", "perhaps 'Officer 2'"],
    ),
    ("a text for a list", 'absent = "Officer 1"', ["what_if.toml: absent: 'Officer 1'", "a list"]),
    ("absent twice", 'absent = ["Officer 1", "Officer 1"]', ["absent: 'Officer 1' 2 times", "each once"]),
    ("everybody absent", 'absent = ["Officer 1", "Officer 2"]', ["officers: 0", "at least 1"]),
    (
        "absent and counted out",
        'officers = 1\nabsent = ["Officer 2"]',
        ["absent: 'Officer 2'", "officers = 1", "one of the two"],
    ),
    (
        "absent and changed",
        'absent = ["Officer 2"]\n[[officer]]\nid = "Officer 2"\nmax_shared = 2',
        ["officer 1: 'Officer 2' is changed", "absent takes the officer away", "one of the two"],
    ),
    (
        "counted out and changed",
        'officers = "-1"\n[[officer]]\nid = "Officer 2"\nmax_shared = 2',
        ["officer 1: 'Officer 2' is changed", "officers = '-1'", "one of the two"],
    ),
    (
        "a new officer without a name",
        '[[officer]]\nid = "x"\nmax_shared = 2',
        ["officer 1: no officer 'x'", "a name for a new officer"],
    ),
    ("an officer without id", "[[officer]]\nmax_shared = 2", ["what_if.toml: officer 1.id", "nothing there"]),
    ("an unknown limit", '[[officer]]\nid = "Officer 1"\nmax_shred = 2', ["officer 1.max_shred", "perhaps max_shared"]),
    (
        "an impossible limit",
        '[[officer]]\nid = "Officer 1"\nmax_shared = -2',
        ["officer 1.max_shared: -2", "at least 0"],
    ),
    (
        "an officer with nothing to change",
        '[[officer]]\nid = "Officer 1"',
        ["officer 1: nothing but the id", "what is to change"],
    ),
    (
        "an officer changed twice",
        '[[officer]]\nid = "Officer 1"\nmax_shared = 2\n[[officer]]\nid = "Officer 1"\nmax_shared = 3',
        ["what_if.toml: officer: 'Officer 1' 2 times", "each once"],
    ),
    (
        "one officer in single brackets",
        '[officer]\nid = "Officer 1"',
        ["what_if.toml: officer", "[[officer]], in double"],
    ),
    ("a number for an officer", "officer = [3]", ["what_if.toml: officer 1: 3", "a table of keys and values"]),
    (
        "an officer kept from an unknown campus",
        '[[officer]]\nid = "Officer 1"\nexcluded = ["oka"]',
        ["officer 'Officer 1', excluded: 'oka'", "the id of a campus"],
    ),
    (
        "a campus opened that is there",
        f"[[open]]\n{NEW.replace('new', 'oak')}",
        ["open 1: 'oak' is in the base", "[[campus]] changes or moves"],
    ),
    ("a campus opened twice", f"[[open]]\n{NEW}[[open]]\n{NEW}", ["what_if.toml: open: 'new' 2 times", "each once"]),
    ("a campus opened without a level", '[[open]]\nid = "new"\nname = "New"', ["open 1.level", "nothing there"]),
    ("an unknown level", f"[[open]]\n{NEW.replace('high', 'hihg')}", ["open 1.level: 'hihg'", "one of 'high'"]),
    ("a latitude on the moon", f"[[open]]\n{NEW.replace('36.54', '391')}", ["open 1.lat: 391", "between -90 and 90"]),
    (
        "a point with its sign turned",
        f"[[open]]\n{NEW.replace('-119.38', '119.38')}",
        ["campus 'new': point 36.54, 119.38", "longitude -119.38"],
    ),
    (
        "a campus opened with a change of students",
        "[[open]]\n" + NEW.replace("90", '"+10%"'),
        ["open 1.enrollment: '+10%'", "a whole number"],
    ),
    ("an unknown campus closed", 'close = ["oka"]', ["what_if.toml: close: unknown campus 'oka'", "perhaps 'oak'"]),
    ("a name for an id", 'close = ["Oak Elementary"]', ["close: unknown campus 'Oak Elementary'", "perhaps 'oak'"]),
    ("closed twice", 'close = ["oak", "oak"]', ["close: 'oak' 2 times", "each once"]),
    (
        "all campuses closed",
        'close = ["north", "south", "oak", "elm", "hill", "vale"]',
        ["campuses: no row", "at least one"],
    ),
    (
        "closed and changed",
        'close = ["elm"]\n[[campus]]\nid = "elm"\nenrollment = 5',
        ["campus 1: 'elm' is changed", "close takes it away"],
    ),
    (
        "closed and ruled",
        'close = ["oak"]\n[policy.campuses.oak]\nposts = 2',
        ["policy.campuses.oak", "close takes the campus away"],
    ),
    (
        "opened and changed",
        f'[[open]]\n{NEW}[[campus]]\nid = "new"\nenrollment = 7',
        ["campus 1: 'new' is opened here", "under [[open]]"],
    ),
    (
        "an unknown campus changed",
        '[[campus]]\nid = "oka"\nenrollment = 5',
        ["campus 1: unknown campus 'oka'", "perhaps 'oak'"],
    ),
    (
        "a campus with nothing to change",
        '[[campus]]\nid = "oak"',
        ["campus 1: nothing but the id 'oak'", "what is to change"],
    ),
    (
        "a campus changed twice",
        '[[campus]]\nid = "oak"\nenrollment = 5\n[[campus]]\nid = "oak"\nenrollment = 6',
        ["campus: 'oak' 2 times", "each once"],
    ),
    ("half a move", '[[campus]]\nid = "oak"\nlat = 36.55', ["campus 1: only lat of 'oak'", "both lat and lon"]),
    ("an unknown column", '[[campus]]\nid = "oak"\nenrolment = 5', ["campus 1.enrolment", "perhaps enrollment"]),
    (
        "a weight that nothing asks for",
        '[[campus]]\nid = "oak"\nweight = 5',
        ["campus 'oak': a weight", "objective.weight"],
    ),
    (
        "a percentage without sign",
        '[[campus]]\nid = "oak"\nenrollment = "10%"',
        ["campus 1.enrollment: '10%'", '"+10%" or "-120"'],
    ),
    (
        "students in words",
        '[[campus]]\nid = "oak"\nenrollment = "many"',
        ["campus 1.enrollment: 'many'", '"+10%" or "-120"'],
    ),
    (
        "fewer than no students",
        '[[campus]]\nid = "oak"\nenrollment = "-401"',
        ["campus 1: -401 of the 400 students of 'oak' makes -1"],
    ),
    ("a negative enrollment", '[[campus]]\nid = "oak"\nenrollment = -4', ["campus 1.enrollment: -4", "at least 0"]),
    (
        "+120 without quotes",
        '[[campus]]\nid = "oak"\nenrollment = +120',
        ["enrollment: +120 without quotes", '"+120" for so many'],
    ),
    (
        "percent of what is unknown",
        '[[campus]]\nid = "vale"\nenrollment = "+5%"',
        ["campus 1: +5% of 'vale'", "a number of students"],
    ),
    ("a level as a number", "[enrollment]\nhigh = 900", ["enrollment.high: 900", '"+5%"']),
    ("a level by so many", '[enrollment]\nhigh = "+50"', ["enrollment.high: '+50'", "a percentage with its sign"]),
    ("less than nothing left", '[enrollment]\nall = "-101%"', ["enrollment.all: '-101%'", 'from "-100%" on']),
    (
        "too many students",
        '[[campus]]\nid = "oak"\nenrollment = "+9999999"',
        ["+9999999 of the 400 students", "0 to 1,000,000"],
    ),
    ("a level that is none", '[enrollment]\nhgih = "+5%"', ["what_if.toml: enrollment.hgih", "one of 'all', 'high'"]),
    (
        "a level that the base has not",
        '[enrollment]\nk12 = "+5%"',
        ["enrollment.k12: no campus with a known enrollment"],
    ),
    (
        "all and a level",
        '[enrollment]\nhigh = "+5%"\nall = "+3%"',
        ["what_if.toml: enrollment: all and also high, changed twice"],
    ),
    (
        "a campus and its level",
        '[enrollment]\nhigh = "+5%"\n[[campus]]\nid = "north"\nenrollment = 900',
        ["campus 1: changes the enrollment of 'north', and so does enrollment.high", "one of the two"],
    ),
    ("an unknown limit of the policy", "[policy]\nmax_travel = 12", ["policy.max_travel", "perhaps max_travel_min"]),
    ("none where there must be one", '[policy]\nweekly_hours = "none"', ["policy.weekly_hours: 'none'", "a number"]),
    (
        "50 for a share of one half",
        "[policy]\nprimary_share_min = 50",
        ["policy.primary_share_min: 50", "a share between 0 and 1"],
    ),
    ("a rule of an unknown level", "[policy.levels.primary]\nposts = 2", ["policy.levels.primary", "'elementary'"]),
    (
        "a rule of an unknown campus",
        "[policy.campuses.oka]\nposts = 2",
        ["policy.campuses.oka: unknown campus", "the id of a campus"],
    ),
    ("a list as policy", "policy = [1]", ["what_if.toml: policy: [1]", "a table of keys and values"]),
    (
        "no hours left",
        "[policy]\noff_campus_hours = 40",
        ["what_if.toml: policy: 40 weekly hours, 40 of them", "weekly_hours above"],
    ),
    ("an unknown tier", '[objective]\norder = ["time"]', ["objective.order 1: 'time'", "'travel'"]),
    (
        "a tier without what it needs",
        '[objective]\norder = ["continuity"]',
        ["objective.order: continuity", "a roster with primary"],
    ),
    ("another weight", '[objective]\nweight = "risk"', ["objective.weight: 'risk'", "belongs in a plan file"]),
    ("an unknown engine", '[travel]\nmethod = "crow"', ["travel.method: 'crow'", "'straight-line'"]),
    ("a key of another engine", '[travel]\nfile = "m.csv"', ["travel.file", "unknown key", "circuity"]),
    (
        "a pin of nobody",
        '[[pin]]\nofficer = "X"\nprimary = "oak"',
        ["pin 1 (X oak primary): unknown officer 'X'", "Officer 1"],
    ),
    ("a pin of nothing", '[[pin]]\nprimary = "oka"', ["pin 1 (oka primary): unknown campus 'oka'"]),
    ("a pin without a state", '[[pin]]\ncampus = "oak"', ["what_if.toml: pin 1", "an officer, a state or both"]),
    (
        "a pin on a closed campus",
        'close = ["elm"]\n[[pin]]\nshared = "elm"',
        ["pin 1 (elm shared): close takes away what it is about"],
    ),
    (
        "a forbid of an absent officer",
        'absent = ["Officer 1"]\n[[forbid]]\nofficer = "Officer 1"\ncampus = "oak"',
        ["forbid 1 (Officer 1 oak (any role)): absent takes"],
    ),
    (
        "pinned and forbidden",
        '[[pin]]\nshared = "elm"\n[[forbid]]\nshared = "elm"',
        ["pin elm shared: also forbidden", "one of the two"],
    ),
    (
        "a pin in a state that its level has not",
        '[[pin]]\nprimary = "elm"',
        ["pin elm primary: primary is not allowed", "shared, on-call"],
    ),
    (
        "a release of nothing",
        '[[release]]\nprimary = "oak"',
        ["release 1 (oak primary): neither a pin nor a forbid", "the base has neither"],
    ),
    ("a budget without cost", "[budget]\ndistrict_share = 7", ["budget.district_share: 7", "a share between 0 and 1"]),
    ("an unknown key of the budget", "[budget]\nyears = 2", ["budget.years", "one of cost_per_officer"]),
]


@pytest.mark.parametrize(("text", "says"), [case[1:] for case in OF_NUMBERS], ids=[case[0] for case in OF_NUMBERS])
def test_one_fault_is_one_line(tmp_path, text, says):
    lines = faults(tmp_path, BASE + text, NUMBERED)
    assert len(lines) == 1, lines
    for fragment in says:
        assert fragment in lines[0], lines[0]


OF_NAMES = [
    ("a number", "officers = 2", ["officers: 2, but the base has officers with names", "absent = ["]),
    ("fewer by number", 'officers = "-1"', ["officers: '-1', but the base has officers with names", '"+2"']),
    (
        "a name for an id",
        'absent = ["Officer Cho"]',
        ["absent: unknown officer 'Officer Cho'", "the id of an officer, perhaps 'cho'"],
    ),
    (
        "half a home",
        '[[officer]]\nid = "reyes"\nhome_lat = 36.5',
        ["officer 'reyes': only half a home point", "both home_lat"],
    ),
    (
        "no home to come from",
        '[[officer]]\nid = "reyes"\nmax_commute_min = 9',
        ["officer 'reyes', max_commute_min: 9", "home_lat"],
    ),
]


@pytest.mark.parametrize(("text", "says"), [case[1:] for case in OF_NAMES], ids=[case[0] for case in OF_NAMES])
def test_one_fault_over_a_roster_is_one_line(tmp_path, text, says):
    (line,) = faults(tmp_path, BASE + text)
    assert all(fragment in line for fragment in ["what_if.toml: ", *says]), line


OF_PINS = [
    (
        "the campus",
        'close = ["south"]',
        ["close: takes away", "Officer 2 south primary", '[[release]] with officer = "Officer 2", primary = "south"'],
    ),
    ("the officer", 'absent = ["Officer 2"]', ["absent: takes away what the base has pinned: Officer 2 south primary"]),
    (
        "the officer by number",
        "officers = 1",
        ["officers: takes away what the base has pinned: Officer 2 south primary"],
    ),
    (
        "its point",
        '[[campus]]\nid = "south"\nlat = "none"\nlon = "none"',
        ["pin 1 (Officer 2 south primary): 'south' cannot be planned: no point"],
    ),
    (
        "its state",
        '[policy.levels.middle]\nstates = ["shared"]',
        ["pin Officer 2 south primary: primary is not allowed", "one of: shared"],
    ),
    (
        "nothing of it",
        '[[release]]\nprimary = "south"',
        ["release 1 (south primary): neither", "one of pin Officer 2 south primary, forbid oak uncovered"],
    ),
    (
        "it, and asks for it",
        '[[release]]\nuncovered = "oak"\n[[forbid]]\nuncovered = "oak"',
        ["release 1 (oak uncovered): also a forbid of this file", "one of the two"],
    ),
    (
        "it twice",
        '[[release]]\nuncovered = "oak"\n[[release]]\nuncovered = "oak"',
        ["release: 'oak uncovered' 2 times", "each once"],
    ),
    (
        "it the other way round",
        '[[pin]]\nuncovered = "oak"',
        ["pin oak uncovered: also forbidden (forbid oak uncovered)"],
    ),
]


@pytest.mark.parametrize(("text", "says"), [case[1:] for case in OF_PINS], ids=[case[0] for case in OF_PINS])
def test_a_pin_of_the_base_cannot_lose(tmp_path, text, says):
    (line,) = faults(tmp_path, BASE + text, NUMBERED, PINNED)
    assert all(fragment in line for fragment in ["what_if.toml: ", *says]), line


TWO = 'base = "two.toml"\n'

OF_FILES = [
    ("text that is no TOML", "base: plan.toml", (), ["what_if.toml: not TOML", "line 1"]),
    ("no such base", 'base = "paln.toml"', (), ["what_if.toml: base,", "paln.toml: no such file"]),
    ("a folder as base", 'base = "."', (), ["what_if.toml: base,", "a folder or a device"]),
    ("a table as base", 'base = "campuses.csv"', (), ["what_if.toml: base, campuses.csv: not TOML"]),
    ("an empty base", 'base = " "', (), ["what_if.toml: base: ' '", "a text that is not empty"]),
    ("a number as base", "base = 7", (), ["what_if.toml: base: 7", "text"]),
    ("a base with a line break", 'base = "a\\nb"', (), ["what_if.toml: base: 'a\\nb'", "U+000A"]),
    ("a very long base", f'base = "{"x" * 300}"', (), ["what_if.toml: base: 'xxx", "at most 200 characters"]),
    (
        "itself as base",
        'base = "what_if.toml"',
        (),
        ["what_if.toml: base: leads back to itself: what_if.toml -> what_if.toml", "a plan file"],
    ),
    (
        "a circle",
        TWO,
        (put("two.toml", 'base = "what_if.toml"'),),
        ["two.toml: base: leads back to itself: what_if.toml -> two.toml -> what_if.toml"],
    ),
    (
        "a circle further down",
        TWO,
        (put("two.toml", 'base = "three.toml"'), put("three.toml", 'base = "./two.toml"')),
        ["three.toml: base: leads back to itself: two.toml -> three.toml -> two.toml"],
    ),
    (
        "a chain with no end",
        TWO,
        (put("two.toml", 'base = "three.toml"'),),
        ["two.toml: base,", "three.toml: no such file"],
    ),
    ("a wrong key in the middle", TWO, (put("two.toml", 'base = "plan.toml"\nx = 1'),), ["two.toml: x: unknown key"]),
    (
        "an unknown campus in the middle",
        TWO,
        (put("two.toml", 'base = "plan.toml"\nclose = ["x"]'),),
        ["two.toml: close: unknown campus 'x'"],
    ),
    (
        "a campus closed in the middle",
        f'{TWO}close = ["elm"]',
        (put("two.toml", 'base = "plan.toml"\nclose = ["elm"]'),),
        ["what_if.toml: close: unknown campus 'elm'"],
    ),
    (
        "a fault of the plan file",
        BASE,
        (swap("plan.toml", "speed_kph", "speed_mph"),),
        ["plan.toml: travel.speed_mph", "perhaps speed_kph"],
    ),
    ("a fault of a table", BASE, (swap("campuses.csv", "1200", "12OO"),), ["campuses.csv row 2, enrollment: '12OO'"]),
    ("a binary scenario", BASE + "\0", (), ["what_if.toml line 2: a NUL byte", "UTF-8"]),
    ("lists nested 100,000 deep", f"{BASE}x = {'[' * 100_000}", (), ["what_if.toml: lists or tables nested too deep"]),
]


@pytest.mark.parametrize(
    ("text", "changes", "says"), [case[1:] for case in OF_FILES], ids=[case[0] for case in OF_FILES]
)
def test_one_fault_of_the_files_is_one_line(tmp_path, text, changes, says):
    lines = faults(tmp_path, text, *changes)
    assert len(lines) == 1, lines
    for fragment in says:
        assert fragment in lines[0], lines[0]


def test_a_scenario_without_a_base_says_so(tmp_path):
    from sro_coverage.errors import DataError
    from sro_coverage.scenario import read_scenario

    (tmp_path / "x.toml").write_text("officers = 3")
    with pytest.raises(DataError) as caught:
        read_scenario(tmp_path / "x.toml")
    assert (
        str(caught.value)
        == "x.toml: base: nothing there; expected the plan file or scenario file that this one changes"
    )


LACKS_BASE = "base: nothing there; expected the plan file or scenario file that this one changes"


@pytest.mark.parametrize(
    "text",
    [
        'officers = "-1"',
        "officers = -1",
        'absent = ["x"]',
        'close = ["oak"]',
        f"[[open]]\n{NEW}",
        '[enrollment]\nall = "+1%"',
    ],
)
def test_what_only_a_scenario_has_asks_for_a_base(tmp_path, text):
    lines = faults(tmp_path, text)
    assert any(line.endswith(f"what_if.toml: {LACKS_BASE}") for line in lines)
    assert not any("campuses" in line for line in lines)


def test_a_base_that_lacks_its_own_base_is_told_so(tmp_path):
    (line,) = faults(tmp_path, 'base = "two.toml"', put("two.toml", 'absent = ["x"]'))
    assert line.endswith(f"two.toml: {LACKS_BASE}")


@pytest.mark.parametrize("text", ['campus = "x.csv"\nofficers = 2', 'campuses = "campuses.csv"\nclose = ["oak"]'])
def test_a_plan_file_with_a_wrong_key_is_not_asked_for_a_base(tmp_path, text):
    assert not any("base: nothing there" in line for line in faults(tmp_path, text))


def test_a_long_chain_is_no_problem_and_a_long_circle_is_told(tmp_path):
    for number in range(1500):
        (tmp_path / f"{number}.toml").write_text(f'base = "{number + 1}.toml"')
    (line,) = faults(tmp_path, 'base = "0.toml"', put("1500.toml", 'base = "plan.toml"\nx = 1'))
    assert "1500.toml: x: unknown key" in line


ALL = """\
base = "two.toml"
colour = "red"
absent = ["reyes", "reyes", "nobody"]
close = ["oka", "elm"]

[[campus]]
id = "elm"
enrollment = 5
[[campus]]
id = "oak"
enrollment = "ten"

[enrollment]
alternative = "5%"

[policy]
max_travel = 12
off_campus_hours = -1

[travel]
method = "crow"

[[pin]]
primary = "x"
[[pin]]
campus = "oak"
"""


def test_all_faults_are_told_together(tmp_path):
    """Wrong keys of both scenario files, faults of the tables; what rests on them is not judged."""
    lines = faults(
        tmp_path,
        ALL,
        put("two.toml", 'base = "plan.toml"\nofficers = "all"\n'),
        swap("campuses.csv", "1200", "12OO"),
        swap("plan.toml", "speed_kph", "speed_mph"),
    )
    assert [":".join(line.split(":")[:2]).strip() for line in lines] == [
        "what_if.toml: campus 2.enrollment",
        "what_if.toml: enrollment.alternative",
        "what_if.toml: policy.off_campus_hours",
        "what_if.toml: policy.max_travel",
        "what_if.toml: travel.method",
        "what_if.toml: pin 2",
        "what_if.toml: colour",
        "two.toml: officers",
        "plan.toml: travel.speed_mph",
        "campuses.csv row 2, enrollment: '12OO'; expected a whole number, such as 1200; or leave it empty if it is not "
        "known",
    ]


def test_wrong_keys_do_not_hide_what_the_right_ones_have_wrong(tmp_path):
    lines = faults(tmp_path, ALL, put("two.toml", 'base = "plan.toml"\n[policy]\nmax_shared = 2\n'))
    assert [line.split("; expected")[0].strip() for line in lines[-3:]] == [
        "what_if.toml: absent: 'reyes' 2 times",
        "what_if.toml: absent: unknown officer 'nobody'",
        "what_if.toml: close: unknown campus 'oka'",
    ]


def test_contradictions_and_faults_of_the_problem_they_make_are_told_together(tmp_path):
    text = """\
absent = ["Officer 9"]
close = ["south", "oka"]
[policy]
off_campus_hours = 40
[[forbid]]
uncovered = "nowhere"
"""
    lines = faults(tmp_path, BASE + text, NUMBERED, PINNED)
    assert [line.split("; expected")[0].strip() for line in lines] == [
        "what_if.toml: absent: unknown officer 'Officer 9'",
        "what_if.toml: close: unknown campus 'oka'",
        "what_if.toml: close: takes away what the base has pinned: Officer 2 south primary",
        "what_if.toml: policy: 40 weekly hours, 40 of them off campus",
        "what_if.toml: forbid 1 (nowhere uncovered): unknown campus 'nowhere'",
    ]


def test_hostile_names_are_shown_and_not_obeyed(tmp_path):
    """Direction marks and escapes in ids; `faults` looks for them in what is printed."""
    lines = faults(tmp_path, f'{BASE}close = ["\u202eko", "{{{{7*7}}}}"]\n"\\u001b[31m" = 1\n')
    assert any("{{7*7}}" in line for line in lines)
    assert any("unknown key" in line for line in lines)


def test_validate_tells_the_same(tmp_path):
    assert "close: unknown campus" in faults(tmp_path, f'{BASE}close = ["x"]', command="validate")[0]
