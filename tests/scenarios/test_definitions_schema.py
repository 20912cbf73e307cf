"""The JSON Schema for editors accepts what the loader accepts, and refuses unknown keys where the loader does."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from peel.scenarios.documents import parse_yaml
from peel.scenarios.schema import FileKind, json_schema

SCENARIO = """\
scenario: s
orchestration: app
inputs: {manuals: {knowledge: a/*.pdf, chunking: {size: 1}}, hotline: {any: [1]}}
cases: [{id: 1, tags: [a], inputs: {x: 1}, expected: {y: null}}]
repetitions: 5
variants: {cold: {answer.temperature: 0}}
matrix: {answer.model: [a, b]}
evaluators: [{id: terms, use: regex, all: x}, {id: own, use: "../e.py:tone", any: 1}]
gates: [{evaluator: terms, at_least: 0.9}, {cost_usd: {at_most: 1}}]
below: 0.3
"""
ORCHESTRATION = "orchestration: a\nsteps: [{id: q, use: llm, prompt: [{user: x}], parameters: {t: 1}}]\noutput: q\n"
WORKSPACE = (
    "models: {default: {model: embedded}, judge: {model: m, price: {input_per_million: 1, output_per_million: 2}}}\n"
)
KINDS: dict[str, dict[str, Any]] = {
    "regex": {
        "properties": {"all": {"$ref": "#/$defs/Patterns"}},
        "required": ["all"],
        "additionalProperties": False,
        "$defs": {
            "Patterns": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/Patterns"}}]}
        },
    },
    "exact": {"properties": {}, "additionalProperties": False},
}


def accepts(schema: dict[str, Any], text: str) -> bool:
    document = parse_yaml(text)
    assert document.problems == ()
    return bool(jsonschema.Draft202012Validator(schema).is_valid(document.value))


@pytest.mark.parametrize(
    ("file", "text"), [("scenario", SCENARIO), ("orchestration", ORCHESTRATION), ("workspace", WORKSPACE)]
)
def test_a_right_file_is_accepted_and_an_unknown_key_refused(file: FileKind, text: str) -> None:
    """At the top of each kind of file."""
    schema = json_schema(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert accepts(schema, text)
    assert not accepts(schema, text + "surprise: 1\n")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("chunking: {size: 1}", "chunk: {size: 1}"),
        ("repetitions: 5", "repetitions: 0"),
        ("repetitions: 5", "repetitions: five"),
        ("{evaluator: terms, at_least: 0.9}", "{evaluator: terms}"),
        ("{evaluator: terms, at_least: 0.9}", "{evaluator: terms, at_least: 0.9, at_most: 1}"),
        ("{evaluator: terms, at_least: 0.9}", "{evaluator: terms, at_least: 2}"),
        ("{cost_usd: {at_most: 1}}", "{cost_usd: {at_most: 1}, latency_s: {at_most: 1}}"),
        ("{cost_usd: {at_most: 1}}", "{costs_usd: {at_most: 1}}"),
        ("tags: [a]", "tag: [a]"),
        ("{cold: {answer.temperature: 0}}", "{base: {answer.temperature: 0}}"),
        ("{answer.model: [a, b]}", "{answer.model: a}"),
        ("id: terms, use: regex", "id: terms"),
        ("below: 0.3", "below: 3"),
    ],
)
def test_what_the_loader_reports_the_schema_refuses(right: str, wrong: str) -> None:
    """So that an editor says it first."""
    assert right in SCENARIO
    assert not accepts(json_schema("scenario"), SCENARIO.replace(right, wrong))


def test_settings_of_each_kind_are_checked_where_they_are_given() -> None:
    """References inside a kind's schema still lead to its own definitions; a function by path may have any key."""
    schema = json_schema("scenario", KINDS)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert accepts(schema, SCENARIO)
    assert accepts(schema, SCENARIO.replace("all: x", "all: [x, [y]]"))
    assert not accepts(schema, SCENARIO.replace("all: x", "all: 5"))
    assert not accepts(schema, SCENARIO.replace("all: x", "al: x"))
    assert not accepts(schema, SCENARIO.replace("use: regex, all: x", "use: exact, all: x"))
    assert not accepts(schema, SCENARIO.replace("use: regex", "use: regx"))


def test_a_kind_of_step_may_say_what_its_parameters_are() -> None:
    """Keys of the step itself stay allowed."""
    kinds = {
        "llm": {
            "properties": {
                "parameters": {"type": "object", "properties": {"t": {"type": "number"}}, "additionalProperties": False}
            },
            "required": ["prompt"],
        }
    }
    schema = json_schema("orchestration", kinds)
    assert accepts(schema, ORCHESTRATION)
    assert not accepts(schema, ORCHESTRATION.replace("{t: 1}", "{u: 1}"))
    assert not accepts(schema, ORCHESTRATION.replace("prompt: [{user: x}], ", ""))


def test_every_key_has_a_description_for_the_editor() -> None:
    """What a key is for shows while it is typed."""
    files: tuple[FileKind, ...] = ("scenario", "orchestration", "workspace")
    for file in files:
        for key, value in json_schema(file)["properties"].items():
            assert value.get("description"), key
