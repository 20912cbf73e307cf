"""A stored run without a store: any number of executions of the telco example, made from their numbers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from peel.records import (
    Attempt,
    Below,
    Bounds,
    Case,
    CaseFigures,
    Estimate,
    EvaluatorDefinition,
    Execution,
    Fault,
    GateResult,
    LatencyFigures,
    Orchestration,
    Provenance,
    Run,
    RunSummary,
    Scenario,
    ScenarioSummary,
    ScenarioVariant,
    Score,
    Selection,
    StepDefinition,
    StepResult,
    Usage,
    UsageFigures,
    Variant,
)
from peel.reports.format import ReportSource
from peel.reports.html import HtmlReport
from peel.store.reading import MARK_BITS, MISSING, PENDING, SCORED, UNSCORED, Columns, ScoreColumn

EVALUATORS = (
    EvaluatorDefinition(id="core-terms", use="regex"),
    EvaluatorDefinition(id="meaning", use="semantic", settings={"judge": "judge"}),
    EvaluatorDefinition(id="right-passage", use="retrieval", on="passages"),
    EvaluatorDefinition(id="would-send", use="manual"),
)
STEPS = ("question", "passages", "answer", "email")
SECTIONS = ("2.1 Reset button", "6.2 Moving to a different apartment", "4.3 LED states", "7.1 Warranty", "3.2 WLAN")
PROSE = (
    "router reset button hold three seconds power cable socket apartment moving line provider LED blinks green "
    "red amber restart settings password network wireless channel manual section please connect wait until lamp "
    "steady device DSL fibre adapter wall customer kind regards support team answer question address contract "
    "number"
)
WORDS = PROSE.split()


@dataclass
class Telco:
    """How large the run is and what is in it. `text` replaces every model output; `weak` uses the embedded model."""

    cases: int = 8
    repetitions: int = 5
    variants: tuple[str, ...] = ("base",)
    passage_words: int = 90
    text: str | None = None
    weak: bool = True
    errors: float = 0.04
    status: Any = "finished"
    case_ids: Callable[[int], str] = field(default=lambda place: f"email-{place:03d}")
    read: list[int] = field(default_factory=list)

    @property
    def each(self) -> int:
        """Executions of one variant."""
        return self.cases * self.repetitions

    def run(self) -> Run:
        """The run's record."""
        model = "embedded" if self.weak else "gpt-4o-mini"
        return Run(
            id="20250314-1a2b3c",
            started=1_741_948_800.0,
            finished=1_741_948_923.5,
            status=self.status,
            planned=self.each * len(self.variants),
            provenance=Provenance(
                peel="0.1.0",
                python="3.11.7",
                packages={"httpx": "0.28.1", "chromadb": "1.0.0"},
                git_commit="0123abc",
                git_dirty=True,
                models={"default": {"model": model}, "judge": {"model": model}},
                parts={"input manuals": "sha256:77"},
                definition_hash="sha256:42",
                selection=Selection(scenarios=("scenarios/telco_support.yaml",)),
            ),
            scenario_variants=tuple(self._scenario_variant(name) for name in self.variants),
            cases={"telco-support": tuple(self.case(place) for place in range(self.cases))},
        )

    def _scenario_variant(self, name: str) -> ScenarioVariant:
        uses = {"passages": "retrieve"}
        return ScenarioVariant(
            scenario=Scenario(
                scenario="telco-support",
                description="A customer asks by email; the answer is in a router manual.",
                orchestration="support-email",
                cases=(),
                repetitions=self.repetitions,
                evaluators=EVALUATORS,
            ),
            variant=Variant(name=name),
            orchestration=Orchestration(
                orchestration="support-email",
                steps=tuple(StepDefinition(id=step, use=uses.get(step, "llm")) for step in STEPS),
                output="email",
            ),
        )

    def case(self, place: int) -> Case:
        """One customer email."""
        chance = random.Random(f"case {place}")
        return Case(
            id=self.case_ids(place),
            tags=(("moving", "curt", "angry", "two-questions")[place % 4], *(("demo",) if place % 16 == 0 else ())),
            inputs={"email": _email(place)},
            expected={"terms": ["reset button", "3 seconds"], "answer": _prose(chance, 20), "source": "AR83.pdf#6.2"},
        )

    def facts(self, number: int) -> tuple[bool, dict[str, tuple[int, float]]]:
        """Whether an execution is ok, and its scores as (status, value) by evaluator."""
        chance = random.Random(number)
        place = number % self.each // self.repetitions
        if chance.random() < self.errors:
            return False, {}
        skill = (place * 37 % 101) / 100
        scores = {
            "core-terms": (SCORED, float(chance.random() < skill)),
            "meaning": (SCORED, round(min(1.0, max(0.0, chance.gauss(skill, 0.15))), 3)),
            "right-passage": (SCORED, (0.0, 0.25, 0.5, 1.0)[min(3, int(skill * 4))]),
        }
        if chance.random() < 0.03:
            scores["meaning"] = (UNSCORED, float("nan"))
        if chance.random() < 0.2:
            scores["would-send"] = (PENDING, float("nan")) if chance.random() < 0.5 else (SCORED, 1.0)
        return True, scores

    def executions(self, numbers: Iterable[int]) -> Iterator[tuple[Execution, tuple[Score, ...]]]:
        """Whole executions, made one at a time."""
        for number in numbers:
            self.read.append(number)
            yield self.execution(number)

    def execution(self, number: int) -> tuple[Execution, tuple[Score, ...]]:
        """One execution with its scores."""
        chance = random.Random(number + 0.5)
        variant, within = divmod(number, self.each)
        place, repetition = divmod(within, self.repetitions)
        ok, scores = self.facts(number)
        fault = None if ok else Fault(type="TransportError", message="429 from the server, 6 attempts", step="answer")
        steps = tuple(self._steps(place, chance))
        if not ok:
            steps = (*steps[:2], steps[2].model_copy(update={"status": "error", "output": None, "fault": fault}))
        execution = Execution(
            number=number,
            scenario="telco-support",
            variant=self.variants[variant],
            case=self.case_ids(place),
            repetition=repetition + 1,
            status="ok" if ok else "error",
            output=steps[-1].output,
            fault=fault,
            steps=steps,
            started=1_741_948_800.0 + number,
            latency_s=sum(step.latency_s for step in steps),
        )
        return execution, tuple(self._score(number, name, *given, chance) for name, given in scores.items())

    def _steps(self, place: int, chance: random.Random) -> Iterator[StepResult]:
        email = _email(place)
        passages = [self._passage((place * 3 + rank) % 40, rank) for rank in range(4)]
        shown = "\n\n".join(
            f"[{rank}] {p['document']}, {p['section']}\n{p['text']}" for rank, p in enumerate(passages, 1)
        )
        question = self.text or _prose(chance, 14)
        answer, reply = self.text or _prose(chance, 60), self.text or _prose(chance, 90)
        yield self._llm("question", f"Extract the question.\n\n{email}", question, chance)
        yield StepResult(
            step="passages",
            request={"from": "manuals", "query": question},
            output=passages,  # type: ignore[arg-type]
            started=1.0,
            latency_s=0.012,
        )
        retried = (Attempt(problem="503 Service Unavailable", status=503, waited_s=0.5),) if place % 7 == 0 else ()
        yield self._llm(
            "answer", f"Answer from these passages:\n\n{shown}\n\n{question}", answer, chance, attempts=retried
        )
        marks = ("truncated",) if place % 5 == 1 else ()
        yield self._llm("email", f"Write the email.\n\n{answer}", reply, chance, marks=marks)

    def _llm(self, step: str, prompt: str, output: str, chance: random.Random, **more: Any) -> StepResult:
        return StepResult(
            step=step,
            request={
                "messages": [
                    {"role": "system", "content": "You work in the support of a telecommunications company."},
                    {"role": "user", "content": prompt},
                ],
                "parameters": {"temperature": 0.7},
            },
            output=output,
            model="SmolLM2-135M-Instruct",
            started=1.0,
            latency_s=round(chance.uniform(0.2, 1.4), 3),
            usage=Usage(calls=1, tokens_in=len(prompt) // 4, tokens_out=len(output) // 4, cost_usd=None),
            details={"finish_reason": "stop"},
            **more,
        )

    def _passage(self, place: int, rank: int) -> dict[str, Any]:
        return {
            "id": f"AR83#{place}",
            "text": self.text or _passage_text(place, self.passage_words),
            "document": f"AR{83 + place % 4}.pdf",
            "page": place % 12 + 1,
            "section": SECTIONS[place % len(SECTIONS)],
            "score": round(0.83 - 0.07 * rank, 4),
        }

    def _score(self, number: int, name: str, status: int, value: float, chance: random.Random) -> Score:
        words = {SCORED: "scored", UNSCORED: "unscored", PENDING: "pending"}
        reason = "the judge's reply could not be read" if status == UNSCORED else self.text or _prose(chance, 18)
        return Score(
            execution=number,
            evaluator=name,
            status=words[status],  # type: ignore[arg-type]
            value=value if status == SCORED else None,
            reason=reason,
            rater="anna" if name == "would-send" and status == SCORED else None,
            at=1_741_948_900.0,
        )

    def columns(self, scenario: str, variant: str) -> Columns:
        """The columns of one variant."""
        assert scenario == "telco-support"
        first = self.variants.index(variant) * self.each
        facts = [self.facts(number) for number in range(first, first + self.each)]
        ok = np.array([made for made, _ in facts], dtype=bool)
        number = np.arange(first, first + self.each)
        place = (number - first) // max(1, self.repetitions)
        marks = np.where((place % 5 == 1) & ok, MARK_BITS["truncated"], 0).astype(np.uint8)
        return Columns(
            planned=self.each,
            number=number,
            case=place,
            repetition=(number - first) % max(1, self.repetitions) + 1,
            ok=ok,
            latency_s=np.full(self.each, 2.5),
            tokens_in=np.full(self.each, 900.0),
            tokens_out=np.full(self.each, 120.0),
            cost_usd=np.full(self.each, np.nan),
            marks=marks,
            scores={evaluator.id: _column(evaluator.id, facts) for evaluator in EVALUATORS},
            faults=+Counter({"TransportError: 429 from the server, 6 attempts": int((~ok).sum())}),
        )


class FakeStoredRun:
    """`peel.store.reading.StoredRun` over a `Telco`; `read` are the numbers of the executions read so far."""

    def __init__(self, telco: Telco) -> None:
        self.telco = telco
        self.run = telco.run()
        self.columns = telco.columns
        self.executions = telco.executions
        self.read = telco.read
        self.before: list[FakeStoredRun] = []

    def earlier(self, scenario: str) -> Iterator[FakeStoredRun]:
        """`before`, the newest first, as far as the scenario is theirs."""
        return (one for one in self.before if scenario in one.run.cases)


@cache
def _passage_text(place: int, words: int) -> str:
    return _prose(random.Random(f"passage {place}"), words)


@cache
def _email(place: int) -> str:
    return f"Hello, my AR{83 + place % 12}: {_prose(random.Random(f'case {place}'), 60)}"


def _prose(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words)) + "."


def _column(name: str, facts: list[tuple[bool, dict[str, tuple[int, float]]]]) -> ScoreColumn:
    given = [scores.get(name, (MISSING, float("nan"))) for _, scores in facts]
    unscored = sum(status == UNSCORED for status, _ in given)
    return ScoreColumn(
        status=np.array([status for status, _ in given], dtype=np.int8),
        value=np.array([value for _, value in given]),
        reasons={"the judge's reply could not be read": unscored} if unscored else {},
    )


def summary_of(telco: Telco) -> RunSummary:
    """A summary with plausible numbers; the intervals are not computed by any method."""
    run = telco.run()
    return RunSummary(run=run.id, scenarios=tuple(_scenario(telco, run, name) for name in telco.variants))


def _scenario(telco: Telco, run: Run, variant: str) -> ScenarioSummary:
    columns = telco.columns("telco-support", variant)
    return ScenarioSummary(
        scenario="telco-support",
        variant=variant,
        planned=columns.planned,
        completed=int(columns.ok.sum()),
        errored=int((~columns.ok).sum()),
        evaluators=tuple(_estimate(columns, evaluator, telco.cases) for evaluator in EVALUATORS),
        usage=UsageFigures(
            tokens_in=900 * telco.each,
            tokens_out=120 * telco.each,
            cost_usd=None,
            latency_s=LatencyFigures(mean=2.5, p50=2.4, p95=4.1),
        ),
        judge_usage=UsageFigures(
            tokens_in=1200, tokens_out=300, cost_usd=0.0123, latency_s=LatencyFigures(mean=1.0, p50=None, p95=None)
        ),
        gates=(
            GateResult(
                requirement="core-terms at least 0.9",
                subject="core-terms",
                scope="these-cases",
                verdict="fail",
                value=0.48,
                low=0.41,
                high=0.55,
            ),
            GateResult(
                requirement="meaning at least 0.5",
                subject="meaning",
                scope="cases-like-these",
                verdict="undecided",
                value=0.51,
                low=0.42,
                high=0.61,
            ),
            GateResult(
                requirement="latency_s at most 5",
                subject="latency_s",
                scope="these-cases",
                verdict="pass",
                value=2.5,
                low=2.2,
                high=2.9,
            ),
        ),
        marks={"truncated": int((columns.marks > 0).sum())},
        faults=dict(columns.faults),
        cases=tuple(_figures(telco, columns, place, case) for place, case in enumerate(run.cases["telco-support"])),
    )


def _estimate(columns: Columns, evaluator: EvaluatorDefinition, cases: int) -> Estimate:
    column = columns.scores[evaluator.id]
    values = column.value[column.status == SCORED]
    mean = float(values.mean()) if len(values) else None
    return Estimate(
        id=evaluator.id,
        on=evaluator.on,
        use=evaluator.use,
        n_cases=cases,
        n_executions=int(columns.ok.sum()),
        n_scored=len(values),
        n_unscored=int((column.status == UNSCORED).sum()),
        n_pending=int((column.status == PENDING).sum()),
        value=mean,
        low=None if mean is None else max(0.0, mean - 0.12),
        high=None if mean is None else min(1.0, mean + 0.11),
        level=0.95,
        method="abb",
        these_cases=Bounds(
            low=None if mean is None else max(0.0, mean - 0.04),
            high=None if mean is None else min(1.0, mean + 0.04),
            method="stratified",
        ),
        below=Below(
            threshold=0.3,
            count=int((values < 0.3).sum()),
            share=float((values < 0.3).mean()) if len(values) else None,
        ),
    )


def _figures(telco: Telco, columns: Columns, place: int, case: Case) -> CaseFigures:
    mine = columns.case == place
    values = {}
    for name, column in columns.scores.items():
        scored = column.value[mine & (column.status == SCORED)]
        values[name] = float(scored.mean()) if len(scored) else None
    return CaseFigures(
        case=case.id,
        tags=case.tags,
        planned=telco.repetitions,
        completed=int((columns.ok & mine).sum()),
        errored=int((~columns.ok & mine).sum()),
        values=values,
    )


def source_for(telco: Telco) -> ReportSource:
    """What a report is made from, for a telco run."""
    return ReportSource(summary=summary_of(telco), stored=FakeStoredRun(telco))


@pytest.fixture
def telco_source() -> Callable[..., ReportSource]:
    """Makes a report source; its arguments are the fields of `Telco`."""
    return lambda **fields: source_for(Telco(**fields))


@pytest.fixture(scope="module")
def large_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The HTML report of 10,000 executions: 100 cases, 100 times."""
    path = tmp_path_factory.mktemp("large") / "report.html"
    with path.open("wb") as out:
        HtmlReport().write(source_for(Telco(cases=100, repetitions=100)), out)
    return path
