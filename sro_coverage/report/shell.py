"""What every map page is made of: maps by folium, the assets, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import folium
import jinja2
from branca.element import CssLink, JavascriptLink

from sro_coverage.report.colours import NOBODY
from sro_coverage.report.layers import SHAPES, Layers
from sro_coverage.report.wording import duration

MAX_SHAPES = 300
"""Above this many markers a map draws circles on a canvas, which is fast but has no keyboard."""

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


@dataclass(frozen=True)
class Maps:
    """
    The maps of a page, with every link of the map library replaced by the text it leads to.

    Parameters
    ----------
    markup
        One element for each map.
    scripts
        The last of them draws each map from the JSON in the element ``NAME-data``.
    """

    styles: tuple[str, ...]
    markup: tuple[str, ...]
    scripts: tuple[str, ...]

    @property
    def policy(self) -> str:
        """The policy of the page."""
        return policy(self.styles, self.scripts)


def draw_maps(names: Sequence[str], layers: Sequence[Layers], sheets: Sequence[str], *, is_large: bool) -> Maps:
    """
    Make an empty map for each of the layers, and what the page needs to fill them.

    Parameters
    ----------
    names
        Of the maps: short, of letters, chosen by the program.
    sheets
        The style sheets of the page, among the assets.
    """
    styles: list[str] = []
    markup, before, after = [], [], []
    for name, layer in zip(names, layers, strict=True):
        figure = _figure(name, layer, is_large=is_large, is_alone=len(names) == 1)
        for link, child in figure.header._children.items():
            if isinstance(child, CssLink):
                styles += [asset(path) for path in _replaced(link)]
            elif isinstance(child, JavascriptLink):
                before += [asset(path) for path in _replaced(link)]
            else:
                text = child.render()
                _refuse_links(text)
                styles += _bodies("style", text)
                before += _bodies("script", text)
        markup.append(figure.html.render().strip())
        _refuse_links(markup[-1])
        after.append(figure.script.render())
    start = f"sroMap([{', '.join(f'map_{name}' for name in names)}]);"
    return Maps(
        styles=tuple(dict.fromkeys((*styles, *map(asset, sheets)))),
        markup=tuple(markup),
        scripts=tuple(dict.fromkeys((*before, asset("common.js"), asset("map.js"), "\n".join((*after, start))))),
    )


def _figure(name: str, layers: Layers, *, is_large: bool, is_alone: bool) -> Any:
    (south, west), (north, east) = layers.division.bounds
    drawn = folium.Map(
        tiles=None,
        location=((south + north) / 2, (west + east) / 2),
        control_scale=True,
        prefer_canvas=is_large,
        zoom_snap=0.05,
        zoom_delta=0.5,
        scroll_wheel_zoom=False,
        **({} if is_alone else {"zoom_animation": False}),  # maps that follow each other change zoom at once
    )
    drawn.options["max_zoom"] = 18
    drawn._id = name
    figure = drawn.get_root()
    figure._id = "figure"
    figure.render()
    return figure


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


def policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Write the Content-Security-Policy that allows these styles and scripts and no request at all."""
    return (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _hashes(texts: Sequence[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


@cache
def asset(path: str) -> str:
    """Read an asset as text that may stand inside a script or style element."""
    text = (files("sro_coverage.report") / "assets" / path).read_bytes().decode().replace("\r\n", "\n")
    if path.endswith(".css"):
        text = re.sub(r"[^;{}]*url\([^)]*\);?", "", text)
    text = re.sub(r"//# sourceMappingURL=\S*", "", text)
    return text.replace("</script", r"<\/script").replace("<!--", r"<\!--").strip()


@cache
def environment() -> jinja2.Environment:
    """Give the templates among the assets; whatever they are given is escaped."""
    loader = jinja2.FunctionLoader(lambda name: (files("sro_coverage.report") / "assets" / name).read_text("utf-8"))
    made = jinja2.Environment(
        autoescape=True, loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters["duration"] = duration
    made.globals |= {"shapes": SHAPES, "nobody": NOBODY}
    return made


def map_data(layers: Layers, label: str, *, max_shapes: int, underlay: dict[str, Any] | None = None) -> str:
    """
    Write what the script draws into one map, as JSON for a script element.

    Parameters
    ----------
    label
        The name of the map for those who cannot see it.
    """
    data = {
        "label": label,
        "officers": [asdict(officer) for officer in layers.officers],
        "sites": [asdict(site) for site in layers.sites],
        "links": [asdict(link) for link in layers.links],
        "territories": [asdict(territory) for territory in layers.division.territories],
        "underlay": [feature["geometry"] for feature in (underlay or {}).get("features", [])],
        "bounds": layers.division.bounds,
        "shapes": SHAPES,
        "nobody": NOBODY,
        "maxShapes": max_shapes,
    }
    return script_json(data)


def script_json(data: Any) -> str:
    """Write JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
