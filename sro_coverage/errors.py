"""
The errors of the package, drawn out.

::

    CoverageError
    ├── DataError (also ValueError)            what was given cannot be planned: a list of issues
    ├── NoAnswerError                          a geocoder did not answer; never leaves the reading of addresses
    └── MissingExtraError (also ImportError)   a feature needs packages that are not installed

Infeasible and out-of-time are not errors: they are the status of a :class:`~sro_coverage.plan.Plan`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class CoverageError(Exception):
    """Base of every error that the package raises on purpose."""


@dataclass(frozen=True, order=True)
class Issue:
    """
    One thing that is wrong with the input.

    Parameters
    ----------
    where
        File, row and column, or key: ``campuses.csv row 14, lat``.
    found
        What stands there, as a person would quote it.
    expected
        What would have been right.
    """

    where: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found}; expected {self.expected}"

    def within(self, outer: str) -> Issue:
        """Give the same issue with `outer` put before its place."""
        return Issue(f"{outer} {self.where}".strip(), self.found, self.expected)


class DataError(CoverageError, ValueError):
    """
    The input cannot be used; `issues` holds everything that was found wrong, not only the first.

    Parameters
    ----------
    issues
        The problems, in the order in which a reader of the file meets them.
    """

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("\n".join(map(str, self.issues)))


class MissingExtraError(CoverageError, ImportError):
    """
    A feature needs an extra of this package.

    Parameters
    ----------
    feature
        What was asked for, as a sentence begins.
    extra
        Name of the extra that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra [{extra}]: pip install 'sro_coverage[{extra}]'")
