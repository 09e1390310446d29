"""Lines of cells out of HTML, GeoJSON and KML; the first line holds the names of the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from xml.parsers import expat

from sro_coverage.errors import DataError, Issue
from sro_coverage.read.public.line import Line

POINT = ("point lat", "point lon")
"""The columns that hold the point of a feature or placemark."""


def html_lines(file: str, text: str) -> Iterator[Line]:
    """Give the rows of all tables of a page, one after the other."""
    parser = _Tables()
    parser.feed(text)
    parser.close()
    rows = parser.rows
    if not rows:
        raise DataError([Issue(file, "a page without a table", "an HTML table with a header row")])
    return (Line(number, row) for number, row in enumerate(rows, start=1))


class _Tables(HTMLParser):
    """Collects the text of cells; entities are resolved, scripts and styles are not text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._is_cell = self._is_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
            self._is_cell = False
        elif tag in ("td", "th"):
            if not self.rows:
                self.rows.append([])
            self.rows[-1].append("")
            self._is_cell = True
        elif tag == "br":
            self.handle_data(" ")
        elif tag in ("script", "style"):
            self._is_code = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._is_cell = False
        elif tag in ("script", "style"):
            self._is_code = False

    def handle_data(self, data: str) -> None:
        if self._is_cell and not self._is_code:
            self.rows[-1][-1] += data


def geojson_lines(file: str, text: str) -> Iterator[Line]:
    """
    Give one line for each feature: its properties and its point.

    Numbers keep the digits that the file has. A feature that is no point is a line with a fault.
    """
    expected = "a GeoJSON FeatureCollection of points"
    try:
        content = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except RecursionError:
        raise DataError([Issue(file, "lists nested too deep", expected)]) from None
    except ValueError as error:
        raise DataError([Issue(file, f"not JSON ({error})", expected)]) from None
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not features:
        raise DataError([Issue(file, "JSON without features", expected)])
    crs = str(content.get("crs") or "CRS84")
    if not any(name in crs for name in ("CRS84", "4326", "4269")):
        raise DataError([Issue(file, f"coordinates in {crs[:80]}", "degrees (WGS 84), as RFC 7946 asks")])
    return _table([_feature(file, number, item) for number, item in enumerate(features, start=1)])


_Item = tuple[dict[str, str], Issue | None]


def _table(items: list[_Item]) -> Iterator[Line]:
    """Put the items under a common header."""
    columns = list(dict.fromkeys([*POINT, *(name for cells, _ in items for name in cells)]))
    yield Line(0, columns)
    for number, (cells, fault) in enumerate(items, start=1):
        yield Line(number, [cells.get(name, "") for name in columns], {-1: fault} if fault else {})


def _feature(file: str, number: int, item: Any) -> _Item:
    where = f"{file} feature {number}"
    if not isinstance(item, dict):
        return {}, Issue(where, "no GeoJSON feature", "a feature with a point")
    properties = item.get("properties")
    cells = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in (properties.items() if isinstance(properties, dict) else ())
        if isinstance(value, str | bool)
    }
    geometry = item.get("geometry")
    if geometry is None:  # a school whose place is not known
        return cells, None
    kind, place = (geometry.get("type"), geometry.get("coordinates")) if isinstance(geometry, dict) else (None, None)
    if kind == "MultiPoint" and isinstance(place, list) and len(place) == 1:
        kind, place = "Point", place[0]
    if kind != "Point":
        return cells, Issue(where, f"a {str(kind)[:30]}", "a Point; take the centre of a shape first")
    if not isinstance(place, list) or len(place) < 2 or not all(isinstance(part, str) for part in place[:2]):
        return cells, Issue(where, "a Point without coordinates", "[longitude, latitude]")
    return cells | {POINT[0]: place[1], POINT[1]: place[0]}, None


def kml_lines(file: str, content: bytes) -> Iterator[Line]:
    """
    Give one line for each placemark: its name, its extended data and its point.

    A document type is refused before anything of it is read, so no entity can grow or fetch.
    """
    placemarks = _Placemarks(file)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = placemarks.start
    parser.EndElementHandler = placemarks.end
    parser.CharacterDataHandler = placemarks.text
    parser.StartDoctypeDeclHandler = placemarks.refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise DataError([Issue(file, f"not well-formed KML ({error})", "a KML document")]) from None
    except (LookupError, ValueError) as error:  # an encoding that is none
        raise DataError([Issue(file, f"not readable as KML ({str(error)[:80]})", "a KML document")]) from None
    if not placemarks.items:
        raise DataError([Issue(file, "KML without placemarks", "placemarks with points")])
    return _table(placemarks.items)


class _Placemarks:
    """Listens to the parser; keeps a placemark's name, data and point, and nothing of its description."""

    _SHAPES = ("LineString", "Polygon", "Model", "Track", "LinearRing")

    def __init__(self, file: str) -> None:
        self.items: list[_Item] = []
        self._file = file
        self._open: list[str] = []
        self._cells: dict[str, str] = {}
        self._points: list[str] = []
        self._shapes: list[str] = []
        self._column = ""
        self._text = ""

    def refuse(self, *_: object) -> None:
        raise DataError([Issue(self._file, "a document type (DOCTYPE)", "KML without one; it may hide anything")])

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "Placemark":
            self._cells, self._points, self._shapes = {}, [], []
        elif name in self._SHAPES:
            self._shapes.append(name)
        elif name in ("Data", "SimpleData"):
            self._column = attributes.get("name", "")
        self._open.append(name)
        self._text = ""

    def text(self, data: str) -> None:
        self._text += data

    def end(self, tag: str) -> None:
        name = self._open.pop()
        parent = self._open[-1] if self._open else ""
        if name == "name" and parent == "Placemark":
            self._cells["name"] = self._text
        elif name == "coordinates" and parent == "Point":
            self._points.append(self._text)
        elif self._column and (name == "SimpleData" or (name == "value" and parent == "Data")):
            self._cells[self._column] = self._text
        elif name == "Placemark":
            self.items.append(self._item(f"{self._file} placemark {len(self.items) + 1}"))
        self._text = ""

    def _item(self, where: str) -> _Item:
        if self._shapes or len(self._points) > 1:
            found = f"a {self._shapes[0]}" if self._shapes else f"{len(self._points)} points"
            return self._cells, Issue(where, found, "one Point; take the centre of a shape first")
        if not self._points:
            return self._cells, None
        place = [part.strip() for part in self._points[0].strip().split(",")]
        if len(place) < 2:
            return self._cells, Issue(where, "a Point without coordinates", "longitude,latitude")
        return self._cells | {POINT[0]: place[1], POINT[1]: place[0]}, None
