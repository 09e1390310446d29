"""From a problem and its travel times to arrays: the one place where the rules of the model stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from sro_coverage.model.arrays import Arrays, NamedOfficer, Options, PresentDuty, TierArrays
from sro_coverage.problem import PEAKS_A_WEEK, Assignment, Officer, Problem, Site, State, TierName
from sro_coverage.travel import Bools, Ints, TravelTimes, limit_seconds, straight_line_from

SECONDS_AN_HOUR = 3600
COVERED: tuple[State, ...] = ("primary", "shared")
SERVED: tuple[State, ...] = ("primary", "shared", "on-call")
NOTHING = np.empty(0, np.int64)


def compile_arrays(problem: Problem, times: TravelTimes) -> Arrays:
    """
    Compile a problem.

    Parameters
    ----------
    times
        Travel times between ``problem.sites``, in that order.
    """
    classes = _officer_classes(problem)
    bases = _bases(problem, classes)
    arcs = _arcs(problem, times, classes, bases)
    base_class, base_site, base_twin, caps = bases
    arc_base, arc_site, arc_is_shared, drive, seconds, on_call = arcs
    enrollment = _column(site.enrollment for site in problem.sites)
    peaks = _column(site.rule.peaks_per_week for site in problem.sites)
    may_be_uncovered = np.ones(len(problem.sites), dtype=np.bool_)
    for forbid in problem.forbids:
        if forbid.state == "uncovered":
            may_be_uncovered[problem.site_of[forbid.campus]] = False
    arrays = Arrays(
        class_officers=classes,
        posts=_column(site.rule.posts for site in problem.sites),
        base_class=base_class,
        base_site=base_site,
        base_twin=base_twin,
        cap_seconds=caps[0],
        cap_peaks=caps[1],
        cap_students=caps[2],
        cap_count=caps[3],
        arc_base=arc_base,
        arc_site=arc_site,
        arc_is_shared=arc_is_shared,
        arc_seconds=np.where(arc_is_shared, seconds, 0),
        arc_peaks=np.where(arc_is_shared, peaks[arc_site], 0),
        arc_students=np.where(arc_is_shared, enrollment[arc_site], 0),
        may_be_uncovered=may_be_uncovered,
        pins=(),
        named=(),
        tiers=(),
    )
    trips = np.where(arc_is_shared, drive, on_call)
    alike = {problem.officers[member].id for members in classes if len(members) > 1 for member in members}
    return _with(
        arrays,
        pins=tuple(_options(problem, arrays, pin, COVERED) for pin in problem.pins if pin.officer not in alike),
        named=tuple(_named(problem, arrays)),
        tiers=tuple(_tier(problem, arrays, name, trips) for name in problem.order),
    )


def _with(arrays: Arrays, **parts: object) -> Arrays:
    return Arrays(**{**vars(arrays), **parts})


def _column(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _officer_classes(problem: Problem) -> tuple[tuple[int, ...], ...]:
    """Officers that nothing but their name tells apart; where continuity is asked, the present duty does."""
    hidden = {"id", "name"} if "continuity" in problem.order else {"id", "name", "primary", "shared"}
    classes: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, officer in enumerate(problem.officers):
        traits = officer.model_dump(exclude=hidden)
        classes[tuple(tuple(sorted(v)) if isinstance(v, tuple) else v for v in traits.values())].append(index)
    return tuple(tuple(indices) for indices in classes.values())


def _bases(problem: Problem, classes: tuple[tuple[int, ...], ...]) -> tuple[Ints, Ints, Ints, Ints]:
    """Every post that every class may hold, with what is left of the week for shared campuses."""
    rows: list[tuple[int, int, int]] = []
    caps: list[tuple[int, int, int, int]] = []
    everybody = sum(site.enrollment for site in problem.sites)
    for number, members in enumerate(classes):
        officer = problem.officers[members[0]]
        field_s = round(problem.field_hours(officer) * SECONDS_AN_HOUR)
        max_students = problem.limit(officer, "max_students") or everybody
        near_home, alone = _near_home(problem, officer), _only(problem, members)
        for index, site in enumerate(problem.sites):
            left_s = field_s - round(problem.floor_hours(officer, site) * SECONDS_AN_HOUR)
            if (
                "primary" not in site.rule.states
                or not near_home[index]
                or left_s < 0
                or site.enrollment > max_students
                or not is_eligible(officer, site)
                or _is_forbidden(problem, alone, index, "primary")
            ):
                continue
            cap = (
                left_s,
                PEAKS_A_WEEK - problem.policy.primary_peaks,
                max_students - site.enrollment,
                int(problem.limit(officer, "max_shared")),
            )
            for post in range(min(site.rule.posts, len(members))):
                rows.append((number, index, len(rows) - 1 if post else -1))
                caps.append(cap)
    # In rows of their own, as those of a part of a problem are: kernels would be compiled again for strides.
    columns = np.ascontiguousarray(np.asarray(rows, dtype=np.int64).reshape(-1, 3).T)
    return columns[0], columns[1], columns[2], np.ascontiguousarray(np.asarray(caps, dtype=np.int64).reshape(-1, 4).T)


def _near_home(problem: Problem, officer: Officer) -> Bools:
    """Sites inside the officer's commute limit."""
    limit = officer.max_commute_min
    if limit is None or officer.home_lat is None or officer.home_lon is None:
        return np.ones(len(problem.sites), dtype=np.bool_)
    points = [(site.lead.lat or 0.0, site.lead.lon or 0.0) for site in problem.sites]
    return straight_line_from((officer.home_lat, officer.home_lon), points, problem.commute) <= limit_seconds(limit)


def is_eligible(officer: Officer, site: Site) -> bool:
    """Whether the officer's levels and exclusions let them be based at, or share, a site."""
    return not any(
        campus.id in officer.excluded or (officer.levels and campus.level not in officer.levels)
        for campus in site.campuses
    )


def _only(problem: Problem, members: tuple[int, ...]) -> str | None:
    """Give the id of the one officer of a class, who needs no telling apart."""
    return problem.officers[members[0]].id if len(members) == 1 else None


def _is_forbidden(problem: Problem, alone: str | None, index: int, state: str) -> bool:
    return any(
        problem.site_of[forbid.campus] == index and forbid.officer in (None, alone) and forbid.state in (None, state)
        for forbid in problem.forbids
    )


def _arcs(
    problem: Problem,
    times: TravelTimes,
    classes: tuple[tuple[int, ...], ...],
    bases: tuple[Ints, Ints, Ints, Ints],
) -> tuple[Ints, Ints, Bools, Ints, Ints, Ints]:
    """
    Every allowed shared and on-call arc, by base.

    Returns
    -------
    base, site, is_shared, weekly drive in seconds if shared, that plus presence, expected on-call
    drive in seconds.
    """
    base_class, base_site, base_twin, caps = bases
    visits = np.asarray([site.rule.visits_per_week for site in problem.sites])
    presence = np.asarray([site.rule.presence_hours * SECONDS_AN_HOUR for site in problem.sites])
    peaks = _column(site.rule.peaks_per_week for site in problem.sites)
    enrollment = _column(site.enrollment for site in problem.sites)
    on_call_limit = limit_seconds(problem.policy.on_call_min)
    masks = [_role_masks(problem, problem.officers[members[0]], _only(problem, members)) for members in classes]
    has_named = [_is_named(problem, members) for members in classes]
    shared_limits = [
        limit_seconds(problem.limit(problem.officers[members[0]], "max_travel_min")) for members in classes
    ]
    parts: list[tuple[Ints, ...]] = []
    for base, (number, origin) in enumerate(zip(base_class, base_site, strict=True)):
        row = times.row(int(origin))
        to, out_s = times.destination[row], times.out_s[row]
        round_trip = out_s + times.back_s[row]
        drive = np.rint(visits[to] * round_trip).astype(np.int64)
        seconds = drive + np.rint(presence[to]).astype(np.int64)
        on_call = np.rint(problem.policy.on_call_trips_per_week * round_trip).astype(np.int64)
        can_share, can_call = masks[number]
        fits = (seconds <= caps[0, base]) & (peaks[to] <= caps[1, base]) & (enrollment[to] <= caps[2, base])
        shared = can_share[to] & fits & (caps[3, base] > 0) & (out_s <= shared_limits[number])
        called = can_call[to] & (out_s <= on_call_limit) & (base_twin[base] < 0 or has_named[number])
        for kind, keep in ((1, shared), (0, called)):
            size = int(keep.sum())
            parts.append(
                (
                    np.full(size, base),
                    to[keep],
                    np.full(size, kind),
                    drive[keep],
                    seconds[keep],
                    on_call[keep],
                )
            )
    columns = [np.concatenate(column) if parts else np.empty(0, np.int64) for column in zip(*parts, strict=True)] or [
        np.empty(0, np.int64)
    ] * 6
    return columns[0], columns[1], columns[2].astype(np.bool_), columns[3], columns[4], columns[5]


def _role_masks(problem: Problem, officer: Officer, alone: str | None) -> tuple[Bools, Bools]:
    """Which sites the officer may share, and which may call the officer."""
    share = [
        "shared" in site.rule.states
        and is_eligible(officer, site)
        and not _is_forbidden(problem, alone, index, "shared")
        for index, site in enumerate(problem.sites)
    ]
    call = [
        "on-call" in site.rule.states
        and not any(campus.id in officer.excluded for campus in site.campuses)
        and not _is_forbidden(problem, alone, index, "on-call")
        for index, site in enumerate(problem.sites)
    ]
    return np.asarray(share, dtype=np.bool_), np.asarray(call, dtype=np.bool_)


def _options(problem: Problem, arrays: Arrays, rule: Assignment, any_role: tuple[State, ...]) -> Options:
    """What would fulfil a pin or break a forbid; `any_role` is what a rule without a state means."""
    index = problem.site_of[rule.campus]
    states = (rule.state,) if rule.state else any_role
    of_class = np.asarray(
        [
            rule.officer is None or any(rule.officer == problem.officers[member].id for member in members)
            for members in arrays.class_officers
        ]
    )
    is_asked = np.where(arrays.arc_is_shared, "shared" in states, "on-call" in states)
    bases = (arrays.base_site == index) & of_class[arrays.base_class] & ("primary" in states)
    arcs = (arrays.arc_site == index) & of_class[arrays.base_class[arrays.arc_base]] & is_asked
    return Options(
        bases=np.flatnonzero(bases),
        arcs=np.flatnonzero(arcs),
        uncovered=np.asarray([index] if rule.state == "uncovered" else [], np.int64),
    )


def _is_named(problem: Problem, members: tuple[int, ...]) -> bool:
    """Whether a rule tells one of several officers who are alike from the others."""
    ids = {problem.officers[member].id for member in members}
    return len(members) > 1 and any(rule.officer in ids for rule in (*problem.pins, *problem.forbids))


def _named(problem: Problem, arrays: Arrays) -> Iterator[NamedOfficer]:
    """Rules for one of several officers who are alike."""
    for number, members in enumerate(arrays.class_officers):
        for member in members if len(members) > 1 else ():
            own = problem.officers[member].id
            pins = [_options(problem, arrays, pin, COVERED) for pin in problem.pins if pin.officer == own]
            forbids = [_options(problem, arrays, rule, SERVED) for rule in problem.forbids if rule.officer == own]
            if pins or forbids:
                yield NamedOfficer(
                    officer=member,
                    number=number,
                    pins=tuple(pins),
                    forbid_bases=np.concatenate([rule.bases for rule in forbids] or [NOTHING]),
                    forbid_arcs=np.concatenate([rule.arcs for rule in forbids] or [NOTHING]),
                )


def _tier(problem: Problem, arrays: Arrays, name: TierName, trips: Ints) -> TierArrays:
    """One tier's costs; the units are students, seconds a week and student-seconds a week."""
    demand = _column(site.demand for site in problem.sites)
    shared = arrays.arc_is_shared
    nothing = np.zeros(len(demand), np.int64)
    no_base = np.zeros(len(arrays.base_site), np.int64)
    no_arc = np.zeros(len(arrays.arc_site), np.int64)
    base_demand = demand[arrays.base_site]
    match name:
        case "coverage":
            return TierArrays(name, 1, 0, nothing, no_base, np.where(shared, 0, demand[arrays.arc_site]), demand)
        case "primary":
            return TierArrays(name, -1, 0, -demand, no_base, no_arc, nothing)
        case "reach":
            return TierArrays(name, 1, 0, nothing, no_base, no_arc, demand)
        case "travel":
            return TierArrays(name, 1, 0, nothing, no_base, trips, nothing)
        case "visibility":
            spent = base_demand[arrays.arc_base] * arrays.arc_seconds
            return TierArrays(name, -1, 0, nothing, -base_demand * arrays.cap_seconds, spent, nothing)
        case "continuity":
            return _continuity(problem, arrays, demand)
        case "balance":
            loads = np.where(shared, demand[arrays.arc_site], 0)
            return TierArrays(name, 1, 0, nothing, base_demand, loads, nothing, bottleneck=True)
        case "moves":
            present = sum(officer.primary is not None for officer in problem.officers)
            duties = tuple(_present_duties(problem, arrays))
            return TierArrays(name, 1, present, nothing, no_base, no_arc, nothing, duties=duties)


def _continuity(problem: Problem, arrays: Arrays, demand: Ints) -> TierArrays:
    """Students once for each of their present officers who no longer covers them."""
    stays = np.zeros((len(arrays.class_officers), len(demand)), np.int64)
    constant = 0
    for number, members in enumerate(arrays.class_officers):
        present = current_sites(problem, problem.officers[members[0]])
        stays[number, present] = demand[present]
        constant += len(members) * int(stays[number].sum())
    kept = stays[arrays.base_class[arrays.arc_base], arrays.arc_site]
    return TierArrays(
        "continuity",
        1,
        constant,
        np.zeros(len(demand), np.int64),
        -stays[arrays.base_class, arrays.base_site],
        np.where(arrays.arc_is_shared, -kept, 0),
        np.zeros(len(demand), np.int64),
    )


def _present_duties(problem: Problem, arrays: Arrays) -> Iterator[PresentDuty]:
    """Every base at which an officer could do what they do today."""
    for number, members in enumerate(arrays.class_officers):
        for member in members:
            duty = present_duty(problem, problem.officers[member])
            if duty is None:
                continue
            primary, shared = duty
            for base in np.flatnonzero((arrays.base_class == number) & (arrays.base_site == primary)):
                arcs = np.flatnonzero((arrays.arc_base == base) & arrays.arc_is_shared)
                arcs = arcs[np.isin(arrays.arc_site[arcs], list(shared))]
                if len(arcs) == len(shared):
                    yield PresentDuty(member, int(base), arcs)


def present_duty(problem: Problem, officer: Officer) -> tuple[int, set[int]] | None:
    """Give the sites that an officer is based at and shares today, as far as they are planned."""
    if officer.primary is None or officer.primary not in problem.site_of:
        return None
    primary = problem.site_of[officer.primary]
    return primary, {problem.site_of[campus_id] for campus_id in officer.shared if campus_id in problem.site_of} - {
        primary
    }


def current_sites(problem: Problem, officer: Officer) -> list[int]:
    """Positions of the planned sites that an officer covers in the current plan."""
    ids = (officer.primary, *officer.shared)
    return sorted({problem.site_of[campus_id] for campus_id in ids if campus_id in problem.site_of})
