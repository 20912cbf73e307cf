"""The HTML report's executions: what each step was asked and gave, and the scores, as compressed blocks.

A block holds some executions and the table of their longer texts, each once; the page's script opens it when one of
its executions is looked at. Every text is already made visible and bounded here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from peel.records import Case, Execution, Fault, Json, Run, Score, StepResult, Usage
from peel.reports.current import current_scores
from peel.reports.html_data import packed_json
from peel.reports.text import as_text, is_passages, messages_of, one_line, visible

BLOCK_CHARACTERS = 600_000
"""About how much text a block holds before compression."""

LONGEST_TEXT = 12_000
"""Characters of one text that the report holds; `peel show` prints the rest."""

MOST_PARTS = 60
"""How many messages, passages, attempts, scores or steps of one kind are held."""

_SHORT = 24
Stored: TypeAlias = tuple[Execution, tuple[Score, ...]]
Text: TypeAlias = str | int
"""A short text, or the place of a longer one in the block's table."""


class Block:
    """Executions gathered until there is enough for one block."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.characters = 0
        self._texts: dict[str, int] = {}
        self._executions: list[dict[str, Any]] = []
        self._cases: dict[str, dict[str, Any]] = {}

    def add(self, stored: Stored, case: Case | None) -> None:
        """Take in one execution with its scores and its case."""
        execution, scores = stored
        key = f"{execution.scenario}\n{execution.case}"
        if case is not None and key not in self._cases:
            self._cases[key] = {"inputs": self._values(case.inputs), "expected": self._values(case.expected)}
        self.numbers.append(execution.number)
        self._executions.append({**self._execution(execution), "case": key, "scores": self._scores(scores)})
        self.characters += 400

    def packed(self) -> bytes:
        """The block, compressed and in base64."""
        return packed_json({"texts": list(self._texts), "cases": self._cases, "executions": self._executions})

    def _text(self, text: str) -> Text:
        shown = visible(text, limit=LONGEST_TEXT)
        if len(shown) < _SHORT:
            return shown
        if shown not in self._texts:
            self._texts[shown] = len(self._texts)
            self.characters += len(shown)
        return self._texts[shown]

    def _values(self, values: Mapping[str, Json]) -> list[list[Text]]:
        return [[one_line(name), self._text(as_text(value))] for name, value in list(values.items())[:MOST_PARTS]]

    def _execution(self, execution: Execution) -> dict[str, Any]:
        return {
            "number": execution.number,
            "latency": round(execution.latency_s, 4),
            "usage": _usage(execution.usage),
            "fault": self._fault(execution.fault),
            "steps": [self._step(step) for step in execution.steps[:MOST_PARTS]],
        }

    def _step(self, step: StepResult) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "id": one_line(step.step),
            "model": one_line(step.model or ""),
            "latency": round(step.latency_s, 4),
            "usage": _usage(step.usage) if step.usage.calls else None,
            "marks": list(step.marks),
            "attempts": [self._attempt(a.problem, a.status, a.waited_s) for a in step.attempts[:MOST_PARTS]],
            "fault": self._fault(step.fault),
            **self._request(step.request),
            **self._output(step.output),
            "details": self._text(as_text(dict(step.details))) if step.details else None,
        }
        return {key: value for key, value in facts.items() if value not in (None, "", [])}

    def _request(self, request: Json) -> dict[str, Any]:
        messages = messages_of(request)
        if messages is None:
            return {"request": self._text(as_text(request)) if request is not None else None}
        shown = [[one_line(role), self._text(content)] for role, content in messages[:MOST_PARTS]]
        parameters = request.get("parameters") if isinstance(request, dict) else None
        return {"messages": shown, "parameters": one_line(as_text(parameters), limit=400) if parameters else None}

    def _output(self, output: Json) -> dict[str, Any]:
        if output is None:
            return {}
        if not is_passages(output):
            return {"output": self._text(as_text(output))}
        passages: Any = output
        return {"passages": [self._passage(passage) for passage in passages[:MOST_PARTS]]}

    def _passage(self, passage: Mapping[str, Any]) -> list[Any]:
        similarity = passage.get("score")
        known = isinstance(similarity, int | float)
        where = [one_line(as_text(passage.get(key)), limit=200) for key in ("document", "section", "page")]
        return [*where, f"{similarity:.3f}" if known else "", self._text(as_text(passage["text"]))]

    def _scores(self, scores: Iterable[Score]) -> list[dict[str, Any]]:
        return [
            {
                "evaluator": one_line(score.evaluator),
                "status": score.status,
                "value": finite(score.value),
                "reason": self._text(score.reason),
                **({"rater": one_line(score.rater)} if score.rater else {}),
                **({"details": self._text(as_text(dict(score.details)))} if score.details else {}),
            }
            for score in current_scores(scores)[:MOST_PARTS]
        ]

    def _attempt(self, problem: str, status: int | None, waited_s: float) -> Text:
        waited = f"; waited {waited_s:.1f} s" if waited_s else ""
        return self._text(f"{f'{status}: ' if status else ''}{problem}{waited}")

    def _fault(self, fault: Fault | None) -> Text | None:
        if fault is None:
            return None
        return self._text(f"{f'In step {fault.step}: ' if fault.step else ''}{fault.type}: {fault.message}")


def blocks(stored: Iterable[Stored], run: Run) -> Iterator[tuple[list[int], bytes]]:
    """The executions as packed blocks with the numbers in each, in the order they come; one block in memory at once."""
    cases = {(name, case.id): case for name, each in run.cases.items() for case in each}
    block = Block()
    for item in stored:
        block.add(item, cases.get((item[0].scenario, item[0].case)))
        if block.characters >= BLOCK_CHARACTERS:
            yield block.numbers, block.packed()
            block = Block()
    if block.numbers:
        yield block.numbers, block.packed()


def _usage(usage: Usage) -> list[float | None]:
    return [usage.tokens_in, usage.tokens_out, finite(usage.cost_usd)]


def finite(value: float | None) -> float | None:
    """The value, or None where it is no number JSON can hold."""
    return value if value is not None and math.isfinite(value) else None
