"""What calls cost: an own price, the list by address and name, and unknown for all else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from peel.models.prices import Pricing
from peel.records import ModelDefinition, Price


def cost(
    tokens_in: int | None, tokens_out: int | None, *, cached: int | None = None, **definition: Any
) -> float | None:
    async def run() -> float | None:
        pricing = Pricing(ModelDefinition(**({"model": "gpt-4o-mini"} | definition)))
        pricing.prepare()
        return await pricing.cost(tokens_in, tokens_out, cached=cached)

    return asyncio.run(run())


OWN = Price(input_per_million=3.0, output_per_million=5.0)
OPENAI = "https://api.openai.com/v1"


def test_an_own_price_wins() -> None:
    """Dollars per million tokens, whatever the list says."""
    assert cost(1_000_000, 2_000_000, base_url=OPENAI, price=OWN) == pytest.approx(13.0)


def test_a_listed_model_has_a_price_and_cached_tokens_are_cheaper() -> None:
    """The list knows the model at its provider's address."""
    full, half = cost(1000, 100, base_url=OPENAI), cost(1000, 100, cached=1000, base_url=OPENAI)
    assert full is not None and half is not None
    assert 0 < half < full < 0.01


def test_a_price_that_depends_on_the_length_of_the_prompt_is_followed() -> None:
    """Long prompts cost more a token where the list says so."""
    short = cost(100_000, 0, model="gemini-2.5-pro", base_url="https://generativelanguage.googleapis.com/v1beta/openai")
    long = cost(
        1_000_000, 0, model="gemini-2.5-pro", base_url="https://generativelanguage.googleapis.com/v1beta/openai"
    )
    assert short is not None and long is not None
    assert long > 10 * short


@pytest.mark.parametrize(
    "definition",
    [
        {"base_url": "http://localhost:8000/v1"},
        {"base_url": "http://10.1.2.3/v1"},
        {"base_url": "http://vllm:8000/v1"},
        {"base_url": "https://proxy.example.org/v1"},
        {"base_url": OPENAI, "model": "nobody-knows-this"},
    ],
)
def test_what_is_not_listed_is_unknown_and_not_free(definition: dict[str, Any]) -> None:
    """A known name on somebody's own server costs something else."""
    assert cost(1000, 1000, **definition) is None


@pytest.mark.parametrize("counts", [(None, 1), (1, None), (None, None)])
def test_unknown_counts_make_an_unknown_cost(counts: tuple[int | None, int | None]) -> None:
    """Half a sum is no sum."""
    assert cost(*counts, price=OWN) is None


def test_one_cancelled_caller_does_not_take_the_look_up_from_the_others() -> None:
    """The prices are looked up once for all calls."""

    async def run() -> float | None:
        pricing = Pricing(ModelDefinition(model="gpt-4o-mini", base_url=OPENAI))
        first = asyncio.create_task(pricing.cost(1000, 1000))
        second = asyncio.create_task(pricing.cost(1000, 1000))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(run())
