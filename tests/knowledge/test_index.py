"""The index: what is found, when it is rebuilt, and that a half-built one is never used."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from peel.errors import DocumentError, ModelError, StepError
from peel.knowledge import ChunkingSettings, IndexProgress, Knowledge

pytestmark = [pytest.mark.rag, pytest.mark.anyio]

BUILD = Path(__file__).with_name("build_index.py")
MOVING = "# Moving\n\nHold the reset button for 3 seconds.\n"
CLEANING = "# Cleaning\n\nUse a dry cloth on the housing.\n"

Open = Callable[..., Knowledge]


@pytest.fixture
def documents(tmp_path: Path) -> dict[str, Path]:
    for name, text in {"moving.md": MOVING, "cleaning.md": CLEANING}.items():
        (tmp_path / name).write_text(text)
    return {name: tmp_path / name for name in ("moving.md", "cleaning.md")}


@pytest.fixture
def indexes(tmp_path: Path) -> Path:
    return tmp_path / "indexes"


@pytest.fixture
def open_(documents: dict[str, Path], indexes: Path, embedder: Any) -> Open:
    def open_(chunking: ChunkingSettings | None = None, **other: Any) -> Knowledge:
        given = {"documents": documents, "embedder": embedder, "folder": indexes, **other}
        return Knowledge(given.pop("documents"), chunking or ChunkingSettings(), **given)

    return open_


def entries(indexes: Path) -> list[str]:
    return sorted(entry.name for entry in indexes.iterdir()) if indexes.exists() else []


def finished(indexes: Path) -> list[str]:
    return [name for name in entries(indexes) if not name.startswith(".")]


async def test_the_nearest_passage_comes_first_with_its_source(open_: Open) -> None:
    """A passage comes back with everything a report shows of it."""
    first, second = await open_().search("reset button", top_k=5, metric="cosine")
    assert first.text == "Hold the reset button for 3 seconds."
    assert (first.document, first.section, first.page, first.id) == ("moving.md", "Moving", None, "moving.md#1")
    assert second.document == "cleaning.md"
    assert 1.0 >= (first.score or 0) > (second.score or 0) >= -1.0


async def test_top_k_is_the_most_that_is_found(open_: Open) -> None:
    """One of two, and two where ten are asked for."""
    knowledge = open_()
    assert len(await knowledge.search("reset", top_k=1)) == 1
    assert len(await knowledge.search("reset", top_k=10)) == 2


async def test_metrics_order_alike_and_score_by_their_own_rule(open_: Open) -> None:
    """Vectors have unit length: dot is cosine, and l2 is one minus the distance."""
    knowledge = open_()
    found = {metric: await knowledge.search("dry cloth", top_k=2, metric=metric) for metric in ("cosine", "dot", "l2")}
    assert len({tuple(p.id for p in passages) for passages in found.values()}) == 1
    cosine, dot, l2 = (found[metric][0].score or 0.0 for metric in ("cosine", "dot", "l2"))
    assert dot == cosine
    assert l2 == pytest.approx(1 - (2 * (1 - cosine)) ** 0.5, abs=1e-4)


async def test_the_same_text_scores_one(open_: Open) -> None:
    """A query that is the embedded text of a passage has the same direction."""
    (passage,) = await open_().search("moving: Moving\nHold the reset button for 3 seconds.", top_k=1)
    assert passage.score == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("query", "top_k", "metric", "message"),
    [
        ("reset", 4, "cosin", "unknown metric 'cosin'; did you mean 'cosine'\\? Allowed: cosine, dot, l2"),
        ("reset", 0, "cosine", "top_k must be at least 1, not 0"),
        (" \n", 4, "cosine", "the query is empty"),
    ],
)
async def test_a_search_that_makes_no_sense_is_a_step_error(
    open_: Open, query: str, top_k: int, metric: str, message: str
) -> None:
    """Each says what is wrong, and nothing is built for it."""
    knowledge = open_()
    with pytest.raises(StepError, match=message):
        await knowledge.search(query, top_k=top_k, metric=metric)


async def test_every_search_is_really_made(open_: Open, embedder: Any) -> None:
    """Repetitions are independent: the same query at the same time is embedded as often as it is asked."""
    knowledge = open_()
    await knowledge.prepare()
    before = len(embedder.embedded)
    results = await asyncio.gather(*(knowledge.search("reset", top_k=1) for _ in range(8)))
    assert len(embedder.embedded) - before == 8
    assert all(result == results[0] for result in results)


async def test_a_query_longer_than_the_model_reads_is_embedded_in_parts(open_: Open, embedders: ModuleType) -> None:
    """What stands at the end of a long email still counts: the model alone would not have seen it."""
    knowledge = open_(embedder=embedders.ShortSightedEmbedder())
    (passage,) = await knowledge.search("dear sirs and madams " * 30 + "use a dry cloth on the housing " * 9, top_k=1)
    assert passage.document == "cleaning.md"


async def test_an_index_is_built_once(open_: Open, embedder: Any, indexes: Path) -> None:
    """Whoever opens it again, or many at once, embeds no document."""
    knowledge = open_()
    await asyncio.gather(*(knowledge.prepare() for _ in range(3)))
    assert len(embedder.embedded) == 2
    again = open_()
    await again.prepare()
    assert len(embedder.embedded) == 2
    assert finished(indexes) == [knowledge.fingerprint]


async def test_searching_builds_what_is_not_prepared(open_: Open, embedder: Any) -> None:
    """Making one costs nothing; the first search builds."""
    knowledge = open_()
    assert embedder.embedded == []
    assert await knowledge.search("reset", top_k=1)


async def test_one_of_two_that_share_an_index_can_be_closed(open_: Open) -> None:
    """The other goes on searching, and the closed one opens again by itself."""
    one, other = open_(), open_()
    await asyncio.gather(one.prepare(), other.prepare())
    one.close()
    assert await other.search("reset", top_k=1)
    assert await one.search("reset", top_k=1)


async def test_what_made_an_index_decides_when_it_is_built_again(
    open_: Open, documents: dict[str, Path], embedders: ModuleType
) -> None:
    """Other bytes, names, chunking or embedding model: each has another fingerprint; the same has the same."""
    fingerprints = [
        open_().fingerprint,
        open_(ChunkingSettings(size=60)).fingerprint,
        open_(embedder=embedders.HashingEmbedder("another")).fingerprint,
        open_(documents={"other.md": documents["moving.md"], "cleaning.md": documents["cleaning.md"]}).fingerprint,
    ]
    assert open_().fingerprint == fingerprints[0]
    documents["moving.md"].write_text(MOVING.replace("3", "7"))
    fingerprints.append(open_().fingerprint)
    assert len(set(fingerprints)) == 5


async def test_a_changed_document_is_found_with_its_new_words(open_: Open, documents: dict[str, Path]) -> None:
    """The old index is not used for it."""
    await open_().search("reset", top_k=1)
    documents["moving.md"].write_text(MOVING.replace("3 seconds", "7 seconds"))
    (passage,) = await open_().search("reset", top_k=1)
    assert "7 seconds" in passage.text


async def test_progress_is_told(open_: Open) -> None:
    """From the first document to the last passage, and nothing when there is nothing to build."""
    told: list[IndexProgress] = []
    await open_().prepare(told.append)
    assert (told[0].stage, told[0].done, told[0].total) == ("reading documents", 0, 2)
    assert str(told[-1]) == "embedding passages, 2 of 2"
    told.clear()
    await open_().prepare(told.append)
    assert told == []


async def test_a_document_that_cannot_be_read_leaves_no_index(
    open_: Open, documents: dict[str, Path], indexes: Path
) -> None:
    """The error names the document."""
    documents["moving.md"].write_bytes(b"\xff\xff")
    with pytest.raises(DocumentError, match=r"moving\.md:1: byte 0xff"):
        await open_().prepare()
    assert entries(indexes) == []


async def test_a_document_that_changes_while_it_is_read_leaves_no_index(
    open_: Open, documents: dict[str, Path], embedders: ModuleType, indexes: Path
) -> None:
    """An index never bears the fingerprint of other bytes than its own."""

    class Editing(embedders.HashingEmbedder):  # type: ignore[misc, name-defined] - loaded by path
        async def embed(self, texts: Any) -> Any:
            documents["moving.md"].write_text("Changed.")
            return await super().embed(texts)

    with pytest.raises(DocumentError, match=r"moving\.md.* changed while it was read"):
        await open_(embedder=Editing()).prepare()
    assert entries(indexes) == []


async def test_a_model_that_fails_leaves_no_index(open_: Open, embedders: ModuleType, indexes: Path) -> None:
    """Nothing is left that could be taken for whole; with a working model it is built."""

    class Failing(embedders.HashingEmbedder):  # type: ignore[misc, name-defined] - loaded by path
        async def embed(self, texts: Any) -> Any:
            raise ModelError("the model is away")

    with pytest.raises(ModelError, match="the model is away"):
        await open_(embedder=Failing()).prepare()
    assert entries(indexes) == []
    assert await open_().search("reset", top_k=1)


@pytest.mark.parametrize("damage", ["garbage", "empty", "missing"])
async def test_a_damaged_index_is_built_again(open_: Open, indexes: Path, embedder: Any, damage: str) -> None:
    """Whatever happened to its files."""
    knowledge = open_()
    await knowledge.prepare()
    knowledge.close()
    database = indexes / knowledge.fingerprint / "chroma.sqlite3"
    if damage == "missing":
        database.unlink()
    else:
        database.write_bytes(b"\x00garbage" * 1000 if damage == "garbage" else b"")
    assert (await open_().search("reset", top_k=1))[0].document == "moving.md"
    assert len(embedder.embedded) == 5


async def test_an_index_that_cannot_be_written_is_said_so(open_: Open, tmp_path: Path) -> None:
    """Here a file stands where the folder should be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match=r"the index of the knowledge cannot be written"):
        await open_(folder=tmp_path / "file").prepare()


def build(document: Path, indexes: Path, *more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(BUILD.parent)}
    command = [sys.executable, str(BUILD), str(document), str(indexes), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


@pytest.fixture
def long_document(tmp_path: Path) -> Path:
    path = tmp_path / "long.md"
    path.write_text("\n\n".join(f"# Part {n}\n\nFact number {n}." for n in range(100)))
    return path


async def test_two_processes_that_build_the_same_index_both_succeed(long_document: Path, indexes: Path) -> None:
    """One index is left, whole, and nothing unfinished beside it."""
    processes = [build(long_document, indexes) for _ in range(2)]
    fingerprints = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert entries(indexes) == sorted(fingerprints)


async def test_a_build_that_is_killed_is_not_taken_for_an_index(
    long_document: Path, indexes: Path, embedder: Any
) -> None:
    """SIGKILL in the middle of the build: the next one builds all of it."""
    process = build(long_document, indexes, "stall")
    assert process.stdout
    assert process.stdout.readline() == "stalled\n"
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    process.stdout.close()
    assert finished(indexes) == []
    chunking = ChunkingSettings(size=10, overlap=0)
    knowledge = Knowledge({"long.md": long_document}, chunking, embedder=embedder, folder=indexes)
    assert len(await knowledge.search("fact", top_k=200)) == 100
