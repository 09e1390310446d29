"""A geocoding server on this machine that says what a test wants, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Reply:
    """One answer; `missing` bytes are promised and never sent, `hangs` sends nothing until the stub closes."""

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    missing: int = 0
    hangs: bool = False


@dataclass(frozen=True)
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def address(self) -> str:
        return self.query.get("address") or self.query["q"]


class Stub:
    """
    A server to be used in a ``with``.

    Parameters
    ----------
    reply
        Told the address and how many requests came before; gives the answer.
    """

    def __init__(self, reply: Callable[[str, int], Reply]) -> None:
        self.asked: list[Asked] = []
        self.changed = threading.Condition()
        self.closing = threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                asked = Asked(parts.path, query, dict(self.headers))
                with stub.changed:
                    count = len(stub.asked)
                    stub.asked.append(asked)
                    stub.changed.notify_all()
                stub.send(self, reply(asked.address, count))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.hangs:
            self.closing.wait(30)
            return
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        handler.send_response(reply.status)
        for name, value in {"Content-Length": str(len(body) + reply.missing), **reply.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def wait_for(self, count: int) -> None:
        """Wait until that many requests have come."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked) >= count, timeout=60)

    @property
    def addresses(self) -> list[str]:
        return [asked.address for asked in self.asked]

    def __enter__(self) -> Stub:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def census(*points: tuple[float, float], label: str = "340 E KERN ST, DINUBA, CA, 93618") -> Reply:
    """The Census geocoder's shape: x is the longitude."""
    matches = [
        {
            "tigerLine": {"side": "L", "tigerLineId": "647384196"},
            "coordinates": {"x": lon, "y": lat},
            "addressComponents": {"zip": "93618", "streetName": "KERN", "fromAddress": "300", "toAddress": "398"},
            "matchedAddress": label,
        }
        for lat, lon in points
    ]
    asked = {"address": {"address": "…"}, "benchmark": {"id": "4", "benchmarkName": "Public_AR_Current"}}
    return Reply(json.dumps({"result": {"input": asked, "addressMatches": matches}}))


def nominatim(*places: dict[str, Any]) -> Reply:
    """Nominatim's shape: degrees are texts."""
    usual = {
        "place_id": 1,
        "licence": "Data © OpenStreetMap contributors, ODbL 1.0.",
        "osm_type": "way",
        "lat": "36.541679",
        "lon": "-119.386660",
        "class": "place",
        "type": "house",
        "place_rank": 30,
        "addresstype": "place",
        "display_name": "340, East Kern Street, Dinuba, Tulare County, California, 93618, United States",
    }
    return Reply(json.dumps([usual | place for place in places]))


def photon(*places: dict[str, Any], point: tuple[float, float] = (-119.38666, 36.541679)) -> Reply:
    """Photon's shape: GeoJSON, the longitude first."""
    usual = {"osm_key": "place", "osm_value": "house", "type": "house", "housenumber": "340"}
    usual |= {"street": "East Kern Street", "city": "Dinuba", "state": "California", "postcode": "93618"}
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": list(point)},
            "properties": {name: value for name, value in (usual | place).items() if value is not None},
        }
        for place in places
    ]
    return Reply(json.dumps({"type": "FeatureCollection", "features": features}))
