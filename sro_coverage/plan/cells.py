"""Cells of a table that a spreadsheet may open."""

from __future__ import annotations

from typing import TypeVar

Cell = TypeVar("Cell")


def guarded(value: Cell) -> Cell | str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    return f"'{value}" if isinstance(value, str) and value.lstrip().startswith(("=", "+", "-", "@")) else value
