"""The evaluator `retrieval`: retrieved passages, held against the sources that the case names as relevant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from peel.compiling import CompileScope
from peel.errors import Unscored
from peel.evaluators.evaluator import EvaluationContext
from peel.evaluators.expectations import check_cases
from peel.evaluators.ranking import ndcg, precision, recall, reciprocal_rank
from peel.evaluators.sources import NoSource, Source, sources_of
from peel.evaluators.wording import counted, shown
from peel.records import EvaluatorDefinition, Json, Verdict
from peel.templates import Render

SHOWN_SOURCES = 5


class RetrievalSettings(BaseModel):
    """What is relevant, and by which measure the retrieved passages are held against it."""

    model_config = ConfigDict(extra="forbid")

    relevant: Json = Field(
        default="{{ expected.source }}",
        description="a document's name, {document, section, page}, a list of these, or a template that gives them",
    )
    measure: Literal["recall", "precision", "mrr", "ndcg"] = Field(default="recall", description="which value counts")
    k: int | None = Field(default=None, ge=1, description="how many passages count, from the top; all where left out")


@dataclass(frozen=True, slots=True)
class Findings:
    """At which rank, from 1, each relevant source was found first, and the ranks that brought a new one."""

    first: dict[Source, int]
    ranks: list[int]


class RetrievalEvaluator:
    """Recall, precision, reciprocal rank or nDCG at k; all four are in the details.

    Each relevant source counts once: a second passage from the same source brings nothing new. A case that names no
    relevant source (an off-topic question) has nothing to find: it gets no score.
    """

    Settings = RetrievalSettings
    quick = True

    def __init__(self, settings: RetrievalSettings, relevant: Render) -> None:
        self._relevant = relevant
        self._measure = settings.measure
        self._k = settings.k

    @classmethod
    def compile(cls, definition: EvaluatorDefinition, scope: CompileScope) -> Self:
        settings = scope.settings(RetrievalSettings, definition.settings, ())
        relevant = scope.template(settings.relevant, ("relevant",))
        blank = "no case of the scenario names a relevant source: there is nothing to find"
        check_cases(settings.relevant, scope, ("relevant",), check=_objection, blank=blank)
        return cls(settings, relevant)

    def evaluate(self, context: EvaluationContext) -> Verdict | None:
        try:
            sources = sources_of(self._relevant(context.names))
        except NoSource as error:
            raise Unscored(str(error)) from error
        if not sources:
            return None
        passages = _passages(context.output)[: self._k]
        found = _findings(sources, passages)
        measures = self._measures(found, relevant=len(sources), returned=len(passages))
        value = measures[self._measure]
        if value is None:
            raise Unscored("no passage was retrieved: precision is not defined")
        return Verdict(
            value=value,
            reason=f"{self._measure} {value:.3g} of {counted(len(passages), 'passage')}: {_told(sources, found)}",
            details={**measures, "k": self._k if self._k is not None else len(passages)},
        )

    def _measures(self, found: Findings, *, relevant: int, returned: int) -> dict[str, float | None]:
        return {
            "recall": recall(len(found.first), relevant=relevant),
            "precision": precision(found.ranks, k=self._k if self._k is not None else returned),
            "mrr": reciprocal_rank(found.ranks),
            "ndcg": ndcg(found.ranks, relevant=relevant, k=self._k),
        }


def _objection(value: Json) -> str | None:
    try:
        sources_of(value)
    except NoSource as error:
        return str(error)
    return None


def _passages(output: Json) -> list[Mapping[str, Json]]:
    """The output as passages. Raises Unscored where it is none."""
    if not isinstance(output, list):
        raise Unscored(f"the output {shown(output)} is no list of passages; `on` names the step that retrieves")
    passages = [item for item in output if isinstance(item, dict) and isinstance(item.get("document"), str)]
    if len(passages) < len(output):
        raise Unscored("the output holds an entry that is no passage: each needs the name of its document")
    return [*passages]


def _findings(sources: Sequence[Source], passages: Sequence[Mapping[str, Json]]) -> Findings:
    found = Findings({}, [])
    for rank, passage in enumerate(passages, 1):
        new = [source for source in sources if source not in found.first and source.has(passage)]
        if new:
            found.ranks.append(rank)
            found.first.update(dict.fromkeys(new, rank))
    return found


def _told(sources: Sequence[Source], found: Findings) -> str:
    told = [
        f"{source.label} at rank {found.first[source]}" if source in found.first else f"{source.label} missing"
        for source in sources[:SHOWN_SOURCES]
    ]
    rest = len(sources) - len(told)
    return "; ".join([*told, f"and {counted(rest, 'source')} more"] if rest else told)
