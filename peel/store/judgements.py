"""Every judgement of an evaluator that judged an execution several times, from its scores' details."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import orjson

from peel.store.reading import SCORED, Judgements


def judgements_of(rows: Iterable[Any]) -> Judgements:
    """The judgements of rows of (execution, status, value, details), by execution, of each the oldest first.

    Details are whatever an evaluator kept: what is no list of votes with a number in [0, 1] is passed over.
    """
    numbers: list[int] = []
    values: list[float] = []
    counts: list[bool] = []
    for execution, value, details in _latest(rows):
        kept = _loaded(details)
        own = [*_values(kept.get("votes"))] or [value]
        again = [*_values(kept.get("again"))]
        numbers += [execution] * (len(own) + len(again))
        values += own + again
        counts += [True] * len(own) + [False] * len(again)
    return Judgements(
        np.array(numbers, dtype=np.int64), np.array(values, dtype=np.float64), np.array(counts, dtype=np.bool_)
    )


def _latest(rows: Iterable[Any]) -> Iterator[tuple[int, float, str | None]]:
    """The last row of each execution, where it has a value."""
    last: Any = None
    for row in rows:
        if last is not None and last[0] != row[0] and last[1] == SCORED:
            yield last[0], last[2], last[3]
        last = row
    if last is not None and last[1] == SCORED:
        yield last[0], last[2], last[3]


def _loaded(details: str | None) -> dict[str, Any]:
    kept = orjson.loads(details) if details else {}
    return kept if isinstance(kept, dict) else {}


def _values(votes: Any) -> Iterator[float]:
    for vote in votes if isinstance(votes, list) else ():
        value = vote.get("value") if isinstance(vote, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            yield float(value)
