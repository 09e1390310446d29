"""Travel times computed elsewhere: three engines' JSON and pairs, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sro_coverage.errors import DataError
from sro_coverage.problem import Campus, Matrix, Officer, Policy, Problem
from sro_coverage.travel import travel_times
from sro_coverage.travel.matrix import read_matrix

POINTS = {"a": (36.50, -119.40), "b": (36.52, -119.40), "c": (36.50, -119.37)}
CAMPUSES = [
    Campus(id=name, name=name.upper(), level="high", lat=lat, lon=lon, enrollment=100)
    for name, (lat, lon) in POINTS.items()
]
SECONDS = [[0, 240, 300], [260, 0, 420], [300, None, 0]]
ORDER = ["c", "a", "b"]
"""Rows of the files stand in another order than the campuses."""


def shuffled(seconds=SECONDS):
    at = [list(POINTS).index(name) for name in ORDER]
    return [[seconds[i][j] for j in at] for i in at]


def osrm(seconds=None):
    places = [{"location": [POINTS[n][1] + 0.0004, POINTS[n][0]], "name": "Main St", "distance": 30.1} for n in ORDER]
    return {"code": "Ok", "durations": seconds or shuffled(), "sources": places, "destinations": places}


def openrouteservice():
    places = [{"location": [POINTS[n][1], POINTS[n][0]], "snapped_distance": 1.5} for n in ORDER]
    return {"durations": shuffled(), "sources": places, "destinations": places, "metadata": {"engine": {}}}


def valhalla():
    cells = [
        [{"distance": 1.2, "time": cell, "from_index": i, "to_index": j} for j, cell in enumerate(row)]
        for i, row in enumerate(shuffled())
    ]
    places = [{"lat": POINTS[n][0], "lon": POINTS[n][1]} for n in ORDER]
    return {"sources_to_targets": cells, "sources": [places], "targets": [places], "units": "kilometers"}


def pairs(unit="minutes"):
    lines = [f"from,to,{unit}"]
    for i, start in enumerate(POINTS):
        for j, end in enumerate(POINTS):
            if i != j and SECONDS[i][j] is not None:
                lines.append(f"{start},{end},{SECONDS[i][j] / (60 if unit == 'minutes' else 1)}")
    return "\n".join([*lines, "elsewhere,a,3", ""])


def write(folder, content, name="matrix.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def read(path, **settings):
    return read_matrix(path, Matrix(method="matrix", file=path.name, **settings), CAMPUSES)


@pytest.mark.parametrize(
    ("content", "engine"), [(osrm(), "OSRM"), (openrouteservice(), "openrouteservice"), (valhalla(), "Valhalla")]
)
def test_every_engine_gives_the_same_times(tmp_path, content, engine):
    found, seconds = read(write(tmp_path, content))
    assert found == engine
    np.testing.assert_allclose(seconds, np.asarray(SECONDS, dtype=float))


@pytest.mark.parametrize("unit", ["minutes", "seconds"])
def test_pairs_say_their_unit(tmp_path, unit):
    _, seconds = read(write(tmp_path, pairs(unit), "pairs.csv"))
    np.testing.assert_allclose(seconds, np.asarray(SECONDS, dtype=float))


def test_columns_in_another_order_than_rows_are_matched_by_their_points(tmp_path):
    """They used to be taken in the order of the rows, and the times of other campuses were read in silence."""
    content = osrm()
    turned = {
        **content,
        "durations": [row[::-1] for row in content["durations"]],
        "destinations": content["sources"][::-1],
    }
    _, seconds = read(write(tmp_path, content | turned))
    np.testing.assert_allclose(seconds, np.asarray(SECONDS, dtype=float))


def test_ids_stand_in_for_points(tmp_path):
    content = osrm()
    del content["sources"]
    with pytest.raises(DataError, match=r"travel\.ids"):
        read(write(tmp_path, content))
    _, seconds = read(write(tmp_path, content), ids=tuple(ORDER))
    np.testing.assert_allclose(seconds, np.asarray(SECONDS, dtype=float))


def without(row=None, **changes):
    return {**osrm(), **changes}


BAD = {
    "not JSON": ("{", "not JSON"),
    "another document": ({"routes": []}, "an object without a table"),
    "a list": ([1, 2], "an object without a table"),
    "a short row": (without(durations=[[0, 1, 2], [1, 0], [1, 2, 0]]), "row 2: 2 cells; expected 3"),
    "a row that is no list": (without(durations=[[0, 1, 2], 7, [1, 2, 0]]), "row 2: no list"),
    "text in a cell": (without(durations=[[0, "five", 2], [1, 0, 3], [1, 2, 0]]), "row 1, column 2: 'five'"),
    "true in a cell": (without(durations=[[0, True, 2], [1, 0, 3], [1, 2, 0]]), "row 1, column 2: True"),
    "a negative time": (osrm(shuffled([[0, -240, 300], [260, 0, 420], [300, 400, 0]])), "a to b: -240 seconds"),
    "minutes for seconds": (osrm(shuffled([[0, 4, 5], [4.3, 0, 7], [5, 7, 0]])), "minutes and seconds mixed up"),
    "seconds for minutes": (
        osrm(shuffled([[0, 14400, 18000], [15600, 0, 25200], [18000, 25200, 0]])),
        "minutes and seconds mixed up",
    ),
    "a campus that reaches nothing": (
        osrm(shuffled([[0, 240, 300], [None, 0, None], [300, 400, 0]])),
        "no time from b",
    ),
    "places far away": (
        without(sources=[{"location": [-118.0, 36.5]}, {"location": [-119.40, 36.50]}, {"location": [-119.40, 36.52]}]),
        "campus c: nearest row is 2",
    ),
    "one row for two campuses": (
        without(sources=[{"location": [-119.40, 36.50]}, {"location": [-119.40, 36.52]}, {"location": [-100, 36.52]}]),
        "nearest row",
    ),
    "an infinite time": ('{"code": "Ok", "durations": [[0, 1e999], [1, 0]]}', "row 1, column 2: inf"),
    "a number of 400 digits": (
        '{"code": "Ok", "durations": [[0, 1' + "0" * 400 + "], [1, 0]]}",
        "row 1, column 2: 1000",
    ),
    "columns in another order without points": (without(destinations=None), "no point for every column"),
    "a diagonal that is no diagonal": (osrm(shuffled([[999, 240, 300], [260, 0, 420], [300, 400, 0]])), "to itself"),
    "nothing but zeros": (osrm(shuffled([[0, 0, 0], [0, 0, 0], [0, 0, 0]])), "minutes and seconds mixed up"),
    "a campus that nothing reaches": (osrm(shuffled([[0, None, 300], [260, 0, 420], [300, None, 0]])), "no time to b"),
    "cells that stand elsewhere": (
        {**valhalla(), "sources_to_targets": [row[::-1] for row in valhalla()["sources_to_targets"]]},
        "row 1, column 1: from_index 0, to_index 2",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_table_is_told(tmp_path, case):
    content, told = BAD[case]
    with pytest.raises(DataError) as error:
        read(write(tmp_path, content))
    assert told in str(error.value)
    assert "matrix.json" in str(error.value)


BAD_PAIRS = {
    "no unit": ("from,to,time\na,b,3\n", "minutes or seconds"),
    "empty": ("", "columns none"),
    "text": ("from,to,minutes\na,b,soon\n", "row 2, minutes: 'soon'"),
    "decimal commas": ("from,to,minutes\na,b,3,33\n", "row 2: another number of cells"),
    "twice": ("from,to,minutes\na,b,3\na,b,4\n", "row 3, minutes: a to b again"),
    "unclosed quote": ('from,to,minutes\na,"b,3\n', "expected CSV text"),
    "not UTF-8": (b"from,to,minutes\na,b,3\nZ\xfcrich,b,3\n", "UTF-8"),
    "a campus missing": ("from,to,minutes\na,b,4\nb,a,4\n", "no time from c"),
}


@pytest.mark.parametrize("case", BAD_PAIRS)
def test_bad_pairs_are_told(tmp_path, case):
    content, told = BAD_PAIRS[case]
    path = tmp_path / "pairs.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as error:
        read(path)
    assert told in str(error.value)


def test_bad_ids_are_told(tmp_path):
    path = write(tmp_path, osrm())
    with pytest.raises(DataError, match="2 ids; expected 3"):
        read(path, ids=("a", "b"))
    with pytest.raises(DataError, match="'a' twice"):
        read(path, ids=("a", "a", "c"))


def test_a_plan_uses_the_matrix_and_its_missing_pairs_are_out_of_reach(tmp_path):
    path = write(tmp_path, osrm())
    travel = Matrix(method="matrix", file=path.name, multiplier=1.5)
    problem = Problem(
        title="x",
        campuses=tuple(CAMPUSES),
        officers=(Officer(id="o", name="O"),),
        policy=Policy(max_travel_min=15, on_call_min=20),
        travel=travel,
    )
    times = travel_times(problem, tmp_path)
    assert times.trip(0, 1) == (360, 390)
    assert times.trip(2, 1) is None
    assert times.trip(1, 2) is None, "no way back is no trip"
    assert times.notes == ("1 pairs have no route in matrix.json and are out of reach.",)
    assert times.source.startswith("matrix: matrix.json (OSRM, sha256 ")
    assert times.source.endswith(", times x 1.5")
