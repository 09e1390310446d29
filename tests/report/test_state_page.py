import json
import re

import pytest

from sro_coverage.errors import DataError
from sro_coverage.plan import LIMITS
from sro_coverage.report.layers import build_layers
from sro_coverage.report.page import render_map
from sro_coverage.report.state_page import render_state
from sro_coverage.report.state_view import AgencyView, StateView, agency_view, agency_without_plan, back_to
from tests.report.conftest import HOSTILE
from tests.report.pages import Reader, check_policy


def agencies(town, town_with_less, impossible):
    """One agency of each kind: proven, not proven, without a plan, failed, without officers."""
    tiers = (town.tiers[0].model_copy(update={"bound": 100, "best": 120, "stopped": "time limit"}), *town.tiers[1:])
    unproven = town_with_less.model_copy(update={"tiers": tiers, "status": "feasible"})
    based = agency_view("T", "Small Town", town)
    nobody = based.figures.model_copy(
        update={
            "students": dict.fromkeys(based.figures.students, 0) | {"uncovered": based.students},
            "campuses": dict.fromkeys(based.figures.campuses, 0) | {"uncovered": based.campuses},
            "officers": 0,
            "based": 0,
        }
    )
    idle = agency_without_plan(
        "N", "No Officers", status="no officers", officers=0, campuses=town.problem.campuses, figures=nobody
    )
    return (
        agency_view("T", "Small Town", town, page="maps/town.html"),
        agency_view("L", "Less Town", unproven, page="maps/less.html"),
        agency_view("I", "Impossible", impossible),
        agency_without_plan(
            "F", "Failed", status="failed", reason="row 7: no officers", campuses=town.problem.campuses
        ),
        idle,
    )


@pytest.fixture(scope="module")
def state(town, town_with_less, impossible):
    return agencies(town, town_with_less, impossible)


@pytest.fixture(scope="module")
def page(state):
    return render_state(StateView("A State", state, ("At most 60 s.",)))


@pytest.fixture(scope="module")
def hostile_page(hostile):
    attacks = (
        agency_without_plan(name, name, status="failed", reason=name, campuses=hostile.problem.campuses)
        for name in HOSTILE
    )
    return render_state(StateView(HOSTILE[3], (agency_view("h", HOSTILE[5], hostile), *attacks), HOSTILE))


def data_of(document):
    return json.loads(next(body for _, a, body in Reader(document).bodies if a.get("id") == "state-data"))


def test_a_view_tells_what_the_agencys_map_tells(town):
    view = agency_view("T", "Small Town", town)
    sites = build_layers(town).sites
    assert [(dot.name, dot.state, dot.officers) for dot in view.dots] == [(s.name, s.state, s.officers) for s in sites]
    assert view.unplaced == 1
    assert view.students == sum(campus.enrollment for campus in town.problem.campuses if not campus.not_planned)
    assert view.figures.students["uncovered"] == 120


def test_a_view_survives_a_file(state):
    for view in state:
        assert AgencyView(**json.loads(json.dumps(view.model_dump(mode="json")))) == view


def test_without_a_plan_nobody_is_called_uncovered(impossible, town):
    assert {dot.state for dot in agency_view("I", "Impossible", impossible).dots} == {"no plan"}
    failed = agency_without_plan("F", "Failed", status="failed", campuses=town.problem.campuses)
    assert "uncovered" not in {dot.state for dot in failed.dots}


def test_without_officers_everybody_is_uncovered(state, town):
    idle = state[-1]
    assert {dot.state for dot in idle.dots} == {"uncovered", "not planned"}
    assert idle.students == state[0].students


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//evil.example", "https://evil.example", "../up.html", "a b"])
def test_only_files_beside_the_page_are_linked(link):
    with pytest.raises(DataError, match="a file beside the page"):
        AgencyView(id="a", name="A", status="optimal", page=link)


def test_the_same_agencies_in_any_order_give_the_same_bytes(state, page):
    assert render_state(StateView("A State", iter(state[::-1]), ("At most 60 s.",))) == page


def test_agencies_that_need_a_look_come_first(page):
    named = [agency["name"] for agency in data_of(page)["agencies"]]
    assert named == ["Failed", "Impossible", "Less Town", "No Officers", "Small Town"]


def test_sums_are_those_of_the_agencies(state, page):
    text = Reader(page).text
    covered = sum(view.figures.students["primary"] + view.figures.students["shared"] for view in state if view.figures)
    assert f"{covered:,}" in text
    assert re.search(rf"No plan\s*{sum(v.students for v in state if not v.figures):,}", text)
    assert re.search(r"1 proven · 1 without officers · 1 not proven\s*· 2 without a plan", text)


def test_the_table_tells_everything(state, page):
    text = Reader(page).text
    for view in state:
        assert view.name in text
    assert "row 7: no officers" in text
    assert "Gap to the proven bound: students not covered 16.7%." in text
    assert LIMITS in text
    assert "At most 60 s." in text
    links = [a["href"] for tag, a in Reader(page).tags if tag == "a"]
    assert links == ["#find", "maps/less.html", "maps/town.html"]


def test_how_it_was_made_is_told_once_for_all_who_share_it(page, town):
    text = Reader(page).text
    assert text.count(f"Travel times: {town.travel}.") == 1
    assert "3 of 5 agencies" in text


def test_a_weight_in_place_of_students_is_told(town):
    objective = town.problem.objective.model_copy(update={"weight": "need"})
    weighed = town.model_copy(update={"problem": town.problem.replace(objective=objective)})
    text = Reader(render_state(StateView("A State", [agency_view("T", "Town", weighed)]))).text
    assert "the tiers count the column “need” in place of students" in text


def test_policy_allows_exactly_the_scripts_and_styles_of_the_page(page, hostile_page):
    check_policy(page)
    check_policy(hostile_page)


def test_nothing_is_fetched(page, hostile_page):
    for document in (page, hostile_page):
        reader = Reader(document)
        assert not [tag for tag, a in reader.tags if tag in ("link", "iframe", "img", "base") or "src" in a]
        assert not [name for _, a in reader.tags for name in a if name == "style" or name.startswith("on")]
        styles = "".join(body for tag, _, body in reader.bodies if tag == "style")
        assert "url(" not in styles


def test_hostile_texts_are_text(hostile_page):
    reader = Reader(hostile_page)
    assert {agency["name"] for agency in data_of(hostile_page)["agencies"]} == set(HOSTILE)
    for name in HOSTILE:
        assert name in reader.text
    assert hostile_page.count("<script") == hostile_page.count("</script>")
    raw = re.search(r'id="state-data">(.*?)</script>', hostile_page, re.DOTALL).group(1)
    assert not set("<>&\u2028\u2029") & set(raw)


def test_many_agencies_fold_the_long_table(state):
    many = [state[0].model_copy(update={"id": f"T{number}"}) for number in range(101)]
    assert "<details open>" in render_state(StateView("Few", many[:100]))
    assert "<details>" in render_state(StateView("Many", many))


def test_a_state_without_agencies_or_points_is_drawn():
    assert "0 agencies" in Reader(render_state(StateView("Empty", ()))).text


def test_the_way_back_from_an_agencys_map(town):
    link = back_to("../index.html", 'a&b "c"')
    assert link == "../index.html#agency=a%26b%20%22c%22"
    reader = Reader(render_map(town, back=link))
    assert [a["href"] for tag, a in reader.tags if tag == "a"][1] == link
    assert "Back to the state" in reader.text
    assert "Back to the state" not in Reader(render_map(town)).text
