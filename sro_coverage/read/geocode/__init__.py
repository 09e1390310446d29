"""From addresses without points to points with a source, a date and a quality."""

from sro_coverage.read.geocode.ask import Asker, NoAnswerError
from sro_coverage.read.geocode.cache import Answer, Cache
from sro_coverage.read.geocode.gather import Outcome, gather
from sro_coverage.read.geocode.provider import PROVIDERS, Candidate, Provider, Service, service
from sro_coverage.read.geocode.table import AddressTable, Filled, fill, read_addresses

__all__ = [
    "PROVIDERS",
    "AddressTable",
    "Answer",
    "Asker",
    "Cache",
    "Candidate",
    "Filled",
    "NoAnswerError",
    "Outcome",
    "Provider",
    "Service",
    "fill",
    "gather",
    "read_addresses",
    "service",
]
