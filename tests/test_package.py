"""What the package promises as a whole: its names, its layers, its start."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sro_coverage

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "sro_coverage"
ROOMS = [
    *("errors", "problem", "travel", "model", "plan", "read", "check", "clash", "planner"),
    *("explain", "scenario", "mandate", "statewide", "report", "progress", "cli"),
]
"""Each imports only from those before it; ``progress`` and ``report`` stand side by side."""


def test_public_names_are_exactly_these():
    assert sro_coverage.__all__ == [
        "Campus",
        "CoverageError",
        "DataError",
        "Officer",
        "Plan",
        "Policy",
        "Problem",
        "SolveParams",
        "check",
        "read_problem",
        "render_map",
        "solve",
    ]
    for name in sro_coverage.__all__:
        assert getattr(sro_coverage, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'slove'"):
        _ = sro_coverage.slove


def imports(path: Path) -> set[str]:
    """First-level rooms that a module imports when it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sro_coverage."):
            found.add(node.module.split(".")[1])
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_import_only_from_rooms_above(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    assert imports(path) <= allowed


def test_only_the_model_imports_the_solver():
    users = [path for path in PACKAGE.rglob("*.py") if "from ortools" in path.read_text(encoding="utf-8")]
    assert {path.parent.name for path in users} == {"model"}


HEAVY = [
    *("ortools", "pandas", "folium", "scipy", "shapely", "numpy", "networkx"),
    *("matplotlib", "distributed", "pyarrow"),
]


@pytest.mark.parametrize("heavy", HEAVY)
def test_help_loads_nothing_heavy(heavy):
    code = (
        "import sys, sro_coverage, sro_coverage.cli as cli\n"
        "try: cli.main(['plan', '--help'])\n"
        "except SystemExit: pass\n"
        f"sys.exit({heavy!r} in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
