"""Questions about a plan: what an edit costs, why not, who is missed, the next officer."""

from sro_coverage.explain.absence import absence_book
from sro_coverage.explain.backbone import backbone
from sro_coverage.explain.base import Base
from sro_coverage.explain.conflict import conflict
from sro_coverage.explain.frontier import frontier
from sro_coverage.explain.price import Edit, price
from sro_coverage.explain.why import why_campus, why_officer

__all__ = [
    "Base",
    "Edit",
    "absence_book",
    "backbone",
    "conflict",
    "frontier",
    "price",
    "why_campus",
    "why_officer",
]
