"""Straight-line times against geopy, and the sparse rows that hold them."""

from __future__ import annotations

import numpy as np
import pytest
from geopy.distance import great_circle

from sro_coverage.problem import StraightLine
from sro_coverage.travel import TravelTimes, limit_seconds, straight_line, straight_line_from

TRAVEL = StraightLine(circuity=1.3, speed_kph=40, terminal_min=2)


def random_points(count: int) -> list[tuple[float, float]]:
    rng = np.random.default_rng(5)
    return [
        (float(lat), float(lon))
        for lat, lon in zip(rng.uniform(36, 37, count), rng.uniform(-120, -119, count), strict=True)
    ]


def geopy_seconds(a, b) -> float:
    return 120 + great_circle(a, b).km * 1.3 / 40 * 3600


def test_agrees_with_geopy_on_all_pairs():
    points = random_points(40)
    times = straight_line(points, TRAVEL, limit_seconds(60))
    reached = 0
    for i, a in enumerate(points):
        for j, b in enumerate(points):
            if i == j:
                continue
            trip = times.trip(i, j)
            if trip is None:
                assert geopy_seconds(a, b) > 3599.4
                continue
            reached += 1
            assert trip[0] == trip[1] == pytest.approx(geopy_seconds(a, b), abs=0.51)
            assert trip[0] <= 3600
    assert 200 < reached < 40 * 39


def test_one_to_many_agrees_with_geopy():
    home, *points = random_points(20)
    assert straight_line_from(home, points, TRAVEL) == pytest.approx([geopy_seconds(home, p) for p in points], abs=0.51)


def test_one_point_twice_needs_no_drive():
    times = straight_line([(36.5, -119.4), (36.5, -119.4)], TRAVEL, 0)
    assert times.trip(0, 1) == (0, 0)


def test_across_the_date_line():
    times = straight_line([(52.0, 179.99), (52.0, -179.99)], TRAVEL, limit_seconds(20))
    assert times.trip(0, 1)[0] == pytest.approx(geopy_seconds((52.0, 179.99), (52.0, -179.99)), abs=0.51)


def test_asymmetric_matrix_keeps_both_ways():
    times = TravelTimes.from_matrix([[0, 300, 901], [700, 0, 50], [60, 60, 0]], 900)
    assert times.trip(0, 1) == (300, 700)
    assert times.trip(1, 0) == (700, 300)
    assert times.trip(0, 2) is None
    assert times.trip(2, 0) == (60, 901), "the way back may be longer than the limit"


def test_no_pairs_at_all():
    times = straight_line([(36.5, -119.4)], TRAVEL, 600)
    assert times.trip(0, 0) is None
    assert list(times.row_start) == [0, 0]


def test_many_points_keep_only_pairs_within_reach():
    points = random_points(5000)
    times = straight_line(points, TRAVEL, limit_seconds(4))
    assert len(times.destination) < 5000 * 100
    at = int(np.argmax(np.diff(times.row_start)))
    row = times.row(at)
    near = [j for j in range(5000) if j != at and geopy_seconds(points[at], points[j]) <= 240.4]
    assert times.destination[row].tolist() == near


def test_nearest_only_keeps_the_nearest():
    points = random_points(200)
    all_times = straight_line(points, TRAVEL, limit_seconds(500))
    few = straight_line(points, TRAVEL, limit_seconds(500), nearest=7)
    for i in range(200):
        everything = sorted(all_times.out_s[all_times.row(i)])
        assert sorted(few.out_s[few.row(i)]) == everything[:7]
