"""What executes or judges: checks, runs, scores again."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from peel.errors import DefinitionError, ResumeError
from peel.plugins import Registry
from peel.records import Case, Json, Problem, Run, RunStatus, Score, Selection
from peel.workspace.folder import Folder
from peel.workspace.requests import RunProgress, RunRequest

if TYPE_CHECKING:
    from peel.estimates.foresight import Expected
    from peel.runs.executors import Executor
    from peel.runs.loading import Compiled
    from peel.runs.session import RunSession
    from peel.store.stored import SqlStoredRun


EXECUTORS = Registry("peel.executors", word="executor")


class Executing(Folder):
    """Compiles, plans, executes and scores."""

    async def check(self, paths: Sequence[str] = ()) -> Compiled:
        """Load and compile; execute nothing. Raises DefinitionError with everything that is wrong."""
        from peel.runs.loading import compile_selection

        selection = self._selection(RunRequest(paths=tuple(paths)))
        async with self._resources(selection.models) as resources:
            return compile_selection(
                self.root,
                selection,
                resources=resources,
                found=self._loaded.problems,
                baselines=self._baselines(),
            )

    async def run(self, request: RunRequest, progress: RunProgress, *, executor: Executor | None = None) -> Run:
        """Plan, execute and score; everything is in the store when it returns. `executor` instead of the local one.

        Raises DefinitionError before anything is executed or written, ResumeError where a run cannot be resumed or
        somebody else is carrying it out, StoreError where results cannot be stored. A cancelled run is stored as
        interrupted.
        """
        from peel.runs.session import RunSession

        stored = self.store.run(request.resume) if request.resume else None
        selection = self._resumed(request, stored) if stored else self._selection(request)
        async with self._resources(selection.models, at_once=request.concurrency) as resources:
            session = RunSession(
                self.root,
                selection,
                resources=resources,
                found=self._loaded.problems,
                baselines=self._baselines(),
                by=request.by,
            )
            run = session.resumed(stored) if stored else session.new(_run_id())
            if request.budget_usd is not None:
                _check_prices(await resources.unpriced())
            await resources.prepare(progress.preparing)
            with self.store.claimed(run.id):
                await self._carried_out(session, run, stored, request=request, progress=progress, executor=executor)
        return self.store.run(run.id).run

    async def preview(self, request: RunRequest) -> Run:
        """The run that a request would make: compiled and planned, not stored; nothing is executed.

        Raises DefinitionError with everything that is wrong.
        """
        from peel.runs.session import RunSession

        selection = self._selection(request)
        async with self._resources(selection.models) as resources:
            session = RunSession(
                self.root, selection, resources=resources, found=self._loaded.problems, baselines=self._baselines()
            )
            if request.budget_usd is not None:
                _check_prices(await resources.unpriced())
            return session.new(_run_id())

    def foresight(self, run: Run) -> Expected:
        """What a planned run will take, by the newest earlier run of each of its scenarios. Raises StoreError."""
        from peel.estimates.foresight import Spent, expected

        newest = {name: next(self.store.earlier(run, name), None) for name in run.cases}
        found = {name: stored for name, stored in newest.items() if stored is not None}
        return expected(
            run, {name: Spent(stored.run.id, *stored.spent_per_execution(name)) for name, stored in found.items()}
        )

    async def score(
        self,
        outputs: Sequence[Json],
        evaluators: list[Json],
        *,
        inputs: Mapping[str, Json],
        models: Mapping[str, str] | None = None,
    ) -> list[list[Score]]:
        """The scores of outputs that no orchestration of PEEL made, output by output; nothing is stored.

        `evaluators` are written as in a scenario file; their templates see `inputs`, and their paths are relative to
        the workspace. Raises DefinitionError with everything that is wrong in them.
        """
        from peel.runs.outputs import score_outputs

        case = Case(id="given", inputs=dict(inputs))
        async with self._resources(models or {}) as resources:
            return await score_outputs(outputs, evaluators, case=case, resources=resources, found=self._loaded.problems)

    async def rescore(self, run_id: str, *, evaluators: Sequence[str] = ()) -> Run:
        """Evaluators as the files now define them, on the outputs that are stored. The application is not called.

        Raises DefinitionError, StoreError. Scores are appended; the latest count.
        """
        from peel.runs.rescore import rescore

        stored = self.store.run(run_id)
        async with self._resources(stored.run.provenance.selection.models) as resources:
            await rescore(stored, self.root, store=self.store, resources=resources, only=evaluators)
        return self.store.run(run_id).run

    async def _carried_out(
        self,
        session: RunSession,
        run: Run,
        stored: SqlStoredRun | None,
        *,
        request: RunRequest,
        progress: RunProgress,
        executor: Executor | None,
    ) -> None:
        """Carry a run out that nobody else can meanwhile, from its first execution or from where it stopped."""
        if stored is None:
            self.store.create(run)
        elif run.status != "finished":
            self.store.set_status(run.id, "running")
        status: RunStatus = "interrupted"
        try:
            progress.started(run, already=len(stored.finished_numbers()) if stored else 0)
            status = await session.carry_out(
                run,
                self.store,
                executor or EXECUTORS.resolve("local")(),
                request=request,
                progress=progress.executions,
            )
        finally:
            if run.status != "finished":
                self.store.set_status(run.id, status, planned=self._executed(run) if status == "finished" else None)

    def _executed(self, run: Run) -> int | None:
        """How many executions a run with `until` came to, which are its plan then."""
        if run.provenance.selection.until is None:
            return None
        return len(self.store.run(run.id).finished_numbers())

    def _selection(self, request: RunRequest) -> Selection:
        from peel.runs.loading import scenario_paths

        paths = scenario_paths(self.root, request.paths) if request.given is None else ()
        return Selection(
            scenarios=tuple(os.path.relpath(path, self.root) for path in paths),
            given=request.given,
            repetitions=request.repetitions,
            cases=request.cases,
            tags=request.tags,
            variants=request.variants,
            models=dict(request.models),
            until=request.until,
        )

    def _resumed(self, request: RunRequest, stored: SqlStoredRun) -> Selection:
        given = [
            flag
            for flag, value in {
                "PATH": request.paths,
                "--repetitions": request.repetitions,
                "--case": request.cases,
                "--tag": request.tags,
                "--variant": request.variants,
                "--model": request.models,
                "--until": request.until,
            }.items()
            if value
        ]
        if given:
            raise ResumeError(
                f"--resume completes the plan of the run {stored.run.id} as it was made; leave out {', '.join(given)}"
            )
        return stored.run.provenance.selection


def _check_prices(unpriced: Sequence[str]) -> None:
    """A budget can only be kept where every price is known."""
    if unpriced:
        message = (
            f"the price of the model role {', '.join(unpriced)} is unknown, so a budget cannot be kept; give it "
            "`price: {input_per_million: …, output_per_million: …}` in peel.yaml, in US dollars"
        )
        raise DefinitionError([Problem(message=message, file="--budget")])


def _run_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
