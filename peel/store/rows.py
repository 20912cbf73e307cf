"""Records to rows and back. A step's result is JSON without its defaults; a score's is columns."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import orjson
from pydantic_core import from_json, to_json

from peel.records import Execution, Fault, Mark, Record, Run, ScenarioVariant, Score, StepResult, Usage
from peel.store.reading import MARK_BITS, PENDING, SCORED, UNSCORED

STATUS_CODES = {"scored": SCORED, "unscored": UNSCORED, "pending": PENDING}
STATUS_WORDS = {code: word for word, code in STATUS_CODES.items()}


def run_row(run: Run) -> dict[str, Any]:
    """The row of a new run. The definitions are compressed: they repeat, and only reports read them."""
    definitions = {"scenario_variants": run.scenario_variants, "cases": run.cases}
    return {
        "id": run.id,
        "started": run.started,
        "finished": run.finished,
        "status": run.status,
        "planned": run.planned,
        "provenance": run.provenance.model_dump_json(),
        "definitions": zlib.compress(to_json(definitions), 6),
    }


def run_of(row: Any) -> Run:
    """The run of a row of the table `runs`."""
    return Run.model_validate(
        {
            "id": row.id,
            "started": row.started,
            "finished": row.finished,
            "status": row.status,
            "planned": row.planned,
            "provenance": from_json(row.provenance),
            **from_json(zlib.decompress(row.definitions)),
        }
    )


def step_row(run: int, execution: int, *, place: int, result: StepResult) -> dict[str, Any]:
    """The row of one finished step; `place` is its position in the orchestration."""
    return {"run": run, "execution": execution, "place": place, "result": as_json(result)}


def as_json(record: Record) -> str:
    """A record as JSON without what its fields hold anyway. Twice as fast as by pydantic, which looks at every value
    inside a `Json` field once more."""
    return orjson.dumps(record, default=_given).decode()


def _given(record: Any) -> dict[str, Any]:
    """The fields of a record, or of one inside it, that are not at their default."""
    if not isinstance(record, Record):
        raise TypeError(f"{type(record).__name__} is nothing JSON can hold")
    defaults = _defaults(type(record))
    return {name: value for name, value in record.__dict__.items() if value != defaults[name]}


@cache
def _defaults(kind: type[Record]) -> dict[str, Any]:
    return {name: field.get_default(call_default_factory=True) for name, field in kind.model_fields.items()}


def execution_row(run: int, execution: Execution, *, scenario_variant: int, case: int) -> dict[str, Any]:
    """The row of one finished execution; its steps are rows of their own."""
    usage = execution.usage
    return {
        "run": run,
        "number": execution.number,
        "scenario_variant": scenario_variant,
        "case": case,
        "repetition": execution.repetition,
        "ok": int(execution.status == "ok"),
        "started": execution.started,
        "latency_s": execution.latency_s,
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "cost_usd": usage.cost_usd,
        "marks": mark_bits(mark for step in execution.steps for mark in step.marks),
        "fault": as_json(execution.fault) if execution.fault else None,
    }


def mark_bits(marks: Iterable[Mark]) -> int:
    """Marks as the bits of `Columns.marks`."""
    bits = 0
    for mark in marks:
        bits |= MARK_BITS[mark]
    return bits


def marks_of(bits: int) -> tuple[Mark, ...]:
    """The marks that `bits` stand for."""
    return tuple(mark for mark, bit in MARK_BITS.items() if bits & bit)


def score_row(run: int, score: Score, *, submission: str | None = None) -> dict[str, Any]:
    """The row of one score; `submission` is what a person's browser or sheet called it, if anything."""
    return {
        "run": run,
        "execution": score.execution,
        "evaluator": score.evaluator,
        "status": STATUS_CODES[score.status],
        "value": score.value,
        "reason": score.reason,
        "rater": score.rater,
        "at": score.at,
        "calls": score.usage.calls,
        "tokens_in": score.usage.tokens_in,
        "tokens_out": score.usage.tokens_out,
        "cost_usd": score.usage.cost_usd,
        "details": orjson.dumps(score.details).decode() if score.details else None,
        "submission": submission,
    }


def score_of(row: Any) -> Score:
    """The score of a row of the table `scores`."""
    return Score(
        execution=row.execution,
        evaluator=row.evaluator,
        status=STATUS_WORDS[row.status],
        value=row.value,
        reason=row.reason,
        usage=Usage(calls=row.calls, tokens_in=row.tokens_in, tokens_out=row.tokens_out, cost_usd=row.cost_usd),
        details=orjson.loads(row.details) if row.details else {},
        rater=row.rater,
        at=row.at,
    )


def execution_of(row: Any, steps: Sequence[StepResult], *, run: Run) -> Execution:
    """The execution of a row of the table `executions` and its steps."""
    of: ScenarioVariant = run.scenario_variants[row.scenario_variant]
    name = of.scenario.scenario
    return Execution(
        number=row.number,
        scenario=name,
        variant=of.variant.name,
        case=run.cases[name][row.case].id,
        repetition=row.repetition,
        status="ok" if row.ok else "error",
        output=next((step.output for step in steps if step.step == of.orchestration.output), None),
        fault=Fault.model_validate_json(row.fault) if row.fault else None,
        steps=tuple(steps),
        started=row.started,
        latency_s=row.latency_s,
    )
