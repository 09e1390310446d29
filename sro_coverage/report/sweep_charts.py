"""Charts of a sweep: one tier against what was changed, as pictures that need no font and no script."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sro_coverage.plan.document import TierUnit
from sro_coverage.problem import TierName
from sro_coverage.report.chart import INK, QUIET, SETTINGS
from sro_coverage.report.colours import PALETTE
from sro_coverage.report.text import plain
from sro_coverage.report.wording import duration
from sro_coverage.scenario.store import Run, TierResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNIT_LABEL: dict[TierUnit, str] = {
    "students": "students",
    "seconds": "hours a week",
    "student-seconds": "student-hours a week",
    "officers": "officers",
}
"""What the numbers on an axis are."""

_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.2, 1.4)), (0, (7, 2, 1.2, 2)))
_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "p")
_WIDTH_IN, _HEIGHT_IN, _BAR_IN = 5.6, 3.6, 0.34
_LONGEST_LABEL = 34
_SETTINGS = SETTINGS | {"font.size": 10.5}


@dataclass(frozen=True)
class Spot:
    """A place on the horizontal axis, and the run there; None if it is not done."""

    place: float
    run: Run | None


@dataclass(frozen=True)
class Line:
    """Runs that differ in the horizontal axis only, in its order."""

    label: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class Frame:
    """
    What the charts of a section share.

    Parameters
    ----------
    label, legend
        The key on the horizontal axis, and the key that tells lines apart; no legend if empty.
    ticks
        Texts at places, where the values are no numbers.
    base
        Where the unchanged problem stands, if it has a place.
    """

    label: str
    legend: str
    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    base: float | None = None

    @property
    def runs(self) -> tuple[Run, ...]:
        """Every run on the chart."""
        return tuple(spot.run for line in self.lines for spot in line.spots if spot.run)


def tier_of(run: Run, name: TierName) -> TierResult | None:
    """Give a run's result in one tier, if it has one."""
    return next((tier for tier in run.tiers if tier.name == name), None)


def in_unit(tier: TierResult, value: int) -> float:
    """Give a tier's number in the unit of its axis."""
    return value if tier.unit in ("students", "officers") else value / 3600


def tier_amount(tier: TierResult, value: int) -> str:
    """Write a tier's number as people read it."""
    return duration(value / 60) if tier.unit == "seconds" else f"{in_unit(tier, value):,.0f}"


def highest(runs: Sequence[Run], name: TierName) -> float:
    """Give the largest number that a chart of a tier has to show."""
    tiers = [tier for run in runs if (tier := tier_of(run, name))]
    return max((in_unit(tier, max(tier.value, tier.bound or 0)) for tier in tiers), default=0)


def line_chart(frame: Frame, name: TierName, top: float) -> str:
    """
    Draw a tier against the horizontal axis.

    Parameters
    ----------
    top
        Largest number to show. The vertical axis begins at 0, so that heights can be compared.

    Returns
    -------
    str
        SVG. A hollow marker is not proven, and a bar leads from it to its bound; a cross has no plan.
    """

    def draw(figure: Figure, axes: Axes) -> None:
        for number, line in enumerate(frame.lines):
            _draw_line(axes, line, number, len(frame.lines), name)
        spots = [spot for line in frame.lines for spot in line.spots]
        without = sorted({spot.place for spot in spots if spot.run and not spot.run.has_plan})
        axes.plot(
            without, [0.03] * len(without), "x", color=INK, ms=8, mew=2, transform=axes.get_xaxis_transform(), zorder=9
        )
        axes.set_ylim(0, top * 1.07 or 1)
        axes.set_ylabel(UNIT_LABEL[_unit(frame.runs, name)])
        _plain_numbers(axes.yaxis, 6, top)
        axes.set_xlabel(plain(frame.label))
        _horizontal(axes, frame)
        if frame.legend:
            figure.legend(
                loc="outside upper left",
                ncols=min(len(frame.lines), 4),
                frameon=False,
                title=plain(frame.legend),
                alignment="left",
                handlelength=3.4,
                columnspacing=1.4,
                borderaxespad=0.3,
            )

    return _svg(_HEIGHT_IN, draw)


def bar_chart(runs: Sequence[Run], name: TierName) -> str:
    """
    Draw a tier of runs that are on no axis: one bar for each, by name.

    Returns
    -------
    str
        SVG. A hollow bar is not proven, and a thin one leads on to its bound.
    """

    def draw(figure: Figure, axes: Axes) -> None:
        top = highest(runs, name) or 1
        for place, run in enumerate(runs):
            tier = tier_of(run, name)
            if tier is None:
                axes.text(0, place, " no plan", va="center", color=QUIET)
                continue
            value = in_unit(tier, tier.value)
            proven = tier.stopped == "proven"
            axes.barh(place, value, 0.62, color=PALETTE[0] if proven else "white", edgecolor=PALETTE[0], lw=1.6)
            end = value
            if tier.bound is not None and not proven:
                bound = in_unit(tier, tier.bound)
                axes.plot([value, bound], [place, place], "-|", color=INK, lw=1.6, ms=8, mew=1.6)
                end = max(value, bound)
            axes.text(end + top * 0.015, place, tier_amount(tier, tier.value), va="center")
        axes.set_yticks(range(len(runs)), [_cut(plain(run.name)) for run in runs])
        axes.set_ylim(len(runs) - 0.4, -0.6)
        axes.set_xlim(0, top * 1.2)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(UNIT_LABEL[_unit(runs, name)])
        _plain_numbers(axes.xaxis, 4, top)
        axes.grid(axis="x")

    return _svg(1.0 + _BAR_IN * len(runs), draw)


def line_mark(number: int, count: int, *, filled: bool = True) -> dict[str, Any]:
    """Choose how a line looks: told apart by colour, dashes and markers, and seen where another lies over it."""
    colour = PALETTE[number % len(PALETTE)]
    shrink = 1 - 0.5 * number / max(count - 1, 1)
    return {
        "color": colour,
        "linestyle": _DASHES[number % len(_DASHES)],
        "linewidth": 1.2 + 2.2 * shrink,
        "marker": _MARKERS[number % len(_MARKERS)],
        "markersize": 3.5 + 4.5 * shrink,
        "markerfacecolor": colour if filled else "white",
        "markeredgecolor": "white" if filled else colour,
        "markeredgewidth": 0.6 if filled else 1.8,
    }


def _draw_line(axes: Axes, line: Line, number: int, count: int, name: TierName) -> None:
    """Draw the line, broken where there is no plan, then the markers that are not proven over it."""
    tiers = [tier_of(spot.run, name) if spot.run else None for spot in line.spots]
    places = [spot.place for spot in line.spots]
    values = [float("nan") if tier is None else in_unit(tier, tier.value) for tier in tiers]
    axes.plot(places, values, label=plain(line.label), zorder=3 + number / 100, **line_mark(number, count))
    for place, value, tier in zip(places, values, tiers, strict=True):
        if tier is None or tier.stopped == "proven":
            continue
        look = line_mark(number, count, filled=False)
        if tier.bound is not None:
            bound = in_unit(tier, tier.bound)
            axes.plot([place, place], [value, bound], "-", color=look["color"], lw=1.4, zorder=4)
            axes.plot([place], [bound], "_", color=look["color"], ms=9, mew=1.8, zorder=4)
        axes.plot([place], [value], **look, zorder=5)


def _horizontal(axes: Axes, frame: Frame) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.grid(axis="y")
    places = [spot.place for line in frame.lines for spot in line.spots]
    if frame.ticks:
        axes.set_xticks([place for place, _ in frame.ticks], [_cut(plain(text), 14) for _, text in frame.ticks])
    elif len(set(places)) <= 16:
        axes.set_xticks(sorted(set(places)), [f"{place:g}" for place in sorted(set(places))])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=all(place == int(place) for place in places)))
    if frame.base is not None and min(places) <= frame.base <= max(places):
        axes.axvline(frame.base, color=QUIET, lw=1.1, ls=(0, (2, 2)), zorder=1)
        axes.text(frame.base, 1.0, "base", ha="center", va="bottom", color=QUIET, transform=axes.get_xaxis_transform())


def _plain_numbers(axis: Any, most: int, top: float) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(most, integer=top == 0 or top > most))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _unit(runs: Sequence[Run], name: TierName) -> TierUnit:
    return next(tier.unit for run in runs if (tier := tier_of(run, name)))


def _cut(text: str, longest: int = _LONGEST_LABEL) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _svg(height_in: float, draw: Callable[[Figure, Axes], None]) -> str:
    """Draw with settings of our own, whatever the machine's are; the same chart gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        draw(figure, figure.add_subplot())
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        return out.getvalue()
