"""Words and numbers of a plan as the map page writes them."""

from __future__ import annotations

from sro_coverage.plan import Stop, Tier
from sro_coverage.problem import Level, TierName

TIERS: dict[TierName, tuple[str, str]] = {
    "coverage": ("Students not covered", "the fewest students on campuses that are neither primary nor shared"),
    "primary": ("Students on primaries", "the most students on primary campuses"),
    "reach": ("Students out of reach", "the fewest students on campuses that are neither covered nor on-call"),
    "travel": ("Driving a week", "the least driving, expected on-call trips included"),
    "visibility": (
        "Visibility, student-hours",
        "the most officer time on primary campuses, weighted by students, above the guaranteed floor",
    ),
    "continuity": ("Students whose officer changes", "the fewest students who lose an officer they have today"),
    "balance": ("Students of the largest beat", "the smallest largest beat, in students"),
    "moves": (
        "Officers moved",
        "the fewest officers who are based elsewhere than today, or lose a campus they share today",
    ),
}
"""A short name of each tier, and what it asks for."""

STATUS = {
    "optimal": "every tier proven optimal",
    "feasible": "a valid plan, not every tier proven",
    "infeasible": "no plan exists under these rules",
    "no plan found": "no plan found in the time given",
}

STATE_MEANING = {
    "primary": "an officer is based here",
    "shared": "an officer visits every week",
    "on-call": "to call only; not covered",
    "uncovered": "no officer",
    "not planned": "data missing",
}


def duration(minutes: float) -> str:
    """Write minutes as hours and minutes: ``7 h 05 min``."""
    hours, rest = divmod(round(minutes), 60)
    if hours and rest:
        return f"{hours:,} h {rest:02d} min"
    return f"{hours:,} h" if hours else f"{rest} min"


def trip(stop: Stop) -> str:
    """Write the way from the primary and back."""
    out, back = f"{stop.out_minutes:.1f} min", f"{stop.back_minutes:.1f} min"
    return f"{out} each way" if out == back else f"{out} out, {back} back"


def level_name(level: Level) -> str:
    """Write a level for people: ``high school``."""
    short = {"k8": "K–8", "k12": "K–12"}
    return f"{level} school" if level in ("high", "middle", "elementary") else short.get(level, level.replace("_", " "))


def amount(tier: Tier, value: int) -> str:
    """Write a tier's number in the unit that people read."""
    if tier.unit == "seconds":
        return duration(value / 60)
    return f"{value / 3600:,.0f}" if tier.unit == "student-seconds" else f"{value:,}"
