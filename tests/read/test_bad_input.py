"""Whatever is wrong with the input, the planner reads where, what and what would have been right."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sro_coverage.cli import main
from sro_coverage.cli.manners import SHOWN_ISSUES
from sro_coverage.read import table
from tests.read.files import CAMPUSES, PLAN, ROSTER, Change, Files, add, all_of, drop, excel, put, swap, zipped

JARGON = re.compile(
    r"pydantic|https?://|Input should|validation error|Value error|constrained|function-|\[key\]|type=|"
    r"Traceback|<class|object at 0x|\.py\b|NoneType|Errno"
)
ESCAPES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LINE = re.compile(r"  \S.*: \S.*; expected \S.*")


def plan(tmp_path: Path, *changes: Change) -> Result:
    """Run `plan` on the good files after the changes, and check what holds for every bad input."""
    files = Files()
    for change in changes:
        change(files)
    path = files.write(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    result = CliRunner().invoke(main, ["plan", str(path), "--out", str(tmp_path / "out"), "--time-limit", "20"])
    assert isinstance(result.exception, SystemExit), result.exc_info
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before, "a file was written"
    head, *lines = result.stderr.splitlines()
    found = re.fullmatch(r"([1-9][\d,]*) problems? found, nothing was written:", head)
    assert found, head
    assert len(lines) == min(int(found[1].replace(",", "")), SHOWN_ISSUES + 1)
    assert len(set(lines)) == len(lines), "the same problem is told twice"
    for line in lines:
        assert LINE.fullmatch(line) or line.startswith("  … and "), line
        assert len(line) < 500
    assert not JARGON.search(result.stderr)
    assert not ESCAPES.search(result.stderr)
    return result


def told(result: Result, *fragments: str) -> bool:
    """Whether one line holds all the fragments."""
    return any(all(fragment in line for fragment in fragments) for line in result.stderr.splitlines())


def key(old: str, new: str) -> Change:
    return swap("plan.toml", old, new)


def cell(old: str, new: str) -> Change:
    return swap("campuses.csv", old, new)


def officer(old: str, new: str) -> Change:
    return swap("roster.csv", old, new)


def end(text: str) -> Change:
    return add("plan.toml", text)


def pin(text: str) -> Change:
    return end(f"\n[[pin]]\n{text}\n")


NORTH = "north,North High,high,1200,36.541,-119.387,,Tiny,5"
LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]><x>&a11;</x>"
)
SHARES = "a share between 0 and 1"

# what is wrong, how to make it so, and what one line must say: place, value, expectation.
ONE_PROBLEM = [
    # -- the plan file as a file
    ("an empty folder name as table", key('"campuses.csv"', '"."'), ["a .csv or .xlsx table"]),
    ("a binary plan file", put("plan.toml", b"\x89PNG\r\n\x1a\n\0\0\0"), ["plan.toml line 3", "NUL", "UTF-8"]),
    ("a plan file in UTF-16", put("plan.toml", PLAN.encode("utf-16")), ["plan.toml", "UTF-16", "UTF-8"]),
    ("a plan file in latin-1", put("plan.toml", b'title = "Pe\xf1a"'), ["plan.toml line 1", "byte 0xF1", "UTF-8"]),
    ("text that is no TOML", put("plan.toml", "campuses: campuses.csv\n"), ["plan.toml: not TOML", "line 1"]),
    ("a key given twice", key('title = "Tiny"', 'title = "A"\ntitle = "B"'), ["plan.toml: not TOML", "line 2"]),
    ("an integer of 5,000 digits", key("= 40\noff", "= " + "9" * 5000 + "\noff"), ["plan.toml", "thousands of digits"]),
    ("lists nested 100,000 deep", end("x = " + "[" * 100_000), ["plan.toml", "nested too deep"]),
    # -- keys and values of the plan file
    ("an unknown key at the top", key("title =", "titel ="), ["plan.toml: titel", "unknown key", "perhaps title"]),
    ("an unknown key in travel", key("speed_kph", "speed_mph"), ["plan.toml: travel.speed_mph", "perhaps speed_kph"]),
    ("an unknown key in policy", key("weekly_hours", "weekly_hour"), ["policy.weekly_hour", "perhaps weekly_hours"]),
    ("an unknown key in a level", key("states =", "state ="), ["policy.levels.elementary.state", "perhaps states"]),
    ("an unknown key in a campus", key("visits_per_week", "visits"), ["policy.campuses.oak.visits", "unknown key"]),
    ("an unknown key in objective", key("order =", "tiers ="), ["objective.tiers", "one of order, tolerance, weight"]),
    ("an unknown tier tolerance", key("{ primary", "{ driving"), ["objective.tolerance.driving", "one of coverage"]),
    ("an unknown key in budget", key("[budget]", "[budget]\nyears = 2"), ["budget.years", "one of cost_per_officer"]),
    ("an unknown key in a pin", pin('campus = "oak"\non_call = "elm"'), ["pin 1.on_call", "perhaps on-call"]),
    ("an unknown section", end("[polcy]\nx = 1"), ["plan.toml: polcy", "unknown key", "perhaps policy"]),
    ("no campuses key", key('campuses = "campuses.csv"', ""), ["plan.toml: campuses", "nothing there", "a value"]),
    ("no officers key", key('officers = "roster.csv"', ""), ["plan.toml: officers", "nothing there", "a value"]),
    ("a number for the table", key('"campuses.csv"', "7"), ["plan.toml: campuses", "7", "text"]),
    ("an empty table name", key('"campuses.csv"', '""'), ["plan.toml: campuses", "''", "a text that is not empty"]),
    ("a fraction of officers", key('"roster.csv"', "2.5"), ["plan.toml: officers", "2.5", "a number of officers"]),
    ("officers = true", key('"roster.csv"', "true"), ["plan.toml: officers", "true", "not true or false"]),
    ("0 officers", key('"roster.csv"', "0"), ["plan.toml: officers: 0", "1 to 100,000"]),
    ("-2 officers", key('"roster.csv"', "-2"), ["plan.toml: officers: -2", "1 to 100,000"]),
    ("a million officers", key('"roster.csv"', "1000000"), ["plan.toml: officers: 1000000", "1 to 100,000"]),
    ("more officers than campuses", key('"roster.csv"', "6"), ["plan.toml: officers: 6", "at most 5", "each post"]),
    ("a list as title", key('"Tiny"', '["Tiny"]'), ["plan.toml: title", "['Tiny']", "text"]),
    ("an empty title", key('"Tiny"', '"  "'), ["plan.toml: title", "a text that is not empty"]),
    ("an escape in the title", key('"Tiny"', r'"\u001b[31mTiny"'), ["plan.toml: title", "U+001B"]),
    ("a title of 5,000 letters", key('"Tiny"', f'"{"x" * 5000}"'), ["title", "xxx…", "at most 200 characters"]),
    (
        "a number as travel",
        key("[travel]\nspeed_kph = 40", "travel = 40"),
        ["travel: 40", "a table of keys and values"],
    ),
    ("metres a second", key("speed_kph = 40", "speed_kph = 4"), ["travel.speed_kph: 4", "at least 5"]),
    ("an unknown engine", key("speed_kph = 40", 'method = "crow"'), ["travel.method: 'crow'", "'straight-line'"]),
    (
        "a text for hours",
        key("weekly_hours = 40", 'weekly_hours = "forty"'),
        ["policy.weekly_hours: 'forty'", "number"],
    ),
    ("a date for hours", key("weekly_hours = 40", "weekly_hours = 2024-01-31"), ["weekly_hours: 2024-01-31", "number"]),
    ("true for hours", key("weekly_hours = 40", "weekly_hours = true"), ["policy.weekly_hours: true", "not true"]),
    ("400 hours a week", key("weekly_hours = 40", "weekly_hours = 400"), ["policy.weekly_hours: 400", "at most 168"]),
    ("negative hours", key("off_campus_hours = 8", "off_campus_hours = -8"), ["off_campus_hours: -8", "at least 0"]),
    ("no hours left", key("off_campus_hours = 8", "off_campus_hours = 45"), ["policy: 40 weekly hours, 45", "above"]),
    ("50 for a share of one half", key("share_min = 0.5", "share_min = 50"), ["primary_share_min: 50", SHARES]),
    ("nan", key("share_min = 0.5", "share_min = nan"), ["policy.primary_share_min: nan", "a finite number"]),
    ("1e999", key("share_min = 0.5", "share_min = 1e999"), ["policy.primary_share_min: inf", "a finite number"]),
    ("an unknown level", key("levels.elementary", "levels.primary"), ["policy.levels.primary", "'elementary', 'k8'"]),
    ("an unknown state", key('["shared", "on-call"]', '["visited"]'), ["elementary.states 1: 'visited'", "'shared'"]),
    ("a text for a list", key('["shared", "on-call"]', '"shared"'), ["elementary.states: 'shared'", "a list"]),
    ("an unknown campus rule", key("campuses.oak", "campuses.oka"), ["policy.campuses.oka", "unknown campus"]),
    ("0 visits", key("visits_per_week = 1", "visits_per_week = 0"), ["oak.visits_per_week: 0", "more than 0"]),
    ("an unknown tier", key('"reach", "travel"', '"reach", "time"'), ["objective.order 4: 'time'", "'travel'"]),
    ("a tier twice", key('"reach", "travel"', '"reach", "reach"'), ["plan.toml: objective.order", "at most once"]),
    ("a tolerance in percent", key("primary = 0.05", "primary = 5"), ["objective.tolerance.primary: 5", SHARES]),
    ("costs with a comma", key("150_000", '"150,000"'), ["budget.cost_per_officer: '150,000'", "a number"]),
    ("no cost", key("cost_per_officer = 150_000", ""), ["budget.cost_per_officer", "nothing there"]),
    (
        "continuity without a current plan",
        all_of(key('"travel"]', '"continuity"]'), key('"roster.csv"', "2")),
        ["plan.toml: objective.order", "no current plan", "primary or shared filled in"],
    ),
    # -- where and weight
    ("where matches nothing", key("[travel]", '[where]\nagency = "Tny"\n[travel]'), ["where.agency: 'Tny'", "'Tiny'"]),
    ("where an unknown column", key("[travel]", '[where]\ncity = "x"\n[travel]'), ["where.city", "'city'", "'agency'"]),
    ("where a number", key("[travel]", "[where]\nagency = 5\n[travel]"), ["plan.toml: where.agency: 5", "a list"]),
    ("where a nested list", key("[travel]", '[where]\nagency = [["x"]]\n[travel]'), ["where.agency 1", "text"]),
    ("where no table", key("[travel]", 'where = "Tiny"\n[travel]'), ["plan.toml: where: 'Tiny'", "a table of keys"]),
    (
        "no such weight",
        key("order =", 'weight = "crime"\norder ='),
        ["plan.toml: objective.weight", "'crime'", "'risk'"],
    ),
    (
        "a weight that is no number",
        all_of(key("order =", 'weight = "risk"\norder ='), cell("Tiny,5", "Tiny,high")),
        ["campuses.csv row 2, risk (objective.weight): 'high'", "a whole number"],
    ),
    (
        "a weight left empty",
        all_of(key("order =", 'weight = "risk"\norder ='), cell("Tiny,3", "Tiny,")),
        ["campuses.csv row 3, risk (objective.weight): ''", "a whole number"],
    ),
    # -- the campus table as a file
    ("no campus table", drop("campuses.csv"), ["campuses.csv: no such file", "the path of an existing file"]),
    ("a NUL in the table's name", key('"campuses.csv"', r'"a\u0000.csv"'), ["plan.toml: campuses", "U+0000"]),
    ("a table of another kind", key("campuses.csv", "campuses.json"), ["campuses.json", "a .csv or .xlsx table"]),
    ("an empty table", put("campuses.csv", ""), ["campuses.csv: an empty file", "a header row and rows"]),
    ("only line ends", put("campuses.csv", "\n\n\r\n"), ["campuses.csv: an empty file", "a header row and rows"]),
    ("a header only", put("campuses.csv", CAMPUSES.split("\n")[0]), ["campuses.csv: a header and no row", "one row"]),
    (
        "an empty first row",
        put("campuses.csv", "\n" + CAMPUSES),
        ["campuses.csv row 1", "no column id", "an empty row"],
    ),
    ("no header", put("campuses.csv", CAMPUSES.split("\n", 1)[1]), ["campuses.csv row 1", "no column id", "'north'"]),
    ("a table in UTF-16", put("campuses.csv", CAMPUSES.encode("utf-16")), ["campuses.csv: UTF-16", "save it as UTF-8"]),
    ("UTF-16 without a mark", put("campuses.csv", CAMPUSES.encode("utf-16-le")), ["campuses.csv: UTF-16", "UTF-8"]),
    (
        "a table in latin-1",
        put("campuses.csv", CAMPUSES.replace("Oak El", "Peña El").encode("latin-1")),
        ["campuses.csv line 4", "byte 0xF1 is not UTF-8", "save it as UTF-8"],
    ),
    ("a NUL byte", cell("Oak Elementary", "Oak\0Elementary"), ["campuses.csv line 4", "a NUL byte", "UTF-8"]),
    ("an Excel file named .csv", put("campuses.csv", zipped(a=b"")), ["campuses.csv", "Excel or zip", ".xlsx"]),
    ("an open quote", cell("Oak Elementary", '"Oak Elementary'), ["campuses.csv row 4", "never closed", "well-formed"]),
    ("text after a quote", cell("Oak Elementary", '"Oak" E'), ["campuses.csv row 4", "well-formed CSV"]),
    ("a cell of a megabyte", cell("Oak Elementary", "x" * 1_000_000), ["campuses.csv row 4", "field larger", "CSV"]),
    (
        "a comma in a name",
        cell("North High", "North, the High"),
        ["campuses.csv row 2: 10 cells", "9, as in the header"],
    ),
    ("a row cut off", cell(NORTH, "north,North High,high"), ["campuses.csv row 2: 3 cells", "9, as in the header"]),
    ("5,000 columns", put("campuses.csv", "a," * 5000 + "\n"), ["campuses.csv row 1: 5,001 columns", "at most 1,000"]),
    # -- its header
    ("a column missing", cell(",lat,", ",y,"), ["campuses.csv row 1", "no column lat", "id, name, level", "'y'"]),
    ("headers in capitals", cell("id,name,level", "ID,Name,Level"), ["row 1: no column id, name, level", "'Level'"]),
    ("a column twice", cell("site,agency", "level,agency"), ["campuses.csv row 1: 2 columns named 'level'", "once"]),
    ("a column almost right", cell("site,agency", "Site,agency"), ["row 1: column 'Site'", "expected site"]),
    # -- its rows
    ("an id twice", cell("south,South", "north,South"), ["campuses.csv row 3, id: campus 'north'", "row 2", "once"]),
    ("no id", cell("oak,Oak", ",Oak"), ["campuses.csv row 4, id: nothing there", "a value"]),
    ("no name", cell("Oak Elementary", ""), ["campuses.csv row 4, name: nothing there", "a value"]),
    ("an unknown level in a row", cell("High,high,", "High,hs,"), ["campuses.csv row 2, level: 'hs'", "'high'"]),
    ("a level in capitals", cell("High,high,", "High,High,"), ["campuses.csv row 2, level: 'High'", "'high'"]),
    ("negative enrollment", cell(",1200,", ",-5,"), ["campuses.csv row 2, enrollment: '-5'", "at least 0", "empty"]),
    ("half a student", cell(",1200,", ",1200.5,"), ["row 2, enrollment: '1200.5'", "a whole number"]),
    ("a thousands separator", cell(",1200,", ',"1,200",'), ["row 2, enrollment: '1,200'", "such as 1200", "empty"]),
    ("N/A", cell(",1200,", ",N/A,"), ["row 2, enrollment: 'N/A'", "leave it empty if it is not known"]),
    ("NaN students", cell(",1200,", ",NaN,"), ["row 2, enrollment: 'NaN'", "leave it empty if it is not known"]),
    ("a huge enrollment", cell(",1200,", f",{'9' * 6000},"), ["row 2, enrollment: '999", "a smaller whole number"]),
    ("1e999 students", cell(",1200,", ",1e999,"), ["row 2, enrollment: '1e999'", "a whole number"]),
    ("NaN latitude", cell("36.541", "nan"), ["row 2, lat: 'nan'", "a finite number", "leave it empty"]),
    ("a decimal comma", cell("36.541", '"36,541"'), ["row 2, lat: '36,541'", "such as 12.5"]),
    ("degrees and minutes", cell("36.541", "36°32'N"), ["row 2, lat", "36°32", "a number"]),
    ("a latitude of 391", cell("36.541", "391.2"), ["row 2, lat: '391.2'", "between -90 and 90"]),
    ("a longitude of -1193", cell("-119.387", "-1193.87"), ["row 2, lon: '-1193.87'", "at least -180"]),
    ("lat and lon swapped", cell("36.541,-119.387", "-119.387,36.541"), ["row 2, lat: '-119.387'", "swapped"]),
    (
        "lat and lon swapped in the range",
        put("campuses.csv", CAMPUSES.replace("-119.", "-70.").replace("36.541,-70.387", "-70.387,36.541")),
        ["campuses.csv row 2, campus 'north'", "latitude -70.387", "swapped"],
    ),
    (
        "lat and lon swapped where both are sensible",
        put("campuses.csv", CAMPUSES.replace("-119.", "44.").replace("36.541,44.387", "44.387,36.541")),
        [
            "campuses.csv row 2, campus 'north'",
            "point 44.387, 36.541 is far",
            "36.541, 44.387; lat and lon look swapped",
        ],
    ),
    ("a lost minus", cell("-119.387", "119.387"), ["campuses.csv row 2", "119.387 is far", "-119.387", "sign"]),
    ("a minus too many", cell("36.541", "-36.541"), ["campuses.csv row 2", "-36.541", "latitude 36.541", "sign"]),
    ("0, 0", cell("36.541,-119.387", "0,0"), ["campuses.csv row 2, campus 'north'", "0.0, 0.0", "a real point"]),
    ("lon without lat", cell("36.541,", ","), ["campuses.csv row 2, campus 'north'", "only lon", "both lat and lon"]),
    ("an escape in a name", cell("Oak El", "\x1b[2J\x1b]0;x\x07El"), ["row 4, name: '\\x1b[2J", "U+001B"]),
    ("a name on two lines", cell("Oak Elementary", '"Oak\nElementary"'), ["row 4, name", "'Oak\\nEl", "U+000A"]),
    ("a name of 5,000 letters", cell("Oak El", "O" * 5000), ["row 4, name: 'OOO", "at most 200 characters"]),
    (
        "no campus can be planned",
        put("campuses.csv", re.sub(r"(,[a-z]+),\d+,", r"\1,,", CAMPUSES)),
        ["plan.toml: campuses", "no campus has both a point and an enrollment", "at least one"],
    ),
    (
        "a site without a common state",
        all_of(
            cell("36.548,-119.392,,", "36.548,-119.392,Hill,"), end('[policy.levels.alternative]\nstates = ["primary"]')
        ),
        ["plan.toml: site 'Hill'", "Oak Elementary (elementary) allows shared, on-call", "[policy.campuses]"],
    ),
    # -- Excel
    (
        "an old Excel file",
        all_of(excel(), put("campuses.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1")),
        ["campuses.xlsx", "old (.xls)"],
    ),
    ("a text named .xlsx", all_of(excel(), put("campuses.xlsx", CAMPUSES)), ["campuses.xlsx: not readable", ".xlsx"]),
    ("an empty Excel file", all_of(excel(), put("campuses.xlsx", "")), ["campuses.xlsx: not readable", ".xlsx"]),
    ("a zip of other things", all_of(excel(), put("campuses.xlsx", zipped(a=b"b"))), ["campuses.xlsx: not readable"]),
    (
        "a workbook of broken XML",
        all_of(excel(), put("campuses.xlsx", zipped(**{"[Content_Types].xml": b"<a", "xl/workbook.xml": b"<"}))),
        ["campuses.xlsx: not readable as Excel", "an .xlsx workbook"],
    ),
    (
        "a workbook whose XML explodes",
        all_of(excel(), put("campuses.xlsx", zipped(**{"[Content_Types].xml": LAUGHS}))),
        ["campuses.xlsx: not readable as Excel", "an .xlsx workbook"],
    ),
    ("an empty sheet", excel(lambda sheet: sheet.delete_rows(1, 99)), ["campuses.xlsx: an empty file", "a header row"]),
    ("a formula", excel(lambda s: s.cell(2, 4, "=1000+200")), ["campuses.xlsx D2: the formula '=1000+200'", "values"]),
    ("a formula as header", excel(lambda s: s.cell(1, 9, '="ri"')), ["campuses.xlsx I1: the formula", "values"]),
    ("an error cell", excel(lambda s: s.cell(3, 5, "#N/A")), ["campuses.xlsx E3: the error #N/A", "a plain value"]),
    ("a date for enrollment", excel(lambda s: s.cell(2, 4, "2024-01-31")), ["campuses.xlsx row 2, enrollment"]),
    (
        "text beside the table",
        excel(lambda s: s.cell(2, 12, "call Ann")),
        ["campuses.xlsx row 2: 'call Ann'", "header"],
    ),
    ("a cell far to the right", excel(lambda s: s.cell(2, 9000, "x")), ["campuses.xlsx row 2: 9,000 columns", "1,000"]),
    (
        "a cell far below",
        excel(lambda s: s.cell(900_000, 1, "x")),
        ["campuses.xlsx: more than 200,000 rows", "smaller"],
    ),
    # -- the roster
    ("no roster", drop("roster.csv"), ["roster.csv: no such file", "an existing file"]),
    ("a roster without names", officer("id,name,", "id,badge,"), ["roster.csv row 1: no column name", "'badge'"]),
    ("a column misspelled", officer("max_commute_min", "max_comute_min"), ["roster.csv row 1", "max_commute_min"]),
    ("an officer twice", officer("cho,Officer Cho", "reyes,Officer Cho"), ["roster.csv row 3, id", "'reyes'", "row 2"]),
    ("an unknown level of an officer", officer("high;middle", "high;mid"), ["row 3, levels 2: 'mid'", "'middle'"]),
    (
        "an unknown excluded campus",
        officer(",elm,36", ",elk,36"),
        ["roster.csv row 3", "excluded: 'elk'", "in the table"],
    ),
    ("an unknown current campus", officer("oak;elm", "oak;elk"), ["roster.csv row 2", "shared: 'elk'", "in the table"]),
    ("an unknown primary", officer(",north,", ",nroth,"), ["roster.csv row 2", "primary: 'nroth'", "in the table"]),
    (
        "half a home",
        officer("36.55,-119.38,15", "36.55,,15"),
        ["roster.csv row 3, officer 'cho'", "only half a home point", "both home_lat and home_lon"],
    ),
    (
        "a commute without a home",
        officer("36.55,-119.38,15", ",,15"),
        ["roster.csv row 3", "max_commute_min: 15", "home"],
    ),
    ("a home swapped", officer("36.55,-119.38", "-119.38,36.55"), ["roster.csv row 3, home_lat", "swapped"]),
    ("a commute of a week", officer(",15,", ",10080,"), ["roster.csv row 3, max_commute_min: '10080'", "at most 600"]),
    (
        "an officer without hours",
        all_of(officer("excluded,", "weekly_hours,"), officer(",elm,36", ",6,36")),
        ["roster.csv row 3, officer 'cho'", "-2 hours left", "weekly_hours above off_campus_hours"],
    ),
    # -- pins and forbids
    ("a pin of an unknown officer", pin('officer = "ray"\nprimary = "north"'), ["pin 1", "'ray'", "one of reyes, cho"]),
    (
        "a pin to an unknown campus",
        pin('officer = "cho"\nprimary = "nort"'),
        ["pin 1", "unknown campus 'nort'", "id of"],
    ),
    (
        "a pin to a campus not planned",
        pin('officer = "cho"\nprimary = "vale"'),
        ["pin 1", "no point and no enrollment"],
    ),
    ("a pin that says nothing", pin('campus = "oak"'), ["plan.toml: pin 1", "an officer, a state or both"]),
    ("a pin with two states", pin('primary = "oak"\nshared = "elm"'), ["plan.toml: pin 1", "one campus and one state"]),
    ("a pin of an officer to nothing", pin('officer = "cho"\nuncovered = "elm"'), ["pin 1", "no officer beside"]),
    (
        "pin in single brackets",
        end('[pin]\nofficer = "cho"\nprimary = "north"'),
        ["plan.toml: pin", "[[pin]]", "double"],
    ),
    ("forbid as a text", key("[travel]", 'forbid = "oak"\n[travel]'), ["plan.toml: forbid: 'oak'", "a list"]),
    ("an unknown state in a pin", pin('campus = "oak"\nstate = "base"'), ["pin 1.state: 'base'", "'primary'"]),
    (
        "a pin to a forbidden state",
        pin('officer = "reyes"\nprimary = "oak"'),
        ["pin reyes oak", "one of: shared, on-call"],
    ),
    ("a pin of an excluded campus", pin('officer = "cho"\non-call = "elm"'), ["pin cho elm", "row excludes", "one of"]),
    (
        "a pin outside the officer's levels",
        pin('officer = "cho"\nshared = "oak"'),
        ["plan.toml: pin cho oak", "Oak Elementary is elementary", "high, middle, alternative"],
    ),
    (
        "a pin that is also forbidden",
        all_of(pin('officer = "cho"\nprimary = "south"'), end('[[forbid]]\nofficer = "cho"\ncampus = "south"')),
        ["plan.toml: pin cho south primary", "also forbidden (forbid cho south", "one of the two"],
    ),
    (
        "two states for one campus",
        all_of(pin('primary = "north"'), pin('uncovered = "north"')),
        ["plan.toml: pins of North High", "primary and uncovered", "one state"],
    ),
    (
        "one officer based at two campuses",
        all_of(pin('officer = "cho"\nprimary = "north"'), pin('officer = "cho"\nprimary = "south"')),
        ["plan.toml: pins of officer 'cho'", "North High and South Middle", "one primary"],
    ),
    (
        "two officers for one post",
        all_of(pin('officer = "cho"\nprimary = "north"'), pin('officer = "reyes"\nprimary = "north"')),
        ["plan.toml: pins of North High", "2 officers based there", "its posts (1)"],
    ),
    (
        "two officers sharing one campus",
        all_of(pin('officer = "cho"\nshared = "hill"'), pin('officer = "reyes"\nshared = "hill"')),
        ["plan.toml: pins of Hill Academy", "shared for cho and reyes", "one officer"],
    ),
]


@pytest.mark.parametrize(("change", "fragments"), [row[1:] for row in ONE_PROBLEM], ids=[row[0] for row in ONE_PROBLEM])
def test_one_problem_is_told_with_place_value_and_expectation(
    tmp_path: Path, change: Change, fragments: list[str]
) -> None:
    result = plan(tmp_path, change)
    assert told(result, *fragments), result.stderr
    assert result.stderr.startswith("1 problem found"), result.stderr


def test_problems_of_the_plan_file_the_campuses_and_the_roster_are_told_in_one_run(tmp_path: Path) -> None:
    result = plan(
        tmp_path,
        key("weekly_hours = 40", "weekly_hours = 400"),
        key("[budget]", "[budget]\nyears = 2"),
        pin('officer = "cho"\nprimary = 5'),
        cell(",1200,", ",-5,"),
        cell("36.554", "91.5"),
        cell("oak,Oak", ",Oak"),
        cell("elm,Elm", "south,Elm"),
        cell("36.528,-119.384", "0,0"),
        officer("high;middle", "high;mid"),
        officer(",15,", ",soon,"),
    )
    expected = [
        ["plan.toml: policy.weekly_hours: 400", "at most 168"],
        ["plan.toml: budget.years", "unknown key"],
        ["plan.toml: pin 1.campus: 5", "text"],
        ["campuses.csv row 2, enrollment: '-5'", "at least 0"],
        ["campuses.csv row 3, lat: '91.5'", "between -90 and 90"],
        ["campuses.csv row 4, id", "nothing there"],
        ["campuses.csv row 6, campus 'hill'", "a real point"],
        ["roster.csv row 3, levels 2: 'mid'", "'middle'"],
        ["roster.csv row 3, max_commute_min: 'soon'", "a number"],
    ]
    assert [fragments for fragments in expected if not told(result, *fragments)] == []
    # Row 5 repeats the id of row 3, which is wrong itself: one correction at a time.
    assert result.stderr.startswith(f"{len(expected)} problems found")


def test_contradictions_are_told_together(tmp_path: Path) -> None:
    result = plan(
        tmp_path,
        key("campuses.oak", "campuses.oka"),
        cell("36.541,-119.387", "0,0"),
        officer("oak;elm", "oka;elm"),
        pin('officer = "nobody"\nprimary = "north"'),
        pin('officer = "cho"\nprimary = "elm"'),
    )
    assert told(result, "policy.campuses.oka", "unknown campus")
    assert told(result, "campuses.csv row 2, campus 'north'", "a real point")
    assert told(result, "roster.csv row 2, officer 'reyes', shared: 'oka'")
    assert told(result, "pin 1 (nobody north primary)", "unknown officer")
    assert told(result, "pin cho elm primary", "not allowed for Elm Elementary")
    assert told(result, "pin cho elm primary", "row excludes")


def test_problems_of_several_plan_files_are_told_together_and_a_shared_one_once(tmp_path: Path) -> None:
    files = Files()
    cell(",1200,", ",many,")(files)
    first = files.write(tmp_path)
    second = tmp_path / "second.toml"
    second.write_text(PLAN.replace("weekly_hours = 40", "weekly_hours = 400"))
    result = CliRunner().invoke(main, ["plan", str(first), str(second), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert result.stderr.startswith("2 problems found")
    assert told(result, "second.toml: policy.weekly_hours")
    assert told(result, "campuses.csv row 2, enrollment: 'many'")
    assert not (tmp_path / "out").exists()


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "campuses.csv").mkdir()
    result = plan(tmp_path, drop("campuses.csv"))
    assert told(result, "campuses.csv: a folder or a device", "a file")


def test_a_device_is_not_read(tmp_path: Path) -> None:
    """A table such as /dev/zero used to fill the memory; /dev/null is as good a device and harmless."""
    (tmp_path / "campuses.csv").symlink_to("/dev/null")
    result = plan(tmp_path, drop("campuses.csv"))
    assert told(result, "campuses.csv: a folder or a device", "a file")


@pytest.mark.parametrize("arguments", [["plan"], ["validate"], ["check"], ["map"]])
@pytest.mark.parametrize("name", ["missing.toml", "folder"])
def test_the_named_file_is_missing_or_a_folder(tmp_path: Path, arguments: list[str], name: str) -> None:
    (tmp_path / "folder").mkdir()
    result = CliRunner().invoke(main, [*arguments, str(tmp_path / name)])
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 2
    assert name in result.stderr
    assert re.search("no such file|is a directory", result.stderr)
    assert not JARGON.search(result.stderr)


def test_a_huge_file_or_workbook_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_BYTES", 1_000_000)
    result = plan(
        tmp_path,
        excel(),
        put("campuses.xlsx", zipped(bomb=b"0" * 2_000_000)),
        put("roster.csv", ROSTER + " " * 1_000_000),
    )
    assert told(result, "campuses.xlsx: a huge workbook", "at most 1 MB unpacked")
    assert told(result, "roster.csv: a huge file", "at most 1 MB")


def test_ten_thousand_bad_rows_are_counted_and_the_first_fifty_shown(tmp_path: Path) -> None:
    header = CAMPUSES.split("\n", 1)[0]
    rows = [f"c{n},C,high,-{n + 1},36.5,-119.4,,Tiny,1" for n in range(10_000)]
    result = plan(tmp_path, put("campuses.csv", "\n".join([header, *rows])))
    lines = result.stderr.splitlines()
    assert lines[0].startswith("10,000 problems found")
    assert told(result, "campuses.csv row 2, enrollment: '-1'")
    assert told(result, "campuses.csv row 51, enrollment: '-50'")
    assert lines[-1] == "  … and 9,950 more"


def test_ten_thousand_contradictory_rows_find_their_places_in_reasonable_time(tmp_path: Path) -> None:
    """Finding the row of each contradiction used to compare it with every row."""
    header = CAMPUSES.split("\n", 1)[0]
    rows = [f"c{n},C,high,100,36.5,,,Tiny,1" for n in range(10_000)]
    began = time.process_time()
    result = plan(tmp_path, put("campuses.csv", "\n".join([header, *rows])), key('"roster.csv"', "1"))
    assert time.process_time() - began < 10
    assert told(result, "campuses.csv row 2, campus 'c0'", "only lat")


def test_escapes_in_keys_and_file_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    result = plan(
        tmp_path,
        key("[budget]", '"\\u001b[2J\\u202e" = 1\n[budget]'),
        key('"campuses.csv"', '"\\u001b]0;x\\u0007.csv"'),
        officer("oak;elm", "oak;\x1b[31melm"),
    )
    assert told(result, r"objective.'\x1b[2J\u202e'", "unknown key")
    assert told(result, "roster.csv row 2, shared 2", "U+001B")


def test_a_wrong_value_deep_in_nested_tables_is_shown_short(tmp_path: Path) -> None:
    """Python's repr gives up on a table in a table, thousands deep."""
    deep = ".".join("a" * 3_000)
    result = plan(tmp_path, key("[travel]", f"where.{deep} = 1\n[travel]"))
    assert told(result, "plan.toml: where.a", "a list")


def test_a_device_or_a_deep_document_is_no_plan(tmp_path: Path) -> None:
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    for command in ("check", "map"):
        result = CliRunner().invoke(main, [command, str(deep)])
        assert isinstance(result.exception, SystemExit)
        assert result.exit_code == 2
        assert "deep.json: lists nested too deep; expected a plan written by" in result.stderr
        result = CliRunner().invoke(main, [command, "/dev/null"])
        assert "/dev/null: a folder or a device; expected a file" in result.stderr
