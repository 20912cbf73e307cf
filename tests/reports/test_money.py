"""Money in words: digits, never an exponent, however small it is."""

from __future__ import annotations

import pytest

from peel.records import GateResult
from peel.reports.wording import cost, gate_sentence


@pytest.mark.parametrize(
    ("dollars", "words"),
    [
        (None, "unknown"),
        (0.0, "$0.00"),
        (4e-05, "$0.00004"),
        (0.000123, "$0.00012"),
        (3e-10, "$0.0000000003"),
        (0.0996, "$0.10"),
        (0.5, "$0.50"),
        (12.345, "$12.35"),
        (1_234_567.0, "$1,234,567.00"),
        (-0.00004, "-$0.00004"),
    ],
)
def test_dollars_read_as_money(dollars: float | None, words: str) -> None:
    """To the cent, or to two digits that say something."""
    assert cost(dollars) == words


def test_a_gate_on_the_cost_tells_its_numbers_as_money() -> None:
    """Value and bounds alike."""
    gate = GateResult(
        requirement="cost_usd at most 0.01",
        subject="cost_usd",
        scope="these-cases",
        verdict="pass",
        value=4e-05,
        low=None,
        high=0.00012,
    )
    assert "value $0.00004, bounds [–, $0.00012]" in gate_sentence(gate)
