"""Charts of a sharing: what more funded officers buy in the whole state, and in each agency that gets some."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sro_coverage.report.allocate_words import in_order, officers
from sro_coverage.report.chart import INK, QUIET, SETTINGS
from sro_coverage.report.colours import PALETTE, pale
from sro_coverage.report.text import plain
from sro_coverage.statewide.allocate import Allocation, Part

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BARS, BARS_WITHOUT = 16, 6
"""Agencies on the chart: in all, and of those that get none."""

_FILL, _NOW = PALETTE[0], PALETTE[1]
_WIDTH_IN, _CURVE_IN, _BAR_IN = 7.2, 4.1, 0.36
_LONGEST = 30
_SETTINGS = SETTINGS | {"font.size": 11}


def state_chart(result: Allocation) -> str:
    """
    Draw what each number of funded officers covers in the whole state.

    Returns
    -------
    str
        SVG. The vertical axis is what is added to today, from 0. A band leads to the bound where it is not reached.
    """
    tier = tier_of(result)
    today = result.before[tier]
    numbers = [total.officers for total in result.totals]
    values = [total.values[tier] - today for total in result.totals]

    most = [total.covered_most - today for total in result.totals] if tier == 0 else values

    def draw(axes: Axes) -> None:
        if most != values:
            axes.fill_between(numbers, values, most, color=pale(_FILL, 0.35), lw=0, label="at most, if not proven")
        axes.plot(numbers, values, "-", lw=2.5, color=_FILL, zorder=3)
        here = result.total(result.officers)
        if here is not None:
            value = here.values[tier] - today
            axes.plot([result.officers], [value], "o", ms=8, color=_NOW, zorder=5, clip_on=False)
            axes.vlines(result.officers, 0, value, color=_NOW, lw=1.5, ls=(0, (1, 2)), zorder=2)
            axes.annotate(
                f"{officers(result.officers)}: {value:+,}",
                (result.officers, value),
                xytext=(-10, 6),
                textcoords="offset points",
                ha="right",
                color=_NOW,
                fontweight="bold",
            )
        axes.set_ylim(0, 1.14 * max(*most, 1))
        axes.set_xlim(0, max(numbers) or 1)
        axes.set_xlabel("funded officers")
        axes.set_ylabel(what_is_added(tier))
        axes.grid(axis="y")
        _plain_numbers(axes, x=True)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="lower right", frameon=False)

    return _svg(_CURVE_IN, draw)


def agency_chart(result: Allocation) -> str:
    """
    Draw what each funded officer adds, agency by agency.

    Returns
    -------
    str
        SVG: a bar for each agency that gets some, a part for each officer, and hollow what one more would add. Those
        that get none follow, those with most use of one first.
    """
    tier = tier_of(result)
    parts = on_chart(result)

    def draw(axes: Axes) -> None:
        for place, part in enumerate(parts):
            _bar(axes, place, part, tier)
        axes.set_yticks(range(len(parts)), [_label(part) for part in parts])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(parts) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.margins(x=0.12)
        axes.set_xlabel(what_is_added(tier))
        axes.grid(axis="x")
        _plain_numbers(axes)

    return _svg(1.0 + _BAR_IN * len(parts), draw)


def on_chart(result: Allocation) -> list[Part]:
    """Give the agencies that are drawn."""
    ordered = in_order(result)
    return ordered[: min(MOST_BARS, sum(part.funded > 0 for part in ordered) + BARS_WITHOUT)]


def tier_of(result: Allocation) -> int:
    """Give what the charts count: students covered, or on primaries where no number covers any more."""
    last = result.totals[-1].values if result.totals else result.before
    return 0 if last[0] > result.before[0] or last[1] <= result.before[1] else 1


def what_is_added(tier: int) -> str:
    """Name what the charts count."""
    return ("more students covered than today", "more students on primaries than today")[tier]


def _bar(axes: Axes, place: int, part: Part, tier: int) -> None:
    """Draw the parts of one agency from what it has today; a gain below 0, of a later tier, is not drawn."""
    ends = [part.before[tier], *(step.values[tier] for step in part.steps)]
    given = ends if part.full else ends[:-1]
    look: dict[str, Any] = {"height": 0.66, "zorder": 3}
    start = part.before[tier]
    for before, after in pairwise(given):
        axes.barh(place, max(after - before, 0), left=before - start, color=_FILL, edgecolor="white", lw=1.4, **look)
    end = given[-1] - start
    width = 0 if part.full else max(ends[-1] - given[-1], 0)
    if width:
        axes.barh(place, width, left=end, fill=False, edgecolor=QUIET, lw=1.1, ls=(0, (2, 1.5)), **look)
        end += width
    axes.annotate(
        f"{part.funded:,}",
        (max(end, 0), place),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=INK if part.funded else QUIET,
        fontweight="bold" if part.funded else "normal",
    )


def _label(part: Part) -> str:
    name = plain(part.name)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _plain_numbers(axes: Axes, *, x: bool = False) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    written = FuncFormatter(lambda value, _: f"{value:,.10g}")
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.xaxis.set_major_formatter(written)
    if x:
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter(written)


def _svg(height: float, draw: Callable[[Axes], None]) -> str:
    """Draw on a sheet of the common width; the same numbers give the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        figure = Figure(figsize=(_WIDTH_IN, height), layout="constrained")
        draw(figure.add_subplot())
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        return out.getvalue()


def spoken(result: Allocation) -> str:
    """Say what the chart of agencies shows, for those who cannot see it."""
    names = "; ".join(f"{plain(part.name)} {part.funded:,}" for part in on_chart(result) if part.funded)
    return f"What each of {officers(result.officers, 'funded')} adds. {names or 'No agency gets any'}."
