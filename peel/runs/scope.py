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


@dataclass(frozen=True, slots=True)
class Visible:
    """What exists for one definition.

    `names` are those that templates may use for every case; `of_some_cases` the inputs that only some cases have;
    `executed` those of the cases that the run executes. `not_yet` says of each step without an output here why: it
    `comes later`, or `is this step`. A name in `left_out` was written, but with a mistake that is told already; where
    `complete` is False, inputs or cases could not be read at all. Neither makes a name that is not found a problem of
    its own.
    """

    names: Names
    cases: Sequence[Case]
    knowledge: Mapping[str, Retriever | None]
    of_some_cases: frozenset[str] = frozenset()
    not_yet: Mapping[str, str] = field(default_factory=dict)
    executed: Sequence[Case] = ()
    left_out: frozenset[str] = frozenset()
    complete: bool = True

    def excuses(self, name: str) -> bool:
        """Whether a name that is not found is no problem of its own."""
        return not self.complete or name in self.left_out


@dataclass(slots=True)
class Scope:
    """One definition's view of what exists.

    `origin` has its paths begin at the definition, which messages call `label`; `moved` says where a value that a
    variant changed really stands. `uses` collects who first uses an input that only some cases have.
    """

    origin: Origin
    label: str
    visible: Visible
    resources: Resources
    problems: Problems
    uses: dict[str, str]
    moved: Mapping[Path, tuple[Origin, Path]] = field(default_factory=dict)

    @property
    def names(self) -> Names:
        return self.visible.names

    @property
    def cases(self) -> Sequence[Case]:
        return self.visible.cases

    @property
    def executed(self) -> Sequence[Case]:
        return self.visible.executed

    @property
    def workspace(self) -> FilePath:
        return self.resources.root

    def template(self, value: Json, path: Path) -> Render:
        render, wrong = self.resources.templates.compile(value, self.names)
        for inside, what in wrong:
            if isinstance(what, str):
                self.problem(what, (*path, *inside))
            else:
                self._not_found(what, (*path, *inside))
        return render

    def settings(self, model: type[Settings], values: Mapping[str, Json], path: Path) -> Settings:
        checked, wrong = validated(model, values)
        for inside, message in wrong:
            self.problem(f"{self.label}: {message}", (*path, *inside))
        if checked is None:
            raise Incomplete
        return checked

    def chat_model(self, role: str, path: Path) -> ChatModel:
        if role not in self.resources.roles.definitions:
            if self.resources.roles.complete:
                known = self.resources.roles.definitions
                self.problem(f"unknown model role {role!r}; {nearest(role, known)}; roles are named in peel.yaml", path)
            raise Incomplete
        try:
            return self.resources.chat_model(role)
        except PeelError as error:
            there = self.resources.roles.problem(role, str(error))
            self.problems.add(there or self._placed(str(error), path))
            raise Incomplete from error

    def embedder(self, name: str, path: Path) -> Embedder:
        return self._resolved(lambda: self.resources.embedder(name), path)

    def function(self, reference: str, path: Path) -> Callable[..., Any]:
        return self._resolved(lambda: self.resources.function(reference, self.origin.directory), path)

    def retriever(self, name: str, path: Path) -> Retriever:
        known = self.visible.knowledge
        if name not in known and not self.visible.excuses(name):
            self.problem(f"there is no knowledge input {name!r}; {nearest(name, known)}", path)
        found = known.get(name)
        if found is None:
            raise Incomplete
        return found

    def problem(self, message: str, path: Path) -> None:
        self.problems.add(self._placed(message, path))

    def _placed(self, message: str, path: Path) -> Problem:
        for changed, (origin, real) in self.moved.items():
            if path[: len(changed)] == changed:
                return origin.problem(message, real)
        return self.origin.problem(message, path)

    def _resolved(self, resolve: Callable[[], T], path: Path) -> T:
        try:
            return resolve()
        except PeelError as error:
            self.problem(str(error), path)
            raise Incomplete from error

    def _not_found(self, unknown: Unknown, path: Path) -> None:
        bare = unknown.name.removeprefix("inputs.").removeprefix("steps.")
        if bare in self.visible.of_some_cases and unknown.root in (bare, "inputs"):
            self.uses.setdefault(bare, self.label)
        elif not self.visible.excuses(bare):
            self.problem(self._told(unknown), path)

    def _told(self, unknown: Unknown) -> str:
        if unknown.name in self.visible.not_yet:
            return (
                f"the template reads the step {unknown.name!r}, which {self.visible.not_yet[unknown.name]}; "
                f"a step reads only inputs and the steps before it: {', '.join(unknown.allowed) or 'none'}"
            )
        return (
            f"the template names {unknown.name!r}, which does not exist here; {nearest(unknown.name, unknown.allowed)}"
        )
