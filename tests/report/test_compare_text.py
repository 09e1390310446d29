import csv
import io
from dataclasses import replace

import pytest
from rich.console import Console

from sro_coverage.plan import LIMITS
from sro_coverage.problem import Budget, Objective
from sro_coverage.report.compare_text import comparison_csv, render_comparison
from sro_coverage.report.compare_words import figures, headline, hours_of, proofs, signed, tiers, whole
from sro_coverage.report.text import WIDTH
from sro_coverage.scenario.compare import compare


def printed(comparison, width=WIDTH):
    console = Console(width=width, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(render_comparison(comparison))
    return capture.get()


def unwrapped(text):
    return " ".join(text.split())


@pytest.fixture(scope="module")
def comparison(town, town_with_less):
    return compare([town, town_with_less])


def row(rows, label):
    return next(row for row in rows if row.label == label)


def test_the_headline_says_it_in_one_line(comparison):
    assert "; ".join(headline(comparison, comparison.others[0])) == (
        "1 officer fewer; 380 fewer students covered; no officer changes base, 1 shares other campuses; "
        "5 campuses change"
    )


def test_what_was_compared_stands_above(town, town_with_less, comparison):
    text = printed(comparison)
    for plan in (town, town_with_less):
        assert plan.problem.title in text
        assert plan.digest[:12] in text
    assert "Every tier of every plan is proven." in text
    assert LIMITS in unwrapped(text)


def test_figures_have_their_difference_beside_them(comparison):
    rows = figures(comparison)
    covered = row(rows, "Students covered")
    assert (covered.values, covered.differences, covered.better) == (("3,280", "2,900"), ("−380",), ("worse",))
    assert row(rows, "Officers").better == ("",)
    assert row(rows, "… with nobody").differences == ("",)


def test_a_gain_is_not_called_worse(town, town_with_less):
    back = compare([town_with_less, town])
    assert row(figures(back), "Students covered").better == ("better",)
    assert row(figures(back), "Students without coverage").better == ("better",)


def test_tiers_of_another_measure_have_no_difference(town):
    town_by_need = town.model_copy(
        update={"problem": town.problem.replace(objective=Objective(weight="need", order=town.problem.order))}
    )
    assert {difference for row in tiers(compare([town, town_by_need])) for difference in row.differences} == {""}
    assert "the column 'need'" in printed(compare([town, town_by_need]))


def test_a_tier_that_a_plan_does_not_have(town):
    fewer = town.model_copy(update={"tiers": town.tiers[:-1]})
    last = tiers(compare([town, fewer]))[-1]
    assert (last.values[1], last.differences, last.notes[1]) == ("–", ("",), "not asked")


def test_what_is_not_proven_is_said(town, town_with_less):
    open_tier = town.tiers[0].model_copy(update={"bound": 900, "stopped": "time limit"})
    unproven = town.model_copy(update={"tiers": (open_tier, *town.tiers[1:]), "status": "feasible"})
    comparison = compare([town_with_less, unproven])
    assert proofs(comparison)[:2] == [
        "Every tier of A is proven.",
        "B is not proven best. Gaps by tier: “Students not covered” 15.9%.",
    ]
    assert "gap 15.9%" in row(tiers(comparison), "Students not covered").notes[1]
    assert "Every tier of every plan" not in printed(comparison)


def test_every_change_is_listed(comparison):
    text = printed(comparison)
    for line in (
        "South Middle",
        "Elm Elementary",
        "New Middle",
        "primary, Officer 2",
        "not in this plan",
        "on-call, Officer 1",
        "campus oak-elementary, enrollment",
        "Closed (1)",
        "Opened (1)",
        "(officer only in A)",
    ):
        assert line in text


def test_the_same_plan_twice_says_so(town):
    text = printed(compare([town, town]))
    assert "as many students covered; no officer changes base; no campus changes." in text
    assert "The same question was asked" in text
    assert "planned afresh" not in text


def test_plans_without_an_answer_are_told(town, impossible):
    text = unwrapped(printed(compare([town, impossible])))
    assert "B holds no plan (infeasible), so there is nothing to compare with it." in text
    assert impossible.explanation in text
    printed(compare([impossible, town]))
    printed(compare([impossible, impossible]))


def test_every_open_tier_has_its_gap_in_quotes_known_or_not(town):
    open_tiers = [
        tier.model_copy(update={"stopped": "time limit", "bound": None if tier.name == "visibility" else tier.bound})
        for tier in town.tiers
    ]
    comparison = compare([town, town.model_copy(update={"tiers": tuple(open_tiers), "status": "feasible"})])
    told = unwrapped(printed(comparison))
    assert "“Driving a week” under 0.1%; “Visibility, student-hours” unknown." in told
    assert "where a gap is unknown, any difference may be" in told
    assert row(tiers(comparison), "Visibility, student-hours").notes[1].endswith("gap unknown")


def test_a_base_without_a_plan_is_told_and_the_others_have_figures_without_differences(town, impossible):
    comparison = compare([impossible, town])
    text = unwrapped(printed(comparison))
    assert "Plans compared; A holds no plan, so nothing can be compared with it" in text
    assert f"A: {impossible.explanation}" in text
    assert text.count("A holds no plan (infeasible), so there is nothing to compare with it.") == 1
    assert "Every tier of B is proven." in text
    assert "B - A" not in text
    assert row(figures(comparison), "Students covered").values == ("–", "3,280")


def test_a_base_changed_is_not_said_of_an_officer_who_only_shares(town, town_with_less):
    (versus,) = compare([town, town_with_less]).others
    moved = replace(versus, officers=tuple(replace(change, change="moves") for change in versus.officers[:1]))
    comparison = compare([town, town_with_less])
    assert "1 officer changes base" in headline(comparison, moved)
    assert "no officer changes base, 1 shares other campuses" in headline(comparison, versus)


def test_other_hours_on_a_kept_primary_are_told(town):
    def with_hours(more):
        beat = town.beats[0].model_copy(update={"primary_hours": town.beats[0].primary_hours + more})
        return town.model_copy(update={"beats": (beat, *town.beats[1:])})

    before = town.beats[0].primary_hours
    for more, word in ((-3, "fewer"), (1, "more")):
        comparison = compare([town, with_hours(more)])
        (change,) = comparison.others[0].officers
        assert hours_of(change) == f"{word} hours a week there: {before:.1f} → {before + more:.1f} h"
        assert f"{word} hours a week there:" in unwrapped(printed(comparison))
    assert compare([town, with_hours(-0.9)]).others[0].officers == ()


def test_less_driving_is_better_in_the_figure_and_in_the_tier(town, town_with_less):
    comparison = compare([town, town_with_less])
    assert row(figures(comparison), "Driving a week").better == row(tiers(comparison), "Driving a week").better != ("",)


def test_cost_only_in_one_currency(town, town_with_less):
    def paid(plan, currency):
        budget = Budget(cost_per_officer=100_000, currency=currency)
        return plan.model_copy(update={"problem": plan.problem.replace(budget=budget)})

    cost = row(figures(compare([paid(town, "USD"), paid(town_with_less, "USD")])), "Cost a year")
    assert (cost.values, cost.differences) == (("USD 200,000", "USD 100,000"), ("−USD 100,000",))
    assert not [r for r in figures(compare([paid(town, "USD"), paid(town, "CAD")])) if r.label == "Cost a year"]
    assert row(figures(compare([paid(town, "USD"), town])), "Cost a year").values == ("USD 200,000", "–")


@pytest.mark.parametrize("count", [2, 3, 4, 6])
def test_it_fits_the_width(town, town_with_less, count):
    lines = printed(compare([town, *[town_with_less] * (count - 1)])).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert "-380" in "".join(lines)
    assert "…" not in "".join(line for line in lines if "…  " not in line and not line.lstrip().startswith("…"))


def test_hostile_names_are_printed_without_what_a_terminal_obeys(hostile):
    few = compare([hostile, hostile.model_copy(update={"problem": hostile.problem.replace(title="x\u202ey")})])
    assert "\u202e" not in printed(few)


def test_csv_has_every_campus_and_guards_formulas(town, town_with_less):
    formula = town.problem.replace(title="=HYPERLINK(1)")
    text = comparison_csv(compare([town.model_copy(update={"problem": formula}), town_with_less, town]))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 11 + 10
    assert {row["base"] for row in rows} == {"'=HYPERLINK(1)"}
    changes = {row["campus"]: row for row in rows if row["plan"] == "Less Town"}
    assert changes["elm-elementary"]["change"] == "closed"
    assert changes["elm-elementary"]["state_after"] == ""
    assert (changes["oak-elementary"]["students_before"], changes["oak-elementary"]["students_after"]) == ("500", "520")
    assert {row["change"] for row in rows if row["plan"] == "Small Town"} == {""}


@pytest.mark.parametrize(("value", "text"), [(5, "+5"), (-1200, "−1,200"), (0, ""), (0.2, ""), (-0.2, "")])
def test_differences_have_a_sign_and_zero_is_nothing(value, text):
    assert signed(value, whole) == text
