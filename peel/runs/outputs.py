"""Outputs that no orchestration of PEEL made, such as those of a test's own function: scored as an execution's are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from peel.errors import DefinitionError
from peel.evaluators.scoring import CompiledEvaluator, score_execution
from peel.records import Case, EvaluatorDefinition, Execution, Json, Problem, Score
from peel.runs.compile import compiled_evaluator
from peel.runs.resources import Resources
from peel.runs.scope import Problems, Scope, Visible
from peel.scenarios.checking import Findings
from peel.scenarios.entries import read_evaluators
from peel.scenarios.origin import Origin, Place
from peel.templates import Names

EVALUATORS = "evaluators"
"""What messages call the file that the evaluators would stand in."""

AT_ONCE = 16
"""How many outputs are scored at once; the models' own limits hold judges back."""


async def score_outputs(
    outputs: Sequence[Json],
    evaluators: list[Json],
    *,
    case: Case,
    resources: Resources,
    found: Sequence[Problem] = (),
) -> list[list[Score]]:
    """The scores of each output. `found` are problems found before, of peel.yaml.

    Raises DefinitionError with everything that is wrong in the evaluators.
    """
    compiled = _compiled(evaluators, case, resources, found)
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, output: Json) -> list[Score]:
        execution = _execution(number, output, case)
        async with room:
            return await score_execution(compiled, execution, case=case, inputs={}, run="", at=time.time())

    return list(await asyncio.gather(*(one(number, output) for number, output in enumerate(outputs))))


def _execution(number: int, output: Json, case: Case) -> Execution:
    return Execution(
        number=number,
        scenario=EVALUATORS,
        variant="",
        case=case.id,
        repetition=number + 1,
        status="ok",
        output=output,
        started=0.0,
        latency_s=0.0,
    )


def _compiled(
    evaluators: list[Json], case: Case, resources: Resources, found: Sequence[Problem]
) -> list[CompiledEvaluator]:
    findings = Findings(Origin(file=EVALUATORS, directory=resources.root, place=Place(0)))
    definitions = read_evaluators([*evaluators], findings).records
    problems = Problems(dict.fromkeys((*found, *findings.problems)))
    compiled = [_one(definition, case, resources, problems) for definition in definitions]
    if problems.found:
        raise DefinitionError(list(problems.found))
    return [one for one in compiled if one is not None]


def _one(
    definition: EvaluatorDefinition, case: Case, resources: Resources, problems: Problems
) -> CompiledEvaluator | None:
    scope = Scope(
        origin=Origin(file=EVALUATORS, directory=resources.root, place=Place(0)),
        label=f"the evaluator {definition.id!r}",
        visible=Visible(names=_names(case), cases=(case,), knowledge={}, executed=(case,)),
        resources=resources,
        problems=problems,
        uses={},
    )
    if definition.on is not None:
        scope.problem(f"the evaluator {definition.id!r} has 'on', but the output comes from no step; leave it out", ())
    return compiled_evaluator(definition, scope)


def _names(case: Case) -> Names:
    return {
        **dict.fromkeys(case.inputs),
        "output": None,
        "inputs": frozenset(case.inputs),
        "expected": frozenset(),
        "steps": frozenset(),
        "case": frozenset({"id", "tags"}),
    }
