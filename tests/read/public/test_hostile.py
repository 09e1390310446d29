"""Whatever a file holds, the answer is a table or a list of what is wrong."""

from __future__ import annotations

import gzip
import random

import pytest

from sro_coverage.errors import DataError
from sro_coverage.read.public import import_public
from tests.read.files import zipped
from tests.read.public import samples
from tests.read.public.samples import workbook, write

GOOD = "id,name,level,enrollment,lat,lon\n"

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<kml><Placemark><name>&b;</name><Point><coordinates>1,2</coordinates></Point></Placemark></kml>"
)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a__csv", b"", "an empty file"),
        ("a__csv", b"\xef\xbb\xbf\r\n", "an empty file"),
        ("a__csv", b"a,b\n1,2\n", "no known header, but 'a', 'b'"),
        ("a__csv", b"PK\x03\x04 nothing", "a zip archive"),
        ("a__zip", zipped(a=b"1"), "a zip archive"),
        ("a__xlsx", zipped(**{"xl/workbook.xml": b"<a"}), "not readable as Excel"),
        ("a__xls", b"\xd0\xcf\x11\xe0 old", r"an old \(.xls\)"),
        ("a__pdf", b"%PDF-1.7", "a PDF"),
        ("a__shp", b"\x00\x00\x27\x0a" + bytes(50), "a shapefile"),
        ("a__dbf", b"\x03abc\0\0\0", "a binary file"),
        ("a__csv", "name,level\nx,high\n".encode("utf-16-le"), "a binary file"),
        ("a__csv", b"\xff\xfen\x00a", "broken UTF-16 text|no known header"),
        ("a__gz", b"\x1f\x8b\x08\x00broken", "a broken .gz file"),
        ("a__gz", gzip.compress(GOOD.encode() * 99)[:-20], "a broken .gz file"),
        ("a__csv", GOOD + '1,"never closed,high,5,36,-119\n', "a quote that is never closed"),
        ("a__csv", GOOD + "1," + "x" * 200_000 + ",high,5,36,-119\n", "field larger than field limit"),
        ("a__csv", GOOD, "a header and no row"),
        ("a__csv", GOOD + "1,2\n", "row 2: 2 cells; expected 6"),
        ("a__csv", "id,name,level" + ",x" * 2000 + "\n", "columns; expected at most"),
        ("a__json", "{", "not JSON"),
        ("a__json", "[" * 100_000, "not JSON|nested too deep"),
        ("a__json", '{"features": 3}', "JSON without features"),
        ("a__json", '{"features": [3]}', "no known header|no GeoJSON feature"),
        ("a__json", '{"crs": {"name": "EPSG:2229"}, "features": [{}]}', "coordinates in"),
        ("a__kml", BOMB, r"a document type \(DOCTYPE\)"),
        ("a__kml", BOMB.encode("utf-16"), r"a document type \(DOCTYPE\)|a page without a table|UTF-16"),
        ("a__kml", "<kml><Placemark>", "not well-formed KML"),
        ("a__kml", '<?xml version="1.0" encoding="nonsense"?><kml></kml>', "KML"),
        ("a__kml", "<kml></kml>", "KML without placemarks"),
        ("a__xls", "<html><body>Sorry</body></html>", "a page without a table"),
        ("a__xls", "<table><tr><td>x</table>", "no known header"),
        ("a__csv", "<?xml version='1.0'?><data/>", "a page without a table"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(tmp_path, name, content, found):
    with pytest.raises(DataError, match=found):
        import_public(write(tmp_path, **{name: content}))


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(DataError) as caught:
        import_public([tmp_path / "nothing.csv", tmp_path])
    assert [issue.found for issue in caught.value.issues] == ["no such file", "a folder or a device"]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("1,A,high,5,36,-119,8", "7 cells; expected 6"),
        ("1,A,high", "3 cells; expected 6"),
        ("1,A\0,high,5,36,-119", "a NUL character"),
        (",,high,5,36,-119", "neither an id nor a name"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_taken(tmp_path, row, found):
    text = f"{GOOD}north,North High,high,5,36.5,-119.4\n{row}\n"
    result = import_public(write(tmp_path, a__csv=text))
    (issue,) = result.report.files[0].bad_rows
    assert str(issue).startswith("a.csv row 3: ")
    assert found in str(issue)
    assert [row["id"] for row in result.rows] == ["north"]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ("x,36.5,-119.4", "'x'; expected a whole number"),
        ("12.5,36.5,-119.4", "'12.5'; expected a whole number"),
        ("-500,36.5,-119.4", "'-500'; expected a whole number"),
        ("9999999,36.5,-119.4", "9,999,999; expected at most 1,000,000"),
        ("1e400,36.5,-119.4", "'1e400'"),
        ("5,36.5,", "point: '36.5, '"),
        ("5,-119.4,36.5", "36.5, -119.4; lat and lon look swapped"),
        ("5,0,0", "0, 0; expected degrees"),
        ("5,nan,-119.4", "', -119.4'"),
        ("5,N36 32 10,W119 20 1", "expected degrees"),
        ("5,\uff13\uff16,-119.4", "expected degrees"),
    ],
)
def test_a_bad_value_is_named_and_its_row_goes_on_without_it(tmp_path, cells, found):
    result = import_public(write(tmp_path, a__csv=f"{GOOD}north,North High,high,{cells}\n"))
    (issue,) = result.report.files[0].bad_values
    assert str(issue).startswith("a.csv row 2, ")
    assert found in str(issue)
    assert len(result.rows) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_encodings(tmp_path, encoding):
    text = f"{GOOD}1,Cañon José,high,5,36.5,-119.4\n"
    result = import_public(write(tmp_path, a__csv=text.encode(encoding)))
    assert result.rows[0]["name"] == "Cañon José"
    assert bool(result.report.files[0].remarks) == (encoding not in ("utf-8", "utf-8-sig"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators_and_gzip(tmp_path, delimiter):
    text = f"{GOOD}1,A,high,5,36.5,-119.4\n".replace(",", delimiter)
    assert len(import_public(write(tmp_path, a__csv__gz=gzip.compress(text.encode()))).rows) == 1


def test_control_characters_and_line_breaks_are_not_kept(tmp_path):
    text = f'{GOOD}1,"North\n\x1b[31m High\u202e",high,5,36.5,-119.4\n'
    name = import_public(write(tmp_path, a__csv=text)).rows[0]["name"]
    assert name == "North [31m High\u202e"  # direction marks are text; the terminal does not get them


def test_a_name_too_long_for_a_plan_is_left_out_and_named(tmp_path):
    text = f"{GOOD}1,{'x' * 300},high,5,36.5,-119.4\n2,B,high,5,36.5,-119.4\n"
    report = import_public(write(tmp_path, a__csv=text)).report
    assert [(doubt.kind, doubt.where) for doubt in report.doubts] == [("left out, a plan would refuse it", "1")]


def test_a_point_that_a_plan_would_refuse_is_taken_away(tmp_path):
    rows = "".join(f"{n},S{n},high,5,36.5{n},-119.4\n" for n in range(5))
    result = import_public(write(tmp_path, a__csv=f"{GOOD}{rows}9,Wrong Sign,high,5,36.5,119.4\n"))
    (doubt,) = [doubt for doubt in result.report.doubts if doubt.kind == "point taken away"]
    assert (doubt.where, "sign looks wrong" in doubt.found) == ("9", True)
    assert "lat" not in result.rows[-1]


def test_excel_errors_are_bad_rows_only_in_columns_that_count(tmp_path):
    rows = [["name", "level", "enrollment", "phone"], ["A", "high", 5, "=X1"], ["B", "high", "=1/0", 1]]
    (issue,) = import_public(write(tmp_path, a__xlsx=workbook(rows))).report.files[0].bad_rows
    assert "C3" in str(issue)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_files_never_end_in_a_traceback(tmp_path, seed):
    chance = random.Random(seed)
    texts = [samples.EDGE, samples.CCD, samples.NCES_SEARCH, samples.GEOJSON, samples.KML, samples.ASKTED]
    content = bytearray(chance.choice(texts).encode())
    for _ in range(chance.randint(1, 30)):
        place = chance.randrange(len(content))
        if chance.random() < 0.5:
            content[place] = chance.randrange(256)
        else:
            del content[place : place + chance.randint(1, 40)]
    paths = write(tmp_path, broken__txt=bytes(content), good__csv=samples.CCD)
    try:
        assert import_public(paths).rows
    except DataError as error:
        assert error.issues


def test_a_heap_of_schools_on_one_point_is_no_heap_of_pairs(tmp_path):
    rows = "".join(f"{n},S{n},high,5,36.5,-119.4\n" for n in range(20_000))
    report = import_public(write(tmp_path, a__csv=GOOD + rows)).report
    assert (report.campuses, len(report.sites), len(report.doubts)) == (20_000, 1, 1)
