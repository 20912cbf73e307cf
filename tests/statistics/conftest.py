"""Reference values, each computed elsewhere (statsmodels, scipy, ppi-python and others are named in the file)."""

import json
from pathlib import Path
from typing import Any

import pytest

from peel.statistics.cases import Cases, group

_PATH = Path(__file__).with_name("vectors.json")


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    """The reference values by id, each with `input` and `expected`."""
    return {vector["id"]: vector for vector in json.loads(_PATH.read_text())["vectors"]}


@pytest.fixture(scope="session")
def nested(vectors: dict[str, Any]) -> Cases:
    """Six cases with four repetitions each: two of them flaky with 3 of 4, one with 1 of 4, three steady."""
    scores = vectors["nested_balanced"]["input"].values()
    return group([case for case, row in enumerate(scores) for _ in row], [value for row in scores for value in row])
