import hashlib
import json
import re
from html import unescape
from importlib.resources import files
from pathlib import Path

import folium
import pytest

from sro_coverage.plan import LIMITS
from sro_coverage.report.page import notebook_frame, render_map
from sro_coverage.report.underlay import read_underlay
from tests.report.pages import Reader, check_policy


@pytest.fixture(scope="module")
def page(town):
    return render_map(town)


@pytest.fixture(scope="module")
def hostile_page(hostile):
    return render_map(hostile)


def test_the_same_plan_gives_the_same_bytes(town, page):
    assert render_map(town) == page


def test_nothing_is_linked(page, hostile_page):
    for document in (page, hostile_page):
        for tag, attributes in Reader(document).tags:
            assert tag not in ("link", "iframe", "object", "embed", "base", "img")
            assert "src" not in attributes
            assert attributes.get("href", "#").startswith("#")
        styles = "".join(body for tag, _, body in Reader(document).bodies if tag == "style")
        assert "url(" not in styles
        assert "@import" not in styles


def test_policy_allows_exactly_the_scripts_and_styles_of_the_page(hostile_page):
    check_policy(hostile_page)


def test_no_inline_styles_or_handlers(page, hostile_page):
    for document in (page, hostile_page):
        for _, attributes in Reader(document).tags:
            assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_hostile_names_are_text(hostile, hostile_page):
    reader = Reader(hostile_page)
    data = json.loads(next(body for _, a, body in reader.bodies if a.get("id") == "plan-data"))
    names = {campus.name for campus in hostile.problem.campuses}
    assert {card["name"] for site in data["sites"] for card in site["cards"]} == names
    for name in names:
        assert name in reader.text
    assert hostile_page.count("<script") == hostile_page.count("</script>")
    assert "<img" not in hostile_page
    assert "{{7*7}}" in hostile_page
    assert "49 High" not in hostile_page


def test_data_cannot_end_its_element(hostile_page):
    raw = re.search(r'id="plan-data">(.*?)</script>', hostile_page, re.DOTALL).group(1)
    assert not set("<>&\u2028\u2029") & set(raw)


def test_document_has_what_readers_need(town, page):
    reader = Reader(page)
    assert ("html", {"lang": "en"}) in reader.tags
    viewport = [a["content"] for tag, a in reader.tags if tag == "meta" and a.get("name") == "viewport"]
    assert viewport == ["width=device-width, initial-scale=1"]
    assert "Small Town" in reader.text
    assert LIMITS in reader.text
    assert town.travel in reader.text
    assert town.digest[:12] in reader.text
    for campus in town.problem.campuses:
        assert campus.name in reader.text


def test_infeasible_plan_explains_itself(impossible):
    text = Reader(render_map(impossible)).text
    assert "no plan exists under these rules" in text
    assert impossible.explanation in text
    assert text.count("uncovered") >= 2


def test_unproven_tier_is_not_called_proven(town):
    tiers = (town.tiers[0].model_copy(update={"bound": 100, "stopped": "time limit"}), *town.tiers[1:])
    text = Reader(render_map(town.model_copy(update={"tiers": tiers, "status": "feasible"}))).text
    assert re.search(r"100\s*not proven", text)
    assert "not proven (time limit, gap" in text
    assert "no plan does better" not in text


def test_weight_is_said(town):
    weighted = town.problem.replace(objective=town.problem.objective.model_copy(update={"weight": "calls <b>"}))
    document = render_map(town.model_copy(update={"problem": weighted}))
    assert "Not weighed by enrollment" in document
    assert "calls &lt;b&gt;" in document


def test_notebook_frame_holds_the_page(town, page):
    frame = notebook_frame(town)
    assert unescape(re.search(r'srcdoc="([^"]*)"', frame).group(1)) == page
    assert 'sandbox="allow-scripts"' in frame


def test_unknown_link_of_the_map_library_is_an_error(town, monkeypatch):
    link = ("surprise", "https://example.org/x.js")
    monkeypatch.setattr(folium.Map, "default_js", [*folium.Map.default_js, link])
    with pytest.raises(LookupError, match="surprise"):
        render_map(town)


@pytest.mark.parametrize(
    ("folder", "lock"),
    [
        (Path(str(files("sro_coverage.report"))) / "assets", "vendor.lock.json"),
        (Path(__file__).parents[1] / "assets" / "axe-core", "vendor.lock.json"),
    ],
    ids=["shipped", "tests only"],
)
def test_vendored_files_are_as_locked(folder, lock):
    for entry in json.loads((folder / lock).read_text()):
        assert hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]


def test_underlay_is_drawn_without_its_properties(town, tmp_path):
    line = {"type": "LineString", "coordinates": [[-119.4, 36.5, 80], [-119.3, 36.6, 90]]}
    file = tmp_path / "roads.geojson"
    file.write_text(json.dumps({"type": "Feature", "properties": {"name": "Secret Road"}, "geometry": line}))
    document = render_map(town, underlay=read_underlay(file))
    assert "Secret Road" not in document
    assert '"underlay":[{"type":"LineString","coordinates":[[-119.4,36.5],[-119.3,36.6]]}]' in document
