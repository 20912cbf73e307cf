"""The embedder behind the `/embeddings` of an OpenAI-compatible server."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from peel.errors import ProtocolError
from peel.models.endpoint import Endpoint, address, headers, read_bounded
from peel.models.openai import limiter_for, open_transport
from peel.models.shared import Shared
from peel.records import ModelDefinition

if TYPE_CHECKING:
    import httpx
    import numpy as np
    from numpy.typing import NDArray

_PATH = "/embeddings"
_BATCH = 128
_LARGEST = 64 * 1024 * 1024


class OpenAIEmbedder:
    """An embedding model on a server. Texts are sent in batches; the rows are scaled to unit length here.

    Raises PeelError where the definition has no usable address.
    """

    def __init__(self, definition: ModelDefinition, *, shared: Shared) -> None:
        headers(definition)
        self._definition = definition
        places = (address(definition, _PATH), definition.model, definition.api_key, definition.concurrency)
        self._endpoint = Endpoint(
            definition,
            _PATH,
            transport=lambda: shared.get("http", open_transport),
            limiter=shared.get(places, lambda: limiter_for(definition)),
        )

    @property
    def name(self) -> str:
        """The model and the address that serves it."""
        return f"{self._definition.model} at {self._endpoint.label}"

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of the texts: float32, shape (texts, dimensions), rows of unit length.

        Raises TransportError, RefusedError or ProtocolError. No texts give shape (0, 0): the server is not asked.
        """
        import numpy as np

        batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
        if not batches:
            return np.zeros((0, 0), dtype=np.float32)
        vectors = await asyncio.gather(*(self._batch(batch) for batch in batches))
        if len({part.shape[1] for part in vectors}) > 1:
            raise ProtocolError("the server's vectors differ in length from batch to batch")
        return np.concatenate(vectors)

    async def _batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        body = {"model": self._definition.model, **self._definition.parameters, "input": list(texts)}

        async def read(response: httpx.Response) -> NDArray[np.float32]:
            return _vectors(await read_bounded(response, limit=_LARGEST), expected=len(texts))

        return (await self._endpoint.post(body, read)).value


def _vectors(body: bytes, *, expected: int) -> NDArray[np.float32]:
    """The vectors of a reply in the order of their texts, each of unit length. Raises ProtocolError."""
    import numpy as np

    rows = _rows(body, expected)
    try:
        found = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ProtocolError("the reply's embeddings are no lists of numbers of one length") from error
    if found.ndim != 2 or found.shape[1] == 0:
        raise ProtocolError("the reply's embeddings are no lists of numbers of one length")
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise ProtocolError("the reply holds an embedding of length zero or with a value that is no finite number")
    scaled: NDArray[np.float32] = (found / lengths).astype(np.float32)
    return scaled


def _rows(body: bytes, expected: int) -> list[Any]:
    try:
        reply = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ProtocolError(f"the reply is not JSON ({error})") from error
    data = reply.get("data") if isinstance(reply, dict) else None
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise ProtocolError("the reply has no data, the list of embeddings")
    if len(data) != expected:
        raise ProtocolError(f"the reply has {len(data)} embeddings for {expected} texts")
    places = [item.get("index", place) for place, item in enumerate(data)]
    if any(isinstance(place, bool) for place in places) or sorted(places, key=_as_number) != list(range(expected)):
        raise ProtocolError("the reply's embeddings do not say which text each belongs to")
    return [item.get("embedding") for _, item in sorted(zip(places, data, strict=True), key=lambda pair: pair[0])]


def _as_number(place: Any) -> float:
    return place if isinstance(place, int | float) else math.inf
