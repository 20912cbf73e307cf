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
from pydantic import BaseModel, ConfigDict, Field
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from peel.compiling import CompileScope
from peel.errors import Incomplete, Unscored
from peel.evaluators.evaluator import EvaluationContext
from peel.evaluators.wording import shown, storable
from peel.records import EvaluatorDefinition, Json, Verdict

SHOWN_ERRORS = 3
"""How many errors a reason names."""

LARGEST_TEXT = 200_000
"""The longest output, in characters, that is parsed."""

PATTERN_TIMEOUT_S = 0.1
"""How long one pattern of a schema may search one text, in seconds."""

_FENCED = re.compile(r"\A\s*```(?:json)?[ \t]*\n(?P<body>.*)\n```\s*\Z", re.DOTALL | re.IGNORECASE)


class JsonSchemaSettings(BaseModel):
    """The schema, written in place, and whether the output may stand in a code fence."""

    model_config = ConfigDict(extra="forbid", protect_inherited=())  # type: ignore[typeddict-unknown-key]

    json_schema: dict[str, Any] | bool = Field(alias="schema", description="the JSON Schema, written in place")
    fenced: bool = Field(default=False, description="whether text may stand between ```json and ```")
