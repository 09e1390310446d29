"""How rows find each other, and what is doubted of the result."""

from __future__ import annotations

import pytest

from sro_coverage.errors import DataError
from sro_coverage.read.public import ImportReport, import_public
from tests.read.public.samples import write

HEADER = "id,name,level,enrollment,lat,lon,address,district\n"


def report_of(folder, text) -> ImportReport:
    return import_public(write(folder, a__csv=text)).report


def found(report, kind):
    return [(doubt.where, doubt.found) for doubt in report.doubts if doubt.kind == kind]


def test_a_row_with_both_ids_links_rows_with_one(tmp_path):
    paths = write(
        tmp_path,
        points__csv="nces_id,name,lat,lon\n060006501242,High,36.5,-119.4\n",
        counts__csv="cds_code,enrollment\n54755315431184,2119\n",
        both__csv="nces_id,cds_code,name,level\n060006501242,54755315431184,Dry Creek High,high\n",
    )
    (row,) = import_public(paths).rows
    assert (row["lat"], row["enrollment"], row["name"]) == ("36.5", "2119", "High")


def test_own_ids_join_files_without_others(tmp_path):
    paths = write(
        tmp_path,
        list__csv="id,name,level\nnorth,North,high\nsouth,South,middle\n",
        counts__csv="id,enrollment\nnorth,5\nwest,7\n",
    )
    result = import_public(paths)
    assert [row.get("enrollment") for row in result.rows] == ["5", None]
    assert [file.not_joined for file in result.report.files] == [0, 1]


def test_the_order_of_rows_does_not_matter_to_the_join(tmp_path):
    rows = ["a,A,high,1", "b,B,middle,2", "c,C,k8,3"]
    header = "id,name,level,enrollment\n"
    one = import_public(write(tmp_path, one__csv=header + "\n".join(rows)))
    other = import_public(write(tmp_path, other__csv=header + "\n".join(reversed(rows))))
    assert sorted(map(str, one.rows)) == sorted(map(str, other.rows))


def test_one_point_and_one_address_are_proposed_as_a_site(tmp_path):
    text = (
        HEADER + 'a,A,high,1,36.5,-119.4,"1 Oak St, X",D\nb,B,middle,2,36.5,-119.4,"9 Elm St, X",D\n'
        'c,C,k8,3,36.51,-119.41,"7 Ash St., X",D\nd,D,k8,4,36.5101,-119.41,"7 ASH ST, X",D\n'
        'e,E,k8,5,36.6,-119.5,"PO Box 7, X",D\nf,F,k8,6,36.7,-119.6,"PO Box 7, X",D\n'
        'g,G,k8,7,36.8,-119.5,"3 Fir St, X",D\nh,H,k8,8,36.9,-119.6,"3 Fir St, X",D\n'
    )
    result = import_public(write(tmp_path, a__csv=text))
    assert [(site.because, site.schools) for site in result.report.sites] == [
        ("one point", ("a", "b")),
        ("one address", ("c", "d")),  # not e and f (a post box), not g and h (kilometres apart)
    ]
    sites = {row["id"]: row.get("site") for row in result.rows}
    assert sites == {"a": "1 Oak St, X", "b": "1 Oak St, X", "c": "7 Ash St., X", "d": "7 Ash St., X"} | dict.fromkeys(
        "efgh"
    )
    assert found(result.report, "one point, but different addresses")


def test_a_site_that_is_given_is_kept(tmp_path):
    text = "id,name,level,enrollment,lat,lon,site\na,A,high,1,36.5,-119.4,mine\nb,B,middle,2,36.5,-119.4,\n"
    result = import_public(write(tmp_path, a__csv=text))
    assert result.report.sites == ()
    assert [row.get("site") for row in result.rows] == ["mine", None]


def test_odd_schools_are_doubted(tmp_path):
    rows = "".join(f"s{n},School {n},k8,{n},36.5{n},-119.4,,D\n" for n in range(6))
    report = report_of(tmp_path, f"{HEADER}{rows}far,Far,high,5,37.5,-119.4,,D\nnear,Near,high,5,36.5002,-119.4,,D\n")
    assert found(report, "enrollment 0")[0][0] == "s0"
    ((where, text),) = found(report, "point outside the area of the district's others")
    assert where == "far"
    assert "km from their middle" in text
    assert [where for where, _ in found(report, "points less than 75 m apart")] == ["s0"]


def test_many_schools_on_one_point_are_perhaps_a_placeholder(tmp_path):
    rows = "".join(f"s{n},School {n},k8,5,36.5,-119.4,,D\n" for n in range(5))
    report = report_of(tmp_path, HEADER + rows)
    assert found(report, "4 or more schools on one point, perhaps a placeholder")


def test_names_that_differ_under_one_id_are_doubted(tmp_path):
    paths = write(
        tmp_path,
        a__csv="nces_id,name,level\n060006501242,Lincoln Elementary,elementary\n",
        b__csv="nces_id,name,enrollment\n060006501242,Washington Elementary,5\n",
    )
    assert found(import_public(paths).report, "joined by id, but the names differ")


def test_a_second_row_of_a_school_is_named_unless_it_says_the_same(tmp_path):
    header, row = "nces_id,name,level,enrollment\n", "060006501242,Lincoln,elementary,"
    report = report_of(tmp_path, f"{header}{row}5\n{row}5\n{row}6\n")
    (file,) = report.files
    assert file.left_out == {"the same school again, with the same values": 1}
    assert "first in a.csv row 2) with enrollment '6'" in str(file.bad_rows[0])


def test_where_keeps_one_agency(tmp_path):
    text = HEADER + "a,A,high,1,36.5,-119.4,,Dry Creek\nb,B,high,1,36.5,-119.4,,Wet Creek\nc,C,k8,1,,,,Wet Creek\n"
    paths = write(tmp_path, a__csv=text)
    result = import_public(paths, where={"district": ["wet creek"], "level": ["high", "middle"]})
    assert [row["id"] for row in result.rows] == ["b"]
    assert (result.report.filtered_out, result.report.sites) == (2, ())  # the other one on the point is out
    with pytest.raises(DataError, match="no school has 'Dry Crek'; expected such as 'Dry Creek'"):
        import_public(paths, where={"district": ["Dry Crek"]})
    with pytest.raises(DataError, match="'distrct' is no column of the output; expected perhaps district"):
        import_public(paths, where={"distrct": ["x"]})


def test_a_large_table_adds_up(tmp_path):
    rows = "".join(
        f"{n},S {n},k8,{n % 900},{30 + n * 0.001:.4f},-{90 + n * 0.0007:.4f},,D{n // 20}\n" for n in range(5_000)
    )
    report = report_of(tmp_path, HEADER + rows)
    assert (report.campuses, report.with_point, report.files[0].rows) == (5_000, 5_000, 5_000)
    assert report.students == sum(n % 900 for n in range(5_000))
