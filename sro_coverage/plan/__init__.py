"""The answer: states, beats, tiers and proof, and the facts they rest on."""

from sro_coverage.plan.document import (
    LIMITS,
    Beat,
    CampusPlan,
    InputFile,
    Plan,
    Stop,
    Tier,
)
from sro_coverage.plan.facts import UNITS, Duty, Facts

__all__ = ["LIMITS", "UNITS", "Beat", "CampusPlan", "Duty", "Facts", "InputFile", "Plan", "Stop", "Tier"]
