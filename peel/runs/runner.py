"""The runner: executes a plan, scores each execution as it ends, and stores both before it counts them as done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from peel.evaluators.scoring import score_execution
from peel.orchestrations.execution import execute_steps
from peel.records import Execution, Run, RunStatus, Score, StepResult
from peel.runs.budget import Budget
from peel.runs.collecting import collecting_less
from peel.runs.compiled import CompiledScenarioVariant
from peel.runs.executors import Executor
from peel.runs.plan import Plan, PlannedExecution
from peel.store.writing import RunWriter

if TYPE_CHECKING:
    from peel.runs.stopping import Stopping

HELD_PLACES = 16
"""How many places are held until their execution is stored. What has more goes on with the next execution meanwhile:
where all wait for one commit, all call the model at the same moment and leave it idle at the next."""


class Progress(Protocol):
    """Is told of each execution when it is stored."""

    def finished(self, execution: Execution, scores: Sequence[Score]) -> None: ...


@dataclass(slots=True)
class Runner:
    """Carries out one run. `finished_numbers` and `unfinished_steps` are what an earlier process stored of it."""

    run: Run
    compiled: Sequence[CompiledScenarioVariant]
    writer: RunWriter
    progress: Progress
    budget: Budget | None = None
    stopping: Stopping | None = None
    finished_numbers: frozenset[int] = frozenset()
    unfinished_steps: Mapping[int, Sequence[StepResult]] = field(default_factory=dict)
    _room: asyncio.Event = field(default_factory=asyncio.Event)
    _over_budget: bool = False
    _may_wait: int = 0
    _waiting: int = 0

    async def carry_out(self, executor: Executor, *, concurrency: int) -> RunStatus:
        """Execute what the plan still holds. Raises StoreError where results cannot be stored."""
        plan = Plan(self.run.scenario_variants, self.run.cases)
        remaining = len(plan) - len(self.finished_numbers)
        try:
            with collecting_less():
                places = max(1, min(concurrency, remaining))
                # A budget is paid from before the next execution starts.
                self._may_wait = 0 if self.budget else max(0, places - HELD_PLACES)
                async with asyncio.TaskGroup() as storing:
                    perform = partial(self._perform, storing=storing)
                    await executor.execute(self._to_start(plan), perform, concurrency=places)
        except BaseExceptionGroup as group:
            # One fault ends the run; the others follow from it and say nothing new.
            raise _first(group) from group
        return "over-budget" if self._over_budget else "finished"

    async def _to_start(self, plan: Plan) -> AsyncIterator[PlannedExecution]:
        for planned in plan:
            if planned.number in self.finished_numbers:
                continue
            if not await self._may_start(planned.number):
                return
            yield planned

    async def _may_start(self, number: int) -> bool:
        while (may_start := self._may_start_now(number)) is None:
            self._room.clear()
            await self._room.wait()
        if may_start and self.budget is not None:
            self.budget.start()
        return may_start

    def _may_start_now(self, number: int) -> bool | None:
        wanted = True if self.stopping is None else self.stopping.may_start(number)
        if not wanted or self.budget is None:
            return wanted
        may_start = self.budget.may_start()
        self._over_budget = may_start is False
        return may_start

    async def _perform(self, planned: PlannedExecution, *, storing: asyncio.TaskGroup) -> None:
        compiled = self.compiled[planned.scenario_variant]
        execution = await self._execute(planned, compiled)
        scores = await score_execution(
            compiled.evaluators,
            execution,
            case=compiled.cases[planned.case],
            inputs=compiled.inputs,
            run=self.run.id,
            at=time.time(),
        )
        self.writer.execution(execution, scenario_variant=planned.scenario_variant, case=planned.case, scores=scores)
        if self._waiting < self._may_wait:
            self._waiting += 1
            storing.create_task(self._stored(planned, execution, scores)).add_done_callback(self._waits_no_more)
        else:
            await self._stored(planned, execution, scores)

    async def _stored(self, planned: PlannedExecution, execution: Execution, scores: Sequence[Score]) -> None:
        await self.writer.committed()
        self.progress.finished(execution, scores)
        self._pay(execution, scores)
        if self.stopping is not None:
            self.stopping.end(planned, execution, scores)
        self._room.set()

    def _waits_no_more(self, _: asyncio.Task[None]) -> None:
        self._waiting -= 1

    async def _execute(self, planned: PlannedExecution, compiled: CompiledScenarioVariant) -> Execution:
        case = compiled.cases[planned.case]
        done = self.unfinished_steps.get(planned.number, ())
        started = time.time()
        results = await execute_steps(
            compiled.orchestration,
            inputs={**compiled.inputs, **case.inputs},
            case=case.id,
            repetition=planned.repetition,
            done=done,
            finished=lambda result: self._store(planned.number, result, place=compiled.places[result.step]),
        )
        last = results[-1]
        if last.status == "error":
            self.writer.step(planned.number, compiled.places[last.step], result=last)
        outputs = {result.step: result.output for result in results}
        return Execution(
            number=planned.number,
            scenario=compiled.record.scenario.scenario,
            variant=compiled.record.variant.name,
            case=case.id,
            repetition=planned.repetition,
            status=last.status,
            output=outputs.get(compiled.orchestration.output),
            fault=last.fault,
            steps=results,
            started=done[0].started if done else started,
            latency_s=sum(result.latency_s for result in results),
        )

    def _store(self, number: int, result: StepResult, *, place: int) -> None:
        # A failed step is stored with its execution: a resumed run tries it again, and must find its place free.
        if result.status == "ok":
            self.writer.step(number, place, result=result)

    def _pay(self, execution: Execution, scores: Sequence[Score]) -> None:
        if self.budget is None:
            return
        usage = execution.usage
        for one in scores:
            usage = usage + one.usage
        self.budget.end(usage.cost_usd)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
