"""The map page: one HTML file that shows a plan and fetches nothing."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from sro_coverage.plan import LIMITS, Beat, Plan, Tier
from sro_coverage.report.layers import STATES, Routes, build_layers, campus_rows, numbers, stop_of
from sro_coverage.report.legend import levels, sizes
from sro_coverage.report.picture import picture
from sro_coverage.report.shell import MAX_SHAPES, draw_maps, environment, map_data
from sro_coverage.report.wording import STATE_MEANING, STATUS, TIERS, amount, level_name, trip


def render_map(
    plan: Plan, *, underlay: dict[str, Any] | None = None, routes: Routes | None = None, back: str = ""
) -> str:
    """
    Draw a plan as one HTML document that works without a network.

    Parameters
    ----------
    plan
        With or without beats.
    underlay
        Roads or limits to draw beneath the plan, as :func:`~sro_coverage.report.underlay.read_underlay`
        gives them; only the geometry is used.
    routes
        Points of the way from a primary to a shared campus, by their ids; straight lines if not given.
    back
        Link to the state page that this map is reached from.

    Returns
    -------
    str
        The same plan gives the same bytes. A Content-Security-Policy with the hashes of the page's
        own scripts keeps it from fetching or running anything else.
    """
    layers = build_layers(plan, routes)
    is_large = len(layers.sites) > MAX_SHAPES
    maps = draw_maps(["plan"], [layers], ["page.css"], is_large=is_large)
    label = "Map of campuses and beats"
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            plan=plan,
            back=back,
            layers=layers,
            figures=layers.figures,
            maps=maps,
            data=map_data(layers, label, max_shapes=MAX_SHAPES, underlay=underlay),
            picture=picture(layers),
            roster=list(_roster(plan)),
            campuses=list(_campuses(plan)),
            tiers=[_tier(tier, plan.params.gap.of(tier.name)) for tier in plan.tiers],
            status=STATUS[plan.status],
            states=[s for s in STATES if layers.figures.campuses[s] or s not in ("uncovered", "not planned")],
            state_meaning=STATE_MEANING,
            levels=levels(plan.problem.campuses),
            sizes=sizes(layers.largest),
            limits=LIMITS,
            is_large=is_large,
        )
    )


def notebook_frame(plan: Plan) -> str:
    """Give the map as a frame for a notebook; the page inside cannot reach the notebook."""
    page = escape(render_map(plan), quote=True)
    title = escape(f"Map of {plan.problem.title}", quote=True)
    return f'<iframe title="{title}" sandbox="allow-scripts" srcdoc="{page}" width="100%" height="720"></iframe>'


def _roster(plan: Plan) -> Iterator[dict[str, Any]]:
    campuses = {campus.id: campus for campus in plan.problem.campuses}

    def named(ids: tuple[str, ...]) -> str:
        return " + ".join(campuses[campus_id].name for campus_id in ids)

    def row(number: int, beat: Beat) -> dict[str, Any]:
        return {
            "number": number,
            "beat": beat,
            "primary": named(beat.primary),
            "shared": [named(stop.campuses) for stop in beat.shared],
            "on_call": [named(stop.campuses) for stop in beat.on_call],
        }

    return (row(number, beat) for number, beat in enumerate(plan.beats, start=1))


def _campuses(plan: Plan) -> Iterator[dict[str, Any]]:
    campuses = {campus.id: campus for campus in plan.problem.campuses}
    names = {officer.id: officer.name for officer in plan.problem.officers}
    number, stops = numbers(plan), stop_of(plan)
    for row in sorted(campus_rows(plan), key=lambda row: (campuses[row.campus].name.casefold(), row.campus)):
        stop = stops.get(row.campus)
        yield {
            "campus": campuses[row.campus],
            "level": level_name(campuses[row.campus].level),
            "row": row,
            "officers": [(number[officer], names[officer]) for officer in row.officers],
            "travel": trip(stop) if stop else "",
        }


def _tier(tier: Tier, gap: float) -> dict[str, Any]:
    label, meaning = TIERS[tier.name]
    bound = "none known" if tier.bound is None else amount(tier, tier.bound)
    if tier.proven:
        proof = "proven"
    else:
        known = "" if tier.gap is None else f", gap {tier.gap:.1%}"
        proof = f"not proven ({tier.stopped}{known})"
    return {
        "label": label,
        "meaning": meaning,
        "value": amount(tier, tier.value),
        "best": amount(tier, tier.best),
        "bound": bound,
        "proof": proof,
        "proven": tier.proven,
        "tolerance": tier.tolerance,
        "gap": gap,
        "differs": tier.value != tier.best,
    }
