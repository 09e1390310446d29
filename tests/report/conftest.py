"""Small plans that are solved once, and a browser that sees files only."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sro_coverage.plan import Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Assignment, Campus, Officer, Policy, Problem, RuleChange

POLICY = Policy(max_shared=2, levels={"elementary": RuleChange(states=("on-call",))})


def officers(count: int, name: str = "Officer") -> tuple[Officer, ...]:
    return tuple(Officer(id=f"o{number}", name=f"{name} {number}") for number in range(1, count + 1))


def campus(name: str, level: str, lat: float, lon: float, students: int | None, **more: object) -> Campus:
    short = name.lower().replace(" ", "-")
    return Campus(id=short, name=name, level=level, lat=lat, lon=lon, enrollment=students, **more)


@pytest.fixture(scope="session")
def town() -> Plan:
    """
    Two officers and every state: two primaries, a shared site of two schools with an adult school
    that cannot be planned, elementaries on-call, one far away and so uncovered, one without a point.
    """
    campuses = (
        campus("North High", "high", 36.56, -119.38, 2000),
        campus("South Middle", "middle", 36.52, -119.39, 900, address="1 South St", enrollment_year="2023-24"),
        campus("West High", "high", 36.54, -119.42, 300, site="W", point_confidence="low"),
        campus("West Academy", "alternative", 36.54, -119.42, 80, site="W"),
        campus("West Adult", "adult", 36.54, -119.42, None, site="W"),
        campus("Oak Elementary", "elementary", 36.55, -119.37, 500, note="Opens late on Mondays"),
        campus("Elm Elementary", "elementary", 36.53, -119.40, 450),
        campus("Far Elementary", "elementary", 36.95, -119.38, 120),
        campus("Lost K8", "k8", 36.55, -119.41, None),
        Campus(id="nowhere", name="Nowhere Preschool", level="preschool", enrollment=40),
    )
    return solve(Problem(title="Small Town", campuses=campuses, officers=officers(2), policy=POLICY))


@pytest.fixture(scope="session")
def town_with_less(town: Plan) -> Plan:
    """The small town with one officer who shares one campus, Elm closed, a school opened, more students at Oak."""
    kept = tuple(
        each.model_copy(update={"enrollment": 520}) if each.id == "oak-elementary" else each
        for each in town.problem.campuses
        if each.id != "elm-elementary"
    )
    opened = campus("New Middle", "middle", 36.55, -119.39, 400)
    policy = POLICY.model_copy(update={"max_shared": 1})
    return solve(town.problem.replace(title="Less Town", campuses=(*kept, opened), officers=officers(1), policy=policy))


@pytest.fixture(scope="session")
def impossible() -> Plan:
    """Two campuses that must not be uncovered, each served only by an officer based there, and one officer."""
    campuses = (campus("North High", "high", 36.56, -119.38, 2000), campus("South High", "high", 36.50, -119.39, 900))
    policy = Policy(levels={"high": RuleChange(states=("primary",))})
    forbids = tuple(Assignment(campus=each.id, state="uncovered") for each in campuses)
    return solve(Problem(title="Impossible", campuses=campuses, officers=officers(1), policy=policy, forbids=forbids))


HOSTILE = (
    "{{7*7}} High",
    "{% raise %} High",
    "${alert(1)} and `back-ticks`",
    "</script><script>window.pwned=1</script>",
    "<!--<script> --> ]]>",
    "<img src=x onerror=window.pwned=1>",
    '" onmouseover="window.pwned=1',
    "' autofocus onfocus='window.pwned=1",
    "mirror \u202egnirts\u202c \u2066isolate",
)


@pytest.fixture(scope="session")
def hostile() -> Plan:
    """Every name, address and note is an attack."""
    campuses = tuple(
        Campus(
            id=f"c{number}",
            name=name,
            level="high",
            lat=36.5 + number / 100,
            lon=-119.38 + (number % 3) / 100,
            enrollment=300 + number,
            address=name,
            note=name,
            enrollment_year=name,
        )
        for number, name in enumerate(HOSTILE)
    )
    people = tuple(Officer(id=f"o{number}", name=name) for number, name in enumerate(HOSTILE[:3]))
    return solve(Problem(title=HOSTILE[3], campuses=campuses, officers=people))


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """A Chromium that is on this machine; skipped, loudly, where there is none."""
    names = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        reason = "NO CHROMIUM on PATH: the map was not tried in a browser"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Visit:
    """One page in a browser without a network, with everything that went wrong on it."""

    def __init__(self, browser: object, file: Path, **options: object) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce", **options)
        self.context.set_offline(True)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("dialog", lambda dialog: self.errors.append("dialog") or dialog.dismiss())
        self.page.goto(file.as_uri())

    def _heard(self, line: object) -> None:
        if line.type in ("error", "warning"):
            self.errors.append(line.text)


@pytest.fixture
def visit(chromium: object, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Open a document from a file."""
    visits: list[Visit] = []

    def opened(document: str, **options: object) -> Visit:
        file = tmp_path / "map.html"
        file.write_text(document, encoding="utf-8")
        visits.append(Visit(chromium, file, **options))
        return visits[-1]

    yield opened
    for each in visits:
        each.context.close()
