"""The scope that a step or an evaluator is compiled in: implements peel.compiling.CompileScope for one definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import BaseModel

from peel.compiling import Retriever
from peel.errors import Incomplete, PeelError
from peel.models.chat import ChatModel
from peel.models.embedding import Embedder
from peel.plugins import nearest
from peel.records import Case, Json, Path, Problem
from peel.runs.resources import Resources
from peel.runs.settings import validated
from peel.scenarios.origin import Origin
from peel.templates import Names, Render, Unknown

Settings = TypeVar("Settings", bound=BaseModel)
T = TypeVar("T")


@dataclass(slots=True)
class Problems:
    """Everything wrong that compiling found, each once."""

    found: dict[Problem, None] = field(default_factory=dict)

    def add(self, problem: Problem) -> None:
        self.found[problem] = None


@dataclass(slots=True)
class Scope:
    """One definition's view of what exists.

    `origin` has its paths begin at the definition; `moved` says where a value that a variant changed really stands.
    `later` are the steps that exist, but not yet at this one. `names_known` is False where inputs, cases or steps
    could not be read: then a name that is not found is no problem of its own.
    """

    origin: Origin
    names: Names
    cases: Sequence[Case]
    resources: Resources
    problems: Problems
    knowledge: Mapping[str, Retriever | None]
    later: frozenset[str] = frozenset()
    names_known: bool = True
    moved: Mapping[Path, tuple[Origin, Path]] = field(default_factory=dict)

    @property
    def workspace(self) -> FilePath:
        return self.resources.root

    def template(self, value: Json, path: Path) -> Render:
        render, wrong = self.resources.templates.compile(value, self.names)
        for inside, what in wrong:
            if isinstance(what, str):
                self.problem(what, (*path, *inside))
            elif self.names_known:
                self.problem(self._unknown(what), (*path, *inside))
        return render

    def settings(self, model: type[Settings], values: Mapping[str, Json], path: Path) -> Settings:
        checked, wrong = validated(model, values)
        for inside, message in wrong:
            self.problem(message, (*path, *inside))
        if checked is None:
            raise Incomplete
        return checked

    def chat_model(self, role: str, path: Path) -> ChatModel:
        return self._resolved(lambda: self.resources.chat_model(role), path)

    def embedder(self, name: str, path: Path) -> Embedder:
        return self._resolved(lambda: self.resources.embedder(name), path)

    def function(self, reference: str, path: Path) -> Callable[..., Any]:
        return self._resolved(lambda: self.resources.function(reference, self.origin.directory), path)

    def retriever(self, name: str, path: Path) -> Retriever:
        if name not in self.knowledge:
            self.problem(f"there is no knowledge input {name!r}; {nearest(name, self.knowledge)}", path)
            raise Incomplete
        found = self.knowledge[name]
        if found is None:
            raise Incomplete
        return found

    def problem(self, message: str, path: Path) -> None:
        for changed, (origin, real) in self.moved.items():
            if path[: len(changed)] == changed:
                self.problems.add(origin.problem(message, real))
                return
        self.problems.add(self.origin.problem(message, path))

    def _resolved(self, resolve: Callable[[], T], path: Path) -> T:
        try:
            return resolve()
        except PeelError as error:
            self.problem(str(error), path)
            raise Incomplete from error

    def _unknown(self, unknown: Unknown) -> str:
        if unknown.name in self.later:
            return (
                f"the template reads the step {unknown.name!r}, which comes later; "
                f"a step reads only inputs and the steps before it: {', '.join(unknown.allowed) or 'none'}"
            )
        return (
            f"the template names {unknown.name!r}, which does not exist here; {nearest(unknown.name, unknown.allowed)}"
        )
