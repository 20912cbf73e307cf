"""Measures of a ranked list against the sources that are relevant: pure functions on ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence


def recall(found: int, *, relevant: int) -> float:
    """The share of the relevant sources that were found, in [0, 1]; `relevant` is at least 1.

    Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, section 8.3.
    """
    return found / relevant


def precision(ranks: Sequence[int], *, k: int) -> float | None:
    """The share of the first k places that bring a relevant source; places left empty bring none. None for k = 0.

    Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, section 8.4.
    """
    return len(ranks) / k if k else None


def reciprocal_rank(ranks: Sequence[int]) -> float:
    """One over the first rank, from 1, that brings a relevant source; 0 where none does.

    Voorhees, The TREC-8 Question Answering Track Report, 1999.
    """
    return 1 / min(ranks) if ranks else 0.0


def ndcg(ranks: Sequence[int], *, relevant: int, k: int | None) -> float:
    """Normalised discounted cumulative gain in [0, 1]: gains of 1 at `ranks`, discounted by log2(rank + 1), over those
    of the best possible list, which has min(relevant, k) hits at its top.

    Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, 2002; the discount as in Burges et al.,
    Learning to rank using gradient descent, 2005.
    """
    ideal = relevant if k is None else min(relevant, k)
    return math.fsum(map(_discount, ranks)) / math.fsum(map(_discount, range(1, ideal + 1)))


def _discount(rank: int) -> float:
    return 1 / math.log2(rank + 1)
