"""A step that is a function of the workspace."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from typing import Any

import pytest

from peel.orchestrations.steps.function import FunctionStep

USE = "../steps/crm.py:look_up"


def test_the_entries_of_the_request_are_keyword_arguments_with_their_types(
    compile_step: Any, execute: Any, scope: Any
) -> None:
    """A string that is one expression keeps the type of its value."""

    def look_up(name: str, age: int, tags: list[str], greeting: str = "Hi") -> Any:
        return [greeting, name, age, tags]

    scope.functions[USE] = look_up
    request = {"name": "Mr {{ name }}", "age": "{{ age }}", "tags": "{{ tags }}"}
    step = compile_step(FunctionStep, use=USE, request=request, names=["name", "age", "tags"])
    result = execute(step, name="Ames", age=41, tags=["new"])
    assert result.output == ["Hi", "Mr Ames", 41, ["new"]]
    assert result.request == {"name": "Mr Ames", "age": 41, "tags": ["new"]}


def test_a_plain_function_runs_in_a_worker_thread(compile_step: Any, execute: Any, scope: Any) -> None:
    """It may block as it likes."""
    scope.functions[USE] = lambda: threading.current_thread() is threading.main_thread()
    assert execute(compile_step(FunctionStep, use=USE)).output is False


def test_an_async_function_runs_on_the_event_loop(compile_step: Any, execute: Any, scope: Any) -> None:
    """It is awaited where the run lives."""

    async def look_up() -> bool:
        await asyncio.sleep(0)
        return threading.current_thread() is threading.main_thread()

    scope.functions[USE] = look_up
    assert execute(compile_step(FunctionStep, use=USE)).output is True


def test_an_object_that_is_called_is_a_function_too(compile_step: Any, execute: Any, scope: Any) -> None:
    """Async or not."""

    class LookUp:
        async def __call__(self, name: str) -> str:
            return name.upper()

    scope.functions[USE] = LookUp()
    assert execute(compile_step(FunctionStep, use=USE, request={"name": "x"})).output == "X"


def test_nothing_returned_is_null(compile_step: Any, execute: Any, scope: Any) -> None:
    """Null is a value: the customer was not found."""
    scope.functions[USE] = lambda: None
    result = execute(compile_step(FunctionStep, use=USE))
    assert (result.status, result.output) == ("ok", None)


def test_a_function_that_changes_its_arguments_changes_nothing_else(
    compile_step: Any, execute: Any, scope: Any
) -> None:
    """Inputs, record and the next repetition stay as they were."""

    def greedy(items: list[int]) -> list[int]:
        items.append(99)
        return items

    scope.functions[USE] = greedy
    step = compile_step(FunctionStep, use=USE, request={"items": "{{ items }}"}, names=["items"])
    items = [1]
    results = [execute(step, repetition, items=items) for repetition in (1, 2)]
    assert items == [1]
    assert [result.request for result in results] == [{"items": [1]}, {"items": [1]}]
    assert [result.output for result in results] == [[1, 99], [1, 99]]


@pytest.mark.parametrize(
    ("returned", "type_name"),
    [(Decimal("1.5"), "Decimal"), ({"at": [b"x"]}, "bytes"), ({1, 2}, "set"), ((x for x in ()), "generator")],
)
def test_a_return_that_json_cannot_hold_names_its_type(
    compile_step: Any, execute: Any, scope: Any, returned: Any, type_name: str
) -> None:
    """The fault says what the function should not have returned."""
    scope.functions[USE] = lambda: returned
    fault = execute(compile_step(FunctionStep, use=USE)).fault
    assert fault.message.startswith(f"the output holds a value of type {type_name}, which JSON cannot hold")


def test_what_the_function_raises_is_recorded_with_request_and_line(
    compile_step: Any, execute: Any, scope: Any
) -> None:
    """The record shows what was asked when it failed, and where the code failed."""

    def look_up(name: str) -> Any:
        return {"Ames": 1}[name]

    scope.functions[USE] = look_up
    result = execute(compile_step(FunctionStep, use=USE, request={"name": "Bell"}))
    assert result.fault.type == "KeyError"
    assert "test_function_step.py, line " in result.fault.message
    assert result.request == {"name": "Bell"}


def test_a_function_that_hangs_is_ended_by_its_time_out(compile_step: Any, execute: Any, scope: Any) -> None:
    """Plain or async, it holds up neither the run nor its end."""
    never = threading.Event()

    async def hang() -> None:
        await asyncio.Event().wait()

    for function in (lambda: never.wait(20), hang):
        scope.functions[USE] = function
        result = execute(compile_step(FunctionStep, use=USE, parameters={"timeout_s": 0.01}))
        assert result.fault.message == "no output within 0.01 s, the step's timeout_s"
    never.set()


def test_five_minutes_is_the_time_out_where_none_is_set(compile_step: Any, scope: Any) -> None:
    """No function is without one."""
    scope.functions[USE] = lambda: None
    assert compile_step(FunctionStep, use=USE).timeout_s == 300


def look_up_customer(name: str, *, region: str = "eu") -> None:
    """A function with one argument that must be given."""


@pytest.mark.parametrize(
    ("request_", "path", "message"),
    [
        ({}, ("request",), "needs the argument 'name'"),
        ({"name": "x", "regoin": "y"}, ("request", "regoin"), "takes no argument 'regoin'; did you mean 'region'?"),
        ({"name": "{{ no }}"}, ("request", "name"), "unknown name no"),
        (["x"], ("request",), "the request is a list"),
    ],
)
def test_a_request_that_does_not_fit_the_function_is_a_problem(
    problems_of: Any, scope: Any, request_: Any, path: Any, message: str
) -> None:
    """The arguments are held against the function before anything runs."""
    scope.functions[USE] = look_up_customer
    found = problems_of(FunctionStep, use=USE, request=request_)
    assert [problem[0] for problem in found] == [path]
    assert message in found[0][1]


def test_a_function_that_takes_anything_gets_anything(compile_step: Any, execute: Any, scope: Any) -> None:
    """Arguments by `**` are not held against names."""
    scope.functions[USE] = lambda **given: given
    assert execute(compile_step(FunctionStep, use=USE, request={"a": 1})).output == {"a": 1}


def test_a_function_with_arguments_by_position_only_is_a_problem(problems_of: Any, scope: Any) -> None:
    """Entries of a request have names."""

    def positional(name: str, /) -> None:
        """Takes its argument by position."""

    scope.functions[USE] = positional
    found = problems_of(FunctionStep, use=USE, request={})
    assert found == [(("use",), "the function takes 'name' by position only; arguments go by name")]


@pytest.mark.parametrize("timeout", [0, -1, "long", float("inf")])
def test_a_time_out_that_is_none_is_a_problem(problems_of: Any, scope: Any, timeout: Any) -> None:
    """It must be a finite number of seconds above 0."""
    scope.functions[USE] = lambda: None
    (problem,) = problems_of(FunctionStep, use=USE, parameters={"timeout_s": timeout})
    assert problem[0] == ("parameters", "timeout_s")
