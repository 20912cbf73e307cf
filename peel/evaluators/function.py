"""An evaluator that is a function of the workspace, named by path: `use: ../evaluators/tone.py:formal`."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from peel.compiling import CompileScope
from peel.errors import Incomplete, Unscored
from peel.evaluators.evaluator import EvaluationContext, Judgement
from peel.evaluators.scoring import ALLOWED, TIMEOUT_S
from peel.plugins import nearest
from peel.records import EvaluatorDefinition, Json
from peel.templates import Render

CONTEXT = ("output", "inputs", "expected", "steps", "case")
"""What a function may ask for by the names of its parameters."""


class FunctionSettings(BaseModel):
    """All keys but `timeout_s` are arguments of the function: any JSON values, or templates that give them."""

    model_config = ConfigDict(extra="allow")

    timeout_s: float = Field(default=TIMEOUT_S, gt=0, allow_inf_nan=False, description="seconds one call may take")


class FunctionEvaluator:
    """Calls a function with those of `output`, `inputs`, `expected`, `steps`, `case` that its signature names.

    `case` is the Case record; all else are copies, which the function may change. A plain function runs in a worker
    thread, an `async def` on the event loop. It returns a bool, a number in [0, 1], or a pair (value, reason).
    """

    Settings = FunctionSettings

    def __init__(
        self, function: Callable[..., Any], context: tuple[str, ...], arguments: Render, *, timeout_s: float
    ) -> None:
        self._function = function
        self._context = context
        self._arguments = arguments
        self.timeout_s = timeout_s
        self.quick = _is_async(function)

    @classmethod
    def compile(cls, definition: EvaluatorDefinition, scope: CompileScope) -> Self:
        settings = scope.settings(FunctionSettings, definition.settings, ())
        given = {key: value for key, value in definition.settings.items() if key != "timeout_s"}
        arguments = scope.template(dict(given), ())
        function = scope.function(definition.use, ("use",))
        context = _check(function, given, scope)
        return cls(function, context, arguments, timeout_s=settings.timeout_s)

    def evaluate(self, context: EvaluationContext) -> Judgement | Awaitable[Judgement]:
        asked = {name: getattr(context, name) for name in self._context}
        rendered = self._arguments(context.names)
        # A function that changes what it was given must not change what is stored.
        arguments = copy.deepcopy({**asked, **(rendered if isinstance(rendered, dict) else {})})
        returned = self._function(**arguments)
        return _awaited(returned) if inspect.isawaitable(returned) else _checked(returned)


async def _awaited(returned: Awaitable[Any]) -> Judgement:
    return _checked(await returned)


def _checked(returned: Any) -> Judgement:
    """None is no answer of a function: its author most likely forgot a return."""
    if returned is None:
        raise Unscored(f"the function returned None; allowed is {ALLOWED}")
    judgement: Judgement = returned
    return judgement


def _is_async(function: Callable[..., Any]) -> bool:
    if isinstance(function, partial):
        return _is_async(function.func)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004  # looks at what calling does, not whether it can be done


def _check(function: Callable[..., Any], given: Mapping[str, Json], scope: CompileScope) -> tuple[str, ...]:
    """The context names the function asks for. Collects every argument that does not fit; raises Incomplete where the
    function has no signature."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        scope.problem(f"the function has no signature that can be read: {error}", ("use",))
        raise Incomplete from error
    named = [one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    anything = any(one.kind is one.VAR_KEYWORD for one in parameters)
    for name in given:
        if objection := _unwanted(name, named, anything=anything):
            scope.problem(objection, (name,))
    for parameter in parameters:
        if objection := _unfilled(parameter, given):
            scope.problem(objection, ("use",))
    return CONTEXT if anything else tuple(name for name in CONTEXT if name in named)


def _unwanted(name: str, named: Sequence[str], *, anything: bool) -> str | None:
    """Why a key of the evaluator cannot be given to the function, or None."""
    if name in CONTEXT:
        return f"{name!r} is given to the function by PEEL and is no setting"
    if name in named or anything:
        return None
    own = [one for one in named if one not in CONTEXT]
    return f"the function takes no argument {name!r}; {nearest(name, [*own, 'timeout_s'])}"


def _unfilled(parameter: inspect.Parameter, given: Mapping[str, Json]) -> str | None:
    """Why a parameter of the function cannot be filled, or None."""
    if parameter.kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
        return None
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        return f"the function takes {parameter.name!r} by position only; PEEL gives arguments by name"
    if parameter.name in CONTEXT or parameter.name in given or parameter.default is not inspect.Parameter.empty:
        return None
    return (
        f"the function needs {parameter.name!r}, which is none of {', '.join(CONTEXT)}; "
        f"give it as a key of the evaluator"
    )
