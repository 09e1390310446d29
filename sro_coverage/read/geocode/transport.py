"""The network: one request, one bounded answer, and never a second request that nobody asked for."""

# mypy: disable-error-code="import-untyped,misc"
from __future__ import annotations

import json
import logging
import math
import time
from http.client import HTTPException, HTTPResponse
from ssl import SSLContext
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from geopy.adapters import AdapterHTTPError, BaseSyncAdapter, get_retry_after
from geopy.exc import GeocoderParseError, GeocoderTimedOut, GeocoderUnavailable

MAX_BYTES = 1_000_000

logging.getLogger("geopy").addHandler(logging.NullHandler())  # or what a server says is printed as it is


class _NoRedirect(HTTPRedirectHandler):
    """An address goes to the server that was named, and to no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Transport(BaseSyncAdapter):
    """
    What geopy's geocoders send their requests with.

    geopy's own adapters retry unseen, which breaks a promised pause, follow redirects to any server,
    and read without end. The proxy settings of the system hold here, too.
    """

    def __init__(self, *, proxies: dict[str, str] | None = None, ssl_context: SSLContext | None = None) -> None:
        super().__init__(proxies=proxies, ssl_context=ssl_context)
        self._opener = build_opener(_NoRedirect, HTTPSHandler(context=ssl_context))

    def get_text(self, url: str, *, timeout: float, headers: dict[str, str]) -> str:
        """Give the body of a good answer; anything else is raised as one of geopy's errors."""
        request = Request(url, headers=headers)  # noqa: S310 - http or https, checked with the server's name
        try:
            with self._opener.open(request, timeout=timeout) as page:
                return _body(page, time.monotonic() + timeout).decode()
        except HTTPError as error:
            error.close()
            message, told = f"HTTP status {error.code}", _retry_after(error.headers["retry-after"] or "")
            raise AdapterHTTPError(message, status_code=error.code, headers=told, text=None) from None
        except UnicodeDecodeError:
            raise GeocoderParseError("an answer that is no text") from None
        except (OSError, HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            if isinstance(reason, TimeoutError):
                raise GeocoderTimedOut("no answer in time") from None
            raise GeocoderUnavailable(f"no connection, or one that broke ({type(reason).__name__})") from None

    def get_json(self, url: str, *, timeout: float, headers: dict[str, str]) -> object:
        """Give the parsed body."""
        text = self.get_text(url, timeout=timeout, headers=headers)
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise GeocoderParseError("an answer that is no JSON, or half of it") from None


def _retry_after(value: str) -> dict[str, str]:
    """Keep the one header that matters, in whole seconds, if it makes sense."""
    try:
        wait_s = get_retry_after({"retry-after": value})
        return {} if wait_s is None else {"retry-after": str(math.ceil(wait_s))}
    except (ValueError, OverflowError):
        return {}


def _body(page: HTTPResponse, deadline: float) -> bytes:
    """Read to the end, but neither for ever nor without limit."""
    body = b""
    while part := page.read1(65_536):
        body += part
        if len(body) > MAX_BYTES:
            raise GeocoderParseError("an answer far too long")
        if time.monotonic() > deadline:
            raise TimeoutError
    if page.length:  # bytes that were promised and never came
        raise GeocoderUnavailable("an answer cut off in the middle")
    return body
