"""Rule packs and the distance from them, against counts made by hand."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from sro_coverage.cli import main
from sro_coverage.errors import DataError
from sro_coverage.mandate import K12, NOTICE, Distance, Pack, Term, lens, read_packs, read_subject
from sro_coverage.planner import solve
from sro_coverage.problem import LEVELS, Budget, Campus, Officer, Problem
from sro_coverage.read import read_problem
from sro_coverage.report.mandate_text import campuses_csv, render_distances
from sro_coverage.report.text import WIDTH
from tests.test_docs import blocks

ROOT = Path(__file__).parents[2]
DINUBA = ROOT / "data" / "dinuba.toml"
PER_CAMPUS = ("texas", "florida", "kentucky")
TABLE = "id,name,level,lat,lon,enrollment\n"

PACK = """
id        = "own"
title     = "Our board's goal"
kind      = "recommendation"
source    = "Resolution 12"
published = "board minutes"
as_of     = "2025-06-10"
standard  = "One officer for each two middle schools."
counting  = "Middle schools only."
[[term]]
who    = "officer"
per    = 2
levels = ["middle"]
"""


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["mandates", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def schools(**counts: int) -> tuple[Campus, ...]:
    return tuple(
        Campus(id=f"{level}{number}", name=f"{level} {number}", level=level, enrollment=0)
        for level, count in counts.items()
        for number in range(count)
    )


def by_id(distances: tuple[Distance, ...]) -> dict[str, Distance]:
    return {distance.pack.id: distance for distance in distances}


def needs(campuses, packs=None) -> dict[str, int | None]:
    return {name: item.need for name, item in by_id(lens(campuses, packs or read_packs())).items()}


def printed(distances: tuple[Distance, ...], title: str = "Town") -> str:
    console = Console(width=WIDTH, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(render_distances(title, distances))
    return capture.get()


# -- the hand-computed table


def test_dinuba_by_hand():
    # Ten schools, each counted for itself: Dinuba High and Sierra Vista (continuation) are the two high schools, one
    # middle school, and seven others (six elementary and the alternative academy). 6,471 students.
    problem = read_problem(DINUBA)
    each_for_itself = tuple(campus.model_copy(update={"site": None}) for campus in problem.campuses)
    found = needs(each_for_itself)
    assert found["ratio-1000"] == 7
    assert [found[name] for name in PER_CAMPUS] == [10, 10, 10]
    assert found["maryland-note"] == 2 + 8 / 2 == 6
    assert found["msd-commission"] == 2 + 1
    have = by_id(lens(problem, read_packs()))["ratio-1000"]
    assert (have.have, have.gap) == (2, 5)


def test_chula_vista_by_hand():
    # As the police counted: 14 high, 7 middle, 45 elementary, 70,560 students; then 2 adult and 4 private schools.
    public = schools(high=14, middle=7, elementary=45)
    public = (public[0].model_copy(update={"enrollment": 70_560}), *public[1:])
    found = needs(public)
    assert found["ratio-1000"] == 71
    assert [found[name] for name in PER_CAMPUS] == [66, 66, 66]
    assert found["maryland-note"] == 14 + 26 == 40
    assert found["msd-commission"] == 21
    assert by_id(lens(public, read_packs(), have=12))["msd-commission"].gap == 9

    every_site = public + schools(k8=4, adult=2)
    packs = by_id(lens((), read_packs(only=["texas", "maryland-note"])))
    everywhere = (
        all_levels(packs["texas"].pack, 0),
        all_levels(packs["maryland-note"].pack, 1, but=("high", "secondary", "k12", "continuation")),
    )
    assert needs(every_site, everywhere) == {"texas": 72, "maryland-note": 14 + 29}


def all_levels(pack: Pack, position: int, but: tuple[str, ...] = ()) -> Pack:
    """The same pack, one of its terms counting every kind of site."""
    levels = tuple(level for level in LEVELS if level not in but)
    terms = list(pack.term)
    terms[position] = terms[position].model_copy(update={"levels": levels})
    return pack.model_copy(update={"term": tuple(terms)})


# -- what counts


def test_a_site_counts_once_where_the_standard_means_sites():
    found = needs(read_problem(DINUBA))  # Sierra Vista and the academy share a site
    assert (found["kentucky"], found["texas"]) == (9, 10)


def test_adult_and_preschool_do_not_count_and_unknown_enrollment_is_a_campus():
    campuses = (*schools(adult=3, preschool=2), Campus(id="new", name="New", level="high"))
    for distance in lens(campuses, read_packs()):
        assert (distance.campuses, distance.unknown) == (1, 1)
        assert distance.need in (None, 1) or distance.pack.id == "ratio-1000"
    assert needs(campuses)["ratio-1000"] == 0
    assert set(K12) == set(LEVELS) - {"adult", "preschool"}


@pytest.mark.parametrize(("students", "need"), [(0, 0), (1, 1), (1000, 1), (1001, 2)])
def test_a_ratio_is_rounded_up(students, need):
    assert needs([Campus(id="a", name="A", level="high", enrollment=students)])["ratio-1000"] == need


def random_campus(rng: random.Random, number: int) -> Campus:
    return Campus(
        id=f"c{number}",
        name="C",
        level=rng.choice(LEVELS),
        enrollment=rng.choice([None, 0, 17, 400, 999, 1000, 2500]),
        site=rng.choice([None, None, "north", "south"]),
    )


def test_adding_a_school_never_lowers_a_need():
    packs = read_packs()
    for seed in range(30):
        rng = random.Random(seed)
        campuses: list[Campus] = []
        before = lens(campuses, packs)
        for number in range(12):
            campuses.insert(rng.randrange(len(campuses) + 1), random_campus(rng, number))
            after = lens(campuses, packs)
            for old, new in zip(before, after, strict=True):
                assert (old.need or 0) <= (new.need or 0)
                assert (old.pays_for or 0) <= (new.pays_for or 0)
                assert old.apart <= new.apart
            before = after


def test_the_campuses_parts_add_up_to_the_need():
    for seed in range(30):
        rng = random.Random(seed)
        campuses = [random_campus(rng, number) for number in range(15)]
        for distance in lens(campuses, read_packs()):
            parts = math.fsum(ask.officers for ask in distance.asks)
            most = distance.need if distance.need is not None else distance.pays_for
            assert 0 <= most - parts < 1 or math.isclose(most, parts)


# -- officers and money


def problem(**changes) -> Problem:
    campuses = [c.model_copy(update={"lat": 36.5, "lon": -119.4, "enrollment": 900}) for c in schools(high=3)]
    officers = (Officer(id="a", name="A"),)
    return Problem(title="Town", campuses=tuple(campuses), officers=officers, **changes)


def test_the_gap_costs_what_the_budget_says_unless_told_otherwise():
    texas = read_packs(only=["texas"])
    budget = Budget(cost_per_officer=100_000, currency="CAD")
    (of_budget,) = lens(problem(budget=budget), texas)
    assert (of_budget.need, of_budget.have, of_budget.gap) == (3, 1, 2)
    assert (of_budget.cost, of_budget.currency) == (200_000, "CAD")
    (told,) = lens(problem(budget=budget), texas, have=2, cost_per_officer=90_000)
    assert (told.gap, told.cost) == (1, 90_000)
    (unknown,) = lens(problem(), texas)
    assert (unknown.gap, unknown.cost) == (2, None)
    (enough,) = lens(problem(budget=budget), texas, have=7)
    assert (enough.gap, enough.cost) == (0, 0)


def test_a_packs_own_cap_is_the_cost_where_no_other_is_known():
    (pack,) = read_packs(only=["texas"])
    (distance,) = lens(problem(), [pack.model_copy(update={"cost_cap": 50_000})])
    assert distance.cost == 100_000


def test_a_grant_has_no_need_and_pays_up_to_its_cap_for_the_officers_there_are():
    grant = read_packs(only=["tennessee-grant"])
    (distance,) = lens(problem(budget=Budget(cost_per_officer=100_000, currency="CAD")), grant)
    assert (distance.need, distance.gap, distance.pays_for) == (None, None, 1)
    assert (distance.cost, distance.currency) == (75_000, "USD")
    (many,) = lens(problem(), grant, have=9)
    assert (many.pays_for, many.cost) == (3, 225_000)
    (unknown,) = lens(schools(high=2), grant)
    assert (unknown.have, unknown.pays_for) == (None, 2)


# -- what a plan gives


def test_each_campus_has_what_is_asked_and_what_the_plan_gives():
    plan = solve(read_problem(DINUBA))
    distances = by_id(lens(plan, read_packs()))
    maryland = {ask.campus: ask for ask in distances["maryland-note"].asks}
    assert (maryland["dinuba_high"].asks, maryland["dinuba_high"].gives) == ("1 officer", "based")
    assert maryland["wilson_elementary"].officers == 0.5
    assert maryland["wilson_elementary"].asks == "1 officer for 2 such campuses together"
    assert maryland["wilson_elementary"].gives == "none"  # on-call: nobody is scheduled
    assert (maryland["dinuba_adult"].asks, maryland["dinuba_adult"].officers) == ("not counted (adult)", 0)
    kentucky = {ask.campus: ask for ask in distances["kentucky"].asks}
    assert kentucky["sierra_vista_high"].asks == "1 certified school resource officer for the whole site"
    assert kentucky["sierra_vista_high"].gives == "shared"
    commission = {ask.campus: ask for ask in distances["msd-commission"].asks}
    assert commission["wilson_elementary"].asks == "1 law enforcement officer or guardian"
    assert commission["wilson_elementary"].officers == 0
    assert distances["msd-commission"].apart == 7
    assert distances["ratio-1000"].asks[1].asks == "1 school resource officer for 1,000 students"
    text = printed(tuple(distances.values()))
    assert "based   shared   none" in text
    assert "2        2      6" in text


# -- packs


def test_bundled_packs_are_dated_cited_and_shipped():
    packs = read_packs()
    assert [pack.id for pack in packs] == [
        *("florida", "kentucky", "maryland-note", "msd-commission", "ratio-1000", "tennessee-grant", "texas")
    ]
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    folder = ROOT / "sro_coverage" / "mandate"
    assert {p for glob in shipped["sro_coverage.mandate"] for p in folder.glob(glob)} == set(folder.rglob("*.toml"))
    assert all(pack.state for pack in packs if pack.kind in ("law", "cost note", "grant"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('source    = "Resolution 12"', ""), "own.toml: source: nothing there"),
        (('source    = "Resolution 12"', 'source = "  "'), "own.toml: source: '  '; expected a text that is not empty"),
        (('as_of     = "2025-06-10"', ""), "own.toml: as_of: nothing there"),
        (('as_of     = "2025-06-10"', 'as_of = "last June"'), "own.toml: as_of: 'last June'; expected a date"),
        (('as_of     = "2025-06-10"', 'as_of = "2025-06-31"'), "own.toml: as_of: '2025-06-31'; expected a date"),
        (('as_of     = "2025-06-10"', "as_of = 2025"), "own.toml: as_of: 2025; expected a date in quotes"),
        (("per    = 2", "per = 0"), "own.toml: term 1.per: 0; expected at least 1"),
        (("per    = 2", "each = 2"), "own.toml: term 1.each: unknown key"),
        (('["middle"]', '["junior"]'), "own.toml: term 1.levels 1: 'junior'; expected one of"),
        (('["middle"]', "[]"), "own.toml: term 1.levels"),
        (('"own"', '"texas"'), "own.toml: id: 'texas' is another pack's"),
        (("[[term]]", "[term"), "own.toml: the file: not TOML"),
        (("[[term]]", "[term]"), "a list of tables: [[term]], in double brackets"),
        (('who    = "officer"', 'who = "\\u001b[31m"'), "without the control character U+001B"),
    ],
)
def test_a_pack_that_cannot_be_used_is_refused_by_file_and_key(tmp_path, change, told):
    assert change[0] in PACK
    path = write(tmp_path / "own.toml", PACK.replace(*change))
    with pytest.raises(DataError) as error:
        read_packs([path])
    assert told in str(error.value)


def test_all_faults_are_told_at_once(tmp_path):
    path = write(tmp_path / "own.toml", PACK.replace("as_of", "date").replace("source", "cited"))
    with pytest.raises(DataError) as error:
        read_packs([path, tmp_path / "none.toml"])
    assert {issue.where for issue in error.value.issues} >= {"own.toml: source", "own.toml: as_of"}
    assert "no such file" in str(error.value)


def test_a_pack_that_is_wrong_is_not_also_unknown(tmp_path):
    path = write(tmp_path / "own.toml", PACK.replace('"2025-06-10"', '"last June"'))
    result = run(DINUBA, "--pack", path, "--only", "own")
    assert result.exit_code == 2
    assert result.output.startswith("1 problem found")
    assert "own.toml: as_of" in result.output
    assert "--only: 'nevada'; expected one of florida" in run(DINUBA, "--only", "nevada").output


def test_a_toml_date_is_a_date(tmp_path):
    path = write(tmp_path / "own.toml", PACK.replace('"2025-06-10"', "2025-06-10"))
    assert read_packs([path], only=["own"])[0].as_of == "2025-06-10"


# -- what is shown


def test_everything_shown_is_dated_cited_and_no_accusation():
    packs = read_packs()
    text = " ".join(printed(lens(read_problem(DINUBA), packs)).split())
    for pack in packs:
        assert pack.as_of in text
        assert " ".join(pack.source.split()) in text
        assert not pack.state or f"of {pack.state}, and speaks there only" in text
    assert NOTICE in text
    assert "not legal advice" in NOTICE
    assert "attributed to NASRO" in text
    assert "requires" not in text
    assert "violat" not in text.lower()


def test_hostile_text_is_harmless():
    name = "=HYPERLINK(1)[red]\u202eABC"
    (pack,) = read_packs(only=["texas"])
    pack = pack.model_copy(update={"title": name, "term": (Term(who="+officer[/]"),)})
    distances = lens([Campus(id="@a", name=name, level="high")], [pack], have=0)
    text = printed(distances, name)
    assert "\u202e" not in text
    assert "=HYPERLINK(1)[red]ABC" in text
    (row,) = csv.DictReader(io.StringIO(campuses_csv(distances)))
    assert (row["campus"], row["name"][0], row["asks"]) == ("'@a", "'", "1 +officer[/]")


# -- the command


def test_a_table_alone(tmp_path):
    table = write(tmp_path / "t.csv", TABLE + "a,Alder,high,,,1200\nb,Birch,k8,,,\n")
    result = run(table)
    assert result.exit_code == 0
    assert "--officers says it" in result.output
    assert read_subject(table)[0].name == "Alder"
    assert "the enrollment of 1 is not known" in " ".join(result.output.split())
    distances = json.loads(run(table, "--officers", 1, "--cost-per-officer", 100, "--json").output)["distances"]
    texas = next(item for item in distances if item["pack"]["id"] == "texas")
    assert (texas["need"], texas["have"], texas["gap"], texas["cost"]) == (2, 1, 1, 100)


def test_own_pack_and_list_of_campuses(tmp_path):
    own = write(tmp_path / "own.toml", PACK)
    plan = write(tmp_path / "plan.json", solve(read_problem(DINUBA)).to_json())
    result = run(plan, "--pack", own, "--only", "own", "--csv", tmp_path / "out.csv")
    assert result.exit_code == 0
    assert "Our board's goal" in result.output
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"))))
    assert len(rows) == 12
    (middle,) = (row for row in rows if row["level"] == "middle")
    assert (middle["officers"], middle["plan_gives"], middle["as_of"]) == ("0.5", "based", "2025-06-10")


def test_wrong_input_is_told_and_nothing_is_written(tmp_path):
    table = write(tmp_path / "t.csv", TABLE + "a,Alder,castle,,,1200\n")
    assert run(table, "--csv", table).exit_code == 2
    result = run(table, "--csv", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "t.csv row 2, level" in result.output
    assert not (tmp_path / "out.csv").exists()
    assert run(write(tmp_path / "plan.json", "{}")).exit_code == 2
    assert run(write(tmp_path / "deep.json", "[" * 100_000)).exit_code == 2


def small_plan_file(folder: Path) -> Path:
    write(folder / "campuses.csv", TABLE + "a,Alder,high,36.5,-119.4,1200\nb,Birch,k8,36.51,-119.4,300\n")
    write(folder / "roster.csv", "id,name\n1,Reyes\n2,Cho\n")
    return write(folder / "plan.toml", 'title = "Town"\ncampuses = "campuses.csv"\nofficers = "roster.csv"\n')


def test_no_file_that_was_read_is_overwritten(tmp_path):
    plan = small_plan_file(tmp_path)
    what_if = write(tmp_path / "what_if.toml", 'base = "plan.toml"\nabsent = ["1"]\n')
    own = write(tmp_path / "own.toml", PACK)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for file in (plan, what_if):
        for target in before.keys() - {what_if} | {file}:
            result = run(file, "--pack", own, "--csv", target)
            assert result.exit_code == 2
            assert "would overwrite an input" in result.output
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_plan_that_was_changed_is_refused(tmp_path):
    plan = json.loads(solve(read_problem(small_plan_file(tmp_path))).to_json())
    written = write(tmp_path / "plan.json", json.dumps(plan))
    assert run(written).exit_code == 0
    plan["campuses"][0]["state"] = "uncovered"
    result = run(write(written, json.dumps(plan)), "--csv", tmp_path / "out.csv")
    assert result.exit_code == 2
    assert "plan.json: digest: the document was changed after it was written" in result.output
    assert not (tmp_path / "out.csv").exists()


def test_a_scenario_is_looked_at_with_its_changes(tmp_path):
    small_plan_file(tmp_path)
    path = write(tmp_path / "what_if.toml", 'base = "plan.toml"\ntitle = "What if"\nabsent = ["1"]\n')
    result = run(path, "--json", "--only", "texas")
    assert result.exit_code == 0
    (distance,) = json.loads(result.stdout)["distances"]
    assert (distance["need"], distance["have"], distance["gap"]) == (2, 1, 1)
    assert result.stderr == "Changed: Reyes absent\n"
    assert run(path).stdout.startswith("What if: distance")


def test_officers_that_the_file_has_are_not_overridden(tmp_path):
    plan = small_plan_file(tmp_path)
    result = run(plan, "--officers", 5)
    assert result.exit_code == 2
    assert "--officers: 5, but plan.toml has 2 of its own" in result.output
    assert run(tmp_path / "campuses.csv", "--officers", 5).exit_code == 0


@pytest.mark.parametrize("cost", ["nan", "inf", "-1"])
def test_a_cost_that_is_no_amount_is_told_once(cost):
    result = run(DINUBA, f"--cost-per-officer={cost}")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count(cost) == 1


def test_options_packs_and_file_are_told_together(tmp_path):
    plan = write(tmp_path / "plan.toml", 'campuses = "none.csv"\nofficers = 2\n')
    result = run(plan, "--only", "nevada", "--csv", plan)
    assert result.exit_code == 2
    assert "--only: 'nevada'" in result.output
    assert "none.csv: no such file" in result.output
    assert "would overwrite an input" in result.output


# -- the page


def test_the_page_shows_what_the_program_prints():
    expected = printed(lens(read_problem(ROOT / "data" / "chula_vista.toml"), read_packs()), "Chula Vista, 12 officers")
    shown = blocks("docs/mandates.md", "text")[0]
    assert [line.rstrip() for line in shown.splitlines()] == [line.rstrip() for line in expected.splitlines()]


def test_the_pages_pack_is_valid(tmp_path):
    (text,) = blocks("docs/mandates.md", "toml")
    (pack,) = read_packs([write(tmp_path / "board.toml", text)], only=["our-board"])
    assert {term.of for term in pack.term} == {"campuses", "students"}


def test_the_pages_python_runs(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = blocks("docs/mandates.md", "python")
    exec(compile(code, "docs/mandates.md", "exec"), {})
    said = [line.removeprefix("# ") for line in code.splitlines() if line.startswith("# ")]
    assert capsys.readouterr().out.splitlines() == said
