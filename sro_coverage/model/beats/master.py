"""The linear program over the beats met so far, and the exact bound that its prices make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from sro_coverage.model.beats.cuts import Cut, Cuts
from sro_coverage.model.beats.found import find_beats
from sro_coverage.model.beats.pool import Beats, Pool, Rows, entries_of_calls, entries_of_cuts
from sro_coverage.model.bound import Prices, Relaxation, exact_sum
from sro_coverage.travel import Floats, Ints

_INFINITE = highspy.kHighsInf
_BOX = 0.3
_FAR = 20.0
_NODES, _FEW_NODES = 1_000_000, 10_000
_ANY = 2**61
_NOTHING, _FARTHEST = 1e-6, 1e6
_USED = 1e-7
_TOWARDS = (0.5, 1.0)
_TRIES, _FIRST_ROOM = 20, 1e-4
_DUAL, _PRIMAL = 1, 4
_SPARE_CUTS = 30
_CALLS_OF_A_SITE = 3
_CHEAP, _NEAR, _LIGHT, _TIES_A_SITE = 0.05, 3, 0.02, 2  # of what a site costs; of that; of a beat


@dataclass(frozen=True, eq=False)
class Priced:
    """
    Beats and a bound, at one set of prices.

    Parameters
    ----------
    beats
        The cheapest of each base, if it costs less than nothing; or all below a limit.
    values
        What each of them costs beyond the prices, in units.
    units, scale
        No plan costs less than ``units / scale``; exact.
    bound, whole
        The same as a float and rounded up, with the best price of an officer.
    wanted
        Bases with a beat that costs less than nothing.
    price
        Of each site, in units.
    is_cut
        Whether not all beats were found.
    """

    beats: Beats
    values: Ints
    units: int
    scale: int
    bound: float
    whole: int
    wanted: Ints
    price: Ints
    is_cut: bool


class Master:
    """
    The linear program.

    Parameters
    ----------
    threads
        So many search beats at once.
    best
        Of the same prices, if known.

    Attributes
    ----------
    best, row_prices
        The best bound, and the prices of the rows of `Rows` and of the cuts at which it is found.
    value, shares, extra
        Of the last linear program: its value, of every beat the share that is held and what it costs beyond prices.
    is_missing
        Whether some site has no state in it.
    """

    def __init__(
        self, relaxation: Relaxation, prices: Prices, cuts: Cuts, *, threads: int = 1, best: Priced | None = None
    ) -> None:
        self.relaxation, self.cuts, self.threads = relaxation, cuts, threads
        self.rows = rows = Rows(relaxation)
        stars, excluded = relaxation.stars, relaxation.excluded
        self.bases = np.flatnonzero(~excluded.base)
        self.pool = Pool()
        self.calls = np.empty(0, np.int64)
        self._is_called = np.zeros(len(stars.site), np.bool_)
        self._is_held = np.zeros(rows.num_sites, np.bool_)
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        for low, high in zip(rows.low, rows.high, strict=True):
            self._highs.addRow(low, high, 0, np.empty(0, np.int32), np.empty(0))
        self._num_rows, self._num_columns = rows.number, 0
        self._row_of_cut = np.empty(0, np.int64)
        self._answered = np.empty(0)  # prices of cuts in the last answer
        self._row_of_call = self._column_of_call = np.empty(0, np.int64)
        self._column_of_beat = np.empty(0, np.int64)
        one = np.ones(rows.num_sites)
        site = np.arange(rows.num_sites)
        far = _FAR * max(float(np.abs(prices.site).max(initial=0)), 1e-6)
        self._far_cost, self._far = far, self._add(np.full(rows.num_sites, far), (site, site, one))
        free = np.flatnonzero(~excluded.uncovered)
        costs = relaxation.costs.uncovered[:, free]
        held = rows.held(costs)
        self._add(
            costs[0].astype(np.float64),
            (
                np.append(free, held[0]),
                np.append(np.arange(len(free)), held[1]),
                np.append(np.ones(len(free)), held[2]),
            ),
        )
        nothing = np.zeros(rows.num_sites)
        self._above = self._add(nothing, (site, site, one))
        self._below = self._add(nothing, (site, site, -one))
        self._step = _BOX * max(float(np.abs(prices.site).mean()), 1e-6) if len(site) else 0.0
        self.row_prices = np.concatenate((prices.site, -prices.officer, -prices.held * rows.units))
        self.best = best or self.price()
        self.value, self.is_missing = np.inf, True
        self.shares = self.extra = np.empty(0)

    def _add(self, cost: Floats, entries: tuple[Ints, Ints, Floats]) -> Ints:
        """Add columns, given by row, column and value; gives their numbers."""
        number = len(cost)
        row, column, value = entries
        matrix = sparse.csc_array((value, (row, column)), shape=(self._num_rows, number))
        self._highs.addCols(
            number, cost / self.rows.unit, np.zeros(number), np.full(number, _INFINITE), matrix.nnz,
            matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32), matrix.data.astype(np.float64),
        )  # fmt: skip
        self._num_columns += number
        return np.arange(self._num_columns - number, self._num_columns)

    def _add_rows(self, high: Floats, entries: tuple[Ints, Ints, Floats]) -> Ints:
        """Add rows `... <= high`, given by row, column and value; gives their numbers."""
        number = len(high)
        row, column, value = entries
        matrix = sparse.csr_array((value, (row, column)), shape=(number, self._num_columns))
        self._highs.addRows(
            number, np.full(number, -_INFINITE), high, matrix.nnz,
            matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32), matrix.data.astype(np.float64),
        )  # fmt: skip
        self._num_rows += number
        return np.arange(self._num_rows - number, self._num_rows)

    def add_beats(self, found: Beats) -> int:
        """Add those that are new; gives their number."""
        new = self.pool.new(found)
        if not len(new):
            return 0
        relaxation = self.relaxation
        costs = new.costs(relaxation)
        row, column, value = self.rows.of_beats(relaxation, new, costs)
        beat, cut, times = entries_of_cuts(relaxation, new, self.cuts)
        call, answering = entries_of_calls(relaxation, new, self.calls)
        columns = self._add(
            costs[0].astype(np.float64),
            (
                np.concatenate((row, self._row_of_cut[cut], self._row_of_call[call])),
                np.concatenate((column, beat, answering)),
                np.concatenate((value, times, np.full(len(call), -1.0))),
            ),
        )
        self._column_of_beat = np.append(self._column_of_beat, columns)
        return len(new)

    def add_calls(self, spokes: Ints) -> int:
        """Let sites call; an officer answers only where based. Gives the number of new ones."""
        new = np.unique(spokes[~self._is_called[spokes]])
        if not len(new):
            return 0
        self._is_called[new] = True
        relaxation, rows = self.relaxation, self.rows
        call, beat = entries_of_calls(relaxation, self.pool.beats, new)
        answers = (call, self._column_of_beat[beat], np.full(len(call), -1.0))
        numbers = self._add_rows(np.zeros(len(new)), answers)
        costs = relaxation.costs.on_call[:, new]
        held = rows.held(costs)
        every = np.arange(len(new))
        columns = self._add(
            costs[0].astype(np.float64),
            (
                np.concatenate((relaxation.stars.site[new], numbers, held[0])),
                np.concatenate((every, every, held[1])),
                np.concatenate((np.ones(2 * len(new)), held[2])),
            ),
        )
        self.calls = np.append(self.calls, new)
        self._row_of_call = np.append(self._row_of_call, numbers)
        self._column_of_call = np.append(self._column_of_call, columns)
        return len(new)

    def add_cuts(self, cuts: list[Cut]) -> None:
        """Add cuts."""
        first = len(self.cuts)
        self.cuts.add(cuts)
        beat, cut, times = entries_of_cuts(self.relaxation, self.pool.beats, self.cuts, first)
        entries = (cut - first, self._column_of_beat[beat], times.astype(np.float64))
        most = self.cuts.most[first:].astype(np.float64)
        self._row_of_cut = np.append(self._row_of_cut, self._add_rows(most, entries))
        self.row_prices = np.append(self.row_prices, np.zeros(len(cuts)))

    def price(
        self,
        row_prices: Floats | None = None,
        *,
        every: bool = False,
        below: int | None = None,
        most: int = 0,
        nodes: int = _NODES,
    ) -> Priced:
        """
        Find the cheapest beats at prices of the rows, and the bound that the prices make.

        Parameters
        ----------
        row_prices
            Those of the best bound, if not given.
        every
            Find the cheapest of every base, also if it costs more than nothing.
        below, most
            Find all beats that cost less than so many units, up to so many.
        nodes
            The search around a base is cut after so many steps; its part of the bound is then a rough one.
        """
        at = self.row_prices if row_prices is None else row_prices
        relaxation, rows = self.relaxation, self.rows
        arrays = relaxation.arrays
        scale, n = relaxation.scale, rows.num_sites
        price = relaxation.in_units(at[:n])
        rates = relaxation.weigh(np.maximum(-at[rows.first_held : rows.number] / rows.units, 0))
        officer = np.maximum(np.rint(-at[n : rows.first_held] * scale), 0).astype(np.int64)
        paid = np.maximum(np.rint(-at[rows.number :] * scale), 0).astype(np.int64)
        home = arrays.base_site[self.bases]
        values = relaxation.c_base[self.bases] + relaxation.c_primary[home] - price[home]
        values += officer[arrays.base_class[self.bases]]
        found = find_beats(
            relaxation, self.bases, values, price, self.cuts, paid, _ANY if every else 0 if below is None else below,
            nodes, most=None if below is None else most, threads=self.threads,
        )  # fmt: skip
        units = (
            exact_sum(price)
            + exact_sum(np.minimum(relaxation.c_uncovered - price, 0))
            - int(officer @ rows.officers.astype(np.int64))
            - exact_sum(paid * self.cuts.most)
            - sum(rate * limit for rate, limit in zip(rates, relaxation.limits[1:], strict=True))
        )
        at_site = np.zeros(n, np.int64)
        np.minimum.at(at_site, home, found.least)
        bound = units + exact_sum(at_site)
        best = bound
        is_one_class = len(rows.officers) == 1
        if is_one_class and below is None:  # an officer's best price follows from the others
            num = int(rows.officers[0])
            ranked = np.sort(at_site - officer[0])[:num]
            best = max(bound, units + int(officer[0]) * num + exact_sum(np.minimum(ranked, 0)))
        wanted = self.bases[found.least < 0]
        return Priced(
            found.beats, found.values, bound, scale, best / scale, -(-best // scale), wanted, price, found.is_cut
        )

    def prices(self) -> Prices:
        """Give the prices of the best bound without those of cuts."""
        n, first_held, number = self.rows.num_sites, self.rows.first_held, self.rows.number
        at = -self.row_prices
        return Prices(-at[:n], np.maximum(at[n:first_held], 0), np.maximum(at[first_held:number] / self.rows.units, 0))

    def _solve(self, strategy: int) -> tuple[float, Floats, Floats, Floats]:
        self._highs.setOptionValue("simplex_strategy", strategy)
        self._highs.run()
        solution = self._highs.getSolution()
        value = self._highs.getInfo().objective_function_value * self.rows.unit
        prices, extra = (np.array(dual) * self.rows.unit for dual in (solution.row_dual, solution.col_dual))
        return value, prices, np.array(solution.col_value), extra

    def _hold_in_box(self, centre: Floats, share: float) -> None:
        """Let prices go beyond a box around the centre only for a share of their sites."""
        n = self.rows.num_sites
        columns = np.concatenate((self._above, self._below)).astype(np.int32)
        cost = np.concatenate((centre + self._step * share, self._step * share - centre)) / self.rows.unit
        self._highs.changeColsCost(2 * n, columns, cost)
        self._highs.changeColsBounds(2 * n, columns, np.zeros(2 * n), np.full(2 * n, share))

    def settle(self, is_over: Callable[[], bool], tolerance: float, boxes: tuple[float, ...]) -> None:
        """
        Find beats until none is missing, or the bound is as near to the linear program as `tolerance`.

        Parameters
        ----------
        boxes
            Keep the prices near those at hand, ever less strictly; the last share should be 0.
        """
        for share in boxes:
            self._hold_in_box(self.row_prices[: self.rows.num_sites], share)
            self._generate(is_over, tolerance if share == 0 else 10 * tolerance)

    def _go_farther(self) -> None:
        """Make it dearer that a site has no state."""
        self._far_cost *= 10
        number = self.rows.num_sites
        cost = np.full(number, self._far_cost / self.rows.unit)
        self._highs.changeColsCost(number, self._far.astype(np.int32), cost)

    def _generate(self, is_over: Callable[[], bool], tolerance: float) -> None:
        strategy, nodes = _DUAL, _FEW_NODES
        while not is_over():
            of_rows = self._answer(strategy)
            for share in _TOWARDS:
                at = share * of_rows + (1 - share) * self.row_prices
                priced = self.price(at, nodes=nodes)
                if priced.bound > self.best.bound:
                    self.best, self.row_prices = priced, at
                is_close = self.value - self.best.bound <= tolerance * abs(self.value)
                if not self.is_missing and is_close:
                    return
                beats, calls = self._take(priced)
                if beats + calls:
                    nodes = _FEW_NODES
                    break
            else:
                if nodes < _NODES:  # some searches may have been cut
                    nodes = _NODES
                    continue
                if not self.is_missing or self._far_cost > _FARTHEST * abs(self.rows.unit):
                    break
                self._go_farther()
            strategy = self._next_strategy(calls)

    def _answer(self, strategy: int) -> Floats:
        """Solve the linear program; gives the prices of its rows and cuts."""
        self.value, prices, columns, extra = self._solve(strategy)
        self.shares, self.extra = np.maximum(columns[self._column_of_beat], 0), extra[self._column_of_beat]
        self.is_missing = bool(columns[self._far].max(initial=0) > _NOTHING)
        self._answered = prices[self._row_of_cut]
        return np.concatenate((prices[: self.rows.number], self._answered))

    def _take(self, priced: Priced) -> tuple[int, int]:
        """Add what was priced, and calls that pay; gives how many beats and calls are new."""
        stars = self.relaxation.stars
        is_wanted = np.zeros(len(self.relaxation.arrays.base_site), np.bool_)
        is_wanted[self.pool.beats.base[self.shares > _USED]] = True
        is_wanted[priced.wanted] = True
        gain = priced.price[stars.site] - self.relaxation.c_on_call
        pays = (gain > 0) & is_wanted[stars.base] & ~self._is_called
        calls = np.flatnonzero(~stars.beyond_first(_CALLS_OF_A_SITE, ~pays, -gain, -gain))
        return self.add_beats(priced.beats), self.add_calls(calls)

    def _next_strategy(self, calls: int) -> int:
        return _PRIMAL if len(self.calls) and not calls else _DUAL  # each measured to be the faster

    def hold(self, beats: Ints) -> None:
        """Have some beats in all answers from now on; no beat is found for their sites then."""
        self._bound_from_below(beats, 1.0)
        self._is_held[self.pool.beats.some(beats).sites(self.relaxation)[1]] = True

    def let_go(self, beats: Ints) -> None:
        """Hold beats no longer, and solve the linear program as it is then."""
        self._bound_from_below(beats, 0.0)
        self._is_held[:] = False
        self._answer(_DUAL)

    def _bound_from_below(self, beats: Ints, least: float) -> None:
        columns, number = self._column_of_beat[beats].astype(np.int32), len(beats)
        self._highs.changeColsBounds(number, columns, np.full(number, least), np.full(number, _INFINITE))

    def regrow(self, is_over: Callable[[], bool], rounds: int, most: int) -> Floats:
        """
        Find beats around those that are held.

        Parameters
        ----------
        rounds, most
            End after so many rounds, or, as long as some site has no state, after `most`.

        Returns
        -------
        numpy.ndarray
            Prices of rows and cuts at which no beat wants a site of those held.
        """
        strategy = _DUAL
        for number in range(most):
            of_rows = self._answer(strategy)
            of_rows[: self.rows.num_sites][self._is_held] = -self._far_cost
            if is_over() or (number >= rounds and not self.is_missing):
                break
            beats, calls = self._take(self.price(of_rows, nodes=_FEW_NODES))
            if beats + calls == 0:
                break
            strategy = self._next_strategy(calls)
        return of_rows

    def trimmed(self) -> Master:
        """Give a linear program of the cuts that have a price and of the beats that cost least, or this if most do."""
        prices, number = self.row_prices[self.rows.number :], self.rows.number
        if len(self._answered) < len(self.cuts):
            return self
        basis = self._highs.getBasis()
        of_rows, of_columns = basis.row_status, basis.col_status  # each a copy
        is_slack, is_basic = (
            np.asarray([status[at] == highspy.HighsBasisStatus.kBasic for at in which], np.bool_)
            for status, which in ((of_rows, self._row_of_cut), (of_columns, self._column_of_beat))
        )
        is_priced = (prices < 0) | (self._answered != 0) | ~is_slack
        if len(self.cuts) <= is_priced.sum() + _SPARE_CUTS:
            return self
        kept = np.flatnonzero(is_priced)
        sizes = np.diff(self.pool.beats.start)[self.shares > _USED] + 1
        most = self.rows.num_sites * int(sizes.sum()) // max(len(sizes), 1)
        beats = np.sort(np.argsort(np.where(is_basic, -np.inf, self.extra), kind="stable")[:most])
        new = Master(self.relaxation, self.prices(), Cuts(self.rows.num_sites), threads=self.threads, best=self.best)
        num_columns = new._num_columns
        new.add_calls(self.calls)
        new.add_beats(self.pool.beats.some(beats))
        new.add_cuts([self.cuts.cuts[cut] for cut in kept])
        calls = np.argsort(self.calls)  # as `add_calls` orders them
        rows = np.concatenate((np.arange(number), self._row_of_call[calls], self._row_of_cut[kept]))
        columns = np.concatenate((np.arange(num_columns), self._column_of_call[calls], self._column_of_beat[beats]))
        basis.row_status = [of_rows[row] for row in rows]
        basis.col_status = [of_columns[column] for column in columns]
        new._highs.setBasis(basis)
        new._hold_in_box(self.row_prices[: self.rows.num_sites], 0.0)
        new.row_prices = np.concatenate((self.row_prices[:number], prices[kept]))
        new._answer(_DUAL)
        return new

    def listed(self, row_prices: Floats | None, farthest: int, most: int) -> tuple[Priced, int]:
        """
        List all beats that cost less than a limit beyond prices, as far as `most` beats go.

        Returns
        -------
        tuple
            With the limit, in units, at most `farthest`.
        """
        room = min(farthest, max(int(abs(self.best.units) * _FIRST_ROOM), 1))
        low, high = 0, farthest + 1  # known to be few enough, and too many
        for _ in range(_TRIES):
            priced = self.price(row_prices, below=room + 1, most=most)
            if priced.is_cut:
                high = room
            elif room == farthest or len(priced.beats) > most // 2:
                break
            else:
                low = room
            room = min(farthest, 2 * room) if high > farthest else (low + high) // 2
        return priced, room

    def separate(self, most: int, at_once: int) -> int:
        """Add the cuts that the last answer breaks most; gives their number."""
        used = np.flatnonzero(self.shares > 1e-6)
        cheap = _CHEAP * max(float(np.abs(self.row_prices[: self.rows.num_sites]).mean()), 1e-9)
        near = np.argsort(self.extra, kind="stable")[: _TIES_A_SITE * self.rows.num_sites]
        near = near[self.extra[near] <= _NEAR * cheap]
        weights = self.shares[near] + _LIGHT * np.exp(-np.maximum(self.extra[near], 0) / cheap)
        cuts = self.cuts.broken(
            self._sites_of(used), self.shares[used], most, at_once, near=(self._sites_of(near), weights)
        )
        if cuts:
            self.add_cuts(cuts)
        return len(cuts)

    def _sites_of(self, beats: Ints) -> list[Ints]:
        start, sites = self.pool.beats.some(beats).sites(self.relaxation)
        return np.split(sites, start[1:-1]) if len(beats) else []

    @property
    def is_whole(self) -> bool:
        """Whether the last answer is a plan."""
        return bool(len(self.shares) and (np.abs(self.shares - np.rint(self.shares)) < 1e-6).all())
