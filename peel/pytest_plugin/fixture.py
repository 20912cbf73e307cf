"""The fixture `peel`: runs a scenario or an orchestration of the workspace from Python, and returns its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from peel.counting import counted
from peel.estimates.pairing import restricted
from peel.plugins import nearest
from peel.pytest_plugin.asking import Chosen, Given, asked_for, plain, written
from peel.pytest_plugin.deciding import Scores
from peel.pytest_plugin.loop import Loop
from peel.pytest_plugin.options import REPORT_FORMATS, Options, Undecided
from peel.records import Case, Execution, Json, Run, RunSummary, Score
from peel.reports.current import current_scores
from peel.reports.text import one_line
from peel.scenarios.finding import find_workspace
from peel.statistics.cases import group
from peel.store.reading import PENDING, SCORED, UNSCORED, Columns
from peel.workspace import Workspace


class ExecutionsErrored(Exception):
    """Some executions have no output, so that nothing can be said of all; told as an error, not as a failure."""


@dataclass(frozen=True, slots=True)
class Record:
    """One execution with its case and the scores that count; of a draft case, `draft` is True."""

    case: Case
    execution: Execution
    scores: tuple[Score, ...]

    @property
    def output(self) -> Json:
        """What the application gave."""
        return self.execution.output

    @property
    def draft(self) -> bool:
        """Whether its case is a draft, which decides nothing."""
        return self.case.draft


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario under one variant, or one orchestration, executed and scored.

    `result["core-terms"]` are the scores of an evaluator. `records` hold every execution; `columns` are what a test is
    decided by, which leaves drafts out, as `outputs` do.
    """

    run: Run
    summary: RunSummary
    records: tuple[Record, ...]
    columns: Columns
    how: Undecided

    @property
    def outputs(self) -> list[Json]:
        """The outputs, case by case, of the executions that decide: those of drafts are in `records` alone."""
        return [record.output for record in self.records if not record.draft]

    def __getitem__(self, evaluator: str) -> Scores:
        """The scores of one evaluator. Raises KeyError with the evaluators that exist."""
        __tracebackhide__ = True
        if evaluator not in self.columns.scores:
            raise KeyError(f"no evaluator {evaluator!r}; {nearest(evaluator, self.columns.scores)}")
        column = self.columns.scores[evaluator]
        scored = column.status == SCORED
        counts = {
            "errored": int((~self.columns.ok).sum()),
            "unscored": int((column.status == UNSCORED).sum()),
            "pending": int((column.status == PENDING).sum()),
        }
        left_out = " and ".join(f"{count} {word}" for word, count in counts.items() if count)
        command = f"peel show {self.run.id}"
        return Scores(evaluator, group(self.columns.case[scored], column.value[scored]), self.how, left_out, command)


class Peel:
    """Runs what is in the workspace that one of `folders` lies in."""

    def __init__(self, loop: Loop, options: Options, *, folders: Sequence[Path]) -> None:
        self._loop, self._options, self._folders = loop, options, folders

    def run(
        self,
        name: str,
        *,
        case: str | Sequence[str] = (),
        variant: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        evaluators: Sequence[Mapping[str, Any]] = (),
        repetitions: int | None = None,
        models: Mapping[str, str] | None = None,
        allow_errors: bool = False,
    ) -> Result:
        """Execute cases of a scenario (all, unless some are named), or an orchestration by itself, and score them.

        `inputs` are those of an orchestration: case inputs and knowledge, written as in a scenario file, with paths
        relative to the workspace; `evaluators` likewise. A scenario has both of its own. The run is in the store.
        Skips the test where every case is a draft. Raises ExecutionsErrored where an execution of a case that is no
        draft errored, unless `allow_errors`; DefinitionError, StoreError.
        """
        __tracebackhide__ = True
        request = replace(
            asked_for(self.root, name, Given(inputs, tuple(evaluators)), chosen=Chosen(case, variant)),
            repetitions=self._options.repetitions or repetitions,
            models={**(models or {}), **self._options.models},
        )
        with Workspace(self.root) as workspace:
            run = self._loop.wait_for(workspace.run(request, _Silent()))
            result = _result(workspace, run, how=self._options.undecided)
            if self._options.reports is not None:
                workspace.write_reports(workspace.source(run.id), self._options.reports, formats=REPORT_FORMATS)
        _skip_drafts(name, result)
        if not allow_errors:
            _check(result)
        return result

    def scores_of(
        self, outputs: Sequence[Any], evaluators: Sequence[Mapping[str, Any]], *, inputs: Mapping[str, Any]
    ) -> list[list[Score]]:
        """The scores of outputs that a test made, output by output, by evaluators as a scenario file writes them.

        Their templates see `inputs`; their paths are relative to the workspace. Raises DefinitionError.
        """
        made = [plain(output, "the output of a call") for output in outputs]
        with Workspace(self.root) as workspace:
            scored = workspace.score(made, written(evaluators), inputs=inputs, models=self._options.models)
            return self._loop.wait_for(scored)

    @property
    def root(self) -> Path:
        """The workspace's folder. Raises pytest.UsageError where there is none."""
        for folder in self._folders:
            root = find_workspace(folder)
            if root is not None:
                return root
        shown = " or ".join(dict.fromkeys(map(str, self._folders)))
        raise pytest.UsageError(f"the fixture peel finds no folder with `scenarios/` in it at or above {shown}")


class _Silent:
    """Progress that nobody watches: a test shows nothing while it runs."""

    @property
    def executions(self) -> _Silent:
        return self

    def preparing(self, what: str) -> None:
        """Not shown."""

    def started(self, run: Run, *, already: int) -> None:
        """Not shown."""

    def finished(self, execution: Execution, scores: Sequence[Score]) -> None:
        """Not shown."""


def _result(workspace: Workspace, run: Run, *, how: Undecided) -> Result:
    stored, summary = workspace.summary(run.id)
    (item,) = run.scenario_variants
    columns = stored.columns(item.scenario.scenario, item.variant.name)
    cases = {case.id: case for case in run.cases[item.scenario.scenario]}
    order = columns.number[np.lexsort((columns.repetition, columns.case))]
    records = tuple(
        Record(cases[execution.case], execution, current_scores(scores))
        for execution, scores in stored.executions(order.tolist())
    )
    return Result(run, summary, records, _deciding(columns, run.cases[item.scenario.scenario]), how)


def _deciding(columns: Columns, cases: Sequence[Case]) -> Columns:
    """The executions of the cases that are no drafts."""
    places = [place for place, case in enumerate(cases) if not case.draft]
    return restricted(columns, np.isin(columns.case, places)) if len(places) < len(cases) else columns


def _skip_drafts(name: str, result: Result) -> None:
    """End the test as skipped where it has nothing to be decided by: every case is a draft."""
    __tracebackhide__ = True
    if result.records and all(record.draft for record in result.records):
        cases = counted(len({record.case.id for record in result.records}), "draft case")
        pytest.skip(f"{one_line(name)} was run on {cases} alone, and drafts decide nothing: peel show {result.run.id}")


def _check(result: Result) -> None:
    __tracebackhide__ = True
    deciding = set(result.columns.number[~result.columns.ok].tolist())
    errored = [record.execution for record in result.records if record.execution.number in deciding]
    if not errored:
        return
    first = errored[0]
    why = f"{first.fault.type}: {first.fault.message}" if first.fault else "no fault is stored"
    raise ExecutionsErrored(
        f"{len(errored)} of {result.columns.ok.size} executions errored, first {first.case}#{first.repetition}: "
        f"{one_line(why, limit=600)}\nlook further: peel show {result.run.id} {first.case}#{first.repetition}"
    )
