"""Templates: Jinja2, sandboxed and strict, compiled once and rendered many times.

Values are data: a model's output that looks like a template is printed as it is. A string that is one expression
and nothing else (`"{{ expected.terms }}"`) keeps the type of its value; every other string renders to text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from peel.records import Json, Path

Render: TypeAlias = Callable[[Mapping[str, Any]], Json]
"""Renders one value with the names of one execution."""

Names: TypeAlias = Mapping[str, frozenset[str] | None]
"""The names a template may use. A name maps to the keys its value may have, or to None where those are unknown."""

_ONE_EXPRESSION = re.compile(r"\A\s*\{\{(?P<expression>(?:(?!\{\{|\}\}).)*)\}\}\s*\Z", re.DOTALL)
_PATH = re.compile(r"(?!(?:[Tt]rue|[Ff]alse|[Nn]one)\b)[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
LARGEST_TEXT = 4_000_000
"""The longest text, in characters, that a template may render to."""


class TemplateError(ValueError):
    """A template that cannot be compiled or rendered; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name a template uses that does not exist: `name` in full (`expected.term`), `root` its first part."""

    name: str
    root: str
    allowed: tuple[str, ...]


def passages_as_text(passages: Sequence[Mapping[str, Any]]) -> str:
    """Passages as a prompt shows them: numbered, each under its source."""
    return "\n\n".join(
        f"[{position}] {_source(passage)}\n{passage['text']}" for position, passage in enumerate(passages, 1)
    )


def _source(passage: Mapping[str, Any]) -> str:
    page = f"p. {passage['page']}" if passage.get("page") else None
    return ", ".join(str(part) for part in (passage.get("document"), passage.get("section"), page) if part)


def as_text(value: Any) -> str:
    """A value as a template prints it: text as it is, passages numbered, None as nothing, all else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if (
        isinstance(value, list | tuple)
        and value
        and all(isinstance(v, Mapping) and "text" in v and "document" in v for v in value)
    ):
        return passages_as_text(value)
    return json.dumps(value, ensure_ascii=False, default=str)


class Templates:
    """Compiles templates in one sandbox. Jinja2 is imported when the first template with a `{{` or `{%` appears."""

    @cached_property
    def _environment(self) -> Any:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, autoescape=False, finalize=as_text, keep_trailing_newline=True
        )
        environment.globals.clear()
        return environment

    def compile(self, value: Json, names: Names) -> tuple[Render, list[tuple[Path, str | Unknown]]]:
        """Compile every string inside `value`.

        Returns the function that renders it and what is wrong: pairs of the path inside `value` and either a
        sentence (a syntax error) or the unknown name.
        """
        problems: list[tuple[Path, str | Unknown]] = []
        render = self._compile(value, names, (), problems)
        return render, problems

    def _compile(self, value: Json, names: Names, path: Path, problems: list[tuple[Path, str | Unknown]]) -> Render:
        if isinstance(value, str):
            return self._compile_text(value, names, path, problems)
        if isinstance(value, dict):
            items = {key: self._compile(item, names, (*path, key), problems) for key, item in value.items()}
            return lambda given: {key: render(given) for key, render in items.items()}
        if isinstance(value, list):
            parts = [self._compile(item, names, (*path, place), problems) for place, item in enumerate(value)]
            return lambda given: [render(given) for render in parts]
        return lambda given: value

    def _compile_text(self, text: str, names: Names, path: Path, problems: list[tuple[Path, str | Unknown]]) -> Render:
        if "{{" not in text and "{%" not in text and "{#" not in text:
            return lambda given: text
        from jinja2 import TemplateSyntaxError

        try:
            tree = self._environment.parse(text)
            problems.extend((path, unknown) for unknown in _unknown_names(tree, names))
            return self._renderer(text)
        except TemplateSyntaxError as error:
            problems.append((path, f"the template cannot be read: {error.message} (line {error.lineno} of it)"))
            return lambda given: None

    def _renderer(self, text: str) -> Render:
        one = _ONE_EXPRESSION.match(text)
        if one:
            expression = one["expression"].strip()
            evaluate = self._environment.compile_expression(expression, undefined_to_none=False)

            def evaluated(given: Mapping[str, Any]) -> Json:
                return _value(_guarded(lambda: evaluate(given), text), text)

            return _look_up(expression.split("."), evaluated) if _PATH.fullmatch(expression) else evaluated
        template = self._environment.from_string(text)
        return lambda given: _bounded(_guarded(lambda: template.render(given), text), text)


def _guarded(render: Callable[[], Any], text: str) -> Any:
    """Run a rendering; whatever goes wrong in it becomes one TemplateError."""
    try:
        return render()
    except Exception as error:
        raise TemplateError(f"the template {_short(text)} cannot be rendered: {error}") from error


def _look_up(keys: Sequence[str], otherwise: Render) -> Render:
    """Renders names and keys of mappings without Jinja2, which takes ten times as long; all else is left to it."""

    def render(given: Mapping[str, Any]) -> Json:
        value: Any = given
        for key in keys:
            if not isinstance(value, Mapping) or key not in value:
                return otherwise(given)
            value = value[key]
        return list(value) if isinstance(value, tuple) else value

    return render


def _value(value: Any, text: str) -> Json:
    from jinja2 import Undefined

    if isinstance(value, Undefined):
        try:
            str(value)
        except Exception as error:
            raise TemplateError(f"the template {_short(text)} cannot be rendered: {error}") from error
    return list(value) if isinstance(value, tuple) else value


def _bounded(text: str, template: str) -> str:
    if len(text) > LARGEST_TEXT:
        raise TemplateError(
            f"the template {_short(template)} renders to {len(text)} characters, more than {LARGEST_TEXT}"
        )
    return text


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _unknown_names(tree: Any, names: Names) -> Iterator[Unknown]:
    """The names a parsed template uses that do not exist, and the keys of known mappings that do not."""
    from jinja2 import meta, nodes

    # Jinja lends every template a `self`, its own blocks; a template of PEEL has none.
    undeclared = meta.find_undeclared_variables(tree) | {n.name for n in tree.find_all(nodes.Name) if n.name == "self"}
    for name in sorted(undeclared - set(names)):
        yield Unknown(name=name, root=name, allowed=tuple(sorted(names)))
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if not isinstance(node.node, nodes.Name) or not isinstance(key, str) or node.node.name not in undeclared:
            continue
        keys = names.get(node.node.name)
        if keys is not None and key not in keys:
            yield Unknown(name=f"{node.node.name}.{key}", root=node.node.name, allowed=tuple(sorted(keys)))
