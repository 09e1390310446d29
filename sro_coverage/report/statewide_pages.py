"""The pages of a state: each agency's own map, and the page of all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sro_coverage.plan import Plan
from sro_coverage.report.page import render_map
from sro_coverage.report.state_view import AgencyView, StateView, agency_view, agency_without_plan, back_to
from sro_coverage.statewide.agencies import Agency
from sro_coverage.statewide.statewide import Outcome, StatewideResult
from sro_coverage.statewide.wanted import stem_of

PAGE = "index.html"
"""File of the state page, in the folder of the state."""


@dataclass(frozen=True)
class AgencyPages:
    """What is made of each agency's plan: its map, and what the state page tells of it."""

    def files(self, stem: str, /) -> tuple[str, str]:
        """Name the two files of a run."""
        return f"maps/{stem}.html", f"views/{stem}.json"

    def __call__(self, agency: Agency, stem: str, plan: Plan, /) -> dict[str, str]:
        """Draw the map and write down the view."""
        page, view = self.files(stem)
        drawn = render_map(plan, back=back_to(f"../{PAGE}", agency.id))
        told = agency_view(agency.id, agency.name, plan, page=page)
        return {page: drawn, view: json.dumps(told.model_dump(mode="json"), ensure_ascii=False) + "\n"}


def state_view(result: StatewideResult) -> StateView:
    """
    Give what the state page shows; the agencies' views are read one by one from their files.

    Parameters
    ----------
    result
        Of runs that were drawn by :class:`AgencyPages`.
    """
    files = ", ".join(f"{item.file} (sha256 {item.sha256[:16]})" for item in result.state.inputs)
    notes = (
        f"Made from {files}; agencies with a plan file of their own name it on their maps.",
        f"At most {result.state.params.time_limit_s:g} seconds of search for each agency.",
    )
    return StateView(result.state.title, _views(result), notes)


def _views(result: StatewideResult) -> Iterator[AgencyView]:
    for outcome in result.outcomes:
        run = outcome.run
        path = result.folder / AgencyPages().files(stem_of(run))[1] if run else None
        if path is not None and path.is_file():
            yield AgencyView(**json.loads(path.read_bytes()))
        else:
            yield _without_plan(outcome)


def _without_plan(outcome: Outcome) -> AgencyView:
    agency = outcome.agency
    return agency_without_plan(
        agency.id,
        agency.name,
        status=outcome.status,
        reason=outcome.reason,
        campuses=agency.campuses(),
        officers=agency.officers if isinstance(agency.officers, int) else None,
        figures=outcome.figures,
    )
