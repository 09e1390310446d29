import itertools
from collections import Counter

import pytest
from shapely import Point, Polygon, union_all

from sro_coverage.plan import Stop, Tier
from sro_coverage.report.colours import PALETTE, colour_indices, contrast, pale, shade
from sro_coverage.report.layers import SHAPES, build_layers, size_px
from sro_coverage.report.territories import divide
from sro_coverage.report.wording import amount, duration, trip


def area_of(territory):
    return union_all([Polygon(rings[0], rings[1:]) for rings in territory.polygons])


def test_white_is_legible_on_every_colour_and_every_colour_on_its_pale_fill():
    for index in range(3 * len(PALETTE)):
        assert contrast("#FFFFFF", shade(index)) >= 4.5
        assert contrast(pale(shade(index)), shade(index)) >= 3


def test_colours_repeat_darker_after_the_palette():
    assert shade(0) == PALETTE[0]
    assert len({shade(index) for index in range(2 * len(PALETTE))}) == 2 * len(PALETTE)


def test_a_clique_larger_than_the_palette_still_gets_different_colours():
    officers = range(1, len(PALETTE) + 3)
    chosen = colour_indices(officers, itertools.combinations(officers, 2))
    assert len({shade(index) for index in chosen.values()}) == len(officers)


def test_colours_are_used_evenly_where_there_are_no_borders():
    assert max(Counter(colour_indices(range(1, 17), []).values()).values()) == 2


def grid(side):
    points = [(36.5 + row / 100, -119.4 + column / 100) for row in range(side) for column in range(side)]
    return points, [1 + (index * 7) % 12 for index in range(len(points))]


def test_territories_partition_the_ground_and_hold_their_sites():
    points, owners = grid(6)
    division = divide(points, owners)
    areas = {territory.officer: area_of(territory) for territory in division.territories}
    whole = union_all(list(areas.values()))
    assert set(areas) == set(owners)
    assert sum(area.area for area in areas.values()) == pytest.approx(whole.area, rel=1e-3)
    for point, owner in zip(points, owners, strict=True):
        assert areas[owner].contains(Point(point))


def test_neighbours_never_share_a_colour():
    points, owners = grid(7)
    division = divide(points, owners)
    chosen = colour_indices(set(owners), division.borders)
    assert division.borders
    assert all(chosen[one] != chosen[other] for one, other in division.borders)


def test_borders_are_found_where_only_two_territories_meet():
    assert divide([(36.5, -119.4), (36.6, -119.4)], [1, 2]).borders == {(1, 2)}


@pytest.mark.parametrize(
    ("points", "officers"),
    [
        ([(36.5, -119.4)], [1]),
        ([(36.5, -119.4), (36.5, -119.4)], [1, 2]),
        ([(36.5, -119.4), (36.6, -119.4), (36.7, -119.4)], [1, None, 1]),
    ],
    ids=["one site", "two sites on one point", "sites on a line"],
)
def test_few_or_odd_points_still_give_ground(points, officers):
    division = divide(points, officers)
    assert division.territories
    (south, west), (north, east) = division.bounds
    assert south < 36.5 < north
    assert west < -119.4 < east


def test_there_is_one_marker_for_each_site_and_each_lone_point(town):
    layers = build_layers(town)
    assert sorted(site.id for site in layers.sites) == [
        "elm-elementary",
        "far-elementary",
        "lost-k8",
        "north-high",
        "oak-elementary",
        "south-middle",
        "west-high",
    ]
    west = next(site for site in layers.sites if site.id == "west-high")
    assert [card.name for card in west.cards] == ["West High", "West Academy", "West Adult"]
    assert west.name == "West High + West Academy + West Adult"


def test_cards_tell_what_is_known(town):
    cards = {card.name: dict(card.rows) for site in build_layers(town).sites for card in site.cards}
    assert cards["South Middle"]["Students"] == "900 (2023-24)"
    assert cards["South Middle"]["Address"] == "1 South St"
    assert cards["West High"]["Point"] == "approximate"
    assert cards["West High"]["Visits"] == "2 a week"
    assert cards["West High"]["Travel time"].endswith("min each way")
    assert cards["Oak Elementary"]["Note"] == "Opens late on Mondays"
    assert cards["West Adult"]["Not planned"] == "no enrollment"


def test_states_and_lines_are_the_plan_s(town):
    layers = build_layers(town)
    assert {site.id: site.state for site in layers.sites} == {
        row.campus: row.state for row in town.campuses if row.campus in {site.id for site in layers.sites}
    }
    assert [link.state for link in layers.links].count("shared") == 1
    assert next(link for link in layers.links if link.state == "shared").sites[1] == "west-high"


def test_figures_add_up(town):
    figures = build_layers(town).figures
    assert figures.covered == 2000 + 900 + 380
    assert figures.students["on-call"] == 950
    assert figures.students["uncovered"] == 120
    assert figures.planned == 4350
    assert figures.share(figures.covered) == "75.4%"
    assert sum(figures.campuses.values()) == len(town.problem.campuses)


def test_a_plan_without_beats_shows_every_planned_campus_uncovered(impossible):
    layers = build_layers(impossible)
    assert {site.state for site in layers.sites} == {"uncovered"}
    assert layers.links == ()
    assert [territory.officer for territory in layers.division.territories] == [None]


def test_sites_on_one_point_are_set_apart(town):
    moved = tuple(
        campus.model_copy(update={"lat": 36.56, "lon": -119.38}) if campus.id == "oak-elementary" else campus
        for campus in town.problem.campuses
    )
    layers = build_layers(town.model_copy(update={"problem": town.problem.replace(campuses=moved)}))
    offsets = {site.id: site.offset for site in layers.sites}
    assert offsets["oak-elementary"] != offsets["north-high"]
    assert offsets["south-middle"] == (0, 0)


def test_marker_area_follows_enrollment_between_its_limits():
    assert size_px(0, 2000) == size_px(100, 2000) == 22
    assert size_px(2000, 2000) == 44
    assert size_px(1000, 2000) == pytest.approx(44 / 2**0.5, abs=0.1)


def test_shapes_have_the_area_of_their_circle():
    for corners in filter(None, SHAPES.values()):
        assert Polygon(corners).area == pytest.approx(3.14159, rel=1e-3)


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0 min"), (59.6, "1 h"), (65, "1 h 05 min"), (60 * 1200 + 30, "1,200 h 30 min")]
)
def test_durations(minutes, text):
    assert duration(minutes) == text


def test_a_trip_says_both_ways_where_they_differ():
    stop = Stop(campuses=("a",), hours=1, visits=1, out_minutes=5, back_minutes=6.04, drive_minutes=11)
    assert trip(stop) == "5.0 min out, 6.0 min back"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [("travel", 5400, "1 h 30 min"), ("visibility", 36_000_000, "10,000"), ("reach", 1234, "1,234")],
)
def test_tier_numbers_are_in_the_unit_that_people_read(town, name, value, text):
    tier: Tier = next(tier for tier in town.tiers if tier.name == name)
    assert amount(tier, value) == text
