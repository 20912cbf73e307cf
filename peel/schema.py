"""The JSON Schema of a workspace's files, with the settings of every kind of step and evaluator that is installed."""

from __future__ import annotations

import json
from typing import Any

from peel.errors import DefinitionError, MissingExtra
from peel.plugins import Registry, nearest
from peel.records import Problem
from peel.scenarios.schema import json_schema

FILES = ("scenario", "orchestration", "workspace")
EVERYTHING = "all"


def definitions_schema(file: str = EVERYTHING) -> dict[str, Any]:
    """The schema of one kind of file, or one that any of them satisfies. Raises DefinitionError for another word."""
    if file == EVERYTHING:
        return _any_of({name: definitions_schema(name) for name in FILES})
    if file == "scenario":
        return json_schema("scenario", evaluator_schemas())
    if file == "orchestration":
        return json_schema("orchestration", _steps())
    if file == "workspace":
        return json_schema("workspace")
    raise DefinitionError([Problem(message=f"no such file kind {file!r}; {nearest(file, [*FILES, EVERYTHING])}")])


def _any_of(schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    for name, schema in schemas.items():
        # Two files may define the same name differently: each keeps its own under its prefix.
        own = json.loads(json.dumps(schema).replace('"#/$defs/', f'"#/$defs/{name}.'))
        definitions |= {f"{name}.{key}": value for key, value in own.pop("$defs", {}).items()}
        own.pop("$schema", None)
        definitions[name] = own
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in schemas],
        "$defs": definitions,
    }


def evaluator_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of the settings of every kind of evaluator that is installed."""
    kinds = _kinds(Registry("peel.evaluators", word="evaluator"))
    return {name: kind.Settings.model_json_schema() for name, kind in kinds.items() if hasattr(kind, "Settings")}


def _steps() -> dict[str, dict[str, Any]]:
    return {name: _step(kind) for name, kind in _kinds(Registry("peel.steps", word="step kind")).items()}


def _step(kind: Any) -> dict[str, Any]:
    """The keys of one kind of step: those of which it says nothing may hold anything."""
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {"prompt": True, "request": True, "parameters": True}
    for key, attribute in (("request", "Request"), ("parameters", "Parameters")):
        model = getattr(kind, attribute, None)
        if model is not None:
            schema = model.model_json_schema()
            definitions |= schema.pop("$defs", {})
            properties[key] = schema
    return {"type": "object", "properties": properties, "$defs": definitions}


def _kinds(registry: Registry) -> dict[str, Any]:
    found = {}
    for name in registry.names():
        try:
            found[name] = registry.resolve(name)
        except MissingExtra:
            continue
    return found
