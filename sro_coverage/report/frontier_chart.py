"""The curve: what each number of officers can do, as a picture for a wall."""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Literal

from sro_coverage.explain.frontier import Frontier, Smallest
from sro_coverage.plan import LIMITS, Tier
from sro_coverage.problem import TierName
from sro_coverage.report.chart import INK, QUIET, SETTINGS
from sro_coverage.report.colours import PALETTE
from sro_coverage.report.frontier_text import idle_spans, verdict
from sro_coverage.report.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TITLES: dict[TierName, str] = {
    "coverage": "Students not covered",
    "primary": "Students on primaries",
    "reach": "Students uncovered",
    "travel": "Driving, hours a week",
    "visibility": "Student-hours on primaries",
    "continuity": "Students with a new officer",
    "balance": "Students of largest beat",
    "moves": "Officers moved",
}

_IDLE = "#D5DAE0"
_LINE, _GOAL = PALETTE[0], PALETTE[1]
_WIDTH_IN, _HEIGHT_IN = 12.8, 7.2
_MOST_LABELS = 14
_SETTINGS = SETTINGS | {
    "font.size": 15,
    "axes.titlesize": 14,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
}


def draw_frontier(result: Frontier, kind: Literal["svg", "png"]) -> bytes:
    """
    Draw tiers against the number of officers; the same answer gives the same bytes.

    Returns
    -------
    bytes
        Coverage with its share, and two more tiers beside it. A hollow marker is not proven, and a bar leads
        from it to its bound; a cross has no plan; in grey spans one more officer buys nothing; an upright line
        stands at the smallest number that meets the goal. Vertical axes begin at 0, so that heights compare.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    metadata: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": None, "Title": plain(result.problem.title)},
        "png": {"Software": None},
    }
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), dpi=150, facecolor="white")
        _draw(figure, result)
        out = io.BytesIO()
        figure.savefig(out, format=kind, metadata=metadata[kind])
        return out.getvalue()


def _draw(figure: Figure, result: Frontier) -> None:
    title = _fitting(plain(result.problem.title), "", size=22, weight="bold")
    figure.text(0.02, 0.955, title, fontsize=22, fontweight="bold", va="center")
    figure.text(0.02, 0.9, _goal_line(result.smallest), fontsize=15, va="center")
    travel = _fitting(plain(f"Travel: {result.base.plan.travel}"), ".", size=10, weight="normal")
    figure.text(0.02, 0.028, f"{LIMITS}\n{travel}", fontsize=10, color=QUIET, va="center", linespacing=1.4)
    names = _panels(result)
    if not names:
        figure.text(0.5, 0.5, "None of these numbers of officers has a plan.", ha="center", fontsize=20)
        return
    wide = 0.585 if len(names) > 1 else 0.93
    main = figure.add_subplot(figure.add_gridspec(1, 1, left=0.085, right=wide, bottom=0.235, top=0.79)[0, 0])
    _panel(main, result, names[0], most_ticks=(14, 6))
    _labels(main, result, names[0])
    if names[0] == "coverage":
        _shares(main, result)
    beside = figure.add_gridspec(2, 1, left=0.745, right=0.985, bottom=0.235, top=0.79, hspace=0.62)
    for place, name in enumerate(names[1:]):
        _panel(figure.add_subplot(beside[place, 0]), result, name, most_ticks=(6, 4))
    main.set_title(main.get_title("left"), fontsize=18)
    main.set_xlabel("officers")
    figure.legend(
        *main.get_legend_handles_labels(), loc="center left", bbox_to_anchor=(0.01, 0.083), ncols=4, frameon=False
    )


def _goal_line(smallest: Smallest | None) -> str:
    if smallest is None:
        return "What more or fewer officers would do: the best of each tier, the tiers before it held"
    goals = "; ".join(goal.words for goal in smallest.goals)
    return _fitting(f"Goal: {goals}", f": {verdict(smallest)}", size=15, weight="normal")


def _fitting(text: str, tail: str, *, size: int, weight: str) -> str:
    """Shorten a text until it fits in one line with its tail, whatever letters it has."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    letters = FontProperties(size=size, weight=weight)

    def shown(longest: int) -> str:
        return (text if longest >= len(text) else f"{text[:longest]}…") + tail

    def width(longest: int) -> float:
        return float(TextPath((0, 0), shown(longest), prop=letters).get_extents().width)

    return shown(bisect_right(range(1, len(text) + 1), 0.955 * 72 * _WIDTH_IN, key=width))


def _panels(result: Frontier) -> list[TierName]:
    """Choose coverage, where officers are based and how far they drive; or else the first tiers there are."""
    names = list(dict.fromkeys(tier.name for row in result.rows for tier in row.tiers))
    wanted = ["coverage", "primary", "travel"]
    return sorted(names, key=lambda name: wanted.index(name) if name in wanted else len(wanted))[:3]


def _number(tier: Tier, value: int) -> float:
    return value / 3600 if tier.unit in ("seconds", "student-seconds") else value


def _points(result: Frontier, name: TierName) -> list[tuple[int, Tier]]:
    return [(row.officers, tier) for row in result.rows for tier in row.tiers if tier.name == name]


def _panel(axes: Axes, result: Frontier, name: TierName, *, most_ticks: tuple[int, int]) -> None:
    """Draw one tier: the line, hollow markers with their bounds over it, and what holds for all tiers."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    points = _points(result, name)
    values = {number: _number(tier, tier.best) for number, tier in points}
    line = [values.get(row.officers, float("nan")) for row in result.rows]
    look: dict[str, Any] = {"color": _LINE, "ms": 9, "mew": 2, "zorder": 4, "clip_on": False}
    axes.plot([row.officers for row in result.rows], line, "-", lw=3, color=_LINE, zorder=3)
    proven = [number for number, tier in points if tier.proven]
    axes.plot(proven, [values[number] for number in proven], "o", label="proven best", **look)
    for place, (number, tier) in enumerate((number, tier) for number, tier in points if not tier.proven):
        if tier.bound is not None:
            bound = _number(tier, tier.bound)
            axes.plot([number, number], [values[number], bound], "-_", lw=2, **{**look, "zorder": 3})
        label = "not proven; the bar ends at the bound" if place == 0 else None
        axes.plot([number], [values[number]], "o", mfc="white", label=label, **look)
    for place, (first, last) in enumerate(idle_spans(result)):
        label = "one more officer buys nothing" if place == 0 else None
        axes.axvspan(first, last, color=_IDLE, lw=0, zorder=0, label=label)
    without = [row.officers for row in result.rows if not row.tiers]
    if without:
        spots: dict[str, Any] = {
            "transform": axes.get_xaxis_transform(),
            "color": INK,
            "ms": 10,
            "mew": 2.5,
            "clip_on": False,
        }
        axes.plot(without, [0.03] * len(without), "x", label="no plan", **spots)
    is_weighted = result.problem.objective.weight is not None
    axes.set_title(_TITLES[name].replace("Student", "Weighted student", 1) if is_weighted else _TITLES[name])
    _officer_axis(axes, result, most_ticks[0])
    top = max(_number(tier, max(tier.best, tier.bound or 0)) for _, tier in points)
    axes.set_ylim(0, top * 1.12 or 1)
    axes.yaxis.set_major_locator(MaxNLocator(most_ticks[1], integer=top == 0 or top > most_ticks[1]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _on_axis(value, top)))
    axes.grid(axis="y")
    smallest = result.smallest
    if smallest and smallest.officers and _is_shown(smallest.officers, result):
        axes.axvline(smallest.officers, color=_GOAL, lw=2.5, ls="-" if smallest.proven else (0, (3, 2)), zorder=2)


def _on_axis(value: float, top: float) -> str:
    return f"{value / 1e6:.10g} M" if top >= 1e6 else f"{value:,.10g}"


def _officer_axis(axes: Axes, result: Frontier, most_ticks: int) -> None:
    """Mark whole officers, the present number among them."""
    numbers, now = [row.officers for row in result.rows], len(result.problem.officers)
    axes.set_xlim(numbers[0] - 0.5, numbers[-1] + 0.5)
    every = math.ceil(len(numbers) / most_ticks)
    start = now if _is_shown(now, result) else numbers[0]
    ticks = [number for number in numbers if (number - start) % every == 0]
    axes.set_xticks(ticks, [f"{number:,}" + "\nnow" * (number == now) for number in ticks])
    if start == now:
        axes.axvline(now, color=QUIET, lw=1.5, ls=(0, (1, 2)), zorder=1)


def _is_shown(number: int, result: Frontier) -> bool:
    return result.rows[0].officers <= number <= result.rows[-1].officers


def _labels(axes: Axes, result: Frontier, name: TierName) -> None:
    """Write the numbers where they change, if there is room, and say what the upright line is."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=4, foreground="white")]
    points = _points(result, name)
    side = 1 if points[0][1].more_is_better else -1
    before = None
    for number, tier in points if len(points) <= _MOST_LABELS else ():
        value = _number(tier, tier.best)
        if value != before:
            axes.annotate(
                f"{value:,.0f}",
                (number, value),
                xytext=(-9 * side, 9),
                textcoords="offset points",
                ha="right" if side == 1 else "left",
                zorder=6,
                path_effects=halo,
            )
        before = value
    smallest = result.smallest
    if smallest and smallest.officers and _is_shown(smallest.officers, result):
        is_right = smallest.officers > (result.rows[0].officers + result.rows[-1].officers) / 2
        axes.annotate(
            textwrap.fill(f"goal {verdict(smallest)}", 20),
            (smallest.officers, 0.62),
            xycoords=axes.get_xaxis_transform(),
            xytext=(-10 if is_right else 10, 0),
            textcoords="offset points",
            ha="right" if is_right else "left",
            va="center",
            color=_GOAL,
            fontweight="bold",
            path_effects=halo,
            zorder=7,
        )


def _shares(axes: Axes, result: Frontier) -> None:
    """Give the same curve an axis of shares covered, on the right."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    demand = sum(site.demand for site in result.problem.sites)
    if not demand:
        return
    shares = axes.twinx()
    shares.set_ylim(*(100 * (1 - value / demand) for value in axes.get_ylim()))
    shares.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    shares.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.10g}%"))
    shares.set_ylabel("share covered")
    shares.spines["right"].set_visible(True)
    shares.spines["bottom"].set_visible(False)
    axes.set_zorder(shares.get_zorder() + 1)
    axes.patch.set_visible(False)
