"""The code of docs/extending.md, taken from the page and run as one workspace with its plugins installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace that the page's blocks make; its package is installed by the metadata that pip would write."""
    page = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
    files: dict[str, str] = defaultdict(str)
    for part in page.split("<!-- file: ")[1:]:
        name, _, rest = part.partition(" -->\n")
        files[name] += rest.split("\n", 1)[1].split("```\n", 1)[0] + "\n\n"
    root = tmp_path_factory.mktemp("extending")
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _install(root, tomllib.loads(files["pyproject.toml"])["project"])
    return root


def _install(root: Path, project: dict[str, Any]) -> None:
    info = root / "peel_northline-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = project["entry-points"]
    assert isinstance(groups, dict)
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {to}\n" for name, to in some.items()) for group, some in groups.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


def _python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(root), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=root, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def report(built: Path) -> dict[str, Any]:
    """The JSON report of one run of it."""
    done = _python(built, "-m", "peel.cli", "run", "--json")
    assert done.returncode in (0, 4), done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def test_the_pages_step_evaluators_and_model_run(report: dict[str, Any]) -> None:
    """Each of the page's evaluators finds what the page's steps and its model gave."""
    scenario = report["scenarios"][0]
    assert (scenario["planned"], scenario["errored"]) == (2, 0), scenario["faults"]
    assert {one["id"]: one["value"] for one in scenario["evaluators"]} == {
        "core-terms": 1.0,
        "tone": 1.0,
        "brief": 1.0,
        "no-number": 1.0,
    }


def test_the_pages_report_format_is_found_by_name(built: Path, report: dict[str, Any]) -> None:
    """`peel report --format lines` writes what the page's class writes."""
    done = _python(built, "-m", "peel.cli", "report", "last", "--format", "lines")
    assert done.stdout.splitlines()[0] == "support core-terms 1.0 n=2"


def test_a_plugins_settings_are_checked_like_the_built_in_ones(built: Path) -> None:
    """A misspelt key of the page's evaluator is told with file, line and the nearest."""
    scenario = built / "scenarios" / "support.yaml"
    written = scenario.read_text(encoding="utf-8")
    wrong = built / "scenarios" / "wrong.yaml"
    wrong.write_text(written.replace("scenario: support", "scenario: wrong").replace("at_most: 50", "at_mots: 50"))
    done = _python(built, "-m", "peel.cli", "check", "scenarios/wrong.yaml")
    wrong.unlink()
    assert done.returncode == 2
    assert re.search(r"wrong\.yaml:11: .*unknown key 'at_mots'; did you mean 'at_most'\?", done.stderr)


def test_a_plugins_settings_are_in_the_schema(built: Path) -> None:
    """Editors complete the keys of a stranger's step and evaluator."""
    schema = json.loads(_python(built, "-m", "peel.cli", "schema").stdout)
    assert '"mask"' in json.dumps(schema["$defs"])
    assert '"words"' in json.dumps(schema["$defs"])


def test_the_pages_script_runs_from_python(built: Path) -> None:
    """The API of peel.workspace, as the page shows it."""
    done = _python(built, "run.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("support core-terms 1.0 ")


OPEN = {"packages", "models", "parts", "values", "marks", "faults", "selection"}
"""Fields of the report whose keys are names of the run's own, or of the call."""


def _fields(value: object) -> set[str]:
    if isinstance(value, list):
        return {name for item in value for name in _fields(item)}
    if not isinstance(value, dict):
        return set()
    inner = [_fields(item) for key, item in value.items() if key not in OPEN]
    return {*value, *(name for names in inner for name in names)}


def test_every_field_of_a_written_report_is_explained(report: dict[str, Any]) -> None:
    """Down to the last level, in docs/report.md."""
    page = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    assert [field for field in sorted(_fields(report)) if f"`{field}`" not in page and f'"{field}"' not in page] == []
