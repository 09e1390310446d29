"""The map page: one HTML file that shows a plan and fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import folium
import jinja2
from branca.element import CssLink, JavascriptLink, MacroElement

from sro_coverage.plan import LIMITS, Beat, Plan, Tier
from sro_coverage.report.colours import NOBODY
from sro_coverage.report.layers import (
    FAMILIES,
    LARGEST_PX,
    SHAPES,
    SMALLEST_PX,
    STATES,
    Layers,
    Routes,
    build_layers,
    campus_rows,
    numbers,
    size_px,
    stop_of,
)
from sro_coverage.report.picture import picture
from sro_coverage.report.wording import STATE_MEANING, STATUS, TIERS, amount, duration, level_name, trip

MAX_SHAPES = 300
"""Above this many markers the map draws circles on a canvas, which is fast but has no keyboard."""

_VENDORED = {"leaflet": "leaflet/leaflet.js", "leaflet_css": "leaflet/leaflet.css"}
_DROPPED = {
    "jquery",
    "bootstrap",
    "awesome_markers",
    "bootstrap_css",
    "glyphicons_css",
    "awesome_markers_font_css",
    "awesome_markers_css",
    "awesome_rotate_css",
}


def render_map(plan: Plan, *, underlay: dict[str, Any] | None = None, routes: Routes | None = None) -> str:
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

    Returns
    -------
    str
        The same plan gives the same bytes. A Content-Security-Policy with the hashes of the page's
        own scripts keeps it from fetching or running anything else.
    """
    layers = build_layers(plan, routes)
    styles, markup, scripts = _folium_parts(layers)
    styles.append(_asset("page.css"))
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            plan=plan,
            layers=layers,
            figures=layers.figures,
            styles=styles,
            map_markup=markup,
            scripts=scripts,
            policy=_policy(styles, scripts),
            data=_literal(_data(layers, underlay)),
            picture=picture(layers),
            shapes=SHAPES,
            roster=list(_roster(plan)),
            campuses=list(_campuses(plan)),
            tiers=[_tier(tier) for tier in plan.tiers],
            status=STATUS[plan.status],
            states=STATES,
            state_meaning=STATE_MEANING,
            levels=_levels(plan),
            sizes=_sizes(layers),
            limits=LIMITS,
            nobody=NOBODY,
            is_large=len(layers.sites) > MAX_SHAPES,
        )
    )


def notebook_frame(plan: Plan) -> str:
    """Give the map as a frame for a notebook; the page inside cannot reach the notebook."""
    page = escape(render_map(plan), quote=True)
    title = escape(f"Map of {plan.problem.title}", quote=True)
    return f'<iframe title="{title}" sandbox="allow-scripts" srcdoc="{page}" width="100%" height="720"></iframe>'


class _PlanLayers(MacroElement):  # type: ignore[misc]
    """Starts the page's own script on the map; no text from data passes through here."""

    _template = folium.template.Template(
        "{% macro script(this, kwargs) %}sroMap({{ this._parent.get_name() }});{% endmacro %}"
    )

    def __init__(self) -> None:
        super().__init__()
        self._name = "PlanLayers"
        self._id = "plan"


def _folium_parts(layers: Layers) -> tuple[list[str], str, list[str]]:
    """Give the styles, the markup and the scripts of the folium map, with every link replaced."""
    (south, west), (north, east) = layers.division.bounds
    drawn = folium.Map(
        tiles=None,
        location=((south + north) / 2, (west + east) / 2),
        control_scale=True,
        prefer_canvas=len(layers.sites) > MAX_SHAPES,
        zoom_snap=0.05,
        zoom_delta=0.5,
        scroll_wheel_zoom=False,
    )
    drawn.options["max_zoom"] = 18
    drawn._id = "plan"
    drawn.add_child(_PlanLayers())
    figure = drawn.get_root()
    figure._id = "figure"
    figure.render()
    styles, scripts = [], []
    for name, child in figure.header._children.items():
        if isinstance(child, CssLink):
            styles += [_asset(path) for path in _replaced(name)]
        elif isinstance(child, JavascriptLink):
            scripts += [_asset(path) for path in _replaced(name)]
        else:
            text = child.render()
            _refuse_links(text)
            styles += _bodies("style", text)
            scripts += _bodies("script", text)
    markup = figure.html.render().strip()
    _refuse_links(markup)
    return styles, markup, [*scripts, _asset("map.js"), figure.script.render()]


def _replaced(name: str) -> tuple[str, ...]:
    if name in _DROPPED:
        return ()
    if name not in _VENDORED:
        raise LookupError(f"the map library links {name!r}; expected one of {sorted({*_VENDORED, *_DROPPED})}")
    return (_VENDORED[name],)


def _refuse_links(text: str) -> None:
    if re.search(r"<link\b|\bsrc\s*=|@import", text, re.IGNORECASE):
        raise LookupError(f"the map library links something in {text.strip()[:80]!r}; expected no link")


def _bodies(tag: str, text: str) -> list[str]:
    return re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.DOTALL)


@cache
def _asset(path: str) -> str:
    """Read an asset as text that may stand inside a script or style element."""
    text = (files("sro_coverage.report") / "assets" / path).read_bytes().decode().replace("\r\n", "\n")
    if path.endswith(".css"):
        text = re.sub(r"[^;{}]*url\([^)]*\);?", "", text)
    text = re.sub(r"//# sourceMappingURL=\S*", "", text)
    return text.replace("</script", r"<\/script").replace("<!--", r"<\!--").strip()


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FunctionLoader(lambda name: (files("sro_coverage.report") / "assets" / name).read_text("utf-8"))
    environment = jinja2.Environment(
        autoescape=True, loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["duration"] = duration
    return environment


def _policy(styles: list[str], scripts: list[str]) -> str:
    def hashes(texts: list[str]) -> str:
        digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
        return " ".join(f"'sha256-{digest}'" for digest in digests)

    return (
        f"default-src 'none'; script-src {hashes(scripts)}; style-src {hashes(styles)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _literal(data: dict[str, Any]) -> str:
    """Write JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _data(layers: Layers, underlay: dict[str, Any] | None) -> dict[str, Any]:
    """Give what the script draws."""
    return {
        "officers": [asdict(officer) for officer in layers.officers],
        "sites": [asdict(site) for site in layers.sites],
        "links": [asdict(link) for link in layers.links],
        "territories": [asdict(territory) for territory in layers.division.territories],
        "underlay": [feature["geometry"] for feature in (underlay or {}).get("features", [])],
        "bounds": layers.division.bounds,
        "shapes": SHAPES,
        "nobody": NOBODY,
        "maxShapes": MAX_SHAPES,
    }


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


def _tier(tier: Tier) -> dict[str, Any]:
    label, meaning = TIERS[tier.name]
    bound = "none known" if tier.bound is None else amount(tier, tier.bound)
    if tier.proven:
        proof = "proven"
    else:
        gap = "" if tier.gap is None else f", gap {tier.gap:.1%}"
        proof = f"not proven ({tier.stopped}{gap})"
    return {
        "label": label,
        "meaning": meaning,
        "value": amount(tier, tier.value),
        "best": amount(tier, tier.best),
        "bound": bound,
        "proof": proof,
        "proven": tier.proven,
        "tolerance": tier.tolerance,
        "differs": tier.value != tier.best,
    }


def _levels(plan: Plan) -> list[tuple[str, str]]:
    """Give each shape in use with the levels it stands for."""
    present = {campus.level for campus in plan.problem.campuses}
    by_shape: dict[str, list[str]] = {}
    for level, shape in FAMILIES.items():
        if level in present:
            by_shape.setdefault(shape, []).append(level_name(level))
    return [(shape, ", ".join(names)) for shape, names in by_shape.items()]


def _sizes(layers: Layers) -> list[tuple[int, float]]:
    """Give enrollments, round to two digits, with their marker sizes for the legend."""
    shown = {}
    for size in (SMALLEST_PX, (SMALLEST_PX + LARGEST_PX) / 2, LARGEST_PX):
        students = layers.largest * (size / LARGEST_PX) ** 2
        shown[int(float(f"{students:.1g}" if students < 1000 else f"{students:.2g}"))] = 0.0
    return [(students, size_px(students, layers.largest)) for students in shown]
