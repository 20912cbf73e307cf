"""The evaluator `json_schema`."""

from __future__ import annotations

import asyncio

import pytest

from peel.evaluators.json_schema import LARGEST_TEXT, JsonSchemaEvaluator
from peel.evaluators.scoring import score

PATTERN = "^(?:(?:a|b|ab)+)+(?:(?:a|b|ab)+)+$"
RUNAWAY = "ab" * 200 + "!"

SCHEMA = {
    "type": "object",
    "properties": {"device": {"type": "string", "pattern": "^AR[0-9]+$"}, "seconds": {"$ref": "#/$defs/seconds"}},
    "patternProperties": {"^x-": {"type": "integer"}},
    "required": ["device"],
    "$defs": {"seconds": {"type": "number", "minimum": 0}},
}


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ('{"device": "AR83"}', 1),
        (' {"device": "AR83", "seconds": 3.5}\n', 1),
        ({"device": "AR83", "x-a": 1}, 1),
        ({"device": "BD77"}, 0),
        ({"device": "AR83", "x-a": "1"}, 0),
        ({"device": "AR83", "seconds": -1}, 0),
        ({}, 0),
        ([], 0),
        (None, 0),
        ("", 0),
        ("Here it is: {}", 0),
        ('```json\n{"device": "AR83"}\n```', 0),
        ('{"device": NaN}', 0),
        ("[" * 50_000, 0),
    ],
)
def test_it_is_1_where_the_output_follows_the_schema(output, value, scope, compiled, judged):
    """Text must be JSON and nothing else; a JSON value is taken as it is."""
    assert compiled(JsonSchemaEvaluator, scope(), schema=SCHEMA).evaluate(judged(output)).value == value


def test_the_reason_names_the_first_errors_with_their_paths(scope, compiled, judged):
    """Bounded, however much is wrong."""
    evaluator = compiled(JsonSchemaEvaluator, scope(), schema={"items": {"type": "integer"}})
    reason = evaluator.evaluate(judged(["x" * 5_000] * 50)).reason
    assert reason.startswith("$[0]: 'xxx")
    assert "$[2]" in reason
    assert reason.endswith("; and more")
    assert len(reason) < 1_200


def test_a_fence_is_taken_off_where_that_is_allowed(scope, compiled, judged):
    """Only a fence around the whole output."""
    evaluator = compiled(JsonSchemaEvaluator, scope(), schema=SCHEMA, fenced=True)
    assert evaluator.evaluate(judged('```json\n{"device": "AR83"}\n```\n')).value == 1
    assert evaluator.evaluate(judged('{"device": "AR83"}')).value == 1
    assert evaluator.evaluate(judged('Sure!\n```json\n{"device": "AR83"}\n```')).value == 0


@pytest.mark.parametrize(
    ("output", "schema"),
    [
        ("9" * (LARGEST_TEXT + 1), True),
        ([RUNAWAY], {"items": {"pattern": PATTERN}}),
        ({RUNAWAY: 1}, {"patternProperties": {PATTERN: True}}),
        ({RUNAWAY: 1}, {"patternProperties": {PATTERN: True}, "additionalProperties": False}),
        ({"a": 1}, {"$ref": "#"}),
    ],
)
def test_what_cannot_be_validated_is_unscored(output, schema, scope, compiled, judged):
    """A huge output, a pattern that runs away and a schema without end leave no value behind."""
    evaluator = compiled(JsonSchemaEvaluator, scope(), schema=schema)
    got = asyncio.run(score("e1", evaluator, judged(output), execution=0, at=0))
    assert (got.status, got.value) == ("unscored", None)


def test_keys_beside_the_named_ones_are_refused_or_held_against_their_schema(scope, compiled, judged):
    """`additionalProperties`, with patterns beside it: its own search is bounded in time, and finds the same."""
    closed = {"properties": {"a": True}, "patternProperties": {"^x-": True}, "additionalProperties": False}
    evaluator = compiled(JsonSchemaEvaluator, scope(), schema=closed)
    assert evaluator.evaluate(judged({"a": 1, "x-b": 2})).value == 1
    assert evaluator.evaluate(judged({"a": 1, "b-x-": 2})).reason == "$: unexpected 'b-x-'"
    typed = compiled(JsonSchemaEvaluator, scope(), schema={**closed, "additionalProperties": {"type": "integer"}})
    assert typed.evaluate(judged({"b": 2})).value == 1
    assert typed.evaluate(judged({"b": "two"})).reason.startswith("$.b: ")


def test_an_output_with_many_keys_is_searched_within_one_time_limit(scope, compiled, judged):
    """The limit is for all patterns and keys together, not for each."""
    slow = "^(?:a+)+(?:b|c)$"
    keys = {f"{'a' * 22}{number}": 1 for number in range(2_000)}
    evaluator = compiled(JsonSchemaEvaluator, scope(), schema={"patternProperties": {slow: True, PATTERN: True}})
    got = asyncio.run(score("e1", evaluator, judged({**keys, RUNAWAY: 1}), execution=0, at=0))
    assert (got.status, "was cut off after 1 s" in got.reason) == ("unscored", True)


def test_a_schema_whose_search_cannot_be_bounded_is_a_problem(scope, problems):
    """Both keywords together; either alone, or as the name of a property, is none."""
    both = {"patternProperties": {"^x-": True}, "allOf": [{"unevaluatedProperties": False}]}
    assert ("schema",) in problems(JsonSchemaEvaluator, scope(), schema=both)
    named = {"properties": {"patternProperties": True}, "unevaluatedProperties": False}
    assert not problems(JsonSchemaEvaluator, scope(), schema=named)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "objekt"}, ("schema", "type")),
        ({"properties": {"a": {"pattern": "("}}}, ("schema", "properties", "a", "pattern")),
        ({"properties": {"a": {"minimum": "1"}}}, ("schema", "properties", "a", "minimum")),
        ({"$ref": "https://example.com/schema.json"}, ("schema", "$ref")),
        ({"items": {"$ref": "#/$defs/nothing"}}, ("schema", "items", "$ref")),
        ({"items": {"$ref": "other.json"}}, ("schema", "items", "$ref")),
    ],
)
def test_an_invalid_schema_is_a_problem_at_its_path(schema, path, scope, problems):
    """Found before anything runs; a remote reference is not fetched."""
    assert path in problems(JsonSchemaEvaluator, scope(), schema=schema)


def test_what_only_looks_like_a_reference_is_none(scope, compiled, judged):
    """A `$ref` among data is data."""
    evaluator = compiled(JsonSchemaEvaluator, scope(), schema={"const": {"$ref": "nowhere.json"}})
    assert evaluator.evaluate(judged({"$ref": "nowhere.json"})).value == 1


def test_the_schema_is_needed(scope, problems):
    """There is no default."""
    assert ("schema",) in problems(JsonSchemaEvaluator, scope())
