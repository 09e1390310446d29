"""The absence book as one HTML page that a watch commander prints: an overview, then a block for each officer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sro_coverage.explain.absence import Absence, AbsenceBook, Answer
from sro_coverage.plan import LIMITS, Beat
from sro_coverage.report.absence_words import HOW, Order, Part, Words, figures_of, worst_pairs
from sro_coverage.report.shell import asset, environment

MOST_IN_MATRIX = 16
"""With more officers than this, pairs are a list of the worst."""

WORST_PAIRS = 40
SHADES = 5
BAR_WIDTH = 170


@dataclass(frozen=True)
class Way:
    """One answer as the page shows it."""

    letter: str
    title: str
    answer: Answer
    more: int
    orders: tuple[Order, ...]
    only_shared: tuple[tuple[str, int, str], ...]
    uncovered: tuple[tuple[str, int, str], ...]
    other_calls: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True)
class Block:
    """One officer's absence as the page shows it."""

    absence: Absence
    officer: str
    based_at: str
    lost: tuple[tuple[Part, str], ...]
    calls: tuple[str, ...]
    ways: tuple[Way, ...]
    widths: tuple[float, ...]


@dataclass(frozen=True)
class Cell:
    """One pair in the matrix."""

    text: str
    moved: str
    shade: int
    title: str


def render_absence_page(book: AbsenceBook) -> str:
    """
    Lay out a book as one HTML document that works without a network and prints on US Letter.

    Parameters
    ----------
    book
        With or without pairs.

    Returns
    -------
    str
        The same book gives the same bytes.
    """
    words = Words(book)
    styles = [asset("page.css"), asset("absence.css")]
    most = max(absence.not_covered for absence in book.absences)
    return (
        environment()
        .get_template("absence.html.j2")
        .render(
            book=book,
            words=words,
            plan=book.plan,
            styles=styles,
            policy=_policy(styles),
            blocks=[_block(words, absence, most) for absence in book.absences],
            bar_width=BAR_WIDTH,
            today_width=_width(words.today, most),
            has_one=any(absence.one for absence in book.absences),
            matrix=_matrix(words) if book.pairs and len(book.absences) <= MOST_IN_MATRIX else None,
            worst=[(words.officers(p.absent), p, figures_of(p)) for p in worst_pairs(book)[:WORST_PAIRS]],
            figures={absence.absent: figures_of(absence) for absence in book.absences},
            beats=[(words.officer(beat.officer), *_beat(words, beat)) for beat in book.robust.plan.beats],
            limits=LIMITS,
        )
    )


def _policy(styles: Sequence[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles)
    hashes = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; style-src {hashes}; base-uri 'none'; form-action 'none'"


def _block(words: Words, absence: Absence, most: int) -> Block:
    (who,) = absence.absent
    covered = [site for site in absence.lost if site.before.is_covered]
    return Block(
        absence=absence,
        officer=words.officer(who),
        based_at=words.base_of(who),
        lost=tuple(
            (
                Part(
                    words.site(site.campuses),
                    HOW[site.before.state],
                    site.students,
                    site.before.minutes,
                    site.before.hours - site.after.hours,
                ),
                words.still(site),
            )
            for site in sorted(covered, key=lambda site: site.before.state != "primary")
        ),
        calls=tuple(words.site(site.campuses) for site in absence.lost if not site.before.is_covered),
        ways=tuple(_way(words, absence, answer, "ABC"[number]) for number, answer in enumerate(absence.answers)),
        widths=tuple(
            _width(answer.not_covered, most)
            for answer in (absence.best, absence.one, absence.stay)
            if answer and answer.plan.has_beats
        )
        or (_width(absence.not_covered, most),),
    )


def _width(students: int, most: int) -> float:
    return round(BAR_WIDTH * students / max(most, 1), 1)


def _way(words: Words, absence: Absence, answer: Answer, letter: str) -> Way:
    return Way(
        letter=letter,
        title=words.way(absence, answer),
        answer=answer,
        more=answer.not_covered - words.today,
        orders=tuple(words.orders(absence, answer)),
        only_shared=tuple(words.no_longer_based(answer)),
        uncovered=tuple(words.uncovered(answer)),
        other_calls=tuple(words.other_calls(answer)),
    )


@dataclass(frozen=True)
class Matrix:
    """Students not covered without each pair: at best above the diagonal, with nobody moved below."""

    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def _matrix(words: Words) -> Matrix:
    officers = [absence.absent[0] for absence in words.book.absences]
    found = {frozenset(absence.absent): absence for absence in (*words.book.absences, *words.book.pairs)}
    values = [answer.not_covered for absence in found.values() for answer in absence.answers if answer.plan.has_beats]
    low, high = min(values, default=0), max(values, default=0)

    def cells(row: int, one: str) -> Iterator[Cell]:
        for column, other in enumerate(officers):
            absence = found[frozenset((one, other))]
            answer = absence.best if column >= row else absence.stay
            who = words.officers(absence.absent)
            if answer is None:
                yield Cell(f"{absence.not_covered:,}", "", SHADES - 1, f"Without {who} nobody is left")
            elif not answer.plan.has_beats:
                yield Cell("–", "", 0, f"Without {who}: {answer.status}")
            else:
                moved = f"{len(answer.moves):,} moved" if answer.moves else ""
                shade = (answer.not_covered - low) * SHADES // (high - low + 1)
                yield Cell(f"{answer.not_covered:,}", moved, shade, f"Without {who}")

    return Matrix(tuple((words.officer(one), tuple(cells(row, one))) for row, one in enumerate(officers)))


def _beat(words: Words, beat: Beat) -> tuple[str, str, int]:
    """Give primary, shared campuses and students of a beat."""
    return words.site(beat.primary), "; ".join(words.site(stop.campuses) for stop in beat.shared), beat.students
