"""Parts of a plan solved again, several at once, each a neighbourhood of beats where plan and prices are far apart."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sro_coverage.model.ascent import Bound
from sro_coverage.model.bound import Exclusions, Regrets, Relaxation
from sro_coverage.model.draft import Draft, Ground
from sro_coverage.model.regions import Searched, Wanted
from sro_coverage.model.reoptimise import reoptimise
from sro_coverage.model.split import shared_out
from sro_coverage.model.state import PRIMARY
from sro_coverage.travel import Bools, Floats, Ints

MOST_SITES = 12_000
"""Sites up to which a plan is one program."""

_FIRST_SITES = 150
_MOST_SITES = 600
_WIDE_SITES = 2_400
_WINDOW_S, _SITES_A_WINDOW_S = 4.0, 300
_FIRST_REGION_SITES, _MOST_REGION_SITES, _REGION_SITES_A_WINDOW_S = 250, 420, 65
_GROWTH, _REST = 1.5, 0.05
_MOST_COLUMNS = 120_000


def kept(
    ground: Ground, regrets: Regrets, room: int, excluded: Exclusions, num_ways: int = 0
) -> tuple[Exclusions, bool]:
    """
    Leave out what cannot be part of a better plan, and more if that is still too much for one program.

    Parameters
    ----------
    num_ways
        So many of each kind are kept into each site, those with least regret; 0 for as many as one program takes.

    Returns
    -------
    tuple
        What is left out, and whether a better plan may need it.
    """
    out, stars = regrets.above(room, excluded), ground.stars
    num_sites = len(ground.arrays.posts)
    left = int((~out.shared).sum() + (~out.on_call).sum())
    if num_ways or left > _MOST_COLUMNS * max(num_sites / MOST_SITES, 1):
        most = num_ways or _MOST_COLUMNS // max(min(num_sites, MOST_SITES), 1) // 2
        cheap = np.empty_like(stars.site)
        cheap[ground.field.near] = np.arange(len(stars.site))
        for regret, gone in ((regrets.shared, out.shared), (regrets.on_call, out.on_call)):
            gone[:] = stars.beyond_first(most, gone, regret, cheap)
    return out, left > int((~out.shared).sum() + (~out.on_call).sum())


class Windows:
    """
    Windows over one plan after another.

    Parameters
    ----------
    relaxation, bound
        What each beat costs beyond the prices decides where the windows are.
    excluded
        What they leave out.
    search
        Plans a region: each window is one then, with a share of what is left of the limits. One program if not given.
    """

    def __init__(
        self,
        draft: Draft,
        relaxation: Relaxation,
        bound: Bound,
        excluded: Exclusions,
        search: Callable[[Wanted], Searched] | None = None,
    ) -> None:
        self._relaxation, self._bound, self._out, self._search = relaxation, bound, excluded, search
        self._num_sites = len(draft.state.server)
        is_one_program = self._num_sites <= MOST_SITES
        self._size, self._most = (_FIRST_SITES, _MOST_SITES) if is_one_program else (_MOST_SITES, _WIDE_SITES)
        self._sites_a_second = _SITES_A_WINDOW_S
        if search is not None:
            self._size, self._most = _FIRST_REGION_SITES, _MOST_REGION_SITES
            self._sites_a_second = _REGION_SITES_A_WINDOW_S
        self._visited = np.zeros(self._num_sites, np.bool_)
        self._window_s = _WINDOW_S
        self._rng = np.random.default_rng(0)
        self._order: Floats | None = None

    def next(self, draft: Draft, most_s: float, is_stopped: Callable[[], bool], at_once: int = 1) -> Draft | None:
        """Solve some windows that do not touch; gives a better plan if there is one."""
        beyond = self._beyond_prices(draft)
        time_limit_s = min(most_s, max(self._window_s, self._size / self._sites_a_second))
        chosen: list[Bools] = []
        taken = np.zeros(self._num_sites, np.bool_)
        for _ in range(at_once):
            sites = self._window(draft, beyond, taken)
            if sites.any():
                chosen.append(sites)
                taken |= sites

        shares = [] if self._search is None else self._shares(draft, chosen)

        def solved(number: int) -> Draft | None:
            sites = chosen[number]
            if self._search is None:
                return reoptimise(draft, sites, self._out, time_limit_s, is_stopped=is_stopped).draft
            r, prices = self._relaxation, self._bound.prices
            wanted = Wanted.of(draft, r, sites, shares[number], self._out, prices, time_limit_s)
            return wanted.region.into(draft, self._search(wanted).choice)

        with ThreadPoolExecutor(at_once) as pool:
            found = list(pool.map(solved, range(len(chosen))))
        best = draft
        for plan, sites in zip(found, chosen, strict=True):
            if plan is not None:
                joined = best.taking(plan, sites)
                if joined.is_sound and joined.merit < best.merit:
                    best = joined
        above = np.maximum(beyond, 0)
        if above[~self._visited].sum() <= _REST * above.sum():
            self._visited[:] = False
            self._order = self._rng.random(self._num_sites)  # other windows than before
            if self._size == self._most and self._search is None:
                self._window_s *= _GROWTH
            self._size = min(int(_GROWTH * self._size), self._most)
        return best if best is not draft else None

    def _shares(self, draft: Draft, chosen: list[Bools]) -> list[tuple[Ints, Ints]]:
        """Give each window what its beats have, and its part of what is left."""
        number_of = np.full(self._num_sites, -1)
        for number, sites in enumerate(chosen):
            number_of[sites] = number
        return shared_out(draft, self._relaxation.limits, number_of, len(chosen))

    def _window(self, draft: Draft, beyond: Floats, taken: Bools) -> Bools:
        """
        Give the beats around the site that costs most beyond its prices, of those not yet visited; later around any.

        Where there are no more beats around, the window goes on around the next such site, wherever that is.
        """
        state, stars, arrays = draft.state, draft.ground.stars, draft.ground.arrays
        held_at = np.where(state.server == PRIMARY, 0, draft.base_of)
        open_bases = np.flatnonzero(state.is_open)
        held_at[arrays.base_site[open_bases]] = open_bases
        sites = np.zeros(self._num_sites, np.bool_)
        number = 0
        first = beyond if self._order is None else self._order
        for seed in np.argsort(-np.where(self._visited | taken, -np.inf, first), kind="stable"):
            if sites[seed]:
                continue
            if number >= self._size or self._visited[seed] or taken[seed]:
                break
            queue = deque([seed])
            met = sites | taken
            met[seed] = True
            while queue and number < self._size:
                site = queue.popleft()
                base = held_at[site]
                mine = np.flatnonzero(held_at == base) if base >= 0 else np.asarray([site])
                number += int((~sites[mine]).sum())
                sites[mine] = self._visited[mine] = met[mine] = True
                if base >= 0:
                    around = stars.site[stars.start[base] : stars.start[base + 1]]
                else:
                    into = stars.into[stars.into_start[site] : stars.into_start[site + 1]]
                    around = arrays.base_site[stars.base[into]]
                for other in around[~met[around]]:
                    if not met[other]:
                        met[other] = True
                        queue.append(other)
        return sites

    def _beyond_prices(self, draft: Draft) -> Floats:
        """What each beat costs above what its sites pay, told of its primary; so of each site that nobody covers."""
        r, state, arrays = self._relaxation, draft.state, draft.ground.arrays
        cost = draft.paid(r, r.c_uncovered) - self._bound.prices.site * r.scale
        base_of = draft.base_of
        at = np.where(base_of >= 0, arrays.base_site[base_of], np.arange(self._num_sites))
        cost[state.server == PRIMARY] = 0
        beyond: Floats = np.zeros(self._num_sites)
        np.add.at(beyond, at, cost)
        return beyond
