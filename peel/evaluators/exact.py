"""The evaluator `exact`: the output equals what is expected, as text or as a JSON value."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from typing import Literal, Self

import orjson
import regex
from pydantic import BaseModel, ConfigDict, Field

from peel.compiling import CompileScope
from peel.evaluators.evaluator import EvaluationContext
from peel.evaluators.expectations import check_cases
from peel.evaluators.wording import shown, shown_apart
from peel.records import EvaluatorDefinition, Json, Verdict
from peel.templates import Render

PUNCTUATION = regex.compile(r"\p{P}+")


class ExactSettings(BaseModel):
    """What is expected, and which differences do not count. As written, every difference between texts counts."""

    model_config = ConfigDict(extra="forbid")

    expected: Json = Field(
        default="{{ expected.answer }}", description="the expected output: a template, or any JSON value"
    )
    ignore_case: bool = Field(default=False, description="whether upper and lower case are the same")
    ignore_space: bool = Field(
        default=False, description="whether any run of white space is one space, and none counts at the ends"
    )
    ignore_punctuation: bool = Field(default=False, description="whether punctuation is left out")
    unicode: Literal["NFC", "NFD", "NFKC", "NFKD"] | None = Field(
        default=None, description="the Unicode normalisation form in which texts are compared"
    )
    tolerance: float = Field(
        default=0, ge=0, allow_inf_nan=False, description="how far numbers may differ; texts that are numbers too"
    )


class ExactEvaluator:
    """1 where the output equals what is expected, else 0, with a reason that shows both.

    JSON values are equal as JSON has it: objects without regard to order, 1 and 1.0 alike, true never 1. Where one of
    the two is text and the other is not, the text is read as JSON.
    """

    Settings = ExactSettings
    quick = True

    def __init__(self, settings: ExactSettings, expected: Render) -> None:
        self._expected = expected
        self._normal = _normalisation(settings)
        self._tolerance = settings.tolerance

    @classmethod
    def compile(cls, definition: EvaluatorDefinition, scope: CompileScope) -> Self:
        settings = scope.settings(ExactSettings, definition.settings, ())
        expected = scope.template(settings.expected, ("expected",))
        check_cases(settings.expected, scope, ("expected",), check=lambda value: None)
        return cls(settings, expected)

    def evaluate(self, context: EvaluationContext) -> Verdict:
        expected, output = self._expected(context.names), context.output
        if self._same(*_alike(expected, output)):
            return Verdict(value=1.0, reason=f"as expected: {shown(output)}")
        return Verdict(value=0.0, reason=_difference(expected, output))

    def _same(self, expected: Json, found: Json) -> bool:
        if isinstance(expected, str) and isinstance(found, str):
            return self._same_text(expected, found)
        if isinstance(expected, bool) or isinstance(found, bool):
            return expected is found
        if isinstance(expected, int | float) and isinstance(found, int | float):
            return self._near(expected, found)
        if isinstance(expected, dict) and isinstance(found, dict):
            return expected.keys() == found.keys() and all(self._same(expected[key], found[key]) for key in expected)
        if isinstance(expected, list) and isinstance(found, list):
            return len(expected) == len(found) and all(map(self._same, expected, found))
        return expected is None and found is None

    def _same_text(self, expected: str, found: str) -> bool:
        expected, found = self._normal(expected), self._normal(found)
        if expected == found or not self._tolerance:
            return expected == found
        try:
            return self._near(float(expected), float(found))
        except ValueError:
            return False

    def _near(self, expected: float, found: float) -> bool:
        return expected == found or math.isclose(expected, found, rel_tol=0, abs_tol=self._tolerance)


def _alike(expected: Json, output: Json) -> tuple[Json, Json]:
    """Both as they are compared: text against anything else is read as JSON, where it is JSON."""
    if isinstance(expected, str) == isinstance(output, str):
        return expected, output
    try:
        return _parsed(expected), _parsed(output)
    except orjson.JSONDecodeError:
        return expected, output


def _parsed(value: Json) -> Json:
    parsed: Json = orjson.loads(value.encode("utf-8", "replace")) if isinstance(value, str) else value
    return parsed


def _normalisation(settings: ExactSettings) -> Callable[[str], str]:
    """One function that does all normalisations asked for, in an order in which none undoes another."""
    steps: list[Callable[[str], str]] = []
    if form := settings.unicode:
        steps.append(lambda text: unicodedata.normalize(form, text))
    if settings.ignore_case:
        steps.append(str.casefold)
    if settings.ignore_punctuation:
        steps.append(lambda text: PUNCTUATION.sub("", text))
    if settings.ignore_space:
        steps.append(lambda text: " ".join(text.split()))

    def normal(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return normal


def _difference(expected: Json, output: Json) -> str:
    if isinstance(expected, str) and isinstance(output, str):
        wanted, found = shown_apart(expected, output)
    else:
        wanted, found = shown(expected), shown(output)
    return f"expected {wanted}, found {found}"
