"""Where many runs are solved: in this process, in processes of this machine, on a Dask cluster."""

from __future__ import annotations

import logging
import os
import re
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
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
_WAITING = 3  # works that wait at a cluster for each that is done there: enough to hide the way there and back
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Answer:
    """
    What became of a work.

    Parameters
    ----------
    plan
        None if the run failed; then `reason` says why.
    """

    number: int
    plan: Plan | None
    runtime_s: float = 0
    reason: str = ""


class Work(Protocol):
    """What any process can do without a file; it goes there and its answer comes back as a pickle."""

    @property
    def number(self) -> int:
        """Its own among all that an executor is given."""

    def answer(self, stop: StopSignal | None = None, /) -> Answer:
        """Do it; whatever goes wrong in it is its answer."""

    def apart(self) -> tuple[Work, Any]:
        """Give it without what many have in common, and that, or None: a cluster gets it once."""

    def together(self, common: Any, /) -> Work:
        """Put it together again."""


class Executor(Protocol):
    """
    Does works and gives the answers in the order in which they come; closing it drops what is not done.

    Works are taken as there is room for them, a few ahead of their turn, so that they may be made as they are
    asked for. None says that there is no work until another answer has been taken, or ever.
    """

    def __call__(self, works: Iterable[Work | None], /) -> Generator[Answer, None, None]:
        """Give one answer for each work."""


class ExecutorGoneError(Exception):
    """The executor cannot go on; every answer that it gave still holds."""


@dataclass(frozen=True, eq=False)
class Task:
    """
    The work to solve one problem.

    Parameters
    ----------
    times
        None only on the way to a cluster, which gets them apart.
    """

    number: int
    problem: Problem
    times: TravelTimes | None
    params: SolveParams
    inputs: tuple[InputFile, ...] = ()

    def answer(self, stop: StopSignal | None = None, /) -> Answer:
        """Solve it."""
        return solve_task(self, stop)

    def apart(self) -> tuple[Task, TravelTimes | None]:
        """Give it without the travel times, and those."""
        return replace(self, times=None), self.times

    def together(self, common: TravelTimes | None, /) -> Task:
        """Give it with travel times."""
        return replace(self, times=common)


def solve_task(task: Task, stop: StopSignal | None = None) -> Answer:
    """Solve one run; whatever goes wrong in it is its answer."""
    began = time.perf_counter()
    try:
        plan = solve(task.problem, task.params, times=task.times, inputs=task.inputs, stop=stop)
    except Exception as error:
        return failed(task, error, time.perf_counter() - began)
    return Answer(task.number, plan, time.perf_counter() - began)


def failed(work: Work, error: BaseException, runtime_s: float = 0) -> Answer:
    """Give the answer of a work that an error ended."""
    return Answer(work.number, None, runtime_s, f"{type(error).__name__}: {error}")


def _done(work: Work, stop: StopSignal | None = None) -> Answer:
    return work.answer(stop)


@dataclass(frozen=True)
class Serial:
    """In this process, one run after another."""

    def __call__(self, works: Iterable[Work | None], /) -> Generator[Answer, None, None]:
        """Solve beside the main thread, which so hears Ctrl-C."""
        left = iter(works)
        while (work := next(left, None)) is not None:
            stop, future = StopSignal(), Future[Answer]()
            thread = threading.Thread(target=_settle, args=(future, work, stop))
            try:
                thread.start()
                thread.join()
            finally:
                while thread.is_alive():
                    stop.request()  # a search that had only just begun may have missed it
                    thread.join(0.1)
            yield future.result()


def _settle(future: Future[Answer], work: Work, stop: StopSignal) -> None:
    try:
        future.set_result(work.answer(stop))
    except BaseException as error:
        future.set_exception(error)


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

    def __call__(self, works: Iterable[Work | None], /) -> Generator[Answer, None, None]:
        """Keep every process at work until nothing is left."""
        with closing(_Crew(self.jobs or num_cores(), iter(works))) as crew:
            yield from crew.answers()


class _Crew:
    """The processes of one call, and what each is at."""

    def __init__(self, most: int, works: Iterator[Work | None]) -> None:
        self._most, self._works = most, works
        self._again: deque[Work] = deque()
        self._deaths: Counter[int] = Counter()
        self._running: dict[Future[Answer], tuple[ProcessPoolExecutor, Work]] = {}
        self._idle: list[ProcessPoolExecutor] = []
        self._spawn = get_context("spawn")
        self._lifeline, self._end = self._spawn.Pipe(duplex=False)

    def answers(self) -> Iterator[Answer]:
        self._begin()
        while self._running:
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in done:
                answer = self._taken(future)
                self._begin()  # before the answer is stored: the process need not wait for that
                if answer is not None:
                    yield answer
                    self._begin()  # the answer may have led to more work

    def close(self) -> None:
        self._end.close()  # ends the processes at once, busy or not
        self._lifeline.close()
        for pool in (*self._idle, *(pool for pool, _ in self._running.values())):
            pool.shutdown(cancel_futures=True)

    def _begin(self) -> None:
        """Give work to every process that has none; start one only if there is work for it."""
        while len(self._running) < self._most:
            work = self._again.popleft() if self._again else next(self._works, None)
            if work is None:
                return
            pool = self._idle.pop() if self._idle else self._new_pool()
            try:
                future = pool.submit(_done, work)
            except BrokenExecutor:  # it died between two runs
                pool.shutdown()
                pool = self._new_pool()
                future = pool.submit(_done, work)
            self._running[future] = pool, work

    def _taken(self, future: Future[Answer]) -> Answer | None:
        """Take an answer; None if the process died and the work is to be tried again."""
        pool, work = self._running.pop(future)
        try:
            return future.result()
        except BrokenExecutor:
            pool.shutdown()
            pool = self._new_pool(is_sure=True)
            self._deaths[work.number] += 1
            answer = _given_up(work, self._deaths[work.number])
            if answer is None:
                self._again.append(work)
            return answer
        except Exception as error:
            return failed(work, error)  # it could not be sent there or back
        finally:
            self._idle.append(pool)

    def _new_pool(self, *, is_sure: bool = False) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(1, mp_context=self._spawn, initializer=_live_on, initargs=(self._lifeline,))
        with _deaf_to_ctrl_c():
            started = pool.submit(_nothing)
        if is_sure:
            try:
                _must_work(started)
            except ExecutorGoneError:
                pool.shutdown()
                raise
        return pool


def _given_up(work: Work, deaths: int) -> Answer | None:
    if deaths < MOST_DEATHS:
        return None
    return Answer(work.number, None, reason=f"its process died {deaths} times: out of memory, or a fault of a library")


def _must_work(started: Future[None]) -> None:
    """Tell a run that kills processes from processes that cannot even start."""
    try:
        started.result()
    except BrokenExecutor:
        raise ExecutorGoneError(
            'worker processes end as soon as they start; a script must begin under if __name__ == "__main__":'
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

    def __call__(self, works: Iterable[Work | None], /) -> Generator[Answer, None, None]:
        """Connect at once, keep every thread of the cluster at work, and give what comes back."""
        client, distributed = self._connect()
        return self._answers(client, distributed, works)

    def _answers(self, client: Any, distributed: Any, works: Iterable[Work | None]) -> Generator[Answer, None, None]:
        left = iter(works)
        running: dict[Any, Work] = {}
        commons: dict[int, tuple[Any, Any]] = {}
        completed = distributed.as_completed(loop=client.loop)
        room = 0

        @contextmanager
        def scheduler() -> Iterator[None]:
            try:
                yield
            except (distributed.client.FutureCancelledError, OSError):
                raise ExecutorGoneError(f"the scheduler at {self.address} went away") from None

        def there(common: Any) -> Any:
            """Bring it to the cluster once; it is held here too, so that its id stays its own."""
            if id(common) not in commons:
                commons[id(common)] = common, client.submit(_itself, common, pure=False)
            return commons[id(common)][1]

        def begin() -> None:
            """Fill the cluster up; how large it is is asked only now and then, though workers join and leave."""
            nonlocal room
            if len(running) <= room // 2:
                with scheduler():
                    room = (_WAITING + 1) * max(sum(client.nthreads().values()), 1)
            while len(running) < room and (work := next(left, None)) is not None:
                lean, common = work.apart()
                with scheduler():
                    arguments = (lean,) if common is None else (lean, there(common))
                    future = client.submit(_done_there, *arguments, pure=False)
                running[future] = work
                completed.add(future)

        with _quiet(), client:
            if not client.nthreads():
                _LOGGER.warning("The scheduler at %s has no worker yet; waiting for one.", self.address)
            begin()
            while running:
                future = next(completed)
                work = running.pop(future)
                try:
                    with scheduler():
                        answer = future.result()
                except ExecutorGoneError:
                    raise
                except Exception as error:
                    answer = failed(work, error)  # KilledWorker, say: each worker that took it died
                begin()
                yield answer
                begin()

    def _connect(self) -> tuple[Any, Any]:
        try:
            import distributed
        except ImportError:
            raise MissingExtraError("Solving on a cluster", "cluster") from None
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


def _itself(common: Any) -> Any:
    """Bring what many works have in common to the cluster once; if its worker dies, the scheduler makes it again."""
    return common


def _done_there(work: Work, common: Any = None) -> Answer:
    return (work if common is None else work.together(common)).answer()
