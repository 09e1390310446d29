"""Problems made from a base problem by named changes: scenario files, comparisons, sweeps."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sro_coverage.scenario.changes import Changes, apply
    from sro_coverage.scenario.file import read_plan_or_scenario, read_scenario
    from sro_coverage.scenario.words import describe

__all__ = ["Changes", "apply", "describe", "read_plan_or_scenario", "read_scenario"]

_HOME = {
    "Changes": "changes",
    "apply": "changes",
    "describe": "words",
    "read_plan_or_scenario": "file",
    "read_scenario": "file",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
