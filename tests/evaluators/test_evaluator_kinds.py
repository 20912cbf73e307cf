"""What holds for every kind of evaluator that PEEL brings."""

from __future__ import annotations

import pytest

from peel.plugins import Registry

KINDS = ("exact", "json_schema", "manual", "regex", "retrieval", "semantic", "similarity")


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_shows_its_settings_to_editors(name):
    """The JSON Schema of a kind is closed, and says of every key what it is."""
    schema = Registry("peel.evaluators", word="evaluator").resolve(name).Settings.model_json_schema()
    assert schema["additionalProperties"] is False
    assert all(key["description"] for key in schema["properties"].values())
