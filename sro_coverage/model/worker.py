"""A process that is given a task and tells what it finds; it ends with the time, or when it is no longer heard."""

from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO, Any

_GRACE_S = 2.0


def command(module: str) -> tuple[str, ...]:
    """Give the command that runs a module."""
    return (sys.executable, "-m", module)


def told(
    module: str,
    task: Any,
    time_limit_s: float,
    is_stopped: Callable[[], bool] = lambda: False,
    more: Callable[[], Any] = lambda: None,
) -> Iterator[tuple[str, Any]]:
    """
    Run a module on a task and give its messages as they come.

    Parameters
    ----------
    module
        Reads the pickled task from standard input and writes pickled pairs, kind and content, to standard output.
    time_limit_s
        The process is killed soon after it, and at once if the caller reads no further.
    is_stopped
        Asked several times a second whether to end.
    more
        Asked as often for something else to tell the process; None if there is nothing.
    """
    ends = time.monotonic() + time_limit_s
    try:
        # In a session of its own, so that Ctrl-C is heard on this side only.
        with subprocess.Popen(  # noqa: S603 - our own
            command(module), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            if process.stdin is None or process.stdout is None:
                raise AssertionError("both were asked for")
            news: queue.SimpleQueue[Any] = queue.SimpleQueue()
            reader = threading.Thread(target=_read, args=(process.stdout, news), daemon=True)
            reader.start()
            try:
                _say(process.stdin, task)
                while not is_stopped() and time.monotonic() < ends + _GRACE_S:
                    if (later := more()) is not None:
                        _say(process.stdin, later)
                    try:
                        message = news.get(timeout=0.1)
                    except queue.Empty:
                        continue
                    if message is None:
                        break
                    yield message
            finally:
                process.kill()
    except OSError:  # it could not be started, or ended before it was told all
        pass


def _say(stream: IO[bytes], content: Any) -> None:
    pickle.dump(content, stream, protocol=5)
    stream.flush()


def _read(stream: IO[bytes], news: queue.SimpleQueue[Any]) -> None:
    try:
        while True:
            news.put(pickle.load(stream))  # noqa: S301 - written by the process that was started here
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):
        news.put(None)
