"""The commands ``explain`` and ``backbone``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sro_coverage.cli.manners import FILE, NO_PLAN, NOT_PROVEN, OK, json_option, teaching_errors, time_limit_option

if TYPE_CHECKING:
    from sro_coverage.explain.base import Base
    from sro_coverage.explain.price import Edit

UNSURE = {"feasible", "no plan found"}

_time_limit = time_limit_option("Seconds of search for the plan, and for each question.")


@click.command()
@click.argument("file", type=FILE)
@click.option("--campus", "campuses", multiple=True, metavar="ID", help="Why has this campus what it has?")
@click.option("--officer", "officers", multiple=True, metavar="ID", help="Why is this officer there?")
@click.option("--pin", "pins", multiple=True, metavar="[OFFICER@]CAMPUS[:STATE]", help="What if this must be so?")
@click.option("--forbid", "forbids", multiple=True, metavar="[OFFICER@]CAMPUS[:STATE]", help="What if it must not?")
@click.option("--swap", "swaps", nargs=2, multiple=True, metavar="OFFICER OFFICER", help="What if they change places?")
@_time_limit
@json_option
@teaching_errors
def explain(
    file: Path,
    campuses: tuple[str, ...],
    officers: tuple[str, ...],
    pins: tuple[str, ...],
    forbids: tuple[str, ...],
    swaps: tuple[tuple[str, str], ...],
    time_limit: float,
    as_json: bool,
) -> int:
    """
    Say why the plan of FILE (plan file or scenario) is as it is, and what an edit would cost.

    Several --pin, --forbid and --swap are one edit together. Without a question, and where FILE has no plan at
    all, the rules that clash are named, with every single change that would make a plan possible.
    """
    from sro_coverage.errors import DataError, Issue
    from sro_coverage.explain.price import price
    from sro_coverage.explain.why import why_campus, why_officer
    from sro_coverage.plan import LIMITS
    from sro_coverage.report import questions_text as report

    base = _solved(file, time_limit)
    if not base.plan.has_beats:
        return _show_conflict(base, as_json)
    issues: list[Issue] = []
    edit = _edit(base, pins, forbids, swaps, issues)
    if edit is None and not campuses and not officers and not issues:
        issues.append(Issue("explain", "no question", "--campus, --officer, --pin, --forbid or --swap"))
    issues += _unknown(base, campuses, officers)
    if issues:
        raise DataError(issues)
    worst = OK if base.plan.status == "optimal" else NOT_PROVEN
    answers: list[Any] = []
    with _asking() as tell:
        for campus_id in campuses:
            answers.append((report.render_why_campus, why_campus(base, campus_id, tell=tell)))
        for officer_id in officers:
            answers.append((report.render_why_officer, why_officer(base, officer_id, tell=tell)))
        if edit is not None:
            tell(edit.words)
            answers.append((report.render_price, price(base, edit)))
    for render, answer in answers:
        prices = getattr(answer, "alternatives", (answer,))
        worst = max(worst, *(NOT_PROVEN if price.status in UNSURE else OK for price in prices))
        if not as_json:
            _print(render(base, answer))
    if as_json:
        _print_json([answer for _, answer in answers])
    last = answers[-1][1].status if edit is not None else ""
    if edit is not None and last == "infeasible" and not as_json:
        _print_conflict(base, edit.apply(base.problem), as_json)
    elif not as_json:
        _print(LIMITS)
    return NO_PLAN if last in {"infeasible", "impossible"} else worst


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, max=1),
    default=0.0,
    show_default=True,
    help="Share of each tier's best value that a plan may give up and still count as good; 0.01 is one per cent.",
)
@_time_limit
@json_option
@teaching_errors
def backbone(file: Path, tolerance: float, time_limit: float, as_json: bool) -> int:
    """Say what every plan as good as that of FILE (plan file or scenario) has in common, and what may be swapped."""
    from sro_coverage.explain.backbone import backbone as find
    from sro_coverage.plan import LIMITS
    from sro_coverage.report.questions_text import render_backbone

    base = _solved(file, time_limit)
    if not base.plan.has_beats:
        return _show_conflict(base, as_json)
    with _asking() as tell:
        tell("looking for plans that are as good")
        answer = find(base, tolerance)
    if as_json:
        _print_json(answer)
    else:
        _print(render_backbone(base, answer))
        _print(LIMITS)
    return OK if base.plan.status == "optimal" and answer.fixed_proven and answer.options_proven else NOT_PROVEN


def _solved(file: Path, time_limit: float) -> Base:
    from sro_coverage.explain.base import Base
    from sro_coverage.model.solution import SolveParams
    from sro_coverage.progress import solve_with_progress
    from sro_coverage.report.text import console
    from sro_coverage.scenario import read_plan_or_scenario
    from sro_coverage.travel import travel_times

    read = read_plan_or_scenario(file)
    params = SolveParams(time_limit_s=time_limit)
    plan = solve_with_progress(read, params, console(stderr=True))
    if any(tier.stopped == "interrupted" for tier in plan.tiers):
        raise KeyboardInterrupt
    return Base(plan, travel_times(read.problem, read.folder), params, read.folder)


def _edit(
    base: Base, pins: tuple[str, ...], forbids: tuple[str, ...], swaps: tuple[tuple[str, str], ...], issues: list[Any]
) -> Edit | None:
    """Make one edit of all that was asked."""
    from sro_coverage.errors import DataError
    from sro_coverage.explain.price import Edit

    makers: list[Callable[[], Edit]] = []
    makers += [lambda text=text: Edit.pin(_assignment(text)) for text in pins]  # type: ignore[misc]
    makers += [lambda text=text: Edit.forbid(_assignment(text)) for text in forbids]  # type: ignore[misc]
    makers += [lambda pair=pair: Edit.swap(base.plan, *pair) for pair in swaps]  # type: ignore[misc]
    edits = []
    for make in makers:
        try:
            edits.append(make())
        except DataError as error:
            issues += error.issues
    for edit in edits:
        issues += edit.unknown(base.problem)
    return Edit.together(edits) if edits else None


def _assignment(text: str) -> Any:
    """Read ``[OFFICER@]CAMPUS[:STATE]``."""
    from sro_coverage.problem import STATES, Assignment

    officer, _, rest = text.rpartition("@")
    campus, _, state = rest.rpartition(":")
    if state not in STATES:
        campus, state = rest, ""
    return Assignment(campus=campus, officer=officer or None, state=state or None)  # type: ignore[arg-type]


def _unknown(base: Base, campuses: tuple[str, ...], officers: tuple[str, ...]) -> list[Any]:
    from sro_coverage.errors import Issue

    rows = {row.campus: row for row in base.plan.campuses}
    beats = {beat.officer: beat for beat in base.plan.beats}
    issues = [
        Issue(f"--campus {campus}", "not planned" if campus in rows else "unknown", "the id of a planned campus")
        for campus in campuses
        if campus not in rows or rows[campus].state == "not planned"
    ]
    known = ", ".join(list(beats)[:6]) + (", …" if len(beats) > 6 else "")
    return issues + [
        Issue(
            f"--officer {officer}",
            "not based anywhere" if officer in beats else "unknown",
            f"an officer of the plan who is based somewhere: {known}",
        )
        for officer in officers
        if officer not in beats or not beats[officer].primary
    ]


class _asking:  # noqa: N801 - read as a word: with _asking() as tell
    """Shows on a terminal which question is being answered."""

    def __enter__(self) -> Callable[[str], None]:
        from rich.status import Status

        from sro_coverage.report.text import console, plain

        self._status = Status("", console=console(stderr=True))
        if self._status.console.is_terminal:
            self._status.start()
        return lambda words: self._status.update(plain(f"asking: {words}"))

    def __exit__(self, *_: object) -> None:
        self._status.stop()


def _show_conflict(base: Base, as_json: bool) -> int:
    if base.plan.status != "infeasible":
        click.echo(base.plan.explanation, err=True)
        return NO_PLAN
    _print_conflict(base, base.problem, as_json)
    return NO_PLAN


def _print_conflict(base: Base, problem: Any, as_json: bool) -> None:
    from sro_coverage.explain.conflict import conflict
    from sro_coverage.report.explain_text import render_conflict

    with _asking() as tell:
        tell("which rules clash")
        found = conflict(problem, folder=base.folder, time_limit_s=base.params.time_limit_s)
    if as_json:
        _print_json(found)
    else:
        _print(render_conflict(problem.title, found))


def _print(part: Any) -> None:
    from sro_coverage.report.text import console

    console().print(part)


def _print_json(answer: Any) -> None:
    import json

    from sro_coverage.explain.base import to_data

    click.echo(json.dumps(to_data(answer), indent=1, ensure_ascii=False))
