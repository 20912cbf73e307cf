"""`peel schema`: the JSON Schema that editors complete from agrees with what PEEL itself accepts."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from peel.cli import app
from peel.scenarios.documents import parse_yaml

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "peel/starter/files"
FILES = [
    *[("scenario", path) for path in (*ROOT.glob("scenarios/*.yaml"), *STARTER.glob("scenarios/*.yaml"))],
    *[
        ("orchestration", path)
        for path in (*ROOT.glob("orchestrations/*.yaml"), *STARTER.glob("orchestrations/*.yaml"))
    ],
    *[("workspace", path) for path in (*ROOT.glob("peel.yaml"), *STARTER.glob("peel.yaml"))],
]


def schema(kind="all"):
    done = CliRunner().invoke(app, ["schema", kind])
    assert done.exit_code == 0
    return json.loads(done.stdout)


def errors(kind, value):
    return [error.message for error in Draft202012Validator(schema(kind)).iter_errors(value)]


def value_of(path):
    document = parse_yaml(path.read_text())
    assert not document.problems
    return document.value


@pytest.mark.parametrize("kind", ["scenario", "orchestration", "workspace", "all"])
def test_what_is_printed_is_a_json_schema(kind):
    """Of draft 2020-12, and it says so."""
    printed = schema(kind)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(printed)


@pytest.mark.parametrize(("kind", "path"), FILES, ids=lambda part: part if isinstance(part, str) else part.name)
def test_every_shipped_file_follows_the_schema_of_its_kind_and_the_one_of_all(kind, path):
    """The example workspace's files and those that `peel init` writes."""
    assert errors(kind, value_of(path)) == []
    assert errors("all", value_of(path)) == []


def misspelt(value, path, key, other):
    """A copy of a file's value with one key written otherwise."""
    changed = copy.deepcopy(value)
    inside = changed
    for part in path:
        inside = inside[part]
    inside[other] = inside.pop(key)
    return changed


@pytest.mark.parametrize(
    ("path", "key", "other"),
    [
        ((), "repetitions", "repetitons"),
        (("evaluators", 0), "ignore_case", "ignorecase"),
        (("evaluators", 1), "expected", "expectd"),
        (("gates", 0), "at_least", "atleast"),
        (("cases", 0), "inputs", "input"),
    ],
)
def test_a_misspelt_key_of_a_scenario_does_not_follow_the_schema(path, key, other):
    """At each level of the file, the settings of a kind of evaluator included."""
    changed = misspelt(value_of(STARTER / "scenarios/shop.yaml"), path, key, other)
    assert any(other in message or repr(key) in message for message in _all_messages("scenario", changed))


@pytest.mark.parametrize(
    ("path", "key", "other"),
    [
        (("steps", 0), "prompt", "promt"),
        (("steps", 0, "parameters"), "temperature", "temprature"),
    ],
)
def test_a_misspelt_key_of_an_orchestration_does_not_follow_the_schema(path, key, other):
    """The parameters of a kind of step included."""
    changed = misspelt(value_of(STARTER / "orchestrations/reply.yaml"), path, key, other)
    assert any(other in message for message in _all_messages("orchestration", changed))


def _all_messages(kind, value):
    """Every message with those of the alternatives that were tried."""
    waiting = list(Draft202012Validator(schema(kind)).iter_errors(value))
    messages = []
    while waiting:
        error = waiting.pop()
        messages.append(error.message)
        waiting.extend(error.context or ())
    return messages


@pytest.mark.parametrize(
    "step",
    [
        {"use": "retrieve", "request": {"from": "manuals", "query": "x"}, "parameters": {"top_q": 3}},
        {"use": "retrieve", "request": {"form": "manuals", "query": "x"}},
        {"use": "rerank", "request": {"passages": "x", "query": "y"}, "parameters": {"keeep": 2}},
        {"use": "http", "request": {"url": "http://localhost/", "heders": {}}},
        {"use": "http", "request": {"url": "http://localhost/"}, "parameters": {"extrct": "$.a"}},
        {"use": "lm", "prompt": "x"},
    ],
)
def test_requests_and_parameters_of_each_kind_of_step_are_known(step):
    """A key that the kind does not have, or a kind that does not exist, is an error in the editor already."""
    assert errors("orchestration", {"orchestration": "o", "steps": [{"id": "s", **step}]})


def test_a_function_of_the_workspace_may_have_any_request():
    """Its arguments are its own."""
    step = {"id": "s", "use": "../steps/crm.py:look_up", "request": {"anything": [1]}}
    assert errors("orchestration", {"orchestration": "o", "steps": [step]}) == []


def test_an_unknown_kind_of_file_is_told_with_those_that_exist():
    """`peel schema scenari` is answered with `scenario`."""
    done = CliRunner().invoke(app, ["schema", "scenari"])
    assert done.exit_code == 2
    assert "did you mean 'scenario'" in done.stderr
