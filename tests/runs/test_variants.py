"""Variants applied: what they change, what they leave alone, and what is wrong with them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from peel.records import Orchestration, Scenario, StepDefinition, Variant
from peel.runs.variants import Changed, apply

ORCHESTRATION = Orchestration(
    orchestration="support",
    steps=(
        StepDefinition(id="passages", use="retrieve", parameters={"top_k": 4}),
        StepDefinition(id="answer", use="llm", parameters={"model": "default", "temperature": 0.7}),
    ),
    output="answer",
)
SCENARIO = Scenario(
    scenario="telco",
    orchestration="support",
    inputs={"manuals": {"knowledge": "*.pdf", "chunking": {"size": 120, "overlap": 20}}, "tone": "polite"},
    cases=(),
)


def applied(**changes: Any) -> Changed:
    """The telco definitions under a variant; `__` stands for a dot."""
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return apply(Variant(name="v", changes=dotted), SCENARIO, ORCHESTRATION)


def test_a_variant_without_changes_is_the_definitions_as_written() -> None:
    """`base` is what the files say."""
    changed = applied()
    assert (changed.orchestration, changed.inputs, changed.problems) == (ORCHESTRATION, SCENARIO.inputs, ())


def test_a_parameter_is_changed_and_its_neighbours_stay() -> None:
    """And messages can tell which change a value came from."""
    changed = applied(answer__temperature=0, passages__top_k=8)
    assert [dict(step.parameters) for step in changed.orchestration.steps] == [
        {"top_k": 8},
        {"model": "default", "temperature": 0},
    ]
    assert changed.steps == {
        ("steps", 1, "parameters", "temperature"): "answer.temperature",
        ("steps", 0, "parameters", "top_k"): "passages.top_k",
    }


def test_a_parameter_that_was_left_out_can_be_set() -> None:
    """Whether the kind of step knows it is said when it is compiled."""
    assert applied(answer__max_tokens=60).orchestration.steps[1].parameters["max_tokens"] == 60


def test_a_key_deep_inside_a_shared_input_is_changed_alone() -> None:
    """The other keys beside it stay."""
    changed = applied(manuals__chunking__size=300)
    assert changed.inputs["manuals"] == {"knowledge": "*.pdf", "chunking": {"size": 300, "overlap": 20}}
    assert changed.shared == {("manuals",): "manuals.chunking.size"}


def test_a_whole_shared_input_may_be_replaced() -> None:
    """By any value."""
    assert applied(tone="curt").inputs["tone"] == "curt"


def test_the_definitions_themselves_are_never_changed() -> None:
    """Variants run beside each other: what one changes must not reach another."""
    before = (SCENARIO.model_dump_json(), ORCHESTRATION.model_dump_json())
    applied(manuals__chunking__size=300, manuals__knowledge="*.md", answer__temperature=0)
    assert (SCENARIO.model_dump_json(), ORCHESTRATION.model_dump_json()) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"anser__temperature": 0}, "names neither a step nor a shared input; .* did you mean 'answer'?"),
        ({"answer": 0}, "names a step, not a parameter; write answer.PARAMETER"),
        ({"tone__loud": 1}, "the input tone is not a mapping, so it has no key 'loud'"),
        ({"manuals__knowledge__glob": 1}, "the input manuals.knowledge is not a mapping, so it has no key 'glob'"),
    ],
)
def test_a_change_of_what_does_not_exist_is_told_with_its_key(change: dict[str, Any], message: str) -> None:
    """And changes nothing."""
    changed = applied(**change)
    ((key, told),) = changed.problems
    assert key == next(iter(change)).replace("__", ".")
    assert re.search(message, told)
    assert changed.orchestration == ORCHESTRATION


def test_all_wrong_changes_are_told_together() -> None:
    """Not one at a time."""
    assert len(applied(anser__temperature=0, tone__loud=1, answer__temperature=0).problems) == 2
