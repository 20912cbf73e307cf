"""The index of one knowledge input: passages and their vectors in chromadb, built once, searched many times.

An index lies in a folder named by its fingerprint, a hash over everything that made it. It is built beside that
place and renamed to it when it is whole: a folder with the name is a whole index, whatever was killed and whoever else
was building. It is never changed afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peel.errors import DocumentError, PeelError, StepError
from peel.knowledge.chunking import ChunkingSettings, TokenLimited, chunk, embedded_text, fitted, windows
from peel.knowledge.reading import read_bytes, read_document
from peel.models.embedding import Embedder
from peel.plugins import nearest
from peel.records import Passage

METRICS: Mapping[str, Callable[[float], float]] = {
    "cosine": lambda distance: 1.0 - distance,
    "dot": lambda distance: 1.0 - distance,
    "l2": lambda distance: 1.0 - (2.0 * max(distance, 0.0)) ** 0.5,
}
"""From the cosine distance of two unit vectors to the score shown, 1 for the same direction. On unit vectors all three
order alike: the dot product is the cosine, and the euclidean distance is the root of twice the cosine distance."""

_COLLECTION = "passages"
_BATCH = 64
"""Passages embedded and stored at a time."""
_KEEP_UNUSED_S = 30 * 24 * 3600
"""Seconds after which an index nobody opened is deleted."""
_KEEP_UNFINISHED_S = 24 * 3600
"""Seconds after which an unfinished build is taken for one that was killed."""
_GRAPH = {"space": "cosine", "max_neighbors": 48, "ef_construction": 400, "ef_search": 200, "num_threads": 1}
"""chromadb searches approximately, in a graph. A sparse graph misses passages among many that are nearly alike, which
near-identical manuals are: measured, 9 of 100 such with 16 neighbours, none with 48. One thread builds it, so that the
same passages make the same graph."""


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """How far a build is: `done` of `total` documents read, or passages embedded."""

    stage: str
    done: int
    total: int

    def __str__(self) -> str:
        return f"{self.stage}, {self.done} of {self.total}"


Progress = Callable[[IndexProgress], None]
"""Told how far a build is, on the event loop's thread."""


def _silent(progress: IndexProgress) -> None:
    """The progress nobody watches."""


_OPENING = threading.Lock()
"""Held while chromadb opens or closes a folder: it shares one system for each, and makes it without a lock."""


class Knowledge:
    """Documents that can be searched: a `peel.compiling.Retriever`.

    Making one reads nothing. `prepare` opens the index, building it where there is none; `search` does so on first
    use. `documents` maps the name of each document to its path; `folder` holds the indexes of a workspace.
    """

    def __init__(
        self, documents: Mapping[str, Path], chunking: ChunkingSettings, *, embedder: Embedder, folder: Path
    ) -> None:
        self.documents = dict(documents)
        self.chunking = chunking
        self._embedder = embedder
        self._folder = folder
        self._preparing = asyncio.Lock()
        self._index: _Index | None = None

    @cached_property
    def fingerprint(self) -> str:
        """A hash over the documents' names and bytes, the chunking, the embedding model, and the code that cuts.

        Reads every document. Raises DocumentError where one cannot be read.
        """
        return self._hash()

    def _hash(self) -> str:
        digest = hashlib.sha256()
        for part in (self.chunking.model_dump_json(), self._embedder.name, *_code()):
            digest.update(f"{len(part)}:{part}".encode())
        for name, path in sorted(self.documents.items()):
            content = hashlib.sha256(read_bytes(path)).hexdigest()
            digest.update(f"{len(name)}:{name}{content}".encode())
        return digest.hexdigest()[:32]

    async def prepare(self, progress: Progress = _silent) -> None:
        """Open the index; build it where it does not exist. What is ready is not opened twice.

        Raises DocumentError, which names the document that cannot be read, peel.errors.ModelError where the embedding
        model fails, and PeelError where the index cannot be written.
        """
        async with self._preparing:
            if self._index is None:
                self._index = await self._open(progress)

    async def search(self, query: str, *, top_k: int, metric: str = "cosine") -> Sequence[Passage]:
        """The `top_k` passages nearest to the query, nearest first, with their scores; fewer where there are fewer.

        A query longer than the embedding model reads is embedded in parts whose vectors are averaged. Raises StepError
        on an empty query, a `top_k` below 1 and an unknown metric.
        """
        if metric not in METRICS:
            raise StepError(f"unknown metric {metric!r}; {nearest(metric, METRICS)}")
        if top_k < 1:
            raise StepError(f"top_k must be at least 1, not {top_k}")
        if not query.strip():
            raise StepError("the query is empty, so there is nothing to search for")
        if self._index is None:
            await self.prepare()
        assert self._index is not None  # noqa: S101 - prepare sets it or raises
        vector = await _query_vector(query, self._embedder)
        found = await asyncio.to_thread(self._index.nearest, vector, top_k)
        return [_scored(passage, METRICS[metric](distance)) for passage, distance in found]

    def close(self) -> None:
        """Let go of the index's files. The next search opens them again."""
        if self._index is not None:
            self._index.close()
            self._index = None

    async def _open(self, progress: Progress) -> _Index:
        path = self._folder / await asyncio.to_thread(lambda: self.fingerprint)
        index = await asyncio.to_thread(_opened, path)
        if index is None:
            with _writing(path):
                await self._build(path, progress)
                await asyncio.to_thread(_delete_unused, self._folder)
            index = await asyncio.to_thread(_opened, path)
        if index is None:
            raise PeelError(f"{path}: the index was built but cannot be opened; delete the folder and try again")
        return index

    async def _build(self, path: Path, progress: Progress) -> None:
        passages = await self._passages(progress)
        unfinished = await asyncio.to_thread(_begun, self._folder)
        try:
            await self._store(passages, unfinished, progress)
            if await asyncio.to_thread(self._hash) != path.name:
                raise DocumentError(f"a document of {', '.join(self.documents)} changed while it was read; try again")
            await asyncio.to_thread(_publish, unfinished, path)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    async def _passages(self, progress: Progress) -> list[Passage]:
        passages: list[Passage] = []
        for done, (name, path) in enumerate(sorted(self.documents.items())):
            progress(IndexProgress("reading documents", done, len(self.documents)))
            passages += await asyncio.to_thread(self._cut, name, path)
        progress(IndexProgress("reading documents", len(self.documents), len(self.documents)))
        if not passages:
            raise DocumentError(f"the documents {', '.join(self.documents)} have no text to search")
        return passages

    def _cut(self, name: str, path: Path) -> list[Passage]:
        passages = chunk(read_document(path, name=name), self.chunking)
        return fitted(passages, self._embedder) if isinstance(self._embedder, TokenLimited) else passages

    async def _store(self, passages: Sequence[Passage], folder: Path, progress: Progress) -> None:
        index = await asyncio.to_thread(_Index.create, folder, len(passages))
        try:
            for start in range(0, len(passages), _BATCH):
                progress(IndexProgress("embedding passages", start, len(passages)))
                batch = passages[start : start + _BATCH]
                vectors = await self._embedder.embed([embedded_text(passage) for passage in batch])
                await asyncio.to_thread(index.add, batch, vectors)
            progress(IndexProgress("embedding passages", len(passages), len(passages)))
        finally:
            await asyncio.to_thread(index.close)


class _Index:
    """One folder of chromadb. Made and searched in worker threads."""

    def __init__(self, client: Any, collection: Any) -> None:
        self._client = client
        self._collection = collection

    @classmethod
    def create(cls, folder: Path, count: int) -> _Index:
        client = _client(folder)
        collection = client.create_collection(
            _COLLECTION,
            metadata={"passages": count},
            embedding_function=None,
            configuration={"hnsw": dict(_GRAPH)},
        )
        return cls(client, collection)

    @classmethod
    def open(cls, folder: Path) -> _Index:
        """Raises ValueError or sqlite3.Error where it is damaged, and whatever chromadb raises."""
        _check_database(folder / "chroma.sqlite3")
        client = _client(folder)
        try:
            collection = client.get_collection(_COLLECTION, embedding_function=None)
            if collection.count() != (collection.metadata or {}).get("passages"):
                raise ValueError("the index does not hold all its passages")
        except BaseException:
            client.close()
            raise
        return cls(client, collection)

    def add(self, passages: Sequence[Passage], vectors: NDArray[np.float32]) -> None:
        self._collection.add(
            ids=[passage.id for passage in passages],
            embeddings=vectors,
            documents=[passage.text for passage in passages],
            metadatas=[_metadata(passage) for passage in passages],
        )

    def nearest(self, vector: NDArray[np.float32], top_k: int) -> list[tuple[Passage, float]]:
        """Passages with their cosine distance to a vector of shape (1, dimensions), nearest first."""
        found = self._collection.query(
            query_embeddings=vector, n_results=top_k, include=["documents", "metadatas", "distances"]
        )
        rows = zip(found["ids"][0], found["documents"][0], found["metadatas"][0], found["distances"][0], strict=True)
        return [(Passage(id=id_, text=text, **meta), distance) for id_, text, meta, distance in rows]

    def close(self) -> None:
        with _OPENING:
            self._client.close()


def _check_database(path: Path) -> None:
    """Looks at the database before chromadb does, which for the rest of the process keeps what it failed to open."""
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        (result,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if result != "ok":
        raise ValueError(f"the database is damaged: {result}")


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    with _OPENING:
        return chromadb.PersistentClient(path=str(folder), settings=Settings(anonymized_telemetry=False))


def _metadata(passage: Passage) -> dict[str, str | int]:
    """What chromadb keeps beside the text; it knows no None."""
    return passage.model_dump(include={"document", "page", "section"}, exclude_none=True)


def _scored(passage: Passage, score: float) -> Passage:
    return passage.model_copy(update={"score": round(min(1.0, max(-1.0, score)), 6)})


async def _query_vector(query: str, embedder: Embedder) -> NDArray[np.float32]:
    """The unit vector of a query, of shape (1, dimensions)."""
    vectors = await embedder.embed(await asyncio.to_thread(_query_parts, query, embedder))
    mean: NDArray[np.float32] = vectors.mean(axis=0, keepdims=True)
    length = float(np.linalg.norm(mean))
    return mean / length if length > 0 else vectors[:1]


def _query_parts(query: str, embedder: Embedder) -> list[str]:
    """A query in as few parts as the embedding model can read whole."""
    if not isinstance(embedder, TokenLimited):
        return [query]
    size, parts = embedder.max_tokens, [query]
    if len(query) < size // 2:
        # No model makes more tokens of a text than it has characters, special ones aside.
        return parts
    while size >= 2 and max(embedder.count_tokens(parts)) > embedder.max_tokens:
        size = size * 3 // 4
        parts = windows(query, size=size)
    return parts


def _code() -> Iterator[str]:
    """What of the code decides over passages: this folder's sources and the version of the PDF reader."""
    for source in sorted(Path(__file__).parent.glob("*.py")):
        yield hashlib.sha256(source.read_bytes()).hexdigest()
    for package in ("chromadb", "pypdf"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield f"{package} {metadata.version(package)}"


def _opened(path: Path) -> _Index | None:
    """The index at a path; None where there is none, or where it is damaged, which is then moved out of the way."""
    if not path.is_dir():
        return None
    try:
        index = _Index.open(path)
    except Exception:
        with contextlib.suppress(OSError):
            path.rename(_begun(path.parent) / "damaged")
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return index


def _begun(folder: Path) -> Path:
    """A new, empty folder to build in, beside the finished ones."""
    unfinished = folder / f".building-{uuid.uuid4().hex}"
    unfinished.mkdir(parents=True)
    return unfinished


def _publish(unfinished: Path, path: Path) -> None:
    """Give a whole index its name. Where another process was faster, its index is as good as ours."""
    try:
        unfinished.rename(path)
    except OSError:
        if not path.is_dir():
            raise


def _delete_unused(folder: Path) -> None:
    for entry in folder.iterdir():
        keep = _KEEP_UNFINISHED_S if entry.name.startswith(".building-") else _KEEP_UNUSED_S
        with contextlib.suppress(OSError):
            if time.time() - entry.stat().st_mtime > keep:
                shutil.rmtree(entry, ignore_errors=True)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PeelError(
            f"{path.parent}: the index of the knowledge cannot be written: {error.strerror or error}; "
            "free some space or make the folder writable"
        ) from error
