"""The whole way on real parts: the shipped manuals, all-MiniLM-L6-v2, chromadb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from peel.knowledge import Knowledge, KnowledgeSettings, Place, open_knowledge
from peel.knowledge.chunking import TokenLimited
from peel.knowledge.reading import read_document
from peel.models.opening import Models

pytestmark = [pytest.mark.rag, pytest.mark.anyio]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the shipped manuals and nothing built yet."""
    root = tmp_path_factory.mktemp("workspace")
    (root / "scenarios").mkdir()
    (root / "knowledge").mkdir()
    for manual in (ROOT / "knowledge" / "manuals").glob("*.pdf"):
        (root / "knowledge" / manual.name).write_bytes(manual.read_bytes())
    return root


@pytest.fixture(scope="module")
def embedder(workspace: Path) -> Any:
    return Models({}, root=workspace).embedder("all-MiniLM-L6-v2")


@pytest.fixture(scope="module")
def manuals(workspace: Path, embedder: Any) -> Iterator[Knowledge]:
    place = Place("manuals", workspace / "scenarios", workspace)
    opened = open_knowledge(KnowledgeSettings(knowledge="../knowledge/*.pdf"), place, embedder=embedder)
    yield opened
    opened.close()


async def test_the_running_example_finds_its_section(manuals: Knowledge) -> None:
    """The question of the running example, with the router named, brings the section of its manual."""
    passages = await manuals.search("How do I reset my AR83 when I move to a different apartment?", top_k=4)
    found = [p for p in passages if (p.document, p.section) == ("AR83.pdf", "6.2 Moving to a different apartment")]
    assert found
    assert found[0].page == 9
    assert any("3 seconds" in p.text for p in found)


async def test_most_sections_are_found_by_router_and_title(manuals: Knowledge, workspace: Path) -> None:
    """The manuals are near-identical in wording, and a small model mixes them up at times: of the sections of one, at
    least four in five are among the four nearest to a question with the router's name and their title."""
    document = read_document(workspace / "knowledge" / "AR93.pdf")
    sections = list(dict.fromkeys(block.section for block in document.blocks if block.section))
    found = 0
    for section in sections:
        title = section.split(" ", 1)[1].lower()
        passages = await manuals.search(f"I have an AR93. My question is about {title}.", top_k=4)
        found += ("AR93.pdf", section) in {(p.document, p.section) for p in passages}
    assert len(sections) > 40
    assert found / len(sections) >= 0.8


async def test_no_passage_is_longer_than_the_model_reads(embedder: Any) -> None:
    """The embedder says what it reads, so that nothing is cut off in silence."""
    assert isinstance(embedder, TokenLimited)
    assert embedder.max_tokens == 256
    assert embedder.count_tokens(["word " * 300]) == [302]
