"""Where the runs of a sweep are solved: in this process, in processes of this machine, on a Dask cluster."""

from __future__ import annotations

import logging
import os
import re
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Protocol

from sro_coverage.errors import DataError, Issue, MissingExtraError
from sro_coverage.model.solution import SolveParams, StopSignal
from sro_coverage.plan import InputFile, Plan
from sro_coverage.planner import solve
from sro_coverage.problem import Problem
from sro_coverage.problem.value import quote
from sro_coverage.travel import TravelTimes

MOST_DEATHS = 2
"""A run that ends its process so often is given up."""

_ADDRESS = re.compile(r"(tcp|tls|ws|wss)://[^\s/]+:[0-9]{1,5}")
_CONNECT_S = 10
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Task:
    """
    One run as any process can solve it, without a file.

    Parameters
    ----------
    number
        Place in the sweep.
    times
        None only on the way to a cluster, which gets them apart.
    """

    number: int
    problem: Problem
    times: TravelTimes | None
    params: SolveParams
    inputs: tuple[InputFile, ...] = ()


@dataclass(frozen=True, eq=False)
class Answer:
    """
    What became of a task.

    Parameters
    ----------
    plan
        None if the run failed; then `reason` says why.
    """

    number: int
    plan: Plan | None
    runtime_s: float = 0
    reason: str = ""


class Executor(Protocol):
    """Solves tasks and gives the answers in the order in which they come; closing it drops what is not done."""

    def __call__(self, tasks: Sequence[Task], /) -> Iterator[Answer]:
        """Give one answer for each task."""


class ExecutorGoneError(Exception):
    """The executor cannot go on; every answer that it gave still holds."""


def solve_task(task: Task, stop: StopSignal | None = None) -> Answer:
    """Solve one run; whatever goes wrong in it is its answer."""
    began = time.perf_counter()
    try:
        plan = solve(task.problem, task.params, times=task.times, inputs=task.inputs, stop=stop)
    except Exception as error:
        return _failed(task, error, time.perf_counter() - began)
    return Answer(task.number, plan, time.perf_counter() - began)


def _failed(task: Task, error: BaseException, runtime_s: float = 0) -> Answer:
    return Answer(task.number, None, runtime_s, f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class Serial:
    """In this process, one run after another."""

    def __call__(self, tasks: Sequence[Task], /) -> Iterator[Answer]:
        """Solve beside the main thread, which so hears Ctrl-C."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            for task in tasks:
                stop = StopSignal()
                future = pool.submit(solve_task, task, stop)
                try:
                    answer = future.result()
                finally:
                    while not future.done():
                        stop.request()  # a search that had only just begun may have missed it
                        wait([future], timeout=0.1)
                yield answer


def num_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Processes:
    """
    In processes of this machine.

    Each works in a pool of its own, so that a process that dies tells which run it was at. The run is
    tried again in a new process; if that dies too, the run has failed and the others go on.

    Parameters
    ----------
    jobs
        Processes; one for each core if not given.
    """

    jobs: int | None = None

    def __call__(self, tasks: Sequence[Task], /) -> Iterator[Answer]:
        """Keep every process at work until nothing waits."""
        waiting = deque(tasks)
        deaths: Counter[int] = Counter()
        running: dict[Future[Answer], tuple[ProcessPoolExecutor, Task]] = {}
        pools: list[ProcessPoolExecutor] = []
        spawn = get_context("spawn")
        lifeline, end = spawn.Pipe(duplex=False)

        def new_pool(*, is_sure: bool = False) -> ProcessPoolExecutor:
            pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_live_on, initargs=(lifeline,))
            pools.append(pool)
            with _deaf_to_ctrl_c():
                started = pool.submit(_nothing)
            if is_sure:
                _must_work(started)
            return pool

        def begin(pool: ProcessPoolExecutor) -> None:
            if waiting:
                task = waiting.popleft()
                try:
                    future = pool.submit(solve_task, task)
                except BrokenExecutor:  # it died between two runs
                    pool = new_pool()
                    future = pool.submit(solve_task, task)
                running[future] = pool, task

        try:
            for _ in range(min(self.jobs or num_cores(), len(tasks))):
                begin(new_pool())
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    pool, task = running.pop(future)
                    answer: Answer | None
                    try:
                        answer = future.result()
                    except BrokenExecutor:
                        pool = new_pool(is_sure=True)
                        deaths[task.number] += 1
                        answer = _given_up(task, deaths[task.number])
                        if answer is None:
                            waiting.appendleft(task)
                    except Exception as error:
                        answer = _failed(task, error)  # it could not be sent there or back
                    begin(pool)  # before the answer is stored: the process need not wait for that
                    if answer is not None:
                        yield answer
        finally:
            end.close()  # ends the processes at once, busy or not
            lifeline.close()
            for pool in pools:
                pool.shutdown(cancel_futures=True)


def _given_up(task: Task, deaths: int) -> Answer | None:
    if deaths < MOST_DEATHS:
        return None
    return Answer(task.number, None, reason=f"its process died {deaths} times: out of memory, or a fault of a library")


def _must_work(started: Future[None]) -> None:
    """Tell a run that kills processes from processes that cannot even start."""
    try:
        started.result()
    except BrokenExecutor:
        raise ExecutorGoneError(
            'worker processes end as soon as they start; a script must call sweep() under if __name__ == "__main__":'
        ) from None


def _nothing() -> None:
    """Show that a process works."""


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Start processes that never hear Ctrl-C, not even while they start; this one does, and ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield  # which Ctrl-C does not reach
        return
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _live_on(lifeline: Connection) -> None:
    """
    End at once with the parent, whichever way it ends.

    A process that waits for its next task would not notice that the parent was killed.
    """

    def watch() -> None:
        try:
            lifeline.recv()  # nothing is ever sent
        except (EOFError, OSError):
            os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for a process that another thread started
    threading.Thread(target=watch, daemon=True).start()


@dataclass(frozen=True)
class Cluster:
    """
    On a Dask cluster: the scheduler gives runs to workers, also those of a worker that died to others.

    Workers need this package in the same version, no shared disk: results come back to this process.

    Parameters
    ----------
    address
        Of the scheduler, as ``dask scheduler`` prints it: ``tcp://127.0.0.1:8786``.
    """

    address: str

    def __call__(self, tasks: Sequence[Task], /) -> Iterator[Answer]:
        """Connect at once, submit everything, and give what comes back."""
        client, distributed = self._connect()
        return self._answers(client, distributed, tasks)

    def _answers(self, client: Any, distributed: Any, tasks: Sequence[Task]) -> Iterator[Answer]:
        with _quiet(), client:
            if not client.nthreads():
                _LOGGER.warning("The scheduler at %s has no worker yet; waiting for one.", self.address)
            apart = {id(task.times): client.submit(_itself, task.times, pure=False) for task in tasks}
            task_of = {
                client.submit(_solve_with, replace(task, times=None), apart[id(task.times)], pure=False): task
                for task in tasks
            }
            for future in distributed.as_completed(list(task_of), loop=client.loop):
                task = task_of.pop(future)
                try:
                    answer = future.result()
                except (distributed.client.FutureCancelledError, OSError):
                    raise ExecutorGoneError(f"the scheduler at {self.address} went away") from None
                except Exception as error:
                    answer = _failed(task, error)  # KilledWorker, say: each worker that took it died
                yield answer

    def _connect(self) -> tuple[Any, Any]:
        try:
            import distributed
        except ImportError:
            raise MissingExtraError("A sweep on a cluster", "cluster") from None
        expected = "the address that `dask scheduler` printed, such as tcp://127.0.0.1:8786"
        if not _ADDRESS.fullmatch(self.address):
            raise DataError([Issue("cluster", quote(self.address), expected)])
        try:
            return distributed.Client(self.address, timeout=_CONNECT_S, set_as_default=False), distributed
        except OSError:
            raise DataError([Issue("cluster", f"no scheduler answers at {self.address}", expected)]) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from logging tracebacks of what is told in plain words anyway."""
    levels = {logger: logger.level for logger in map(logging.getLogger, ("distributed", "distributed.client"))}
    for logger in levels:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def _itself(times: TravelTimes) -> TravelTimes:
    """Bring travel times to the cluster once; if their worker dies, the scheduler makes them again."""
    return times


def _solve_with(task: Task, times: TravelTimes) -> Answer:
    return solve_task(replace(task, times=times))
