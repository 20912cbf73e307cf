"""Settings of steps, evaluators and knowledge inputs held against the model of their kind, told in flat sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from peel.plugins import nearest
from peel.records import Json, Path
from peel.runs.allowed import allowed
from peel.scenarios.checking import found

Settings = TypeVar("Settings", bound=BaseModel)

_OWN_WORDS = frozenset({"value_error", "assertion_error"})
"""Issues that a model's own check tells, in its own words."""


def validated(model: type[Settings], values: Mapping[str, Json]) -> tuple[Settings | None, list[tuple[Path, str]]]:
    """The settings, or None with one sentence for each key that is wrong, by its path inside `values`."""
    try:
        return model.model_validate(dict(values)), []
    except ValidationError as error:
        issues = error.errors(include_url=False)
    sentences: dict[Path, str] = {}
    for issue in issues:
        path = _path(issue["loc"], values)
        sentences.setdefault(path, _sentence(issue, path, model, values))
    return None, list(sentences.items())


def _path(location: tuple[int | str, ...], values: Mapping[str, Json]) -> Path:
    """Where an issue stands in the values: pydantic's location without the names of union members at its end."""
    path: list[str | int] = []
    inside: Any = values
    for key in location:
        if (isinstance(inside, dict) and not path) or (isinstance(inside, dict) and key in inside):
            path.append(key)
            inside = inside.get(key)
        elif isinstance(inside, list) and isinstance(key, int) and key < len(inside):
            path.append(key)
            inside = inside[key]
    return tuple(path)


def _sentence(issue: Any, path: Path, model: type[BaseModel], values: Mapping[str, Json]) -> str:
    key = ".".join(str(part) for part in issue["loc"]) if issue["type"] in ("extra_forbidden", "missing") else None
    last = str(issue["loc"][-1]) if issue["loc"] else ""
    if issue["type"] == "extra_forbidden":
        return f"unknown key {last!r}; {nearest(last, _fields(model, issue['loc'][:-1]))}"
    if issue["type"] == "missing":
        return f"the key {key!r} is missing"
    name = repr(".".join(str(part) for part in path)) if path else "the settings"
    value = _value_at(path, values)
    may_be = "" if issue["type"] in _OWN_WORDS or not path else allowed(model, path)
    if may_be:
        return f"{name} must be {may_be}, not {found(value)}"
    message = issue["msg"].removeprefix("Value error, ")
    return f"{name}: {message[:1].lower()}{message[1:]}, not {found(value)}"


def _value_at(path: Path, values: Mapping[str, Json]) -> Any:
    inside: Any = values
    for key in path:
        inside = inside[key]
    return inside


def _fields(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that are allowed at a location, following nested models."""
    current: Any = model
    for key in location:
        field = getattr(current, "model_fields", {}).get(key)
        if field is None:
            continue
        kinds = [field.annotation, *get_args(field.annotation)]
        current = next((kind for kind in kinds if hasattr(kind, "model_fields")), current)
    return [field.alias or name for name, field in current.model_fields.items()]
