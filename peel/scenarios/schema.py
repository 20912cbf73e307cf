"""The JSON Schema (draft 2020-12) that editors complete definitions files from, made from the format of the files.

What the settings of a kind of evaluator or step are is given by the caller, as JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel

from peel.scenarios.file_format import (
    EvaluatorEntry,
    KnowledgeEntry,
    OrchestrationFile,
    ScenarioFile,
    StepEntry,
    WorkspaceFile,
)

FileKind: TypeAlias = Literal["scenario", "orchestration", "workspace"]
Schema: TypeAlias = dict[str, Any]

_FILES: dict[FileKind, type[BaseModel]] = {
    "scenario": ScenarioFile,
    "orchestration": OrchestrationFile,
    "workspace": WorkspaceFile,
}
_ENTRIES: dict[FileKind, tuple[str, type[BaseModel]]] = {
    "scenario": ("evaluators", EvaluatorEntry),
    "orchestration": ("steps", StepEntry),
}
_BY_PATH = {"pattern": r"\.py:[^\W\d]\w*$", "description": "a function of the workspace, by path"}


def json_schema(file: FileKind, kinds: Mapping[str, Schema] | None = None) -> Schema:
    """The schema of one kind of file.

    `kinds` maps the name of each kind of evaluator (for a scenario: the schema of its settings) or step (for an
    orchestration: the schema of an object with `prompt` or `request`, and `parameters`) to its JSON Schema; without
    it every `use:` and all settings are allowed.
    """
    schema: Schema = _plain(_FILES[file].model_json_schema())
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    if file == "scenario":
        _say_what_keys_mean(schema["properties"])
    if kinds and file in _ENTRIES:
        key, entry = _ENTRIES[file]
        schema["properties"][key]["items"] = _entry(_plain(entry.model_json_schema()), kinds)
        schema["$defs"] = {**schema.get("$defs", {}), **_definitions(kinds)}
    return schema


def _say_what_keys_mean(properties: Schema) -> None:
    """What the format checks in code: a knowledge base is told by its key, and no variant is called base."""
    properties["inputs"]["additionalProperties"] = {
        "if": {"type": "object", "required": ["knowledge"]},
        "then": _plain(KnowledgeEntry.model_json_schema()),
    }
    properties["variants"]["propertyNames"] = {"not": {"const": "base"}}


def _entry(entry: Schema, kinds: Mapping[str, Schema]) -> Schema:
    """An entry whose keys depend on its `use`."""
    own: Schema = entry["properties"]
    use = {**own["use"], "anyOf": [{"enum": sorted(kinds)}, _BY_PATH]}
    branches = [_branch(kind, own, _moved(settings, kind)) for kind, settings in sorted(kinds.items())]
    return {**entry, "properties": {**own, "use": use}, "allOf": branches}


def _branch(kind: str, own: Schema, settings: Schema) -> Schema:
    then: Schema = {"properties": {**dict.fromkeys(own, True), **settings.get("properties", {})}}
    if settings.get("required"):
        then["required"] = settings["required"]
    if settings.get("additionalProperties") is False:
        then["additionalProperties"] = False
    return {"if": {"properties": {"use": {"const": kind}}, "required": ["use"]}, "then": then}


def _definitions(kinds: Mapping[str, Schema]) -> Schema:
    """The definitions of all kinds, each under a name of its own."""
    return {
        f"{kind}.{name}": _moved(definition, kind)
        for kind, settings in kinds.items()
        for name, definition in settings.get("$defs", {}).items()
    }


def _moved(value: Any, kind: str) -> Any:
    """A part of a kind's schema with its references led to where its definitions now are."""
    if isinstance(value, list):
        return [_moved(item, kind) for item in value]
    if not isinstance(value, dict):
        return value
    prefix = "#/$defs/"
    return {
        key: f"{prefix}{kind}.{item.removeprefix(prefix)}"
        if key == "$ref" and isinstance(item, str) and item.startswith(prefix)
        else _moved(item, kind)
        for key, item in value.items()
        if key != "$defs"
    }


def _plain(value: Any) -> Any:
    """The schema without what a generator adds for itself: titles, and defaults that stand for "left out"."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _plain(item)
        for key, item in value.items()
        if not (key == "title" and isinstance(item, str)) and not (key == "default" and item is None)
    }
