"""What an embedder is to the rest of PEEL: texts in, vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Embedder(Protocol):
    """A model that turns texts into vectors.

    `name` identifies the model and its version: an index built with one embedder is rebuilt for another.
    `embed` returns float32 of shape (number of texts, dimensions), each row of unit length. Raises
    peel.errors.ModelError when there is no usable answer. Safe to call concurrently.
    """

    @property
    def name(self) -> str: ...

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...
