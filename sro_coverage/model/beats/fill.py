"""
A plan from a fractional answer where weeks are so full that whole beats do not fit together: bases, then way by way.

Bases that the answer is sure of are held. Who serves what is one integer program, over the ways that cost least beyond
the prices of the answer, and those that are part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sro_coverage.model.beats.master import Master
from sro_coverage.model.beats.task import Chosen
from sro_coverage.model.bound import Exclusions
from sro_coverage.model.compact import Compact
from sro_coverage.model.draft import Ground
from sro_coverage.model.highs import optimise
from sro_coverage.travel import Floats

_SURE, _USED = 0.999, 1e-6
_WAYS_OF_A_SITE = 8


def fill(
    master: Master, plan: Chosen, time_limit_s: float, is_stopped: Callable[[], bool], met: Callable[[Chosen], None]
) -> None:
    """
    Choose the ways around the bases that the last linear program is sure of.

    Parameters
    ----------
    plan
        Its ways come into question too; it need not keep the limits.
    met
        Shown every plan at once.
    """
    r, beats, shares = master.relaxation, master.pool.beats, master.shares
    of_base, of_spoke = np.zeros(len(r.arrays.base_site)), np.zeros(len(r.stars.site))
    np.add.at(of_base, beats.base, shares)
    np.add.at(of_spoke, beats.spokes, shares[beats.beat_of])
    regrets = r.regrets(master.prices())
    out = Exclusions(
        r.excluded.base,
        r.stars.beyond_first(_WAYS_OF_A_SITE, r.excluded.shared, regrets.shared, regrets.shared) & (of_spoke < _USED),
        r.stars.beyond_first(_WAYS_OF_A_SITE, r.excluded.on_call, regrets.on_call, regrets.on_call),
        r.excluded.uncovered,
    )
    draft = plan.on(Ground(r.arrays, r.stars, r.tier, r.held, r.excluded))
    compact = Compact(draft, np.ones(len(r.arrays.posts), np.bool_), out)
    program = compact.program
    lower = program.lower.copy()
    lower[: len(compact.bases)] = of_base[compact.bases] > _SURE

    def take(values: Floats) -> None:
        found = compact.with_values(values)
        if found.is_sound and found.excess == 0:
            met(Chosen.of(found))

    found = optimise(replace(program, lower=lower), time_limit_s, met=take, is_stopped=is_stopped)
    if found.values is not None:
        take(found.values)
