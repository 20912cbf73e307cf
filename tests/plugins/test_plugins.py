"""Plugins: found by name, imported when named, and told about when they are not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from peel.errors import PeelError
from peel.plugins import Registry, UnknownName, nearest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installed package with one plugin that works and two that do not; gives the name of its entry-point group."""
    info = tmp_path / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    group = f"peel.test.{tmp_path.name.replace('-', '_')}"
    targets = "good = stranger_plugin:Good\nlost = stranger_plugin:Lost\nbroken = stranger_not_there:X\n"
    (info / "entry_points.txt").write_text(f"[{group}]\n{targets}")
    (tmp_path / "stranger_plugin.py").write_text("class Good:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    return group


def test_a_strangers_plugin_comes_in_through_its_entry_point(package: str) -> None:
    """By the name it registered."""
    assert Registry(package, word="step kind").resolve("good").__name__ == "Good"
    sys.modules.pop("stranger_plugin")


def test_names_are_listed_without_importing_anything(package: str) -> None:
    """A broken plugin breaks nobody who does not name it."""
    assert Registry(package, word="step kind").names() == ["broken", "good", "lost"]
    assert "stranger_plugin" not in sys.modules


@pytest.mark.parametrize("name", ["lost", "broken"])
def test_a_plugin_that_cannot_be_loaded_says_which(package: str, name: str) -> None:
    """The message names the plugin and where it should be."""
    with pytest.raises(PeelError, match=rf"the step kind '{name}' \(stranger_.*\) cannot be loaded: "):
        Registry(package, word="step kind").resolve(name)
    sys.modules.pop("stranger_plugin", None)


def test_an_unknown_name_is_told_with_the_nearest(package: str) -> None:
    """And with all that exist."""
    with pytest.raises(UnknownName) as caught:
        Registry(package, word="step kind").resolve("godo")
    assert str(caught.value) == "unknown step kind 'godo'; did you mean 'good'? Allowed: broken, good, lost"


def test_a_group_without_plugins_says_so() -> None:
    """No list of nothing."""
    with pytest.raises(UnknownName, match="none exist here"):
        Registry("peel.test.nobody", word="step kind").resolve("x")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("regx", "did you mean 'regex'? Allowed: exact, regex"),
        ("zebra", "allowed: exact, regex"),
        ("", "allowed: exact, regex"),
    ],
)
def test_the_nearest_name_is_offered_only_where_one_is_near(name: str, hint: str) -> None:
    """A guess that is none would mislead."""
    assert nearest(name, ["regex", "exact", "regex"]) == hint


@pytest.mark.parametrize("name", ["llm", "retrieve", "rerank", "http"])
def test_the_built_in_steps_come_in_through_the_same_door(name: str) -> None:
    """Each has a `compile` and a `run`."""
    kind = Registry("peel.steps", word="step kind").resolve(name)
    assert callable(kind.compile)
    assert callable(kind.run)


@pytest.mark.parametrize("name", ["llm", "retrieve", "rerank", "http"])
def test_a_kind_of_step_is_imported_without_what_only_running_needs(name: str) -> None:
    """Checking a definition loads no HTTP connections, no vector store and no model."""
    heavy = {"aiohttp", "chromadb", "torch", "sqlalchemy", "scipy", "jinja2", "xllamacpp"}
    code = (
        "import sys; from peel.plugins import Registry; "
        f"Registry('peel.steps', word='step kind').resolve({name!r}); "
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
