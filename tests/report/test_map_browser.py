import pytest

from sro_coverage.report.layers import build_layers
from sro_coverage.report.page import render_map
from sro_coverage.report.territories import divide
from tests.report.pages import violations

pytestmark = pytest.mark.browser


def marker(page, start):
    return page.locator(f'.campus[aria-label^="{start}"]')


def test_the_page_asks_for_nothing_and_reports_nothing(visit, town):
    seen = visit(render_map(town))
    assert len(seen.requests) == 1
    assert seen.errors == []


def test_every_site_has_one_marker(visit, town):
    page = visit(render_map(town)).page
    assert page.locator(".campus").count() == len(build_layers(town).sites)
    labels = page.locator(".campus").evaluate_all("all => all.map(e => [e.getAttribute('role'), e.tabIndex])")
    assert set(map(tuple, labels)) == {("button", 0)}


def test_details_open_and_close_with_the_keyboard(visit, town):
    page = visit(render_map(town)).page
    label = "document.activeElement.getAttribute('aria-label')"
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('campus')"):
            break
    first = page.evaluate(label)
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup [role=dialog], .leaflet-popup[role=dialog]")
    assert popup.count() == 1
    assert page.evaluate("document.activeElement.tagName") == "H3"
    assert first.startswith(page.evaluate("document.activeElement.textContent"))
    page.keyboard.press("Escape")
    assert page.locator(".leaflet-popup").count() == 0
    assert page.evaluate(label) == first


def test_details_open_with_the_mouse_and_tell_every_campus_of_the_site(visit, town):
    page = visit(render_map(town)).page
    marker(page, "West High").click()
    assert page.locator(".details h3").all_inner_texts() == ["West High", "West Academy", "West Adult"]
    page.locator(".leaflet-popup-close-button").click()
    page.locator(".campus:focus").wait_for()  # a function to wait for would need eval, which the page forbids
    assert page.locator(".leaflet-popup").count() == 0


def test_switches_hide_markers_lines_and_territories(visit, town):
    page = visit(render_map(town)).page
    counts = "() => [...document.querySelectorAll('.campus')].length"
    areas = page.locator(".leaflet-areas-pane path")
    everything = page.evaluate(counts)
    assert areas.count() == 3
    page.uncheck("input[name=state][value='on-call']")
    assert page.evaluate(counts) == everything - 2
    page.check("input[name=state][value='on-call']")
    page.uncheck("input[name=officer][value='1']")
    assert areas.count() == 2
    assert marker(page, "North High").count() == 0
    page.click("button[data-all=off]")
    assert page.evaluate(counts) == 2
    assert areas.count() == 1
    page.click("button[data-all=on]")
    assert page.evaluate(counts) == everything
    page.uncheck("input[value=areas]")
    assert areas.count() == 0


def test_lines_to_on_call_campuses_are_off_until_asked_for(visit, town):
    page = visit(render_map(town)).page
    lines = page.locator(".leaflet-lines-pane path")
    assert lines.count() == 1
    page.check("input[value=calls]")
    assert lines.count() == 3
    page.uncheck("input[value=calls]")
    marker(page, "North High").focus()
    page.keyboard.press("Enter")
    selected = lines.count()
    page.keyboard.press("Escape")
    marker(page, "South Middle").focus()
    page.keyboard.press("Enter")
    assert selected + lines.count() == 2 + 2


@pytest.mark.parametrize("plan", ["town", "impossible", "hostile"])
def test_accessibility(visit, request, plan):
    page = visit(render_map(request.getfixturevalue(plan))).page
    assert violations(page) == []
    page.locator(".campus").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".leaflet-popup").count() == 1
    assert violations(page) == []


def test_accessibility_on_a_phone_without_sideways_scrolling(visit, town):
    page = visit(render_map(town)).page
    page.set_viewport_size({"width": 360, "height": 740})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_hostile_names_run_nothing_and_are_shown_as_they_are(visit, hostile):
    seen = visit(render_map(hostile))
    page = seen.page
    for campus in hostile.problem.campuses:
        item = page.get_by_role("button", name=campus.name).first
        item.hover(force=True)
        item.focus()
        page.keyboard.press("Enter")
        assert page.locator(".details h3").text_content() == campus.name
        assert campus.name in page.locator(".details dd").all_text_contents()
        page.keyboard.press("Escape")
    assert page.evaluate("window.pwned") is None
    assert page.locator("h1").text_content() == hostile.problem.title
    assert seen.errors == []
    assert len(seen.requests) == 1


def test_printing_fits_the_map_again(visit, town):
    seen = visit(render_map(town))
    assert seen.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert seen.errors == []
    assert not seen.page.evaluate("document.documentElement.classList.contains('printing')")


def test_without_scripts_there_is_a_still_picture_and_every_table(visit, town):
    page = visit(render_map(town), java_script_enabled=False).page
    assert page.locator("svg.still").is_visible()
    assert page.locator(".still g").count() == len(build_layers(town).sites)
    assert page.locator("section.table tbody tr").count() == len(town.beats) + len(town.problem.campuses)


def test_large_plans_are_drawn_on_a_canvas(visit, town, monkeypatch):
    monkeypatch.setattr("sro_coverage.report.page.MAX_SHAPES", 3)
    seen = visit(render_map(town))
    assert seen.page.locator(".campus").count() == 0
    assert seen.page.locator("canvas").count() == 1
    seen.page.uncheck("input[name=officer][value='1']")
    assert seen.errors == []


def test_underlay_is_drawn(visit, town):
    (south, west), (north, east) = divide([(36.5, -119.4), (36.6, -119.3)], [1, 2]).bounds
    line = {"type": "LineString", "coordinates": [[west, south], [east, north]]}
    underlay = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": line}]}
    seen = visit(render_map(town, underlay=underlay))
    assert seen.page.locator(".leaflet-ground-pane path").count() == 1
    assert seen.errors == []
