"""Scoring again: evaluators as the files now define them, on stored outputs; the application is never called."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from peel.errors import DefinitionError
from peel.evaluators.scoring import CompiledEvaluator, score_execution
from peel.plugins import nearest
from peel.records import Case, Execution, Json, Problem, Run, Scenario
from peel.records.manual import BY_PEOPLE
from peel.runs.baselines import Baselines
from peel.runs.compile import compile_evaluators
from peel.runs.compiled import CompiledScenarioVariant
from peel.runs.inputs import literals
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

    Expected outputs are today's too; inputs and outputs are the stored ones. What people were asked stays as it is.
    Raises DefinitionError where the files are wrong or no evaluator has a name in `only`.
    """
    baselines = Baselines(find=store.run, earlier=lambda _, scenario: stored.earlier(scenario))
    compiled = compile_selection(
        root,
        stored.run.provenance.selection,
        resources=resources,
        compile_one=compile_evaluators,
        baselines=baselines,
    )
    _check_names(compiled, only)
    run = _with_judges(_redefined(stored.run, compiled, only), resources, only)
    run = baselines.recorded(run, before=stored.run)
    work = _Work(run, {_key(one): one for one in compiled.variants}, stored.run, only)
    store.redefine(run)
    async with store.writer(run.id) as writer:
        await work.score_all(_completed(stored), writer)


def _key(one: CompiledScenarioVariant) -> tuple[str, str]:
    return one.record.scenario.scenario, one.record.variant.name


def _check_names(compiled: Compiled, only: Sequence[str]) -> None:
    known = {one.id: one.use for variant in compiled.variants for one in variant.evaluators}
    problems = [
        Problem(message=_wrong_name(name, known), file="--evaluator")
        for name in only
        if known.get(name, BY_PEOPLE) == BY_PEOPLE
    ]
    if problems:
        raise DefinitionError(problems)


def _wrong_name(name: str, known: dict[str, str]) -> str:
    if name in known:
        return f"the evaluator {name!r} is answered by people, whose scores stay as they are; leave it out"
    return f"no scenario of the run has the evaluator {name!r}; {nearest(name, known)}"


def _redefined(run: Run, compiled: Compiled, only: Sequence[str]) -> Run:
    """The run with today's evaluators (all, or those in `only`), gates and expected outputs; what was executed stays as
    recorded."""
    now = {_key(one): one.record.scenario for one in compiled.variants}
    scenario_variants = []
    for item in run.scenario_variants:
        today = now.get((item.scenario.scenario, item.variant.name))
        scenario = item.scenario if today is None else _with_evaluators(item.scenario, today, only)
        scenario_variants.append(item.model_copy(update={"scenario": scenario}))
    return run.model_copy(
        update={"scenario_variants": tuple(scenario_variants), "cases": _with_expected(run.cases, compiled.cases)}
    )


def _with_evaluators(before: Scenario, today: Scenario, only: Sequence[str]) -> Scenario:
    evaluators = {one.id: one for one in before.evaluators} if only else {}
    evaluators |= {one.id: one for one in today.evaluators if not only or one.id in only}
    gates = tuple(gate for gate in today.gates if gate.kind == "measure" or gate.subject in evaluators)
    numbers = {"gates": gates, "below": today.below, "estimates": today.estimates}
    return before.model_copy(update={"evaluators": tuple(evaluators.values()), **numbers})


def _with_expected(
    before: Mapping[str, tuple[Case, ...]], today: Mapping[str, tuple[Case, ...]]
) -> dict[str, tuple[Case, ...]]:
    expected = {(name, case.id): case.expected for name, cases in today.items() for case in cases}
    return {
        name: tuple(
            case.model_copy(update={"expected": expected.get((name, case.id), case.expected)}) for case in cases
        )
        for name, cases in before.items()
    }


def _with_judges(run: Run, resources: Resources, only: Sequence[str]) -> Run:
    """The run with the models that judge today. A role that the application asked too stays as the run recorded it."""
    asked = {
        str(step.parameters.get("model", "default"))
        for item in run.scenario_variants
        for step in item.orchestration.steps
    }
    judging = {
        str(one.settings.get("judge", "judge"))
        for item in run.scenario_variants
        for one in item.scenario.evaluators
        if not only or one.id in only
    }
    today = {role: model for role, model in resources.models_in_use().items() if role in judging - asked}
    models = {**run.provenance.models, **today}
    return run.model_copy(update={"provenance": run.provenance.model_copy(update={"models": models})})


def _completed(stored: SqlStoredRun) -> Iterator[Execution]:
    for execution, _ in stored.executions(sorted(stored.finished_numbers())):
        if execution.status == "ok":
            yield execution


@dataclass(slots=True)
class _Work:
    """Scores executions of `run` by the evaluators in `compiled`, as `before` did not."""

    run: Run
    compiled: dict[tuple[str, str], CompiledScenarioVariant]
    before: Run
    only: Sequence[str]
    _cases: dict[tuple[str, str], Case] = field(init=False)
    _inputs: dict[tuple[str, str], dict[str, Json]] = field(init=False)
    _asked: dict[tuple[str, str], set[str]] = field(init=False)

    def __post_init__(self) -> None:
        self._cases = {(name, case.id): case for name, cases in self.run.cases.items() for case in cases}
        items = {(item.scenario.scenario, item.variant.name): item for item in self.before.scenario_variants}
        self._inputs = {key: literals(item.inputs) for key, item in items.items()}
        self._asked = {
            key: {one.id for one in item.scenario.evaluators if one.use == BY_PEOPLE} for key, item in items.items()
        }

    async def score_all(self, executions: Iterator[Execution], writer: RunWriter) -> None:
        async def work() -> None:
            for execution in executions:
                await self._score(execution, writer)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())
        except BaseExceptionGroup as faults:
            # One fault of the store ends all; the others follow from it.
            raise faults.exceptions[0] from faults

    async def _score(self, execution: Execution, writer: RunWriter) -> None:
        key = execution.scenario, execution.variant
        case = self._cases.get((execution.scenario, execution.case))
        if key not in self.compiled or case is None:
            return
        evaluators = [one for one in self.compiled[key].evaluators if self._is_due(one, self._asked[key])]
        scores = await score_execution(
            evaluators, execution, case=case, inputs=self._inputs[key], run=self.run.id, at=time.time()
        )
        if scores:
            writer.scores(scores)
            await writer.committed()

    def _is_due(self, evaluator: CompiledEvaluator, asked: set[str]) -> bool:
        """People are asked once: an evaluator of theirs is due only where the run did not ask them yet."""
        if evaluator.use == BY_PEOPLE:
            return not self.only and evaluator.id not in asked
        return not self.only or evaluator.id in self.only
