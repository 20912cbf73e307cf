"""Finding executions of a stored run by the name that people give them: `CASE` or `CASE#N`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from peel.errors import DefinitionError
from peel.plugins import nearest
from peel.records import Case, Execution, Problem, Score
from peel.runs.plan import Plan
from peel.store.stored import SqlStoredRun


def find_executions(
    stored: SqlStoredRun, address: str, *, scenario: str | None = None, variant: str | None = None
) -> list[tuple[Execution, tuple[Score, ...], Case]]:
    """The stored executions of a case, or of its repetition N, under all or one scenario and variant.

    Raises DefinitionError where the run has no such case, scenario, variant or repetition.
    """
    case_id, repetition = _parsed(stored, address)
    _check(stored, case_id, scenario, variant)
    cases = dict(_numbers(stored, case_id, repetition, scenario, variant))
    found = [(execution, scores, cases[execution.number]) for execution, scores in stored.executions(cases)]
    if not found:
        _fail(f"the run {stored.run.id} has no stored execution {address!r}; N counts repetitions from 1")
    return found


def _parsed(stored: SqlStoredRun, address: str) -> tuple[str, int | None]:
    """A case id may hold a `#` itself; then the whole address is a case."""
    if any(case.id == address for cases in stored.run.cases.values() for case in cases):
        return address, None
    case_id, mark, number = address.rpartition("#")
    if not mark:
        return address, None
    if not number.isdecimal() or int(number) < 1:
        _fail(f"{address!r} is not CASE#N: {number!r} is no repetition, which count from 1")
    return case_id, int(number)


def _check(stored: SqlStoredRun, case_id: str, scenario: str | None, variant: str | None) -> None:
    run = stored.run
    cases = {case.id for some in run.cases.values() for case in some}
    variants = {item.variant.name for item in run.scenario_variants}
    for word, name, known in (
        ("case", case_id, cases),
        ("scenario", scenario, set(run.cases)),
        ("variant", variant, variants),
    ):
        if name is not None and name not in known:
            _fail(f"the run {run.id} has no {word} {name!r}; {nearest(name, known)}")


def _numbers(
    stored: SqlStoredRun, case_id: str, repetition: int | None, scenario: str | None, variant: str | None
) -> Iterator[tuple[int, Case]]:
    run = stored.run
    for planned in Plan(run.scenario_variants, run.cases):
        item = run.scenario_variants[planned.scenario_variant]
        case = run.cases[item.scenario.scenario][planned.case]
        found = (case.id, planned.repetition, item.scenario.scenario, item.variant.name)
        wanted = (case_id, repetition, scenario, variant)
        if all(want is None or value == want for value, want in zip(found, wanted, strict=True)):
            yield planned.number, case


def _fail(message: str) -> NoReturn:
    raise DefinitionError([Problem(message=message)])
