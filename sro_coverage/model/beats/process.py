"""
The process that searches whole beats: tasks come on standard input, and better plans, if others find any.

What is found goes to standard output.

Every message is a pair, as in :class:`sro_coverage.model.beats.search.Search`, and at last ``end``.
"""

from __future__ import annotations

import pickle
import queue
import sys
import threading

from sro_coverage.model.beats.search import Search
from sro_coverage.model.beats.task import Task
from sro_coverage.model.worker import tell


def serve() -> None:
    """Read a task, search, tell what is found, and wait for the next one."""
    searches: queue.SimpleQueue[Search | None] = queue.SimpleQueue()

    def listen() -> None:
        search = None
        while True:
            try:
                content = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the process that started this one
            except (EOFError, OSError, ValueError, pickle.UnpicklingError):
                searches.put(None)
                return
            if isinstance(content, Task):
                search = Search(content, tell)
                searches.put(search)
            elif search is not None:
                search.hear(content)

    threading.Thread(target=listen, daemon=True).start()
    while (search := searches.get()) is not None:
        search.run()
        tell("end", None)


if __name__ == "__main__":
    serve()
