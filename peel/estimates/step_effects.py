"""Which step to work on first: how the final score differs when a step was right or wrong, and where executions end.

Association, not proof: a case that is hard for one step may be hard for the next as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from peel.estimates.values import LEVEL
from peel.records import EvaluatorDefinition, ScenarioVariant
from peel.records.findings import StepEffectFigures, StepErrors, StepFindings, StepGroup
from peel.statistics.arrays import Booleans
from peel.statistics.intervals import Interval
from peel.statistics.variance import StepEffect, step_effect
from peel.store.reading import SCORED, Columns

WORTH_WORK = 0.05
"""Errors in a smaller share of the executions are told, but name no step to work on first. A convention."""


def step_findings(item: ScenarioVariant, columns: Columns) -> StepFindings:
    """The steps of one scenario variant: effects in the order of the steps, errors likewise, the step to work on first.

    That step is the one with which most is lost: of the effects that are shown, the share wrong times the difference;
    of errors, their share, since nothing came of those executions. A step was right where its evaluator scored
    the scenario's `passes_at` or more.
    """
    pairs = list(_pairs(item, columns))
    passes_at = item.scenario.estimates.passes_at
    effects = tuple(_figures((columns, step, final), passes_at=passes_at, looks=len(pairs)) for step, final in pairs)
    errors = tuple(_errors(item, columns))
    lost = [(effect.lost, effect.step, place) for place, effect in enumerate(effects) if effect.shown and effect.lost]
    ended = [(one.share, one.step, None) for one in errors if one.share >= WORTH_WORK]
    most = max((*lost, *ended), key=lambda one: one[0], default=None)
    if most is None:
        return StepFindings(effects=effects, errors=errors)
    return StepFindings(effects=effects, errors=errors, first=most[1], because=most[2])


def _pairs(item: ScenarioVariant, columns: Columns) -> Iterator[tuple[EvaluatorDefinition, EvaluatorDefinition]]:
    """Each evaluator of a step with each of the final output, where both have scored the same execution."""
    output = item.orchestration.output
    evaluators = [one for one in item.scenario.evaluators if one.id in columns.scores]
    order = {step.id: place for place, step in enumerate(item.orchestration.steps)}
    of_steps = [one for one in evaluators if one.on is not None and one.on != output and one.on in order]
    of_output = [one for one in evaluators if one.on is None or one.on == output]
    for step in sorted(of_steps, key=lambda one: order[one.on or ""]):
        for final in of_output:
            if _both(columns, step, final).any():
                yield step, final


def _both(columns: Columns, step: EvaluatorDefinition, final: EvaluatorDefinition) -> Booleans:
    both: Booleans = (columns.scores[step.id].status == SCORED) & (columns.scores[final.id].status == SCORED)
    return both


def _figures(
    pair: tuple[Columns, EvaluatorDefinition, EvaluatorDefinition], *, passes_at: float, looks: int
) -> StepEffectFigures:
    columns, step, final = pair
    both = _both(columns, step, final)
    case, right = columns.case[both], columns.scores[step.id].value[both] >= passes_at
    found = step_effect(case, columns.scores[final.id].value[both], right=right, level=LEVEL, looks=looks)
    interval = found.difference_interval
    return StepEffectFigures(
        step=step.on or "",
        judged_by=step.id,
        evaluator=final.id,
        threshold=passes_at,
        n_executions=found.right + found.wrong,
        n_cases=found.cases_right + found.cases_wrong - found.mixed_cases,
        right=_group(found.right, found.cases_right, found.mean_right, found.interval_right),
        wrong=_group(found.wrong, found.cases_wrong, found.mean_wrong, found.interval_wrong),
        n_mixed=found.mixed_cases,
        within_cases=found.held,
        difference=found.difference,
        low=interval.low,
        high=interval.high,
        level=interval.level,
        method=interval.method,
        shown=interval.low is not None and interval.low > 0,
        lost=found.lost,
        note=_note(found),
    )


def _group(executions: int, cases: int, mean: float | None, interval: Interval) -> StepGroup:
    return StepGroup(n_executions=executions, n_cases=cases, mean=mean, low=interval.low, high=interval.high)


def _note(found: StepEffect) -> str:
    if not found.wrong:
        return f"It was right in all {found.right} executions."
    if not found.right:
        return f"It was wrong in all {found.wrong} executions, so there is nothing to compare with."
    return found.difference_interval.note


def _errors(item: ScenarioVariant, columns: Columns) -> Iterator[StepErrors]:
    executed = int(columns.ok.size)
    for step in item.orchestration.steps:
        errored = columns.errors.get(step.id, 0)
        if errored:
            yield StepErrors(step=step.id, n_errored=errored, n_executions=executed, share=errored / executed)
