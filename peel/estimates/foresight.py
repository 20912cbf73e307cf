"""Foresight: what a run can show and what it will take, said before it starts. Loads nothing heavy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from peel.counting import counted
from peel.records import Case, EvaluatorDefinition, ModelDefinition, Run, ScenarioVariant

Z_95 = 1.959964
"""The normal quantile of a two-sided 95 % interval."""

WORST_VARIANCE = 0.25
"""The variance of an answer that is right every second time: no score in [0, 1] varies more."""

MOST_SCENARIOS = 3

ASKING = frozenset({"llm", "rerank"})
"""The kinds of steps that call a model once."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What an execution took in an earlier run, as a mean: US dollars with its judges, and seconds."""

    run: str
    cost_usd: float | None
    latency_s: float | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a planned run will take: about how many calls of models and of judges, and the cost where it is known.

    `by` are the earlier runs that tell it, `first` the scenarios that have none. `latency_s` is the mean of an
    execution. Both numbers are None where they are unknown.
    """

    calls: int
    judge_calls: int
    cost_usd: float | None
    latency_s: float | None
    by: tuple[str, ...] = ()
    first: tuple[str, ...] = ()


def visible_difference(cases: int, repetitions: int) -> float:
    """Half the width of the 95 % interval of a difference of two means on exactly these cases, at worst.

    z sqrt(2 * 0.25 / (m k)): every execution as uncertain as a coin. Infinite without executions.
    """
    executions = cases * repetitions
    return Z_95 * math.sqrt(2 * WORST_VARIANCE / executions) if executions else math.inf


def what_a_run_can_show(run: Run) -> str:
    """One line for before a run starts; nothing where nothing is planned.

    Such as `with 6 cases and 3 repetitions you will see differences of about ±0.3`. Drafts decide nothing, so they are
    told and not counted.
    """
    sizes = {item.scenario.scenario: item.scenario.repetitions for item in run.scenario_variants}
    lines = [
        _line(name if len(sizes) > 1 else "", run.cases[name], repetitions)
        for name, repetitions in list(sizes.items())[:MOST_SCENARIOS]
        if run.cases[name]
    ]
    more = len(sizes) - MOST_SCENARIOS
    return "; ".join([*lines, *([f"and {more} more scenarios"] if more > 0 else [])])


def _line(scenario: str, cases: Sequence[Case], repetitions: int) -> str:
    name = f"{scenario}: " if scenario else ""
    drafts = sum(case.draft for case in cases)
    deciding = len(cases) - drafts
    if not deciding:
        return f"{name}with nothing but {counted(drafts, 'draft case')}, which decide{'s' * (drafts == 1)} nothing"
    beside = f" (and {counted(drafts, 'draft case')})" if drafts else ""
    seen = visible_difference(deciding, repetitions)
    can = f"you will see differences of about ±{seen:.1g}" if seen < 1 else "you will see no difference, however large"
    return f"{name}with {counted(deciding, 'case')}{beside} and {counted(repetitions, 'repetition')} {can}"


def expected(run: Run, earlier: Mapping[str, Spent]) -> Expected:
    """What a run will take, by the newest earlier run of each of its scenarios, where there is one.

    A run whose models are all embedded costs nothing, as is known before the first.
    """
    planned = dict.fromkeys(run.cases, 0)
    for item in run.scenario_variants:
        planned[item.scenario.scenario] += _executions(run, item)
    first = tuple(name for name, executions in planned.items() if executions and name not in earlier)
    costs = None if first else _total({name: earlier[name].cost_usd for name in planned if planned[name]}, planned)
    seconds = None if first else _total({name: earlier[name].latency_s for name in planned if planned[name]}, planned)
    return Expected(
        calls=sum(_executions(run, item) * _asking(item) for item in run.scenario_variants),
        judge_calls=sum(_executions(run, item) * _judging(item) for item in run.scenario_variants),
        cost_usd=0.0 if _is_embedded(run) else costs,
        latency_s=None if seconds is None else seconds / max(1, sum(planned.values())),
        by=tuple(dict.fromkeys(earlier[name].run for name in planned if name in earlier)),
        first=first,
    )


def _executions(run: Run, item: ScenarioVariant) -> int:
    return len(run.cases[item.scenario.scenario]) * item.scenario.repetitions


def _asking(item: ScenarioVariant) -> int:
    return sum(step.use in ASKING for step in item.orchestration.steps)


def _judging(item: ScenarioVariant) -> int:
    return sum(_votes(one) for one in item.scenario.evaluators if one.use == "semantic")


def _votes(evaluator: EvaluatorDefinition) -> int:
    votes = evaluator.settings.get("votes", 1)
    return votes if isinstance(votes, int) else 1


def _total(means: Mapping[str, float | None], planned: Mapping[str, int]) -> float | None:
    total = 0.0
    for name, mean in means.items():
        if mean is None:
            return None
        total += mean * planned[name]
    return total


def _is_embedded(run: Run) -> bool:
    """Whether every model that the run asks runs in this process."""
    # Imported late: what only plans has no need of the models' parts.
    from peel.models.opening import provider_of

    models = run.provenance.models.values()
    return bool(models) and all(provider_of(ModelDefinition.model_validate(one)) == "embedded" for one in models)
