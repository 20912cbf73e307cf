"""Columns of a run without a store, made from the scores themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from peel.records import (
    Case,
    EvaluatorDefinition,
    GateDefinition,
    Orchestration,
    Provenance,
    Run,
    Scenario,
    ScenarioVariant,
    Selection,
    StepDefinition,
    Usage,
    Variant,
)
from peel.store.reading import MISSING, PENDING, SCORED, UNSCORED, Columns, ScoreColumn

ERRORED = "errored"
STATES: dict[object, int] = {"unscored": UNSCORED, "pending": PENDING, "not asked": MISSING, ERRORED: MISSING}


def make_columns(
    *cases: Sequence[float | str], cost: Any = 0.001, latency: Any = None, planned: int | None = None
) -> Columns:
    """One list a case, one entry a repetition: a value, `unscored`, `pending`, `not asked` or `errored`.

    `cost` is one number for all executions or one each (NaN: unknown); `latency` likewise, by default all different.
    """
    flat = [(place, rep, entry) for place, case in enumerate(cases) for rep, entry in enumerate(case, 1)]
    size = len(flat)
    entries = [entry for _, _, entry in flat]
    status = np.array([STATES.get(entry, SCORED) for entry in entries], dtype=np.int8)
    value = np.array([np.nan if isinstance(entry, str) else entry for entry in entries], dtype=np.float64)
    ok = np.array([entry != ERRORED for entry in entries], dtype=np.bool_)
    reasons = {"the judge's reply is no JSON": int((status == UNSCORED).sum())} if (status == UNSCORED).any() else {}
    return Columns(
        planned=size if planned is None else planned,
        number=np.arange(size, dtype=np.int64),
        case=np.array([place for place, _, _ in flat], dtype=np.int64),
        repetition=np.array([rep for _, rep, _ in flat], dtype=np.int64),
        ok=ok,
        latency_s=np.arange(1.0, size + 1) if latency is None else np.broadcast_to(latency, size).astype(np.float64),
        tokens_in=np.full(size, 50.0),
        tokens_out=np.full(size, 10.0),
        cost_usd=np.broadcast_to(cost, size).astype(np.float64),
        marks=np.zeros(size, dtype=np.uint8),
        scores={"core-terms": ScoreColumn(status=status, value=value, reasons=reasons)},
        faults={"TransportError in answer: no answer": int((~ok).sum())} if not ok.all() else {},
    )


class FakeStoredRun:
    """A stored run whose columns are given."""

    def __init__(
        self,
        columns: Columns,
        *,
        cases: int,
        repetitions: int,
        gates: tuple[GateDefinition, ...] = (),
        judges: Usage | None = None,
    ) -> None:
        self._columns, self._judges = columns, judges or Usage()
        scenario = Scenario(
            scenario="telco",
            orchestration="support",
            cases=(),
            repetitions=repetitions,
            evaluators=(EvaluatorDefinition(id="core-terms", use="regex"),),
            gates=gates,
        )
        steps = (StepDefinition(id="answer", use="llm"),)
        self.run = Run(
            id="r1",
            started=1.0,
            status="finished",
            planned=cases * repetitions,
            provenance=Provenance(peel="0", python="3", selection=Selection(scenarios=("telco.yaml",))),
            scenario_variants=(
                ScenarioVariant(
                    scenario=scenario,
                    variant=Variant(name="base"),
                    orchestration=Orchestration(orchestration="support", steps=steps, output="answer"),
                ),
            ),
            cases={"telco": tuple(Case(id=f"c{place}", tags=("demo",)) for place in range(cases))},
        )

    def columns(self, scenario: str, variant: str) -> Columns:
        """The columns that were given."""
        return self._columns

    def judge_usage(self, scenario: str, variant: str) -> Usage:
        """The judges' usage that was given."""
        return self._judges


class Making:
    """The builders above, for tests."""

    columns = staticmethod(make_columns)
    stored = FakeStoredRun


@pytest.fixture
def make() -> type[Making]:
    """What builds columns and stored runs."""
    return Making
