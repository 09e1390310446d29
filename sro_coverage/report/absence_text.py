"""The absence book in the terminal, and as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sro_coverage.explain.absence import Absence, AbsenceBook, Answer
from sro_coverage.explain.handover import Handover
from sro_coverage.plan import LIMITS
from sro_coverage.plan.cells import guarded
from sro_coverage.report.absence_words import Order, Words, figures_of, worst_pairs
from sro_coverage.report.text import plain

WORST_PAIRS = 20
"""A terminal lists no more pairs than this; the page and the CSV have all."""


def render_absences(book: AbsenceBook) -> Group:
    """Lay out a book: what each absence costs, who stands in, and the plan that loses least."""
    words = Words(book)
    count = len(book.plan.problem.officers)
    parts: list[RenderableType] = [
        Text(plain(f"{book.plan.problem.title}: who is missed"), style="bold"),
        Text(
            f"{count:,} officer{'s' * (count != 1)} for {words.students:,} students, of whom {words.today:,} are not "
            f"covered when everybody is there."
        ),
        _overview(words),
        *_standing_in(words),
    ]
    if book.pairs:
        parts.append(_worst(words))
    parts += _robust(words)
    parts += [Text(plain(line)) for line in words.doubts()]
    return Group(*parts, Text(LIMITS))


def _table(*columns: str, text_columns: int = 1) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    for index, name in enumerate(columns):
        table.add_column(name, justify="left" if index < text_columns else "right")
    return table


def _overview(words: Words) -> Table:
    has_one = any(absence.one for absence in words.book.absences)
    table = _table("out", "based at", *_figure_columns(has_one=has_one), text_columns=2)
    for absence in words.book.absences:
        (who,) = absence.absent
        based_at = Text(plain(words.base_of(who) or "nowhere"))
        table.add_row(Text(plain(words.officer(who))), based_at, *_figures(absence, has_one=has_one))
    return table


def _figure_columns(*, has_one: bool) -> tuple[str, ...]:
    one = ("one\nmoves",) * has_one
    return ("lose their\nofficer", "not covered:\nnobody moves", *one, "at\nbest", "moved\nfor it")


def _figures(absence: Absence, *, has_one: bool) -> Iterator[str]:
    """Write what is lost and what each answer leaves; what brings nothing more stays empty."""
    figures = figures_of(absence)
    yield f"{absence.students:,}"
    yield figures.stay
    if has_one:
        yield figures.one
    yield figures.best
    yield figures.moved


def _standing_in(words: Words) -> Iterator[RenderableType]:
    """Say who moves, or takes something on without moving."""
    table = _table("out", "not covered", "who stands in", text_columns=3)
    table.columns[1].justify = "right"
    for absence in words.book.absences:
        out = Text(plain(words.officers(absence.absent)))
        table.add_section()
        for pin in absence.released:
            table.add_row(out, "", Text(plain(f"the pin {pin} cannot be kept")))
            out = Text()
        if not absence.answers:
            table.add_row(out, f"{absence.not_covered:,}", "nobody is left")
        for answer in absence.answers:
            table.add_row(out, f"{answer.not_covered:,}" if answer.plan.has_beats else "", _who(words, absence, answer))
            out = Text()
    yield table


def _who(words: Words, absence: Absence, answer: Answer) -> Text:
    if not answer.plan.has_beats:
        return Text(plain(answer.explanation))
    orders = words.orders(absence, answer)
    lines = [plain(_line(order)) for order in orders]
    return Text("\n".join(lines) or "nobody can take on a campus without giving one up")


def _line(order: Order) -> str:
    if order.before != order.after:
        return f"{order.officer} {order.words}"
    taken, given = ", ".join(part.name for part in order.takes), ", ".join(order.gives_up)
    if not order.is_moved:
        return f"{order.officer} takes on {taken}"
    return f"{order.officer} gives up {given}" + (f" for {taken}" if taken else "")


def _worst(words: Words) -> Table:
    """List the pairs without whom most are not covered, at best."""
    shown = worst_pairs(words.book)[:WORST_PAIRS]
    rest = len(words.book.pairs) - len(shown)
    table = _table("two out" + f" ({rest:,} more pairs in the files)" * bool(rest), *_figure_columns(has_one=False))
    for absence in shown:
        table.add_row(Text(plain(words.officers(absence.absent))), *_figures(absence, has_one=False))
    return table


def _robust(words: Words) -> Iterator[RenderableType]:
    robust = words.book.robust
    if robust.loss >= robust.loss_before:
        yield Text(
            f"No plan was found that loses less than this one when any one officer is out: {robust.loss_before:,}."
        )
        yield Padding(Text(f"({words.robust_proof()})"), (0, 0, 1, 0))
        return
    yield Text(
        f"A plan made for absences would lose at most {robust.loss:,} {words.noun} when any one officer is out, this "
        f"one {robust.loss_before:,} ({words.robust_proof()}). Its price:"
    )
    table = _table("tier", "this plan", "that plan", "proof")
    table.columns[3].justify = "left"
    for row in words.robust_tiers():
        table.add_row(*row)
    yield table


_COLUMNS = (
    *("absent", "absent_ids", "answer", "officers_moved", "students_not_covered", "proven"),
    *("campus", "name", "level", "students", "state_before", "officers_before", "hours_before"),
    *("state_after", "officers_after", "hours_after", "travel_minutes", "drive_minutes_per_week"),
)


def absences_csv(book: AbsenceBook) -> str:
    """
    Write one row for each absence, answer and campus that changes hands.

    The answer ``nothing done`` has what is lost. Texts that a spreadsheet would take for a formula get an
    apostrophe in front.
    """
    words = Words(book)
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for absence in (*book.absences, *book.pairs):
        for row in _rows(words, absence):
            writer.writerow({name: guarded(value) for name, value in row.items()})
    return out.getvalue()


def _rows(words: Words, absence: Absence) -> Iterator[dict[str, object]]:
    campuses = {campus.id: campus for campus in words.problem.campuses}
    nothing: list[tuple[str, int | str, int, str, tuple[Handover, ...]]] = [
        ("nothing done", "", absence.not_covered, "", absence.lost)
    ]
    answers = [
        (
            words.way(absence, answer).lower(),
            len(answer.moves),
            answer.not_covered,
            "yes" if answer.is_proven else "no",
            answer.handovers,
        )
        for answer in absence.answers
    ]
    for answer, moved, students, proven, changes in (*nothing, *answers):
        for change in changes:
            for campus_id in change.campuses:
                yield {
                    "absent": "; ".join(map(words.officer, absence.absent)),
                    "absent_ids": "; ".join(absence.absent),
                    "answer": answer,
                    "officers_moved": moved,
                    "students_not_covered": students,
                    "proven": proven,
                    "campus": campus_id,
                    "name": campuses[campus_id].name,
                    "level": campuses[campus_id].level,
                    "students": campuses[campus_id].enrollment,
                    "state_before": change.before.state,
                    "officers_before": "; ".join(map(words.officer, change.before.officers)),
                    "hours_before": round(change.before.hours, 2),
                    "state_after": change.after.state,
                    "officers_after": "; ".join(map(words.officer, change.after.officers)),
                    "hours_after": round(change.after.hours, 2),
                    "travel_minutes": None if change.after.minutes is None else round(change.after.minutes, 1),
                    "drive_minutes_per_week": round(change.after.drive_minutes, 1),
                }
