"""Good files mean what they say."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from sro_coverage.errors import DataError
from sro_coverage.problem import Assignment, Budget, Objective, Policy, Problem, StraightLine
from sro_coverage.read import read_plan_file, read_problem
from tests.read.files import CAMPUSES, PLAN, ROSTER, Change, Files, add, excel, put, swap, workbook


def read(tmp_path: Path, *changes: Change) -> Problem:
    files = Files()
    for change in changes:
        change(files)
    return read_problem(files.write(tmp_path))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    """The good files as they stand: five campuses to plan, a sixth without point and enrollment."""
    return read(tmp_path_factory.mktemp("good"))


def test_only_campuses_and_officers_are_needed(tmp_path: Path) -> None:
    problem = read(tmp_path, put("plan.toml", 'campuses = "campuses.csv"\nofficers = 2\n'))
    assert problem.title == "plan"  # the file's name
    assert [officer.name for officer in problem.officers] == ["Officer 1", "Officer 2"]
    assert problem.policy == Policy()
    assert problem.travel == StraightLine()
    assert problem.objective == Objective()
    assert (problem.pins, problem.forbids, problem.budget) == ((), (), None)
    assert problem.order == ("coverage", "primary", "reach", "travel", "visibility")


def test_every_section_is_read(good: Problem) -> None:
    assert good.title == "Tiny"
    assert good.travel.speed_kph == 40
    assert good.order == ("coverage", "primary", "reach", "travel")
    assert good.objective.tolerance.primary == 0.05
    assert good.budget == Budget(cost_per_officer=150_000)
    assert [campus.id for campus in good.campuses] == ["elm", "hill", "north", "oak", "south", "vale"]


def test_a_roster_is_read_with_its_lists(good: Problem) -> None:
    reyes, cho = good.officers
    assert (reyes.primary, reyes.shared, reyes.levels, reyes.excluded) == ("north", ("oak", "elm"), (), ())
    assert cho.levels == ("high", "middle", "alternative")
    assert cho.excluded == ("elm",)
    assert (cho.home_lat, cho.home_lon, cho.max_commute_min) == (36.55, -119.38, 15)
    assert good.has_current_plan


def test_the_current_plan_brings_the_continuity_tier(tmp_path: Path) -> None:
    problem = read(tmp_path, swap("plan.toml", 'order = ["coverage", "primary", "reach", "travel"]', ""))
    assert problem.order[-1] == "continuity"


def test_rows_without_point_or_enrollment_are_kept_as_not_planned(tmp_path: Path) -> None:
    problem = read(tmp_path, swap("campuses.csv", ",50,", ",,"))
    assert {campus.id: campus.not_planned for campus in problem.not_planned} == {
        "hill": "no enrollment",
        "vale": "no point and no enrollment",
    }
    assert "hill" not in problem.site_of


def test_zero_students_are_known_students(tmp_path: Path) -> None:
    problem = read(tmp_path, swap("campuses.csv", ",50,", ",0,"))
    assert "hill" in problem.site_of


def test_paths_are_relative_to_the_plan_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "tables").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tables" / "campuses.csv").write_text(CAMPUSES)
    (tmp_path / "tables" / "roster.csv").write_text(ROSTER)
    plan = PLAN.replace('"campuses.csv"', '"../tables/campuses.csv"').replace('"roster.csv"', '"../tables/roster.csv"')
    (tmp_path / "plans" / "plan.toml").write_text(plan)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(read_problem("../plans/plan.toml").campuses) == 6


def test_the_inputs_are_named_with_their_digests(tmp_path: Path) -> None:
    got = read_plan_file(Files().write(tmp_path))
    assert [item.file for item in got.inputs] == ["plan.toml", "campuses.csv", "roster.csv"]
    assert got.inputs[1].sha256 == hashlib.sha256(CAMPUSES.encode()).hexdigest()
    assert got.paths == tuple(tmp_path / item.file for item in got.inputs)


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ('level = "elementary"', ["elm", "oak"]),
        ('level = ["high", "middle"]', ["north", "south"]),
        ('level = "elementary"\nrisk = "1"\nid = " oak "', ["oak"]),
    ],
)
def test_where_keeps_the_rows_with_these_values(tmp_path: Path, where: str, ids: list[str]) -> None:
    plan = f'campuses = "campuses.csv"\nofficers = 1\n[where]\n{where}\n'
    assert [campus.id for campus in read(tmp_path, put("plan.toml", plan)).campuses] == ids


def test_rows_that_where_leaves_out_may_be_wrong(tmp_path: Path) -> None:
    plan = 'campuses = "campuses.csv"\nofficers = 1\nwhere = { level = "elementary" }\n'
    problem = read(tmp_path, put("plan.toml", plan), swap("campuses.csv", ",1200,", ",unknown,"))
    assert len(problem.campuses) == 2


def test_pins_and_forbids_in_both_spellings(tmp_path: Path) -> None:
    rules = """
[[pin]]
officer = "cho"
primary = "south"
[[pin]]
campus = "oak"
state = "on-call"
[[pin]]
uncovered = "hill"
[[pin]]
officer = "reyes"
campus = "north"
[[forbid]]
officer = "reyes"
campus = "elm"
[[forbid]]
on-call = "elm"
"""
    problem = read(tmp_path, add("plan.toml", rules))
    assert problem.pins == (
        Assignment(campus="south", officer="cho", state="primary"),
        Assignment(campus="oak", state="on-call"),
        Assignment(campus="hill", state="uncovered"),
        Assignment(campus="north", officer="reyes"),
    )
    assert problem.forbids == (Assignment(campus="elm", officer="reyes"), Assignment(campus="elm", state="on-call"))


def test_a_campus_rule_overrides_its_level(good: Problem) -> None:
    rules = {campus.id: good.rule(campus) for campus in good.campuses}
    assert rules["oak"].visits_per_week == 1
    assert rules["oak"].states == ("shared", "on-call")  # from its level
    assert rules["elm"].visits_per_week == 2
    assert rules["north"].states == ("primary", "shared", "on-call")


def test_the_weight_column_replaces_enrollment_as_demand(tmp_path: Path) -> None:
    problem = read(tmp_path, swap("plan.toml", "order =", 'weight = "risk"\norder ='))
    assert {site.id: site.demand for site in problem.sites} == {"elm": 1, "hill": 2, "north": 5, "oak": 1, "south": 3}
    assert sum(site.enrollment for site in problem.sites) == 2550


def test_a_campus_that_is_not_planned_needs_no_weight(tmp_path: Path) -> None:
    weighted = swap("plan.toml", "order =", 'weight = "risk"\norder =')
    problem = read(tmp_path, weighted, swap("campuses.csv", "adult,,,,,Tiny,2", "adult,,,,,Tiny,"))
    assert [campus.id for campus in problem.not_planned] == ["vale"]


# -- the same table in other clothes

CLOTHES = {
    "Excel": excel(),
    "a byte order mark": put("campuses.csv", b"\xef\xbb\xbf" + CAMPUSES.encode()),
    "semicolons": put("campuses.csv", CAMPUSES.replace(",", ";")),
    "tabs": put("campuses.csv", CAMPUSES.replace(",", "\t")),
    "Windows line ends": put("campuses.csv", CAMPUSES.replace("\n", "\r\n")),
    "no last line end": put("campuses.csv", CAMPUSES.rstrip("\n")),
    "blank lines": put("campuses.csv", CAMPUSES.replace("\n", "\n\n,,,,,,,,\n")),
    "spaces around": put("campuses.csv", CAMPUSES.replace(",", " , ")),
    "every cell in quotes": put(
        "campuses.csv", "\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in CAMPUSES.splitlines())
    ),
    "rows the other way round": put(
        "campuses.csv", "\n".join([CAMPUSES.split("\n")[0], *CAMPUSES.strip().split("\n")[:0:-1]])
    ),
    "columns the other way round": put(
        "campuses.csv", "\n".join(",".join(line.split(",")[::-1]) for line in CAMPUSES.splitlines())
    ),
    "more columns": put("campuses.csv", "\n".join(line + ",more" for line in CAMPUSES.splitlines())),
    "columns without a name": put("campuses.csv", CAMPUSES.replace("\n", ",,\n")),
    "empty columns in between": put("campuses.csv", CAMPUSES.replace(",", ",,")),
    "a formula in a column that is not used": excel(lambda sheet: sheet.cell(2, 9, "=1+4")),
    "an error in a column that is not used": excel(lambda sheet: sheet.cell(2, 8, "#REF!")),
}


@pytest.mark.parametrize("change", CLOTHES.values(), ids=CLOTHES)
def test_the_same_table_in_other_clothes_is_the_same_problem(tmp_path: Path, good: Problem, change: Change) -> None:
    assert read(tmp_path, change) == good


def test_a_formula_matters_once_its_column_is_the_weight(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"campuses\.xlsx I2: the formula"):
        read(
            tmp_path,
            excel(lambda sheet: sheet.cell(2, 9, "=1+4")),
            swap("plan.toml", "order =", 'weight = "risk"\norder ='),
        )


def test_a_roster_in_excel_is_the_same_roster(tmp_path: Path, good: Problem) -> None:
    problem = read(
        tmp_path,
        swap("plan.toml", "roster.csv", "roster.xlsx"),
        put("roster.xlsx", workbook(ROSTER, lambda sheet: None)),
    )
    assert problem == good


# -- ids


def with_ids(*ids: str) -> str:
    rows = [f"{campus_id},C{n},high,100,36.5,-119.4" for n, campus_id in enumerate(ids)]
    return "\n".join(["id,name,level,enrollment,lat,lon", *rows])


SHORT_PLAN = 'campuses = "campuses.{}"\nofficers = 1\n'


def test_ids_keep_their_leading_zeros_in_csv(tmp_path: Path) -> None:
    problem = read(tmp_path, put("plan.toml", SHORT_PLAN.format("csv")), put("campuses.csv", with_ids("007", "7")))
    assert [campus.id for campus in problem.campuses] == ["007", "7"]


def test_ids_keep_their_leading_zeros_in_excel(tmp_path: Path) -> None:
    """As text, or as a number that a format such as 00000 shows with zeros; a bare number is as it looks."""

    def edit(sheet) -> None:
        sheet.cell(2, 1).value = "00501"
        sheet.cell(3, 1).number_format = "00000"
        sheet.cell(5, 1).value = 54755315431184.0

    table = workbook(with_ids("text", "502", "503", "cds"), edit)
    problem = read(tmp_path, put("plan.toml", SHORT_PLAN.format("xlsx")), put("campuses.xlsx", table))
    assert [campus.id for campus in problem.campuses] == ["00501", "00502", "503", "54755315431184"]


DROP_DOWN = b'<extLst><ext uri="{CCE6A557-97BC-4B89-ADB6-D9C93CAAB3DF}"></ext></extLst>'


def rewritten(part: str, old: bytes, new: bytes) -> bytes:
    """Change one part of a good workbook as another program would have written it."""
    changed = BytesIO()
    with ZipFile(BytesIO(workbook(CAMPUSES, lambda sheet: None))) as good, ZipFile(changed, "w") as other:
        for name in good.namelist():
            content = good.read(name)
            if name.endswith(part):
                assert old in content
                content = content.replace(old, new)
            other.writestr(name, content)
    return changed.getvalue()


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("sheet1.xml", b'<dimension ref="A1:I7"', b'<dimension ref="A1"'),
        ("sheet1.xml", b"</worksheet>", DROP_DOWN + b"</worksheet>"),
    ],
    ids=["a size that is not true", "a drop-down list"],
)
def test_workbooks_of_other_programs_are_read_whole(tmp_path: Path, part: str, old: bytes, new: bytes) -> None:
    """A dimension of A1 used to lose every row, and a drop-down list to print a warning."""
    table = rewritten(part, old, new)
    problem = read(tmp_path, put("plan.toml", SHORT_PLAN.format("xlsx")), put("campuses.xlsx", table))
    assert len(problem.campuses) == 6


HOSTILE = [
    "{{7*7}}",
    "{% raw %}",
    "${process.exit()}",
    "`id`",
    "</script><img src=x onerror=alert(1)>",
    "=HYPERLINK(1)",
    "@SUM(1)",
    "מקיף שבעה",
    "\u202eevil",
    "الثانوية",
    "%s %n {0}",
    "../../etc/passwd",
    "__proto__",
    "🏫",
    "[bold]x[/bold]",
]


def test_hostile_and_foreign_names_are_text(tmp_path: Path) -> None:
    rows = [f"{text},{text},high,100,36.5,-119.4,{text}" for text in HOSTILE]
    table = "\n".join(["id,name,level,enrollment,lat,lon,site", *rows])
    problem = read(tmp_path, put("plan.toml", SHORT_PLAN.format("csv")), put("campuses.csv", table))
    assert {campus.name for campus in problem.campuses} == set(HOSTILE)
    assert {campus.id for campus in problem.campuses} == set(HOSTILE)


def test_a_file_name_that_is_no_text_gives_a_title_that_is(tmp_path: Path) -> None:
    """The title stands in the plan, which is written as UTF-8; such a name could not be."""
    Files().write(tmp_path)
    path = tmp_path / "caf\udce9 \x1b[1m.toml"
    path.write_text(PLAN.replace('title = "Tiny"', ""))
    got = read_plan_file(path)
    assert got.problem.title == "caf? ?[1m"
    assert got.inputs[0].file == "caf? ?[1m.toml"
