"""The grid of a sweep: scenario keys, and the values to try for each."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sro_coverage.errors import Issue
from sro_coverage.problem.value import quote
from sro_coverage.scenario.fields import tables_of

MOST_RUNS = 20_000

_LONGEST_VALUE = 60
_RANGE = {"from", "to", "step"}


@dataclass(frozen=True)
class Axis:
    """
    One scenario key and the values that it takes.

    Parameters
    ----------
    path
        The key, part by part: ``("policy", "primary_share_min")``.
    """

    path: tuple[str, ...]
    values: tuple[Any, ...]

    @property
    def key(self) -> str:
        """The key with dots."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Point:
    """
    One place in the grid.

    Parameters
    ----------
    values
        One for each axis.
    changes
        The same as the tables of a scenario.
    """

    name: str
    values: tuple[Any, ...]
    changes: dict[str, Any]


def read_axes(grid: Mapping[str, Any], where: str, issues: list[Issue]) -> tuple[Axis, ...]:
    """
    Read the grid; a quoted key is cut at its dots, a nested one is taken as it stands.

    Returns
    -------
    tuple of Axis
        Empty if anything is wrong; `issues` says what.
    """
    axes, wrong = [], []
    for key, value in grid.items():
        for path, listed in _leaves(tuple(str(key).split(".")), value):
            try:
                axes.append(Axis(path, _values(listed)))
            except ValueError as error:
                wrong.append(Issue(f"{where}.{'.'.join(path)}", quote(listed), str(error)))
    for first, second in itertools.combinations(axes, 2):
        short, long = sorted((first.path, second.path), key=len)
        if long[: len(short)] == short:
            wrong.append(Issue(where, f"{first.key} and {second.key} change the same", "one of the two"))
    count = math.prod(len(axis.values) for axis in axes)
    if count > MOST_RUNS:
        wrong.append(Issue(where, f"{count:,} runs", f"at most {MOST_RUNS:,}; fewer values, or several files"))
    issues += wrong
    return () if wrong else tuple(axes)


def points(axes: Sequence[Axis]) -> Iterator[Point]:
    """Give each value with each, the last axis running fastest; without an axis there is no point."""
    last = Counter(axis.path[-1] for axis in axes)
    labels = [axis.path[-1] if last[axis.path[-1]] == 1 else axis.key for axis in axes]
    taken: set[str] = set()
    for values in itertools.product(*(axis.values for axis in axes)) if axes else ():
        changes = tables_of(zip((axis.path for axis in axes), values, strict=True))
        yield Point(_unused(named(zip(labels, values, strict=True)), taken), values, changes)


def named(changes: Iterable[tuple[str, Any]]) -> str:
    """Name a run after its changes."""
    return ", ".join(f"{label} {_cut(shown(value))}" for label, value in changes)


def shown(value: object) -> str:
    """Write a value of a change as a table has it: a text bare, a list or table as JSON."""
    return value if isinstance(value, str) else _json(value)


def _leaves(path: tuple[str, ...], value: object) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, Mapping) and value and not _RANGE & value.keys():
        for key, inner in value.items():
            yield from _leaves((*path, str(key)), inner)
    else:
        yield path, value


def _values(listed: object) -> tuple[Any, ...]:
    """Spell out a list or a range; a wrong one is a ValueError that says what was expected."""
    values = tuple(_range(listed)) if isinstance(listed, Mapping) and listed else listed
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise ValueError("a list of values such as [6, 7, 8], or a range { from = 6, to = 20, step = 1 }")
    if len(set(map(_json, values))) < len(values):
        raise ValueError("each value once")
    return tuple(values)


def _range(table: Mapping[str, Any]) -> Iterator[int | float]:
    """Count from `from` to `to`, both included, in decimal steps: 0.4, 0.5, 0.6 and not 0.6000000000000001."""
    parts = {"step": 1, **table}
    numbers = [value for value in parts.values() if isinstance(value, int | float) and not isinstance(value, bool)]
    if parts.keys() != _RANGE or len(numbers) < len(_RANGE) or not all(map(math.isfinite, numbers)):
        raise ValueError("a range with the numbers from and to, and step if it is not 1")
    first, last, step = (Decimal(str(parts[name])) for name in ("from", "to", "step"))
    if step <= 0 or last < first:
        raise ValueError("a range that goes up: to not below from, and step above 0")
    if (last - first) / step > MOST_RUNS:
        raise ValueError(f"at most {MOST_RUNS:,} values")
    whole = all(isinstance(number, int) for number in numbers)
    for index in range(int((last - first) / step) + 1):
        number = first + index * step
        yield int(number) if whole else float(number)


def _json(value: object) -> str:
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("numbers, texts, and lists or tables of them") from None


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _unused(name: str, taken: set[str]) -> str:
    """Number names that were cut to the same text."""
    numbered = (f"{name} ({number})" for number in itertools.count(2))
    name = next(text for text in itertools.chain([name], numbered) if text not in taken)
    taken.add(name)
    return name
