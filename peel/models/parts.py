"""Message parts from files: an image or a recording, as the chat protocol carries them."""

from __future__ import annotations

import base64
from pathlib import Path

from peel.errors import PeelError
from peel.records import Json

__all__ = ["LARGEST_FILE", "part_from_file"]

LARGEST_FILE = 20 * 1024 * 1024
"""The most bytes of a file that is sent as a part."""

_AUDIO = {".wav": "wav", ".mp3": "mp3"}
_IMAGES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp"}


def part_from_file(path: Path) -> dict[str, Json]:
    """The part of a message that holds a file: `image_url` with a data URL, or `input_audio`.

    Raises PeelError where the file cannot be read, is empty, larger than LARGEST_FILE, or of a kind that no part takes.
    """
    audio = _AUDIO.get(path.suffix.lower())
    image = _IMAGES.get(path.suffix.lower())
    if audio is None and image is None:
        raise PeelError(f"{path}: no image or recording that a message takes; these are png, jpeg, gif, webp, wav, mp3")
    data = base64.b64encode(_read(path)).decode("ascii")
    if audio is not None:
        return {"type": "input_audio", "input_audio": {"data": data, "format": audio}}
    return {"type": "image_url", "image_url": {"url": f"data:image/{image};base64,{data}"}}


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise PeelError(f"{path}: the file cannot be read: {error.strerror or error}") from error
    if not data:
        raise PeelError(f"{path}: the file is empty")
    if len(data) > LARGEST_FILE:
        raise PeelError(f"{path}: the file has more than {LARGEST_FILE // 1_048_576} MiB; send a smaller one")
    return data
