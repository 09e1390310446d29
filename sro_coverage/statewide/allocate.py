"""Given so many funded officers for a whole state: which agency gets how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sro_coverage.errors import DataError, Issue
from sro_coverage.model.solution import SolveParams
from sro_coverage.plan import InputFile
from sro_coverage.scenario.executors import Executor, Processes
from sro_coverage.scenario.store import Run
from sro_coverage.scenario.sweep import SweepProgress
from sro_coverage.statewide.agencies import Agency
from sro_coverage.statewide.curves import TIERS, Curve, Ground, Values
from sro_coverage.statewide.runs import run_wanted
from sro_coverage.statewide.sharing import MOST_FUNDED, Candidate, Place, Sharing, Terms, Total
from sro_coverage.statewide.state_file import State, read_state
from sro_coverage.statewide.wanted import Wanted, problem_of


@dataclass(frozen=True)
class Step:
    """What an agency covers, and has on primaries, with so many funded officers."""

    funded: int
    values: Values


@dataclass(frozen=True)
class Part:
    """
    What one agency gets.

    Parameters
    ----------
    now, funded, own
        Officers that it has, that it gets, and that it must add for them.
    students
        On its planned campuses.
    before, after
        Students covered and students on primaries, at best, with the officers it has now and then.
    covered_most
        Then, it can cover no more than these.
    steps
        The same for each number of funded officers that it may get, up to what it gets, and one more if it may.
    full
        Why it may have no more.
    is_proven
        Whether the two, and what one more adds, are proven to be the best.
    reasons
        Why numbers of officers that matter have no plan.
    """

    agency: str
    name: str
    terms: Terms
    now: int
    funded: int
    own: int
    students: int
    before: Values
    after: Values
    covered_most: int
    steps: tuple[Step, ...]
    full: str
    is_proven: bool
    reasons: tuple[str, ...] = ()

    @property
    def officers(self) -> int:
        """How many it has then."""
        return self.now + self.funded + self.own

    @property
    def gained(self) -> Values:
        """What all its new officers add."""
        return _less(self.after, self.before)

    @property
    def following(self) -> Values | None:
        """What one more funded officer would add; None if it may have no more."""
        return None if self.full else _less(self.steps[-1].values, self.after)


@dataclass(frozen=True)
class Change:
    """How many funded officers an agency would get instead, with another number to share out."""

    name: str
    funded: int
    instead: int


@dataclass(frozen=True)
class Allocation:
    """
    The best way to share funded officers out.

    Parameters
    ----------
    officers
        Funded.
    parts
        One for each agency that can be planned, in the order of their table.
    totals
        What each number of funded officers comes to, from the fewest that the agencies must get to one more than
        there are.
    fewer, more
        What one funded officer less and more would change; `fewer` is empty too if the agencies must get all.
    left_out
        Agencies that cannot be planned, and why; they get nothing and are in no number.
    weight
        The column that is counted in place of students, if the planner chose one.
    num_runs, left
        Plans that were solved for this, and that are still wanted because the work was ended.
    """

    title: str
    officers: int
    parts: tuple[Part, ...]
    totals: tuple[Total, ...]
    fewer: tuple[Change, ...]
    more: tuple[Change, ...]
    left_out: tuple[tuple[str, str], ...]
    weight: str | None
    params: SolveParams
    inputs: tuple[InputFile, ...]
    num_runs: int = 0
    left: int = 0
    remarks: tuple[str, ...] = ()

    def total(self, officers: int) -> Total | None:
        """What so many funded officers come to; None if the agencies must get more."""
        return next((total for total in self.totals if total.officers == officers), None)

    @property
    def before(self) -> Values:
        """What the agencies' own officers do at best today."""
        return _sum(part.before for part in self.parts)

    @property
    def after(self) -> Values:
        """What all officers do then."""
        return _sum(part.after for part in self.parts)

    @property
    def given(self) -> int:
        """Funded officers that some agency gets."""
        return sum(part.funded for part in self.parts)

    @property
    def is_proven(self) -> bool:
        """Whether no other way to share them out is better."""
        total = self.total(self.officers)
        return total is not None and total.is_proven

    @property
    def last(self) -> Values | None:
        """What the last officer adds: the price of one funded officer less."""
        return self._between(self.officers - 1)

    @property
    def next(self) -> Values | None:
        """What one more would add."""
        return self._between(self.officers)

    def _between(self, officers: int) -> Values | None:
        before, after = self.total(officers), self.total(officers + 1)
        return _less(after.values, before.values) if before and after else None


def allocate(
    source: str | Path | State,
    officers: int,
    out: str | Path,
    *,
    executor: Executor | None = None,
    retry_failed: bool = False,
    time_limit_s: float | None = None,
    watch: Callable[[SweepProgress], None] | None = None,
) -> Allocation:
    """
    Share funded officers out so that the most students of the state are covered, then the most are on primaries.

    Parameters
    ----------
    source
        A state file, or what :func:`~sro_coverage.statewide.state_file.read_state` made of it. The table of
        agencies may have the columns of :class:`Terms`.
    officers
        Funded officers, on top of those that the agencies have. Those who would buy nothing are not given.
    out
        Folder for the run store ``runs``, with one JSON file for each agency and number of officers that was solved.
    executor, retry_failed, time_limit_s
        As in :func:`~sro_coverage.statewide.statewide.statewide`; the limit is for each number of officers.
    watch
        Called after each run. The total grows, as what one run tells decides which others are wanted.

    Returns
    -------
    Allocation
        Also on Ctrl-C, with what is `left` to solve; the same call goes on with it.

    Raises
    ------
    DataError
        If the state file cannot be used, no agency can be planned, or the terms cannot all be kept. An agency that
        cannot be planned is left out, with its reason.
    """
    state = source if isinstance(source, State) else read_state(source)
    if time_limit_s is not None:
        state = replace(state, params=SolveParams(time_limit_s=time_limit_s))
    terms = _terms(state.agencies, officers)
    candidates, left_out = _candidates(state, terms)
    search = _Search(Sharing(candidates, officers), {agency.id: agency for agency in state.agencies}, watch)
    remarks = run_wanted(
        state,
        search.wanted(),
        Path(out),
        executor=executor or Processes(),
        on_run=search.take,
        retry_failed=retry_failed,
    )
    return _allocation(state, search, left_out, (*state.remarks, *remarks))


def _terms(agencies: Sequence[Agency], officers: int) -> dict[str, Terms]:
    """Read the terms of each agency, and see whether there are officers enough for them."""
    issues = []
    found = {}
    if not 1 <= officers <= MOST_FUNDED:
        issues.append(Issue("officers", str(officers), f"1 to {MOST_FUNDED:,} funded officers"))
    for agency in agencies:
        cells: dict[str, Any] = {name: agency.cells[name] for name in Terms.model_fields if agency.cells.get(name)}
        try:
            found[agency.id] = terms = Terms(**cells)
            wrong = terms.contradictions()
        except DataError as error:
            wrong = error.issues
        issues += [Issue(f"{agency.where}, {issue.where}", issue.found, issue.expected) for issue in wrong]
    least = sum(each.funded_min for each in found.values())
    if least > officers:
        issues.append(Issue("funded_min", f"{least:,} in all", f"at most the {officers:,} funded officers there are"))
    if issues:
        raise DataError(issues)
    return found


def _candidates(state: State, terms: dict[str, Terms]) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """Build each agency's problem once, to know what it could ask for, and keep nothing else of it."""
    found, left_out, issues = [], [], []
    for agency in state.agencies:
        now = agency.officers if isinstance(agency.officers, int) else None
        try:
            problem = problem_of(Wanted(agency, 1 if now == 0 else None), state)
            ground = Ground.of(problem, len(problem.officers) if now is None else now)
        except DataError as error:
            left_out.append((agency.name, "; ".join(map(str, error.issues))))
            issues += [issue.within(f"{agency.name}:") for issue in error.issues]
            continue
        found.append(Candidate(agency.id, agency.name, terms[agency.id], Curve(ground)))
    if not found:
        raise DataError(issues or [Issue("agencies", "no row", "at least one agency")])
    return found, left_out


class _Search:
    """Asks for runs, batch by batch, until the sharing is settled."""

    def __init__(
        self, sharing: Sharing, agencies: dict[str, Agency], watch: Callable[[SweepProgress], None] | None
    ) -> None:
        self.sharing, self._agencies, self._watch = sharing, agencies, watch
        self._places = {candidate.id: place for place, candidate in enumerate(sharing.candidates)}
        self._open: set[tuple[int, int]] = set()
        self._stand = SweepProgress(0, 0, 0, 0)

    def wanted(self) -> Iterator[Wanted | None]:
        """Give what is wanted next; a batch is answered before the next one is chosen, so that all executors agree."""
        while batch := self.sharing.needed():
            self._open = set(batch)
            self._tell(total=self._stand.total + len(batch))
            for place, officers in batch:
                yield Wanted(self._agencies[self.sharing.candidates[place].id], officers, TIERS)
            while self._open:
                yield None
            self.sharing.look_again()

    def take(self, wanted: Wanted, run: Run, is_kept: bool) -> None:
        """Take in a run."""
        place, officers = self._places[wanted.agency.id], wanted.officers or 0
        self.sharing.candidates[place].curve.add(officers, run.status, run.tiers, run.reason)
        self._open.discard((place, officers))
        stand = self._stand
        failed = stand.failed + (run.status == "failed")
        self._tell(done=stand.done + 1, failed=failed, kept=stand.kept + is_kept)

    @property
    def num_runs(self) -> int:
        """Runs taken in."""
        return self._stand.done

    def _tell(self, **stand: int) -> None:
        self._stand = replace(self._stand, **stand)
        if self._watch is not None:
            self._watch(self._stand)


def _allocation(
    state: State, search: _Search, left_out: Sequence[tuple[str, str]], remarks: tuple[str, ...]
) -> Allocation:
    sharing, officers = search.sharing, search.sharing.officers
    sharing.look_again()
    chosen = sharing.chosen(officers)
    totals = (sharing.total(number) for number in range(officers + 2))
    return Allocation(
        title=state.title,
        officers=officers,
        parts=tuple(
            _part(candidate, place, candidate.places(officers + 1))
            for candidate, place in zip(sharing.candidates, chosen, strict=True)
        ),
        totals=tuple(total for total in totals if total is not None),
        fewer=_changes(sharing, officers - 1),
        more=_changes(sharing, officers + 1),
        left_out=tuple(left_out),
        weight=state.common.objective.weight,
        params=state.params,
        inputs=state.inputs,
        num_runs=search.num_runs,
        left=len(sharing.needed()),
        remarks=remarks,
    )


def _part(candidate: Candidate, place: Place, places: tuple[Place, ...]) -> Part:
    curve, now = candidate.curve, candidate.curve.ground.now
    until = [other for other in places if other.funded <= place.funded + 1]
    full = ""
    if until[-1] == place:
        full = "no post left" if place.officers >= curve.ground.posts else "no more by its terms"
    numbers = [curve.effective(number) for number in (now, place.officers, until[-1].officers)]
    points = [curve.points[number] for number in dict.fromkeys(numbers) if number in curve.points]
    return Part(
        agency=candidate.id,
        name=candidate.name,
        terms=candidate.terms,
        now=now,
        funded=place.funded,
        own=place.own,
        students=curve.ground.demand,
        before=curve.values(now),
        after=curve.values(place.officers),
        covered_most=curve.bounds(place.officers)[0],
        steps=tuple(Step(other.funded, curve.values(other.officers)) for other in until),
        full=full,
        is_proven=all(map(curve.is_proven, numbers)),
        reasons=tuple(f"with {point.officers}: {point.reason}" for point in points if point.reason),
    )


def _changes(sharing: Sharing, officers: int) -> tuple[Change, ...]:
    instead = sharing.chosen(officers) if officers >= 0 else ()
    rows = zip(sharing.candidates, sharing.chosen(sharing.officers), instead, strict=False)
    return tuple(
        Change(candidate.name, place.funded, other.funded)
        for candidate, place, other in rows
        if place.funded != other.funded
    )


def _sum(values: Iterator[Values]) -> Values:
    pairs = list(values)
    return sum(covered for covered, _ in pairs), sum(based for _, based in pairs)


def _less(after: Values, before: Values) -> Values:
    return after[0] - before[0], after[1] - before[1]
