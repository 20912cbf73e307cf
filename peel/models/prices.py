"""What calls cost in US dollars: the definition's own price, or the list that the package genai-prices carries.

The list is matched by the server's address and the model's name together: the same name on somebody's own server
costs something else. Nothing is fetched from the network. A price that is not known is None, never 0.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from peel.records import ModelDefinition, Price


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per token; `cached` is for input tokens that the server had in its cache."""

    tokens_in: float
    tokens_out: float
    cached: float

    def cost(self, tokens_in: int, tokens_out: int, cached: int) -> float:
        """The cost of one call in US dollars; `cached` tokens are among `tokens_in`."""
        cached = min(cached, tokens_in)
        return (tokens_in - cached) * self.tokens_in + cached * self.cached + tokens_out * self.tokens_out


class Pricing:
    """The prices of one model. The list takes a few tenths of a second to load: `prepare` begins that beside the first
    call, and only for servers that can be in it."""

    def __init__(self, definition: ModelDefinition) -> None:
        self._definition = definition
        self._rates = _own(definition.price) if definition.price else None
        self._settled = self._rates is not None or not _may_be_listed(definition.base_url)
        self._loading: asyncio.Future[Rates | None] | None = None

    def prepare(self) -> None:
        """Begin to look up the prices in a worker thread, once."""
        if not self._settled and self._loading is None:
            loop = asyncio.get_running_loop()
            self._loading = loop.run_in_executor(None, _listed, self._definition.model, self._definition.base_url)

    async def cost(self, tokens_in: int | None, tokens_out: int | None, *, cached: int | None = None) -> float | None:
        """The cost of one call; None where the price or a count is unknown."""
        if not self._settled:
            await self._settle()
        if self._rates is None or tokens_in is None or tokens_out is None:
            return None
        return self._rates.cost(tokens_in, tokens_out, cached or 0)

    async def _settle(self) -> None:
        self.prepare()
        if self._loading is not None:
            # One caller that is cancelled must not cancel the look-up of the others.
            self._rates = await asyncio.shield(self._loading)
        self._settled = True


def _own(price: Price) -> Rates:
    million_in, million_out = price.input_per_million, price.output_per_million
    return Rates(million_in / 1e6, million_out / 1e6, million_in / 1e6)


def _may_be_listed(base_url: str | None) -> bool:
    """Whether the address can be a public provider's: its host is a public name, not this machine or this network."""
    host = urlsplit(base_url or "").hostname or ""
    if "." not in host or host.endswith((".local", ".internal", ".localhost")):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


def _listed(model: str, base_url: str) -> Rates | None:
    """The rates of the list; None for a model it does not know, or whose price is no fixed amount a token."""
    from genai_prices.data_snapshot import get_snapshot

    try:
        provider, found = get_snapshot().find_provider_model(model, None, None, base_url)
        prices: Any = found.get_prices(_now())
    except LookupError:
        return None
    plain_in, plain_out = _per_token(prices.input_mtok), _per_token(prices.output_mtok)
    cached = plain_in if prices.cache_read_mtok is None else _per_token(prices.cache_read_mtok)
    return None if plain_in is None or plain_out is None or cached is None else Rates(plain_in, plain_out, cached)
