"""What calls cost in US dollars: the definition's own price, or the list that the package genai-prices carries.

The list is matched by the server's address and the model's name together: the same name on somebody's own server
costs something else. Nothing is fetched from the network. A price that is not known is None, never 0.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from peel.records import ModelDefinition, Price

Cost: TypeAlias = Callable[[int, int, int], float]
"""The cost of a call in US dollars from its input tokens, output tokens, and those of the input that were cached."""


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
        self._cost = _own(definition.price) if definition.price else None
        self._settled = self._cost is not None or not _may_be_listed(definition.base_url)
        self._loading: asyncio.Future[Cost | None] | None = None

    def prepare(self) -> None:
        """Begin to look up the prices in a worker thread, once."""
        if not self._settled and self._loading is None:
            loop = asyncio.get_running_loop()
            base_url = self._definition.base_url or ""
            self._loading = loop.run_in_executor(None, _listed, self._definition.model, base_url)

    async def cost(self, tokens_in: int | None, tokens_out: int | None, *, cached: int | None = None) -> float | None:
        """The cost of one call; None where the price or a count is unknown."""
        if not self._settled:
            await self._settle()
        if self._cost is None or tokens_in is None or tokens_out is None:
            return None
        return self._cost(tokens_in, tokens_out, cached or 0)

    async def _settle(self) -> None:
        self.prepare()
        if self._loading is not None:
            # One caller that is cancelled must not cancel the look-up of the others.
            self._cost = await asyncio.shield(self._loading)
        self._settled = True


def _own(price: Price) -> Cost:
    million_in, million_out = price.input_per_million, price.output_per_million
    return Rates(million_in / 1e6, million_out / 1e6, million_in / 1e6).cost


def _may_be_listed(base_url: str | None) -> bool:
    """Whether the address can be a public provider's: its host is a public name, not this machine or this network."""
    host = urlsplit(base_url or "").hostname or ""
    if "." not in host or host.endswith((".local", ".internal", ".localhost")):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return True


def _listed(model: str, base_url: str) -> Cost | None:
    """The cost of a call by the list; None for a model it does not know or has no price a token for."""
    from genai_prices import Usage, calc_price

    def looked_up(tokens_in: int, tokens_out: int, cached: int) -> float:
        usage = Usage(input_tokens=tokens_in, output_tokens=tokens_out, cache_read_tokens=min(cached, tokens_in))
        return float(calc_price(usage, model, provider_api_url=base_url).total_price)

    try:
        prices: Any = calc_price(Usage(input_tokens=1, output_tokens=1), model, provider_api_url=base_url).model_price
    except (LookupError, ValueError):
        return None
    named = [getattr(prices, name, None) for name in ("input_mtok", "output_mtok", "cache_read_mtok")]
    if named[0] is None or named[1] is None:
        return None
    # The package's own arithmetic takes 0.2 ms a call; only prices that depend on the length of the prompt need it.
    if not all(price is None or isinstance(price, Decimal) for price in named):
        return looked_up
    return _linear(named[0], named[1], million_cached=named[2])


def _linear(million_in: Decimal, million_out: Decimal, *, million_cached: Decimal | None) -> Cost:
    cached = million_in if million_cached is None else million_cached
    return Rates(float(million_in) / 1e6, float(million_out) / 1e6, float(cached) / 1e6).cost
