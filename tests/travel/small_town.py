"""
A small town as an OpenStreetMap file, 0.01 degrees (1.1 km) between the corners of its grid.

::

    7 --- 8 --- 9        1-2-3 residential, 4-5-6 a 45 mph secondary road, 7-8-9 one-way to the east
    |     |     |        1-4-7, 2-5-8 and 3-6-9 residential; 2-5 also as a faster parallel road
    4 === 5 === 6        20-21 an island that no road joins; 5-30 is private, 5-31 a footway
    |     |     |        40 a motorway stub that can be entered from 6 but not left
    1 --- 2 --- 3
"""

from __future__ import annotations

from pathlib import Path

STEP = 0.01
SOUTH, WEST = 36.50, -119.40

NODES = {number: (SOUTH + STEP * ((number - 1) // 3), WEST + STEP * ((number - 1) % 3)) for number in range(1, 10)} | {
    20: (36.502, -119.370),
    21: (36.503, -119.370),
    30: (36.515, -119.395),
    31: (36.514, -119.386),
    40: (36.510, -119.360),
}

WAYS: list[tuple[list[int], dict[str, str]]] = [
    ([1, 2, 3], {"highway": "residential"}),
    ([4, 5, 6], {"highway": "secondary", "maxspeed": "45 mph"}),
    ([7, 8, 9], {"highway": "residential", "oneway": "yes"}),
    ([1, 4, 7], {"highway": "residential"}),
    ([2, 5, 8], {"highway": "residential"}),
    ([3, 6, 9], {"highway": "residential"}),
    ([2, 5], {"highway": "primary", "maxspeed": "80"}),
    ([20, 21], {"highway": "residential"}),
    ([5, 30], {"highway": "service", "access": "private"}),
    ([5, 31], {"highway": "footway"}),
    ([6, 40], {"highway": "motorway"}),
]


def osm_text() -> str:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    lines += [f'<node id="{n}" version="1" lat="{lat:.7f}" lon="{lon:.7f}"/>' for n, (lat, lon) in NODES.items()]
    for number, (nodes, tags) in enumerate(WAYS, start=100):
        refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
        words = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        lines.append(f'<way id="{number}" version="1">{refs}{words}</way>')
    return "\n".join([*lines, "</osm>"])


def write_town(folder: Path) -> Path:
    path = folder / "town.osm"
    path.write_text(osm_text(), encoding="utf-8")
    return path
