"""Rules that cannot be kept together: each where it is written, and which of them clash."""

from sro_coverage.clash.lever import Lever
from sro_coverage.clash.levers import assignments, levers
from sro_coverage.clash.trials import Trials, irreducible

__all__ = ["Lever", "Trials", "assignments", "irreducible", "levers"]
