"""What all records share: frozen, strict about unknown fields, plain JSON inside."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue

Json: TypeAlias = JsonValue
"""Anything JSON can hold."""

Path: TypeAlias = tuple[str | int, ...]
"""Where something stands inside a definitions file: keys and list positions from the top."""


class Record(BaseModel):
    """A frozen value without behaviour of its own; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
