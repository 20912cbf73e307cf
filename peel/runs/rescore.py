"""Scoring again: evaluators as the files now define them, on stored outputs; the application is never called."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from peel.errors import DefinitionError
from peel.evaluators.scoring import CompiledEvaluator, score_execution
from peel.plugins import nearest
from peel.records import Case, Execution, Problem, Run
from peel.runs.compiled import CompiledScenarioVariant
from peel.runs.loading import Compiled, compile_selection
from peel.runs.resources import Resources
from peel.store.store import Store
from peel.store.stored import SqlStoredRun
from peel.store.writing import RunWriter

AT_ONCE = 100
"""How many executions are scored at once; the models' own limits hold judges back."""


async def rescore(
    stored: SqlStoredRun, root: Path, *, store: Store, resources: Resources, only: Sequence[str] = ()
) -> None:
    """Score every completed execution of a run again with the evaluators of today's files, or with those in `only`.

    Expected outputs are today's too; inputs and outputs are the stored ones. Scores by people stay as they are.
    Raises DefinitionError where the files are wrong or no evaluator has a name in `only`.
    """
    compiled = compile_selection(root, stored.run.provenance.selection, resources=resources)
    by_name = {(one.record.scenario.scenario, one.record.variant.name): one for one in compiled.variants}
    _check_names(compiled, only)
    store.redefine(_redefined(stored.run, compiled))
    async with store.writer(stored.run.id) as writer:
        await _score_all(stored, by_name, writer, only)


def _check_names(compiled: Compiled, only: Sequence[str]) -> None:
    known = {one.id for variant in compiled.variants for one in variant.evaluators}
    problems = [
        Problem(
            message=f"no scenario of the run has the evaluator {name!r}; {nearest(name, known)}", file="--evaluator"
        )
        for name in only
        if name not in known
    ]
    if problems:
        raise DefinitionError(problems)


def _redefined(run: Run, compiled: Compiled) -> Run:
    """The run with today's evaluators, gates and expected outputs; what was executed stays as recorded."""
    now = {(one.record.scenario.scenario, one.record.variant.name): one.record.scenario for one in compiled.variants}
    scenario_variants = []
    for item in run.scenario_variants:
        today = now.get((item.scenario.scenario, item.variant.name), item.scenario)
        kept = {"evaluators": today.evaluators, "gates": today.gates, "below": today.below}
        scenario_variants.append(item.model_copy(update={"scenario": item.scenario.model_copy(update=kept)}))
    expected = {name: {case.id: case.expected for case in cases} for name, cases in compiled.cases.items()}
    cases = {
        name: tuple(
            case.model_copy(update={"expected": expected.get(name, {}).get(case.id, case.expected)}) for case in some
        )
        for name, some in run.cases.items()
    }
    return run.model_copy(update={"scenario_variants": tuple(scenario_variants), "cases": cases})


async def _score_all(
    stored: SqlStoredRun,
    by_name: dict[tuple[str, str], CompiledScenarioVariant],
    writer: RunWriter,
    only: Sequence[str],
) -> None:
    remaining = _executions(stored)

    async def work() -> None:
        for execution in remaining:
            compiled = by_name.get((execution.scenario, execution.variant))
            if compiled is not None:
                await _score_one(execution, compiled, writer, run=stored.run, only=only)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())


def _executions(stored: SqlStoredRun) -> Iterator[Execution]:
    for execution, _ in stored.executions(sorted(stored.finished_numbers())):
        if execution.status == "ok":
            yield execution


async def _score_one(
    execution: Execution, compiled: CompiledScenarioVariant, writer: RunWriter, *, run: Run, only: Sequence[str]
) -> None:
    case = _case(execution, compiled)
    if case is None:
        return
    evaluators = [one for one in compiled.evaluators if _again(one, only)]
    scores = await score_execution(evaluators, execution, case=case, inputs=compiled.inputs, run=run.id, at=time.time())
    writer.scores(scores)
    await writer.committed()


def _case(execution: Execution, compiled: CompiledScenarioVariant) -> Case | None:
    return next((case for case in compiled.cases if case.id == execution.case), None)


def _again(evaluator: CompiledEvaluator, only: Sequence[str]) -> bool:
    return evaluator.use != "manual" and (not only or evaluator.id in only)
