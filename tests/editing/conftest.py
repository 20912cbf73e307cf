"""A workspace with one scenario whose file has comments, an anchor, several ways of writing lists, and cases in CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from peel.workspace import Workspace

PEEL_YAML = """models:
  default: {base_url: "http://127.0.0.1:9/v1", model: nobody}
"""

ORCHESTRATION = """orchestration: reply
steps:
  - id: answer
    use: llm
    prompt: [{user: "Answer {{ email }} in the tone {{ tone }}"}]
"""

SCENARIO = """\
# What the support team answers.
scenario: support   # a name for reports
description: >
  A customer asks by email.
  We answer.
orchestration:   reply
inputs:
  tone: friendly   # shared
cases: support.csv

evaluators:
- id: core   # the terms that must be there
  use: regex
  all: "{{ expected.terms }}"
# compared as text
- {id: same,use: exact, ignore_case: true}   # cheap
# people look at some
- { id: people, use: manual,
    ask: "Would you send it?", share: 0.2 }

# what must hold
gates: [{evaluator: core, at_least: 0.9}, {cost_usd: {at_most: 0.01}}]
# the end
"""

CASES = """id,tags,email,expected.terms,expected.answer
moving,demo,I move,"[""reset button""]",Press it
light,,"A red light
blinks","[""reset""]",Look
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The workspace's folder."""
    written = {
        "peel.yaml": PEEL_YAML,
        "orchestrations/reply.yaml": ORCHESTRATION,
        "scenarios/support.yaml": SCENARIO,
        "scenarios/support.csv": CASES,
        "evaluators/tone.py": "import os\nfrom json import loads\n\n\ndef formal(output):\n    return True\n",
    }
    for name, text in written.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def workspace(root: Path) -> Workspace:
    """The workspace; its store is not opened."""
    return Workspace(root)
