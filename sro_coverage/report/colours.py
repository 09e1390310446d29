"""Officer colours: legible, told apart by colour-blind eyes, and never shared by neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

PALETTE = ("#1F78BD", "#8A3B00", "#16267A", "#857000", "#0B4A34", "#C2386B", "#661A5E", "#00707A")
"""White text on each has a contrast of at least 4.5; light and dark ones alternate."""

NOBODY = "#6B7480"
"""Campuses and areas without an officer."""

_TINT = 0.2
_DARKER = 0.75


def shade(index: int) -> str:
    """Give the colour of an index; past the palette the same hues come again, darker."""
    lap, position = divmod(index, len(PALETTE))
    return _hex(part * _DARKER**lap for part in _parts(PALETTE[position]))


def pale(colour: str, tint: float = _TINT) -> str:
    """Give the fill that belongs to a colour: a little of it on white."""
    return _hex(1 - tint * (1 - part) for part in _parts(colour))


def contrast(first: str, second: str) -> float:
    """Compute the WCAG contrast of two colours, from 1 to 21."""
    dark, light = sorted(_luminance(colour) for colour in (first, second))
    return (light + 0.05) / (dark + 0.05)


def colour_indices(officers: Iterable[int], borders: Iterable[tuple[int, int]]) -> dict[int, int]:
    """
    Choose a colour index for every officer so that neighbours differ.

    Parameters
    ----------
    officers
        Officer numbers.
    borders
        Pairs of officers whose territories touch.

    Returns
    -------
    dict
        Officer number to colour index. Few colours would do; where the palette has more, they are
        used evenly, so that one colour means few officers.
    """
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(sorted(officers))
    graph.add_edges_from(sorted(borders))
    chosen: dict[int, int] = nx.greedy_color(graph, strategy="DSATUR")
    used = Counter(chosen.values())
    for officer in sorted(chosen):
        taken = {chosen[other] for other in graph.neighbors(officer)}
        free = [index for index in range(len(PALETTE)) if index not in taken]
        rarest = min(free, key=lambda index: (used[index], index), default=chosen[officer])
        if used[rarest] + 1 < used[chosen[officer]]:
            used[chosen[officer]] -= 1
            used[rarest] += 1
            chosen[officer] = rarest
    return chosen


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _hex(parts: Iterable[float]) -> str:
    return "#" + "".join(f"{round(255 * part):02X}" for part in parts)


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
