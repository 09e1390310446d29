import itertools
import json
import re

import pytest

from sro_coverage.model.solution import SolveParams
from sro_coverage.plan import LIMITS, Beat, CampusPlan, Plan
from sro_coverage.problem import Campus, Officer, Problem
from sro_coverage.report.compare_page import render_comparison_map
from sro_coverage.report.layers import build_views
from sro_coverage.scenario.compare import compare
from tests.report.pages import Reader, check_policy


@pytest.fixture(scope="module")
def page(town, town_with_less):
    return render_comparison_map([town, town_with_less])


@pytest.fixture(scope="module")
def hostile_page(hostile, town):
    other = hostile.model_copy(update={"problem": hostile.problem.replace(title="${alert(1)} </script>")})
    return render_comparison_map([hostile, other, town])


def data_of(document, letter):
    reader = Reader(document)
    return json.loads(next(body for _, a, body in reader.bodies if a.get("id") == f"{letter}-data"))


def test_the_same_plans_give_the_same_bytes(town, town_with_less, page):
    assert render_comparison_map(compare([town, town_with_less])) == page


def test_nothing_is_linked_and_nothing_else_may_run(page, hostile_page):
    for document in (page, hostile_page):
        check_policy(document)
        for tag, attributes in Reader(document).tags:
            assert tag not in ("link", "iframe", "object", "embed", "base", "img")
            assert "src" not in attributes
            assert attributes.get("href", "#").startswith("#")
            assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_hostile_names_are_text(hostile, hostile_page):
    text = Reader(hostile_page).text
    for name in {hostile.problem.title, *(campus.name for campus in hostile.problem.campuses)}:
        assert name in text
    assert hostile_page.count("<script") == hostile_page.count("</script>")
    assert "49 High" not in hostile_page
    for letter in "abc":
        raw = re.search(rf'id="{letter}-data">(.*?)</script>', hostile_page, re.DOTALL).group(1)
        assert not set("<>&\u2028\u2029") & set(raw)


def test_there_is_one_map_for_each_plan_and_links_inside_lead_somewhere(page):
    tags = Reader(page).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {"map_a", "map_b"} <= set(ids)
    targets = {attributes["href"][1:] for tag, attributes in tags if tag == "a"}
    targets |= {name for _, a in tags for name in a.get("aria-labelledby", "").split()}
    assert targets <= set(ids)


def test_changed_campuses_are_marked_in_every_view(page):
    before, after = ({s["id"]: s["change"] for s in data_of(page, letter)["sites"]} for letter in "ab")
    assert after == {
        "elm-elementary": "closed",
        "far-elementary": "",
        "lost-k8": "",
        "new-middle": "opened",
        "north-high": "",
        "oak-elementary": "",
        "south-middle": "less",
        "west-high": "less",
    }
    assert {name for name, change in before.items() if change == "base"} == {
        "elm-elementary",
        "south-middle",
        "west-high",
    }
    assert set(before.values()) == {"", "base"}
    words = {s["id"]: s["summary"] for s in data_of(page, "b")["sites"]}
    assert words["south-middle"].endswith("900 students, less than before")
    assert words["elm-elementary"] == "Elm Elementary, closed: not in this plan"


def test_beside_several_plans_the_base_has_no_marks(town, town_with_less):
    document = render_comparison_map([town, town_with_less, town])
    marks = [{site["change"] for site in data_of(document, letter)["sites"]} for letter in "abc"]
    assert marks == [{""}, {"", "closed", "opened", "less"}, {""}]


def test_an_officer_has_one_number_and_colour_in_all_views(town, town_with_less):
    number = {"o1": 1, "o2": 2}
    for plans in ([town, town_with_less], [town_with_less, town]):
        views = build_views(plans, number)
        colours = [{mark.number: mark.colour for mark in view.officers} for view in views]
        assert colours[0][1] == colours[1][1]
        assert {len(colour) for colour in colours} == {1, 2}
        assert len({view.division.bounds for view in views}) == 1
        assert {view.largest for view in views} == {2000}


def test_territories_that_touch_in_any_view_differ_in_colour():
    side = range(5)
    campuses = tuple(
        Campus(id=f"c{7 * x + y}", name="C", level="high", lat=36 + x / 20, lon=-119 + y / 20, enrollment=9)
        for x, y in itertools.product(side, side)
    )
    problem = Problem(title="Grid", campuses=campuses, officers=tuple(Officer(id=f"o{n}", name="O") for n in range(5)))
    plans = [
        Plan(
            problem=problem,
            status="feasible",
            params=SolveParams(),
            travel="",
            beats=tuple(Beat(officer=f"o{n}", name="O") for n in side),
            campuses=tuple(
                CampusPlan(campus=campus.id, state="shared", officers=(f"o{(turn * index) % 5}",))
                for index, campus in enumerate(problem.campuses)
            ),
        )
        for turn in (1, 2, 3)
    ]
    for view in build_views(plans, {f"o{n}": n + 1 for n in side}):
        colour = {mark.number: mark.colour for mark in view.officers}
        assert view.division.borders
        assert all(colour[one] != colour[other] for one, other in view.division.borders)


def test_numbers_are_those_in_the_ids_where_all_are_only_numbers(town, town_with_less):
    def numbered(plan):
        ids = {officer.id: officer.name.replace("1", "4") for officer in plan.problem.officers}
        officers = tuple(Officer(id=name, name=name) for name in ids.values())
        beats = tuple(b.model_copy(update={"officer": ids[b.officer], "name": ids[b.officer]}) for b in plan.beats)
        rows = tuple(r.model_copy(update={"officers": tuple(ids[o] for o in r.officers)}) for r in plan.campuses)
        problem = plan.problem.replace(officers=officers)
        return plan.model_copy(update={"problem": problem, "beats": beats, "campuses": rows})

    document = render_comparison_map([numbered(town), numbered(town_with_less)])
    assert [officer["number"] for officer in data_of(document, "a")["officers"]] == [2, 4]
    assert [officer["number"] for officer in data_of(document, "b")["officers"]] == [4]


def test_cards_tell_what_the_other_plan_does(page):
    cards = {card["name"]: dict(map(tuple, card["rows"])) for s in data_of(page, "b")["sites"] for card in s["cards"]}
    assert cards["South Middle"]["In plan A"] == "primary, Officer 2"
    assert cards["New Middle"]["In plan A"] == "not in it"
    assert cards["Elm Elementary"]["State"] == "closed: not in this plan"


def test_tables_tell_figures_changes_officers_and_sources(town, town_with_less, page):
    text = " ".join(Reader(page).text.split())
    for words in (
        "no officer changes base, 1 shares other campuses; 5 campuses change.",
        "1 officer fewer; 380 fewer students covered;",
        "campus oak-elementary, enrollment",
        "−380",
        town.digest[:12],
        town_with_less.digest[:12],
        town.travel,
        LIMITS,
        "Every tier of every plan is proven.",
    ):
        assert words in text


def test_a_plan_without_an_answer_has_its_place(town, impossible):
    text = " ".join(Reader(render_comparison_map([town, impossible])).text.split())
    assert "no plan exists under these rules" in text
    assert impossible.explanation in text
    assert "B holds no plan (infeasible), so there is nothing to compare with it." in text


def test_a_base_without_an_answer_is_told_and_nothing_is_compared_with_it(town, impossible):
    document = render_comparison_map([impossible, town])
    text = " ".join(Reader(document).text.split())
    for words in (
        "A holds no plan: nothing can be compared with it",
        "There is no plan (infeasible), so nothing can be compared with it.",
        "Every tier of B is proven.",
        "3,280",
        "No plan there is none to draw",
    ):
        assert words in text
    for words in ("differences are against", "Every tier of every plan", "B − A"):
        assert words not in text
    assert 'class="difference' not in document
    assert {site["state"] for site in data_of(document, "a")["sites"]} == {"no plan"}
    assert "uncovered" not in json.dumps(data_of(document, "a")["sites"])


def test_other_hours_and_gaps_are_told(town):
    beat = town.beats[0].model_copy(update={"primary_hours": 1.0})
    tier = town.tiers[-1].model_copy(update={"stopped": "time limit", "bound": None})
    tiers = (*town.tiers[:-1], tier)
    other = town.model_copy(update={"beats": (beat, *town.beats[1:]), "tiers": tiers, "status": "feasible"})
    text = " ".join(Reader(render_comparison_map([town, other])).text.split())
    assert "fewer hours a week there:" in text
    assert "B is not proven best. Gaps by tier: “Visibility, student-hours” unknown." in text


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_two_to_six_plans(town, town_with_less, count):
    document = render_comparison_map([town, *[town_with_less] * (count - 1)])
    assert f'class="views of-{count}"' in document
    assert len([1 for tag, a in Reader(document).tags if a.get("class") == "folium-map"]) == count
