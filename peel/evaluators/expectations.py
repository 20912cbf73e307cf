"""What the cases alone say of a template, before anything is executed: the expected values, checked case by case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from peel.compiling import CompileScope
from peel.records import Case, Json, Path
from peel.templates import Names, TemplateError, Templates

Check: TypeAlias = Callable[[Json], str | None]
"""Says in words what is wrong with an expected value, or None."""

SHOWN_CASES = 5
"""How many cases are named one by one before the rest is counted."""


def is_blank(value: Json) -> bool:
    """Whether an expected value says that nothing is expected: null, blank text, an empty list."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def check_cases(value: Json, scope: CompileScope, path: Path, *, check: Check, blank: str = "") -> None:
    """Render `value` for every case of the scope, and collect a problem for each case where `check` objects.

    A template that needs more than the case (an output, a shared input) cannot be checked yet and is left alone, as is
    one with unknown names, which are reported elsewhere. `blank` is what to say where every case's value is blank.
    """
    names = _names(scope)
    render, unknown = Templates().compile(value, names)
    if unknown or not scope.cases:
        return
    wrong: list[str] = []
    blanks = 0
    for case in scope.cases:
        try:
            expected = render(_given(case))
        except TemplateError as error:
            wrong.append(f"case {case.id!r}: {error}; write null where a case expects nothing")
            continue
        objection = check(expected)
        blanks += is_blank(expected)
        if objection:
            wrong.append(f"case {case.id!r}: {objection}")
    for message in _bounded(wrong):
        scope.problem(message, path)
    if blank and blanks == len(scope.cases):
        scope.problem(blank, path)


def _names(scope: CompileScope) -> Names:
    known = {"expected", "case"}.union(*(case.inputs for case in scope.cases))
    return {name: keys for name, keys in scope.names.items() if name in known}


def _given(case: Case) -> dict[str, Any]:
    return {**case.inputs, "expected": case.expected, "case": {"id": case.id, "tags": list(case.tags)}}


def _bounded(messages: list[str]) -> list[str]:
    if len(messages) <= SHOWN_CASES + 1:
        return messages
    return [*messages[:SHOWN_CASES], f"and so in {len(messages) - SHOWN_CASES} more cases"]
