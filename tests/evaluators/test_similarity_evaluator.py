"""The evaluator `similarity`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from peel.evaluators.scoring import score
from peel.evaluators.similarity import SimilarityEvaluator
from peel.models.opening import Models

EXPECTED = {"answer": "east"}
VECTORS = {
    "east": [1.0, 0.0],
    "north-east": [0.6, 0.8],
    "west": [-1.0, 0.0],
    "long east": [3.0, 0.0],
    "nowhere": [0.0, 0.0],
    "broken": [float("nan"), 0.0],
}


@pytest.fixture
def similar(scope, compiled, judged, table_embedder):
    """Scores one output against `east`."""

    def run(output, vectors=VECTORS):
        made = scope(expected=EXPECTED, embedders={"all-MiniLM-L6-v2": table_embedder(vectors)})
        evaluator = compiled(SimilarityEvaluator, made)
        return asyncio.run(score("e1", evaluator, judged(output, expected=EXPECTED), execution=0, at=0))

    return run


@pytest.mark.parametrize(
    ("output", "value", "cosine"),
    [("east", 1.0, 1.0), ("north-east", 0.6, 0.6), ("west", 0.0, -1.0), ("long east", 1.0, 1.0)],
)
def test_the_value_is_the_cosine_and_never_below_0(output, value, cosine, similar):
    """The cosine itself is in the details."""
    got = similar(output)
    assert got.value == pytest.approx(value, abs=1e-6)
    assert got.details["cosine"] == pytest.approx(cosine, abs=1e-6)
    assert got.details["embedding"] == "table"


def test_an_empty_output_is_0_and_is_not_embedded(similar):
    """Nothing is like nothing."""
    got = similar("  ", vectors={})
    assert (got.value, got.reason) == (0.0, "the output is empty")


@pytest.mark.parametrize("output", ["nowhere", "broken", "unknown to the table"])
def test_vectors_that_have_no_angle_are_unscored(output, similar):
    """A vector without length, with NaN, or none at all leaves no value behind."""
    got = similar(output)
    assert (got.status, got.value) == ("unscored", None)


def test_a_case_without_an_expected_output_gets_no_score(scope, compiled, judged, table_embedder):
    """There is nothing to compare with."""
    made = scope(expected=EXPECTED, embedders={"all-MiniLM-L6-v2": table_embedder({})})
    evaluator = compiled(SimilarityEvaluator, made)
    context = judged("east", expected={"answer": None})
    assert asyncio.run(score("e1", evaluator, context, execution=0, at=0)) is None


def test_an_unknown_embedding_is_a_problem(scope, problems):
    """The model is resolved before anything runs."""
    assert ("embedding",) in problems(SimilarityEvaluator, scope(expected=EXPECTED), embedding="none")


@pytest.mark.rag
def test_the_shipped_embedding_model_finds_a_paraphrase_nearer_than_another_topic(
    scope, compiled, judged, tmp_path: Path
):
    """all-MiniLM-L6-v2 itself: the same sentence is 1, another way to say it comes next, another topic last."""
    answer = "Hold the reset button for three seconds."

    async def values() -> list[float]:
        async with Models({}, root=tmp_path, environ={}) as models:
            made = scope(
                expected={"answer": answer}, embedders={"all-MiniLM-L6-v2": models.embedder("all-MiniLM-L6-v2")}
            )
            evaluator = compiled(SimilarityEvaluator, made)
            outputs = [answer, "Keep the reset key pressed for 3 s.", "Your invoice comes by post."]
            contexts = [judged(output, expected={"answer": answer}) for output in outputs]
            return [(await score("e1", evaluator, one, execution=0, at=0)).value for one in contexts]

    same, paraphrase, other = asyncio.run(values())
    assert same == pytest.approx(1.0, abs=1e-4)
    assert 0.5 < paraphrase < same
    assert other < 0.3
