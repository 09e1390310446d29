"""A whole plan that the compiled search can change, and its way to and from a choice."""

from __future__ import annotations

import numpy as np

from sro_coverage.model import exchange, kernel, reassign
from sro_coverage.model.arrays import Arrays, Choice, TierArrays
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.kernel import ON_CALL, SHARED
from sro_coverage.model.stars import Stars
from sro_coverage.model.state import NOBODY, PRIMARY, Field, State, excess, link
from sro_coverage.travel import Bools, Floats, Ints

_MOST_WAYS = 24


class Ground:
    """
    What every draft of one tier stands on.

    Parameters
    ----------
    tier, held
        What is made small, and what must not pass its limit.
    """

    def __init__(
        self, arrays: Arrays, stars: Stars, tier: TierArrays, held: list[tuple[TierArrays, int]], excluded: Exclusions
    ) -> None:
        self.arrays, self.stars, self.tier, self.held = arrays, stars, tier, held
        sums = [(other, limit) for other, limit in held if other.is_sum]
        tiers = [tier, *(other for other, _ in sums)]
        # Last comes the number of sites without the service that a rule demands: none is the limit.
        must = Exclusions.of_rules(arrays, stars).uncovered.astype(np.int64)
        nothing = np.zeros(len(arrays.posts), np.int64)
        shared, on_call = (
            np.column_stack(
                [*(np.where(arcs >= 0, t.arc_cost[arcs], 0) if len(arrays.arc_site) else arcs for t in tiers), 0 * arcs]
            )
            for arcs in (stars.shared, stars.on_call)
        )
        never = np.iinfo(np.int64).max
        cheapest = np.minimum(
            np.where(stars.shared >= 0, shared[:, 0], never), np.where(stars.on_call >= 0, on_call[:, 0], never)
        )
        base_at = np.full((len(arrays.class_officers), len(arrays.posts)), -1)
        first = np.flatnonzero(arrays.base_twin < 0)
        base_at[arrays.base_class[first], arrays.base_site[first]] = first
        sizes = [
            np.abs(t.uncovered_cost).sum() + np.abs(t.primary_cost).sum() + np.abs(t.base_cost).sum()
            or np.abs(t.arc_cost).sum() / 10
            for t in tiers
        ]
        self.field = Field(
            start=stars.start,
            spoke_site=stars.site,
            spoke_base=stars.base,
            use=stars.use,
            cap=stars.cap,
            into_start=stars.into_start,
            into=stars.into,
            near=np.lexsort((np.arange(len(stars.site)) - stars.start[stars.base], cheapest, stars.site)),
            has_shared=~excluded.shared,
            has_on_call=~excluded.on_call,
            shared=shared,
            on_call=on_call,
            uncovered=np.column_stack([*(t.uncovered_cost for t in tiers), must]),
            primary=np.column_stack([*(t.primary_cost for t in tiers), nothing]),
            base=np.column_stack([*(t.base_cost for t in tiers), np.zeros_like(arrays.base_site)]),
            base_site=arrays.base_site,
            base_class=arrays.base_class,
            base_at=base_at,
            posts=arrays.posts,
            allowed=~excluded.base,
            limit=np.asarray([0, *(limit for _, limit in sums), 0], np.int64),
            unit=np.asarray([*(len(arrays.posts) / max(size, 1) for size in sizes), 100.0]),
        )
        self.every_site = np.arange(len(arrays.posts))


class Draft:
    """A plan being changed; `server`, `way` and `is_open` as in `State`."""

    def __init__(self, ground: Ground, server: Ints, way: Ints, is_open: Bools) -> None:
        self.ground = ground
        stars, arrays, field = ground.stars, ground.arrays, ground.field
        left = stars.cap.copy()
        served = np.flatnonzero(server >= 0)
        shared = served[way[served] == SHARED]
        called = served[way[served] == ON_CALL]
        np.subtract.at(left, stars.base[server[shared]], stars.use[server[shared]])
        total = (
            field.shared[server[shared]].sum(axis=0)
            + field.on_call[server[called]].sum(axis=0)
            + field.uncovered[server == NOBODY].sum(axis=0)
            + field.primary[server == PRIMARY].sum(axis=0)
            + field.base[is_open].sum(axis=0)
        )
        officers = np.asarray([len(members) for members in arrays.class_officers])
        num_sites = len(server)
        self.state = State(
            server=server,
            way=way,
            is_open=is_open,
            left=left,
            total=total,
            spare=officers - np.bincount(arrays.base_class[is_open], minlength=len(officers)),
            head=np.full(len(is_open), -1),
            after=np.full(num_sites, -1),
            before=np.full(num_sites, -1),
            log=np.zeros((8 * num_sites + 4 * len(is_open) + 8, 3), np.int64),
            log_size=np.full(1, -1),
        )
        link(field, self.state)

    @staticmethod
    def of_choice(ground: Ground, choice: Choice) -> Draft:
        """Take over a plan."""
        arrays, stars = ground.arrays, ground.stars
        server = np.full(len(arrays.posts), NOBODY)
        way = np.zeros(len(arrays.posts), np.int64)
        server[choice.primary(arrays)] = PRIMARY
        for arcs, kind in ((stars.shared, SHARED), (stars.on_call, ON_CALL)):
            used = np.flatnonzero((arcs >= 0) & choice.arc[arcs]) if len(choice.arc) else np.empty(0, np.int64)
            server[stars.site[used]], way[stars.site[used]] = used, kind
        return Draft(ground, server, way, choice.base.copy())

    @staticmethod
    def of_bases(ground: Ground, bases: Ints) -> Draft:
        """Base officers at given bases and serve each site from the cheapest that has room."""
        arrays = ground.arrays
        is_open = np.zeros(len(arrays.base_site), np.bool_)
        is_open[bases] = True
        server = np.full(len(arrays.posts), NOBODY)
        server[arrays.base_site[is_open]] = PRIMARY
        draft = Draft(ground, server, np.zeros_like(server), is_open)
        draft.improve()
        return draft

    @staticmethod
    def of_shares(ground: Ground, shares: Floats) -> Draft:
        """Base officers where shares of bases add up to one, as the averaged relaxed answers give them."""
        officers = np.asarray([len(members) for members in ground.arrays.class_officers])
        return Draft.of_bases(ground, exchange.round_bases(ground.field, shares.copy(), officers))

    def choice(self) -> Choice:
        """Give the plan as truth values."""
        arrays, stars, state = self.ground.arrays, self.ground.stars, self.state
        arc = np.zeros(len(arrays.arc_site), np.bool_)
        served = np.flatnonzero(state.server >= 0)
        spokes = state.server[served]
        arc[np.where(state.way[served] == SHARED, stars.shared[spokes], stars.on_call[spokes])] = True
        return Choice(state.is_open.copy(), arc)

    def copy(self) -> Draft:
        """Give a draft that can be changed apart from this one."""
        state = self.state
        return Draft(self.ground, state.server.copy(), state.way.copy(), state.is_open.copy())

    def taking(self, other: Draft, sites: Bools) -> Draft:
        """Give this plan with what another one does among some sites, which no beat of both goes beyond."""
        mine, theirs = self.state, other.state
        based = sites[self.ground.arrays.base_site]
        return Draft(
            self.ground,
            np.where(sites, theirs.server, mine.server),
            np.where(sites, theirs.way, mine.way),
            np.where(based, theirs.is_open, mine.is_open),
        )

    def paid(self, relaxation: Relaxation, uncovered: Ints) -> Ints:
        """Give what each site's service costs at the weights of the relaxation, or what leaving it uncovered does."""
        state, r = self.state, relaxation
        cost = uncovered.copy()
        served = np.flatnonzero(state.server >= 0)
        spoke = state.server[served]
        cost[served] = np.where(state.way[served] == SHARED, r.c_shared[spoke], r.c_on_call[spoke])
        return cost

    @property
    def is_sound(self) -> bool:
        """Whether no class has more beats than officers."""
        return bool((self.state.spare >= 0).all())

    @property
    def excess(self) -> float:
        """How far it is above the limits; 0 if it keeps all."""
        return float(
            excess(self.ground.field.limit, self.ground.field.unit, self.state.total, np.zeros_like(self.state.total))
        )

    @property
    def cost(self) -> int:
        """Cost in the tier that is made small."""
        return int(self.state.total[0])

    @property
    def merit(self) -> tuple[float, int]:
        """What is compared: first the excess, then the cost."""
        return (round(self.excess, 6), self.cost)

    @property
    def base_of(self) -> Ints:
        """The base that serves each site, or -1; a primary's own base is not told."""
        server = self.state.server
        base = np.full(len(server), -1)
        base[server >= 0] = self.ground.stars.base[server[server >= 0]]
        return base

    def improve(self, sites: Ints | None = None, *, most: int = _MOST_WAYS, max_rounds: int = 50) -> int:
        """Reassign sites as long as it helps; gives the number of moves."""
        sites = self.ground.every_site if sites is None else sites
        return int(reassign.improve(self.ground.field, self.state, sites, most, max_rounds))

    def exchange(
        self,
        rate: Floats,
        bases: Ints,
        *,
        weak: Ints | None = None,
        num_near: int = 6,
        most: int = _MOST_WAYS,
        patience: float = 3.0,
    ) -> int:
        """Try to base officers elsewhere; gives the number of exchanges. See `chain` for `rate`."""
        weak = np.empty(0, np.int64) if weak is None else weak
        weights = self._weights(rate)
        return int(exchange.exchange(self.ground.field, self.state, weights, bases, weak, num_near, most, patience))

    def chain(self, rate: Floats, sites: Ints | None = None, *, most: int = 64, max_steps: int = 200) -> int:
        """
        Move sites in chains over several bases; gives the number of chains.

        Parameters
        ----------
        rate
            What a unit of each held tier is worth in the first tier.
        """
        sites = self.ground.every_site if sites is None else sites
        return int(reassign.chain(self.ground.field, self.state, self._weights(rate), sites, most, max_steps))

    def replace(self, new: int, old: int, rate: Floats) -> None:
        """Base an officer at `new` instead of `old`, whatever it costs."""
        field, state, arrays = self.ground.field, self.state, self.ground.arrays
        posts = arrays.posts[arrays.base_site[[new, old]]]
        is_primary = state.server[arrays.base_site[new]] == PRIMARY
        if arrays.base_class[new] == arrays.base_class[old] and (posts == 1).all() and not is_primary:
            exchange.move(field, state, self._weights(rate), new, old, _MOST_WAYS)

    def _weights(self, rate: Floats) -> tuple[Floats, ...]:
        f = self.ground.field
        rates = np.concatenate(([1.0], rate, [1e12]))
        return tuple(reassign.weigh(costs, rates) for costs in (f.shared, f.on_call, f.uncovered))

    def weakest(self, number: int) -> Ints:
        """Give the bases that are missed least, the least first."""
        bases = np.flatnonzero(self.state.is_open)
        return bases[np.argsort(self.losses(bases), kind="stable")[:number]]

    def losses(self, bases: Ints, *, most: int = _MOST_WAYS) -> Floats:
        """Find what it costs to give up each of some bases and serve its sites anew."""
        loss = np.empty(len(bases))
        exchange.closing(self.ground.field, self.state, bases, most, loss)
        return loss

    def close(self, bases: Ints, rate: Floats) -> None:
        """Leave nobody at some bases and serve their sites anew, whatever it costs."""
        weights = self._weights(rate)
        for base in bases:
            exchange.move(self.ground.field, self.state, weights, -1, int(base), _MOST_WAYS)

    def give_up(self, *, most: int = _MOST_WAYS) -> int:
        """Leave no officer at a base that is not missed; gives the number of officers who are free then."""
        bases = np.flatnonzero(self.state.is_open)
        return int(exchange.give_up(self.ground.field, self.state, bases, most))

    def wanted(self, relaxation: Relaxation, prices: Prices) -> Ints:
        """Give the bases that are not held, the one first that would save most with things as they are."""
        g, state, r = self.ground, self.state, relaxation
        most = np.rint(2 * np.abs(prices.site) * r.scale).astype(np.int64)
        cost = self.paid(r, np.minimum(r.c_uncovered, np.maximum(most, 0)))
        cost = np.minimum(cost, kernel.NEVER // max(len(cost), 1))  # of ways excluded by now; they are added up
        cost[state.server == PRIMARY] = -kernel.NEVER
        gain: Ints = r.gains(cost) + cost[g.arrays.base_site] - r.c_primary[g.arrays.base_site] - r.c_base
        gain[state.is_open] = -kernel.NEVER
        order: Ints = np.argsort(-gain, kind="stable")[: int((gain > 0).sum())]
        return order
