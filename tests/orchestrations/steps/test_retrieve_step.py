"""The step kind `retrieve`."""

from __future__ import annotations

from typing import Any

import pytest

from peel.orchestrations.steps.retrieve import RetrieveStep

REQUEST = {"from": "manuals", "query": "{{ question }}"}


def test_the_output_is_the_passages_with_their_source(
    compile_step: Any, execute: Any, knowledge: Any, passages: Any
) -> None:
    """Nearest first, each as plain JSON."""
    step = compile_step(RetrieveStep, request=REQUEST, parameters={"top_k": 2}, names=["question"])
    result = execute(step, question="How to reset?")
    assert result.output == [passage.model_dump() for passage in passages[:2]]
    assert knowledge.searches == [("How to reset?", 2, "cosine")]


def test_the_request_tells_what_was_searched_where_and_how(compile_step: Any, execute: Any, knowledge: Any) -> None:
    """Four passages by cosine similarity, where nothing else is said."""
    result = execute(compile_step(RetrieveStep, request=REQUEST, names=["question"]), question="reset?")
    assert result.request == {
        "from": "manuals",
        "query": "reset?",
        "parameters": {"top_k": 4, "metric": "cosine"},
    }


def test_a_query_that_is_no_text_is_searched_as_json(compile_step: Any, execute: Any, knowledge: Any) -> None:
    """A list from a step before does not crash the search."""
    execute(compile_step(RetrieveStep, request=REQUEST, names=["question"]), question=["a", "b"])
    assert knowledge.searches[0][0] == '["a", "b"]'


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        ({"request": {"from": "manual", "query": "x"}}, ("request", "from")),
        ({"request": {"from": "manuals"}}, ("request", "query")),
        ({"request": {"from": "manuals", "query": "{{ no }}"}}, ("request", "query")),
        ({"request": {"from": "manuals", "query": "x", "where": "y"}}, ("request", "where")),
        ({"request": "manuals"}, ("request",)),
        ({"request": {"from": "manuals", "query": "x"}, "prompt": "x"}, ("prompt",)),
        ({"request": {"from": "manuals", "query": "x"}, "parameters": {"top_k": 0}}, ("parameters", "top_k")),
        ({"request": {"from": "manuals", "query": "x"}, "parameters": {"metric": "cos"}}, ("parameters", "metric")),
    ],
)
def test_a_wrong_definition_is_a_problem_at_its_place(
    problems_of: Any, knowledge: Any, definition: Any, path: Any
) -> None:
    """Knowledge, keys, templates and values are checked before anything runs."""
    assert [problem[0] for problem in problems_of(RetrieveStep, **definition)] == [path]


def test_request_and_parameters_are_checked_together(problems_of: Any, knowledge: Any) -> None:
    """A wrong parameter does not hide a wrong request."""
    found = problems_of(RetrieveStep, request={"form": "manuals", "query": "x"}, parameters={"topk": 1})
    assert {path for path, _ in found} == {("request", "from"), ("request", "form"), ("parameters", "topk")}
