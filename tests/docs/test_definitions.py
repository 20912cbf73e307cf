"""The definitions that the pages show follow the schemas, and the committed schemas are what `peel schema` prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from jsonschema import Draft202012Validator

from peel.records import Json
from peel.scenarios.documents import parse_yaml
from peel.schema import definitions_schema

Schemas: TypeAlias = dict[str, dict[str, Any]]

FILES = {
    "scenario": "scenario",
    "orchestration": "orchestration",
    "models": "workspace",
    "feedback": "workspace",
    "store": "workspace",
}
"""The first key of a file, and which file it is."""
STEP_KEYS = {"prompt", "request", "parameters"}


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    """The schema of each kind of file."""
    return {name: definitions_schema(name) for name in ("scenario", "orchestration", "workspace")}


def _problems(schema: dict[str, Any], value: Json) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(value)]


def _whole(value: Any) -> tuple[str, Json]:
    """The file that a shown value is, or could be in: its kind, and it whole."""
    if isinstance(value, dict):
        kind = FILES.get(next(iter(value)))
        assert kind is not None, f"what file begins with {next(iter(value))!r}?"
        return kind, value
    if all("use" in item for item in value):
        if all(STEP_KEYS & item.keys() for item in value):
            return "orchestration", {"orchestration": "shown", "steps": value}
        return "scenario", {"scenario": "shown", "orchestration": "x", "cases": "x.csv", "evaluators": value}
    key = "cases" if all("inputs" in item for item in value) else "gates"
    return "scenario", {"scenario": "shown", "orchestration": "x", "cases": "x.csv", key: value}


def test_every_shown_definition_follows_its_schema(page: Any, schemas: Schemas) -> None:
    """Whole files, and lists of steps, evaluators, cases and gates."""
    wrong = []
    for block in page.blocks("yaml"):
        kind, whole = _whole(parse_yaml(block.code).value)
        # What a page builds with plugins of its own is run by a test of its own.
        if block.file is None:
            wrong += [(block.code.splitlines()[0], problem) for problem in _problems(schemas[kind], whole)]
    assert wrong == []


@pytest.mark.parametrize("kind", ["scenario", "orchestration", "workspace"])
def test_the_committed_schema_is_what_the_command_prints(root: Path, schemas: Schemas, kind: str) -> None:
    """`make schema` writes what is committed."""
    committed = json.loads((root / "docs" / "schema" / f"{kind}.json").read_text(encoding="utf-8"))
    assert committed == schemas[kind]


def test_the_shipped_files_follow_the_committed_schemas(root: Path) -> None:
    """So editors, which are led there by the first line of each, find nothing wrong."""
    shipped = [root / "peel.yaml", *(root / "scenarios").glob("*.yaml"), *(root / "orchestrations").glob("*.yaml")]
    for path in shipped:
        text = path.read_text(encoding="utf-8")
        schema = (path.parent / text.splitlines()[0].partition("$schema=")[2]).resolve()
        value = parse_yaml(text).value
        assert _problems(json.loads(schema.read_text(encoding="utf-8")), value) == [], path.name


def test_the_readme_shows_the_shipped_scenario(root: Path) -> None:
    """Line by line what is explained there is what runs."""
    shipped = (root / "scenarios" / "telco_support.yaml").read_text(encoding="utf-8")
    shown = shipped.partition("\n")[2] if shipped.startswith("#") else shipped
    assert f"```yaml\n{shown}```" in (root / "README.md").read_text(encoding="utf-8")
