"""From the roles of peel.yaml to models that can be asked.

A role is resolved when it is first named, so that what is wrong with it is told before anything is paid for; nothing
is connected, started or loaded before the first call. The secrets of the environment are filled in here and go no
further than the client.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from peel.environment import filled, lacking
from peel.errors import PeelError
from peel.models.chat import ChatModel
from peel.models.embedding import Embedder
from peel.models.shared import Shared
from peel.plugins import Registry, nearest
from peel.records import ModelDefinition

__all__ = ["ModelProvider", "Models", "expand"]

OPENAI = "https://api.openai.com/v1"
"""Where a model goes that has an api_key and no base_url."""

_PROVIDERS = Registry("peel.models", word="model provider")


class ModelProvider(Protocol):
    """What an entry point of `peel.models` names: a function that opens the model of a definition.

    `shared` holds what models of one workspace have in common. It is called while definitions are checked: it raises
    PeelError for a definition that cannot be used, and leaves connecting and loading to the first call. A model with an
    `aclose` coroutine method is closed by it.
    """

    def __call__(self, definition: ModelDefinition, *, shared: Shared) -> ChatModel: ...


def expand(definition: ModelDefinition, environ: Mapping[str, str]) -> ModelDefinition:
    """The definition with each `${NAME}` filled from the environment.

    Raises PeelError naming a variable that is not set, or is empty.
    """
    changed: dict[str, Any] = {}
    for field in ("model", "base_url", "api_key"):
        text = getattr(definition, field)
        if text is not None and "${" in text:
            changed[field] = _fill(text, field, environ)
    if definition.headers:
        given = definition.headers.items()
        changed["headers"] = {name: _fill(value, f"headers.{name}", environ) for name, value in given}
    return definition.model_copy(update=changed)


def _fill(text: str, field: str, environ: Mapping[str, str]) -> str:
    for name, state in lacking(text, environ).items():
        raise PeelError(f"{field} needs the environment variable {name}, which is {state}; set it, or change {field}")
    return filled(text, environ)


class Models:
    """The models of a workspace, opened by role; an async context manager that closes them.

    `root` is the workspace's folder: paths to models are relative to it.
    """

    def __init__(
        self, roles: Mapping[str, ModelDefinition], *, root: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self._roles = roles
        self._root = root
        self._environ = os.environ if environ is None else environ
        self._chat: dict[str, ChatModel] = {}
        self._embedders: dict[str, Embedder] = {}
        self._shared = Shared()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def chat(self, role: str) -> ChatModel:
        """The model of a role; the same object each time.

        Raises PeelError where there is no such role or it cannot be opened.
        """
        if role not in self._chat:
            definition = self._definition(role)
            open_model: ModelProvider = _PROVIDERS.resolve(provider_of(definition))
            self._chat[role] = open_model(definition, shared=self._shared)
        return self._chat[role]

    def embedder(self, name: str) -> Embedder:
        """An embedding model: a role with a base_url is asked at its server's `/embeddings`; any other name is one of
        sentence-transformers, or a path to one. The same object each time.

        Raises PeelError where it cannot be opened, MissingExtra without the extra `rag`.
        """
        if name not in self._embedders:
            self._embedders[name] = self._open_embedder(name)
        return self._embedders[name]

    async def aclose(self) -> None:
        """Close all models, connections and servers. What was opened cannot be used any more."""
        opened: list[Any] = [*self._chat.values(), *self._embedders.values()]
        self._chat.clear()
        self._embedders.clear()
        try:
            for model in opened:
                close = getattr(model, "aclose", None)
                if close is not None:
                    await close()
        finally:
            await self._shared.aclose()

    def _open_embedder(self, name: str) -> Embedder:
        if name in self._roles and self._roles[name].base_url:
            from peel.models.openai_embedder import OpenAIEmbedder

            return OpenAIEmbedder(self._definition(name), shared=self._shared)
        if name in self._roles:
            raise PeelError(
                f"the model role {name!r} has no base_url, so it has no /embeddings; give it one, "
                "or name an embedding model such as all-MiniLM-L6-v2"
            )
        from peel.models.sentence_embedder import SentenceEmbedder

        return SentenceEmbedder(name, root=self._root)

    def _definition(self, role: str) -> ModelDefinition:
        """The definition of a role, ready for its provider."""
        if role not in self._roles:
            raise PeelError(f"unknown model role {role!r}; {nearest(role, self._roles)}")
        try:
            definition = expand(self._roles[role], self._environ)
            if provider_of(definition) == "embedded":
                return definition.model_copy(update={"model": self._model_file(definition.model)})
        except PeelError as error:
            raise PeelError(f"the model role {role!r}: {error}") from error
        return _with_address(definition, role)

    def _model_file(self, model: str) -> str:
        return model if model == "embedded" else os.path.normpath(self._root / Path(model).expanduser())


def provider_of(definition: ModelDefinition) -> str:
    """The provider that a definition names, or that its model implies."""
    if definition.provider is not None:
        return definition.provider
    in_process = definition.base_url is None and (definition.model == "embedded" or _is_gguf(definition.model))
    return "embedded" if in_process else "openai"


def _is_gguf(model: str) -> bool:
    return model.lower().endswith(".gguf")


def _with_address(definition: ModelDefinition, role: str) -> ModelDefinition:
    """A model of the provider openai with a key and no address is OpenAI's own."""
    if provider_of(definition) != "openai" or definition.base_url:
        return definition
    if definition.api_key:
        return definition.model_copy(update={"base_url": OPENAI})
    raise PeelError(
        f"the model role {role!r} ({definition.model!r}) says nowhere to go: give it base_url, such as "
        "http://localhost:8000/v1, or api_key for OpenAI, or use model: embedded"
    )
