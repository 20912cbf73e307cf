"""A workspace with a real store in SQLite, and a look at all that it holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from peel.feedback.intake import Feedback
from peel.records.feedback import FeedbackDefinition
from peel.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = Store("sqlite:///.peel/peel.db", root=tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def opened(store: Store) -> Callable[..., Feedback]:
    """Opens the store's feedback with the section `feedback` of a peel.yaml."""

    def opening(**definition: object) -> Feedback:
        return Feedback(store.feedback(), FeedbackDefinition.model_validate(definition), environ=os.environ)

    return opening


@pytest.fixture
def stored_bytes(store: Store, tmp_path: Path) -> Callable[[], bytes]:
    """Everything that the files of the store hold."""

    def reading() -> bytes:
        store.close()
        return b"".join(file.read_bytes() for file in sorted((tmp_path / ".peel").iterdir()))

    return reading
