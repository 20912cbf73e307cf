"""The versions that a run records: those that are installed, and none of what is not."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from peel.records import Selection
from peel.runs.provenance import PACKAGES, provenance_of


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def test_recorded_versions_are_the_installed_ones(tmp_path: Path) -> None:
    """Each package that is installed is recorded with the version that the interpreter's own metadata gives."""
    made = provenance_of((None, None), parts={}, models={}, selection=Selection(scenarios=()))
    installed = {package: _installed(package) for package in PACKAGES}
    assert made.packages == {package: found for package, found in installed.items() if found is not None}
    assert "pydantic" in made.packages
