"""The workspace: finds and wires everything for one folder. The one way in for the command line, pytest and the web."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from peel.errors import DefinitionError, PeelError, ResumeError
from peel.plugins import Registry, nearest
from peel.records import (
    Case,
    Execution,
    Json,
    ModelDefinition,
    Problem,
    Run,
    RunStatus,
    RunSummary,
    Score,
    Selection,
    WorkspaceDefinition,
)
from peel.scenarios.finding import find_workspace
from peel.scenarios.origin import shown
from peel.scenarios.workspace_file import load_workspace

if TYPE_CHECKING:
    from peel.estimates.differences import Question
    from peel.estimates.foresight import Expected
    from peel.estimates.planning import PlanRequest
    from peel.records.agreement import RunAgreement
    from peel.records.comparisons import Comparison
    from peel.records.plans import Plan
    from peel.reports.format import ReportSource
    from peel.runs.baselines import Baselines
    from peel.runs.executors import Executor
    from peel.runs.loading import Compiled
    from peel.runs.manual import ManualScoring
    from peel.runs.resources import Resources
    from peel.runs.runner import Progress
    from peel.store.store import Store
    from peel.store.stored import SqlStoredRun

REPORTS = Registry("peel.reports", word="report format")
EXECUTORS = Registry("peel.executors", word="executor")


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
    `decided`, `width<0.05` or `ID:width<0.05`."""

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


class Workspace:
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

    @classmethod
    def find(cls, paths: Sequence[str] = (), *, store: str | None = None) -> Workspace:
        """The workspace that the first path, or else the current folder, lies in. Raises DefinitionError."""
        start = Path(paths[0]) if paths else Path.cwd()
        root = find_workspace(start)
        if root is None:
            message = (
                "no folder with `scenarios/` in it, here or above; "
                "`peel init` makes a workspace, or name a scenario file inside one"
            )
            raise DefinitionError([Problem(message=message, file=shown(start))])
        return cls(root, store=store)

    def __enter__(self) -> Workspace:
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

        Raises DefinitionError before anything is executed or written, ResumeError where a run cannot be resumed,
        StoreError where results cannot be stored. A cancelled run is stored as interrupted.
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
            )
            run = session.resumed(stored) if stored else session.new(_run_id())
            if request.budget_usd is not None:
                _check_prices(await resources.unpriced())
            await resources.prepare(progress.preparing)
            if stored is None:
                self.store.create(run)
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
        return self.store.run(run.id).run

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

    def summary(self, run_id: str) -> tuple[SqlStoredRun, RunSummary]:
        """A stored run and its numbers. Raises StoreError where there is none."""
        from peel.estimates.summary import summarise

        stored = self.store.run(run_id)
        return stored, summarise(stored)

    def executions(
        self, run_id: str, address: str, *, scenario: str | None = None, variant: str | None = None
    ) -> list[tuple[Execution, tuple[Score, ...], Case]]:
        """The executions of one case (`CASE`) or of one repetition of it (`CASE#N`), with their scores.

        Raises StoreError where there is no such run, DefinitionError where it has no such execution.
        """
        from peel.runs.find import find_executions

        return find_executions(self.store.run(run_id), address, scenario=scenario, variant=variant)

    def foresight(self, run: Run) -> Expected:
        """What a planned run will take, by the newest earlier run of each of its scenarios. Raises StoreError."""
        from peel.estimates.foresight import Spent, expected

        newest = {name: next(self.store.earlier(run, name), None) for name in run.cases}
        found = {name: stored for name, stored in newest.items() if stored is not None}
        return expected(
            run, {name: Spent(stored.run.id, *stored.spent_per_execution(name)) for name, stored in found.items()}
        )

    def source(self, run_id: str) -> ReportSource:
        """What reports of a stored run are made from: its numbers are computed here, once for all formats."""
        from peel.reports.format import ReportSource

        stored, summary = self.summary(run_id)
        return ReportSource(summary, stored)

    def write_report(self, source: ReportSource, report: str, out: BinaryIO) -> None:
        """Write a report to a binary file. Raises UnknownName for a format that nobody brings."""
        writer = REPORTS.resolve(report)()
        writer.write(source, out)

    def write_reports(self, source: ReportSource, folder: Path, *, formats: Iterable[str]) -> dict[str, Path]:
        """Write reports into a folder, named by the run; the path of each format."""
        folder.mkdir(parents=True, exist_ok=True)
        written = {}
        for name in formats:
            writer = REPORTS.resolve(name)()
            written[name] = folder / f"{source.stored.run.id}{writer.suffix}"
            with written[name].open("wb") as out:
                writer.write(source, out)
        return written

    def scoring(self, run_id: str, *, rater: str) -> ManualScoring:
        """The questions of a stored run that wait for people, as one rater is asked them.

        Raises StoreError where there is no such run, DefinitionError where it asks people nothing.
        """
        from peel.runs.manual import ManualScoring

        stored = self.store.run(run_id)
        return ManualScoring(stored, self.store.people(stored.run.id), rater=rater)

    def agreement(self, run_id: str) -> RunAgreement:
        """How far the raters of a stored run agree with each other, and its judges with them. Raises StoreError."""
        from peel.estimates.agreement import agreement_of

        stored = self.store.run(run_id)
        return agreement_of(stored, self.store.people(stored.run.id))

    def compare(self, base: str, candidate: str, *, question: Question) -> Comparison:
        """Two sides held against each other; each is `RUN`, `RUN:SCENARIO`, `RUN:VARIANT` or `RUN:SCENARIO/VARIANT`.

        Raises StoreError where there is no such run, DefinitionError where the sides cannot be paired.
        """
        from peel.estimates.comparing import compare
        from peel.estimates.pairing import split_address

        (run, name), (other, other_name) = split_address(base), split_address(candidate)
        return compare((self.store.run(run), name), (self.store.run(other), other_name), question=question)

    def plan(self, pilot: str, request: PlanRequest) -> Plan:
        """How many cases and repetitions a question needs, by a pilot run, addressed as a side of a comparison.

        Raises StoreError where there is no such run, DefinitionError where a target is out of range.
        """
        from peel.estimates.pairing import parts_of, split_address
        from peel.estimates.planning import plan_from_pilot

        run, name = split_address(pilot)
        stored = self.store.run(run)
        return plan_from_pilot(parts_of(stored, name), request, judged=stored)

    def _baselines(self) -> Baselines:
        """Earlier runs for the gates that are held against one; the store is opened only where a gate is."""
        from peel.runs.baselines import Baselines

        return Baselines(
            find=lambda name: self.store.run(name),  # noqa: PLW0108  # opens the store when it is asked
            earlier=lambda run, scenario: self.store.earlier(run, scenario),  # noqa: PLW0108  # likewise
        )

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


def run_blocking(workspace: Workspace, request: RunRequest, progress: RunProgress) -> Run:
    """`Workspace.run` in an event loop of its own; Ctrl-C ends it cleanly and raises KeyboardInterrupt."""
    return asyncio.run(workspace.run(request, progress))


__all__ = ["PeelError", "RunProgress", "RunRequest", "Workspace", "run_blocking"]
