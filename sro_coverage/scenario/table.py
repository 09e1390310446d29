"""Tidy tables of many runs: one row for each run, one column for each fact."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sro_coverage.errors import MissingExtraError
from sro_coverage.plan.cells import guarded
from sro_coverage.scenario.store import Figures, TierResult
from sro_coverage.scenario.sweep import SweepResult

Cell = str | int | float | bool | None
Kind = Literal["text", "whole", "number", "truth"]

_STATES = ("primary", "shared", "on-call", "uncovered", "not planned")


@dataclass(frozen=True)
class Column:
    """A name and one value for each run, all of one kind or None."""

    name: str
    values: tuple[Cell, ...]

    @property
    def kind(self) -> Kind:
        """What the values are; numbers beside texts are texts."""
        found = {type(value) for value in self.values if value is not None}
        if found == {bool}:
            return "truth"
        if found == {int}:
            return "whole"
        return "number" if found and found <= {int, float} else "text"


@dataclass(frozen=True)
class Table:
    """Columns, each as long as there are rows."""

    columns: tuple[Column, ...]

    def to_csv(self) -> str:
        """
        Write the table as CSV.

        Texts that a spreadsheet would take for a formula get an apostrophe in front.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([_written(column.name) for column in self.columns])
        writer.writerows(zip(*([_written(value) for value in column.values] for column in self.columns), strict=True))
        return out.getvalue()

    def to_parquet(self) -> bytes:
        """
        Write the table as Parquet, each column with its type.

        Raises
        ------
        MissingExtraError
            Without the extra ``tables``.
        """
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise MissingExtraError("The Parquet table", "tables") from None
        types = {"text": pa.string(), "whole": pa.int64(), "number": pa.float64(), "truth": pa.bool_()}
        arrays = {column.name: pa.array(_typed(column), types[column.kind]) for column in self.columns}
        out = io.BytesIO()
        pq.write_table(pa.table(arrays), out)
        return out.getvalue()


def table_of(result: SweepResult) -> Table:
    """
    Lay out the runs that have an answer.

    Returns
    -------
    Table
        The run's name; each changed key; status, whether it is proven, the reason where there is no plan; each
        tier's value, best, bound, gap and why it stopped; officers; students and campuses by state; hours and
        driving minutes a week; the cost if there is a budget; the run's file.
    """
    pairs = [(wish.values, run) for wish, run in zip(result.sweep.wishes, result.runs, strict=True) if run]
    runs = [run for _, run in pairs]
    keys = dict.fromkeys(key for values, _ in pairs for key in values)
    columns = [Column("run", tuple(run.name for run in runs))]
    columns += [Column(key, tuple(values.get(key) for values, _ in pairs)) for key in keys]
    columns += [
        Column("status", tuple(run.status for run in runs)),
        Column("proven", tuple(run.proven for run in runs)),
        Column("reason", tuple(run.reason or None for run in runs)),
        *tier_columns([run.tiers for run in runs]),
        *figure_columns([run.figures for run in runs]),
        Column("file", tuple(run.file for run in runs)),
    ]
    return Table(tuple(columns))


def tier_columns(rows: Sequence[Sequence[TierResult]]) -> list[Column]:
    """Lay out the tiers of each row: value, best, bound, gap and why it stopped."""
    units = {tier.name: tier.unit for row in rows for tier in row}
    columns = []
    for name, unit in units.items():
        tiers = [next((tier for tier in row if tier.name == name), None) for row in rows]
        names = {"value": f"{name}_{unit}".replace("-", "_")}
        for field in ("value", "best", "bound", "gap", "stopped"):
            values = tuple(None if tier is None else getattr(tier, field) for tier in tiers)
            columns.append(Column(names.get(field, f"{name}_{field}"), values))
    return columns


def figure_columns(figures: Sequence[Figures | None]) -> list[Column]:
    """Lay out what each row comes to."""

    def column(name: str, get: Any) -> Column:
        return Column(name, tuple(None if figure is None else get(figure) for figure in figures))

    columns = [
        column("officer_count", lambda figure: figure.officers),
        column("officers_based", lambda figure: figure.based),
    ]
    for what in ("students", "campuses"):
        for state in _STATES:
            name = f"{what}_{state}".replace("-", "_").replace(" ", "_")
            columns.append(column(name, lambda figure, what=what, state=state: getattr(figure, what)[state]))
    for name in ("primary_hours", "shared_hours", "drive_minutes", "on_call_minutes"):
        columns.append(column(name, lambda figure, name=name: round(getattr(figure, name), 2)))
    if any(figure and figure.cost is not None for figure in figures):
        columns += [column(name, lambda figure, name=name: getattr(figure, name)) for name in ("cost", "currency")]
    return columns


def _typed(column: Column) -> list[Any]:
    kinds = {"text": str, "whole": int, "number": float, "truth": bool}
    return [None if value is None else kinds[column.kind](value) for value in column.values]


def _written(value: Cell) -> Cell:
    return str(value).lower() if isinstance(value, bool) else guarded(value)
