"""The runs of one session: begun in the background once the wanted tests are known, each test waiting for its own.

All selected cases are in flight together, whatever the order in which pytest asks for them; a case's repetitions are
executed side by side with those of its variants, so that variants are compared under the same conditions, and the first
tests are told long before the last are executed.
"""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from peel.errors import PeelError
from peel.pytest_plugin.addresses import Address, WantedRun
from peel.pytest_plugin.judging import CaseVerdict, Observed, Outcome, judge
from peel.pytest_plugin.loop import LOOK_EVERY_S, Loop, Work
from peel.pytest_plugin.options import Options
from peel.pytest_plugin.telling import case_outcome, case_properties, draft_outcome, gate_outcome, show_command
from peel.records import BASE_VARIANT, Execution, GateDefinition, Run, RunSummary, ScenarioSummary, Score
from peel.runs.executors import LocalExecutor
from peel.runs.plan import PlannedExecution
from peel.workspace import RunRequest, Workspace


class WatchedRun:
    """One run, followed from its plan to its end. Told by the loop's thread, asked by others."""

    def __init__(self, wanted: WantedRun) -> None:
        self.wanted = wanted
        self.run: Run | None = None
        self.trouble: str | None = None
        self._workspace: Workspace | None = None
        self._observed: dict[tuple[str, str, str], list[Observed]] = {}
        self._changed = threading.Condition()
        self._ended = False
        self._summary: RunSummary | None = None

    @property
    def executions(self) -> WatchedRun:
        """What is told of each execution."""
        return self

    def preparing(self, what: str) -> None:
        """pytest shows no line of its own while a test waits."""

    def started(self, run: Run, *, already: int) -> None:
        """The run is planned."""
        self.run = run

    def finished(self, execution: Execution, scores: Sequence[Score]) -> None:
        """One more execution is stored."""
        key = (execution.scenario, execution.variant, execution.case)
        with self._changed:
            self._observed.setdefault(key, []).append(Observed.of(execution, scores))
            self._changed.notify_all()

    @property
    def is_executed(self) -> bool:
        """Whether every execution is stored."""
        with self._changed:
            if self._ended and self.trouble is None:
                return True
            return self.run is not None and sum(map(len, self._observed.values())) >= self.run.planned

    async def carry_out(self, options: Options) -> None:
        """Execute the run. What prevents it is told to every test that waits for it."""
        try:
            self._workspace = Workspace(Path(self.wanted.root))
            request = RunRequest(
                paths=self.wanted.paths,
                repetitions=options.repetitions,
                cases=self.wanted.cases,
                variants=self.wanted.variants,
                models=options.models,
                until=options.until,
            )
            # What may end early ends between two sweeps, so it is executed sweep by sweep.
            executor = _CaseByCase(self) if options.until is None else LocalExecutor()
            self.run = await self._workspace.run(request, self, executor=executor)
        except asyncio.CancelledError:
            self._end(self._stopped())
            raise
        except PeelError as error:
            self._end(str(error))
        except Exception:
            # Not one of PEEL's: a bug, which keeps its trace.
            self._end(traceback.format_exc())
        else:
            self._end(None)

    def give_up(self) -> None:
        """Nothing more will come: whoever still waits is told so."""
        if not self._ended:
            self._end(self._stopped())

    def _stopped(self) -> str:
        resume = f"; complete it with: peel run --resume {self.run.id}" if self.run else ""
        return f"the run was stopped before its end{resume}"

    def _end(self, trouble: str | None) -> None:
        with self._changed:
            self.trouble, self._ended = trouble, True
            self._changed.notify_all()

    def order(self, planned: PlannedExecution) -> tuple[int, int, int, int]:
        """Case by case, a case's repetitions and variants interleaved."""
        assert self.run is not None  # noqa: S101  # a plan is carried out after it is told
        scenario = self.run.scenario_variants[planned.scenario_variant].scenario.scenario
        return list(self.run.cases).index(scenario), planned.case, planned.repetition, planned.scenario_variant

    def outcome(self, address: Address) -> Outcome:
        """Wait for what an address stands for, and judge it."""
        return self._gate(address) if address.gate is not None else self._case(address)

    def summary(self) -> RunSummary | None:
        """The numbers of the run; None where nothing of it is stored."""
        if self._summary is None and self._workspace is not None and self.run is not None:
            _, self._summary = self._workspace.summary(self.run.id)
        return self._summary

    def write_reports(self, folder: Path, *, formats: Sequence[str]) -> dict[str, Path]:
        """Write the run's reports. Raises PeelError, OSError."""
        if self._workspace is None or self.run is None:
            return {}
        return self._workspace.write_reports(self._workspace.source(self.run.id), folder, formats=formats)

    def close(self) -> None:
        """Give the store back."""
        if self._workspace is not None:
            self._workspace.__exit__()

    def _case(self, address: Address) -> Outcome:
        key = (address.scenario, address.variant, str(address.case))
        with self._changed:
            while not self._ended and len(self._observed.get(key, ())) < self._planned(address):
                self._changed.wait(LOOK_EVERY_S)
            observed = sorted(self._observed.get(key, ()), key=lambda one: one.repetition)
        if self.run is None or len(observed) < (1 if self.run.stopped_early else self._planned(address)):
            return _no_outcome(self.trouble)
        return self._judged(address, judge(self._gates(address), observed, tags=self._tags(address)))

    def _judged(self, address: Address, verdict: CaseVerdict) -> Outcome:
        assert self.run is not None  # noqa: S101  # something of it was observed
        case = next(one for one in self.run.cases[address.scenario] if one.id == address.case)
        command = show_command(
            verdict.worst, run=self.run.id, case=case.id, scenario=address.scenario, variant=address.variant
        )
        outcome = case_outcome(verdict, case=case, worst=self._worst(verdict), command=command)
        if case.draft:
            return draft_outcome(outcome, verdict, self.run.id)
        return Outcome(outcome.word, outcome.text, tuple(case_properties(verdict, self.run.id)))

    def _worst(self, verdict: CaseVerdict) -> tuple[Execution, Sequence[Score]] | None:
        if verdict.worst is None or verdict.word not in ("failed", "error"):
            return None
        if self._workspace is None or self.run is None:
            return None
        return next(iter(self._workspace.store.run(self.run.id).executions([verdict.worst.number])), None)

    def _gate(self, address: Address) -> Outcome:
        with self._changed:
            while not self._ended:
                self._changed.wait(LOOK_EVERY_S)
        summary = None if self.trouble or self.run is None else self._scenario(address)
        if summary is None or address.gate is None or self.run is None:
            return _no_outcome(self.trouble)
        result = summary.gates[address.gate]
        return gate_outcome(result, run=self.run.id, cases=summary.cases)

    def _scenario(self, address: Address) -> ScenarioSummary | None:
        summary = self.summary()
        found = (address.scenario, address.variant)
        return (
            next((one for one in summary.scenarios if (one.scenario, one.variant) == found), None) if summary else None
        )

    def _planned(self, address: Address) -> int:
        """The repetitions of a case; 1 while the plan is not known, so that there is something to wait for."""
        if self.run is None:
            return 1
        items = (item.scenario for item in self.run.scenario_variants)
        return next((item.repetitions for item in items if item.scenario == address.scenario), 1)

    def _tags(self, address: Address) -> tuple[str, ...]:
        assert self.run is not None  # noqa: S101  # asked once the run is planned
        return next(one.tags for one in self.run.cases[address.scenario] if one.id == address.case)

    def _gates(self, address: Address) -> Sequence[GateDefinition]:
        assert self.run is not None  # noqa: S101  # asked once the run is planned
        return next(i.scenario.gates for i in self.run.scenario_variants if i.scenario.scenario == address.scenario)


class _CaseByCase:
    """An executor that takes the plan case by case. One sweep over all cases after the other, as a plan is written,
    would tell no test before the last sweep."""

    def __init__(self, watched: WatchedRun) -> None:
        self._watched = watched

    async def execute(
        self,
        plan: AsyncIterator[PlannedExecution],
        perform: Callable[[PlannedExecution], Awaitable[None]],
        *,
        concurrency: int,
    ) -> None:
        ordered = sorted([planned async for planned in plan], key=self._watched.order)
        await LocalExecutor().execute(_each(ordered), perform, concurrency=concurrency)


async def _each(ordered: Sequence[PlannedExecution]) -> AsyncIterator[PlannedExecution]:
    for planned in ordered:
        yield planned


class LocalRuns:
    """The runs of this process."""

    def __init__(self, loop: Loop, options: Options) -> None:
        self._loop, self._options = loop, options
        self._work: Work[None] | None = None
        self._lock = threading.Lock()
        self.watched: tuple[WatchedRun, ...] = ()

    def begin(self, wanted: Sequence[WantedRun]) -> None:
        """Begin to execute. Only the first call does: the workers of one session want the same."""
        with self._lock:
            if self._work is None and wanted:
                self.watched = tuple(WatchedRun(one) for one in wanted)
                self._work = self._loop.start(self._carry_out())

    def outcome(self, address: Address) -> Outcome:
        """Wait for what an address stands for."""
        watched = next((one for one in self.watched if one.wanted.covers(address)), None)
        return watched.outcome(address) if watched else _no_outcome("it is not part of any run of this session")

    def stop(self) -> None:
        """Stop what is not at its end: it is stored as interrupted, and what waits for it is told."""
        if self._work is None:
            return
        if all(one.is_executed for one in self.watched):
            self._work.wait()
        self._work.stop()

    def close(self) -> None:
        """Give the stores back."""
        for one in self.watched:
            one.close()

    async def _carry_out(self) -> None:
        try:
            for one in self.watched:
                await one.carry_out(self._options)
        finally:
            for one in self.watched:
                one.give_up()


def named(scenario: str, variant: str) -> str:
    """`support`, or `support[cold]` for a variant."""
    return scenario if variant == BASE_VARIANT else f"{scenario}[{variant}]"


def _no_outcome(trouble: str | None) -> Outcome:
    text = trouble or "the run ended before this was executed"
    return Outcome("error", text, (("peel.outcome", "error"),))
