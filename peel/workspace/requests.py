"""What a run is asked for, and who is told how it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from peel.records import Json, Run

if TYPE_CHECKING:
    from peel.runs.runner import Progress


class RunProgress(Protocol):
    """Is told how a run goes, from its plan to its end."""

    def preparing(self, what: str) -> None: ...

    def started(self, run: Run, *, already: int) -> None: ...

    @property
    def executions(self) -> Progress: ...


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What `peel run` is asked for. `paths` are scenario files or folders (none: all of the workspace's); `given` is a
    scenario instead of them, a mapping with the keys of a scenario file. `budget_usd` bounds what the run may cost;
    `resume` names a run to be completed instead of a new one. `until` says when it may end before its last repetition:
    `decided`, `width<0.05` or `ID:width<0.05`. `by` is who starts it, as it is recorded."""

    paths: tuple[str, ...] = ()
    given: dict[str, Json] | None = None
    repetitions: int | None = None
    cases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    concurrency: int | None = None
    budget_usd: float | None = None
    resume: str | None = None
    until: str | None = None
    by: str | None = None
