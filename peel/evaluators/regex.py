"""The evaluator `regex`: patterns that must all, of which one must, or none of which may be found in the output."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import lru_cache, partial
from typing import Literal, Self, TypeAlias

import regex
from pydantic import BaseModel, ConfigDict, Field

from peel.compiling import CompileScope
from peel.errors import Unscored
from peel.evaluators.evaluator import EvaluationContext
from peel.evaluators.expectations import check_cases
from peel.evaluators.wording import counted, shown
from peel.records import EvaluatorDefinition, Json, Path, Verdict
from peel.templates import Render, as_text
from peel.threads import in_thread

Key: TypeAlias = Literal["all", "any", "none"]
Patterns: TypeAlias = dict[Key, list[str]]

KEYS: tuple[Key, ...] = ("all", "any", "none")

FIRST_LOOK_S = 0.02
"""How long one pattern may search, in seconds, before it goes on in a thread."""

TIMEOUT_S = 1.0
"""How long one pattern may search in all, in seconds, before it is cut off."""

LARGEST_TEXT = 1_000_000
"""The longest output, in characters, that is searched."""

LONGEST_PATTERN = 10_000
"""The longest pattern, in characters."""

SPECIAL = frozenset(r"\.^$*+?{}[]|()")
"""The characters that mean something in a pattern."""

KEPT_PATTERNS = 4_096
"""How many compiled patterns one evaluator keeps."""


class RegexSettings(BaseModel):
    """A pattern, a list of patterns, or a template that gives either, under at least one of the three keys.

    Patterns are those of the PyPI package `regex`, found anywhere in the output unless anchored.
    """

    model_config = ConfigDict(extra="forbid")

    all: Json = Field(default=None, description="every one of these patterns must be found")
    any: Json = Field(default=None, description="at least one of these patterns must be found")
    none: Json = Field(default=None, description="none of these patterns may be found")
    ignore_case: bool = Field(default=False, description="whether upper and lower case are the same")


class RegexEvaluator:
    """1 where all that is asked for holds, else 0, with the patterns that were missing or forbidden.

    A case whose lists are all empty asks for nothing: it gets no score. A pattern that runs away is cut off, and the
    execution is unscored.
    """

    Settings = RegexSettings
    quick = True

    def __init__(self, templates: dict[Key, Render], *, ignore_case: bool) -> None:
        self._templates = templates
        self._compiled = lru_cache(maxsize=KEPT_PATTERNS)(partial(_compile, ignore_case=ignore_case))

    @classmethod
    def compile(cls, definition: EvaluatorDefinition, scope: CompileScope) -> Self:
        settings = scope.settings(RegexSettings, definition.settings, ())
        given = {key: getattr(settings, key) for key in KEYS if getattr(settings, key) is not None}
        if not given:
            scope.problem("regex needs patterns under at least one of all, any, none", ())
        evaluator = cls(
            {key: scope.template(value, (key,)) for key, value in given.items()}, ignore_case=settings.ignore_case
        )
        for key, value in given.items():
            evaluator._check(value, scope, (key,))
        return evaluator

    def _check(self, value: Json, scope: CompileScope, path: Path) -> None:
        if isinstance(value, list):
            for place, item in enumerate(value):
                self._check(item, scope, (*path, place))
        elif isinstance(value, str) and ("{{" in value or "{%" in value):
            check_cases(value, scope, path, check=self._objection)
        elif objection := self._objection(value):
            scope.problem(objection, path)

    def _objection(self, value: Json) -> str | None:
        try:
            for pattern in _patterns(value):
                self._compiled(pattern)
        except Unscored as error:
            return str(error)
        return None

    def evaluate(self, context: EvaluationContext) -> Verdict | Awaitable[Verdict] | None:
        names = context.names
        wanted: Patterns = {key: _patterns(render(names)) for key, render in self._templates.items()}
        if not any(wanted.values()):
            return None
        text = as_text(context.output)
        if len(text) > LARGEST_TEXT:
            raise Unscored(f"the output has {len(text)} characters, more than the {LARGEST_TEXT} that are searched")
        try:
            return self._verdict(wanted, text, timeout=FIRST_LOOK_S)
        except TimeoutError:
            return self._patiently(wanted, text)

    async def _patiently(self, wanted: Patterns, text: str) -> Verdict:
        try:
            return await in_thread(partial(self._verdict, wanted, text, timeout=TIMEOUT_S))
        except TimeoutError as error:
            raise Unscored(f"the search for {error} was cut off after {TIMEOUT_S:g} s") from None

    def _verdict(self, wanted: Patterns, text: str, *, timeout: float) -> Verdict:
        missing = self._missing(wanted.get("all", []), text, timeout)
        forbidden = self._found(wanted.get("none", []), text, timeout)
        choice = wanted.get("any", [])
        unmet = choice if len(self._missing(choice, text, timeout)) == len(choice) else []
        if missing or forbidden or unmet:
            return _failed(missing=missing, none_of=unmet, forbidden=forbidden)
        return Verdict(value=1.0, reason=_praise(wanted))

    def _missing(self, patterns: list[str], text: str, timeout: float) -> list[str]:
        return [pattern for pattern in patterns if not self._search(pattern, text, timeout)]

    def _found(self, patterns: list[str], text: str, timeout: float) -> list[str]:
        return [pattern for pattern in patterns if self._search(pattern, text, timeout)]

    def _search(self, pattern: str, text: str, timeout: float) -> bool:
        compiled = self._compiled(pattern)
        if compiled is None:
            return pattern in text
        try:
            return compiled.search(text, timeout=timeout, concurrent=True) is not None
        except TimeoutError:
            raise TimeoutError(shown(pattern)) from None


def _patterns(value: Json) -> list[str]:
    """The patterns a setting gives. Raises Unscored where they are nothing that can be searched for."""
    items = value if isinstance(value, list) else [] if value is None or value == "" else [value]
    return [item if type(item) is str else _as_pattern(item) for item in items]


def _as_pattern(item: Json) -> str:
    if isinstance(item, int | float) and not isinstance(item, bool):
        return str(regex.escape(as_text(item)))
    raise Unscored(f"{shown(item)} is no pattern; allowed is a text, a number or a list of these")


def _compile(pattern: str, *, ignore_case: bool) -> regex.Pattern[str] | None:
    """The compiled pattern; None where it is plain text, which needs no search engine. Raises Unscored."""
    if len(pattern) > LONGEST_PATTERN:
        raise Unscored(f"the pattern {shown(pattern)} has {len(pattern)} characters, more than {LONGEST_PATTERN}")
    if not ignore_case and SPECIAL.isdisjoint(pattern):
        return None
    try:
        return regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise Unscored(f"the pattern {shown(pattern)} is no regular expression: {error}") from error


def _failed(**wrong: list[str]) -> Verdict:
    named = {words: patterns for words, patterns in wrong.items() if patterns}
    reason = "; ".join(f"{words.replace('_', ' ')} {', '.join(map(shown, named[words][:10]))}" for words in named)
    return Verdict(value=0.0, reason=reason, details={words: [*patterns] for words, patterns in named.items()})


def _praise(wanted: Patterns) -> str:
    parts = [
        f"all of {counted(len(wanted['all']), 'pattern')} found" if wanted.get("all") else "",
        f"one of {counted(len(wanted['any']), 'pattern')} found" if wanted.get("any") else "",
        "nothing forbidden" if wanted.get("none") else "",
    ]
    return "; ".join(part for part in parts if part)
