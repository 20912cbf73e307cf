"""One run from its selection to its last execution: what is compiled, stored at the start, carried out, resumed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from peel.errors import ResumeError
from peel.records import Problem, Provenance, Run, RunStatus, Selection
from peel.runs.baselines import Baselines
from peel.runs.budget import Budget
from peel.runs.executors import Executor
from peel.runs.loading import compile_selection
from peel.runs.plan import Plan
from peel.runs.provenance import git_state, provenance_of
from peel.runs.resources import Resources
from peel.runs.runner import Progress, Runner
from peel.store.store import Store
from peel.store.stored import SqlStoredRun

if TYPE_CHECKING:
    from peel.runs.stopping import Stopping


class Limits(Protocol):
    """What bounds a run: executions at once (None: by what its models take), and US dollars (None: nothing)."""

    @property
    def concurrency(self) -> int | None: ...

    @property
    def budget_usd(self) -> float | None: ...


class RunSession:
    """Compiles a selection when it is made. Raises DefinitionError with everything that is wrong, and with what was
    `found` before."""

    def __init__(
        self,
        root: Path,
        selection: Selection,
        *,
        resources: Resources,
        baselines: Baselines,
        found: Sequence[Problem] = (),
        by: str | None = None,
    ) -> None:
        self._resources, self._baselines = resources, baselines
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="peel-git") as beside:
            git = beside.submit(git_state, root)
            self._compiled = compile_selection(root, selection, resources=resources, found=found, baselines=baselines)
            self._provenance = provenance_of(
                git.result(),
                parts=self._compiled.parts,
                models=resources.models_in_use(),
                selection=selection,
                by=by,
            )

    def new(self, run_id: str) -> Run:
        """A new run, not yet stored."""
        run = Run(
            id=run_id,
            started=time.time(),
            provenance=self._provenance,
            scenario_variants=self._compiled.records,
            cases=self._compiled.cases,
        )
        planned = len(Plan(run.scenario_variants, run.cases))
        return self._baselines.recorded(run.model_copy(update={"planned": planned}))

    def resumed(self, stored: SqlStoredRun) -> Run:
        """The stored run, to be completed. Raises ResumeError where the definitions are not those it was made of."""
        changed = _changed(stored.run.provenance, self._provenance)
        if changed:
            raise ResumeError(
                f"the run {stored.run.id} cannot be resumed: since it started, {'; '.join(changed)}. "
                "Bring the definitions back, or start a new run"
            )
        return stored.run

    async def carry_out(
        self, run: Run, store: Store, executor: Executor, *, request: Limits, progress: Progress
    ) -> RunStatus:
        """Execute what the run's plan still holds, and store it. Raises StoreError."""
        concurrency = request.concurrency or self._resources.concurrency()
        stored = store.run(run.id)
        try:
            async with store.writer(run.id) as writer:
                runner = Runner(
                    run=run,
                    compiled=self._compiled.variants,
                    writer=writer,
                    progress=progress,
                    budget=_budget(request.budget_usd, stored),
                    stopping=_stopping(run, stored),
                    finished_numbers=frozenset(stored.finished_numbers()),
                    unfinished_steps=stored.unfinished_steps(),
                )
                return await runner.carry_out(executor, concurrency=concurrency)
        finally:
            for compiled in self._compiled.variants:
                await compiled.orchestration.aclose()


def _budget(limit_usd: float | None, stored: SqlStoredRun) -> Budget | None:
    return None if limit_usd is None else Budget(limit_usd, spent_usd=stored.spent_usd())


def _stopping(run: Run, stored: SqlStoredRun) -> Stopping | None:
    until = run.provenance.selection.until
    if until is None:
        return None
    from peel.runs.stopping import Stopping  # brings the statistics, which other runs load while calls are in flight

    return Stopping(run, until, stored=stored)


def _changed(before: Provenance, now: Provenance) -> list[str]:
    """What is different between two provenances, in words."""
    if before.definition_hash == now.definition_hash:
        return []
    gone = [f"{part} is gone" for part in before.parts if part not in now.parts]
    new = [f"{part} is new" for part in now.parts if part not in before.parts]
    return [
        *(f"{part} changed" for part, value in now.parts.items() if before.parts.get(part, value) != value),
        *gone,
        *new,
    ]
