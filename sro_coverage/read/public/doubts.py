"""What looks odd among the schools of an import, and which of them seem to stand on one site."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from sro_coverage.problem import Campus
from sro_coverage.problem.problem import misplaced_points
from sro_coverage.read.public.join import School
from sro_coverage.read.public.report import Doubt, SiteProposal

NEAR_M = 75  # points this close, though not equal, may be one site
SAME_PLACE_M = 500  # schools with one address are proposed as a site if their points are no further apart
FAR_KM = 40  # outside the others' area: further from its middle than this, and than five times the usual
MANY = 4  # so many schools on one point are rather a placeholder or an office
MIN_GROUP = 4  # fewer points have no area

_EARTH_M = 6_371_000.0


def propose_sites(schools: Sequence[School]) -> tuple[SiteProposal, ...]:
    """
    Fill `site` where schools have an equal point or an equal street address, and none of them has one yet.

    Returns
    -------
    tuple of SiteProposal
        What was filled in.
    """
    by_point, by_address = _equal_points(schools), _equal_addresses(schools)
    leader = list(range(len(schools)))

    def root(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    for group in (*by_point.values(), *by_address.values()):
        for index in group[1:]:
            leader[root(index)] = root(group[0])
    sites: dict[int, list[int]] = defaultdict(list)
    for index in range(len(schools)):
        sites[root(index)].append(index)
    pointed = {index for group in by_point.values() for index in group}
    return tuple(
        _fill(schools, members, has_point=all(index in pointed for index in members))
        for members in sites.values()
        if len(members) > 1 and not any("site" in schools[index].cells for index in members)
    )


def _fill(schools: Sequence[School], members: list[int], *, has_point: bool) -> SiteProposal:
    cells = schools[members[0]].cells
    addresses = [schools[index].cells.get("address", "") for index in members]
    site = (next(filter(None, addresses), "") or f"{cells['lat']}, {cells['lon']}")[:200]
    for index in members:
        schools[index].cells["site"] = site
    return SiteProposal(site, "one point" if has_point else "one address", tuple(schools[i].id for i in members))


def _equal_points(schools: Sequence[School]) -> dict[tuple[float, float], list[int]]:
    places = defaultdict(list)
    for index, school in enumerate(schools):
        if "lat" in school.cells:
            places[round(float(school.cells["lat"]), 6), round(float(school.cells["lon"]), 6)].append(index)
    return {place: group for place, group in places.items() if len(group) > 1}


def _equal_addresses(schools: Sequence[School]) -> dict[str, list[int]]:
    """Group by street address; a post box is none, and points far apart speak against it."""
    places = defaultdict(list)
    for index, school in enumerate(schools):
        address = school.cells.get("address", "").casefold()
        if re.match(r"\d", address) and "," in address and not re.search(r"\bp\.?\s?o\.?\s?box\b", address):
            places[re.sub(r"[^a-z0-9]+", " ", address)].append(index)
    return {
        address: group
        for address, group in places.items()
        if len(group) > 1 and _spread_m(schools, group) <= SAME_PLACE_M
    }


def _spread_m(schools: Sequence[School], group: list[int]) -> float:
    points = _points([schools[index] for index in group if "lat" in schools[index].cells])
    return float(np.linalg.norm(points - points[0], axis=1).max()) if len(points) else 0.0


def find_doubts(schools: Sequence[School]) -> Iterator[Doubt]:
    """Name everything that is odd but not wrong; nothing is changed."""
    yield from _odd_values(schools)
    yield from _crowded_points(schools)
    yield from _near_points(schools)
    yield from _far_points(schools)


def _odd_values(schools: Sequence[School]) -> Iterator[Doubt]:
    seen: Counter[tuple[str, str]] = Counter()
    nameless = [school.id for school in schools if school.cells["name"] == school.id]
    if nameless:
        yield Doubt("no name, the id stands in for it", nameless[0], f"{len(nameless):,} schools")
    for school in schools:
        cells = school.cells
        if "\ufffd" in cells["name"]:
            yield Doubt("damaged name", school.id, cells["name"])
        if cells.get("enrollment") == "0":
            yield Doubt("enrollment 0", school.id, f"{cells['name']}: a new, closed or mistaken school")
        if school.id not in (cells.get("nces_id"), cells.get("cds_code")):
            twin = (cells["name"].casefold(), cells.get("district", "").casefold())
            seen[twin] += 1
            if seen[twin] == 2:
                yield Doubt("one name twice, without an NCES or CDS id", school.id, cells["name"])


def _crowded_points(schools: Sequence[School]) -> Iterator[Doubt]:
    for (lat, lon), group in _equal_points(schools).items():
        addresses = {schools[index].cells.get("address", "").casefold() for index in group} - {""}
        names = "; ".join(schools[index].cells["name"] for index in group[:6]) + ("; …" if len(group) > 6 else "")
        kind = "two schools on one point"
        if len(group) >= MANY:
            kind = f"{MANY} or more schools on one point, perhaps a placeholder"
        elif len(addresses) > 1:
            kind = "one point, but different addresses"
        yield Doubt(kind, schools[group[0]].id, f"{lat}, {lon}: {names}")


def _near_points(schools: Sequence[School]) -> Iterator[Doubt]:
    """Name each point's nearest other one; of equal points only the first counts, so a heap of them costs nothing."""
    from scipy.spatial import cKDTree

    first = {
        (school.cells["lat"], school.cells["lon"]): school for school in reversed(schools) if "lat" in school.cells
    }
    pointed = list(reversed(first.values()))
    if len(pointed) < 2:
        return
    points = _points(pointed)
    distances, nearest = cKDTree(points).query(points, k=2, distance_upper_bound=NEAR_M)
    found = np.flatnonzero(np.isfinite(distances[:, 1])).tolist()
    pairs = {tuple(sorted((index, int(nearest[index, 1])))): float(distances[index, 1]) for index in found}
    for (one, other), apart in sorted(pairs.items()):
        has_one_site = pointed[one].cells.get("site") and pointed[one].cells["site"] == pointed[other].cells.get("site")
        if apart > 0.2 and not has_one_site:
            text = f"{apart:.0f} m from {pointed[other].cells['name']} ({pointed[other].id}): one site?"
            yield Doubt(f"points less than {NEAR_M} m apart", pointed[one].id, text)


def _far_points(schools: Sequence[School]) -> Iterator[Doubt]:
    """Compare each school with the others of its district, or with all if there are no districts."""
    pointed = [school for school in schools if "lat" in school.cells]
    all_points = _points(pointed)
    groups = defaultdict(list)
    for index, school in enumerate(pointed):
        groups[school.cells.get("district_id") or school.cells.get("district", "")].append(index)
    for members in groups.values():
        if len(members) < MIN_GROUP:
            continue
        points = all_points[members]
        distances = np.linalg.norm(points - np.median(points, axis=0), axis=1) / 1000
        limit = max(FAR_KM, 5 * float(np.median(distances)))
        for index in np.flatnonzero(distances > limit).tolist():
            school = pointed[members[index]]
            cells = school.cells
            found = f"{cells['name']}: {cells['lat']}, {cells['lon']} is {distances[index]:,.0f} km from their middle"
            yield Doubt("point outside the area of the district's others", school.id, found)


def drop_misplaced(schools: Sequence[School], campuses: dict[str, Campus]) -> Iterator[Doubt]:
    """
    Take away points that are right only with coordinates exchanged or a sign turned: a plan would refuse them.

    Parameters
    ----------
    campuses
        The checked rows by id; a row that loses its point is replaced.
    """
    by_id = {school.id: school for school in schools}
    while issues := list(misplaced_points(campuses.values())):
        for issue in issues:
            key = issue.where.removeprefix("campus ")[1:-1]
            school = by_id.get(key)
            if school is None:  # an id with quotes or the like in it
                return
            for name in ("lat", "lon", "point_source", "point_confidence", "point_check_m"):
                school.cells.pop(name, None)
            campuses[key] = campuses[key].model_copy(update={"lat": None, "lon": None, "point_confidence": None})
            yield Doubt("point taken away", key, f"{issue.found}; expected {issue.expected}")


def _points(schools: Sequence[School]) -> Any:
    """Place schools on a sphere of the earth's size, in metres; a chord is as good as an arc here."""
    degrees = np.array([(float(school.cells["lat"]), float(school.cells["lon"])) for school in schools]).reshape(-1, 2)
    lat, lon = np.radians(degrees).T
    return _EARTH_M * np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))
