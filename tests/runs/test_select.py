"""Selecting cases and variants: what is kept, and names that no scenario has."""

from __future__ import annotations

from typing import Any

import pytest

from peel.records import BASE_VARIANT, Case, Scenario, Selection, Variant
from peel.runs.select import narrowed, problems_of

SCENARIO = Scenario(
    scenario="telco",
    orchestration="support",
    cases=(Case(id="a", tags=("demo",)), Case(id="b", tags=("demo", "curt")), Case(id="c")),
    repetitions=5,
    variants=(Variant(name=BASE_VARIANT), Variant(name="cold", changes={"answer.temperature": 0})),
)


def selection(**narrowing: Any) -> Selection:
    """A selection of the telco scenario."""
    return Selection(scenarios=("telco.yaml",), **narrowing)


@pytest.mark.parametrize(
    ("narrowing", "cases"),
    [
        ({}, "abc"),
        ({"cases": ("c", "a")}, "ac"),
        ({"tags": ("demo",)}, "ab"),
        ({"tags": ("curt", "nothing")}, "b"),
        ({"cases": ("a", "c"), "tags": ("demo",)}, "a"),
    ],
)
def test_cases_are_kept_by_id_and_by_tag_in_the_order_of_the_file(narrowing: Any, cases: str) -> None:
    """One of the ids, and one of the tags, where both are asked for."""
    assert "".join(case.id for case in narrowed(SCENARIO, selection(**narrowing)).cases) == cases


def test_variants_are_kept_by_name() -> None:
    """All of them where none is named."""
    assert [one.name for one in narrowed(SCENARIO, selection()).variants] == [BASE_VARIANT, "cold"]
    assert [one.name for one in narrowed(SCENARIO, selection(variants=("cold",))).variants] == ["cold"]


def test_repetitions_replace_those_of_the_file() -> None:
    """Only where they are given."""
    assert narrowed(SCENARIO, selection()).repetitions == 5
    assert narrowed(SCENARIO, selection(repetitions=2)).repetitions == 2


def test_a_selection_of_what_exists_has_no_problem() -> None:
    """Even where one scenario of several has none of it."""
    other = SCENARIO.model_copy(update={"scenario": "other", "cases": (Case(id="z"),)})
    assert problems_of(selection(cases=("z",)), [SCENARIO, other]) == []


@pytest.mark.parametrize(
    ("narrowing", "message"),
    [
        ({"cases": ("d",)}, "--case: no scenario has the case 'd'; allowed: a, b, c"),
        ({"tags": ("dmo",)}, "--tag: no scenario has the tag 'dmo'; did you mean 'demo'? Allowed: curt, demo"),
        (
            {"variants": ("col",)},
            "--variant: no scenario has the variant 'col'; did you mean 'cold'? Allowed: base, cold",
        ),
    ],
)
def test_a_name_that_no_scenario_has_is_told_with_its_flag_and_the_nearest(narrowing: Any, message: str) -> None:
    """As the other messages about names."""
    assert [str(problem) for problem in problems_of(selection(**narrowing), [SCENARIO])] == [message]


def test_all_unknown_names_are_told_together() -> None:
    """Not one at a time."""
    assert len(problems_of(selection(cases=("x", "y"), tags=("t",), variants=("v",)), [SCENARIO])) == 4


def test_of_many_cases_only_the_nearest_is_told() -> None:
    """A hundred ids would bury it."""
    many = SCENARIO.model_copy(update={"cases": tuple(Case(id=f"email-{number:03d}") for number in range(100))})
    (close,) = problems_of(selection(cases=("email-0071",)), [many])
    (far,) = problems_of(selection(cases=("xyz",)), [many])
    assert close.message == "no scenario has the case 'email-0071'; did you mean 'email-071'?"
    assert far.message == "no scenario has the case 'xyz'; 100 exist, such as 'email-000'"


def test_a_selection_that_leaves_nothing_is_told() -> None:
    """Each name exists, and no case has them all."""
    (problem,) = problems_of(selection(cases=("c",), tags=("curt",)), [SCENARIO])
    assert problem.message == "no case has what --case, --tag and --variant together ask for; leave one out"
