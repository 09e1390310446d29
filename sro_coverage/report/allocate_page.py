"""The sharing of funded officers as one HTML page for a grant office, which fetches nothing."""

from __future__ import annotations

import base64

from sro_coverage.plan import LIMITS
from sro_coverage.report.allocate_chart import agency_chart, on_chart, spoken, state_chart, tier_of, what_is_added
from sro_coverage.report.allocate_words import BASED, READING, cell, in_order, margins, officers, proof, remarks
from sro_coverage.report.shell import asset, environment, policy
from sro_coverage.statewide.allocate import Allocation


def render_allocation_page(result: Allocation) -> str:
    """
    Lay out a sharing as one HTML document that works without a network.

    Returns
    -------
    str
        The same sharing gives the same bytes.
    """
    styles = [asset("page.css"), asset("allocate.css")]
    ordered = in_order(result)
    tier, drawn = tier_of(result), len(on_chart(result))
    return (
        environment()
        .get_template("allocate.html.j2")
        .render(
            result=result,
            styles=styles,
            policy=policy(styles, ()),
            officers=officers,
            students=sum(part.students for part in ordered),
            gaining=sum(part.funded > 0 for part in ordered),
            proof=proof(result),
            charts=(
                {
                    "title": "In the whole state",
                    "note": f"{what_is_added(tier).capitalize()}, by number of funded officers",
                    "source": _source(state_chart(result)),
                    "alt": _state_alt(result, tier),
                },
                {
                    "title": "Agency by agency",
                    "note": "A part for each officer; dashed, what one more would add; the number is how many it gets"
                    + (f". The first {drawn:,} of {len(ordered):,}" if drawn < len(ordered) else ""),
                    "source": _source(agency_chart(result)),
                    "alt": spoken(result),
                },
            ),
            margins=list(margins(result)),
            parts=ordered,
            cell=cell,
            has_own=any(part.own for part in ordered),
            remarks=list(remarks(result)),
            reading=READING,
            based=BASED,
            limits=LIMITS,
        )
    )


def _source(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _state_alt(result: Allocation, tier: int) -> str:
    ends = [(total.officers, total.values[tier] - result.before[tier]) for total in result.totals]
    if not ends:
        return "Nothing to draw."
    told = "; ".join(
        f"with {number:,}, {value:,}" for number, value in dict.fromkeys((ends[0], ends[-2:][0], ends[-1]))
    )
    return f"{what_is_added(tier).capitalize()}: {told}."
