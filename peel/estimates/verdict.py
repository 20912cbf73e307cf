"""The verdict on a run as an exit code of the command line: part of the contract."""

from __future__ import annotations

from peel.records import RunStatus, RunSummary, ScenarioSummary

PASSED, FAILED, INCOMPLETE, UNDECIDED, INTERRUPTED = 0, 1, 3, 4, 130


def exit_code(summary: RunSummary, status: RunStatus) -> int:
    """0 every gate passed; 1 a gate failed; 3 no gate failed, but some executions errored or scores could not be made;
    4 none of these, but a gate is undecided; 130 the run was stopped and can be resumed. Drafts decide none of it."""
    if status != "finished":
        return INTERRUPTED
    verdicts = [gate.verdict for scenario in summary.scenarios for gate in scenario.gates]
    if "fail" in verdicts:
        return FAILED
    if any(_is_incomplete(one) for one in summary.scenarios):
        return INCOMPLETE
    return UNDECIDED if "undecided" in verdicts else PASSED


def _is_incomplete(scenario: ScenarioSummary) -> bool:
    """Whether an execution errored, or has no score, of a case that is no draft."""
    drafts = scenario.drafts
    unscored = {} if drafts is None else drafts.n_unscored
    errored = scenario.errored - (0 if drafts is None else drafts.errored)
    return bool(errored) or any(one.n_unscored > unscored.get(one.id, 0) for one in scenario.evaluators)
