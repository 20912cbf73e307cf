"""Which of an execution's stored scores count: the latest of each evaluator, for people the latest of each rater."""

from __future__ import annotations

from collections.abc import Iterable

from peel.records import Score


def current_scores(scores: Iterable[Score]) -> tuple[Score, ...]:
    """The scores that count, in the order their evaluators first appear. `scores` come oldest first.

    A pending score is superseded by the first answer of a person.
    """
    latest: dict[tuple[str, str | None], Score] = {}
    for score in scores:
        if score.rater is not None:
            latest.pop((score.evaluator, None), None)
        latest[score.evaluator, score.rater] = score
    return tuple(latest.values())
