"""The evaluator `json_schema`: the output follows a JSON Schema, as a JSON value or as text that holds one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Self

import orjson
import regex
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY
from pydantic import BaseModel, ConfigDict, Field
from referencing import Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from peel.compiling import CompileScope
from peel.errors import Incomplete, Unscored
from peel.evaluators.evaluator import EvaluationContext
from peel.evaluators.wording import shown, storable
from peel.records import EvaluatorDefinition, Json, Path, Verdict

SHOWN_ERRORS = 3
"""How many errors a reason names."""

LARGEST_TEXT = 200_000
"""The longest output, in characters, that is parsed."""

PATTERN_TIMEOUT_S = 0.1
"""How long one pattern of a schema may search one text, in seconds."""

_FENCED = re.compile(r"\s*```(?:json)?[ \t]*\n(?P<body>.*)\n```\s*", re.DOTALL | re.IGNORECASE)
_DATA = frozenset({"const", "enum", "default", "examples"})
"""Keywords under which a `$ref` is data and no reference."""


class JsonSchemaSettings(BaseModel):
    """The schema, written in place, and whether the output may stand in a code fence."""

    model_config = ConfigDict(extra="forbid")

    definition: dict[str, Any] | bool = Field(alias="schema", description="the JSON Schema, written in place")
    fenced: bool = Field(default=False, description="whether text may stand between ```json and ```")


class JsonSchemaEvaluator:
    """1 where the output is valid, else 0 with the first errors and their paths. Text must be JSON and nothing else.

    References are resolved inside the schema and among the published drafts; nothing is fetched.
    """

    Settings = JsonSchemaSettings
    quick = True

    def __init__(self, validator: Validator, *, fenced: bool) -> None:
        self._validator = validator
        self._fenced = fenced

    @classmethod
    def compile(cls, definition: EvaluatorDefinition, scope: CompileScope) -> Self:
        settings = scope.settings(JsonSchemaSettings, definition.settings, ())
        return cls(_validator(settings.definition, scope), fenced=settings.fenced)

    def evaluate(self, context: EvaluationContext) -> Verdict:
        value = context.output
        if isinstance(value, str):
            try:
                value = self._parsed(value)
            except orjson.JSONDecodeError as error:
                return Verdict(value=0.0, reason=f"the output is no JSON: {error}, in {shown(context.output)}")
        try:
            errors = list(islice(self._validator.iter_errors(value), SHOWN_ERRORS + 1))
        except TimeoutError:
            raise Unscored(f"a pattern of the schema was cut off after {PATTERN_TIMEOUT_S:g} s") from None
        if not errors:
            return Verdict(value=1.0, reason="the output follows the schema")
        return Verdict(value=0.0, reason=_told(errors))

    def _parsed(self, text: str) -> Json:
        if len(text) > LARGEST_TEXT:
            raise Unscored(f"the output has {len(text)} characters, more than the {LARGEST_TEXT} that are parsed")
        match = _FENCED.fullmatch(text) if self._fenced else None
        parsed: Json = orjson.loads((match["body"] if match else text).encode("utf-8", "replace"))
        return parsed


def _validator(schema: dict[str, Any] | bool, scope: CompileScope) -> Validator:
    """The validator of a schema. Collects what is wrong with it, then raises Incomplete."""
    kind: Any = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema, format_checker=kind.FORMAT_CHECKER)
    except SchemaError as error:
        scope.problem(f"the schema is invalid: {storable(error.message, limit=300)}", ("schema", *error.path))
        raise Incomplete from error
    unresolved = list(_unresolved(schema))
    for path, reference in unresolved:
        scope.problem(
            f"the reference {shown(reference)} leads nowhere in the schema; nothing is fetched", ("schema", *path)
        )
    if unresolved:
        raise Incomplete
    keywords = {"pattern": _pattern, "patternProperties": _pattern_properties}
    timed: type[Validator] = extend(kind, keywords)  # type: ignore[no-untyped-call]  # the stubs leave it untyped
    return timed(schema, registry=REGISTRY)


def _unresolved(schema: dict[str, Any] | bool) -> Iterator[tuple[Path, str]]:
    """The references that lead nowhere. Those of a schema with schemas of their own `$id` inside are not looked at."""
    references = list(_references(schema, ()))
    if any(key == "$id" and len(path) > 1 for path, key, _ in references):
        return
    root = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = REGISTRY.resolver_with_root(root)
    for path, key, reference in references:
        try:
            if key != "$id":
                resolver.lookup(reference)
        except Unresolvable:
            yield path, reference


def _references(schema: Any, path: Path) -> Iterator[tuple[Path, str, str]]:
    if isinstance(schema, list):
        for place, item in enumerate(schema):
            yield from _references(item, (*path, place))
    if isinstance(schema, dict):
        for key, item in schema.items():
            if key in ("$ref", "$dynamicRef", "$id") and isinstance(item, str):
                yield (*path, key), key, item
            elif key not in _DATA:
                yield from _references(item, (*path, key))


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The keyword `pattern`, with a time-out: the text comes from a model."""
    if isinstance(instance, str) and not regex.search(pattern, instance, timeout=PATTERN_TIMEOUT_S):
        yield ValidationError(f"{shown(instance)} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The keyword `patternProperties`, with a time-out."""
    if not isinstance(instance, dict):
        return
    for pattern, inside in patterns.items():
        for key, value in instance.items():
            if regex.search(pattern, key, timeout=PATTERN_TIMEOUT_S):
                yield from validator.descend(value, inside, path=key, schema_path=pattern)


def _told(errors: list[ValidationError]) -> str:
    told = [
        f"{storable(error.json_path, limit=200)}: {storable(error.message, limit=300)}"
        for error in errors[:SHOWN_ERRORS]
    ]
    return "; ".join([*told, "and more"] if len(errors) > SHOWN_ERRORS else told)
