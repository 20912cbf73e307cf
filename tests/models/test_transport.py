"""The transport's own bounds: what it keeps of the addresses it asked."""

from __future__ import annotations

import asyncio
import gc

import httpx
from yarl import URL

from peel.models.transport import KEPT_ROUTES, AiohttpTransport

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

KEPT_BY_YARL = 256
"""More addresses than yarl keeps for itself."""


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _alive_after(addresses: int) -> int:
    """How many addresses are in memory once so many were asked, each once."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with httpx.AsyncClient(transport=AiohttpTransport()) as client:
        for number in range(addresses):
            assert (await client.get(f"http://127.0.0.1:{port}/{number}")).text == "ok"
        gc.collect()
        alive = sum(isinstance(one, URL) for one in gc.get_objects())
    server.close()
    return alive


def test_what_is_kept_does_not_grow_with_the_addresses_asked() -> None:
    """A step may ask another address in every execution: after the first of them, no more is kept."""
    some = asyncio.run(_alive_after(KEPT_ROUTES))
    assert asyncio.run(_alive_after(10 * KEPT_ROUTES)) < some + KEPT_BY_YARL
