import pytest

from sro_coverage.report.compare_page import render_comparison_map
from tests.report.pages import violations

pytestmark = pytest.mark.browser

WHERE = """() => [map_a, map_b].map(map => {
  const centre = map.project(map.getCenter());
  return [Math.round(centre.x), Math.round(centre.y), map.getZoom()];
})"""


@pytest.fixture(scope="module")
def document(town, town_with_less):
    return render_comparison_map([town, town_with_less])


def apart(page):
    """Pixels and zoom steps between the two views; moving rounds to whole pixels."""
    one, other = page.evaluate(WHERE)
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def marker(page, view, start):
    return page.locator(f'#map_{view} .campus[aria-label^="{start}"]')


def drag(page, view, x, y):
    box = page.locator(f"#map_{view}").bounding_box()
    middle = box["x"] + box["width"] * 0.85, box["y"] + box["height"] * 0.85
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + x / 2, middle[1] + y / 2, steps=4)
    page.mouse.move(middle[0] + x, middle[1] + y, steps=4)
    page.mouse.up()


def test_where_one_map_is_dragged_the_other_goes_and_nothing_is_asked_for(visit, document):
    seen = visit(document)
    assert apart(seen.page) == 0
    for leader, follower in ((0, 1), (1, 0)):
        before = seen.page.evaluate(WHERE)
        drag(seen.page, "ab"[leader], -120, -50)
        after = seen.page.evaluate(WHERE)
        assert after[follower][0] - before[follower][0] == pytest.approx(120, abs=2)
        assert after[follower][1] - before[follower][1] == pytest.approx(50, abs=2)
        assert apart(seen.page) <= 1
    assert len(seen.requests) == 1
    assert seen.errors == []


def test_zoom_buttons_keys_and_the_whole_ground_move_both(visit, document):
    page = visit(document).page
    home = page.evaluate(WHERE)
    for leader in "ab":
        page.locator(f"#map_{leader} .leaflet-control-zoom-in").click()
        zoomed = page.evaluate(WHERE)
        assert zoomed[0][2] == zoomed[1][2] == pytest.approx(home[0][2] + 0.5)
        page.locator(f"#map_{leader}").focus()
        page.evaluate(f"void (window.moved = new Promise(done => map_{leader}.once('moveend', () => done(true))))")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("window.moved")
        assert page.evaluate(WHERE)[0][0] > zoomed[0][0]
        assert apart(page) <= 1
        page.locator(f"#map_{leader} .fit button").click()
        assert page.evaluate(WHERE) == home


def test_a_resized_window_shows_the_whole_ground_in_both_views_with_names(visit, document):
    page = visit(document).page
    named = page.locator(".campus-name").count()
    page.set_viewport_size({"width": 1900, "height": 1000})
    page.locator("#map_b .campus-name").first.wait_for()
    assert apart(page) <= 1
    page.set_viewport_size({"width": 1280, "height": 720})
    page.locator("#map_b .campus-name").first.wait_for()
    assert apart(page) <= 1
    assert page.locator(".campus-name").count() == named


def test_changed_campuses_have_a_ring_and_the_others_none(visit, document):
    page = visit(document).page
    ringed = """view => [...document.querySelectorAll(`#map_${view} .campus`)]
      .filter(e => e.querySelector("[stroke='#FFB000']")).map(e => e.getAttribute("aria-label").split(",")[0])"""
    assert set(page.evaluate(ringed, "b")) == {
        "Elm Elementary",
        "New Middle",
        "South Middle",
        "West High + West Academy + West Adult",
    }
    assert set(page.evaluate(ringed, "a")) == {
        "Elm Elementary",
        "South Middle",
        "West High + West Academy + West Adult",
    }


def test_details_tell_both_plans_and_only_one_is_open(visit, document):
    page = visit(document).page
    marker(page, "a", "South Middle").click()
    assert page.locator(".leaflet-popup").count() == 1
    assert page.locator("#map_b .campus.echo").get_attribute("aria-label").startswith("South Middle")
    marker(page, "b", "South Middle").click()
    assert page.locator("#map_a .leaflet-popup").count() == 0
    assert page.locator("#map_b .campus.echo").count() == 0
    pairs = page.locator("#map_b .details dl > div").all_inner_texts()
    assert "State\nshared" in pairs
    assert "In plan A\nprimary, Officer 2" in pairs
    page.keyboard.press("Escape")
    assert page.locator(".leaflet-popup").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("South Middle")


def test_the_same_campus_is_shown_in_the_other_view(visit, document):
    page = visit(document).page
    marker(page, "a", "South Middle").focus()
    assert page.locator("#map_b .campus.echo").get_attribute("aria-label").startswith("South Middle")
    assert page.locator("#map_a .campus.echo").count() == 0
    marker(page, "a", "Far").hover()
    assert page.locator("#map_b .campus.echo").count() == 2
    page.locator("h1").hover()
    assert page.locator("#map_b .campus.echo").count() == 1


def test_switches_act_on_every_view(visit, document):
    page = visit(document).page
    shown = "['a', 'b'].map(v => document.querySelectorAll('#map_' + v + ' .campus').length)"
    everything = page.evaluate(shown)
    page.uncheck("input[name=officer][value='1']")
    fewer = page.evaluate(shown)
    assert fewer[0] < everything[0]
    assert fewer[1] < everything[1]
    page.check("input[name=officer][value='1']")
    page.check("input[value=changed]")
    assert page.evaluate(shown) == [4, 5]  # the campuses that change, and the primaries
    page.uncheck("input[value=changed]")
    assert page.evaluate(shown) == everything
    page.uncheck("input[value=areas]")
    assert page.locator(".leaflet-areas-pane path").count() == 0


def test_accessibility(visit, document):
    page = visit(document).page
    assert violations(page) == []
    page.locator("#map_b .campus").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".leaflet-popup").count() == 1
    assert violations(page) == []


def test_accessibility_on_a_phone_with_stacked_views(visit, town, impossible):
    page = visit(render_comparison_map([town, impossible])).page
    page.set_viewport_size({"width": 390, "height": 800})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    upper, lower = (page.locator(f"#map_{view}").bounding_box() for view in "ab")
    assert lower["y"] > upper["y"] + upper["height"]


def test_six_views_fit_a_projector_and_stay_together(visit, town, town_with_less):
    seen = visit(render_comparison_map([town, *[town_with_less] * 5]))
    page = seen.page
    boxes = [page.locator(f"#map_{view}").bounding_box() for view in "abcdef"]
    assert len({box["y"] for box in boxes}) == 2
    assert max(box["x"] + box["width"] for box in boxes) <= 1280
    page.locator("#map_e .leaflet-control-zoom-in").click()
    assert len(set(page.evaluate("[map_a, map_b, map_c, map_d, map_e, map_f].map(map => map.getZoom())"))) == 1
    assert seen.errors == []


@pytest.mark.parametrize("count", [2, 6])
def test_no_figure_runs_out_of_its_box(visit, town, count):
    page = visit(render_comparison_map([town] * count)).page
    assert page.locator(".headline .difference").count() >= 4 * (count - 1)
    assert (
        page.evaluate("""() => [...document.querySelectorAll(".headline dd > *")].filter(item => {
      const text = document.createRange();
      text.selectNodeContents(item);
      return text.getBoundingClientRect().right > item.closest("div").getBoundingClientRect().right;
    }).length""")
        == 0
    )


def test_on_a_phone_both_plans_of_a_changed_campus_are_in_sight_or_a_hint_is(visit, town, town_with_less):
    for plans, is_whole in (([town, town_with_less], True), ([town, town_with_less, town], False)):
        page = visit(render_comparison_map(plans)).page
        hint = page.locator("section[aria-labelledby=campuses-heading] .hint")
        assert hint.count() == (0 if is_whole else 1)
        assert is_whole or not hint.is_visible()
        page.set_viewport_size({"width": 390, "height": 800})
        inside = "e => e.querySelector('.changed').offsetWidth <= e.clientWidth"
        assert page.locator(".scroll:has(.changed)").evaluate(inside) == is_whole
        assert is_whole or hint.is_visible()


def test_hostile_names_run_nothing(visit, hostile, town):
    renamed = hostile.model_copy(update={"problem": hostile.problem.replace(title='" onmouseover="window.pwned=1')})
    seen = visit(render_comparison_map([hostile, renamed]))
    for campus in hostile.problem.campuses:
        item = seen.page.locator("#map_b").get_by_role("button", name=campus.name).first
        item.hover(force=True)
        item.focus()
        seen.page.keyboard.press("Enter")
        assert seen.page.locator(".details h3").text_content() == campus.name
        seen.page.keyboard.press("Escape")
    assert seen.page.evaluate("window.pwned") is None
    assert seen.errors == []
    assert len(seen.requests) == 1


def test_printing_shows_the_whole_ground_and_comes_back(visit, document):
    seen = visit(document)
    seen.page.locator("#map_a .leaflet-control-zoom-in").click()
    before = seen.page.evaluate(WHERE)
    assert seen.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert seen.page.evaluate(WHERE) == before
    assert not seen.page.evaluate("document.documentElement.classList.contains('printing')")
    assert seen.errors == []


def test_without_scripts_there_is_a_picture_of_every_plan(visit, document):
    page = visit(document, java_script_enabled=False).page
    assert page.locator("svg.still").count() == 2
    assert page.locator("svg.still").first.is_visible()
    assert page.locator("svg.still [stroke='#FFB000']").count() == 4 + 3
    assert page.locator("section.table").count() == 3


def test_large_plans_are_drawn_on_a_canvas(visit, town, town_with_less, monkeypatch):
    monkeypatch.setattr("sro_coverage.report.compare_page.MAX_SHAPES", 3)
    seen = visit(render_comparison_map([town, town_with_less]))
    assert seen.page.locator(".campus").count() == 0
    assert seen.page.locator("canvas").count() == 2
    drag(seen.page, "a", -60, 0)
    assert apart(seen.page) <= 1
    assert seen.errors == []
