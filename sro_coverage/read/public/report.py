"""What an import took, left out and doubts, as one value."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from sro_coverage.errors import Issue


@dataclass(frozen=True)
class Doubt:
    """
    Something that a person should look at.

    Parameters
    ----------
    kind
        What is odd, in words that several doubts share.
    where
        The school, by its id.
    found
        What was found, and what was done about it.
    """

    kind: str
    where: str
    found: str


@dataclass(frozen=True)
class SiteProposal:
    """Schools that have one point or one street address, and are proposed to be planned as one."""

    site: str
    because: str
    schools: tuple[str, ...]


@dataclass(frozen=True)
class FileReport:
    """
    One file.

    Parameters
    ----------
    rows
        Under the header, without empty ones.
    taken
        Rows that went into the join.
    left_out
        Number of rows by the reason why they do not count.
    bad_rows
        Rows that could not be read.
    bad_values
        Cells that could not be read; their rows went on without them.
    columns
        Field to the columns that it was read from.
    unused
        Columns that nothing was taken from.
    not_joined
        Rows that only add to schools, and belong to none that a file with levels names.
    """

    file: str
    format: str
    kind: str
    rows: int
    taken: int
    left_out: dict[str, int]
    bad_rows: tuple[Issue, ...]
    bad_values: tuple[Issue, ...]
    columns: dict[str, str]
    unused: tuple[str, ...]
    remarks: tuple[str, ...]
    not_joined: int = 0


@dataclass(frozen=True)
class ImportReport:
    """
    The whole import.

    Parameters
    ----------
    campuses, students, with_point, with_enrollment
        What was written; students of the campuses whose enrollment is known.
    filtered_out
        Schools that ``where`` did not ask for.
    level_unknown
        Schools that were left out because nothing says a level that the project has.
    levels
        Campuses written by level.
    """

    files: tuple[FileReport, ...]
    campuses: int
    students: int
    with_point: int
    with_enrollment: int
    filtered_out: int
    levels: dict[str, int] = field(default_factory=dict)
    level_unknown: tuple[Doubt, ...] = ()
    sites: tuple[SiteProposal, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the report as plain values for a JSON document."""
        return {"schema": "sro_coverage/import-report/1", **asdict(self)}
