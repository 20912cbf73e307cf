"""Embedders without a model: words hashed into a vector. Equal words bring texts near; they are deterministic."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 512


class HashingEmbedder:
    """Counts the texts it embedded, to tell an index that was built from one that was opened."""

    def __init__(self, name: str = "hashing") -> None:
        self.name = name
        self.embedded: list[str] = []

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded.extend(texts)
        vectors = np.full((len(texts), DIMENSIONS), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                vectors[row, zlib.crc32(word.encode()) % DIMENSIONS] += 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class ShortSightedEmbedder(HashingEmbedder):
    """One that reads only the first 40 words of a text, and says so."""

    max_tokens = 40

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"\w+", text)) for text in texts]

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        assert max(self.count_tokens(texts)) <= self.max_tokens
        return await super().embed(texts)
