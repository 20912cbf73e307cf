"""No text, whatever it is, makes the loader do anything but report problems."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peel.records import Problem
from peel.scenarios.cases import load_cases
from peel.scenarios.file_format import (
    CaseEntry,
    EvaluatorEntry,
    ModelEntry,
    OrchestrationFile,
    ScenarioFile,
    StepEntry,
    WorkspaceFile,
)
from peel.scenarios.loading import load_orchestration, load_scenario, load_workspace

FORMATS = (ScenarioFile, OrchestrationFile, WorkspaceFile, EvaluatorEntry, StepEntry, CaseEntry, ModelEntry)
OTHER_KEYS = ["evaluator", "at_least", "at_most", "cost_usd", "scope", "knowledge"]
KEYS = st.sampled_from([key for one in FORMATS for key in one.model_fields]) | st.sampled_from(OTHER_KEYS)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | KEYS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=5)
)
WRITTEN = st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%@`,?~ \n\t01.<$\\\ufeff\x00é"), max_size=60)


def sound(problems: tuple[Problem, ...]) -> bool:
    """Whether every problem is one line with a place."""
    return all(problem.message.strip() and "\n" not in problem.message and problem.file for problem in problems)


def load_everything(data: bytes) -> None:
    """Load the bytes as each kind of file."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "scenarios").mkdir()
        for suffix in (".csv", ".yaml", ".jsonl"):
            path = root / "scenarios" / f"file{suffix}"
            path.write_bytes(data)
            assert sound(load_cases(path).problems)
        path = root / "scenarios" / "file.yaml"
        assert sound(load_scenario(path, root=root).problems)
        assert sound(load_orchestration(path, root=root).problems)
        assert sound(load_workspace(path, environ={}).problems)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_structure_gives_only_problems(value: dict[str, object]) -> None:
    """Right keys with any values, as YAML would be written by a program."""
    load_everything(yaml.safe_dump(value, allow_unicode=True).encode("utf-8", errors="surrogatepass"))


@settings(max_examples=100, deadline=None)
@given(WRITTEN)
def test_any_writing_gives_only_problems(text: str) -> None:
    """The characters that mean something to YAML, CSV or JSON, in any order."""
    load_everything(text.encode())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_only_problems(data: bytes) -> None:
    """Files that are no text at all."""
    load_everything(data)
