"""The sweep page: one HTML file that shows what each change buys in each tier, and fetches nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from sro_coverage.plan import LIMITS
from sro_coverage.problem import TierName
from sro_coverage.report.shell import asset, environment
from sro_coverage.report.sweep_charts import tier_amount, tier_of
from sro_coverage.report.sweep_frames import layout, tier_names, values_in_words
from sro_coverage.report.wording import TIERS
from sro_coverage.scenario.grid import shown
from sro_coverage.scenario.store import Run, TierResult
from sro_coverage.scenario.sweep import SweepResult

_FLOORS = ("primary_share_min", "min_primary_hours")


def render_sweep(result: SweepResult) -> str:
    """
    Lay out a sweep as one HTML document that works without a network.

    Parameters
    ----------
    result
        Whole or not; runs that are not done are counted.

    Returns
    -------
    str
        The same runs give the same bytes, whoever solved them and however long it took.
    """
    styles = [asset("page.css"), asset("sweep.css")]
    names = tier_names(result)
    tolerance = result.sweep.base.problem.objective.tolerance
    keys = list(dict.fromkeys(key for wish in result.sweep.wishes for key in wish.values))
    return (
        environment()
        .get_template("sweep.html.j2")
        .render(
            result=result,
            title=result.sweep.title,
            base=result.sweep.base,
            styles=styles,
            policy=_policy(styles),
            axes=[(axis.key, values_in_words(axis)) for axis in result.sweep.axes],
            counts=counts(result),
            layout=layout(result),
            has_floor=any(key.endswith(_FLOORS) for key in keys) and "visibility" in names,
            is_named=any(wish.point is None for wish in result.sweep.wishes),
            keys=keys,
            tiers=[(name, *TIERS[name]) for name in names],
            tolerances={name: share for name, share in tolerance if share and name in names},
            rows=list(_rows(result, keys, names)),
            without=[run for run in result.done if not run.has_plan],
            has_cost=any(run.figures and run.figures.cost is not None for run in result.done),
            is_open=any(tier.stopped != "proven" for run in result.done for tier in run.tiers),
            limits=LIMITS,
        )
    )


def counts(result: SweepResult) -> dict[str, int]:
    """Count the runs by what became of them."""
    return {
        "proven": sum(run.proven for run in result.done),
        "not proven": sum(run.has_plan and not run.proven for run in result.done),
        "no plan": sum(not run.has_plan and run.status != "failed" for run in result.done),
        "failed": sum(run.status == "failed" for run in result.done),
        "not done": result.left,
    }


def _policy(styles: Sequence[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles)
    hashes = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; style-src {hashes}; img-src data:; base-uri 'none'; form-action 'none'"


def _rows(result: SweepResult, keys: Sequence[str], names: Sequence[TierName]) -> Iterator[dict[str, Any]]:
    for wish, run in zip(result.sweep.wishes, result.runs, strict=True):
        if run is not None:
            values = wish.values
            tiers = [tier_of(run, name) for name in names]
            yield {
                "run": run,
                "values": [shown(values[key]) if key in values else "" for key in keys],
                "proof": _proof(run),
                "tiers": [tier and _cell(tier) for tier in tiers],
                "cost": _cost(run),
            }


def _proof(run: Run) -> str:
    if run.proven:
        return "proven"
    return "not proven" if run.has_plan else run.status


def _cell(tier: TierResult) -> dict[str, str]:
    """Give the value, and for an unproven one how far it may be from the best."""
    if tier.stopped == "proven":
        return {"value": tier_amount(tier, tier.value), "open": ""}
    if tier.bound is None:
        return {"value": tier_amount(tier, tier.value), "open": "no bound"}
    return {"value": tier_amount(tier, tier.value), "open": f"bound {tier_amount(tier, tier.bound)}"}


def _cost(run: Run) -> str:
    figures = run.figures
    return f"{figures.currency} {figures.cost:,.0f}" if figures and figures.cost is not None else ""
