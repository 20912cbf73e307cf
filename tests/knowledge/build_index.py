"""Builds an index in a process of its own: `build_index.py DOCUMENT INDEXES [stall]`.

With `stall` it says so after the first batch of passages and then waits for ever, so that it can be killed there.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hashing_embedder import HashingEmbedder
from numpy.typing import NDArray

from peel.knowledge import ChunkingSettings, Knowledge


class StallingEmbedder(HashingEmbedder):
    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.embedded:
            sys.stdout.write("stalled\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
        return await super().embed(texts)


def main(document: Path, indexes: Path, *, stall: bool) -> None:
    embedder = StallingEmbedder() if stall else HashingEmbedder()
    settings = ChunkingSettings(size=10, overlap=0)
    knowledge = Knowledge({document.name: document}, settings, embedder=embedder, folder=indexes)
    asyncio.run(knowledge.prepare())
    sys.stdout.write(knowledge.fingerprint)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), stall="stall" in sys.argv[3:])
