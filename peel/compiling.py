"""What a step or an evaluator may ask for while it is compiled: each name resolved once, before a call is paid for.

`CompileScope` is handed to the `compile` of each kind of step and evaluator. What is wrong is collected with its
place; a kind goes on compiling where it can, so that all problems of a file are reported together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from peel.models.chat import ChatModel
from peel.models.embedding import Embedder
from peel.records import Case, Json, Passage, Path
from peel.templates import Names, Render

Settings = TypeVar("Settings", bound=BaseModel)


class Retriever(Protocol):
    """A knowledge input that can be searched: the `top_k` passages nearest to the query, nearest first."""

    async def search(self, query: str, *, top_k: int, metric: str) -> Sequence[Passage]: ...


class CompileScope(Protocol):
    """What one step or evaluator may refer to. `path` is always relative to the definition being compiled:
    `("prompt", 0, "user")` is the `user` text of the first message."""

    @property
    def names(self) -> Names:
        """The names templates may use here."""
        ...

    @property
    def cases(self) -> Sequence[Case]:
        """The cases of the scenario, for checks against what the case files hold."""
        ...

    @property
    def executed(self) -> Sequence[Case]:
        """Those of the cases that the run executes, for draws."""
        ...

    @property
    def workspace(self) -> FilePath:
        """The workspace's folder: files that a template names are relative to it and must lie inside it."""
        ...

    def template(self, value: Json, path: Path) -> Render:
        """Compile every string in `value`; the result renders it, keeping types. Problems are collected."""
        ...

    def settings(self, model: type[Settings], values: Mapping[str, Json], path: Path) -> Settings:
        """Validate keys and types. Collects one problem for each wrong key, then raises Incomplete if there was any.

        A field that may hold a template should be typed `Json` and go through `template` afterwards.
        """
        ...

    def chat_model(self, role: str, path: Path) -> ChatModel:
        """The model of a role of peel.yaml. Raises Incomplete if there is none."""
        ...

    def embedder(self, name: str, path: Path) -> Embedder:
        """An embedding model by name, path or role. Raises Incomplete if there is none."""
        ...

    def retriever(self, name: str, path: Path) -> Retriever:
        """A shared input of kind knowledge. Raises Incomplete if there is none."""
        ...

    def function(self, reference: str, path: Path) -> Callable[..., Any]:
        """A function of the workspace by `file.py:name`. Raises Incomplete if it cannot be loaded."""
        ...

    def problem(self, message: str, path: Path) -> None:
        """Collect something wrong at `path`. The message says what was found and what is allowed."""
        ...
