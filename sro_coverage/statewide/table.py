"""The table of a state: one row for each agency."""

from __future__ import annotations

from sro_coverage.scenario.store import Run
from sro_coverage.scenario.table import Column, Table, figure_columns, tier_columns
from sro_coverage.statewide.statewide import Outcome, StatewideResult


def table_of(result: StatewideResult) -> Table:
    """
    Lay out every agency, in the order of the table of agencies.

    Returns
    -------
    Table
        The agency's id and name; status, whether it is proven, the reason where there is no plan; what it has different
        from the others; each tier's value, best, bound, gap and why it stopped; officers; students and campuses by
        state; hours and driving minutes a week; the cost if there is a budget; the run's file.
    """
    outcomes = result.outcomes
    runs = [outcome.run for outcome in outcomes]
    return Table(
        (
            Column("agency", tuple(outcome.agency.id for outcome in outcomes)),
            Column("name", tuple(outcome.agency.name for outcome in outcomes)),
            Column("status", tuple(outcome.status for outcome in outcomes)),
            Column("proven", tuple(outcome.proven for outcome in outcomes)),
            Column("reason", tuple(run.reason or None if run else None for run in runs)),
            Column("different", tuple(map(_different, outcomes, runs))),
            *tier_columns([run.tiers if run else () for run in runs]),
            *figure_columns([outcome.figures for outcome in outcomes]),
            Column("file", tuple(run.file if run else None for run in runs)),
        )
    )


def _different(outcome: Outcome, run: Run | None) -> str | None:
    if outcome.agency.plan:
        return f"plan file {outcome.agency.plan}"
    return "; ".join(run.words) or None if run else None
