"""What the kinds of steps with a `request` share when they are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peel.compiling import CompileScope
from peel.errors import Incomplete
from peel.records import Json, StepDefinition


def request_entries(definition: StepDefinition, scope: CompileScope) -> dict[str, Json]:
    """What stands under `request`, empty where nothing does. Raises Incomplete where it is no mapping."""
    request = definition.request
    if request is None:
        return {}
    if not isinstance(request, dict):
        scope.problem(f"the request is a {type(request).__name__}; it must map names to values", ("request",))
        raise Incomplete
    return request


def refuse_prompt(definition: StepDefinition, scope: CompileScope) -> None:
    """Collect a problem where a step that has no prompt is given one."""
    if definition.prompt is not None:
        scope.problem("this kind of step has a request, not a prompt", ("prompt",))


def together(*parts: Callable[[], Any]) -> tuple[Any, ...]:
    """Compile every part, also after one could not be, so that the problems of all are reported together.

    Raises Incomplete where one did.
    """
    compiled: list[Any] = []
    for part in parts:
        try:
            compiled.append(part())
        except Incomplete:
            continue
    if len(compiled) < len(parts):
        raise Incomplete
    return tuple(compiled)
