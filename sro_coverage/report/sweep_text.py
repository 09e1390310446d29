"""A sweep in a few lines on the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sro_coverage.plan import LIMITS
from sro_coverage.problem import TierName
from sro_coverage.report.sweep_charts import tier_amount
from sro_coverage.report.sweep_frames import tier_names, values_in_words
from sro_coverage.report.sweep_page import counts
from sro_coverage.report.text import plain
from sro_coverage.scenario.store import Run, TierResult
from sro_coverage.scenario.sweep import SweepResult

MOST_REASONS = 10


def render_sweep_text(result: SweepResult) -> Group:
    """
    Lay out what was tried, the ends of each tier, and why runs have no plan; the rest is in the table's file.

    Parameters
    ----------
    result
        With at least one run done.
    """
    found = ", ".join(f"{count:,} {label}" for label, count in counts(result).items() if count)
    base = plain(result.sweep.base.problem.title)
    parts: list[RenderableType] = [
        Text(plain(result.sweep.title), style="bold"),
        Text(f"{len(result.runs):,} run{'s' * (len(result.runs) != 1)} on {base}: {found}"),
    ]
    if result.sweep.axes:
        axes = Table.grid(padding=(0, 2))
        for axis in result.sweep.axes:
            axes.add_row(Text(plain(axis.key)), Text(plain(values_in_words(axis))))
        parts.append(Padding(axes, (1, 0, 0, 1)))
    names = tier_names(result)
    if names:
        parts.append(_ends(result.done, names))
    parts += [*_without_plan(result), Text(LIMITS)]
    return Group(*parts)


def _ends(runs: tuple[Run, ...], names: list[TierName]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    for name in ("tier", "best", "in run", "worst", "in run"):
        table.add_column(name, justify="right" if name in ("best", "worst") else "left")
    for number, name in enumerate(names, start=1):
        found = [(tier, run) for run in runs for tier in run.tiers if tier.name == name]
        sign = -1 if found[0][0].sense == "max" else 1
        cells: list[RenderableType] = []
        if len({tier.value for tier, _ in found}) == 1:
            table.add_row(f"{number} {name}", tier_amount(found[0][0], found[0][0].value), "each of them", "", "")
            continue
        for choose in (min, max):
            value = choose(sign * tier.value for tier, _ in found) * sign
            cells += _end(value, [(tier, run) for tier, run in found if tier.value == value])
        table.add_row(f"{number} {name}", *cells)
    return table


def _end(value: int, found: list[tuple[TierResult, Run]]) -> tuple[RenderableType, RenderableType]:
    tier, run = found[0]
    more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
    proof = "" if tier.stopped == "proven" else " (not proven)"
    return tier_amount(tier, value), Text(f"{plain(run.name)}{more}{proof}")


def _without_plan(result: SweepResult) -> list[RenderableType]:
    lines = [f"{plain(run.name)}: {run.status}. {plain(run.reason)}" for run in result.done if not run.has_plan]
    if not lines:
        return []
    rest = [f"… and {len(lines) - MOST_REASONS:,} more, in runs.csv"] if len(lines) > MOST_REASONS else []
    text = Text("\n".join([*lines[:MOST_REASONS], *rest]))
    return [Text(f"Without a plan ({len(lines):,}):"), Padding(text, (0, 0, 1, 2))]
