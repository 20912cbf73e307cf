"""Settings held against the model of their kind: one flat sentence a key, at its path."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from peel.runs.settings import validated


class Chunking(BaseModel):
    """A nested part."""

    model_config = ConfigDict(extra="forbid")
    size: int = Field(default=120, ge=1)
    overlap: int = 20


class Pattern(BaseModel):
    """An entry of a list."""

    model_config = ConfigDict(extra="forbid")
    pattern: str
    flags: str = ""

    @field_validator("flags")
    @classmethod
    def _known(cls, value: str) -> str:
        if set(value) - set("im"):
            raise ValueError("the flags are i and m")
        return value


class Example(BaseModel):
    """Settings of a kind."""

    model_config = ConfigDict(extra="forbid")
    top_k: int = Field(ge=1)
    metric: Literal["cosine", "dot"] = "cosine"
    chunking: Chunking | None = None
    patterns: str | list[str | Pattern] = ()  # type: ignore[assignment]  # a test model
    share: float = Field(default=1, gt=0, le=1)
    overlap: float = Field(default=0.5, ge=0, le=1)
    strict: bool = False
    headers: dict[str, str] = {}
    ask: str | None = Field(default=None, min_length=1)


def told(**values: Any) -> dict[tuple[str | int, ...], str]:
    """What is wrong with the values, by path."""
    settings, problems = validated(Example, values)
    assert settings is None
    return dict(problems)


def test_right_settings_come_back_with_their_defaults() -> None:
    """And without a word."""
    settings, problems = validated(Example, {"top_k": 4, "chunking": {"size": 5}})
    assert problems == []
    assert settings == Example(top_k=4, chunking=Chunking(size=5, overlap=20))


def test_an_unknown_key_is_told_with_the_nearest_that_exists() -> None:
    """A typing error is mended at a glance."""
    problems = told(top_k=1, metrc="dot")
    assert list(problems) == [("metrc",)]
    assert problems["metrc",].startswith("unknown key 'metrc'; did you mean 'metric'? Allowed: ask, chunking, ")


def test_an_unknown_key_of_a_nested_part_is_told_with_that_parts_keys() -> None:
    """At its path, and not with the keys of the whole."""
    assert told(top_k=1, chunking={"sise": 1}) == {
        ("chunking", "sise"): "unknown key 'sise'; did you mean 'size'? Allowed: overlap, size"
    }


def test_a_missing_key_is_named() -> None:
    """As a sentence."""
    assert told(metric="dot") == {("top_k",): "the key 'top_k' is missing"}


@pytest.mark.parametrize(
    ("values", "path", "message"),
    [
        ({"top_k": "many"}, ("top_k",), "'top_k' must be a whole number of 1 or more, not the text 'many'"),
        ({"top_k": 0}, ("top_k",), "'top_k' must be a whole number of 1 or more, not the number 0"),
        ({"top_k": 1, "metric": "l2"}, ("metric",), "'metric' must be 'cosine' or 'dot', not the text 'l2'"),
        (
            {"top_k": 1, "chunking": {"size": 0}},
            ("chunking", "size"),
            "'chunking.size' must be a whole number of 1 or more, not the number 0",
        ),
        (
            {"top_k": 1, "chunking": 3},
            ("chunking",),
            "'chunking' must be a mapping with the keys 'size' and 'overlap', not the number 3",
        ),
        ({"top_k": 1, "patterns": 3}, ("patterns",), "'patterns' must be text or a list, not the number 3"),
        ({"top_k": 1, "share": 0}, ("share",), "'share' must be a number greater than 0 and of 1 or less, not the nu"),
        ({"top_k": 1, "overlap": "x"}, ("overlap",), "'overlap' must be a number from 0 to 1, not the text 'x'"),
        ({"top_k": 1, "strict": "x"}, ("strict",), "'strict' must be true or false, not the text 'x'"),
        ({"top_k": 1, "headers": []}, ("headers",), "'headers' must be a mapping, not an empty list"),
        ({"top_k": 1, "headers": {"a": 1}}, ("headers", "a"), "'headers.a' must be text, not the number 1"),
        ({"top_k": 1, "ask": ""}, ("ask",), "'ask' must be text that is not empty, not the text ''"),
        ({"top_k": None}, ("top_k",), "'top_k' must be a whole number of 1 or more, not an empty value"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_found(values: Any, path: tuple[str, ...], message: str) -> None:
    """What is allowed first, then what stands there."""
    problems = told(**values)
    assert list(problems) == [path]
    assert re.match(message, problems[path])


def test_a_wrong_entry_of_a_list_is_told_once_at_its_place() -> None:
    """However many kinds of value would have been allowed there."""
    problems = told(top_k=1, patterns=["fine", {"pattern": "x", "flags": "z"}])
    assert set(problems) <= {("patterns",), ("patterns", 1), ("patterns", 1, "flags")}
    assert ("patterns", 1, "flags") in problems
    assert "the flags are i and m" in problems["patterns", 1, "flags"]


def test_all_wrong_keys_are_told_together() -> None:
    """Not one at a time."""
    assert len(told(top_k=0, metric="l2", extra=1)) == 3
