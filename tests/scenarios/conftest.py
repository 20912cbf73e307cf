"""A workspace folder that is the current directory, with one orchestration called `app`."""

from __future__ import annotations

from pathlib import Path

import pytest

APP = """\
orchestration: app
steps:
  - {id: passages, use: retrieve, request: {from: manuals}}
  - {id: answer, use: llm, prompt: "{{ email }}"}
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace but for its orchestration; shown paths are relative to it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "orchestrations").mkdir()
    (tmp_path / "orchestrations" / "app.yaml").write_text(APP, encoding="utf-8")
    return tmp_path
