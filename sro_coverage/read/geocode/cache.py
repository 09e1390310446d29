"""The answers on disk, so that no address is sent twice."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from sro_coverage.errors import DataError, Issue
from sro_coverage.read.geocode.provider import Candidate, Service

_TABLE = """
CREATE TABLE IF NOT EXISTS answer (
    provider TEXT, server TEXT, address TEXT, date TEXT NOT NULL, candidates TEXT NOT NULL,
    PRIMARY KEY (provider, server, address)
)
"""


@dataclass(frozen=True)
class Answer:
    """What a provider said, and on which day (ISO); no candidates mean "no match"."""

    candidates: tuple[Candidate, ...]
    date: str


class Cache:
    """
    Answers of one service in an SQLite file, each safe as soon as it is kept.

    Parameters
    ----------
    path
        The file; made if it is not there, and shared by all services.

    Raises
    ------
    DataError
        If the file is something else, or cannot be used.
    """

    def __init__(self, path: Path, service: Service) -> None:
        self._path = path
        self._key = (service.provider.name, service.server)
        self._run(_TABLE)

    def find(self, address: str) -> Answer | None:
        """Give what was kept for an address; what cannot be read counts as not there."""
        where = "WHERE provider = ? AND server = ? AND address = ?"
        rows = self._run(f"SELECT candidates, date FROM answer {where}", *self._key, _normal(address))  # noqa: S608
        try:
            return Answer(tuple(Candidate(**item) for item in json.loads(rows[0][0])), rows[0][1]) if rows else None
        except (TypeError, ValueError, RecursionError):
            return None

    def keep(self, address: str, answer: Answer) -> None:
        """Write an answer; when this returns, it is on disk."""
        candidates = json.dumps([asdict(candidate) for candidate in answer.candidates])
        change = "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)"
        self._run(change, *self._key, _normal(address), answer.date, candidates)

    def _run(self, command: str, *values: str) -> list[tuple[str, ...]]:
        try:
            with closing(sqlite3.connect(self._path, timeout=30)) as database, database:
                return database.execute(command, values).fetchall()
        except sqlite3.Error as error:
            expected = "a file that this program wrote; move it away to begin anew"
            raise DataError([Issue(str(self._path), f"no usable cache ({error})", expected)]) from None


def _normal(address: str) -> str:
    return " ".join(address.casefold().split())
