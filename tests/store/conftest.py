"""Real stores: a temporary SQLite file, and a private PostgreSQL server where its programs are on the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from peel.records import (
    Attempt,
    Case,
    EvaluatorDefinition,
    Execution,
    Fault,
    GateDefinition,
    Orchestration,
    Provenance,
    Run,
    Scenario,
    ScenarioVariant,
    Score,
    Selection,
    StepDefinition,
    StepResult,
    Usage,
    Variant,
)
from peel.store.store import Store

EVALUATORS = (
    EvaluatorDefinition(id="core-terms", use="regex", settings={"all": "{{ expected.terms }}"}),
    EvaluatorDefinition(id="meaning", use="semantic", on="answer"),
    EvaluatorDefinition(id="would-send", use="manual", settings={"ask": "Would you send it?"}),
)


def make_run(
    run_id: str = "20260101-aaaa",
    *,
    cases: int = 3,
    repetitions: int = 2,
    variants: tuple[str, ...] = ("base",),
    started: float = 1_767_225_600.25,
) -> Run:
    """A run of the telco scenario, not yet stored."""
    scenario = Scenario(
        scenario="telco",
        description="A customer asks by email. Grüße ☎",
        orchestration="support",
        inputs={"manuals": {"knowledge": "*.pdf", "chunking": {"size": 120}}},
        cases=(),
        repetitions=repetitions,
        evaluators=EVALUATORS,
        gates=(GateDefinition(kind="evaluator", subject="core-terms", at_least=0.9),),
    )
    steps = (StepDefinition(id="question", use="llm"), StepDefinition(id="answer", use="llm"))
    orchestration = Orchestration(orchestration="support", steps=steps, output="answer")
    return Run(
        id=run_id,
        started=started,
        planned=cases * repetitions * len(variants),
        provenance=Provenance(
            peel="0.1.0",
            python="3.11.7",
            packages={"httpx": "0.28"},
            git_dirty=False,
            parts={"scenario telco": "sha256:1"},
            selection=Selection(scenarios=("scenarios/telco.yaml",), tags=("demo",)),
        ),
        scenario_variants=tuple(
            ScenarioVariant(scenario=scenario, variant=Variant(name=name), orchestration=orchestration)
            for name in variants
        ),
        cases={"telco": tuple(Case(id=f"c{n}", inputs={"email": f"email {n}"}) for n in range(cases))},
    )


def make_step(step: str = "answer", output: object = "Hold the reset button.", **changes: object) -> StepResult:
    """An `ok` step of a model."""
    values: dict[str, object] = {
        "request": {"model": "m", "messages": [{"role": "user", "content": "How?"}]},
        "model": "m",
        "started": 1_767_225_601.5,
        "latency_s": 0.25,
        "usage": Usage(calls=1, tokens_in=50, tokens_out=12, cost_usd=0.0005),
        "details": {"finish_reason": "stop"},
    }
    return StepResult.model_validate({"step": step, "output": output, **values, **changes})


def make_execution(
    number: int, run: Run, *, steps: tuple[StepResult, ...] | None = None, variant: str = "base", **changes: object
) -> Execution:
    """Execution `number` of a run of one variant, numbered as the plan does."""
    cases = run.cases["telco"]
    steps = (make_step("question", "How to reset?"), make_step()) if steps is None else steps
    return Execution.model_validate(
        {
            "number": number,
            "scenario": "telco",
            "variant": variant,
            "case": cases[number % len(cases)].id,
            "repetition": number // len(cases) + 1,
            "status": "ok",
            "output": steps[-1].output if steps else None,
            "steps": steps,
            "started": 1_767_225_601.5,
            "latency_s": 0.75,
            **changes,
        }
    )


def make_score(number: int, value: float | None = 1.0, **changes: object) -> Score:
    """A score of core-terms, of the execution `number`."""
    status = "scored" if value is not None else "unscored"
    given = {"execution": number, "evaluator": "core-terms", "status": status, "value": value, "at": 1_767_225_602.0}
    return Score.model_validate(given | changes)


async def store_executions(store: Store, run: Run, numbers: range, *, value: float = 1.0) -> None:
    """Create nothing; write executions `numbers` with all their steps and one score each."""
    async with store.writer(run.id) as writer:
        for number in numbers:
            execution = make_execution(number, run)
            for place, step in enumerate(execution.steps):
                writer.step(number, place, result=step)
            case = number % len(run.cases["telco"])
            writer.execution(execution, scenario_variant=0, case=case, scores=[make_score(number, value)])


class Making:
    """The builders above, for tests."""

    run = staticmethod(make_run)
    step = staticmethod(make_step)
    execution = staticmethod(make_execution)
    score = staticmethod(make_score)
    stored = staticmethod(store_executions)
    fault = Fault(type="TransportError", message="no answer within 120 s", step="answer")
    attempt = Attempt(problem="503 Service Unavailable", status=503, waited_s=1.5)


@pytest.fixture
def make() -> type[Making]:
    """What builds records."""
    return Making


OpenStore = Callable[..., Store]


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[OpenStore]:
    """Opens stores at a URL (a file in the test's folder where none is given), and closes them at the end."""
    opened: list[Store] = []

    def opening(url: str = "sqlite:///.peel/peel.db", *, lock_timeout_s: float = 5.0) -> Store:
        opened.append(Store(url, root=tmp_path, lock_timeout_s=lock_timeout_s))
        return opened[-1]

    yield opening
    for store in opened:
        store.close()


@pytest.fixture
def store(store_url: str, open_store: OpenStore) -> Store:
    """An empty store of each kind."""
    return open_store(store_url)
