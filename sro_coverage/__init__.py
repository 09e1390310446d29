"""
Coverage and assignment planner for school resource officers.

>>> import sro_coverage as sro
>>> plan = sro.solve(sro.read_problem("data/dinuba.toml"))
>>> plan.status
'optimal'

Names are imported when they are first used: reading a plan file needs no solver.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sro_coverage.check import check
    from sro_coverage.errors import CoverageError, DataError
    from sro_coverage.model.solution import SolveParams
    from sro_coverage.plan import Plan
    from sro_coverage.planner import solve
    from sro_coverage.problem import Campus, Officer, Policy, Problem
    from sro_coverage.read import read_problem
    from sro_coverage.report.page import render_map

__all__ = [
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

_HOME = {
    "Campus": "problem",
    "CoverageError": "errors",
    "DataError": "errors",
    "Officer": "problem",
    "Plan": "plan",
    "Policy": "problem",
    "Problem": "problem",
    "SolveParams": "model.solution",
    "check": "check",
    "read_problem": "read",
    "render_map": "report.page",
    "solve": "planner",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
