"""The evaluator `json_schema`: the output follows a JSON Schema, as a JSON value or as text that holds one."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Iterator
from contextvars import ContextVar
from functools import partial
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
from peel.threads import in_thread

SHOWN_ERRORS = 3
"""How many errors a reason names."""

MOST_NAMES = 10
"""How many unexpected keys one error names."""

LARGEST_TEXT = 200_000
"""The longest output, in characters, that is parsed."""

FIRST_LOOK_S = 0.02
"""How long the patterns of a schema may search one output, in seconds, before that goes on in a thread."""

TIMEOUT_S = 1.0
"""How long they may search it in all, in seconds, before they are cut off."""

_FENCED = re.compile(r"\s*```(?:json)?[ \t]*\n(?P<body>.*)\n```\s*", re.DOTALL | re.IGNORECASE)
_DATA = frozenset({"const", "enum", "default", "examples"})
"""Keywords under which a `$ref` is data and no reference."""
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
"""Keywords under which schemas stand by names, which are no keywords."""
_UNTIMED = frozenset({"patternProperties", "unevaluatedProperties"})
"""Keywords that together search for patterns where no time-out can reach."""

_SEARCHED_UNTIL: ContextVar[float] = ContextVar("searched_until")
"""When the patterns of the schema are cut off that is held against an output here."""


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

    def evaluate(self, context: EvaluationContext) -> Verdict | Awaitable[Verdict]:
        value = context.output
        if isinstance(value, str):
            try:
                value = self._parsed(value)
            except orjson.JSONDecodeError as error:
                return Verdict(value=0.0, reason=f"the output is no JSON: {error}, in {shown(context.output)}")
        try:
            return self._verdict(value, timeout=FIRST_LOOK_S)
        except TimeoutError:
            return self._patiently(value)

    async def _patiently(self, value: Json) -> Verdict:
        try:
            return await in_thread(partial(self._verdict, value, timeout=TIMEOUT_S))
        except TimeoutError as error:
            raise Unscored(f"the search for {error} was cut off after {TIMEOUT_S:g} s") from None

    def _verdict(self, value: Json, *, timeout: float) -> Verdict:
        """Raises TimeoutError with the pattern that runs away."""
        _SEARCHED_UNTIL.set(time.monotonic() + timeout)
        errors = list(islice(self._validator.iter_errors(value), SHOWN_ERRORS + 1))
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
    untimed = kind.VALIDATORS.keys() >= _UNTIMED and _UNTIMED.issubset(_keywords(schema))
    if untimed:
        scope.problem(
            "the schema has both 'patternProperties' and 'unevaluatedProperties', whose search cannot be bounded in "
            "time; use 'additionalProperties' instead of the latter",
            ("schema",),
        )
    if unresolved or untimed:
        raise Incomplete
    keywords = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
    }
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


def _keywords(schema: Any) -> Iterator[str]:
    """Every keyword of a schema and of those inside it."""
    if isinstance(schema, list):
        for item in schema:
            yield from _keywords(item)
    if isinstance(schema, dict):
        for key, item in schema.items():
            yield key
            if key in _NAMED and isinstance(item, dict):
                yield from _keywords([*item.values()])
            elif key not in _DATA:
                yield from _keywords(item)


def _found(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text, which comes from a model. Raises TimeoutError where it runs away."""
    left = _SEARCHED_UNTIL.get() - time.monotonic()
    try:
        if left <= 0:
            raise TimeoutError
        return regex.search(pattern, text, timeout=left, concurrent=True) is not None
    except TimeoutError:
        raise TimeoutError(shown(pattern)) from None


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The keyword `pattern`."""
    if isinstance(instance, str) and not _found(pattern, instance):
        yield ValidationError(f"{shown(instance)} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The keyword `patternProperties`."""
    if not isinstance(instance, dict):
        return
    for pattern, inside in patterns.items():
        for key, value in instance.items():
            if _found(pattern, key):
                yield from validator.descend(value, inside, path=key, schema_path=pattern)


def _additional_properties(validator: Any, others: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The keyword `additionalProperties`: what neither `properties` nor `patternProperties` speaks of."""
    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    left = [key for key in instance if key not in named and not any(_found(pattern, key) for pattern in patterns)]
    if others is False and left:
        yield ValidationError(f"unexpected {', '.join(map(shown, left[:MOST_NAMES]))}")
    elif isinstance(others, dict):
        for key in left:
            yield from validator.descend(instance[key], others, path=key)


def _told(errors: list[ValidationError]) -> str:
    told = [
        f"{storable(error.json_path, limit=200)}: {storable(error.message, limit=300)}"
        for error in errors[:SHOWN_ERRORS]
    ]
    return "; ".join([*told, "and more"] if len(errors) > SHOWN_ERRORS else told)
