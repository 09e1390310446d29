"""The answers for many addresses, one after another, as far as it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sro_coverage.read.geocode.ask import NoAnswerError
from sro_coverage.read.geocode.cache import Answer, Cache
from sro_coverage.read.geocode.provider import Candidate

MAX_IN_A_ROW = 3


@dataclass(frozen=True)
class Outcome:
    """
    What came of the questions so far.

    Parameters
    ----------
    answers, failures
        By address: what was said, or why nothing was.
    stopped
        Why the run ended early; empty if it did not.
    """

    answers: Mapping[str, Answer]
    failures: Mapping[str, str] = field(default_factory=dict)
    stopped: str = ""


def gather(
    addresses: Iterable[str],
    *,
    ask: Callable[[str], tuple[Candidate, ...]],
    cache: Cache,
    today: str,
    watch: Callable[[int, int], object] = lambda num_answers, num_failures: None,
) -> Outcome:
    """
    Ask for each address once; keep every answer, also "no match", before the next question.

    A failure is noted and the run goes on. It ends early, with what is there, on Ctrl-C, when the server
    wants no more questions, and after a few failures in a row. A server that refuses one address is no
    failure in this sense: it may like the next one.

    Parameters
    ----------
    today
        ISO date that new answers get.
    watch
        Told the answers and failures so far after each question.
    """
    answers: dict[str, Answer] = {}
    failures: dict[str, str] = {}
    in_a_row = 0
    try:
        for address in addresses:
            try:
                answer = Answer(ask(address), today)
            except NoAnswerError as error:
                failures[address] = str(error)
                in_a_row += error.kind != "refused"
                if error.kind == "barred":
                    return Outcome(answers, failures, str(error))
                if in_a_row == MAX_IN_A_ROW:
                    return Outcome(answers, failures, f"{in_a_row} failures in a row, the last: {error}")
            else:
                cache.keep(address, answer)
                answers[address] = answer
                in_a_row = 0
            watch(len(answers), len(failures))
    except KeyboardInterrupt:
        return Outcome(answers, failures, "stopped by you")
    return Outcome(answers, failures)
