"""The table, the file, the charts and the page of a sharing."""

from __future__ import annotations

import base64
import csv
import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from rich.console import Console

from sro_coverage.model.solution import SolveParams
from sro_coverage.plan import LIMITS, InputFile
from sro_coverage.report.allocate_chart import agency_chart, on_chart, state_chart, tier_of
from sro_coverage.report.allocate_page import render_allocation_page
from sro_coverage.report.allocate_text import MOST_ROWS, allocation_csv, render_allocation
from sro_coverage.report.allocate_words import cell, in_order, margins, proof
from sro_coverage.report.text import WIDTH
from sro_coverage.statewide.allocate import Allocation, Change, Part, Step
from sro_coverage.statewide.sharing import Terms, Total
from tests.report.pages import Reader, violations

HOSTILE = '=A ${alert(1)} {{7*7}} </td><img src=x onerror="window.pwned=1"> $x^2$ 学校 \u202etxt'


def part(name: str, funded: int, *values: tuple[int, int], **more: object) -> Part:
    """An agency with one officer and 3,000 students; values from now on, the last what one more would do."""
    steps = tuple(Step(number, each) for number, each in enumerate(values))
    fields = {"agency": name.lower(), "name": name, "terms": Terms(), "now": 1, "funded": funded, "own": 0}
    fields |= {
        "students": 3000,
        "before": values[0],
        "after": values[funded],
        "covered_most": values[funded][0],
        "steps": steps,
    }
    return Part(**{**fields, "full": "", "is_proven": True, **more})


@pytest.fixture
def result() -> Allocation:
    parts = (
        part("Little", 0, (500, 400), (900, 700)),
        part("Great", 2, (1000, 300), (2000, 600), (2600, 1100), (2600, 1500)),
        part("Full", 1, (800, 800), (1500, 1500), full="no post left"),
    )
    values = [(2300, 1500), (3300, 1800), (4000, 2500), (4600, 3000), (5000, 3300)]
    return Allocation(
        title="Two Rivers",
        officers=3,
        parts=parts,
        totals=tuple(Total(number, number, each, *each) for number, each in enumerate(values)),
        fewer=(Change("Great", 2, 1),),
        more=(Change("Little", 0, 1),),
        left_out=(),
        weight=None,
        params=SolveParams(),
        inputs=(InputFile(file="agencies.csv", sha256="a" * 64),),
        num_runs=9,
    )


@pytest.fixture
def troubled(result) -> Allocation:
    """Not proven, hostile, own officers, agencies without a plan, and a weight of the planner's."""
    first, great, full = result.parts
    parts = (
        replace(first, name=HOSTILE, is_proven=False, reasons=(f"with 1: infeasible: {HOSTILE}",)),
        replace(great, own=1),
        full,
    )
    open_total = Total(3, 3, (4600, 3000), 5060, None)
    totals = (*result.totals[:3], open_total, result.totals[4])
    return replace(
        result,
        title=HOSTILE,
        parts=parts,
        totals=totals,
        weight=HOSTILE,
        more=(Change(HOSTILE, 0, 1),),
        left_out=((HOSTILE, HOSTILE),),
        remarks=(HOSTILE,),
    )


def printed(result: Allocation) -> str:
    console = Console(width=WIDTH, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(render_allocation(result))
    return capture.get()


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_terminal_has_who_gets_how_many_and_what_it_does(result):
    text = printed(result)
    lines = [words(line) for line in text.splitlines()]
    assert lines[0] == "Two Rivers: 3 funded officers"
    assert "2,300 now (25.6% of 9,000), 4,600 then (51.1%): +2,300. On primaries: 1,500 now, 3,000 then." in words(text)
    rows = [line for line in lines if line.startswith(("Great", "Full", "Little", "all agencies"))]
    assert rows == [
        "Great 1 2 3,000 1,000 2,600 800 400 based",
        "Full 1 1 3,000 800 1,500 700 no post left",
        "Little 1 0 3,000 500 500 - 400",
        "all agencies 3 3 9,000 2,300 4,600 767",
    ]
    assert "The last of the 3 adds 600 students covered; without it Great gets 1, not 2." in words(text)
    assert "One more would add 400 students covered; with it Little gets 1, not 0." in words(text)
    assert "Proven: no other way" in text and "Not proven" not in text and "own" not in text
    assert "N based: covers nobody more" in text
    assert LIMITS in words(text)


def test_the_terminal_says_what_is_open_and_wrong(troubled):
    text = printed(troubled)
    assert "Not proven: no way to share them out covers more than 5,060 students (10.00% more). Open: =A" in words(text)
    assert "500*" in text and "400*" in text and "2,600*" not in text
    assert "* Not proven: the time was too short" in words(text)
    assert "1 own officer that the agencies must add" in words(text)
    assert "Left out, and in no number: =A ${alert(1)}" in words(text)
    assert "with 1: infeasible: =A" in words(text)
    assert "\u202e" not in text


def test_every_line_fits(troubled):
    names = [(each, f"{each.name} {place}") for place in range(20) for each in troubled.parts]
    many = replace(troubled, parts=tuple(replace(each, name=name) for each, name in names))
    text = printed(many)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert f"… and {60 - MOST_ROWS} more" in text


def test_only_the_second_tier_is_open(result):
    total = replace(result.totals[3], based_most=3100)
    open_result = replace(result, totals=(*result.totals[:3], total, result.totals[4]))
    assert not open_result.is_proven
    assert proof(open_result).endswith("may cover as many with more on primaries, but no more than 3,100.")


def test_margins_where_there_is_none(result):
    tight = replace(result, totals=result.totals[3:], fewer=())
    assert next(margins(tight)) == "The agencies must get all 3 by their terms, so that there is no last one to save."
    flat = replace(result, officers=4, totals=(*result.totals, replace(result.totals[4], officers=5)), more=())
    told = list(margins(flat))
    assert told[1] == "One more would add 0 students covered."
    assert told[2].startswith("1 officer left over")


def test_the_order_is_who_gets_most_then_who_would_have_most_use(result):
    assert [each.name for each in in_order(result)] == ["Great", "Full", "Little"]
    idle = part("Idle", 0, (500, 400), (500, 900))
    assert [each.name for each in in_order(replace(result, parts=(idle, result.parts[0])))] == ["Little", "Idle"]
    assert [cell((0, 0)), cell((0, 12)), cell((1234, -5)), cell(None, "no post left")] == [
        *("0", "12 based", "1,234", "no post left")
    ]


def test_the_file_has_every_agency_and_no_formula(troubled):
    rows = list(csv.DictReader(io.StringIO(allocation_csv(troubled))))
    assert [row["agency"] for row in rows] == ["little", "great", "full", ""]
    assert rows[0]["name"].startswith("'=A") and rows[3]["name"].startswith("'=A")
    great = rows[1]
    assert (great["funded"], great["own_added"], great["officers_then"]) == ("2", "1", "4")
    assert (great["covered_more"], great["covered_more_per_funded"]) == ("1600", "800.0")
    assert (great["next_covers"], great["next_on_primaries"], great["proven"]) == ("0", "400", "true")
    assert (rows[2]["next_covers"], rows[2]["remark"]) == ("", "no post left")
    assert rows[0]["proven"] == "false" and rows[3]["remark"].startswith("left out: ")


def test_charts_are_pictures_without_letters_or_links(result, troubled):
    for each in (result, troubled):
        for picture in (state_chart(each), agency_chart(each)):
            ET.fromstring(picture)
            assert "<text" not in picture and "http" not in picture.replace("http://www.w3.org", "").replace(
                "http://purl.org", ""
            ).replace("http://creativecommons.org", "")
    assert state_chart(result) == state_chart(result) != state_chart(troubled)


def test_charts_count_primaries_where_nobody_more_can_be_covered(result):
    assert tier_of(result) == 0
    values = [(2300, 1500 + 10 * number) for number in range(5)]
    full = replace(result, totals=tuple(Total(number, number, each, *each) for number, each in enumerate(values)))
    full = replace(full, parts=(part("Little", 0, (2300, 1500), (2300, 1510)),))
    assert tier_of(full) == 1
    ET.fromstring(state_chart(full))
    ET.fromstring(agency_chart(full))


def test_a_chart_has_room_for_those_who_get_none(result):
    many = tuple(part(f"P{number}", 0, (0, 0), (number, 0)) for number in range(40))
    assert len(on_chart(replace(result, parts=(*result.parts, *many)))) == 2 + 6


def test_the_page_has_every_agency_and_fetches_nothing(result, troubled):
    for each in (result, troubled):
        document = render_allocation_page(each)
        reader = Reader(document)
        for tag, attributes in reader.tags:
            assert tag not in ("script", "link", "iframe", "object", "embed", "base")
            assert attributes.get("src", "data:image/svg+xml;base64,").startswith("data:image/svg+xml;base64,")
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
        for source in (a["src"] for tag, a in reader.tags if tag == "img"):
            ET.fromstring(base64.b64decode(source.partition(",")[2]))
        assert LIMITS in reader.text
        assert render_allocation_page(each) == document
    text = words(Reader(render_allocation_page(result).replace("</t", " </t")).text)
    assert "3 funded officers · proven best" in text
    assert "Great 1 2 3,000 1,000 2,600 800 300 1,100 400 based" in text
    assert "The last of the 3 adds 600 students covered" in text
    assert "Own added" not in text


def test_the_page_says_what_is_open_and_hostile_names_are_text(troubled):
    document = render_allocation_page(troubled)
    text = Reader(document).text
    assert "not proven best" in text and "covers more than 5,060 students" in text
    assert "1 agency could not be planned" in text and "Own added" in text
    assert text.count("{{7*7}}") >= 5
    assert "<img src=x" not in document


@pytest.mark.browser
def test_the_page_is_accessible_and_fits_a_phone(visit, troubled):
    for width in (1400, 390):
        opened = visit(render_allocation_page(troubled))
        opened.page.set_viewport_size({"width": width, "height": 800})
        assert violations(opened.page) == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.page.evaluate("window.pwned") is None
        assert opened.errors == [] and len(opened.requests) == 1
