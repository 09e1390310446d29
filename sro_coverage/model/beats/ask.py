"""A search over whole beats, asked of a process of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sro_coverage.model.beats.cuts import Cut
from sro_coverage.model.beats.task import Chosen, Task
from sro_coverage.model.bound import Exclusions, Prices, Relaxation
from sro_coverage.model.draft import Draft
from sro_coverage.model.windows import MOST_SITES
from sro_coverage.model.worker import told

_MODULE = "sro_coverage.model.beats.process"
_LONGEST = 20
_SMALL = 2_000


def are_short(relaxation: Relaxation) -> bool:
    """Whether there are few enough sites, each for one officer, and few enough in a beat, to price whole beats."""
    posts = relaxation.arrays.posts
    officers = sum(len(members) for members in relaxation.arrays.class_officers)
    return 0 < len(posts) <= min(MOST_SITES, _LONGEST * officers) and bool((posts == 1).all())


class BeatSearch:
    """
    Makes a plan better, and proves what can be proven, by choosing among whole beats, beside other searches.

    Parameters
    ----------
    relaxation
        What it excludes must not be part of any better plan.
    cuts
        To begin with.
    is_held
        Whether later tiers may cost no more than the best plan.
    is_alone
        Whether nobody else searches for plans.
    threads
        So many search beats at once.
    raised
        Told what no plan costs less than, as it rises; from another thread.

    Attributes
    ----------
    best
        The best plan known.
    cuts
        Those that help.
    kept
        What no plan can use that later tiers may have, if that came out.
    is_settled
        Whether its first linear program is solved.
    """

    def __init__(
        self,
        draft: Draft,
        relaxation: Relaxation,
        prices: Prices,
        cuts: list[Cut],
        time_limit_s: float,
        *,
        is_held: bool,
        is_alone: bool,
        threads: int,
        raised: Callable[[int], None],
    ) -> None:
        self.best, self.kept = draft, Exclusions.of_nothing(relaxation.arrays, relaxation.stars)
        self.cuts = cuts
        plan = Chosen.of(draft) if draft.excess == 0 else None
        self._told = draft.merit
        self._raised = raised
        self._is_stopped = self.is_settled = False
        self._task = Task(relaxation, prices, cuts, plan, time.monotonic() + time_limit_s, is_held, is_alone, threads)
        self._thread = threading.Thread(target=self._listen, args=(time_limit_s,), daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """End it."""
        self._is_stopped = True
        self._thread.join()

    def _more(self) -> Chosen | None:
        if self.best.merit < self._told and self.best.excess == 0:
            self._told = self.best.merit
            return Chosen.of(self.best)
        return None

    def _listen(self, time_limit_s: float) -> None:
        is_small = len(self._task.relaxation.arrays.posts) <= _SMALL  # else the process would keep much memory
        messages = told(_MODULE, self._task, time_limit_s, lambda: self._is_stopped, self._more, is_reused=is_small)
        for kind, content in messages:
            if kind == "bound":
                self.is_settled = True
                self._raised(content)
            elif kind == "plan":
                found = content.on(self.best.ground)
                if found.is_sound and found.merit < self.best.merit:
                    self._told = found.merit
                    self.best = found
            elif kind == "cuts":
                self.cuts = content
            elif kind == "kept":
                self.kept = content
            else:
                break
