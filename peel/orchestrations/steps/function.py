"""A step that is a function of the workspace, named by path: `use: ../steps/crm.py:look_up`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from peel.compiling import CompileScope
from peel.orchestrations.execution import TIMEOUT_S
from peel.orchestrations.outputs import as_json
from peel.orchestrations.requests import refuse_prompt, request_entries, together
from peel.orchestrations.step import StepCall
from peel.plugins import nearest
from peel.records import Json, StepDefinition
from peel.templates import Render
from peel.threads import in_thread


class FunctionParameters(BaseModel):
    """The keys of `parameters`: the seconds one call of the function may take."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    timeout_s: float = Field(default=TIMEOUT_S, gt=0)


class FunctionStep:
    """Calls a function with the entries of `request` as keyword arguments; what it returns is the output.

    A plain function runs in a worker thread, an `async def` on the event loop. The arguments are copies: a function
    that changes them changes nothing for the next execution.
    """

    Parameters = FunctionParameters

    def __init__(self, function: Callable[..., Any], request: Render, *, timeout_s: float) -> None:
        self._function = function
        self._request = request
        self._is_async = _is_async(function)
        self.timeout_s = timeout_s

    @classmethod
    def compile(cls, definition: StepDefinition, scope: CompileScope) -> Self:
        refuse_prompt(definition, scope)

        def called() -> tuple[Callable[..., Any], Render]:
            request = request_entries(definition, scope)
            render = scope.template(request, ("request",))
            function = scope.function(definition.use, ("use",))
            _check_arguments(function, request, scope)
            return function, render

        (function, render), parameters = together(
            called, lambda: scope.settings(FunctionParameters, definition.parameters, ("parameters",))
        )
        return cls(function, render, timeout_s=parameters.timeout_s)

    async def run(self, call: StepCall) -> Any:
        # Two copies: the record shows what was asked also when the function changes its arguments.
        call.request = as_json(self._request(call.names), "the request")
        arguments: Any = as_json(call.request, "the request")
        if self._is_async:
            return await self._function(**arguments)
        returned = await in_thread(partial(self._function, **arguments))
        return await returned if inspect.isawaitable(returned) else returned


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _check_arguments(function: Callable[..., Any], request: dict[str, Json], scope: CompileScope) -> None:
    """Collect each entry the function does not take, and each argument it needs and is not given."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return  # Some callables written in C tell no signature; the call itself will show.
    by_name = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        for name in request.keys() - set(by_name):
            scope.problem(f"the function takes no argument {name!r}; {nearest(name, by_name)}", ("request", name))
    for parameter in parameters:
        if parameter.kind is parameter.POSITIONAL_ONLY and parameter.default is parameter.empty:
            scope.problem(f"the function takes {parameter.name!r} by position only; arguments go by name", ("use",))
        elif parameter.name in by_name and parameter.default is parameter.empty and parameter.name not in request:
            scope.problem(
                f"the function needs the argument {parameter.name!r}, which request does not give", ("request",)
            )
