import pytest

from sro_coverage.problem import Campus
from sro_coverage.report.page import render_map
from sro_coverage.report.state_page import render_state
from sro_coverage.report.state_view import StateView, agency_view, agency_without_plan, back_to
from tests.report.conftest import HOSTILE
from tests.report.pages import violations

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def document(town, town_with_less, impossible):
    agencies = (
        agency_view("T/1", "Small Town", town, page="maps/town.html"),
        agency_view("L", "Less Town", town_with_less),
        agency_view("I", "Ímpossible", impossible),
        agency_without_plan("F", "Failed", status="failed", reason="row 7", campuses=town.problem.campuses[:1]),
    )
    return render_state(StateView("A State", agencies))


def shown(page):
    return page.locator("#rows tr:visible button").all_inner_texts()


def focused(page):
    return page.evaluate("document.activeElement.textContent")


def ink(page, colour=None):
    """Count the pixels of the map that are drawn on, or have one colour."""
    return page.evaluate(
        """wanted => {
          const sheet = document.querySelector('#map canvas');
          const data = sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height).data;
          let count = 0;
          for (let at = 0; at < data.length; at += 4) {
            const isWanted = !wanted || wanted.every((part, place) => data[at + place] === part);
            if (data[at + 3] && isWanted) { count += 1; }
          }
          return count;
        }""",
        colour and [int(colour[start : start + 2], 16) for start in (1, 3, 5)],
    )


def middle(page):
    box = page.locator("#map").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_page_asks_for_nothing_and_reports_nothing(visit, document):
    seen = visit(document)
    assert len(seen.requests) == 1
    assert seen.errors == []
    assert ink(seen.page) > 100


def test_agencies_are_found_and_sorted(visit, document):
    page = visit(document).page
    assert shown(page)[:2] == ["Failed", "Ímpossible"]
    page.fill("#find", "impos")
    assert shown(page) == ["Ímpossible"]
    assert page.locator("#found").inner_text() == "1 of 4 agencies"
    page.fill("#find", "t/1")
    assert shown(page) == ["Small Town"]
    page.fill("#find", "nobody")
    assert shown(page) == []
    page.fill("#find", "")
    page.select_option("#sort", "name")
    assert shown(page) == ["Failed", "Ímpossible", "Less Town", "Small Town"]
    page.select_option("#sort", "missed")
    assert set(shown(page)[:2]) == {"Less Town", "Small Town"}


def test_everything_is_reached_with_the_keyboard(visit, document, town):
    page = visit(document).page
    page.focus("#find")
    page.keyboard.type("town")
    page.keyboard.press("ArrowDown")
    first = focused(page)
    page.keyboard.press("ArrowDown")
    assert {first, focused(page)} == {"Small Town", "Less Town"}
    page.keyboard.press("Home")
    assert focused(page) == first
    page.keyboard.press("Enter")
    assert focused(page) == first
    assert page.evaluate("document.activeElement.tagName") == "H2"
    campus = page.locator("#agency .list button").first
    campus.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "H3"
    assert focused(page) == campus.text_content()
    page.keyboard.press("Escape")
    assert page.locator(".leaflet-popup").count() == 0
    assert focused(page) == campus.text_content()
    page.keyboard.press("Escape")
    assert page.locator("#agency").is_hidden()
    assert focused(page) == first


def test_an_agency_is_shown_in_full_and_left_again(visit, document, town):
    page = visit(document).page
    view = agency_view("T", "Small Town", town)
    assert [ink(page, colour) for colour in view.colours] == [0, 0]
    page.get_by_role("button", name="Small Town").click()
    assert all(ink(page, colour) for colour in view.colours)
    assert page.locator("#agency tbody tr").count() == len(view.dots)
    assert page.locator("#agency a").get_attribute("href") == "maps/town.html"
    page.go_back()
    page.locator("#agencies").wait_for()
    assert page.locator("#agency").is_hidden()


def test_the_address_opens_an_agency(visit, document, tmp_path):
    page = visit(document).page
    page.goto((tmp_path / back_to("map.html", "T/1")).as_uri().replace("%23", "#").replace("%25", "%"))
    page.reload()
    assert page.locator("#agency h2").inner_text() == "Small Town"
    page.goto((tmp_path / "map.html").as_uri() + "#agency=%E0%A4%A")
    page.reload()
    assert page.locator("#agency").is_hidden()


def test_there_and_back(visit, document, town, tmp_path):
    page = visit(document).page
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps/town.html").write_text(render_map(town, back=back_to("../map.html", "T/1")), encoding="utf-8")
    page.get_by_role("button", name="Small Town").click()
    page.get_by_role("link", name="Open this agency’s map").click()
    assert page.locator("h1").inner_text() == "Small Town"
    page.get_by_role("link", name="Back to the state").click()
    assert page.locator("#agency h2").inner_text() == "Small Town"


def test_campuses_on_one_point_are_told_together_and_lead_to_their_agency(visit):
    here = {"lat": 36.5, "lon": -119.4}
    agencies = [
        agency_without_plan(
            name, name, status="not done", campuses=[Campus(id="c", name=f"{name} High", level="high", **here)]
        )
        for name in ("Alpha", "Beta")
    ]
    page = visit(render_state(StateView("A State", agencies))).page
    page.mouse.click(*middle(page))
    named = page.locator(".details h3").all_inner_texts()
    assert sorted(named) == ["Alpha High", "Beta High"]
    page.get_by_role("button", name="Choose this agency").click()
    assert page.locator("#agency h2").inner_text() == named[0].removesuffix(" High")


def test_where_motion_is_reduced_what_is_told_comes_in_without_moving(visit, document):
    """It moved on for a quarter of a second, and a press on its button went elsewhere."""
    page = visit(document).page
    page.get_by_role("button", name="Small Town").click()
    outside = page.evaluate(
        """() => [...document.querySelectorAll("#agency .list button")].map(button => {
            button.click();
            const frame = document.getElementById("map").getBoundingClientRect();
            const card = document.querySelector(".leaflet-popup").getBoundingClientRect();
            return Math.max(
                frame.left - card.left, card.right - frame.right, frame.top - card.top, card.bottom - frame.bottom);
        })"""
    )
    assert len(outside) > 3
    assert max(outside) <= 0


def test_a_cluster_says_what_it_holds_and_opens(visit):
    places = (-121.0, -119.001, -118.999, -117.0)
    campuses = [Campus(id=str(lon), name="School", level="high", lat=36, lon=lon, enrollment=500) for lon in places]
    page = visit(
        render_state(StateView("A State", [agency_without_plan("A", "A", status="failed", campuses=campuses)]))
    ).page
    page.mouse.move(*middle(page))
    tip = page.locator(".leaflet-tooltip")
    assert tip.inner_text() == "2 campuses, 1,000 students"
    scale = page.locator(".leaflet-control-scale").inner_text()
    page.mouse.click(*middle(page))
    assert page.locator(".leaflet-control-scale").inner_text() != scale
    page.mouse.move(*(place + 3 for place in middle(page)))
    assert tip.count() == 0 or tip.inner_text() == "School"


def test_switches_take_campuses_off_the_map(visit, document):
    page = visit(document).page
    for box in page.locator("input[name=state]").all():
        box.uncheck()
    page.get_by_role("button", name="Small Town").click()
    assert ink(page) == 0


def test_accessibility(visit, document):
    page = visit(document).page
    assert violations(page) == []
    page.get_by_role("button", name="Small Town").click()
    page.locator("#agency .list button").first.click()
    assert page.locator(".leaflet-popup").count() == 1
    assert violations(page) == []


def test_accessibility_on_a_phone_without_sideways_scrolling(visit, document):
    page = visit(document).page
    page.set_viewport_size({"width": 360, "height": 740})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_hostile_texts_run_nothing_and_are_shown_as_they_are(visit, hostile):
    attacks = [
        agency_without_plan(name, name, status="failed", reason=name, campuses=hostile.problem.campuses)
        for name in HOSTILE
    ]
    seen = visit(render_state(StateView(HOSTILE[3], [agency_view("h", HOSTILE[5] + "!", hostile), *attacks], HOSTILE)))
    page = seen.page
    for place, name in enumerate(HOSTILE):
        page.locator("#rows button", has_text=name).first.click()
        assert page.locator("#agency h2").text_content().startswith(name)
        assert name in page.locator("#agency .fine").all_text_contents() or place == 5
        page.locator("#agency .list button").first.click()
        assert page.locator(".details h3").first.text_content() in HOSTILE
        page.keyboard.press("Escape")
        page.reload()
        assert page.locator("#agency h2").text_content().startswith(name)
        page.keyboard.press("Escape")
    assert page.evaluate("window.pwned") is None
    assert seen.errors == []
    assert {request.split("#")[0] for request in seen.requests} == {page.url.split("#")[0]}


def test_printing_unfolds_the_table_and_folds_it_again(visit, town):
    many = [agency_view(f"T{number}", f"Town {number}", town) for number in range(101)]
    seen = visit(render_state(StateView("Many", many)))
    assert seen.page.locator("table.agencies").is_hidden()
    seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert seen.page.locator("table.agencies").is_visible()
    seen.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert seen.page.locator("table.agencies").is_hidden()
    assert seen.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert seen.errors == []


def test_without_scripts_there_is_a_still_picture_and_the_table(visit, document):
    page = visit(document, java_script_enabled=False).page
    assert page.locator("svg.still").is_visible()
    assert page.locator("table.agencies tbody tr").count() == 4
    assert page.locator("#agencies").is_hidden()


def test_underlay_is_drawn(visit, town):
    line = {"type": "LineString", "coordinates": [[-119.5, 36.5], [-119.3, 36.6]]}
    underlay = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": line}]}
    seen = visit(render_state(StateView("A State", [agency_view("T", "Town", town)]), underlay=underlay))
    assert seen.page.locator(".leaflet-ground-pane path").count() == 1
    assert seen.errors == []


def test_a_state_without_any_campus_is_no_error(visit):
    assert visit(render_state(StateView("Empty", ()))).errors == []
