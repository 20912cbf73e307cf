"""History: each scenario variant of a stored run beside the finished runs of it that began before, from the store.

Only runs that began before a run are in its history, so a report of it stays as it is when later runs are made. What
is read is bounded: a store with a thousand runs costs no more than one with thirty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from peel.errors import DefinitionError
from peel.estimates.comparing import compare
from peel.estimates.differences import Question
from peel.estimates.values import LEVEL, cases_of
from peel.records import Bounds, Estimate, Run, RunSummary, ScenarioSummary
from peel.records.comparisons import Comparison
from peel.records.history import History, PastRun, PastValue, RunOutline
from peel.statistics.cases import Cases
from peel.statistics.intervals import these_cases
from peel.store.reading import SCORED, Columns, ReadOnce, ScoreColumn, StoredRun

MOST_RUNS = 30
"""How many runs a trend shows, the run itself included."""

MOST_EXECUTIONS = 30_000
"""How many planned executions the earlier runs of a trend may have together; the last one is read however large."""

MOST_VARIANTS = 20
"""How many scenario variants of a run have a history; beyond it `peel compare` answers."""


def histories(stored: StoredRun, summary: RunSummary) -> tuple[History, ...]:
    """The history of each scenario variant of a run, in the order of its summary."""
    shown = summary.scenarios[:MOST_VARIANTS]
    earlier = {name: _latest(stored, name) for name in dict.fromkeys(one.scenario for one in shown)}
    return tuple(_history(stored, one, earlier[one.scenario]) for one in shown)


def outline(stored: StoredRun) -> RunOutline:
    """A run in short, as a chart of many runs shows it. Costs a reading of its numbers, and no resampling."""
    run, values = stored.run, {name: dict[str, dict[str, PastValue]]() for name in stored.run.cases}
    for item in run.scenario_variants[:MOST_VARIANTS]:
        scenario, variant = item.scenario.scenario, item.variant.name
        evaluators = {one.id for one in item.scenario.evaluators}
        values[scenario][variant] = dict(_past_values(run, stored.columns(scenario, variant), evaluators))
    hashes = {name: run.provenance.parts.get(f"cases of {name}", "") for name in run.cases}
    return RunOutline(run=run.id, started=run.started, cases=hashes, values=values)


def _latest(stored: StoredRun, scenario: str) -> list[ReadOnce]:
    """The latest earlier runs of a scenario, newest first, as many as the bounds allow."""
    found: list[ReadOnce] = []
    executions = 0
    for one in stored.earlier(scenario):
        executions += one.run.planned
        if found and executions > MOST_EXECUTIONS:
            break
        found.append(ReadOnce(one))
        if len(found) == MOST_RUNS - 1:
            break
    return found


def _history(stored: StoredRun, summary: ScenarioSummary, earlier: Sequence[ReadOnce]) -> History:
    name = _Name(summary.scenario, summary.variant)
    past = [one for one in earlier if name.is_in(one.run)]
    comparison, why = _previous(stored, past, name)
    runs = [_past_run(one, name, now=stored.run, evaluators=summary.evaluators) for one in reversed(past)]
    itself = PastRun(
        run=stored.run.id,
        started=stored.run.started,
        same_cases=True,
        values={one.id: _present(one) for one in summary.evaluators},
    )
    return History(
        scenario=summary.scenario,
        variant=summary.variant,
        level=LEVEL,
        runs=tuple(_with_changes([*runs, itself], [*(one.run for one in reversed(past)), stored.run], name)),
        previous=comparison,
        why=why,
    )


@dataclass(frozen=True, slots=True)
class _Name:
    """A scenario variant by name."""

    scenario: str
    variant: str

    def is_in(self, run: Run) -> bool:
        return any(
            (item.scenario.scenario, item.variant.name) == (self.scenario, self.variant)
            for item in run.scenario_variants
        )

    def parts(self, run: Run) -> dict[str, str]:
        """The hashes of what made this scenario variant: not those of other scenarios' and variants' parts."""
        return {part: value for part, value in run.provenance.parts.items() if self._is_part(part)}

    def _is_part(self, part: str) -> bool:
        kind, _, rest = part.partition(" ")
        if kind == "orchestration":
            return rest.endswith(f" under {self.scenario}, variant {self.variant}")
        return kind not in ("scenario", "cases") or part in (f"scenario {self.scenario}", f"cases of {self.scenario}")


def _previous(stored: StoredRun, past: Sequence[ReadOnce], name: _Name) -> tuple[Comparison | None, str]:
    """The run held against the last one before it, as `peel compare` does; or why it is not."""
    if not past:
        return None, "no finished run of it began before this one"
    address = f"{name.scenario}/{name.variant}"
    try:
        return compare((past[0], address), (stored, address), question=Question()), ""
    except DefinitionError as error:
        return None, f"the run before it, {past[0].run.id}, cannot be compared: {error.problems[0].message}"


def _past_run(stored: ReadOnce, name: _Name, *, now: Run, evaluators: Sequence[Estimate]) -> PastRun:
    columns = stored.columns(name.scenario, name.variant)
    return PastRun(
        run=stored.run.id,
        started=stored.run.started,
        same_cases=stored.run.cases[name.scenario] == now.cases[name.scenario],
        values=dict(_past_values(stored.run, columns, {one.id for one in evaluators})),
    )


def _past_values(run: Run, columns: Columns, evaluators: set[str]) -> Iterator[tuple[str, PastValue]]:
    for evaluator, column in columns.scores.items():
        if evaluator in evaluators:
            yield evaluator, _past_value(run, columns, column)


def _past_value(run: Run, columns: Columns, column: ScoreColumn) -> PastValue:
    cases = cases_of(columns, column.value)
    return PastValue(
        value=cases.mean,
        these_cases=_bounds(run, cases),
        n_cases=cases.size,
        n_executions=int(columns.ok.sum()),
        n_scored=int((column.status == SCORED).sum()),
    )


def _bounds(run: Run, cases: Cases) -> Bounds:
    """The interval for exactly these cases. That of a run whose scores decided its length is in its own report: the
    one for a fixed length would be too narrow, and the one that holds at any time reads every execution again."""
    if run.provenance.selection.until is not None:
        return Bounds(low=None, high=None, method="", note="its scores decided when it ended")
    again = these_cases(cases, LEVEL)
    return Bounds(low=again.low, high=again.high, method=again.method, note=again.note)


def _present(estimate: Estimate) -> PastValue:
    return PastValue(
        value=estimate.value,
        these_cases=estimate.these_cases,
        n_cases=estimate.n_cases,
        n_executions=estimate.n_executions,
        n_scored=estimate.n_scored,
    )


def _with_changes(past: Sequence[PastRun], runs: Sequence[Run], name: _Name) -> Iterator[PastRun]:
    """Each run with the parts that are not as in the run before it; nothing is known of the first's."""
    yield past[0]
    for made, before, after in zip(past[1:], runs, runs[1:], strict=False):
        changed = _changed(name.parts(before), name.parts(after))
        yield made.model_copy(update={"changed": changed})


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(part for part in sorted({*before, *after}) if before.get(part) != after.get(part))
