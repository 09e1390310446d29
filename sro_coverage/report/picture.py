"""A still picture of the map, for readers without scripts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from sro_coverage.report.colours import NOBODY, pale
from sro_coverage.report.layers import Layers, SiteMark
from sro_coverage.report.territories import Point

WIDTH = 900


@dataclass(frozen=True)
class Picture:
    """Shapes in SVG user units: areas as path and fill and outline, lines, and placed markers."""

    width: int
    height: int
    areas: tuple[tuple[str, str, str], ...]
    lines: tuple[tuple[Point, Point, str], ...]
    marks: tuple[tuple[SiteMark, Point, str], ...]


def picture(layers: Layers) -> Picture:
    """Project the layers onto a sheet of fixed width."""
    (south, west), (north, east) = layers.division.bounds
    shrink = math.cos(math.radians((south + north) / 2))
    scale = WIDTH / ((east - west) * shrink)

    def place(point: Point) -> Point:
        return round((point[1] - west) * shrink * scale, 1), round((north - point[0]) * scale, 1)

    colours = {officer.number: officer.colour for officer in layers.officers}
    return Picture(
        width=WIDTH,
        height=math.ceil((north - south) * scale),
        areas=tuple(
            (_path(territory.polygons, place), *_fill(colours.get(territory.officer or 0)))
            for territory in layers.division.territories
        ),
        lines=tuple(
            (place(link.start), place(link.end), colours[link.officer])
            for link in layers.links
            if link.state == "shared"
        ),
        marks=tuple(
            (site, place((site.lat, site.lon)), colours[site.officers[0]] if site.officers else NOBODY)
            for site in sorted(layers.sites, key=lambda site: (site.state == "primary", -site.size, site.id))
        ),
    )


def _fill(colour: str | None) -> tuple[str, str]:
    return (pale(colour), colour) if colour else ("#F0F1F3", NOBODY)


def _path(polygons: tuple[tuple[tuple[Point, ...], ...], ...], place: Callable[[Point], Point]) -> str:
    rings = (ring for polygon in polygons for ring in polygon)
    return "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in map(place, ring)) + "Z" for ring in rings)
