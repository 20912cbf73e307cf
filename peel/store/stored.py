"""One run in the store, read back: columns of numbers and whole executions. Implements peel.store.reading.StoredRun."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, Select, and_, case, func, or_, select

from peel.errors import StoreError
from peel.records import Execution, Fault, Run, Score, StepResult, Usage
from peel.records.listing import ExecutionList
from peel.records.manual import BY_PEOPLE, raters_asked
from peel.store import schema
from peel.store.database import told
from peel.store.execution_listing import WantedExecutions, list_executions
from peel.store.judgements import judgements_of
from peel.store.listing import count_executions, scenario_part
from peel.store.reading import UNSCORED, Columns, Judgements, ScoreColumn
from peel.store.rows import execution_of, run_of, score_of
from peel.store.score_columns import LONGEST_REASON, ScoreColumnBuilder, most_common

READ_AT_ONCE = 200
"""How many whole executions are in memory at once while they are read."""

READ_RUNS = 10
"""How many runs' definitions are in memory at once while earlier runs are looked through."""

READ_ROWS = 5_000
"""How many rows are in memory at once while columns are read."""

Integers: TypeAlias = NDArray[np.int64]

_NUMBERS = ("number", "case", "repetition", "ok", "latency_s", "tokens_in", "tokens_out", "cost_usd", "marks")


class SqlStoredRun:
    """One run of the store; `key` is its key in the table `runs`."""

    def __init__(self, engine: Engine, run: Run, *, key: int) -> None:
        self._engine = engine
        self._key = key
        self.run = run

    def columns(self, scenario: str, variant: str) -> Columns:
        """The numbers of one scenario under one variant. Raises KeyError where the run has no such pair."""
        place = self._place(scenario, variant)
        with told(self._engine.url), self._engine.connect() as connection:
            arrays = self._arrays(connection, place)
            scores = self._score_columns(connection, place, numbers=arrays["number"])
            faults, errors = self._faults(connection, place)
        planned = arrays["number"].size if self.run.stopped_early else self._planned(scenario)
        return Columns(planned=planned, scores=scores, faults=faults, errors=errors, **arrays)

    def judgements(self, scenario: str, variant: str, *, evaluator: str) -> Judgements:
        """Every judgement of one evaluator's scores that count. Raises KeyError where the run has no such pair.

        Reads the details of all its scores: for evaluators that judge an execution several times.
        """
        scores = schema.scores.c
        query = self._of_scenario_variant(
            select(scores.execution, scores.status, scores.value, scores.details), self._place(scenario, variant)
        )
        query = query.where(scores.evaluator == evaluator, scores.rater.is_(None))
        with told(self._engine.url), self._engine.connect() as connection:
            streamed = connection.execution_options(stream_results=True, yield_per=READ_ROWS)
            return judgements_of(streamed.execute(query.order_by(scores.execution, scores.key)))

    def executions(self, numbers: Iterable[int]) -> Iterator[tuple[Execution, tuple[Score, ...]]]:
        """Whole executions with all their scores, in the order asked for; a number that is not stored is left out."""
        remaining = iter(numbers)
        while chunk := list(islice(remaining, READ_AT_ONCE)):
            with told(self._engine.url), self._engine.connect() as connection:
                found = self._read(connection, chunk)
            yield from (found[number] for number in chunk if number in found)

    def earlier(self, scenario: str) -> Iterator[SqlStoredRun]:
        """The finished runs of a scenario that began before this one, newest first, read as they are asked for: the
        newest alone, as often no other is asked for, then several at once."""
        keys, at_once = self._earlier_keys(scenario), 1
        while chunk := keys[:at_once]:
            del keys[:at_once]
            at_once = READ_RUNS
            with told(self._engine.url), self._engine.connect() as connection:
                rows = connection.execute(select(schema.runs).where(schema.runs.c.key.in_(chunk)))
                found = {row.key: SqlStoredRun(self._engine, run_of(row), key=row.key) for row in rows}
            runs = (found[key] for key in chunk if key in found)
            yield from (stored for stored in runs if scenario in stored.run.cases)

    def other(self, run_id: str) -> SqlStoredRun:
        """Another run of the same store, by its id. Raises StoreError where there is none."""
        query = select(schema.runs).where(schema.runs.c.id == run_id)
        with told(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise StoreError(f"no run {run_id!r} in the store")
        return SqlStoredRun(self._engine, run_of(row), key=row.key)

    def counted(self) -> tuple[int, int]:
        """How many executions are stored, and how many of them errored."""
        return count_executions(self._engine, self._key)

    def listed(self, wanted: WantedExecutions, *, limit: int, after: int | None = None) -> ExecutionList:
        """Some stored executions in the order of the plan, behind the number `after`."""
        return list_executions(self._engine, self._key, run=self.run, wanted=wanted, after=after, limit=limit)

    def finished_of(self, numbers: Iterable[int]) -> set[int]:
        """Which of these executions are stored."""
        executions = schema.executions.c
        query = select(executions.number).where(executions.run == self._key, executions.number.in_(list(numbers)))
        with told(self._engine.url), self._engine.connect() as connection:
            return set(connection.scalars(query))

    def finished_numbers(self) -> set[int]:
        """The numbers of the executions that are stored."""
        query = select(schema.executions.c.number).where(schema.executions.c.run == self._key)
        with told(self._engine.url), self._engine.connect() as connection:
            return set(connection.scalars(query))

    def unfinished_steps(self) -> dict[int, list[StepResult]]:
        """The stored steps of executions that did not finish, by execution number, in order of their place."""
        steps, executions = schema.steps, schema.executions
        done = select(executions.c.number).where(executions.c.run == self._key)
        query = (
            select(steps.c.execution, steps.c.result)
            .where(steps.c.run == self._key, steps.c.execution.not_in(done))
            .order_by(steps.c.execution, steps.c.place)
        )
        found: dict[int, list[StepResult]] = defaultdict(list)
        with told(self._engine.url), self._engine.connect() as connection:
            for number, result in connection.execute(query):
                found[number].append(StepResult.model_validate_json(result))
        return dict(found)

    def judge_usage(self, scenario: str, variant: str) -> Usage:
        """What the judges' calls for one scenario variant used, all scores ever made included."""
        scores = schema.scores.c
        sums = [_sum_or_null(column) for column in (scores.tokens_in, scores.tokens_out, scores.cost_usd)]
        query = self._of_scenario_variant(
            select(func.coalesce(func.sum(scores.calls), 0), *sums), self._place(scenario, variant)
        )
        with told(self._engine.url), self._engine.connect() as connection:
            calls, tokens_in, tokens_out, cost_usd = connection.execute(query.where(scores.calls > 0)).one()
        if not calls:
            return Usage()
        return Usage(calls=calls, tokens_in=tokens_in, tokens_out=tokens_out, cost_usd=cost_usd)

    def spent_per_execution(self, scenario: str) -> tuple[float | None, float | None]:
        """The mean of what a completed execution of a scenario cost, its judges included, in US dollars (None where a
        price is unknown), and the mean of its latency in seconds. None, None where none completed."""
        executions = schema.executions.c
        items = [(place, item) for place, item in enumerate(self.run.scenario_variants)]
        places = [(place, item.variant.name) for place, item in items if item.scenario.scenario == scenario]
        query = select(func.count(), _sum_or_null(executions.cost_usd), func.avg(executions.latency_s)).where(
            executions.run == self._key, executions.ok, executions.scenario_variant.in_([place for place, _ in places])
        )
        with told(self._engine.url), self._engine.connect() as connection:
            count, spent, latency_s = connection.execute(query).one()
        judged = [self.judge_usage(scenario, variant).cost_usd for _, variant in places]
        if not count or spent is None or None in judged:
            return None, latency_s
        return (spent + sum(one or 0.0 for one in judged)) / count, latency_s

    def spent_usd(self) -> float:
        """The known cost of everything stored, application and judges, in US dollars."""
        with told(self._engine.url), self._engine.connect() as connection:
            return sum(
                connection.scalar(
                    select(func.coalesce(func.sum(table.c.cost_usd), 0.0)).where(table.c.run == self._key)
                )
                or 0.0
                for table in (schema.executions, schema.scores)
            )

    def _earlier_keys(self, scenario: str) -> list[int]:
        """The keys of the runs whose provenance names the scenario: definitions of others need not be unpacked."""
        runs = schema.runs.c
        began = or_(runs.started < self.run.started, and_(runs.started == self.run.started, runs.key < self._key))
        query = (
            select(runs.key)
            .where(began, runs.status == "finished", runs.provenance.contains(scenario_part(scenario), autoescape=True))
            .order_by(runs.started.desc(), runs.key.desc())
        )
        with told(self._engine.url), self._engine.connect() as connection:
            return list(connection.scalars(query))

    def _place(self, scenario: str, variant: str) -> int:
        for place, item in enumerate(self.run.scenario_variants):
            if (item.scenario.scenario, item.variant.name) == (scenario, variant):
                return place
        raise KeyError((scenario, variant))

    def _planned(self, scenario: str) -> int:
        repetitions = next(
            item.scenario.repetitions for item in self.run.scenario_variants if item.scenario.scenario == scenario
        )
        return repetitions * len(self.run.cases[scenario])

    def _arrays(self, connection: Connection, place: int) -> dict[str, Any]:
        columns = schema.executions.c
        query = (
            select(*(columns[name] for name in _NUMBERS))
            .where(columns.run == self._key, columns.scenario_variant == place)
            .order_by(columns.number)
        )
        kinds = {"ok": np.bool_, "marks": np.uint8, **dict.fromkeys(("number", "case", "repetition"), np.int64)}
        parts: list[list[Any]] = []
        for rows in connection.execution_options(stream_results=True).execute(query).partitions(READ_ROWS):
            parts.append(
                [
                    np.asarray(v, dtype=kinds.get(n, np.float64))
                    for n, v in zip(_NUMBERS, zip(*rows, strict=True), strict=True)
                ]
            )
        if not parts:
            return {name: np.empty(0, dtype=kinds.get(name, np.float64)) for name in _NUMBERS}
        return {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(_NUMBERS)}

    def _score_columns(self, connection: Connection, place: int, *, numbers: Integers) -> Mapping[str, ScoreColumn]:
        columns = {
            definition.id: ScoreColumnBuilder(
                numbers, by_people=definition.use == BY_PEOPLE, raters=raters_asked(definition)
            )
            for definition in self.run.scenario_variants[place].scenario.evaluators
        }
        scores = schema.scores.c
        reason = case((scores.status == UNSCORED, func.substr(scores.reason, 1, LONGEST_REASON)))
        # In the order of the index on (run, execution): nothing is sorted, and of one execution the oldest comes first.
        query = self._of_scenario_variant(
            select(scores.evaluator, scores.execution, scores.status, scores.value, scores.rater, reason), place
        ).order_by(scores.execution, scores.key)
        for rows in connection.execution_options(stream_results=True).execute(query).partitions(READ_ROWS):
            by_evaluator: dict[str, list[Any]] = defaultdict(list)
            for row in rows:
                by_evaluator[row[0]].append(row)
            for evaluator, some in by_evaluator.items():
                if evaluator in columns:
                    columns[evaluator].add(some)
        return {evaluator: builder.column() for evaluator, builder in columns.items()}

    def _of_scenario_variant(self, query: Select[Any], place: int) -> Select[Any]:
        executions, scores = schema.executions.c, schema.scores.c
        joined = (executions.run == scores.run) & (executions.number == scores.execution)
        return (
            query.select_from(schema.scores.join(schema.executions, joined))
            .where(scores.run == self._key)
            .where(executions.scenario_variant == place)
        )

    def _faults(self, connection: Connection, place: int) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Errored executions by fault in words, and by the step in which they ended."""
        columns = schema.executions.c
        query = (
            select(columns.fault, func.count())
            .where(columns.run == self._key, columns.scenario_variant == place, columns.fault.is_not(None))
            .group_by(columns.fault)
        )
        counted: Counter[str] = Counter()
        steps: Counter[str] = Counter()
        for stored, count in connection.execute(query):
            fault = Fault.model_validate_json(stored)
            counted[_fault_in_words(fault)] += count
            steps[fault.step or ""] += count
        return most_common(counted, others="other faults"), dict(sorted(steps.items()))

    def _read(self, connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[Execution, tuple[Score, ...]]]:
        executions, steps, scores = schema.executions.c, schema.steps.c, schema.scores.c
        results: dict[int, list[StepResult]] = defaultdict(list)
        made: dict[int, list[Score]] = defaultdict(list)
        query = select(steps.execution, steps.result).where(steps.run == self._key, steps.execution.in_(numbers))
        for number, result in connection.execute(query.order_by(steps.execution, steps.place)):
            results[number].append(StepResult.model_validate_json(result))
        of_these = (scores.run == self._key) & scores.execution.in_(numbers)
        for row in connection.execute(select(schema.scores).where(of_these).order_by(scores.key)):
            made[row.execution].append(score_of(row))
        rows = select(schema.executions).where(executions.run == self._key, executions.number.in_(numbers))
        return {
            row.number: (execution_of(row, results[row.number], run=self.run), tuple(made[row.number]))
            for row in connection.execute(rows)
        }


def _fault_in_words(fault: Fault) -> str:
    return f"{fault.type} in {fault.step}: {fault.message}" if fault.step else f"{fault.type}: {fault.message}"


def _sum_or_null(column: Any) -> Any:
    """The sum of a column, or NULL where any of its values is unknown: SQL's own sum would drop those in silence."""
    return case((func.count(column) == func.count(), func.sum(column)), else_=None)
