"""One question, asked with patience: never too soon, again after a failure that may pass."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from geopy.adapters import AdapterHTTPError, get_retry_after
from geopy.exc import GeocoderParseError, GeocoderTimedOut, GeocoderUnavailable, GeopyError

from sro_coverage.errors import CoverageError
from sro_coverage.read.geocode.provider import Candidate, Service

PAUSES_S = (2, 10, 30)
MAX_WAIT_S = 300

Kind = Literal["passing", "unusable", "refused", "barred"]


class NoAnswerError(CoverageError):
    """
    An address got no answer that can be used, which is not the same as "no match".

    Parameters
    ----------
    kind
        ``passing``: asking again may help. ``unusable``: an answer that makes no sense. ``refused``: the
        server does not like this address. ``barred``: the server wants no more questions for now.
    wait_s
        How long the server asks to be left alone.
    """

    def __init__(self, reason: str, kind: Kind, wait_s: float = 0) -> None:
        super().__init__(reason)
        self.kind = kind
        self.wait_s = wait_s


class Asker:
    """
    Puts one address after another to a service, and sends nothing but the address.

    Parameters
    ----------
    clock, sleep
        Seconds that only grow, and waiting; tests bring their own.
    """

    def __init__(
        self,
        service: Service,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._service = service
        self._geocoder = service.connect()
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()

    def __call__(self, address: str) -> tuple[Candidate, ...]:
        """
        Give the candidates, the provider's best first; none means that it knows no such address.

        Raises
        ------
        NoAnswerError
            If there is nothing to be had, after a few attempts with growing pauses.
        """
        for pause_s in PAUSES_S:
            try:
                return self._ask_once(address)
            except NoAnswerError as error:
                if error.kind != "passing":
                    raise
                self._sleep(max(pause_s, error.wait_s))
        return self._ask_once(address)

    def _ask_once(self, address: str) -> tuple[Candidate, ...]:
        early_s = self._free_at - self._clock()
        if early_s > 0:
            self._sleep(early_s)
        try:
            found: tuple[Candidate, ...] = self._geocoder.geocode(
                address, exactly_one=False, **self._service.provider.options
            )
        except GeopyError as error:
            raise _no_answer(error) from None
        except (ValueError, OverflowError) as error:
            raise NoAnswerError(f"an answer that makes no sense ({str(error)[:100]})", "unusable") from None
        finally:
            self._free_at = self._clock() + self._service.delay_s
        return found


def _no_answer(error: GeopyError) -> NoAnswerError:
    """Sort a failure by whether asking again may help."""
    cause = error.__cause__
    if not isinstance(cause, AdapterHTTPError):
        may_pass = isinstance(error, GeocoderTimedOut | GeocoderUnavailable | GeocoderParseError)
        return NoAnswerError(str(error), "passing" if may_pass else "unusable")
    status = cause.status_code
    wait_s = get_retry_after(cause.headers) or 0
    if wait_s > MAX_WAIT_S:
        return NoAnswerError(f"{cause}, and to be asked again only after {wait_s:,.0f} s", "barred")
    if status in (408, 425, 429) or status >= 500:
        return NoAnswerError(str(cause), "passing", wait_s)
    if status in (401, 402, 403, 407):
        return NoAnswerError(f"{cause}: the server does not want these questions", "barred")
    if status in (400, 413, 414, 422):
        return NoAnswerError(f"{cause}: the server refuses this address", "refused")
    return NoAnswerError(f"{cause}, a server elsewhere" if 300 <= status < 400 else str(cause), "unusable")
