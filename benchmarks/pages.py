"""How long the server takes for its pages, with a thousand runs in the store, and how many scores it takes a second.

    python benchmarks/pages.py                                   # SQLite in a temporary folder
    python benchmarks/pages.py --store postgresql+psycopg://…    # an empty database

Builds a workspace of 20 scenarios and a store of 1,000 runs with 100 executions each, by the calls that `peel run`
stores with. Each page is asked of the whole application in this process (routing, session, template and all, without
the network): cold is the first request to a server that has just started, warm the median of the next ones. Parts that
a page loads by itself are measured as requests of their own. Beside the time that passed stands the processor's, which
other work on the machine does not lengthen. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from peel.records import Execution, Run, Score, StepResult, Usage
from peel.runs.plan import Plan
from peel.web.application import create_app
from peel.web.security.addresses import Address
from peel.workspace import RunRequest, Workspace

SCENARIOS = 20
CASES, REPETITIONS = 20, 5
BASE = "http://127.0.0.1:8000"
DAY_S = 86_400

_ORCHESTRATION = """orchestration: reply
steps:
  - {id: question, use: llm, prompt: [{user: "Question of {{ email }}"}]}
  - {id: answer, use: llm, prompt: [{user: "Answer {{ question }}"}]}
"""
_SCENARIO = """scenario: support-{place:02d}
description: A customer asks by email; we reply by email.
orchestration: reply
cases: support-{place:02d}.csv
repetitions: {repetitions}
evaluators:
  - {{id: terms, use: regex, all: reset}}
  - {{id: exact, use: exact, expected: "{{{{ expected.answer }}}}"}}
  - {{id: would-send, use: manual, ask: Would you send it?}}
gates:
  - {{evaluator: terms, at_least: 0.5}}
"""
_TEXT = "Hold the reset button for three seconds, then wait until the lamp is steady. " * 6


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--store", help="the URL of an empty store; SQLite in a temporary folder by default")
    parser.add_argument("--warm", type=int, default=7, help="requests behind each median")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_workspace(root)
        with Workspace(root, store=given.store) as workspace:
            ids = fill(workspace, runs=given.runs)
        measure_pages(root, given.store, ids, warm=given.warm)
        measure_scoring(root, given.store, ids[-1])


def write_workspace(root: Path) -> None:
    """Twenty scenarios of twenty cases."""
    for name in ("scenarios", "orchestrations"):
        (root / name).mkdir()
    (root / "peel.yaml").write_text("models:\n  default: {base_url: http://127.0.0.1:9/v1, model: none}\n")
    (root / "orchestrations" / "reply.yaml").write_text(_ORCHESTRATION)
    for place in range(SCENARIOS):
        cases = "".join(f"case-{n:02d},tag-{n % 4},My router {n} is slow,reset\n" for n in range(CASES))
        stem = root / "scenarios" / f"support-{place:02d}"
        stem.with_suffix(".csv").write_text("id,tags,email,expected.answer\n" + cases)
        stem.with_suffix(".yaml").write_text(_SCENARIO.format(place=place, repetitions=REPETITIONS))


def fill(workspace: Workspace, *, runs: int) -> list[str]:
    """The ids of the stored runs, the oldest first."""
    began = time.perf_counter()
    planned = [
        asyncio.run(workspace.preview(RunRequest(paths=(str(path),), by="benchmark")))
        for path in sorted((workspace.root / "scenarios").glob("*.yaml"))
    ]
    now, ids = time.time(), []
    for place in range(runs):
        started = now - (runs - place) * DAY_S / 10
        run = planned[place % SCENARIOS].model_copy(update={"id": f"run-{place:06d}", "started": started})
        workspace.store.create(run)
        asyncio.run(_store(workspace, run, random.Random(place)))
        workspace.store.set_status(run.id, "finished")
        ids.append(run.id)
    took = time.perf_counter() - began
    print(f"Stored {runs:,} runs, {runs * CASES * REPETITIONS:,} executions in {took:.0f} s.\n")
    return ids


async def _store(workspace: Workspace, run: Run, chance: random.Random) -> None:
    item = run.scenario_variants[0]
    skill = 0.6 + 0.3 * chance.random()
    async with workspace.store.writer(run.id) as writer:
        for one in Plan(run.scenario_variants, run.cases):
            case = run.cases[item.scenario.scenario][one.case]
            steps = tuple(_step(name, run.started) for name in ("question", "answer"))
            for place, step in enumerate(steps):
                writer.step(one.number, place, result=step)
            execution = Execution(
                number=one.number, scenario=item.scenario.scenario, variant="base", case=case.id,
                repetition=one.repetition, status="ok", output=_TEXT, steps=steps, started=run.started, latency_s=1.0,
            )  # fmt: skip
            scores = [
                Score(
                    execution=one.number, evaluator=name, status="scored", value=float(chance.random() < skill), at=1.0
                )
                for name in ("terms", "exact")
            ]
            scores.append(Score(execution=one.number, evaluator="would-send", status="pending", at=1.0))
            writer.execution(execution, scenario_variant=0, case=one.case, scores=scores)


def _step(name: str, started: float) -> StepResult:
    usage = Usage(calls=1, tokens_in=200, tokens_out=90, cost_usd=0.0002)
    request = {"messages": [{"role": "user", "content": "How do I reset my router?"}]}
    return StepResult(
        step=name, request=request, output=_TEXT, model="none", started=started, latency_s=0.5, usage=usage
    )


def paths_of(ids: list[str]) -> Iterator[tuple[str, str]]:
    """Each page and each part of one: what it is called, and its address."""
    last, before = ids[-1], ids[-1 - SCENARIOS] if len(ids) > SCENARIOS else ids[0]
    name = f"support-{(len(ids) - 1) % SCENARIOS:02d}"
    old = ids[len(ids) // 2]
    yield from (
        ("scenarios", "/scenarios"),
        *((f"· part: numbers of scenario {n + 1}", f"/scenarios/support-{n:02d}/numbers") for n in range(SCENARIOS)),
        ("scenarios, all numbers kept", "/scenarios"),
        ("a scenario", f"/scenarios/{name}"),
        ("· part: its numbers", f"/scenarios/{name}/figures"),
        ("edit a scenario", f"/scenarios/{name}/edit"),
        ("cases", f"/scenarios/{name}/cases"),
        ("runs", "/runs"),
        ("runs, far back", f"/runs?before={ids[60] if len(ids) > 60 else last}"),
        ("runs of a scenario", f"/runs?scenario={name}"),
        ("a run", f"/runs/{last}"),
        ("· part: its report", f"/runs/{last}/report"),
        ("a run, its report kept", f"/runs/{last}"),
        ("an older run", f"/runs/{old}"),
        ("· part: its progress", f"/runs/{last}/progress"),
        ("an execution", f"/runs/{last}/executions/42"),
        ("new run", f"/runs/new?scenario={name}"),
        ("compare, to choose", "/compare"),
        ("compare two runs", f"/compare?base={before}&candidate={last}"),
        ("outputs side by side", f"/compare/outputs?base={before}&candidate={last}"),
        ("scoring", "/scoring"),
        ("agreement", "/agreement"),
        ("API: runs", "/api/runs"),
        ("API: a run", f"/api/runs/{last}"),
    )


@contextmanager
def served(root: Path, store: str | None) -> Iterator[TestClient]:
    """A server that has just started, and a client of it."""
    with Workspace(root, store=store) as workspace:
        app = create_app(workspace, Address("127.0.0.1", 8000))
        with TestClient(app, base_url=BASE, follow_redirects=False) as client:
            client.get("/health")
            yield client


def measure_pages(root: Path, store: str | None, ids: list[str], *, warm: int) -> None:
    """A table: cold and warm server time of each page, in milliseconds."""
    print("| page | cold, ms | of the processor | warm, ms | of the processor | kB |\n|---|---:|---:|---:|---:|---:|")
    with served(root, store) as client:
        for name, path in paths_of(ids):
            status, size, *cold = _timed(client, path)
            if status != 200:
                print(f"| {name} | – (answer {status}) | – | – | – | – |")
                continue
            again = [
                statistics.median(both) for both in zip(*(_timed(client, path)[2:] for _ in range(warm)), strict=True)
            ]
            shown = " | ".join(f"{1000 * one:.0f}" for one in (*cold, *again))
            print(f"| {name} | {shown} | {size / 1000:.0f} |", flush=True)


def _timed(client: TestClient, path: str) -> tuple[int, int, float, float]:
    """Status, bytes, seconds that passed, seconds of the processor."""
    began, used = time.perf_counter(), time.process_time()
    answer = client.get(path)
    return answer.status_code, len(answer.content), time.perf_counter() - began, time.process_time() - used


def measure_scoring(root: Path, store: str | None, run: str) -> None:
    """How many scores a second one client after the other hands in, each a request, durable when it is answered."""
    with served(root, store) as client:
        page = client.get("/scoring").text
        token = re.search(r'data-csrf="([^"]+)"', page)
        with Workspace(root, store=store) as workspace:
            scoring = workspace.scoring(run, rater=_rater())
            session, outputs = scoring.session, [one.id for one in scoring.questions()]
        if token is None or not outputs:
            print("\nScoring: the page asks nothing here.")
            return
        began = time.perf_counter()
        done = sum(_score(client, session, output, token[1]) for output in outputs)
        took = time.perf_counter() - began
    print(f"\nScoring: {done} of {len(outputs)} scores stored, {done / took:.0f} requests a second.")


def _score(client: TestClient, session: str, output: str, token: str) -> int:
    fields: dict[str, Any] = {"csrf": token, "id": output, "value": "0.8", "submission": f"benchmark-{output[:20]}"}
    return int(client.post(f"/scoring/{session}/scores", data=fields).status_code == 200)


def _rater() -> str:
    """Who the open server takes its visitor for."""
    from peel.environment import system_user

    return system_user() or "local"


if __name__ == "__main__":
    main()
