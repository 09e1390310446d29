"""The table of file formats: how each is recognised, which column gives what, and which rows are schools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

Columns = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Keep:
    """
    Which rows count.

    Parameters
    ----------
    columns
        The first of these that the file has is looked at.
    values
        What may stand there; an empty cell passes.
    otherwise
        Why other rows are left out.
    only_first
        Of several rows of a school only those with the first value count: the others tell its students again.
    """

    columns: tuple[str, ...]
    values: tuple[str, ...]
    otherwise: str
    only_first: bool = False


@dataclass(frozen=True)
class Format:
    """
    One kind of table.

    Parameters
    ----------
    point_source
        What the output says of the points of such a file.
    signature
        Column names that the header must have; ``a|b`` means one of them.
    columns
        Field to the columns that may hold it, best first. ``a+b`` joins the digits of ids and adds numbers;
        ``a*`` is any column that starts so. Names are compared as :func:`plain_name` writes them.
    missing
        Texts that mean "no value" in this format, besides the usual ones.
    level_by
        What decides the level, most trusted first.
    """

    name: str
    point_source: str
    signature: tuple[str, ...]
    columns: Columns
    keep: tuple[Keep, ...] = ()
    missing: frozenset[str] = field(default_factory=frozenset)
    level_by: tuple[str, ...] = ("kind", "grades", "level")


@lru_cache(maxsize=10_000)
def plain_name(column: str) -> str:
    """Write a column's name with small letters and digits only: ``Low Grade*`` becomes ``lowgrade``."""
    return re.sub(r"[^a-z0-9]", "", column.casefold())


def recognise(header: Iterable[str]) -> Format | None:
    """Find the format whose signature a header has; the generic one comes last."""
    names = {plain_name(column) for column in header}
    for candidate in FORMATS:
        if all(any(name in names for name in part.split("|")) for part in candidate.signature):
            return candidate
    fields = {name for name, columns in GENERIC.columns.items() if any(column in names for column in columns)}
    has_id = fields & {"name", "nces_id", "cds_code", "id"}
    has_fact = fields & {"enrollment", "level", "low", "sworn_officers"} or {"lat", "lon"} <= fields
    return GENERIC if has_id and has_fact else None


RESERVE_TEXTS = frozenset({"m", "n", "–", "†", "‡", "-", "--"})  # NCES: missing, not applicable, not meeting standards
NOT_REPORTED = frozenset({"not reported", "missing", "not applicable", "suppressed", "reserved"})

_OPEN = Keep(
    ("systatustext", "systatus", "updatedstatustext", "updatedstatus", "status"),
    (
        *("open", "1", "new", "3", "added", "4", "changed boundary/agency", "changed agency", "5", "reopened", "8"),
        *("currently operational", "new school", "school has changed agency", "school was reopened"),
    ),
    "not open",
)
_POINT = {"lat": ("pointlat",), "lon": ("pointlon",)}  # the geometry of a feature, before any column

CCD_MEMBERSHIP = Format(
    name="NCES CCD membership (long form)",
    point_source="nces_ccd",
    signature=("ncessch", "studentcount", "totalindicator"),
    columns={
        "nces_id": ("ncessch",),
        "name": ("schname",),
        "district": ("leaname",),
        "enrollment": ("studentcount",),
        "enrollment_year": ("schoolyear",),
    },
    keep=(
        Keep(
            ("totalindicator",),
            ("derived - education unit total minus adult education count", "education unit total"),
            "a part of a school's students, or the same total again",
            only_first=True,
        ),
    ),
    missing=NOT_REPORTED,
)

EDGE = Format(
    name="NCES EDGE geocodes",
    point_source="nces_edge",
    signature=("ncessch", "name", "lat", "lon"),
    columns={
        "nces_id": ("ncessch",),
        "name": ("name",),
        "district_id": ("leaid",),
        "street": ("street",),
        "city": ("city",),
        "state": ("state",),
        "zip": ("zip",),
        "county": ("nmcnty",),
        "lat": (*_POINT["lat"], "lat"),
        "lon": (*_POINT["lon"], "lon"),
        "level": ("level", "schoollevel"),
        "low": ("gslo",),
        "high": ("gshi",),
        "enrollment_year": ("schoolyear",),
    },
    missing=RESERVE_TEXTS | NOT_REPORTED,
)

CCD = Format(
    name="NCES CCD schools",
    point_source="nces_ccd",
    signature=("ncessch", "schname|schnam"),
    columns={
        "nces_id": ("ncessch",),
        "name": ("schname", "schnam"),
        "district": ("leaname", "leanm"),
        "district_id": ("leaid",),
        "street": ("lstreet1", "lstree", "lstreet"),
        "city": ("lcity",),
        "state": ("lstate", "st", "stabr"),
        "zip": ("lzip",),
        "county": ("nmcnty", "coname"),
        "lat": (*_POINT["lat"], "latcod", "latcode", "lat"),
        "lon": (*_POINT["lon"], "loncod", "longcode", "longcod", "lon"),
        "kind": ("schtypetext", "schooltypetext", "schtype", "type"),
        "level": ("level", "schoollevel"),
        "low": ("gslo",),
        "high": ("gshi",),
        "charter": ("chartertext", "chartr", "charter"),
        "enrollment": ("member", "total", "studentcount"),
        "enrollment_year": ("schoolyear", "survyear"),
        "free_reduced_lunch": ("totfrl", "frelch+redlch"),
    },
    keep=(_OPEN,),
    missing=RESERVE_TEXTS | NOT_REPORTED,
)

NCES_SEARCH = Format(
    name="NCES school search",
    point_source="nces_search",
    signature=("ncesschoolid", "schoolname", "lowgrade", "highgrade"),
    columns={
        "nces_id": ("ncesschoolid",),
        "name": ("schoolname",),
        "district": ("district", "districtname"),
        "district_id": ("ncesdistrictid",),
        "street": ("streetaddress",),
        "city": ("city",),
        "state": ("state",),
        "zip": ("zip",),
        "county": ("countyname",),
        "low": ("lowgrade",),
        "high": ("highgrade",),
        "charter": ("charter",),
        "enrollment": ("students",),
        "free_reduced_lunch": ("freelunch+reducedlunch",),
    },
    missing=RESERVE_TEXTS,
)

CDE_DIRECTORY = Format(
    name="CDE public schools (pubschls)",
    point_source="cde_directory",
    signature=("cdscode", "statustype", "school|schoolname", "ncesdist|soctype|street"),
    columns={
        "cds_code": ("cdscode",),
        "nces_id": ("ncesdist+ncesschool",),
        "name": ("school", "schoolname"),
        "district": ("district",),
        "district_id": ("ncesdist",),
        "street": ("street", "streetabr"),
        "city": ("city",),
        "state": ("state",),
        "zip": ("zip",),
        "county": ("county",),
        "lat": (*_POINT["lat"], "latitude"),
        "lon": (*_POINT["lon"], "longitude"),
        "kind": ("soctype", "edopsname", "edopscode"),
        "grades": ("gsserved", "gsoffered"),
        "level": ("eilcode", "eilname"),
        "charter": ("charter", "charteryn"),
    },
    keep=(Keep(("statustype",), ("active", "open"), "not open"),),
    missing=frozenset({"no data", "information not available"}),
)

CDE_ENROLLMENT = Format(
    name="CDE census day enrollment",
    point_source="",
    signature=("aggregatelevel", "schoolcode", "reportingcategory", "totalenr"),
    columns={
        "cds_code": ("countycode+districtcode+schoolcode",),
        "name": ("schoolname",),
        "district": ("districtname",),
        "enrollment": ("totalenr",),
        "enrollment_year": ("academicyear",),
    },
    keep=(
        Keep(("aggregatelevel",), ("s", "school"), "another aggregate level than school"),
        Keep(("reportingcategory",), ("ta",), "a part of a school's students"),
        Keep(("charter",), ("all", "y", "n"), "neither a charter school nor another"),
    ),
)

CDE_DASHBOARD = Format(
    name="CDE dashboard census enrollment",
    point_source="",
    signature=("cds", "rtype", "studentgroup", "totalenrollment"),
    columns={
        "cds_code": ("cds",),
        "name": ("schoolname",),
        "district": ("districtname",),
        "county": ("countyname",),
        "enrollment": ("totalenrollment",),
        "enrollment_year": ("reportingyear",),
    },
    keep=(Keep(("rtype",), ("s",), "a district or the state"),),
)

CRDC = Format(
    name="CRDC school data",
    point_source="",
    signature=("combokey", "leaid", "schname"),
    columns={
        "nces_id": ("combokey", "leaid+schid"),
        "name": ("schname",),
        "district": ("leaname",),
        "district_id": ("leaid",),
        "state": ("leastate",),
        "enrollment": ("totenrm+totenrf",),
        "sworn_officers": ("schftesecurityleo",),
    },
)

ASKTED = Format(
    name="Texas AskTED directory",
    point_source="",
    signature=("schoolnumber", "schoolname", "districtnumber", "graderange"),
    columns={
        "nces_id": ("ncesschoolid",),
        "id": ("schoolnumber",),
        "name": ("schoolname",),
        "district": ("districtname",),
        "district_id": ("ncesdistrictid", "districtnumber"),
        "street": ("schoolsitestreetaddress", "schoolstreetaddress"),
        "city": ("schoolsitecity", "schoolcity"),
        "state": ("schoolsitestate", "schoolstate"),
        "zip": ("schoolsitezip", "schoolzip"),
        "county": ("countyname",),
        "grades": ("graderange",),
        "kind": ("instructiontype",),
        "charter": ("chartertype",),
        "enrollment": ("schoolenrollmentasof*",),
    },
    keep=(Keep(("schoolstatus",), ("active", "open"), "not open"),),
)

GENERIC = Format(
    name="table with known column names",
    point_source="",
    signature=("\0",),  # found by its fields instead
    columns={
        "nces_id": ("ncesid", "ncessch", "ncesschoolid", "ncescode"),
        "cds_code": ("cdscode", "cds"),
        "id": ("id", "schoolid", "campusid", "campusnumber", "schoolnumber", "schoolcode", "sitecode", "code"),
        "name": ("name", "schoolname", "campusname", "school", "campus", "schname", "facilityname", "sitename"),
        "agency": ("agency", "policeagency"),
        "district": ("district", "districtname", "leaname", "lea", "schooldistrict", "agencyname"),
        "district_id": ("districtid", "leaid", "ncesdistrictid", "districtnumber"),
        "street": ("street", "streetaddress", "address1", "addressline1", "siteaddress"),
        "address": ("address", "fulladdress", "location", "schooladdress"),
        "city": ("city", "town", "schoolcity", "sitecity"),
        "state": ("state", "st", "stateabbr", "schoolstate"),
        "zip": ("zip", "zipcode", "postalcode", "postcode", "schoolzip"),
        "county": ("county", "countyname"),
        "lat": (*_POINT["lat"], "lat", "latitude", "y", "ycoord", "latdd", "gpslat", "schoollat"),
        "lon": (*_POINT["lon"], "lon", "longitude", "lng", "long", "x", "xcoord", "londd", "gpslon", "schoollon"),
        "level": ("level", "schoollevel", "gradelevel", "leveltype"),
        "low": ("lowgrade", "gradelow", "gslo", "lowestgrade"),
        "high": ("highgrade", "gradehigh", "gshi", "highestgrade"),
        "grades": ("grades", "graderange", "gradespan", "gradesserved", "gradesoffered", "gradeconfiguration"),
        "kind": ("type", "schooltype", "kind"),
        "charter": ("sector", "charter", "ischarter", "charteryn", "kind"),
        "enrollment": (
            *("enrollment", "enrolment", "totalenrollment", "students", "totalstudents", "studentcount", "membership"),
            *("enrolled", "adm", "numstudents", "numberofstudents", "studentenrollment", "schoolenrollment"),
        ),
        "enrollment_year": ("enrollmentyear", "schoolyear", "academicyear", "year"),
        "free_reduced_lunch": ("freereducedlunch", "frpm", "frl", "freelunch+reducedlunch"),
        "point_source": ("pointsource", "coordsource"),
        "point_confidence": ("pointconfidence", "confidence", "coordquality"),
        "site": ("site",),
        "sworn_officers": ("swornofficers", "schftesecurityleo"),
    },
    keep=(Keep(("status", "schoolstatus", "operationalstatus"), (*_OPEN.values, "active", "operational"), "not open"),),
    missing=frozenset({"–", "-", "--"}),
    level_by=("kind", "level", "grades"),
)

FORMATS = (
    CCD_MEMBERSHIP,
    EDGE,
    CDE_DIRECTORY,
    CDE_ENROLLMENT,
    CDE_DASHBOARD,
    CRDC,
    ASKTED,
    CCD,
    NCES_SEARCH,
)
"""The specific formats; of two that fit, the first is taken."""

ID_WIDTHS = {
    "ncesdist": 7,
    "ncesschool": 5,
    "leaid": 7,
    "schid": 5,
    "countycode": 2,
    "districtcode": 5,
    "schoolcode": 7,
}
"""Digits of the parts of an id, to put leading zeros back that a spreadsheet took."""
