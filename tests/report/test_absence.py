"""The absence book as text, as a table and as a page."""

import csv
import dataclasses
import hashlib
import io
import re
from base64 import b64encode

import pytest

from sro_coverage.explain.absence import absence_book
from sro_coverage.explain.base import Base
from sro_coverage.plan import LIMITS
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment, Campus, Objective, Officer, Policy, Problem, RuleChange
from sro_coverage.report import absence_page, absence_text
from sro_coverage.report.absence_page import render_absence_page
from sro_coverage.report.absence_text import absences_csv, render_absences
from sro_coverage.report.absence_words import Words
from sro_coverage.report.text import WIDTH
from tests.instances import random_problem, random_times
from tests.report.conftest import HOSTILE
from tests.report.pages import Reader, violations

RAW = "=1+1;\u202ename</b><script>window.pwned=1</script>{{7*7}}"


def school(name, level, lon, students, ident=None, lat=36.5):
    return Campus(id=ident or name.lower(), name=name, level=level, lat=lat, lon=lon, enrollment=students)


@pytest.fixture(scope="module")
def book():
    """Four officers, four campuses: the best takes two or three moves, and one alone brings part of it."""
    problem = random_problem(8, num_campuses=4, num_officers=4)
    times = random_times(8, len(problem.sites))
    return absence_book(Base(solve(problem, times=times), times), pairs=True)


@pytest.fixture(scope="module")
def lone():
    """One officer, pinned, so that nobody is left and the pin cannot be kept."""
    campuses = (school("North", "high", -119.2, 500), school("South", "middle", -119.3, 300))
    officers = (Officer(id="a", name="A"),)
    pins = (Assignment(officer="a", campus="north", state="primary"),)
    return absence_book(Base.of(Problem(title="Lone", campuses=campuses, officers=officers, pins=pins)), pairs=True)


@pytest.fixture(scope="module")
def impossible():
    """Two officers who may not be missed: each campus needs its own, based there."""
    campuses = (school("North", "high", -119.2, 500), school("South", "high", -119.3, 300))
    policy = Policy(levels={"high": RuleChange(states=("primary",))})
    problem = Problem(
        title="No way",
        campuses=campuses,
        officers=(Officer(id="a", name="Same"), Officer(id="b", name="Same")),
        policy=policy,
        forbids=tuple(Assignment(campus=each, state="uncovered") for each in ("north", "south")),
    )
    return absence_book(Base.of(problem), pairs=True)


@pytest.fixture(scope="module")
def hostile_book():
    """Every text is an attack; the first is a formula in a spreadsheet."""
    names = (RAW.replace("\u202e", ""), *HOSTILE)
    campuses = tuple(
        school(name, ("high", "elementary")[n % 2], -119.2 - n / 50, 300 + n, f"c{n}") for n, name in enumerate(names)
    )
    officers = tuple(Officer(id=f"={n}", name=name) for n, name in enumerate(names[:4]))
    policy = Policy(max_shared=1, levels={"elementary": RuleChange(states=("shared",))})
    weight = Objective(weight="<b>need</b>")
    pins = (Assignment(officer="=0", campus="c0"),)
    problem = Problem(
        title=HOSTILE[3], campuses=campuses, officers=officers, policy=policy, objective=weight, pins=pins
    )
    return absence_book(Base.of(problem), pairs=True)


def printed(book):
    from rich.console import Console

    console = Console(width=WIDTH, highlight=False, force_terminal=False)
    with console.capture() as capture:
        console.print(render_absences(book))
    return capture.get()


def words_of(document):
    return " ".join(Reader(document).text.split())


# -- text


def test_text_tells_every_absence_and_its_answers(book):
    text = printed(book)
    flat = " ".join(text.split())
    for told in book.absences:
        assert f"{told.students:,}" in flat
        for answer in told.answers:
            assert f"{answer.not_covered:,}" in flat
    assert any(told.one for told in book.absences)
    assert "not covered: one at" in flat
    assert f"{book.robust.loss:,}" in flat
    assert " ".join(LIMITS.split()) in flat
    assert max(map(len, text.splitlines())) <= WIDTH


def test_text_of_one_officer_says_that_nobody_is_left(lone):
    assert "nobody is left" in printed(lone)
    assert "the pin a north primary cannot be kept" in " ".join(printed(lone).split())


def test_text_of_an_impossible_absence_says_why(impossible):
    flat = " ".join(printed(impossible).split())
    assert "infeasible" in flat
    assert "north" in flat
    assert "Same (a)" in flat
    assert "Same (b)" in flat


def test_many_pairs_are_the_worst_and_the_rest_is_counted(book, monkeypatch):
    monkeypatch.setattr(absence_text, "WORST_PAIRS", 2)
    assert "two out (4 more pairs in the files)" in printed(book)


def test_an_unproven_book_says_so(book):
    first, *rest = book.absences
    unproven = dataclasses.replace(first, stay=dataclasses.replace(first.stay, is_proven=False))
    doubtful = dataclasses.replace(book, absences=(unproven, *rest))
    assert not doubtful.is_proven
    assert "Not proven best, for lack of time, without: Officer 0." in printed(doubtful)
    assert "not every answer proven" in words_of(render_absence_page(doubtful))


# -- table


def test_csv_has_a_row_for_each_campus_that_changes_hands(book, lone, impossible):
    for each in (book, lone, impossible):
        rows = list(csv.DictReader(io.StringIO(absences_csv(each))))
        wanted = 0
        for told in (*each.absences, *each.pairs):
            mine = [row for row in rows if row["absent_ids"] == "; ".join(told.absent)]
            lost = [row["campus"] for row in mine if row["answer"] == "nothing done"]
            assert sorted(lost) == sorted(campus for site in told.lost for campus in site.campuses)
            wanted += len(lost) + sum(len(s.campuses) for a in told.answers for s in a.handovers)
        assert len(rows) == wanted


def test_csv_guards_formulas(hostile_book):
    rows = list(csv.DictReader(io.StringIO(absences_csv(hostile_book))))
    assert not [cell for row in rows for cell in row.values() if cell.lstrip().startswith(("=", "+", "@"))]
    assert any(row["absent_ids"] == "'=0" for row in rows)


# -- page


def test_the_same_book_gives_the_same_bytes(book):
    assert render_absence_page(book) == render_absence_page(book)


def test_nothing_is_linked_and_nothing_runs(book, hostile_book, lone, impossible):
    for each in (book, hostile_book, lone, impossible):
        document = render_absence_page(each)
        reader = Reader(document)
        policy = next(a["content"] for _, a in reader.tags if a.get("http-equiv") == "Content-Security-Policy")
        digests = [b64encode(hashlib.sha256(body.encode()).digest()).decode() for _, _, body in reader.bodies]
        hashes = " ".join(f"'sha256-{digest}'" for digest in digests)
        assert policy == f"default-src 'none'; style-src {hashes}; base-uri 'none'; form-action 'none'"
        assert ("html", {"lang": "en"}) in reader.tags
        for tag, attributes in reader.tags:
            assert tag not in ("script", "link", "iframe", "object", "embed", "base", "img")
            assert "src" not in attributes
            assert attributes.get("href", "#").startswith("#")
            assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_links_inside_lead_somewhere(book):
    tags = Reader(render_absence_page(book)).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {attributes["href"][1:] for tag, attributes in tags if tag == "a"}
    targets |= {name for _, attributes in tags for name in attributes.get("aria-labelledby", "").split()}
    assert targets <= set(ids)


def test_hostile_names_are_text(hostile_book):
    document = render_absence_page(hostile_book)
    text = words_of(document)
    for campus in hostile_book.plan.problem.campuses:
        assert " ".join(campus.name.split()) in text
    assert hostile_book.plan.problem.title in text
    assert "49 High" not in document
    assert "<b>need" not in document
    plain = printed(hostile_book)
    assert not set("\u202e\u202c\u2066") & set(plain)


def test_page_tells_what_is_lost_who_stands_in_and_the_price(book):
    text = words_of(render_absence_page(book))
    for told in book.absences:
        (who,) = told.absent
        name = {o.id: o.name for o in book.plan.problem.officers}[who]
        assert f"{name} is out" in text
        assert f"{told.students:,} students lose their officer" in text
        for answer in told.answers:
            assert f"{answer.not_covered:,} students not covered" in text
    assert "On the diagonal: only this officer is out" in text
    assert LIMITS in text
    assert book.plan.digest[:12] in text


def test_orders_are_whole(book):
    """What is taken on, given up and no longer covered is all that changes hands, and nothing else."""
    words = Words(book)
    for told in (*book.absences, *book.pairs):
        for answer in told.answers:
            orders = words.orders(told, answer)
            covered = {words.site(s.campuses) for s in answer.handovers if s.after.is_covered}
            assert {part.name for order in orders for part in order.takes} == covered
            assert sum(order.is_moved for order in orders) == len(answer.moves)
            lost = [site for site in answer.handovers if site.before.is_covered and not site.after.is_covered]
            assert [name for name, _, _ in words.uncovered(answer)] == [words.site(site.campuses) for site in lost]
            shared = [s for s in answer.handovers if (s.before.state, s.after.state) == ("primary", "shared")]
            assert [name for name, _, _ in words.no_longer_based(answer)] == [words.site(s.campuses) for s in shared]
            calls = len(words.other_calls(answer)) + len(lost) + len(covered)
            assert calls == len(answer.handovers)


def test_many_officers_have_a_list_of_pairs(book, monkeypatch):
    monkeypatch.setattr(absence_page, "MOST_IN_MATRIX", 3)
    text = words_of(render_absence_page(book))
    assert "If two are out: the 6 pairs missed most" in text
    assert "framed diagonal" not in text


def test_nobody_left_and_no_plan_are_said(lone, impossible):
    text = words_of(render_absence_page(lone))
    assert "Pin that cannot be kept: a north primary." in text
    assert "Nobody is left to stand in." in text
    text = words_of(render_absence_page(impossible))
    assert impossible.absences[0].stay.explanation in text
    assert "Same (a) is out" in text


def test_the_robust_plan_is_shown_where_it_loses_less(book):
    least = dataclasses.replace(book.robust, loss=book.robust.loss_before, bound=book.robust.loss_before)
    safest = dataclasses.replace(book, robust=least)
    assert "No plan was found that loses less than this one" in words_of(render_absence_page(safest))
    assert "No plan was found that loses less than this one" in printed(safest)
    better = dataclasses.replace(book.robust, loss_before=book.robust.loss + 100, bound=book.robust.loss - 10)
    text = words_of(render_absence_page(dataclasses.replace(book, robust=better)))
    order = ", ".join(f'"{tier}"' for tier in book.robust.plan.problem.order)
    assert f"order = [{order}]" in text
    assert f"can lose less than {better.bound:,}" in text


# -- in a browser


@pytest.mark.browser
@pytest.mark.parametrize("name", ["book", "hostile_book"])
def test_in_a_browser_it_is_accessible_on_screen_and_phone_and_prints(visit, request, name):
    seen = visit(render_absence_page(request.getfixturevalue(name)))
    assert violations(seen.page) == []
    seen.page.set_viewport_size({"width": 390, "height": 800})
    assert violations(seen.page) == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert seen.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert seen.page.evaluate("window.pwned") is None
    assert seen.errors == []
    assert len(seen.requests) == 1


@pytest.mark.browser
def test_print_is_portrait_letter(visit, book):
    pdf = visit(render_absence_page(book)).page.pdf(prefer_css_page_size=True)
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", pdf)}
    assert boxes == {(0.0, 0.0, 612.0, 792.0)}
