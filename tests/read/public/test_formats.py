"""Each format in its exact shape: what is taken, and the traps that it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from sro_coverage.errors import DataError
from sro_coverage.read import read_problem
from sro_coverage.read.public import Imported, import_public
from tests.read.public import samples
from tests.read.public.samples import workbook, write


def imported(folder: Path, **files: str | bytes) -> Imported:
    return import_public(write(folder, **files))


def by_id(result: Imported) -> dict[str, dict[str, str]]:
    return {row["id"]: row for row in result.rows}


def kinds(result: Imported) -> set[str]:
    return {doubt.kind for doubt in result.report.doubts}


# -- NCES


def test_ccd_directory(tmp_path):
    result = imported(tmp_path, ccd__csv=samples.CCD)
    rows = by_id(result)
    (file,) = result.report.files
    assert file.format == "NCES CCD schools"
    assert file.left_out == {"not open (Closed)": 1}
    assert {row: rows[row]["level"] for row in rows} == {
        "060006501242": "high",
        "060006501239": "elementary",
        "060006501240": "middle",
        "060006501777": "k8",  # CCD calls it elementary; its grades say more
        "060006501888": "alternative",  # from the type, as grades and level are reserve codes
    }
    assert "address" not in rows["060006501777"]  # M is a reserve code, not a street
    assert rows["060006501777"]["sector"] == "charter"
    assert [doubt.where for doubt in result.report.level_unknown] == ["060006501999"]
    assert "phone" not in result.to_csv()
    assert rows["060006501242"]["district_id"] == "0600065"


def test_edge_points_and_ccd_and_membership_are_joined(tmp_path):
    result = imported(tmp_path, ccd__csv=samples.CCD, edge__csv=samples.EDGE, member__csv=samples.MEMBERSHIP)
    rows = by_id(result)
    high = rows["060006501242"]
    assert (high["lat"], high["lon"], high["point_source"]) == ("36.541679", "-119.386660", "nces_edge")
    assert (high["enrollment"], high["enrollment_year"]) == ("2119", "2022-2023")  # without adults, not 2150
    assert "enrollment" not in rows["060006501240"]  # suppressed
    assert [file.not_joined for file in result.report.files] == [0, 1, 0]  # the closed school's point
    member = result.report.files[2]
    assert (member.rows, member.taken) == (6, 3)
    assert member.left_out == {"a part of a school's students, or the same total again": 3}


def test_membership_has_only_the_plain_total_in_some_files(tmp_path):
    text = "\n".join(line for line in samples.MEMBERSHIP.splitlines() if samples.TOTAL not in line)
    result = imported(tmp_path, ccd__csv=samples.CCD, member__csv=text)
    assert by_id(result)["060006501242"]["enrollment"] == "2150"


def test_a_school_without_the_better_total_keeps_the_plain_one(tmp_path):
    """It used to lose its enrollment as soon as another school of the file had the total without adult education."""
    lines = samples.MEMBERSHIP.splitlines()
    kept = [line for line in lines if "060006501242" not in line or "Derived" not in line]
    rows = by_id(imported(tmp_path, ccd__csv=samples.CCD, member__csv="\n".join(kept)))
    assert (rows["060006501242"]["enrollment"], rows["060006501239"]["enrollment"]) == ("2150", "607")


def test_a_negative_count_in_ones_own_table_is_told(tmp_path):
    """Only federal and state files write small negative numbers for missing values."""
    result = imported(tmp_path, own__csv="id,name,level,lat,lon,enrollment\na,A,high,40.0,-83.0,-5\n")
    (issue,) = result.report.files[0].bad_values
    assert (issue.found, "enrollment" in issue.where) == ("'-5'", True)


def test_points_and_counts_alone_make_no_school(tmp_path):
    with pytest.raises(DataError, match="nothing says which level the schools are"):
        imported(tmp_path, edge__csv=samples.EDGE, member__csv=samples.MEMBERSHIP)


def test_edge_reserve_codes_are_no_points(tmp_path):
    text = samples.CCD.replace("2,Closed", "1,Open")
    rows = by_id(imported(tmp_path, ccd__csv=text, edge__csv=samples.EDGE))
    assert "lat" not in rows["060006509999"]
    assert imported(tmp_path, ccd__csv=text, edge__csv=samples.EDGE).report.files[1].bad_values == ()


def test_nces_search_is_html_whatever_its_ending(tmp_path):
    result = imported(tmp_path, ncesdata__xls=samples.NCES_SEARCH)
    (file,) = result.report.files
    rows = by_id(result)
    assert (file.format, file.kind) == ("NCES school search", "HTML table")
    assert rows["060006501242"]["name"] == "Dry Creek & Cañon High"
    assert rows["060006501242"]["enrollment"] == "2119"
    assert rows["060006501242"]["free_reduced_lunch"] == "1669"
    assert rows["060006501239"]["name"] == "Lincoln <b>Elementary</b>"  # the script is gone, the text is exact
    assert "enrollment" not in rows["060006501239"]  # a dash
    assert rows["060006501239"]["level"] == "elementary"


def test_crdc_is_a_baseline_of_sworn_officers(tmp_path):
    result = imported(tmp_path, ccd__csv=samples.CCD, crdc__csv=samples.CRDC)
    rows = by_id(result)
    assert rows["060006501242"]["sworn_officers"] == "1.5"
    assert "sworn_officers" not in rows["060006501239"]  # -9
    assert "sworn_officers" not in rows["060006501240"]  # a keying error in the thousands
    (issue,) = result.report.files[1].bad_values
    assert "20,567" in str(issue)
    assert result.report.files[1].not_joined == 1


# -- California


def test_cde_directory(tmp_path):
    result = imported(tmp_path, pubschls__txt=samples.CDE_DIRECTORY)
    (file,) = result.report.files
    rows = by_id(result)
    assert (file.format, file.kind) == ("CDE public schools (pubschls)", "tab-separated text")
    assert file.left_out == {"a district, not a school": 1, "not open (Closed)": 1}
    assert {row["nces_id"]: row["level"] for row in rows.values()} == {
        "060006501242": "high",
        "060006501243": "continuation",
        "060006501239": "elementary",
    }
    assert rows["060006501239"]["name"] == '"Lincoln" Elementary Cañon'
    assert rows["060006501239"]["grades"] == "K-5"  # served, not offered
    assert any("Windows-1252" in remark for remark in file.remarks)
    assert any("quotation marks" in remark for remark in file.remarks)


def test_no_person_and_no_mail_address_is_kept(tmp_path):
    for name, content in (
        ("pubschls__txt", samples.CDE_DIRECTORY),
        ("ted__csv", samples.ASKTED),
        ("a__kml", samples.KML),
    ):
        result = imported(tmp_path, **{name: content})
        written = result.to_csv() + repr(result.report.as_json())
        for personal in ("example.org", "Cipal", "CIPAL", "Intendent", "INTENDENT"):
            assert personal not in written


def test_cde_enrollment_takes_one_level_and_one_category(tmp_path):
    result = imported(tmp_path, pubschls__txt=samples.CDE_DIRECTORY, cdenroll__txt=samples.CDE_ENROLLMENT)
    rows = by_id(result)
    assert rows["060006501242"]["enrollment"] == "2101"
    assert rows["060006501242"]["enrollment_year"] == "2023-24"
    assert "enrollment" not in rows["060006501243"]  # * is suppressed
    assert result.report.students == 2701
    assert result.report.files[1].left_out == {
        "another aggregate level than school": 2,
        "a part of a school's students": 1,
    }


def test_cde_enrollment_codes_get_their_zeros_back(tmp_path):
    directory = samples.CDE_DIRECTORY.replace(b"54755315431184", b"01001235431184")
    text = samples.CDE_ENROLLMENT.replace("54\t75531\t5431184", "1\t123\t5431184").replace("\t75531", "\t75531")
    text = text.replace("1\t123\t5431184", "1\t00123\t5431184")
    rows = by_id(imported(tmp_path, d__txt=directory, e__txt=text))
    assert rows["060006501242"]["cds_code"] == "01001235431184"
    assert rows["060006501242"]["enrollment"] == "2101"


def test_cde_dashboard_repeats_the_total(tmp_path):
    result = imported(tmp_path, pubschls__txt=samples.CDE_DIRECTORY, census__csv=samples.DASHBOARD)
    assert by_id(result)["060006501242"]["enrollment"] == "2101"
    assert result.report.files[1].left_out == {
        "a district or the state": 2,
        "the same school again, with the same values": 1,
    }


def test_points_of_two_files_confirm_each_other(tmp_path):
    result = imported(tmp_path, pubschls__txt=samples.CDE_DIRECTORY, edge__csv=samples.EDGE)
    high = by_id(result)["060006501242"]
    assert high["point_source"] == "cde_directory"  # the first file wins
    assert (high["point_confidence"], high["point_check_m"]) == ("high", "4")
    moved = samples.EDGE.replace("36.541679", "36.641679")
    result = imported(tmp_path, pubschls__txt=samples.CDE_DIRECTORY, edge__csv=moved)
    assert by_id(result)["060006501242"]["point_confidence"] == "medium"
    assert "points of two files differ" in kinds(result)


# -- Texas


def test_askted(tmp_path):
    result = imported(tmp_path, directory__csv=samples.ASKTED)
    rows = by_id(result)
    assert result.report.files[0].left_out == {"not open (Closed)": 1}
    assert rows["001902001"]["nces_id"] == "481320000821"  # apostrophes off, zeros kept
    assert rows["001902001"]["grades"] == "09-12"
    assert rows["001902001"]["enrollment_year"] == "Oct 2025"
    assert rows["001902003"]["level"] == "alternative"
    (site,) = result.report.sites
    assert site.because == "one address"
    assert site.schools == ("001902001", "001902041")
    assert "enrollment 0" in kinds(result)


# -- generic


def test_generic_table_by_synonyms(tmp_path):
    result = imported(tmp_path, mine__csv=samples.GENERIC)
    rows = by_id(result)
    assert rows["north_high"]["level"] == "high"
    assert rows["north_high"]["enrollment"] == "1200"
    assert rows["oak_school"]["level"] == "k8"
    (unknown,) = result.report.level_unknown
    assert "Jr High" in unknown.found
    paths = [tmp_path / "mine.csv"]
    assert "middle" in import_public(paths, levels={"jr high": "middle"}).report.levels


def test_generic_excel_with_titles_above_the_header(tmp_path):
    content = workbook(
        [
            ["District list 2026", None, None, None],
            [],
            ["NCES ID", "School", "Grades", "Enrollment"],
            [60006501242, "High", "9-12", 1200],  # the number format has eaten the zero
            ["060006501243", "=1+1", "K-5", 300],
        ]
    )
    result = imported(tmp_path, list__xlsx=content)
    assert by_id(result)["060006501242"]["level"] == "high"
    assert any("zero put back in 1 ids" in remark for remark in result.report.files[0].remarks)
    (issue,) = result.report.files[0].bad_rows
    assert "formula" in str(issue)


def test_an_id_that_a_spreadsheet_rounded_is_lost(tmp_path):
    text = "nces_id,name,level,enrollment\n6.00065E+10,Oak,high,5\n060006501243,Elm,high,5\n"
    (issue,) = imported(tmp_path, a__csv=text).report.files[0].bad_rows
    assert "6.00065E+10" in str(issue)
    assert "row 2" in str(issue)


def test_names_that_look_like_formulas_or_scripts_stay_exact(tmp_path):
    text = 'id,name,level,enrollment\na,"=cmd|x",high,5\nb,<script>alert(1)</script>,high,5\n'
    rows = by_id(imported(tmp_path, a__csv=text))
    assert rows["a"]["name"] == "=cmd|x"
    assert rows["b"]["name"] == "<script>alert(1)</script>"


def test_own_codes_that_are_not_unique_are_not_taken_for_one_school(tmp_path):
    text = "school number,name,level,enrollment\n1,Oak,high,5\n1,Elm,middle,6\n1,Oak,high,5\n"
    result = imported(tmp_path, a__csv=text)
    assert sorted(row["name"] for row in result.rows) == ["Elm", "Oak"]
    assert "with another name" in str(result.report.files[0].bad_values[0])


def test_geojson(tmp_path):
    result = imported(tmp_path, a__geojson=samples.GEOJSON)
    rows = by_id(result)
    assert (rows["north"]["lat"], rows["north"]["lon"]) == ("36.541", "-119.387")
    assert "lat" not in rows["elm"]
    (issue,) = result.report.files[0].bad_rows
    assert str(issue).startswith("a.geojson feature 2: a Polygon")


def test_geojson_of_a_known_format(tmp_path):
    text = (
        '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":'
        '[-119.1,36.1]},"properties":{"NCESSCH":"060006501242","SCH_NAME":"A","LEA_NAME":"B","LEVEL":"High",'
        '"GSLO":"09","GSHI":"12","MEMBER":100,"SY_STATUS_TEXT":"Currently operational"}}]}'
    )
    result = imported(tmp_path, a__json=text)
    assert result.report.files[0].format == "NCES CCD schools"
    assert by_id(result)["060006501242"]["lon"] == "-119.1"


def test_kml(tmp_path):
    result = imported(tmp_path, a__kml=samples.KML)
    rows = by_id(result)
    assert rows["north_east_high"]["name"] == "North & East High"
    assert (rows["oak_elementary"]["lat"], rows["oak_elementary"]["enrollment"]) == ("36.548", "400")
    (issue,) = result.report.files[0].bad_rows
    assert str(issue).startswith("a.kml placemark 3: a LinearRing") or "Polygon" in str(issue)


# -- what comes out


@pytest.mark.parametrize(
    "files",
    [
        {"ccd__csv": samples.CCD, "edge__csv": samples.EDGE, "m__csv": samples.MEMBERSHIP, "crdc__csv": samples.CRDC},
        {"d__txt": samples.CDE_DIRECTORY, "e__txt": samples.CDE_ENROLLMENT},
        {"a__csv": samples.GENERIC},
        {"a__geojson": samples.GEOJSON},
        {"a__kml": samples.KML},
    ],
)
def test_a_plan_file_takes_the_output_as_it_is(tmp_path, files):
    result = imported(tmp_path, **files)
    (tmp_path / "campuses.csv").write_text(result.to_csv(), encoding="utf-8")
    (tmp_path / "plan.toml").write_text('campuses = "campuses.csv"\nofficers = 1\n', encoding="utf-8")
    problem = read_problem(tmp_path / "plan.toml")
    assert {campus.id for campus in problem.campuses} == set(by_id(result))
    assert sum(campus.enrollment or 0 for campus in problem.campuses) == result.report.students


def test_the_output_can_be_imported_again(tmp_path):
    first = imported(tmp_path, d__txt=samples.CDE_DIRECTORY, e__txt=samples.CDE_ENROLLMENT)
    again = imported(tmp_path, again__csv=first.to_csv())
    assert again.to_csv() == first.to_csv()
