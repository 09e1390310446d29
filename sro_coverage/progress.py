"""Solve with a live line on the terminal, and keep the best plan on Ctrl-C."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from rich.live import Live
from rich.text import Text

from sro_coverage.model.solution import Progress, SolveParams, StopSignal, relative_gap
from sro_coverage.planner import solve

if TYPE_CHECKING:
    from rich.console import Console

    from sro_coverage.plan import Plan
    from sro_coverage.read import Read


def solve_with_progress(read: Read, params: SolveParams, console: Console) -> Plan:
    """
    Solve in another thread, so that this one can show news and hear Ctrl-C.

    Parameters
    ----------
    console
        Where the live line goes; a console that is no terminal shows nothing.
    """
    news: list[Progress] = []
    stop = StopSignal()
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(
            solve, read.problem, params, folder=read.folder, inputs=read.inputs, watch=news.append, stop=stop
        )
        with Live(console=console, transient=True, refresh_per_second=8, auto_refresh=False) as live:
            while not future.done():
                try:
                    wait([future], timeout=0.1)
                    if stop.requested:
                        stop.request()  # a search that had only just begun may have missed it
                    if console.is_terminal:
                        line = progress_line(read.problem.title, news[-1] if news else None, time.monotonic() - began)
                        live.update(Text(line + (" - stopping" if stop.requested else ""), no_wrap=True), refresh=True)
                except KeyboardInterrupt:
                    stop.request()
        return future.result()


def progress_line(title: str, progress: Progress | None, elapsed_s: float) -> str:
    """
    Say in one line where the search stands.

    Returns
    -------
    str
        Tier, best, bound, gap and elapsed time.
    """
    if progress is None:
        return f"{title}: reading the rules, {elapsed_s:.1f} s"
    best = "none yet" if progress.best is None else f"{progress.best:,}"
    bound = "?" if progress.bound is None else f"{progress.bound:,}"
    gap = relative_gap(progress.best, progress.bound) if progress.best is not None else None
    return (
        f"{title}: tier {progress.number}/{progress.num_tiers} {progress.tier}, best {best}, bound {bound}, "
        f"gap {'?' if gap is None else f'{gap:.2%}'}, {elapsed_s:.1f} s"
    )
