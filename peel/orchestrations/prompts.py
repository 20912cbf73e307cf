"""Prompts: from the messages a definition writes to the messages one call sends, and how the record shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path as FilePath
from typing import Any

from peel.compiling import CompileScope
from peel.errors import Incomplete, StepError
from peel.models.chat import Message
from peel.orchestrations.media import Kind, Part, find_file, media_part, text_part
from peel.plugins import nearest
from peel.records import Json, Path
from peel.templates import Render, as_text
from peel.threads import in_thread

ROLES = ("system", "developer", "user", "assistant")
"""Who a message may be from."""

_PARTS: dict[str, Kind] = {"image": "image", "image_url": "image", "audio": "audio", "input_audio": "audio"}
_SOURCE_KEY: dict[Kind, str] = {"image": "url", "audio": "data"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """The messages of one call: `messages` as sent, `stored` as the record shows them."""

    messages: tuple[Message, ...]
    stored: list[Json]


@dataclass(frozen=True, slots=True)
class _TextPart:
    text: Render

    async def render(self, names: Mapping[str, Any]) -> Part:
        return text_part(as_text(self.text(names)))


@dataclass(frozen=True, slots=True)
class _MediaPart:
    kind: Kind
    source: Render
    workspace: FilePath
    options: dict[str, Json] = field(default_factory=dict)

    async def render(self, names: Mapping[str, Any]) -> Part:
        source = self.source(names)
        if not isinstance(source, str) or not source:
            raise StepError(f"the {self.kind} of the prompt is {as_text(source)[:80]!r}, not a file or an address")
        return await in_thread(partial(media_part, self.kind, source, workspace=self.workspace, options=self.options))


class Prompt:
    """A compiled prompt: the role of each message with its text, or its parts."""

    def __init__(self, messages: Sequence[tuple[str, Render | list[_TextPart | _MediaPart]]]) -> None:
        self._messages = tuple(messages)

    async def render(self, names: Mapping[str, Any]) -> Rendered:
        """The messages with the names of one call. Raises StepError and peel.templates.TemplateError."""
        messages: list[Message] = []
        stored: list[Json] = []
        for role, content in self._messages:
            sent: str | tuple[dict[str, Json], ...]
            shown: Json
            if isinstance(content, list):
                parts = [await part.render(names) for part in content]
                sent, shown = tuple(part.sent for part in parts), [part.stored for part in parts]
            else:
                sent = shown = as_text(content(names))
            messages.append(Message(role=role, content=sent))
            stored.append({"role": role, "content": shown})
        return Rendered(tuple(messages), stored)


def compile_prompt(prompt: Json, scope: CompileScope) -> Prompt:
    """Compile what stands under `prompt`: a text (one user message) or a list of messages.

    Collects every problem found. Raises Incomplete where there is nothing to compile.
    """
    if isinstance(prompt, str):
        return Prompt([("user", scope.template(prompt, ("prompt",)))])
    if not isinstance(prompt, list) or not prompt:
        found = "empty or missing" if not prompt else _kind_of(prompt)
        scope.problem(
            f"the prompt is {found}; it must be a text or a list of messages such as {{user: ...}}", ("prompt",)
        )
        raise Incomplete
    return Prompt([message for place, item in enumerate(prompt) if (message := _message(item, place, scope))])


def _message(item: Json, place: int, scope: CompileScope) -> tuple[str, Render | list[_TextPart | _MediaPart]] | None:
    path: Path = ("prompt", place)
    written = _role_and_content(item, path, scope)
    if written is None:
        return None
    role, content, path = written
    if isinstance(content, str):
        return role, scope.template(content, path)
    if isinstance(content, list) and content:
        return role, [part for at, each in enumerate(content) if (part := _part(each, (*path, at), scope))]
    scope.problem(f"the content of a message is {_kind_of(content)}; it must be text or a list of parts", path)
    return None


def _role_and_content(item: Json, path: Path, scope: CompileScope) -> tuple[str, Json, Path] | None:
    """The two ways to write a message: {user: ...}, and {role: user, content: ...} as the protocol has it."""
    if not isinstance(item, dict):
        scope.problem(f"a message is {_kind_of(item)}; it must be a mapping such as {{user: ...}}", path)
        return None
    if "role" in item or "content" in item:
        role, content, at = item.get("role"), item.get("content"), (*path, "content")
        extra = sorted(item.keys() - {"role", "content"})
    else:
        role, *extra = item or ("nobody",)
        content, at = item.get(role), (*path, role)
    if extra:
        scope.problem(f"a message has {', '.join(map(repr, extra))} beside its role; write one message an item", path)
        return None
    if role not in ROLES:
        scope.problem(f"a message is from {role!r}; {nearest(str(role), ROLES)}", path)
        return None
    return str(role), content, at


def _part(item: Json, path: Path, scope: CompileScope) -> _TextPart | _MediaPart | None:
    if isinstance(item, str):
        return _TextPart(scope.template(item, path))
    keys = [key for key in item if key != "type"] if isinstance(item, dict) else []
    allowed = ("text", *_PARTS)
    if not isinstance(item, dict) or len(keys) != 1 or keys[0] not in allowed:
        hint = nearest(keys[0], allowed) if len(keys) == 1 else f"it must be a text or have one of {', '.join(allowed)}"
        scope.problem(f"a part of a message is {as_text(item)[:80]!r}; {hint}", path)
        return None
    key = keys[0]
    if key == "text":
        return _TextPart(scope.template(item[key], (*path, key)))
    return _media(_PARTS[key], item[key], (*path, key), scope)


def _media(kind: Kind, value: Json, path: Path, scope: CompileScope) -> _MediaPart | None:
    options: dict[str, Json] = {}
    if isinstance(value, dict):
        key = _SOURCE_KEY[kind]
        options = {name: option for name, option in value.items() if name != key}
        value, path = value.get(key), (*path, key)
    if not isinstance(value, str) or not value:
        scope.problem(f"the {kind} is {_kind_of(value)}; it must be a file of the workspace or an address", path)
        return None
    if not value.startswith(("http://", "https://", "data:")) and "{" not in value:
        _check_file(kind, value, path, scope)
    return _MediaPart(kind, scope.template(value, path), scope.workspace, options)


def _check_file(kind: Kind, source: str, path: Path, scope: CompileScope) -> None:
    try:
        find_file(kind, source, workspace=scope.workspace)
    except StepError as error:
        scope.problem(str(error), path)


def _kind_of(value: Json) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", type(None): "empty"}
    return names.get(type(value), f"the number {value}" if isinstance(value, int | float) else "something else")
