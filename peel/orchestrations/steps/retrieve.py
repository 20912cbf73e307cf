"""The step kind `retrieve`: the passages of a knowledge input nearest to a query."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from peel.compiling import CompileScope, Retriever
from peel.orchestrations.requests import refuse_prompt, request_entries, together
from peel.orchestrations.step import StepCall, StepOutcome
from peel.records import Json, StepDefinition
from peel.templates import Render, as_text


class RetrieveRequest(BaseModel):
    """The keys of `request`: `from` names a shared input of kind knowledge, `query` is a template."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: str = Field(alias="from")
    query: Json


class RetrieveParameters(BaseModel):
    """The keys of `parameters`: how many passages, and how nearness is measured."""

    model_config = ConfigDict(extra="forbid", strict=True)

    top_k: int = Field(default=4, ge=1, le=1_000)
    metric: Literal["cosine", "dot", "l2"] = "cosine"


class RetrieveStep:
    """Searches knowledge; the output is the list of passages, nearest first, each with its source and similarity."""

    Request = RetrieveRequest
    Parameters = RetrieveParameters

    timeout_s: float | None = None
    """The embedder bounds its own calls, and the first search may have an index to build."""

    def __init__(
        self, retriever: Retriever, query: Render, *, request: RetrieveRequest, parameters: RetrieveParameters
    ) -> None:
        self._retriever = retriever
        self._query = query
        self._request = request
        self._parameters = parameters

    @classmethod
    def compile(cls, definition: StepDefinition, scope: CompileScope) -> Self:
        refuse_prompt(definition, scope)

        def asked() -> tuple[RetrieveRequest, Render, Retriever]:
            request = scope.settings(RetrieveRequest, request_entries(definition, scope), ("request",))
            query = scope.template(request.query, ("request", "query"))
            return request, query, scope.retriever(request.source, ("request", "from"))

        (request, query, retriever), parameters = together(
            asked, lambda: scope.settings(RetrieveParameters, definition.parameters, ("parameters",))
        )
        return cls(retriever, query, request=request, parameters=parameters)

    async def run(self, call: StepCall) -> StepOutcome:
        query = as_text(self._query(call.names))
        call.request = {"from": self._request.source, "query": query, "parameters": self._parameters.model_dump()}
        passages = await self._retriever.search(query, top_k=self._parameters.top_k, metric=self._parameters.metric)
        return StepOutcome([passage.model_dump() for passage in passages])
