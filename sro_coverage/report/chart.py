"""What all charts share: colours, and settings that give the same bytes on every machine."""

from __future__ import annotations

from typing import Any

INK, QUIET, GRID = "#1B2733", "#4A5663", "#DDE2E7"

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "path",  # the same letters on every machine
    "svg.hashsalt": "sro_coverage",  # the same ids every time
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "grid.color": GRID,
}
"""For matplotlib."""
