"""Travel times between sites, whatever they come from."""

from sro_coverage.travel.engine import RoadTravel, longest_limit_s, road_travel, travel_times
from sro_coverage.travel.straight_line import straight_line, straight_line_from
from sro_coverage.travel.times import Bools, Floats, Ints, TravelTimes, limit_seconds

__all__ = [
    "Bools",
    "Floats",
    "Ints",
    "RoadTravel",
    "TravelTimes",
    "limit_seconds",
    "longest_limit_s",
    "road_travel",
    "straight_line",
    "straight_line_from",
    "travel_times",
]
