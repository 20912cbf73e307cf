"""The evaluator `similarity`: the cosine between the embeddings of the output and of what is expected."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from peel.compiling import CompileScope
from peel.errors import Unscored
from peel.evaluators.evaluator import EvaluationContext
from peel.evaluators.expectations import check_cases, is_blank
from peel.models.embedding import Embedder
from peel.records import EvaluatorDefinition, Json, Verdict
from peel.templates import Render, as_text

LARGEST_TEXT = 100_000
"""The longest text, in characters, that is embedded."""


class SimilaritySettings(BaseModel):
    """What the output is compared with, and the model that turns both into vectors."""

    model_config = ConfigDict(extra="forbid")

    expected: Json = Field(default="{{ expected.answer }}", description="the expected output, a template")
    embedding: str = Field(default="all-MiniLM-L6-v2", description="the embedding model")


class SimilarityEvaluator:
    """The cosine in [-1, 1], where all below 0 counts as 0; the cosine itself is in the details.

    An empty output has no meaning to compare and is 0. A case whose expected output is null or blank gets no score.
    """

    Settings = SimilaritySettings
    timeout_s = None

    def __init__(self, embedder: Embedder, expected: Render) -> None:
        self._embedder = embedder
        self._expected = expected

    @classmethod
    def compile(cls, definition: EvaluatorDefinition, scope: CompileScope) -> Self:
        settings = scope.settings(SimilaritySettings, definition.settings, ())
        expected = scope.template(settings.expected, ("expected",))
        blank = "no case of the scenario has an expected output here: there is nothing to compare with"
        check_cases(settings.expected, scope, ("expected",), check=lambda value: None, blank=blank)
        return cls(scope.embedder(settings.embedding, ("embedding",)), expected)

    async def evaluate(self, context: EvaluationContext) -> Verdict | None:
        expected = self._expected(context.names)
        if is_blank(expected):
            return None
        texts = [as_text(context.output), as_text(expected)]
        if not texts[0].strip():
            return Verdict(value=0.0, reason="the output is empty")
        longest = max(map(len, texts))
        if longest > LARGEST_TEXT:
            raise Unscored(
                f"a text to compare has {longest} characters, more than the {LARGEST_TEXT} that are embedded"
            )
        cosine = _cosine(np.asarray(await self._embedder.embed(texts), dtype=np.float64))
        details: dict[str, Json] = {"cosine": round(cosine, 6), "embedding": self._embedder.name}
        return Verdict(value=min(1.0, max(0.0, cosine)), reason=f"cosine {cosine:.3f}", details=details)


def _cosine(vectors: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """The cosine of the two rows. Raises Unscored where they have none."""
    if vectors.ndim != 2 or len(vectors) != 2:
        raise Unscored(f"the embedding of two texts has the shape {vectors.shape}, not two rows")
    lengths = np.linalg.norm(vectors, axis=1)
    cosine = float(vectors[0] @ vectors[1] / lengths.prod()) if lengths.all() else float("nan")
    if not np.isfinite(cosine):
        raise Unscored("the embedding has a vector without length or with an entry that is no number")
    return cosine
