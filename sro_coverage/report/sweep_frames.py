"""How the runs of a sweep are laid out into charts: what goes across, what into lines, what into sections."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sro_coverage.problem import Problem, TierName
from sro_coverage.report.sweep_charts import Frame, Line, Spot, bar_chart, highest, line_chart, tier_amount, tier_of
from sro_coverage.report.wording import TIERS
from sro_coverage.scenario.grid import Axis, shown
from sro_coverage.scenario.store import Run
from sro_coverage.scenario.sweep import SweepResult

MOST_LINES = 8
MOST_FRAMES = 6
MOST_BARS = 30


@dataclass(frozen=True)
class Chart:
    """
    One tier of a section.

    Parameters
    ----------
    number
        Place of the tier in the order of importance.
    source
        The picture as a data URL; empty if all runs have the one value that `same` tells.
    """

    number: int
    label: str
    better: str
    source: str = ""
    alt: str = ""
    same: str = ""


@dataclass(frozen=True)
class Section:
    """
    Charts that belong together.

    Parameters
    ----------
    heading
        What all its runs have in common; empty if there is but one section.
    """

    heading: str
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Layout:
    """
    All charts of a sweep.

    Parameters
    ----------
    notes
        What is not drawn, or needs a word.
    has_base
        Whether a chart marks where the base stands.
    """

    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    has_base: bool


def tier_names(result: SweepResult) -> list[TierName]:
    """Give every tier of any run, in the order in which they are met."""
    return list(dict.fromkeys(tier.name for run in result.done for tier in run.tiers))


def values_in_words(axis: Axis) -> str:
    """List what was tried, shortened where it is long."""
    texts = [shown(value) for value in axis.values]
    if len(texts) <= MOST_LINES:
        return ", ".join(texts)
    return f"{', '.join(texts[:3])}, … {texts[-1]} ({len(texts)} values)"


def layout(result: SweepResult) -> Layout:
    """Lay out a grid as lines, and named runs as bars."""
    notes: list[str] = []
    names = tier_names(result)
    if len({tuple(tier.name for tier in run.tiers) for run in result.done if run.tiers}) > 1:
        notes.append("The runs have different tiers, or another order of them; the numbers are those of the first.")
    frames = list(_frames(result, notes))
    every = [run for _, frame in frames for run in frame.runs]
    top = {name: highest(every, name) for name in names}
    sections = []
    for heading, frame in frames:
        by = f", one line for each {frame.legend}" if frame.legend else ""

        def draw(name: TierName, frame: Frame = frame) -> str:
            return line_chart(frame, name, top[name])

        sections.append(Section(heading, tuple(_charts(names, frame.runs, f"against {frame.label}{by}", draw))))
    listed = [run for wish, run in zip(result.sweep.wishes, result.runs, strict=True) if run and wish.point is None]
    if len(listed) > MOST_BARS:
        notes.append(f"The charts show the first {MOST_BARS} of {len(listed)} named runs; the table has all.")
    listed = listed[:MOST_BARS]
    bars = tuple(_charts(names, listed, "of each run", lambda name: bar_chart(listed, name)))
    sections.append(Section("Named runs" if frames else "", bars))
    has_base = any(frame.base is not None for _, frame in frames)
    return Layout(tuple(section for section in sections if section.charts), tuple(notes), has_base)


def _charts(
    names: Sequence[TierName], runs: Sequence[Run], what: str, draw: Callable[[TierName], str]
) -> Iterator[Chart]:
    """Draw each tier, or say its one value if all runs have the same."""
    for number, name in enumerate(names, start=1):
        tiers = [(tier, run.name) for run in runs if (tier := tier_of(run, name))]
        if not tiers:
            continue
        (least, first), (most, last) = (end(tiers, key=lambda pair: pair[0].value) for end in (min, max))
        label, better = TIERS[name][0], "more is better" if least.sense == "max" else "less is better"
        low, high = tier_amount(least, least.value), tier_amount(most, most.value)
        if least.value == most.value and all(tier.stopped == "proven" for tier, _ in tiers):
            where = "in every run" if len(tiers) == len(runs) else "in every run that has a plan"
            yield Chart(number, label, better, same=f"{low} {where}")
            continue
        data = base64.b64encode(draw(name).encode()).decode()
        alt = f"Chart: {label} {what}. From {low} ({first}) to {high} ({last})."
        yield Chart(number, label, better, f"data:image/svg+xml;base64,{data}", alt)


def _frames(result: SweepResult, notes: list[str]) -> Iterator[tuple[str, Frame]]:
    """Put the first key with several values across, the second into lines, the others into sections."""
    pairs = zip(result.sweep.wishes, result.runs, strict=True)
    runs = {_at(wish.point): run for wish, run in pairs if run and wish.point is not None}
    if not runs:
        return
    axes = result.sweep.axes
    several = [number for number, axis in enumerate(axes) if len(axis.values) > 1]
    across = several[0] if several else 0
    lines = several[1] if len(several) > 1 else None
    rest = several[2:]
    line_values = (None,) if lines is None else _some(axes[lines], notes)
    combinations = list(itertools.product(*(axes[number].values for number in rest)))
    if len(combinations) > MOST_FRAMES:
        notes.append(f"The charts show {MOST_FRAMES} of {len(combinations)} groups of runs; the table has all.")
    point = [axis.values[0] for axis in axes]
    for combination in combinations[:MOST_FRAMES]:
        for number, value in zip(rest, combination, strict=True):
            point[number] = value
        drawn = []
        for value in line_values:
            if lines is not None:
                point[lines] = value
            drawn.append(Line("" if lines is None else shown(value), tuple(_spots(runs, point, across, axes[across]))))
        frame = _frame(result.sweep.base.problem, axes[across], "" if lines is None else axes[lines].key, drawn)
        if frame.runs:
            yield ", ".join(f"{axes[number].key} {shown(point[number])}" for number in rest), frame


def _frame(base: Problem, across: Axis, legend: str, lines: Sequence[Line]) -> Frame:
    if _is_numeric(across):
        return Frame(across.key, legend, tuple(lines), base=_base_value(base, across))
    ticks = tuple((float(place), shown(value)) for place, value in enumerate(across.values))
    return Frame(across.key, legend, tuple(lines), ticks)


def _spots(runs: dict[str, Run], point: list[Any], number: int, axis: Axis) -> Iterator[Spot]:
    is_numeric = _is_numeric(axis)
    for place, value in enumerate(sorted(axis.values) if is_numeric else axis.values):
        point[number] = value
        yield Spot(float(value if is_numeric else place), runs.get(_at(point)))


def _at(point: Sequence[Any] | None) -> str:
    return "\n".join(map(shown, point or ()))


def _is_numeric(axis: Axis) -> bool:
    return all(isinstance(value, int | float) for value in axis.values)


def _some(axis: Axis, notes: list[str]) -> Sequence[Any]:
    """Choose values evenly, the first and the last among them, if there are more than eyes can tell apart."""
    count = len(axis.values)
    if count <= MOST_LINES:
        return axis.values
    notes.append(f"The charts show {MOST_LINES} of {count} values of {axis.key}; the table has all.")
    return [axis.values[round(place * (count - 1) / (MOST_LINES - 1))] for place in range(MOST_LINES)]


def _base_value(problem: Problem, axis: Axis) -> float | None:
    """Look up what the base has for a key, where that is one number."""
    if axis.path == ("officers",):
        return len(problem.officers)
    value: Any = problem
    for part in axis.path:
        value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
    return float(value) if isinstance(value, int | float) else None
