"""What is weakest: words for cases, and the order in which executions are read."""

from __future__ import annotations

import numpy as np
import pytest

from peel.reports.weakness import counts_by_case, execution_means, reading_order
from peel.store.reading import MISSING, PENDING, SCORED, UNSCORED, Columns, ScoreColumn


def columns(
    values: list[float | int | None], *, case: list[int], first: int = 0, ok: list[bool] | None = None
) -> Columns:
    """One evaluator's columns: a float is a score, an int one of the status codes."""
    status = [SCORED if isinstance(value, float) else value for value in values]
    return Columns(
        planned=len(values),
        number=np.arange(first, first + len(values)),
        case=np.array(case),
        repetition=np.arange(1, len(values) + 1),
        ok=np.array(ok or [True] * len(values)),
        latency_s=np.zeros(len(values)),
        tokens_in=np.zeros(len(values)),
        tokens_out=np.zeros(len(values)),
        cost_usd=np.zeros(len(values)),
        marks=np.zeros(len(values), dtype=np.uint8),
        scores={
            "meaning": ScoreColumn(
                status=np.array(status, dtype=np.int8),
                value=np.array([value if isinstance(value, float) else np.nan for value in values]),
                reasons={},
            )
        },
        faults={},
    )


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([0.0, 0.2], "always"),
        ([0.0, 0.9], "sometimes"),
        ([0.3, 0.9], "never"),
        ([PENDING, MISSING], "no score"),
        ([0.0, UNSCORED], "always"),
    ],
)
def test_a_case_is_always_sometimes_or_never_below(values, word):
    """Only scored executions count, and the threshold itself is not below."""
    counts = counts_by_case(columns(values, case=[0, 0]), "meaning", cases=1, threshold=0.3)
    assert counts.word(0) == word


def test_counts_have_an_entry_for_every_case():
    """A case without an execution has counts of 0."""
    counts = counts_by_case(columns([0.0, UNSCORED], case=[2, 2]), "meaning", cases=4, threshold=0.3)
    assert counts.scored.tolist() == [0, 0, 1, 0]
    assert counts.unscored.tolist() == [0, 0, 1, 0]
    assert counts.word(3) == "no score"


def test_the_mean_of_nothing_is_undefined():
    """An execution without a score has no mean: neither 0 nor 1."""
    means = execution_means(columns([0.5, PENDING], case=[0, 0]))
    assert means[0] == 0.5
    assert np.isnan(means[1])


def test_the_weakest_of_each_case_is_read_first():
    """One execution of each case comes before the second of any, so that every case can be opened."""
    order = reading_order([columns([0.9, 0.8, 0.1, 0.0, 0.2], case=[0, 0, 1, 1, 1])]).tolist()
    assert order[:2] == [1, 3]
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert order[2:] == [2, 4, 0]


def test_errored_executions_are_read_before_scored_ones():
    """An error is what somebody wants to see first; what has no score comes last."""
    order = reading_order([columns([PENDING, 0.4, MISSING], case=[0, 0, 0], ok=[True, True, False])]).tolist()
    assert order == [2, 1, 0]


def test_scenario_variants_are_read_together():
    """The order goes over all parts and loses no execution."""
    order = reading_order([columns([0.9, 0.9], case=[0, 0]), columns([0.1, 0.1], case=[0, 0], first=2)]).tolist()
    assert order == [0, 2, 3, 1]


def test_a_run_without_executions_has_an_empty_order():
    """Nothing executed: nothing to read."""
    assert reading_order([]).tolist() == []
    assert reading_order([columns([], case=[])]).tolist() == []
