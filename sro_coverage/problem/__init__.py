"""Campuses, officers and rules: frozen values that are checked once."""

from sro_coverage.problem.campus import LEVELS, Campus, Level
from sro_coverage.problem.policy import (
    PEAKS_A_WEEK,
    STATES,
    Assignment,
    Budget,
    Matrix,
    Objective,
    Officer,
    Policy,
    Roads,
    Rule,
    RuleChange,
    State,
    StraightLine,
    TierName,
    TierShares,
    Tolerance,
    Travel,
)
from sro_coverage.problem.problem import Problem, Site
from sro_coverage.problem.value import Value

__all__ = [
    "LEVELS",
    "PEAKS_A_WEEK",
    "STATES",
    "Assignment",
    "Budget",
    "Campus",
    "Level",
    "Matrix",
    "Objective",
    "Officer",
    "Policy",
    "Problem",
    "Roads",
    "Rule",
    "RuleChange",
    "Site",
    "State",
    "StraightLine",
    "TierName",
    "TierShares",
    "Tolerance",
    "Travel",
    "Value",
]
