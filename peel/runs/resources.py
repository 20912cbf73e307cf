"""What compiled steps and evaluators share in one run: models, embedders, knowledge, code of the workspace.

Each is found once by what it is, so that two variants with the same knowledge search one index. What was used is
remembered with a hash of its content, for the provenance of the run.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from peel.errors import PeelError
from peel.models.chat import ChatModel
from peel.models.embedding import Embedder
from peel.models.opening import Models, expand, provider_of
from peel.models.prices import Pricing
from peel.plugins import nearest
from peel.records import Json, ModelDefinition, Problem
from peel.runs.provenance import content_hash
from peel.scenarios.origin import Origin
from peel.scenarios.origin import shown as relative
from peel.templates import Templates

if TYPE_CHECKING:
    from peel.knowledge.index import Knowledge
    from peel.knowledge.opening import KnowledgeSettings, Place

FEW = 32
"""How many executions to keep in flight in a run that asks no model."""

MANY = 128
"""How many where a server is asked whose limits nobody named: the model's own limiter finds out what it takes."""

EMBEDDED = 12
"""How many where only the embedded model is asked: somewhat more than it answers at once, so that it never waits."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The models by role. `origin` is that of peel.yaml; `complete` is False where something in it is wrong, so that a
    role that is not found is no problem of its own."""

    definitions: Mapping[str, ModelDefinition]
    origin: Origin
    complete: bool = True

    def problem(self, role: str, message: str) -> Problem | None:
        """Something wrong with a role, where peel.yaml defines it; None where a default of PEEL's is meant."""
        models = self.origin.place.get("models")
        there = models and models.get(role)
        return self.origin.problem(message, ("models", role)) if there else None


class Resources:
    """The shared things of one run in the workspace `root`. An async context manager that closes them all."""

    def __init__(self, root: Path, roles: Roles) -> None:
        self.root = root
        self.roles = roles
        self.templates = Templates()
        self.code: dict[str, str] = {}
        self._in_use: set[str] = set()
        self._models = Models(roles.definitions, root=root)
        self._modules: dict[Path, ModuleType] = {}
        self._knowledge: dict[str, tuple[str, Knowledge]] = {}

    async def __aenter__(self) -> Resources:
        await self._models.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        for _, knowledge in self._knowledge.values():
            knowledge.close()
        await self._models.__aexit__(*error)

    def chat_model(self, role: str) -> ChatModel:
        """The model of a role. Raises PeelError where there is no such role or it cannot be opened."""
        model = self._models.chat(role)
        self._in_use.add(role)
        return model

    def embedder(self, name: str) -> Embedder:
        """An embedding model by role, name or path. Raises PeelError where it cannot be opened."""
        return self._models.embedder(name)

    def knowledge(self, settings: KnowledgeSettings, place: Place) -> Knowledge:
        """The knowledge of a shared input, not yet prepared. Raises DocumentError, MissingExtra, PeelError."""
        from peel.knowledge.opening import open_knowledge

        key = f"{place.folder}\n{settings.model_dump_json()}"
        if key not in self._knowledge:
            opened = open_knowledge(settings, place, embedder=self.embedder(settings.embedding))
            self._knowledge[key] = (place.name, opened)
        return self._knowledge[key][1]

    def function(self, reference: str, folder: Path) -> Callable[..., Any]:
        """The function that `file.py:name` stands for, the file relative to `folder`. Raises PeelError."""
        file, _, name = reference.rpartition(":")
        module = self._module((folder / file).resolve(), shown=file)
        found = getattr(module, name, None)
        if not callable(found):
            functions = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
            raise PeelError(f"{file} has no function {name!r}; {nearest(name, functions)}")
        return found  # type: ignore[no-any-return]  # callable, as just checked

    def models_in_use(self) -> dict[str, dict[str, Json]]:
        """Each role in use: its model, where it is served, and its parameters. As written, so without secrets."""
        return {role: _described(self.roles.definitions[role]) for role in sorted(self._in_use)}

    def model_parts(self) -> dict[str, str]:
        """Each role in use with the hash of what it stands for."""
        return {f"model {role}": content_hash(described) for role, described in self.models_in_use().items()}

    async def unpriced(self) -> list[str]:
        """The roles in use whose price is unknown."""
        return [role for role in sorted(self._in_use) if not await _is_priced(self.roles.definitions[role])]

    def concurrency(self) -> int:
        """How many executions to keep in flight where nobody says: as many as the widest model takes calls."""
        return max((_calls_at_once(self.roles.definitions[role]) for role in self._in_use), default=FEW)

    def knowledge_parts(self) -> dict[str, str]:
        """Each knowledge input in use with the hash of its documents, chunking and embedding. Reads the documents."""
        parts: dict[str, str] = {}
        for name, knowledge in self._knowledge.values():
            key = f"knowledge {name}"
            while key in parts:
                key += "'"
            parts[key] = knowledge.fingerprint
        return parts

    async def prepare(self, told: Callable[[str], None]) -> None:
        """Build or open every index, one after the other, before the first execution starts."""
        for name, knowledge in self._knowledge.values():
            await knowledge.prepare(lambda step, name=name: told(f"{name}: {step}"))  # type: ignore[misc]  # bound by name
            await asyncio.sleep(0)

    def _module(self, path: Path, *, shown: str) -> ModuleType:
        if path in self._modules:
            return self._modules[path]
        if not path.is_relative_to(self.root.resolve()):
            raise PeelError(f"{shown} leads outside the workspace {self.root}; code must stand inside it")
        if not path.is_file():
            raise PeelError(f"there is no file {relative(path)!r}; a path is relative to the file that names it")
        self.code[f"code {path.relative_to(self.root.resolve())}"] = content_hash(path.read_bytes())
        self._modules[path] = _load(path, shown)
        return self._modules[path]


def _calls_at_once(definition: ModelDefinition) -> int:
    if definition.concurrency is not None:
        return definition.concurrency
    return EMBEDDED if provider_of(definition) == "embedded" else MANY


async def _is_priced(definition: ModelDefinition) -> bool:
    """Whether the price is known; the embedded model costs nothing."""
    if provider_of(definition) == "embedded":
        return True
    return await Pricing(expand(definition, os.environ)).cost(1, 1) is not None


def _described(definition: ModelDefinition) -> dict[str, Json]:
    return definition.model_dump(mode="json", include={"model", "provider", "base_url", "parameters"})


class _SourceOnly(SourceFileLoader):
    """Compiles what the file says now, which is what the run's provenance holds the hash of, and writes nothing beside
    it: checking a workspace leaves it as it was."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _load(path: Path, shown: str) -> ModuleType:
    name = f"peel_workspace_{content_hash(str(path))}_{path.stem}"
    loader = _SourceOnly(name, str(path))
    module = importlib.util.module_from_spec(ModuleSpec(name, loader, origin=str(path)))
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses and type hints look their module up there
    try:
        loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise PeelError(f"{shown} cannot be loaded: {type(error).__name__}: {error}") from error
    return module
