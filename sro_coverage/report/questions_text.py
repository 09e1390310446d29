"""Answers about a plan in the terminal: prices, reasons, and what is fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sro_coverage.explain.backbone import Backbone, CampusFreedom, Option
from sro_coverage.explain.base import Base
from sro_coverage.explain.price import Move, Price, TierPrice
from sro_coverage.explain.why import Obstacles, Why
from sro_coverage.plan import Plan
from sro_coverage.problem import TierName
from sro_coverage.report.text import MEANING, amount, plain

NEAREST = 8
"""Officers that are shown beside a campus; the rest are counted."""

UNIT_WORDS = {"seconds": "min", "student-seconds": "student-h", "students": "students", "officers": "officers"}


class _Names:
    """Names for the ids of one problem."""

    def __init__(self, base: Base) -> None:
        self._campus = {campus.id: plain(campus.name) for campus in base.problem.campuses}
        self._officer = {officer.id: plain(officer.name) for officer in base.problem.officers}

    def campus(self, campus_id: str | None) -> str:
        return "nowhere" if campus_id is None else self._campus[campus_id]

    def campuses(self, ids: Iterable[str]) -> str:
        return ", ".join(map(self.campus, ids))

    def officer(self, officer_id: str) -> str:
        return self._officer[officer_id]


def render_price(base: Base, price: Price) -> Group:
    """Lay out what one edit costs, and who moves for it."""
    parts: list[RenderableType] = [Text(plain(price.edit.words), style="bold"), Text(_verdict(price))]
    if price.tiers:
        parts.append(_tiers(price))
        parts += _repair(base, price)
    return Group(*parts)


def render_why_campus(base: Base, why: Why) -> Group:
    """Lay out what a campus has, what keeps it from more, and what each other state would cost."""
    names = _Names(base)
    campus = next(campus for campus in base.problem.campuses if campus.id == why.subject)
    row = next(row for row in base.plan.campuses if row.campus == why.subject)
    served = f" by {', '.join(map(names.officer, row.officers))}" if row.officers else ""
    level = campus.level.replace("_", " ")
    parts: list[RenderableType] = [
        Text(f"{plain(campus.name)} ({plain(campus.id)})", style="bold"),
        Text(f"{level}, {campus.enrollment or 0:,} students: {row.state}{served}"),
    ]
    if why.obstacles:
        parts.append(_obstacles(names, why.obstacles))
    parts.append(_alternatives(base, why.alternatives))
    return Group(*parts)


def render_why_officer(base: Base, why: Why) -> Group:
    """Lay out an officer's beat and what it would cost without each part of it."""
    names = _Names(base)
    beat = next(beat for beat in base.plan.beats if beat.officer == why.subject)
    shared = names.campuses(stop.campuses[0] for stop in beat.shared) or "nothing"
    return Group(
        Text(f"{plain(beat.name)}", style="bold"),
        Text(f"based at {names.campuses(beat.primary)}; shares {shared}"),
        _alternatives(base, why.alternatives),
    )


def render_backbone(base: Base, backbone: Backbone) -> Group:
    """Lay out which assignments every plan as good as this one has, and which are free."""
    names = _Names(base)
    fixed = [campus for campus in backbone.campuses if campus.is_fixed]
    free = [campus for campus in backbone.campuses if not campus.is_fixed]
    limits = ", ".join(f"{name} {_limit(base.plan, name, limit)}" for name, limit in backbone.limits)
    parts: list[RenderableType] = [
        Text(plain(base.problem.title), style="bold"),
        Text(f"Every plan that keeps {limits}" + (f" (tolerance {backbone.tolerance:.1%})" * bool(backbone.tolerance))),
        Text(f"gives {len(fixed)} of {len(backbone.campuses)} places just what this plan gives them."),
    ]
    if base.plan.status != "optimal":
        parts.append(Text("Not every tier of this plan is proven: this is about plans as good as this one."))
    if not backbone.fixed_proven:
        parts.append(Text("The search for others was not complete: more of them may be free."))
    if free:
        table = _table("campus", "now", "may also be")
        for campus in free:
            table.add_row(names.campuses(campus.campuses), _option(names, campus.now), _others(names, campus))
        parts.append(table)
        if not backbone.options_proven:
            parts.append(Text("The search was not complete: there may be more ways than these."))
    return Group(*parts)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold")
    for name in columns:
        table.add_column(name)
    return table


def _verdict(price: Price) -> str:
    match price.status:
        case "impossible":
            return f"cannot be: {plain(price.explanation)}"
        case "infeasible" | "no plan found":
            return plain(price.explanation)
        case _ if price.is_free:
            return "costs nothing in any tier"
        case "optimal":
            return "every tier proven"
        case _:
            return "not every tier is proven: the true price may be less or more"


def _tiers(price: Price) -> Table:
    table = _table("tier", "meaning", "this plan's best", "with the edit", "cost", "proof")
    for name in ("this plan's best", "with the edit", "cost"):
        table.columns[[column.header for column in table.columns].index(name)].justify = "right"
    for number, tier in enumerate(price.tiers, start=1):
        table.add_row(
            f"{number} {tier.name}",
            MEANING[tier.name],
            amount(tier, tier.before),
            amount(tier, tier.after),
            cost_words(tier),
            "proven" if tier.is_proven else "not proven",
        )
    return table


def cost_words(tier: TierPrice) -> str:
    """Write what a tier loses: ``199 students worse``; ``-`` if nothing changes."""
    if tier.cost == 0:
        return "-"
    return f"{amount(tier, abs(tier.cost))} {UNIT_WORDS[tier.unit]} {'worse' if tier.cost > 0 else 'better'}"


def _repair(base: Base, price: Price) -> Iterator[RenderableType]:
    names = _Names(base)
    if not price.moves:
        yield Text("Nobody has to move." if price.moves_proven else "Nobody moves.")
        return
    most = "the fewest that any such plan moves" if price.moves_proven else "perhaps fewer would do"
    yield Text(f"{len(price.moves)} officer{'s' * (len(price.moves) != 1)} moved ({most}):")
    for move in price.moves:
        yield Padding(Text(f"{names.officer(move.officer)}: {move_words(names.campus, move)}"), (0, 0, 0, 2))


def move_words(name_of: Callable[[str | None], str], move: Move) -> str:
    """Say how one officer's duty changes."""
    parts = []
    if move.primary_before != move.primary_after:
        parts.append(f"based at {name_of(move.primary_after)} instead of {name_of(move.primary_before)}")
    lost = [name_of(campus) for campus in move.shared_before if campus not in move.shared_after]
    gained = [name_of(campus) for campus in move.shared_after if campus not in move.shared_before]
    parts += [f"no longer shares {', '.join(lost)}"] if lost else []
    parts += [f"shares {', '.join(gained)}"] if gained else []
    return "; ".join(parts)


def _obstacles(names: _Names, obstacles: tuple[Obstacles, ...]) -> Group:
    table = _table("who else could share it", "based at", "min", "what is in the way, as the plan stands")
    table.columns[2].justify = "right"
    for entry in obstacles[:NEAREST]:
        minutes = "-" if entry.minutes is None else f"{entry.minutes:.1f}"
        against = "; ".join(map(plain, entry.obstacles)) or "nothing; the tiers gain nothing by it"
        table.add_row(names.officer(entry.officer), names.campus(entry.primary), minutes, against)
    rest = len(obstacles) - NEAREST
    return Group(table, *([Text(f"and {rest} officers farther away")] if rest > 0 else []))


def _alternatives(base: Base, prices: tuple[Price, ...]) -> Table:
    table = _table("if instead", "what it would cost, tier by tier", "moved")
    table.columns[2].justify = "right"
    for price in prices:
        words = [f"{tier.name} {cost_words(tier)}" for tier in price.tiers if tier.cost]
        proof = "" if price.status == "optimal" else " (not proven)"
        costs = "\n".join(words) + proof if words else "nothing" + proof
        if not price.tiers:
            costs = _verdict(price)
        table.add_row(plain(price.edit.words), costs, str(len(price.moves)) if price.tiers else "")
    return table


def _limit(plan: Plan, name: TierName, limit: int) -> str:
    tier = next(tier for tier in plan.tiers if tier.name == name)
    return f"{'at least' if tier.more_is_better else 'at most'} {amount(tier, limit)} {UNIT_WORDS[tier.unit]}"


def _option(names: _Names, option: Option) -> str:
    if option.primary is None:
        return "uncovered"
    if option.state == "primary":
        return "primary"
    return f"{option.state} from {names.campus(option.primary)}"


def _others(names: _Names, campus: CampusFreedom) -> str:
    others = [_option(names, option) for option in campus.options if option != campus.now]
    return "; ".join(dict.fromkeys(others)) or "primary of another officer"
