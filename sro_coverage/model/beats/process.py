"""
The process that searches whole beats: a task comes on standard input, and better plans, if others find any.

What is found goes to standard output.

Every message is a pair, as in :func:`sro_coverage.model.beats.search.Search`, and at last ``end``.
"""

from __future__ import annotations

import pickle
import sys
import threading

from sro_coverage.model.beats.search import Search
from sro_coverage.model.worker import tell


def serve() -> None:
    """Read one task, search, tell what is found."""
    found = Search(pickle.load(sys.stdin.buffer), tell)  # noqa: S301 - written by the process that started this one

    def listen() -> None:
        while True:
            try:
                found.hear(pickle.load(sys.stdin.buffer))  # noqa: S301 - as above
            except (EOFError, OSError, ValueError, pickle.UnpicklingError):
                return

    threading.Thread(target=listen, daemon=True).start()
    found.run()
    tell("end", None)


if __name__ == "__main__":
    serve()
