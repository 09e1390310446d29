import base64
import hashlib
import re
from dataclasses import replace

import pytest

from sro_coverage.plan import LIMITS
from sro_coverage.report.sweep_frames import layout
from sro_coverage.report.sweep_page import render_sweep
from sro_coverage.scenario.executors import Serial
from sro_coverage.scenario.sweep import sweep
from tests.report.pages import Reader, violations
from tests.scenario.sweeps import NUM_RUNS, write_sweep

HOSTILE = '{{7*7}} ${alert(1)} </td><img src=x onerror="alert(1)"> $x^2$ 学校 \u202etxt'


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Nine runs on a grid of two keys, three named ones, one of them failed."""
    path = write_sweep(tmp_path_factory.mktemp("sweep"))
    return sweep(path, path.parent / "out", executor=Serial())


@pytest.fixture(scope="module")
def page(result):
    return render_sweep(result)


@pytest.fixture(scope="module")
def open_result(result):
    """One run not proven, one not done, and the names of runs are attacks."""
    runs = list(result.runs)
    tier = runs[1].tiers[-1]
    worse = tier.model_copy(update={"stopped": "time limit", "value": tier.value + 7200, "bound": 60, "gap": 0.5})
    runs[1] = runs[1].model_copy(update={"status": "feasible", "tiers": (*runs[1].tiers[:-1], worse)})
    runs[4] = None
    runs[9] = runs[9].model_copy(update={"name": HOSTILE})
    runs[11] = runs[11].model_copy(update={"name": HOSTILE + "2", "reason": HOSTILE})
    base = replace(result.sweep.base, problem=result.sweep.base.problem.replace(title=HOSTILE))
    return replace(result, runs=tuple(runs), sweep=replace(result.sweep, title=HOSTILE, base=base))


def pictures(document):
    sources = [attributes["src"] for tag, attributes in Reader(document).tags if tag == "img"]
    return [base64.b64decode(source.removeprefix("data:image/svg+xml;base64,")).decode() for source in sources]


def test_the_same_runs_give_the_same_bytes(result, page):
    slower = replace(result, runs=tuple(run.model_copy(update={"runtime_s": 99.0}) for run in result.runs))
    assert render_sweep(slower) == page


def test_nothing_is_fetched_and_nothing_runs(page, open_result):
    for document in (page, render_sweep(open_result)):
        reader = Reader(document)
        policy = next(a["content"] for _, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy")
        digests = (base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() for *_, body in reader.bodies)
        styles = " ".join(f"'sha256-{digest}'" for digest in digests)
        assert policy == (f"default-src 'none'; style-src {styles}; img-src data:; base-uri 'none'; form-action 'none'")
        for tag, attributes in reader.tags:
            assert tag not in ("script", "link", "iframe", "object", "embed", "base")
            assert attributes.get("src", "data:image/svg+xml;base64,").startswith("data:image/svg+xml;base64,")
            assert attributes.get("href", "#").startswith("#")
            assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_every_run_stands_in_the_table(result, page):
    text = Reader(page).text
    rows = re.findall(r"<tr>.*?</tr>", page.split('id="table-heading"')[1], re.DOTALL)
    assert len(rows) == NUM_RUNS + 1
    for run, row in zip(result.done, rows[1:], strict=True):
        assert f"<bdi>{run.name}</bdi>" in row or '["oak"]' in run.name
        for tier in run.tiers:
            if tier.unit == "students":
                assert f">{tier.value:,}</td>" in row
    assert LIMITS in text
    assert "11 proven, 1 failed" in text
    assert "officers: 0; expected at least 1" in text


def test_each_tier_is_drawn_or_said(result, page):
    drawn = layout(result)
    assert [section.heading for section in drawn.sections] == ["", "Named runs"]
    for section in drawn.sections:
        assert [chart.number for chart in section.charts] == [1, 2, 3, 4]
        for chart in section.charts:
            assert bool(chart.source) != bool(chart.same)
    assert len(pictures(page)) == sum(bool(chart.source) for section in drawn.sections for chart in section.charts)
    first = drawn.sections[0].charts[0]
    values = [run.tiers[0].value for run in result.done[:9]]
    assert f"From {min(values):,} (" in first.alt
    assert f"to {max(values):,} (" in first.alt


def test_pictures_need_no_font_and_are_broken_where_a_run_is_missing(page, open_result):
    whole, broken = pictures(page), pictures(render_sweep(open_result))
    for picture in (*whole, *broken):
        assert "<text" not in picture
        assert re.findall(r'href="[^#]', picture) == []
    assert whole[0] != broken[0]


def test_what_is_not_proven_not_done_or_without_a_plan_is_said(open_result):
    text = " ".join(Reader(render_sweep(open_result)).text.split())
    assert "9 proven, 1 not proven, 1 failed, 1 not done" in text
    assert "1 run is not done yet and missing here" in text
    assert "Hollow: not proven" in text
    assert "bound 1 min" in text
    assert "proven best in every tier" not in text


def test_hostile_names_are_text(open_result):
    document = render_sweep(open_result)
    text = Reader(document).text
    assert text.count(HOSTILE) >= 4
    assert "49" not in re.findall(r"<h1.*?</h1>", document)[0]
    assert '<img src="x' not in document
    assert "<img src=x" not in document


def test_many_values_are_drawn_in_part_and_the_page_says_so(tmp_path):
    path = write_sweep(tmp_path)
    grid = {"policy.max_shared": [1, 2], "policy.max_travel_min": range(2, 14), "policy.on_call_min": range(14, 22)}
    asked = {"base": str(path.with_name("plan.toml")), "grid": grid}

    def none(tasks):
        yield from ()

    empty = sweep(asked, tmp_path / "none", executor=none)
    done = next(iter(sweep({**asked, "grid": {}, "run": [{}]}, tmp_path / "one", executor=Serial()).done))
    runs = tuple(
        done.model_copy(update={"name": wish.name, "tiers": _spread(done.tiers, number)})
        for number, wish in enumerate(empty.sweep.wishes)
    )
    drawn = layout(replace(empty, runs=runs))
    assert len(drawn.sections) == 6
    assert drawn.notes == (
        "The charts show 8 of 12 values of policy.max_travel_min; the table has all.",
        "The charts show 6 of 8 groups of runs; the table has all.",
    )


def _spread(tiers, number):
    return (tiers[0].model_copy(update={"value": number}), *tiers[1:])


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_page_in_a_browser(open_result, visit, width):
    seen = visit(render_sweep(open_result))
    seen.page.set_viewport_size({"width": width, "height": 800})
    assert seen.errors == []
    assert len(seen.requests) == 1 + len([r for r in seen.requests if r.startswith("data:")])
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert violations(seen.page) == []
