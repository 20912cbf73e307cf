"""Message parts made of files."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from peel.errors import PeelError
from peel.models.parts import LARGEST_FILE, part_from_file


@pytest.mark.parametrize(("name", "kind"), [("a.PNG", "png"), ("a.jpg", "jpeg"), ("a.webp", "webp")])
def test_an_image_becomes_a_data_url(tmp_path: Path, name: str, kind: str) -> None:
    """With its kind, so that the server need not guess."""
    (tmp_path / name).write_bytes(b"picture")
    url = f"data:image/{kind};base64,{base64.b64encode(b'picture').decode()}"
    assert part_from_file(tmp_path / name) == {"type": "image_url", "image_url": {"url": url}}


def test_a_recording_becomes_input_audio(tmp_path: Path) -> None:
    """In the form the protocol has for it."""
    (tmp_path / "a.wav").write_bytes(b"sound")
    data = base64.b64encode(b"sound").decode()
    assert part_from_file(tmp_path / "a.wav") == {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}


@pytest.mark.parametrize("name", ["a.svg", "a.pdf", "a", "a.png.exe"])
def test_another_kind_of_file_is_an_error_that_says_which_are_taken(tmp_path: Path, name: str) -> None:
    """Nothing is sent that no server reads."""
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(PeelError, match="these are png, jpeg"):
        part_from_file(tmp_path / name)


def test_a_missing_an_empty_and_a_too_large_file_are_errors(tmp_path: Path) -> None:
    """Each names the file."""
    (tmp_path / "empty.png").touch()
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    for name, sentence in (("gone", "cannot be read"), ("empty", "is empty"), ("large", "more than 20 MiB")):
        with pytest.raises(PeelError, match=rf"{name}\.png: the file .*{sentence.split()[-1]}"):
            part_from_file(tmp_path / f"{name}.png")
