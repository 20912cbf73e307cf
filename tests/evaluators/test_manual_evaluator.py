"""The evaluator `manual`."""

from __future__ import annotations

import pytest

from peel.evaluators.manual import ManualEvaluator


def drawn(evaluator, judged, *, run="r1"):
    return [n for n in range(2_000) if evaluator.evaluate(judged("x", run=run, execution=n)) is not None]


def test_by_default_every_execution_waits_for_a_person(scope, compiled, judged):
    """A pending verdict has no value."""
    evaluator = compiled(ManualEvaluator, scope(), ask="Would you send this?")
    assert drawn(evaluator, judged) == list(range(2_000))
    verdict = evaluator.evaluate(judged("x"))
    assert (verdict.status, verdict.value) == ("pending", None)


def test_a_share_is_drawn_reproducibly(scope, compiled, judged):
    """About the share is drawn, the same ones each time, other ones in another run; the others get no score."""
    evaluator = compiled(ManualEvaluator, scope(), ask="Good?", share=0.2)
    first = drawn(evaluator, judged)
    assert 300 < len(first) < 500
    assert drawn(compiled(ManualEvaluator, scope(), ask="Good?", share=0.2), judged) == first
    assert drawn(evaluator, judged, run="r2") != first


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({}, ("ask",)),
        ({"ask": ""}, ("ask",)),
        ({"ask": "Good?", "share": 0}, ("share",)),
        ({"ask": "Good?", "share": 1.5}, ("share",)),
        ({"ask": "Good?", "scale": "thumbs"}, ("scale",)),
        ({"ask": "Good?", "raters": 0}, ("raters",)),
    ],
)
def test_wrong_settings_are_problems_at_their_path(settings, path, scope, problems):
    """A missing question, a share out of range or an unknown scale is found before anything runs."""
    assert path in problems(ManualEvaluator, scope(), **settings)
