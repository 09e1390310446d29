"""Answers to questions about a plan in the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from sro_coverage.explain.conflict import Conflict
from sro_coverage.plan import LIMITS
from sro_coverage.report.text import plain


def render_conflict(title: str, conflict: Conflict) -> Group:
    """
    Lay out why there is no plan: the rules that clash, then what makes a plan possible.

    Parameters
    ----------
    title
        Of the problem.
    """
    parts: list[RenderableType] = [Text(plain(title), style="bold")]
    if conflict.rules:
        parts += _clash(conflict)
    elif conflict.proven:
        parts.append(Text("Its rules can be kept together: there is a plan."))
    else:
        parts.append(Text("The time was too short to tell whether there is a plan."))
    return Group(*parts, Text(LIMITS))


def _clash(conflict: Conflict) -> list[RenderableType]:
    parts: list[RenderableType] = [
        Text("No plan keeps these rules together, however far all other rules are relaxed:"),
        _lines(conflict.rules),
    ]
    if not conflict.rules_proven:
        parts.append(Text("The time was too short to tell whether the clash needs all of them."))
    if conflict.cures:
        parts.append(Text("Each of these alone makes a plan possible, and one step less does not:"))
        parts.append(_lines(cure.words for cure in conflict.cures))
    elif conflict.cures_proven:
        parts.append(Text("No change of one rule alone makes a plan possible: behind this clash there is another."))
        parts.append(Text("Relax a rule of this one and ask again."))
    if not conflict.cures_proven:
        parts.append(Text("The time was too short to try every change: others, or smaller ones, may do."))
    return parts


def _lines(lines: Iterable[str]) -> Padding:
    return Padding(Text("\n".join(map(plain, lines))), (0, 0, 1, 2))
