import json

import pytest

from sro_coverage.errors import DataError
from sro_coverage.report.underlay import read_underlay

LINE = {"type": "LineString", "coordinates": [[-119.4, 36.5], [-119.3, 36.6]]}
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]}


@pytest.fixture
def written(tmp_path):
    def write(content):
        file = tmp_path / "roads.geojson"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    return write


@pytest.mark.parametrize(
    "content",
    [
        LINE,
        {"type": "Feature", "properties": {"a": 1}, "id": 7, "geometry": LINE},
        {"type": "FeatureCollection", "name": "x", "features": [{"type": "Feature", "geometry": LINE}]},
        {"type": "GeometryCollection", "geometries": [LINE, {"type": "Point", "coordinates": [0, 0]}]},
    ],
    ids=["geometry", "feature", "collection", "geometries"],
)
def test_every_kind_of_document_becomes_bare_geometry(written, content):
    assert read_underlay(written(content)) == {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": LINE}],
    }


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ([1], "no GeoJSON object"),
        ({"type": "Topology"}, "type 'Topology'"),
        ({"type": "FeatureCollection", "features": []}, "no line and no area"),
        ({**LINE, "coordinates": [[36.5, -119.4], [36.6, -119.3]]}, "position [36.5, -119.4]"),
        ({**LINE, "coordinates": [[0, 0], ["1", 2]]}, "position ['1', 2]"),
        ('{"type": "LineString", "coordinates": [[0, 0], [NaN, 2]]}', "position [nan, 2]"),
        ({**LINE, "coordinates": [[True, 0], [1, 2]]}, "position [True, 0]"),
        ({**LINE, "coordinates": [[0, 0]]}, "1 positions in a line"),
        ({**SQUARE, "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, "3 positions in a line"),
        ({**SQUARE, "coordinates": [[0, 0], [1, 1]]}, "position 0"),
        ({**SQUARE, "coordinates": 5}, "coordinates of another shape"),
        ({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": LINE}, 3]}, "no GeoJSON object"),
    ],
)
def test_bad_files_are_told(written, content, found):
    with pytest.raises(DataError) as caught:
        read_underlay(written(content))
    (issue,) = caught.value.issues
    assert found in issue.found
    assert "roads.geojson" in issue.where


def test_the_feature_is_named(written):
    features = [{"type": "Feature", "geometry": LINE}, {"type": "Feature", "geometry": {"type": "Circle"}}]
    with pytest.raises(DataError, match="feature 2: type 'Circle'"):
        read_underlay(written({"type": "FeatureCollection", "features": features}))


def test_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_underlay(tmp_path / "none.geojson")


def test_large_input_is_thinned_and_rounded(written):
    line = {"type": "LineString", "coordinates": [[step / 1e5, 1e-7 * (step % 2)] for step in range(5000)]}
    (feature,) = read_underlay(written(line))["features"]
    assert feature["geometry"]["coordinates"] == [[0, 0], [0.04999, 0]]
