"""The folder of a workspace: its `peel.yaml`, its store, its models."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from peel.errors import DefinitionError
from peel.plugins import nearest
from peel.records import ModelDefinition, Problem, WorkspaceDefinition
from peel.scenarios.workspace_file import load_workspace

if TYPE_CHECKING:
    from peel.runs.baselines import Baselines
    from peel.runs.resources import Resources
    from peel.store.store import Store


class Folder:
    """One folder with `scenarios/` in it. `store` is a URL that replaces the one of `peel.yaml`.

    A context manager: leaving it closes the store.
    """

    def __init__(self, root: Path, *, store: str | None = None) -> None:
        """Read `peel.yaml`, if there is one. What is wrong in it is told with what is wrong in the other files, or when
        the store is opened."""
        self.root = root.resolve()
        self._loaded = load_workspace(self.root / "peel.yaml", environ=os.environ)
        self._store_url = store or self._loaded.definition.store

    @property
    def definition(self) -> WorkspaceDefinition:
        """`peel.yaml` as far as it is right; its defaults where there is none."""
        return self._loaded.definition

    @property
    def store_url(self) -> str:
        """Where the store is, as it was given or as `peel.yaml` has it; its password may be in it."""
        return self._store_url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def store(self) -> Store:
        """The workspace's store, opened on first use.

        Raises StoreError, MissingExtra, and DefinitionError where peel.yaml is wrong.
        """
        if self._loaded.problems:
            raise DefinitionError(self._loaded.problems)
        from peel.store.store import Store

        return Store(self._store_url, root=self.root)

    def _baselines(self) -> Baselines:
        """Earlier runs for the gates that are held against one; the store is opened only where a gate is."""
        from peel.runs.baselines import Baselines

        return Baselines(
            find=lambda name: self.store.run(name),  # noqa: PLW0108  # opens the store when it is asked
            earlier=lambda run, scenario: self.store.earlier(run, scenario),  # noqa: PLW0108  # likewise
        )

    def _resources(self, changed: Mapping[str, str], *, at_once: int | None = None) -> Resources:
        from peel.runs.resources import Resources, Roles

        complete = not self._loaded.problems
        return Resources(self.root, Roles(self._models(changed, at_once), self._loaded.origin, complete))

    def _models(self, changed: Mapping[str, str], at_once: int | None) -> dict[str, ModelDefinition]:
        """The models by role, with those that `--model ROLE=NAME` names instead: another role, or another model.

        A server whose limit nobody named is asked `at_once` times at once from the start, where that is given.
        """
        from peel.models.opening import provider_of

        models = dict(self.definition.models)
        unknown = [role for role in changed if role not in models]
        if unknown:
            problems = [
                Problem(message=f"unknown model role {role!r}; {nearest(role, models)}", file="--model")
                for role in unknown
            ]
            raise DefinitionError([*self._loaded.problems, *problems])
        for role, name in changed.items():
            other = self.definition.models.get(name)
            models[role] = other or models[role].model_copy(update={"model": name})
        for role, model in models.items():
            if at_once is not None and model.concurrency is None and provider_of(model) == "openai":
                models[role] = model.model_copy(update={"concurrency": at_once})
        return models
