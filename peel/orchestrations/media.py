"""Images and audio as parts of a message: from a file of the workspace, an address or a data URI to what is sent.

A source may come from a template, and so from a model or a case: a file is read only where it lies in the workspace and
has the ending of an image or of audio.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from peel.errors import StepError
from peel.records import Json

Kind: TypeAlias = Literal["image", "audio"]

LARGEST_FILE = 20_000_000
"""The largest image or audio file that is sent, in bytes."""

ENDINGS: dict[Kind, tuple[str, ...]] = {
    "image": (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp"),
    "audio": (".flac", ".m4a", ".mp3", ".ogg", ".wav", ".webm"),
}

_DATA_URI = re.compile(r"data:(?P<type>(?P<kind>[a-z]+)/(?P<format>[a-z0-9.+-]+));base64,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message: `sent` to the model, `stored` in the record, where bytes are told by size and hash."""

    sent: dict[str, Json]
    stored: dict[str, Json]


def text_part(text: str) -> Part:
    """A part that is text."""
    part: dict[str, Json] = {"type": "text", "text": text}
    return Part(part, part)


def media_part(kind: Kind, source: str, *, workspace: Path, options: dict[str, Json]) -> Part:
    """The part that `source` stands for: a path relative to the workspace, a data URI, or an http(s) address (images).

    `options` are keys the protocol puts beside the source, such as an image's `detail`. Reads the file, so call it in a
    thread. Raises StepError where the source is none of these, is missing, of another kind or too large.
    """
    if source.startswith(("http://", "https://")):
        return _address(kind, source, options)
    if source.startswith("data:"):
        return _data_uri(kind, source, options)
    file = find_file(kind, source, workspace=workspace)
    content = file.read_bytes()
    media_type = mimetypes.guess_type(file.name)[0] or f"{kind}/{file.suffix[1:]}"
    return _inline(kind, content, media_type=media_type, told=source, options=options)


def find_file(kind: Kind, source: str, *, workspace: Path) -> Path:
    """The file a source names.

    Raises StepError where it is outside the workspace, missing, of another kind or too large.
    """
    try:
        file = (workspace / source).resolve()
        if not file.is_relative_to(workspace.resolve()):
            raise StepError(f"the {kind} {_short(source)} lies outside the workspace; only files inside it are sent")
        if file.suffix.lower() not in ENDINGS[kind]:
            raise StepError(f"the {kind} {_short(source)} does not end in one of {', '.join(ENDINGS[kind])}")
        size = file.stat().st_size if file.is_file() else None
    except (OSError, ValueError) as error:
        raise StepError(f"the {kind} {_short(source)} cannot be read: {error}") from error
    if size is None:
        raise StepError(f"there is no {kind} file {_short(source)} in the workspace")
    if size > LARGEST_FILE:
        raise StepError(f"the {kind} {_short(source)} has {size} bytes, more than the {LARGEST_FILE} allowed")
    return file


def _address(kind: Kind, source: str, options: dict[str, Json]) -> Part:
    if kind == "audio":
        raise StepError(f"audio cannot be sent by its address ({_short(source)}); name a file of the workspace")
    part: dict[str, Json] = {"type": "image_url", "image_url": {"url": source, **options}}
    return Part(part, part)


def _data_uri(kind: Kind, source: str, options: dict[str, Json]) -> Part:
    match = _DATA_URI.match(source)
    if match is None or match["kind"].lower() != kind:
        raise StepError(f"the {kind} {_short(source)} does not begin with data:{kind}/...;base64,")
    try:
        content = base64.b64decode(source[match.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise StepError(f"the {kind} {_short(source)} is not valid base64: {error}") from error
    if len(content) > LARGEST_FILE:
        raise StepError(f"the {kind} {_short(source)} has {len(content)} bytes, more than the {LARGEST_FILE} allowed")
    return _inline(kind, content, media_type=match["type"].lower(), told=match[0].lower(), options=options)


def _inline(kind: Kind, content: bytes, *, media_type: str, told: str, options: dict[str, Json]) -> Part:
    encoded = base64.b64encode(content).decode("ascii")
    fingerprint: dict[str, Json] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    if kind == "image":
        return Part(
            {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{encoded}", **options}},
            {"type": "image_url", "image_url": {"url": told, **options, **fingerprint}},
        )
    audio_format = {"x-wav": "wav", "mpeg": "mp3", "mp4": "m4a"}.get(subtype := media_type.partition("/")[2], subtype)
    return Part(
        {"type": "input_audio", "input_audio": {"data": encoded, "format": audio_format, **options}},
        {"type": "input_audio", "input_audio": {"data": told, "format": audio_format, **options, **fingerprint}},
    )


def _short(source: str) -> str:
    return repr(source if len(source) <= 80 else f"{source[:77]}...")
