"""Every command that a page shows is one that the command line takes."""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from peel.cli import app


def _shown(page: Any) -> Iterator[list[str]]:
    """The arguments of each `peel` command in a page's blocks, without prompts, comments and redirections."""
    for block in page.blocks("console", "sh"):
        for line in block.code.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if words and words[0].rpartition("/")[2] == "peel":
                end = next((place for place, word in enumerate(words) if word in (">", "|", "&&")), len(words))
                yield words[1:end]


def test_every_shown_command_is_parsed(page: Any) -> None:
    """Commands, flags and their values are those of peel/cli.py."""
    commands = typer.main.get_command(app).commands
    for name, *arguments in _shown(page):
        assert name in commands, f"there is no command {name!r}"
        commands[name].make_context(name, arguments)


def test_the_pages_show_every_command(pages: list[Any]) -> None:
    """A command that no page shows in use would be known to nobody."""
    shown = {words[0] for page in pages for words in _shown(page)}
    assert set(typer.main.get_command(app).commands) - shown == set()


@pytest.mark.parametrize("arguments", [["check"], ["check", "scenarios/telco_support.yaml"], ["schema", "scenario"]])
def test_what_needs_no_model_runs_as_shown(root: Path, arguments: list[str]) -> None:
    """In the workspace that this repository ships."""
    done = subprocess.run(
        [sys.executable, "-m", "peel.cli", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_make_targets_that_pages_name_exist(page: Any, root: Path) -> None:
    """As `make demo` and `make test` do."""
    rules = {line.partition(":")[0] for line in (root / "Makefile").read_text(encoding="utf-8").splitlines()}
    named = [shlex.split(line, comments=True) for block in page.blocks("sh") for line in block.code.splitlines()]
    assert {words[1] for words in named if words[:1] == ["make"]} <= rules


@pytest.fixture
def generate(root: Path) -> ModuleType:
    """The script docs/generate.py, as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", root / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_half_of_the_command_page_is_up_to_date(generate: ModuleType) -> None:
    """`.venv/bin/python docs/generate.py` writes what is committed."""
    written = generate.PAGE.read_text(encoding="utf-8")
    assert generate.page(written) == written


def test_a_command_page_without_its_mark_is_refused(generate: ModuleType) -> None:
    """Rather than generated over what somebody wrote."""
    with pytest.raises(ValueError, match="has lost the line"):
        generate.page("# Commands\n")


def test_the_exit_codes_are_those_of_the_command_line(doc: Callable[[str], Any]) -> None:
    """Each that `peel run` can end with has a row."""
    from peel.commands.calling import INTERRUPTED, WRONG
    from peel.estimates import verdict

    codes = {WRONG, INTERRUPTED, verdict.PASSED, verdict.FAILED, verdict.INCOMPLETE, verdict.UNDECIDED}
    assert all(f"| {code} |" in doc("commands").text for code in codes)
