"""Everything a user can write or read has its place in the documentation: kinds have headings, keys have rows."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias, get_args

import pytest
from pydantic import BaseModel

from peel.evaluators.function import FunctionSettings
from peel.knowledge.chunking import ChunkingSettings
from peel.knowledge.documents import KINDS
from peel.orchestrations.sampling import LlmParameters, Sampling
from peel.orchestrations.steps.function import FunctionParameters
from peel.orchestrations.steps.http import HttpParameters, HttpRequest
from peel.orchestrations.steps.rerank import RerankParameters, RerankRequest
from peel.orchestrations.steps.retrieve import RetrieveParameters, RetrieveRequest
from peel.plugins import Registry
from peel.records import Mark, ScoreStatus
from peel.records.feedback import Interaction, InteractionStep
from peel.scenarios import file_format as files

EVALUATORS = Registry("peel.evaluators", word="evaluator")
STEPS = Registry("peel.steps", word="step kind")
Pages: TypeAlias = Callable[[str], Any]
"""A page of docs/ by its name."""


def _keys(*models: type[BaseModel]) -> set[str]:
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def _unmentioned(page: Any, keys: Iterable[str]) -> list[str]:
    """The keys that a page does not mention in code."""
    return sorted(key for key in keys if f"`{key}`" not in page.text and f"{{{key}," not in page.text)


def _section(page: Any, heading: str) -> str:
    return page.text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_every_kind_of_evaluator_has_a_section(doc: Pages) -> None:
    """And so have functions of the workspace."""
    assert {*EVALUATORS.names(), "function"} <= doc("evaluators").headings()


@pytest.mark.parametrize("kind", [*EVALUATORS.names(), "function"])
def test_every_setting_of_an_evaluator_is_in_its_section(doc: Pages, kind: str) -> None:
    """With its name in code, in the section of its kind."""
    settings = FunctionSettings if kind == "function" else EVALUATORS.resolve(kind).Settings
    section = _section(doc("evaluators"), kind)
    assert [key for key in _keys(settings) if f"`{key}`" not in section] == []


def test_every_kind_of_step_has_a_section(doc: Pages) -> None:
    """And so have functions of the workspace."""
    assert {*STEPS.names(), "function"} <= doc("orchestrations").headings()


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("llm", _keys(LlmParameters)),
        ("retrieve", _keys(RetrieveRequest, RetrieveParameters)),
        # Its sampling is that of llm, and its section says so.
        ("rerank", _keys(RerankRequest, RerankParameters) - _keys(Sampling)),
        ("http", _keys(HttpRequest, HttpParameters)),
        ("function", _keys(FunctionParameters)),
    ],
)
def test_every_key_of_a_step_is_in_its_section(doc: Pages, kind: str, keys: set[str]) -> None:
    """Those of its request and those of its parameters."""
    section = _section(doc("orchestrations"), kind)
    assert [key for key in sorted(keys) if f"`{key}`" not in section] == []


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("writing-scenarios", [files.ScenarioFile, files.CaseEntry, files.EvaluatorGateEntry, files.MeasureGateEntry]),
        ("orchestrations", [files.OrchestrationFile, files.StepEntry]),
        ("evaluators", [files.EvaluatorEntry]),
        ("models", [files.WorkspaceFile, files.ModelEntry]),
        ("knowledge", [files.KnowledgeEntry, ChunkingSettings]),
        ("ratings", [files.FeedbackEntry, Interaction, InteractionStep]),
    ],
)
def test_every_key_of_the_files_is_on_its_page(doc: Pages, name: str, models: list[type[BaseModel]]) -> None:
    """Scenario, orchestration, peel.yaml, and what stands in them."""
    assert _unmentioned(doc(name), _keys(*models)) == []


def test_every_price_key_is_shown(doc: Pages) -> None:
    """As it is written in peel.yaml."""
    assert [key for key in _keys(files.PriceEntry) if key not in doc("models").text] == []


def test_every_kind_of_document_is_named(doc: Pages) -> None:
    """By its suffix."""
    assert _unmentioned(doc("knowledge"), KINDS) == []


def test_every_status_and_mark_is_explained(doc: Pages) -> None:
    """A count whose word nobody explains helps nobody."""
    assert _unmentioned(doc("evaluators"), get_args(ScoreStatus)) == []
    assert _unmentioned(doc("report"), get_args(Mark)) == []


def test_every_report_format_has_a_row(doc: Pages) -> None:
    """Those that are installed with PEEL."""
    names = Registry("peel.reports", word="report format").names()
    assert [name for name in names if f"| `{name}` |" not in doc("report").text] == []


def test_every_plugin_group_has_a_place_in_extending(doc: Pages, root: Path) -> None:
    """By the name of its entry-point group."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [group for group in project["entry-points"] if group.startswith("peel.")]
    assert [group for group in groups if group not in doc("extending").text] == []


def test_every_layer_is_in_the_architecture(doc: Pages, root: Path) -> None:
    """As import-linter holds them."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = [name.strip() for contract in contracts for layer in contract["layers"] for name in layer.split("|")]
    assert [name for name in layers if name not in doc("architecture").text] == []


def test_every_table_and_column_of_the_store_is_in_the_architecture(doc: Pages) -> None:
    """Whoever opens the store with another tool finds what is in it."""
    from peel.store.schema import metadata

    names = {name for table in metadata.tables.values() for name in (table.name, *(one.name for one in table.columns))}
    assert _unmentioned(doc("architecture"), names) == []


def test_an_undocumented_key_would_be_found(doc: Pages) -> None:
    """The search itself does not say yes to everything."""
    assert _unmentioned(doc("evaluators"), {"ignore_case", "no_such_key"}) == ["no_such_key"]
