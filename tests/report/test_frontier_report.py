"""The tables, the files and the picture of a frontier."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from rich.console import Console

from sro_coverage.explain.frontier import Frontier, Row, frontier
from sro_coverage.explain.goals import Based, Covered, Reached, StudentsCovered
from sro_coverage.plan import LIMITS
from sro_coverage.problem import Budget, Campus, Objective, Officer, Policy, Problem, RuleChange
from sro_coverage.problem.policy import numbered_officers
from sro_coverage.report.frontier_chart import draw_frontier
from sro_coverage.report.frontier_text import frontier_csv, frontier_json, idle_spans, render_frontier
from sro_coverage.report.text import WIDTH

HOSTILE = "=A $x^2 \\frac{ <b>[red]x\u202e</b> {{7*7}} & 学校 </svg><script>alert(1)</script>"
EVERY_TIER = ("coverage", "primary", "reach", "travel", "visibility", "continuity", "balance", "moves")


def town(**changes: object) -> Problem:
    """Two high schools, and an elementary that is only shared; a third officer can do nothing."""
    campuses = (
        Campus(id="north", name="North High", level="high", lat=36.50, lon=-119.40, enrollment=900),
        Campus(id="south", name="South High", level="high", lat=36.51, lon=-119.40, enrollment=500),
        Campus(id="oak", name="Oak Elementary", level="elementary", lat=36.52, lon=-119.40, enrollment=300),
        Campus(id="lost", name="Lost High", level="high", enrollment=70),
    )
    policy = Policy(max_shared=1, levels={"elementary": RuleChange(states=("shared",))})
    parts: dict[str, object] = {
        "title": "Town",
        "campuses": campuses,
        "officers": numbered_officers(1),
        "policy": policy,
    }
    return Problem(**parts | changes)


@pytest.fixture(scope="module")
def found() -> Frontier:
    return frontier(town(), range(1, 6), [Covered(levels=("elementary", "high"))])


def open_ended(result: Frontier) -> Frontier:
    """The same answer as a short time leaves it: the last tier of two officers, and the goal, not settled."""
    row = result.rows[1]
    last = row.tiers[-1].model_copy(update={"stopped": "time limit", "bound": row.tiers[-1].best + 3600 * 100})
    plan = row.plan.model_copy(update={"tiers": (*row.tiers[:-1], last), "status": "feasible"})
    rows = (result.rows[0], Row(2, "feasible", plan), *result.rows[2:])
    return Frontier(result.base, rows, replace(result.smallest, officers=3, too_few=1))


def printed(result: Frontier) -> str:
    console = Console(width=WIDTH, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(render_frontier(result))
    return capture.get()


def rows(result: Frontier) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(frontier_csv(result))))


# -- text


def test_text_says_what_each_officer_buys_and_what_the_goal_needs(found):
    text = printed(found)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "now 1 300 82.4% 900 300 14.5 11,483 no" in lines
    assert any(line.startswith("1 -> 2 -300 +500 -300") and line.endswith("more students covered") for line in lines)
    assert any(line.startswith("2 -> 3 0 0 0 0.0 0") and line.endswith("nothing") for line in lines)
    assert "With 2 officers, one more buys nothing: no tier gets better, proven." in lines
    assert "4 to 5 officers: impossible. There are only 3 posts on the planned campuses." in lines
    assert "Every elementary and high campus covered (3 places)." in lines
    assert "2 officers meet it. 1 officer cannot: proven." in lines
    assert "Not planned, and so not in the goal: Lost High." in lines
    assert LIMITS in " ".join(text.split())


def test_text_marks_what_is_not_proven(found):
    text = " ".join(printed(open_ended(found)).split())
    assert "20,779* ?" in text
    assert "2 officers, student-h above floor: 20,779, and no plan is better than 20,879 (time limit)" in text
    assert "3 officers meet it. Whether 2 can is not settled: the time was too short. 1 officer cannot: proven." in text
    assert "not known" in text and "nothing" not in text


def goal_text(found: Frontier, **parts: object) -> str:
    smallest = replace(found.smallest, plan=None, **parts)
    return " ".join(printed(Frontier(found.base, found.rows, smallest)).split())


def test_text_of_every_kind_of_answer(found):
    assert "1 officer meets it. Not planned" in goal_text(found, officers=1, too_few=0)
    nothing = goal_text(found, officers=None, too_few=3, reasons=('"based all": Oak may only be shared',))
    assert "No number of officers meets it, with up to 3 officers, one for each post. Why:" in nothing
    assert '"based all": Oak may only be shared.' in nothing
    assert "Not known whether any number of officers meets it" in goal_text(found, officers=None, too_few=0)
    assert "3 officers meet it. Whether 1 to 2 can is not settled" in goal_text(found, officers=3, too_few=0)


def test_many_tiers_and_large_numbers_are_never_cut_off():
    current = (Officer(id="a", name="Ann", primary="north", shared=("oak",)), Officer(id="b", name="Bob"))
    large = tuple(c.model_copy(update={"enrollment": (c.enrollment or 0) * 900}) for c in town().campuses)
    problem = town(
        campuses=large,
        officers=current,
        objective=Objective(order=EVERY_TIER),
        budget=Budget(cost_per_officer=9_999_999),
    )
    text = printed(frontier(problem, range(1, 4), [Covered()]))
    assert "…" not in text and max(map(len, text.splitlines())) <= WIDTH
    for number in ("270,000", "+450,000", "1,260,000", "29,999,997", "share"):
        assert number in text
    assert text.count("now 2") == 2  # two tables


def test_without_any_plan_there_is_a_reason(found):
    rows = (
        Row(1, "infeasible", reason="these cannot be kept together: a; b"),
        Row(2, "no plan found", reason="More time."),
    )
    text = printed(Frontier(found.base, rows))
    assert "1 officer: infeasible. These cannot be kept together: a; b." in text
    assert "2 officers: no plan found. More time." in text


def test_idle_spans_are_joined(found):
    assert idle_spans(found) == [(2, 3)]
    longer = frontier(town(policy=Policy(max_shared=0, levels={"elementary": RuleChange(posts=3)})), range(1, 6))
    assert idle_spans(longer) == [(2, 4)]


# -- files


def test_the_csv_has_a_row_for_each_number(found):
    one, two, three, four, five = rows(found)
    assert (one["officers"], one["status"], one["coverage_students"], one["share_covered"]) == (
        "1",
        "optimal",
        "300",
        "0.8235",
    )
    assert (one["coverage_one_more"], one["one_more_buys"], one["goal_can_be_met"]) == (
        "-300",
        "more students covered",
        "no",
    )
    assert (two["one_more_buys"], two["travel_one_more"], two["goal_can_be_met"]) == ("nothing", "0", "yes")
    assert (three["one_more_buys"], three["travel_stopped"]) == ("", "proven")
    assert (four["status"], four["coverage_students"], four["goal_can_be_met"]) == ("impossible", "", "")
    assert five["reason"] == "there are only 3 posts on the planned campuses"


def test_the_json_has_everything(found):
    content = json.loads(frontier_json(found))
    assert [row["officers"] for row in content["rows"]] == [1, 2, 3, 4, 5]
    assert content["rows"][0]["plan"] == found.rows[0].plan.digest
    assert content["rows"][1]["tiers"][0]["proven"] is True
    assert content["steps"][1] == {
        "officers": 2,
        "gains": dict.fromkeys(EVERY_TIER[:5], 0),
        "first": None,
        "buys": False,
    }
    goal = content["goal"]
    assert (goal["officers"], goal["too_few"], goal["most"], goal["proven"]) == (2, 1, 3, True)
    assert goal["asked"] == [{"goal": "covered elementary, high", "means": "every elementary and high campus covered"}]
    assert content["notice"] == LIMITS
    assert json.loads(frontier_json(frontier(town(), range(1, 2))))["goal"] is None


def test_the_same_answer_gives_the_same_files():
    pair = [frontier(town(), range(1, 4), [Covered(levels=("high",))]) for _ in range(2)]
    assert len({frontier_csv(result) for result in pair}) == len({frontier_json(result) for result in pair}) == 1
    for kind in ("svg", "png"):
        assert len({draw_frontier(result, kind) for result in pair}) == 1


# -- picture

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_a_picture(found):
    assert draw_frontier(found, "png").startswith(b"\x89PNG")
    svg = draw_frontier(found, "svg")
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg" and root.findtext(f"{SVG}title") == "Town"
    assert not list(root.iter(f"{SVG}script")) and b"date" not in svg.lower()


def test_the_picture_shows_proof_spans_and_goal(found, monkeypatch):
    def drawn(result: Frontier) -> tuple[list[str], list[str], int]:
        """Texts, legend and hollow markers of the figure, as it goes to the file."""
        from matplotlib.figure import Figure
        from matplotlib.text import Text

        seen: list[Figure] = []
        monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: seen.append(figure))
        draw_frontier(result, "svg")
        texts = [text.get_text() for text in seen[0].findobj(Text)]
        lines = [line for axes in seen[0].axes for line in axes.lines]
        hollow = sum(line.get_markerfacecolor() == "white" for line in lines)
        return texts, [text.get_text() for text in seen[0].legends[0].get_texts()], hollow

    texts, legend, hollow = drawn(found)
    assert legend == ["proven best", "one more officer buys nothing", "no plan"] and hollow == 0
    assert "goal met from 2\nofficers on" in texts and "1\nnow" in texts
    assert {"Students not covered", "Students on primaries", "Driving, hours a week", "share covered"} <= set(texts)
    travel_open = found.rows[1].tiers[3].model_copy(update={"stopped": "time limit", "bound": 60})
    tiers = (*found.rows[1].tiers[:3], travel_open, *found.rows[1].tiers[4:])
    plan = found.rows[1].plan.model_copy(update={"tiers": tiers, "status": "feasible"})
    unsure = Frontier(found.base, (found.rows[0], Row(2, "feasible", plan), found.rows[2]), found.smallest)
    texts, legend, hollow = drawn(unsure)
    assert hollow == 1 and "one more officer buys nothing" not in legend
    beyond = Frontier(found.base, found.rows[:1], found.smallest)
    assert not [text for text in drawn(beyond)[0] if text.startswith("goal met")]
    assert any(text.endswith("covered: met from 2 officers on") for text in drawn(beyond)[0])
    none = Frontier(found.base, (Row(1, "infeasible"),))
    monkeypatch.undo()
    assert draw_frontier(none, "png")


def test_other_orders_and_a_weight_are_drawn_as_they_are():
    campuses = tuple(campus.model_copy(update={"weight": 5}) for campus in town().campuses)
    problem = town(campuses=campuses, objective=Objective(order=("balance", "visibility"), weight="need"))
    assert ET.fromstring(draw_frontier(frontier(problem, range(1, 3)), "svg")).tag == f"{SVG}svg"


# -- hostile text


def test_hostile_text_is_harmless_everywhere():
    campuses = tuple(campus.model_copy(update={"name": HOSTILE}) for campus in town().campuses)
    officers = (Officer(id="=1+1", name=HOSTILE), Officer(id="@b", name=HOSTILE))
    problem = town(
        title=HOSTILE,
        campuses=campuses,
        officers=officers,
        budget=Budget(cost_per_officer=1, currency="=[red]|cmd'!A0"),
    )
    result = frontier(problem, range(1, 4), [Based(), Reached(), StudentsCovered(percent=1)])
    for text in (printed(result), printed(open_ended(result))):
        assert not [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf")]
        assert "year, =[red]|cmd'!" in text
        assert "<b>[red]x</b> {{7*7}}" in " ".join(text.split())  # shown as it stands, obeyed by nobody
    assert {row["currency"] for row in rows(result)} == {"'=[red]|cmd'!A0"}
    assert json.loads(frontier_json(result))["title"] == HOSTILE
    svg = draw_frontier(result, "svg")
    root = ET.fromstring(svg)
    assert not list(root.iter(f"{SVG}script")) and root.findtext(f"{SVG}title", "").startswith("=A $x^2 \\frac{")
    assert draw_frontier(result, "png").startswith(b"\x89PNG")
