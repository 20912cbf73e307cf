"""Mapping in the background of a server: what waits is mapped, and the server's end ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from peel.records import Scenario
from peel.records.feedback import Interaction
from peel.web.mapping import AFTER_FAULT_S, BackgroundMapping
from peel.workspace import Workspace

CASES = "id,email\na,my router?\nb,router reset\nc,router light\nd,reset light\n"


@pytest.fixture
def folder(tmp_path: Path, embeddings: Any) -> Path:
    """A workspace of one scenario whose embedding model is on loopback."""
    models = f'models:\n  words: {{base_url: "{embeddings.url}", model: words}}\n'
    steps = "orchestration: reply\nsteps:\n  - {id: answer, use: llm, prompt: [{user: '{{ email }}'}]}\n"
    files = {
        "peel.yaml": models + "feedback: {embedding: words}\n",
        "orchestrations/reply.yaml": steps,
        "scenarios/router.yaml": "scenario: router\norchestration: reply\ncases: router.csv\n",
        "scenarios/router.csv": CASES,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def workspace(folder: Path) -> Iterator[Workspace]:
    """The workspace, open."""
    with Workspace(folder) as opened:
        yield opened


@pytest.fixture
def mapping(workspace: Workspace) -> Iterator[BackgroundMapping]:
    """The background's mapping, with hardly a pause; a test starts it."""
    made = BackgroundMapping(workspace, pause_s=0.01)
    yield made
    made.close()


def add(workspace: Workspace, *texts: str, first: int = 1) -> None:
    workspace.feedback.add([Interaction(id=f"i{number}", input=text) for number, text in enumerate(texts, first)])


def wait_for(done: Callable[[], bool]) -> None:
    """Until something is so; the test fails where it never is."""
    turn = threading.Event()
    for _ in range(3000):
        if done():
            return
        turn.wait(0.01)
    pytest.fail("it never came")


def test_what_waits_is_mapped_and_so_is_what_comes_later(workspace: Workspace, mapping: BackgroundMapping) -> None:
    """Without anybody asking for it; the scenario's files may change meanwhile."""
    add(workspace, "How do I reset the router?", "pizza")
    mapping.start()
    wait_for(lambda: not workspace.mapping.is_waiting())
    add(workspace, "the light of the router", first=3)
    wait_for(lambda: not workspace.mapping.is_waiting())
    assert [one.mapping.scenario for one in workspace.feedback.reader.entries()] == ["router", None, "router"]


class Reading(Workspace):
    """A workspace that counts how often the scenarios were read for the mapping."""

    times = 0

    def mapped_scenarios(self) -> tuple[Scenario, ...]:
        self.times += 1
        return super().mapped_scenarios()


def test_scenarios_are_read_again_when_their_files_changed(folder: Path) -> None:
    """A trickle of interactions costs no thresholds; a new case counts for the next interaction."""
    with Reading(folder) as workspace:
        mapping = BackgroundMapping(workspace, pause_s=0.01)
        mapping.start()
        try:
            for number in range(1, 4):
                add(workspace, "reset the router", first=number)
                wait_for(lambda: not workspace.mapping.is_waiting())
            assert workspace.times == 1
            (folder / "scenarios" / "router.csv").write_text(CASES + "e,pizza\nf,pizza pizza\ng,pizza reset\n")
            add(workspace, "pizza", first=4)
            wait_for(lambda: not workspace.mapping.is_waiting())
            assert workspace.times == 2
        finally:
            mapping.close()
        assert [one.mapping.scenario for one in workspace.feedback.reader.entries()] == ["router"] * 4


def test_nothing_is_embedded_where_nothing_waits(
    workspace: Workspace, mapping: BackgroundMapping, embeddings: Any
) -> None:
    """An interaction that names its scenario needs no model: none is opened."""
    workspace.feedback.add([Interaction(id="i1", input="router", scenario="router")])
    mapping.start()
    mapping.close()
    assert embeddings.texts == []


def test_another_server_that_maps_is_left_to_it(
    workspace: Workspace, mapping: BackgroundMapping, embeddings: Any
) -> None:
    """Two of them would embed everything twice; this one looks again later."""
    add(workspace, "router")
    with workspace.mapping.claiming() as is_ours:
        assert is_ours
        assert mapping.look() == AFTER_FAULT_S
    assert workspace.mapping.is_waiting()
    assert embeddings.texts == []


def test_a_broken_file_is_told_in_the_log_and_ends_nothing(
    workspace: Workspace, mapping: BackgroundMapping, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What waits goes on waiting."""
    (folder / "scenarios" / "broken.yaml").write_text("scenario: broken\n")
    add(workspace, "router")
    mapping.start()
    wait_for(lambda: "broken.yaml" in caplog.text)
    mapping.close()
    assert workspace.mapping.is_waiting()
