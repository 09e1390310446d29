"""A process that is given a task and tells what it finds; it ends with the time, or when nobody hears it any more."""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

_GRACE_S = 2.0
_lock = threading.Lock()


def tell(kind: str, content: Any) -> None:
    """Send one message, in the process that was given a task: it ends, without a word, where nobody hears it."""
    try:
        with _lock:
            pickle.dump((kind, content), sys.stdout.buffer, protocol=5)
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(0)


def command(module: str) -> tuple[str, ...]:
    """Give the command that runs a module."""
    return (sys.executable, "-m", module)


class _Worker:
    """A process that runs a module, in a session of its own, so that Ctrl-C is heard on this side only."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own
            command(module), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("both were asked for")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._news: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def say(self, content: Any) -> None:
        pickle.dump(content, self._stdin, protocol=5)
        self._stdin.flush()

    def next(self, seconds: float) -> Any:
        """Give the next message; raises `queue.Empty` if there is none, and gives None once it has ended."""
        return self._news.get(timeout=seconds)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()
        for stream in (self._stdin, self._stdout):
            with contextlib.suppress(OSError):
                stream.close()
        self._process.wait()

    def _read(self) -> None:
        try:
            while True:
                self._news.put(pickle.load(self._stdout))  # noqa: S301 - written by the process that was started here
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._news.put(None)


_idle: dict[tuple[int, str], list[_Worker]] = {}
"""Processes that wait for another task, of each process that has started some (a fork must not use its parent's)."""


@atexit.register
def _end_idle() -> None:
    for (owner, _), workers in _idle.items():
        for worker in workers if owner == os.getpid() else ():
            worker.kill()


def _waiting(module: str) -> _Worker:
    idle = _idle.setdefault((os.getpid(), module), [])
    while True:
        try:
            worker = idle.pop()
        except IndexError:
            return _Worker(module)
        if worker.is_alive:
            return worker
        worker.kill()


def told(
    module: str,
    task: Any,
    time_limit_s: float,
    is_stopped: Callable[[], bool] = lambda: False,
    more: Callable[[], Any] = lambda: None,
    *,
    is_reused: bool = False,
) -> Iterator[tuple[str, Any]]:
    """
    Run a module on a task and give its messages as they come.

    Parameters
    ----------
    module
        Reads the pickled task from standard input and writes pickled pairs, kind and content, to standard output; the
        last is of the kind ``end``.
    time_limit_s
        The process is killed soon after it, and at once if the caller reads no further.
    is_stopped
        Asked several times a second whether to end.
    more
        Asked as often for something else to tell the process; None if there is nothing.
    is_reused
        Whether the process waits for another task after its last message: starting one takes longer than small tasks.
    """
    ends = time.monotonic() + time_limit_s
    is_over = False
    try:
        worker = _waiting(module) if is_reused else _Worker(module)
        try:
            worker.say(task)
            while not is_over and not is_stopped() and time.monotonic() < ends + _GRACE_S:
                if (later := more()) is not None:
                    worker.say(later)
                try:
                    message = worker.next(0.1)
                except queue.Empty:
                    continue
                if message is None:
                    break
                is_over = message[0] == "end"
                yield message
        finally:
            if is_over and is_reused:
                _idle[os.getpid(), module].append(worker)
            else:
                worker.kill()
    except OSError:  # it could not be started, or ended before it was told all
        pass
