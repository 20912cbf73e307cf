"""One level of a file held against its format: what is right is kept, each thing wrong becomes one sentence."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from peel.plugins import nearest
from peel.records import Json, Path, Problem
from peel.scenarios.origin import Origin

_SECRETS = frozenset({"api_key", "headers", "store", "hash_key"})
"""Keys whose values are never repeated in a message."""


@dataclass(slots=True)
class Findings:
    """One file while it is checked: where it comes from and what is wrong so far."""

    origin: Origin
    problems: list[Problem] = field(default_factory=list)

    def add(self, message: str, path: Path = ()) -> None:
        self.problems.append(self.origin.problem(message, path))


@dataclass(frozen=True, slots=True)
class Part:
    """One mapping of a file: its value, its path, and what it is called in a sentence (`the evaluator 'tone'`)."""

    value: Json
    path: Path
    name: str


def found(value: Json) -> str:
    """A value as a sentence names it: `the text 'five'`, `the number 2`, `an empty list`, `an empty value`."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {shortened(value)!r}"
    kind = "list" if isinstance(value, list) else "mapping"
    return f"a {kind}" if value else f"an empty {kind}"


def shortened(text: str) -> str:
    """The beginning of a text, for a message of one line."""
    return text if len(text) <= 60 else text[:57] + "..."


def checked(model: type[BaseModel], part: Part, findings: Findings) -> dict[str, Json]:
    """The keys of a mapping that its format allows and whose values are right; the rest is reported."""
    if not isinstance(part.value, dict):
        findings.add(f"{part.name} must be a mapping with the keys {_keys(model)}, not {found(part.value)}", part.path)
        return {}
    try:
        model.model_validate(part.value)
    except ValidationError as error:
        wrong = {_report(issue, model, part, findings) for issue in error.errors(include_url=False)}
        return {key: value for key, value in part.value.items() if key not in wrong}
    return dict(part.value)


def entry(model: type[BaseModel], part: Part, findings: Findings) -> dict[str, Json] | None:
    """Like `checked`, for a mapping that is of use only when all of it is right; None where it is not."""
    before = len(findings.problems)
    right = checked(model, part, findings)
    return right if len(findings.problems) == before else None


def _report(issue: Any, model: type[BaseModel], part: Part, findings: Findings) -> str:
    key = str(issue["loc"][0])
    path = (*part.path, key)
    if issue["type"] == "extra_forbidden":
        findings.add(f"unknown key {shortened(key)!r} in {part.name}; {nearest(key, model.model_fields)}", path)
    elif issue["type"] == "missing":
        _report_missing(key, model, part, findings)
    else:
        value = part.value[key] if isinstance(part.value, dict) else None
        was = "" if key in _SECRETS else f", not {found(value)}"
        findings.add(f"{key!r} of {part.name} must be {issue['msg']}{was}", path)
    return key


def _report_missing(key: str, model: type[BaseModel], part: Part, findings: Findings) -> None:
    """Report a missing key, unless it stands there misspelt and is reported as unknown."""
    written = part.value if isinstance(part.value, dict) else {}
    close = difflib.get_close_matches(key, written.keys() - model.model_fields.keys(), n=1, cutoff=0.6)
    if close and model.model_config.get("extra") == "forbid":
        return
    meant = f"; is {close[0]!r} meant?" if close else ""
    findings.add(f"{part.name} has no {key!r}: {model.model_fields[key].description}{meant}", part.path)


@cache
def _keys(model: type[BaseModel]) -> str:
    return ", ".join(repr(key) for key in model.model_fields)
