"""What the tests of the evaluators share: a scope to compile in, contexts to judge, and a judge with a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from peel.errors import Incomplete
from peel.evaluators.evaluator import EvaluationContext
from peel.models.chat import ChatReply, ChatRequest
from peel.records import Case, EvaluatorDefinition, Json, Usage
from peel.templates import Templates


@dataclass
class FakeScope:
    """A CompileScope over given cases, models and functions, that collects problems as (path, message)."""

    cases: Sequence[Case] = ()
    steps: Sequence[str] = ("question", "passages", "reply")
    models: Mapping[str, Any] = field(default_factory=dict)
    embedders: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    problems: list[tuple[tuple[str | int, ...], str]] = field(default_factory=list)

    @property
    def names(self):
        inputs = {name for case in self.cases for name in case.inputs}
        return {
            **dict.fromkeys([*inputs, *self.steps, "output"]),
            "inputs": frozenset(inputs),
            "expected": frozenset(key for case in self.cases for key in case.expected),
            "steps": frozenset(self.steps),
            "case": frozenset({"id", "tags"}),
        }

    @property
    def executed(self):
        return self.cases

    def template(self, value, path):
        render, wrong = Templates().compile(value, self.names)
        for inside, what in wrong:
            self.problem(what if isinstance(what, str) else f"unknown name {what.name}", (*path, *inside))
        return render

    def settings(self, model: type[BaseModel], values, path):
        try:
            return model.model_validate(dict(values))
        except ValidationError as error:
            for issue in error.errors():
                self.problem(issue["msg"], (*path, *issue["loc"]))
            raise Incomplete from error

    def chat_model(self, role, path):
        return self._resolved(self.models, role, path)

    def embedder(self, name, path):
        return self._resolved(self.embedders, name, path)

    def function(self, reference, path):
        return self._resolved(self.functions, reference, path)

    def problem(self, message, path):
        self.problems.append((path, message))

    def _resolved(self, known, name, path):
        if name not in known:
            self.problem(f"there is no {name}", path)
            raise Incomplete
        return known[name]


@dataclass
class ScriptedJudge:
    """A chat model that gives its replies in order (an exception is raised) and keeps what it was asked."""

    replies: list[str | ChatReply | Exception]
    name: str = "scripted"
    asked: list[ChatRequest] = field(default_factory=list)

    async def complete(self, request: ChatRequest) -> ChatReply:
        self.asked.append(request)
        reply = self.replies[len(self.asked) - 1]
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, ChatReply):
            return reply
        usage = Usage(calls=1, tokens_in=100, tokens_out=10, cost_usd=0.001)
        return ChatReply(text=reply, model=self.name, usage=usage)


@dataclass
class TableEmbedder:
    """An embedder that looks its vectors up."""

    vectors: Mapping[str, Sequence[float]]
    name: str = "table"

    async def embed(self, texts: Sequence[str]):
        return np.array([self.vectors[text] for text in texts], dtype=np.float32)


@pytest.fixture
def scope():
    """Makes a scope; `expected` is a shorthand for one case c1."""

    def make(*cases: Case, expected: dict[str, Json] | None = None, **known: Any) -> FakeScope:
        given = cases or (Case(id="c1", inputs={"email": "Help!"}, expected=expected or {}),)
        return FakeScope(cases=given, **known)

    return make


@pytest.fixture
def compiled():
    """Compiles an evaluator and requires that nothing was wrong."""

    def make(kind: Any, scope: FakeScope, **settings: Json) -> Any:
        evaluator = kind.compile(EvaluatorDefinition(id="e1", use="kind", settings=settings), scope)
        assert scope.problems == []
        return evaluator

    return make


@pytest.fixture
def problems():
    """Compiles an evaluator and gives what was wrong."""

    def make(kind: Any, scope: FakeScope, *, use: str = "kind", **settings: Json) -> dict[Any, str]:
        try:
            kind.compile(EvaluatorDefinition(id="e1", use=use, settings=settings), scope)
        except Incomplete:
            assert scope.problems
        return dict(scope.problems)

    return make


@pytest.fixture
def judged():
    """Makes the context of one output."""

    def make(output: Json, *, expected: dict[str, Json] | None = None, **more: Any) -> EvaluationContext:
        case = Case(id="c1", inputs={"email": "Help!"}, expected=expected or {})
        steps = {"reply": output, **more.pop("steps", {})}
        return EvaluationContext(
            output=output, inputs=case.inputs, expected=case.expected, steps=steps, case=case, **more
        )

    return make


@pytest.fixture
def judge():
    """Makes a scripted judge."""
    return lambda *replies, **more: ScriptedJudge(list(replies), **more)


@pytest.fixture
def table_embedder():
    """Makes an embedder from a table of vectors."""
    return TableEmbedder
