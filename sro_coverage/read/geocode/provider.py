"""Who can be asked for a point, how each is asked, and what its answer says."""

# mypy: disable-error-code="import-untyped,misc"
from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode, urlsplit

from geopy import geocoders
from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder

from sro_coverage.errors import DataError, Issue
from sro_coverage.problem.value import quote
from sro_coverage.read.geocode.transport import Transport

T = TypeVar("T")

MAX_CANDIDATES = 5
USER_AGENT = "sro-coverage"


@dataclass(frozen=True)
class Candidate:
    """
    One place that a provider proposes for an address.

    Parameters
    ----------
    lat, lon
        WGS 84 degrees; refused with ValueError if they cannot be a place with a school.
    quality
        The provider's own word for what it found, such as ``place:house``.
    confidence
        ``medium`` if that is a building or a house number, else ``low``: one source is never ``high``.
    label
        The address that the provider understood.
    """

    lat: float
    lon: float
    quality: str
    confidence: Literal["medium", "low"]
    label: str

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):  # NaN is out of range, too
            raise ValueError(f"point {self.lat}, {self.lon} is outside latitude ±90, longitude ±180")
        if math.hypot(self.lat, self.lon) < 0.01:
            raise ValueError(f"point {self.lat}, {self.lon} is in the Atlantic")


class Census(Geocoder):
    """The one-line search of the US Census geocoder, which geopy does not have."""

    def __init__(self, *, domain: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.api = f"{self.scheme}://{domain}/geocoder/locations/onelineaddress"

    def geocode(self, query: str, *, exactly_one: bool = True, timeout: Any = DEFAULT_SENTINEL) -> Any:
        """Ask for an address."""
        asked = {"address": query, "benchmark": "Public_AR_Current", "format": "json"}
        read = partial(self._parse_json, exactly_one=exactly_one)
        return self._call_geocoder(f"{self.api}?{urlencode(asked)}", read, timeout=timeout)

    def _parse_json(self, answer: object, exactly_one: bool) -> tuple[Candidate, ...]:
        return tuple(map(_census_match, _part(_part(answer, "result", dict), "addressMatches", list)))


class Nominatim(geocoders.Nominatim):
    """geopy's, but an answer of another shape is an error; geopy takes ``{}`` and ``null`` for "no match"."""

    def _parse_json(self, answer: object, exactly_one: bool) -> tuple[Candidate, ...]:
        if not isinstance(answer, list):
            raise ValueError("no list of places in the answer")
        return tuple(map(_nominatim_place, answer))


class Photon(geocoders.Photon):
    """geopy's, but an answer of another shape is an error."""

    def _parse_json(self, answer: object, exactly_one: bool = True) -> tuple[Candidate, ...]:
        return tuple(map(_photon_feature, _part(answer, "features", list)))


def _census_match(match: object) -> Candidate:
    """Read a point that was calculated along a range of house numbers; the service has no other kind."""
    point = _part(match, "coordinates", dict)
    label = _part(match, "matchedAddress", str)
    return Candidate(_degrees(point, "y"), _degrees(point, "x"), "address range", "medium", _line(label))


def _nominatim_place(place: object) -> Candidate:
    kind = _part(place, "class", str)
    rank = place.get("place_rank") if isinstance(place, dict) else None
    is_house = (kind in ("place", "building", "amenity") and rank == 30) or kind == "building"
    return Candidate(
        _degrees(place, "lat"),
        _degrees(place, "lon"),
        _word(f"{kind}:{_part(place, 'type', str)}"),
        "medium" if is_house else "low",
        _line(_part(place, "display_name", str)),
    )


def _photon_feature(feature: object) -> Candidate:
    facts = _part(feature, "properties", dict)
    point = _part(_part(feature, "geometry", dict), "coordinates", list)
    if len(point) < 2:
        raise ValueError("no point in the answer")
    kind = _word(str(facts.get("type") or facts.get("osm_value") or "unknown"))
    label = [facts.get(name) for name in ("name", "housenumber", "street", "city", "state", "postcode")]
    return Candidate(
        _degrees(dict(enumerate(point)), 1),
        _degrees(dict(enumerate(point)), 0),
        kind,
        "medium" if kind == "house" else "low",
        _line(", ".join(str(part) for part in label if part)),
    )


def _part(value: object, key: object, kind: type[T]) -> T:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, kind):
        raise ValueError(f"no {key} in the answer")
    return found


def _degrees(value: object, key: object) -> float:
    found = value.get(key) if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        raise ValueError("no point in the answer")
    return float(found)


def _word(text: str) -> str:
    """Keep what a quality is made of, so that no answer can put a formula or a command into the table."""
    return re.sub(r"[^\w:. -]", "", text).strip(" -")[:60] or "unknown"


def _line(text: str) -> str:
    return " ".join(text.split())[:120]


@dataclass(frozen=True)
class Provider:
    """
    A geocoding service that needs no key.

    Parameters
    ----------
    server
        Its public address.
    min_delay_s, max_addresses
        What its public server may be asked; one's own server has no such limits.
    needs_contact
        Whether the public server wants to know who asks.
    options
        What else geopy is told with an address.
    """

    name: str
    server: str
    geocoder: type[Any]
    min_delay_s: float = 0
    max_addresses: int | None = None
    needs_contact: bool = False
    options: dict[str, Any] = field(default_factory=dict)


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider("census", "https://geocoding.geo.census.gov", Census),
        Provider(
            "nominatim",
            "https://nominatim.openstreetmap.org",
            Nominatim,
            min_delay_s=1,
            max_addresses=1_000,
            needs_contact=True,
            options={"limit": MAX_CANDIDATES},
        ),
        Provider(
            "photon",
            "https://photon.komoot.io",
            Photon,
            min_delay_s=1,
            max_addresses=1_000,
            options={"limit": MAX_CANDIDATES},
        ),
    )
}
"""The providers to choose from, by name."""


@dataclass(frozen=True)
class Service:
    """A provider at a server, as the planner chose it; made by :func:`service`."""

    provider: Provider
    server: str
    delay_s: float
    timeout_s: float
    user_agent: str

    @property
    def is_public(self) -> bool:
        """Whether this is the provider's public server, to which its terms apply."""
        host = urlsplit(self.server).hostname or ""
        return host.rstrip(".") == urlsplit(self.provider.server).hostname

    def connect(self) -> Any:
        """Give geopy's geocoder for it; nothing is sent yet."""
        parts = urlsplit(self.server)
        return self.provider.geocoder(
            domain=parts.netloc + parts.path,
            scheme=parts.scheme,
            timeout=self.timeout_s,
            user_agent=self.user_agent,
            adapter_factory=Transport,
        )


def service(
    name: str, *, server: str | None = None, delay_s: float = 1, timeout_s: float = 10, user_agent: str | None = None
) -> Service:
    """
    Choose a provider by name, under its terms.

    Raises
    ------
    DataError
        If the server is no web address, or the provider's public server forbids what is asked for.
    """
    provider = PROVIDERS[name]
    issues = []
    if server is not None and not _is_web_address(server):
        issues.append(Issue("--server", quote(server), "a web address such as https://example.org/nominatim"))
        server = None
    agent = user_agent or USER_AGENT
    if not (agent.isascii() and agent.isprintable() and len(agent) <= 200):
        issues.append(Issue("--user-agent", quote(agent), "one line of at most 200 ASCII characters"))
    chosen = Service(provider, (server or provider.server).rstrip("/"), delay_s, timeout_s, agent)
    if math.isnan(delay_s) or (chosen.is_public and delay_s < provider.min_delay_s):
        expected = f"at least {provider.min_delay_s:g} s, as {chosen.server} demands"
        issues.append(Issue("--delay", f"{delay_s:g} s", expected))
    if chosen.is_public and provider.needs_contact and not re.search(r"\S@\S|://", agent):
        expected = f"who asks, with an e-mail or web address, as {chosen.server} demands"
        issues.append(Issue("--user-agent", quote(user_agent) if user_agent else "nothing there", expected))
    if issues:
        raise DataError(issues)
    return chosen


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and " " not in text
    return is_whole and is_plain and not (parts.query or parts.fragment or "@" in parts.netloc)
