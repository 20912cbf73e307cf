"""Interactions written as drafts: into a new scenario, or below the cases of one, with every comment kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from peel.editing.drafting import About, DraftFiles, case_id
from peel.errors import DefinitionError, UnknownScenario
from peel.records.feedback import Interaction
from peel.scenarios.loading import load_scenario
from peel.workspace import Workspace

ASKED = Interaction(id="secret-7", input="=HYPERLINK(1)\nWhere is my bill?", user="ann", metadata={"plan": "gold"})
BRACED = Interaction(id="secret-8", input='[{"not": json', user="bob")

YAML_CASES = """\
# our cases
- id: moving   # the first
  inputs: {email: I move, plan: basic}
  expected: {terms: [reset], answer: Press it}
"""
JSON_CASES = '{"id": "moving", "inputs": {"email": "I move"}, "expected": {"terms": ["reset"], "answer": "Press"}}\n'


@pytest.fixture
def drafts(root: Path) -> DraftFiles:
    """What writes drafts into the workspace."""
    workspace = Workspace(root)
    return DraftFiles(root, workspace.scenario_files, workspace.case_files)


def test_cases_are_added_to_a_sheet(drafts: DraftFiles, root: Path) -> None:
    """The sheet gets a column for drafts; what stood in it stays, no cell is JSON or a formula by accident."""
    path = drafts.cases("support", [ASKED, BRACED])
    assert path == root / "scenarios/support.csv"
    loaded = load_scenario(root / "scenarios/support.yaml", root=root)
    assert not loaded.problems
    assert loaded.scenario is not None
    moving, light, *added = loaded.scenario.cases
    assert [moving.inputs, light.inputs] == [{"email": "I move"}, {"email": "A red light\nblinks"}]
    assert not moving.draft
    assert [one.draft for one in added] == [True, True]
    assert added[0].inputs == {"email": f" {ASKED.input}"}
    assert added[1].inputs == {"email": f" {BRACED.input}"}
    assert added[0].expected == {"terms": "", "answer": ""}
    assert added[0].tags == ("production",)


@pytest.mark.parametrize(("name", "text"), [("support.yaml", YAML_CASES), ("support.jsonl", JSON_CASES)])
def test_cases_are_added_to_lists(drafts: DraftFiles, root: Path, name: str, text: str) -> None:
    """A draft says so by its key, its expected output is there to be filled in, and comments stay."""
    folder = root / "scenarios" / "cases"
    folder.mkdir()
    (folder / name).write_text(text)
    scenario = root / "scenarios/support.yaml"
    scenario.write_text(scenario.read_text().replace("support.csv", f"cases/{name}"))
    drafts.cases("support", [ASKED])
    written = (folder / name).read_text()
    assert written.startswith(text.rstrip("\n"))
    loaded = load_scenario(scenario, root=root)
    assert loaded.scenario is not None
    draft = loaded.scenario.cases[-1]
    assert (draft.id, draft.draft, draft.expected) == (case_id(ASKED), True, {"terms": "", "answer": ""})


def test_nobody_is_named_in_a_file(drafts: DraftFiles, root: Path) -> None:
    """Neither the user nor the interaction stands in what is written."""
    drafts.cases("support", [ASKED])
    written = (root / "scenarios/support.csv").read_text()
    assert "ann" not in written.split()
    assert "secret-7" not in written


def test_an_interaction_becomes_a_case_once(drafts: DraftFiles, root: Path) -> None:
    """What is a case already, by its id or word for word, is not added again, and the file stays as it is."""
    drafts.cases("support", [ASKED])
    before = (root / "scenarios/support.csv").read_bytes()
    with pytest.raises(DefinitionError, match="are cases of this scenario already"):
        drafts.cases("support", [ASKED, Interaction(id="other", input="I move")])
    assert (root / "scenarios/support.csv").read_bytes() == before
    drafts.cases("support", [Interaction(id=name, input="Twice the same") for name in ("one", "other")])
    assert (root / "scenarios/support.csv").read_text().count("Twice the same") == 1


def test_what_was_added_can_be_taken_back(drafts: DraftFiles, root: Path) -> None:
    """A draft is one step of the history that the pages undo."""
    before = (root / "scenarios/support.csv").read_bytes()
    drafts.cases("support", [ASKED])
    files = Workspace(root).case_files
    files.undo("support", seen=files.view("support").seen)
    assert (root / "scenarios/support.csv").read_bytes() == before


def test_a_draft_scenario_takes_after_another(drafts: DraftFiles, root: Path) -> None:
    """It has the orchestration and shared inputs of the other, a question to people, and says what to do next."""
    path = drafts.scenario("bills", [ASKED], like="support", about=About("Bills: {{ 7*7 }}", ("bill", "fee")))
    loaded = load_scenario(path, root=root)
    assert not loaded.problems
    made = loaded.scenario
    assert made is not None
    assert (made.draft, made.orchestration, made.inputs) == (True, "reply", {"tone": "friendly"})
    assert [one.use for one in made.evaluators] == ["manual"]
    assert [(one.inputs["email"], one.expected, one.draft) for one in made.cases] == [
        (f" {ASKED.input}", {"answer": ""}, True)
    ]
    assert "# Words that tell it from other topics: bill, fee" in path.read_text()
    assert not Workspace(root).scenario_files.view("bills").problems


def test_nothing_is_overwritten(drafts: DraftFiles, root: Path) -> None:
    """A name that is taken is refused, and both files stay as they were."""
    before = {path: path.read_bytes() for path in (root / "scenarios").iterdir()}
    with pytest.raises(DefinitionError, match="there is a scenario 'support' already"):
        drafts.scenario("support", [ASKED], like="support", about=About("x"))
    assert {path: path.read_bytes() for path in (root / "scenarios").iterdir()} == before


def test_which_scenario_a_draft_takes_after(drafts: DraftFiles, root: Path) -> None:
    """The one that is proposed, else the only one; where there is none, or are several, it is said what to do."""
    assert drafts.like(None) == drafts.like("support") == "support"
    with pytest.raises(DefinitionError, match="there is no scenario 'other'"):
        drafts.like("other")
    (root / "scenarios/other.yaml").write_text("scenario: other\norchestration: reply\ncases: support.csv\n")
    with pytest.raises(DefinitionError, match="say which one to take after: other, support"):
        drafts.like(None)
    for path in (root / "scenarios").glob("*.yaml"):
        path.unlink()
    with pytest.raises(DefinitionError, match="there is no scenario whose orchestration a draft could take"):
        drafts.like(None)
    with pytest.raises(UnknownScenario):
        drafts.cases("support", [ASKED])
