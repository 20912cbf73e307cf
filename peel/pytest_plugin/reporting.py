"""What a session says beside its tests: letters for outcomes that pytest has no word for, and the closing summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from peel.errors import PeelError
from peel.pytest_plugin.fixture import ExecutionsErrored
from peel.pytest_plugin.options import REPORT_FORMATS, is_undecided
from peel.pytest_plugin.running import LocalRuns, WatchedRun, named
from peel.records import Estimate, ScenarioSummary
from peel.reports.text import one_line
from peel.reports.wording import SYMBOLS, VERDICTS, drafts_sentence, evaluator_name, gate_sentence, interval, number

_CATEGORIES = {
    ("passed", "flaky"): ("flaky", "~", "FLAKY"),
    ("failed", "undecided"): ("failed", "?", "UNDECIDED"),
}
"""By pytest's outcome and PEEL's: the category that is counted, the letter, the word."""


def category_of(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """The category, letter and word of a test's call; None where pytest's own will do."""
    if report.when != "call" or hasattr(report, "wasxfail"):
        return None
    return _CATEGORIES.get((report.outcome, property_of(report, "peel.outcome")))


def mark_outcome(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Tell apart what pytest takes for the same: what is undecided, and what could not be judged.

    The latter is an error and no failure of what is tested. pytest, and JUnit XML, count as errors what goes wrong
    outside of a test's call, and so it is told.
    """
    if call.when != "call" or call.excinfo is None:
        return
    if is_undecided(call.excinfo.value):
        _set_outcome(item, report, "undecided")
    elif call.excinfo.errisinstance((ExecutionsErrored, PeelError)):
        _set_outcome(item, report, "error")
        report.when = "setup"


def _set_outcome(item: pytest.Item, report: pytest.TestReport, word: str) -> None:
    others = [(name, value) for name, value in item.user_properties if name != "peel.outcome"]
    item.user_properties[:] = [("peel.outcome", word), *others]
    report.user_properties = list(item.user_properties)


def property_of(report: pytest.TestReport, name: str) -> str:
    """A property that a test carries; empty where it does not."""
    return next((str(value) for key, value in report.user_properties if key == name), "")


def write_reports(runs: LocalRuns, folder: Path) -> dict[str, Mapping[str, Path]]:
    """The reports of all runs in every format, by the run; where they cannot be written, nothing of that run."""
    written: dict[str, Mapping[str, Path]] = {}
    for watched in runs.watched:
        if watched.run is not None:
            written[watched.run.id] = watched.write_reports(folder, formats=REPORT_FORMATS)
    return written


def summarise_session(
    terminal: pytest.TerminalReporter, watched: Sequence[WatchedRun], *, written: Mapping[str, Mapping[str, Path]]
) -> None:
    """Write the summary: estimates, gates, flaky tests, and where to read on."""
    lines = [line for one in watched for line in _run(one, written)]
    lines += _of_functions(terminal)
    lines += _flaky(terminal)
    if lines:
        terminal.section("PEEL")
        for line in lines:
            terminal.write_line(line)


def _run(watched: WatchedRun, written: Mapping[str, Mapping[str, Path]]) -> Iterator[str]:
    summary = None if watched.run is None else watched.summary()
    if watched.run is None or summary is None:
        return
    run = watched.run.id
    done = sum(one.completed for one in summary.scenarios)
    errored = sum(one.errored for one in summary.scenarios)
    trouble = f", {errored} errored" if errored else ""
    yield f"run {run}: {done} of {sum(one.planned for one in summary.scenarios)} executions completed{trouble}"
    if watched.trouble:
        yield f"  {one_line(watched.trouble, limit=400)}"
    for scenario in summary.scenarios:
        yield from _scenario(scenario)
    yield f"  look further: peel show {run}"
    yield from (f"  {name} report: {path}" for name, path in written.get(run, {}).items())


def _scenario(scenario: ScenarioSummary) -> Iterator[str]:
    name = one_line(named(scenario.scenario, scenario.variant))
    for estimate in scenario.evaluators:
        yield f"  {name} {one_line(evaluator_name(estimate))}: {_numbers(estimate)}"
    if scenario.drafts is not None:
        yield f"  {name}: {drafts_sentence(scenario)}"
    for gate in scenario.gates:
        verdict = f"{SYMBOLS[gate.verdict]} {VERDICTS[gate.verdict]}"
        yield f"  {verdict}: {name} {one_line(gate.requirement)}: {one_line(gate_sentence(gate), limit=400)}"


def _numbers(estimate: Estimate) -> str:
    these = estimate.these_cases
    counts = f"{estimate.n_scored} of {estimate.n_executions} executions scored, cases: {estimate.n_cases}"
    words = {"unscored": estimate.n_unscored, "pending": estimate.n_pending}
    more = "".join(f", {count} {word}" for word, count in words.items() if count)
    return f"{number(estimate.value)} {interval(these.low, these.high)} for exactly these cases; {counts}{more}"


def _reports(terminal: pytest.TerminalReporter) -> Iterator[pytest.TestReport]:
    for some in terminal.stats.values():
        yield from (one for one in some if isinstance(one, pytest.TestReport) and one.when == "call")


def _of_functions(terminal: pytest.TerminalReporter) -> Iterator[str]:
    """The tests with the mark, each with its own estimate."""
    for report in _reports(terminal):
        estimate = property_of(report, "peel.estimate")
        if estimate:
            yield f"{one_line(report.nodeid)}: {one_line(estimate)}"


def _flaky(terminal: pytest.TerminalReporter) -> Iterator[str]:
    for report in _reports(terminal):
        if property_of(report, "peel.outcome") == "flaky":
            told = [str(value) for name, value in report.user_properties if name in ("peel.reached", "peel.estimate")]
            yield f"flaky: {one_line(report.nodeid)}: {one_line('; '.join(told), limit=400)}"
