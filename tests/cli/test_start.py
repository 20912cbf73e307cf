"""What starting costs: nothing heavy is loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["torch", "chromadb", "pandas", "scipy", "sqlalchemy", "fastapi", "numpy", "aiohttp", "pydantic"]
HEAVY += ["httpx", "jinja2", "rich", "xllamacpp"]
ASK = "import sys; print(*sorted(m for m in {heavy} if m in sys.modules))"


def loaded_after(code, *, cwd=None):
    """Which of the heavy modules a Python program has loaded at its end."""
    program = f"{code}\n{ASK.format(heavy=HEAVY)}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()[-1].split()


def command(*arguments):
    """A program that runs the command line and goes on when it ends."""
    call = "from peel.cli import main\ntry: main()\nexcept SystemExit: pass"
    return f"import sys; sys.argv = ['peel', *{arguments!r}]\n{call}"


def test_importing_peel_loads_nothing_heavy():
    """Not even pydantic."""
    assert loaded_after("import peel") == []


def test_help_loads_nothing_heavy():
    """It is what the command line is made of, and nothing else."""
    assert loaded_after(command("--help")) == []


@pytest.mark.parametrize("name", ["init", "check", "run", "show", "report", "rescore", "schema"])
def test_the_help_of_a_command_loads_no_more_than_what_parses_flags(name):
    """Typer reads the types of flags with pydantic."""
    assert set(loaded_after(command(name, "--help"))) <= {"pydantic"}


def test_checking_a_workspace_that_asks_servers_loads_no_model_no_vectors_and_no_store(folder):
    """pydantic and Jinja2 read the definitions; no connection is opened, nothing is computed, nothing stored."""
    assert set(loaded_after(command("check"), cwd=folder.root)) <= {"pydantic", "jinja2", "httpx"}


def test_checking_a_workspace_with_knowledge_and_the_embedded_model_loads_neither_torch_nor_chromadb(folder):
    """That they are installed is found out without loading them."""
    folder.write("peel.yaml", "models:\n  default: {model: embedded}\n")
    folder.write("knowledge/a.md", "# A\n\nText.\n")
    text = (folder.root / "scenarios/support.yaml").read_text()
    folder.write("scenarios/support.yaml", text + "inputs: {manuals: {knowledge: ../knowledge/*.md}}\n")
    assert set(loaded_after(command("check"), cwd=folder.root)).isdisjoint({"torch", "chromadb", "xllamacpp", "scipy"})
