"""Records of several files joined into schools: by NCES id, then by CDS code, otherwise by the file's own id."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sro_coverage.read.public.levels import Verdict
from sro_coverage.read.public.records import Record, Records
from sro_coverage.read.public.report import Doubt

AGREES_M = 300  # two published points that are nearer than this confirm each other
_TOGETHER = (  # fields that only make sense from one row
    ("lat", "lon", "point_source", "point_confidence"),
    ("enrollment", "enrollment_year"),
    ("address", "city"),
    ("district", "district_id"),
)


@dataclass(frozen=True)
class School:
    """
    What all files say of one school.

    Parameters
    ----------
    where
        The row that names it first.
    cells
        By output column; the first file that knows a field wins.
    """

    id: str
    where: str
    cells: dict[str, str]
    verdict: Verdict


@dataclass(frozen=True)
class Joined:
    """
    The schools, and by file the number of rows that belong to none.

    Files that say nothing of levels (points, enrollment, officers) add to schools and make none.
    """

    schools: tuple[School, ...]
    not_joined: dict[int, int]
    doubts: tuple[Doubt, ...]


def join(files: Sequence[Records]) -> Joined:
    """
    Join records that share an id, directly or through a row that has both.

    Parameters
    ----------
    files
        In the order of trust: the first that knows a field wins.
    """
    directories = {number for number, file in enumerate(files) if file.is_directory}
    schools, doubts = [], []
    not_joined = dict.fromkeys(range(len(files)), 0)
    taken: set[str] = set()
    for group in _groups([record for file in files for record in file.records]):
        if not any(record.file in directories for record in group):
            for record in group:
                not_joined[record.file] += 1
            continue
        school = _school(group, taken)
        schools.append(school)
        if len(group) > 1:
            doubts += list(_disagreements(school, group))
    return Joined(tuple(schools), not_joined, tuple(doubts))


def _groups(records: list[Record]) -> Iterable[list[Record]]:
    """Put records together that are linked by a key; a row without one stands alone."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(key: tuple[str, str]) -> tuple[str, str]:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for record in records:
        for key in record.keys:
            parent.setdefault(key, key)
        for key in record.keys[1:]:
            parent[root(key)] = root(record.keys[0])
    groups: dict[object, list[Record]] = {}
    for record in records:
        groups.setdefault(root(record.keys[0]) if record.keys else id(record), []).append(record)
    return groups.values()


def _school(group: list[Record], taken: set[str]) -> School:
    cells = dict(group[0].cells)
    for record in group[1:]:
        bound = [name for names in _TOGETHER if any(name in cells for name in names) for name in names]
        cells |= {name: text for name, text in record.cells.items() if name not in cells and name not in bound}
    verdicts = [record.verdict for record in group if record.verdict is not None]
    verdict = next((verdict for verdict in verdicts if verdict.level), verdicts[0])
    own = cells.pop("id", "")
    name = cells.setdefault("name", "")
    wanted = own or cells.get("nces_id") or cells.get("cds_code") or _slug(name)
    if wanted in taken:
        wanted = next(text for number in range(2, 1_000_000) if (text := f"{wanted}-{number}") not in taken)
    taken.add(wanted)
    return School(wanted, group[0].where, cells, verdict)


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name.casefold()).strip("_")[:150] or "school"


def _disagreements(school: School, group: list[Record]) -> Iterator[Doubt]:
    """Say what the files tell differently of one school, and rate its point by how well they agree."""
    points = [record for record in group if "lat" in record.cells]
    if len(points) > 1:
        apart = max(_distance_m(points[0], other) for other in points[1:])
        school.cells["point_check_m"] = f"{apart:.0f}"
        if apart <= AGREES_M:
            school.cells["point_confidence"] = "high"
        else:
            found = f"{apart:,.0f} m apart in {points[0].where} and another file; the first is taken"
            yield Doubt("points of two files differ", school.id, found)
    for name in ("nces_id", "cds_code"):
        if len(ids := {record.cells[name] for record in group if name in record.cells}) > 1:
            yield Doubt("ids that contradict each other", school.id, f"{name} {' and '.join(sorted(ids))}")
    names = [record.cells["name"] for record in group if record.cells.get("name")]
    for other in names[1:]:
        if not _words(names[0]) & _words(other) and _words(names[0]) and _words(other):
            yield Doubt("joined by id, but the names differ", school.id, f"{names[0]} and {other}")
            break


def _words(name: str) -> set[str]:
    return {word[:4] for word in re.findall(r"\w{3,}", name.casefold())} - {"scho", "high", "elem", "midd", "acad"}


def _distance_m(one: Record, other: Record) -> float:
    (lat, lon), (to_lat, to_lon) = ((float(item.cells["lat"]), float(item.cells["lon"])) for item in (one, other))
    east = math.radians(to_lon - lon) * math.cos(math.radians((lat + to_lat) / 2))
    return 6_371_000 * math.hypot(math.radians(to_lat - lat), east)
