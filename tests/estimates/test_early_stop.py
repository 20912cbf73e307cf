"""The rule that ends a run: right rarely enough wrong, the same from the store as while it ran, and cheap."""

from __future__ import annotations

import numpy as np
import pytest

from peel.estimates.anytime import FAIL, PASS, UNDECIDED, BoundedGate, EachCase
from peel.estimates.early_stop import EarlyStop
from peel.estimates.sweeps import Sweeps
from peel.estimates.until import Until, parse_until
from peel.records import (
    Case,
    CaseRule,
    EvaluatorDefinition,
    GateDefinition,
    Orchestration,
    Provenance,
    Run,
    Scenario,
    ScenarioVariant,
    Selection,
    Variant,
)

RUNS = 300


def _gate(**changed) -> GateDefinition:
    given = {"kind": "evaluator", "subject": "right", "at_least": 0.8, **changed}
    return GateDefinition(**given)


def _run(*gates: GateDefinition, cases: int = 10, repetitions: int = 60, variants: int = 1) -> Run:
    scenario = Scenario(
        scenario="s",
        orchestration="o",
        cases=(),
        repetitions=repetitions,
        evaluators=(EvaluatorDefinition(id="right", use="exact"),),
        gates=gates,
    )
    items = tuple(
        ScenarioVariant(
            scenario=scenario,
            variant=Variant(name=f"v{place}"),
            orchestration=Orchestration(orchestration="o", steps=(), output="a"),
        )
        for place in range(variants)
    )
    provenance = Provenance(peel="0", python="3", selection=Selection(scenarios=("s",), until="decided"))
    some = tuple(Case(id=f"c{place}", tags=("odd",) if place % 2 else ()) for place in range(cases))
    return Run(id="r", started=0.0, provenance=provenance, scenario_variants=items, cases={"s": some})


def _sweeps(values: np.ndarray) -> Sweeps:
    return Sweeps(~np.isnan(values), {"right": values})


def _binary(rng: np.random.Generator, rates: np.ndarray, sweeps: int) -> np.ndarray:
    return (rng.random((sweeps, rates.size)) < rates).astype(np.float64)


def _first(run: Run, values: np.ndarray, until: Until | None = None) -> int | None:
    return EarlyStop(run, until or Until()).add([_sweeps(values)])


def test_false_decisions_are_rare_where_cases_differ() -> None:
    """Ten cases from hopeless to perfect, their mean exactly on the bar: each wrong verdict in 1 of 20 runs at most."""
    rng = np.random.default_rng(21)
    rates = np.array([0.1, 0.5, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0])
    cases, verdicts = np.arange(10), []
    for _ in range(RUNS):
        codes = BoundedGate(_gate(at_least=float(rates.mean())), cases).add(_sweeps(_binary(rng, rates, 60)))
        decided = codes[codes != UNDECIDED]
        verdicts.append(int(decided[0]) if decided.size else UNDECIDED)
    assert verdicts.count(PASS) <= RUNS / 20
    assert verdicts.count(FAIL) <= RUNS / 20


def test_clear_cases_end_a_run_soon_and_unclear_ones_do_not() -> None:
    """At 0.98 against 0.8 a run of 600 executions ends with a third of them at most; at 0.8 it hardly ever ends."""
    rng = np.random.default_rng(22)
    clear = [_first(_run(_gate()), _binary(rng, np.full(10, 0.98), 60)) for _ in range(50)]
    unclear = [_first(_run(_gate()), _binary(rng, np.full(10, 0.8), 60)) for _ in range(50)]
    assert max(clear) <= 20
    assert unclear.count(60) >= 45


def test_fed_one_by_one_it_ends_where_it_ends_fed_at_once() -> None:
    """While a run goes on, and from its store; with every kind of gate, those of a tag that no case has among them."""
    rng = np.random.default_rng(29)
    gates = (
        _gate(),
        _gate(at_least=None, at_most=0.5, statistic="share-below", threshold=0.3),
        _gate(at_least=0.3, statistic="pass-hat", k=3, threshold=0.5),
        _gate(at_least=0.3, scope="cases-like-these", tag="odd"),
        _gate(kind="measure", subject="error_rate", at_least=None, at_most=0.2),
        _gate(at_least=0.3, statistic="pass-hat", k=3, threshold=0.5, tag="nowhere"),
    )
    values = _binary(rng, np.full(10, 0.95), 60)
    at_once = _first(_run(*gates), values)
    rule, one_by_one = EarlyStop(_run(*gates), Until()), None
    for at in range(60):
        one_by_one = one_by_one or rule.add([_sweeps(values[at : at + 1])])
    assert at_once == one_by_one
    assert 3 <= at_once < 60


def test_the_slowest_variant_ends_the_run() -> None:
    """A clear one waits for it."""
    rng = np.random.default_rng(24)
    clear, slow = (_binary(rng, np.full(10, rate), 60) for rate in (1.0, 0.9))
    both = EarlyStop(_run(_gate(), variants=2), Until()).add([_sweeps(clear), _sweeps(slow)])
    assert both == _first(_run(_gate()), slow) > _first(_run(_gate()), clear)


def test_what_has_no_score_counts_against_either_verdict() -> None:
    """A tenth is missing: what is right otherwise shows no 0.95, and what is wrong otherwise still fails."""
    values = np.ones((60, 10))
    values[:, 0] = np.nan
    assert set(BoundedGate(_gate(at_least=0.95), np.arange(10)).add(_sweeps(values))) == {UNDECIDED}
    assert BoundedGate(_gate(), np.arange(10)).add(_sweeps(values))[-1] == PASS
    values[:, 1:] = 0.0
    assert BoundedGate(_gate(), np.arange(10)).add(_sweeps(values))[-1] == FAIL


def test_one_value_below_it_refutes_a_bar_of_one_for_good() -> None:
    """Nothing that comes later proves "always"."""
    values = np.ones((20, 3))
    values[4, 1] = 0.9
    codes = BoundedGate(_gate(at_least=1.0), np.arange(3)).add(_sweeps(values))
    assert codes.tolist() == [UNDECIDED] * 4 + [FAIL] * 16


def test_pass_hat_is_shown_by_repetitions_in_a_row() -> None:
    """Two thirds of the repetitions right, but never three in a row: pass^3 fails, at the end of a block."""
    values = np.tile(np.array([[1.0], [1.0], [0.0]]), (20, 10))
    codes = BoundedGate(_gate(at_least=0.5, statistic="pass-hat", k=3), np.arange(10)).add(_sweeps(values))
    assert codes[-1] == FAIL
    assert (int(np.argmax(codes == FAIL)) + 1) % 3 == 0


def test_each_case_is_curtailed_exactly() -> None:
    """8 of 10: three failures of one case fail it at once, eight passes of all pass it."""
    gate = _gate(at_least=None, statistic="each-case", threshold=0.5, rule=CaseRule(passes=8, of=10, written="8 of 10"))
    values = np.ones((10, 4))
    assert EachCase(gate, np.arange(4), repetitions=10).add(_sweeps(values)).tolist() == [UNDECIDED] * 7 + [PASS] * 3
    values[[1, 3, 6], 2] = 0.0
    assert EachCase(gate, np.arange(4), repetitions=10).add(_sweeps(values)).tolist() == [UNDECIDED] * 6 + [FAIL] * 4
    values[:, 2] = np.nan
    assert set(EachCase(gate, np.arange(4), repetitions=10).add(_sweeps(values))) == {UNDECIDED}


def test_a_width_is_reached_and_not_before() -> None:
    """The first sweep after which the interval is narrower."""
    values = _binary(np.random.default_rng(25), np.full(20, 0.7), 60)
    assert _first(_run(), values, Until(width=1.0)) == 1
    ends = [_first(_run(), values, Until(width=width)) for width in (0.4, 0.25)]
    assert 1 < ends[0] < ends[1] < 60
    assert _first(_run(), values, Until(width=0.01)) == 60


def test_a_long_run_is_looked_at_a_few_hundred_times() -> None:
    """After every sweep up to 127; then never later than by one part in 64, and after the last."""
    looked = 1 + np.flatnonzero(EarlyStop(_run(_gate(), cases=1, repetitions=100_001), Until()).looked_at(100_001))
    assert looked[:127].tolist() == list(range(1, 128))
    assert (np.diff(looked)[126:] / looked[126:-1]).max() <= 1 / 63
    assert looked[-1] == 100_001
    assert looked.size < 1000


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("decided", Until()),
        (" width < 0.05 ", Until(0.05)),
        ("width<.1", Until(0.1)),
        ("core:terms:width<0.05", Until(0.05, "core:terms")),
    ],
)
def test_what_it_may_say(text: str, until: Until) -> None:
    """Spaces are free; the evaluator is all before the last colon."""
    assert parse_until(text) == until


@pytest.mark.parametrize("text", ["", "width<", "width<x", "width<-1", "width<0.0", "width<2", "DECIDED", ":width<0.1"])
def test_what_it_may_not_say(text: str) -> None:
    """Each is refused in a sentence."""
    with pytest.raises(ValueError, match=r"decided|at most 1"):
        parse_until(text)
