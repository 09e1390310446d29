"""A problem in components that no arc connects, and what they share: officers, and the limits of held tiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.draft import Draft
from sro_coverage.model.highs import Program
from sro_coverage.model.kernel import SHARED
from sro_coverage.model.state import NOBODY
from sro_coverage.travel import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Use:
    """What parts of a problem, one a row, cost in each tier, and how many officers of each class they need."""

    cost: Ints
    officers: Ints


class Split:
    """
    The components of one plan's problem.

    Parameters
    ----------
    draft
        What it uses connects, even if it is excluded.
    duals
        Prices at which each held tier was bounded, or None.

    Attributes
    ----------
    number, label, size, sites
        Of components; of each site; sites of each.
    is_tight
        Which held tiers each component keeps by itself: they were proven without a price of what components share. So
        no component can cost less in them than it does, and none can cost more. They need no price.
    """

    def __init__(self, draft: Draft, relaxation: Relaxation, duals: list[Prices | None]) -> None:
        self.relaxation, self.ground, self.duals = relaxation, draft.ground, duals
        self.number, self.label = _components(draft, relaxation.excluded)
        self.size = np.bincount(self.label)
        self.sites = np.split(np.argsort(self.label, kind="stable"), np.cumsum(self.size)[:-1])
        self.officers = np.asarray([len(members) for members in draft.ground.arrays.class_officers])
        self.is_tight = self._find_tight()

    def _find_tight(self) -> Bools:
        r = self.relaxation
        tight = np.zeros(len(r.held), np.bool_)
        for number, ((tier, limit), prices) in enumerate(zip(r.held, self.duals, strict=True)):
            if prices is not None and not (prices.held > 0)[~tight[:number]].any():
                found = Relaxation(r.arrays, r.stars, tier, r.held[:number], r.excluded).evaluate(prices)
                tight[number] = found.whole >= limit and not found.officer.any()
        return tight

    def spent(self, draft: Draft) -> Use:
        """Give what each component uses in a plan."""
        return spent(draft, self.label, self.number)

    def choice(
        self,
        row: Ints,
        costs: Floats | Ints,
        needs: Floats | Ints,
        officers: Ints,
        room: Ints,
        box: tuple[Floats, Floats] | None = None,
    ) -> tuple[Program, float, Floats]:
        """
        Give the program that chooses one plan in each row.

        Parameters
        ----------
        costs, needs
            Of each plan: cost in each tier, and officers of each class.
        officers, room
            Of each class, and cost in each held tier, that all chosen plans may come to.
        box
            The lowest and the highest price that each of these may get: what is left is sold for the one, and what
            goes beyond is bought for the other. Where the highest is 0 there is no box.

        Returns
        -------
        tuple
            The program, what a unit of its cost is, and for each limit what its price is to be multiplied by; limits
            that are tight are left out.
        """
        is_open = np.flatnonzero(~self.is_tight)
        use = np.column_stack((needs, costs[:, 1 + is_open])).astype(np.float64)
        most = np.concatenate((officers, room[is_open]))
        sizes = np.maximum(np.abs(use).max(axis=0), 1)
        scale = max(float(np.abs(costs[:, 0]).max()), 1.0)
        one = sparse.csc_array((np.ones(len(row)), (row, np.arange(len(row)))))
        ones = np.ones(one.shape[0])
        low, high = (np.zeros(len(most)),) * 2 if box is None else box
        traded = np.flatnonzero(high > 0)
        trade = sparse.csc_array((np.ones(len(traded)), (traded, np.arange(len(traded)))), (len(most), len(traded)))
        nothing = sparse.csc_array((len(ones), 2 * len(traded)))
        program = Program(
            cost=np.concatenate((costs[:, 0], -(low * sizes)[traded], (high * sizes)[traded])) / scale,
            matrix=sparse.csc_array(
                sparse.vstack(
                    (
                        sparse.hstack((one, nothing)),
                        sparse.hstack((sparse.csc_array((use / sizes).T), trade, -trade)),
                    )
                )
            ),
            low=np.concatenate((ones, np.full(len(most), -np.inf))),
            high=np.concatenate((ones, most / sizes)),
            lower=np.zeros(len(row) + 2 * len(traded)),
            upper=np.concatenate((np.ones(len(row)), np.full(2 * len(traded), np.inf))),
            whole=np.concatenate((np.ones(len(row), np.bool_), np.zeros(2 * len(traded), np.bool_))),
        )
        return program, scale, scale / sizes

    def prices_of(self, row_prices: Floats, scales: Floats) -> tuple[Floats, Floats]:
        """Give the prices of officers, and of held tiers, that the limits of a choice have; they are its last rows."""
        price = np.maximum(-row_prices[-len(scales) :] * scales, 0)
        held = np.zeros(len(self.is_tight))
        held[~self.is_tight] = price[len(self.officers) :]
        return price[: len(self.officers)], held


def spent(draft: Draft, label: Ints, number: int) -> Use:
    """Give what all sites with each label, and their bases, use in a plan."""
    server, way, is_open = draft.state.server, draft.state.way, draft.state.is_open
    field, arrays = draft.ground.field, draft.ground.arrays
    rows = np.where((server == NOBODY)[:, None], field.uncovered, field.primary)
    served = np.flatnonzero(server >= 0)
    spoke, is_shared = server[served], (way[served] == SHARED)[:, None]
    rows[served] = np.where(is_shared, field.shared[spoke], field.on_call[spoke])
    cost = np.zeros((number, rows.shape[1]), np.int64)
    np.add.at(cost, label, rows)
    held = np.flatnonzero(is_open)
    at = label[arrays.base_site[held]]
    np.add.at(cost, at, field.base[held])
    officers = np.zeros((number, len(arrays.class_officers)), np.int64)
    np.add.at(officers, (at, arrays.base_class[held]), 1)
    return Use(cost, officers)


def shared_out(plan: Draft, limits: list[int], parts: Ints, number: int) -> list[tuple[Ints, Ints]]:
    """
    Give parts of a plan all there is: officers of each class, and cost in each held tier.

    Parameters
    ----------
    limits
        As of the relaxation: of the tier that is made small first.
    parts
        Of each site, from 0 on, or -1. What is left, or too much, is shared out by how many sites they have.
    """
    most = np.asarray(limits[1:], np.int64)
    room = np.concatenate((plan.state.spare, most - plan.state.total[1 : 1 + len(most)]))
    use = spent(plan, parts % (number + 1), number + 1)
    taken = np.concatenate((use.officers, use.cost[:, 1 : 1 + len(most)]), axis=1)[:number]
    size = np.bincount(parts[parts >= 0], minlength=number)
    share = np.cumsum(np.outer(size / max(size.sum(), 1), room), axis=0)
    taken += np.diff(np.floor(share + 0.5), axis=0, prepend=0).astype(np.int64)
    officers, cost = np.split(taken, [use.officers.shape[1]], axis=1)
    return list(zip(np.maximum(officers, 0), cost, strict=True))


def _components(draft: Draft, excluded: Exclusions) -> tuple[int, Ints]:
    """
    Find the components that no arc connects.

    Parameters
    ----------
    draft
        What it uses connects, even if it is excluded.

    Returns
    -------
    tuple
        Their number, and for each site that of its component.
    """
    stars, server = draft.ground.stars, draft.state.server
    linked = ~(excluded.shared & excluded.on_call)
    linked[server[server >= 0]] = True
    at = draft.ground.arrays.base_site[stars.base[linked]]
    graph = sparse.coo_array((np.ones(len(at), np.int8), (at, stars.site[linked])), shape=(len(server), len(server)))
    number, label = connected_components(graph, directed=False)
    return int(number), label.astype(np.int64)


def together(order: Ints, size: Ints, about: int) -> list[Ints]:
    """Put components together, in an order, until there are about so many sites; all but the larger ones alike."""
    small = int(size[order][size[order] < about].sum())
    enough = small / max(round(small / about), 1)
    batches: list[list[int]] = []
    number = enough
    for label in order:
        if number >= enough:
            batches.append([])
            number = 0
        batches[-1].append(int(label))
        number += size[label]
    return [np.asarray(batch) for batch in batches]
