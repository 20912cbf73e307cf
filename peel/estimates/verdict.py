"""The verdict on a run as an exit code of the command line: part of the contract."""

from __future__ import annotations

from peel.records import RunStatus, RunSummary

PASSED, FAILED, INCOMPLETE, UNDECIDED, INTERRUPTED = 0, 1, 3, 4, 130


def exit_code(summary: RunSummary, status: RunStatus) -> int:
    """0 every gate passed; 1 a gate failed; 3 no gate failed, but some executions errored or scores could not be made;
    4 none of these, but a gate is undecided; 130 the run was stopped and can be resumed."""
    if status != "finished":
        return INTERRUPTED
    verdicts = [gate.verdict for scenario in summary.scenarios for gate in scenario.gates]
    if "fail" in verdicts:
        return FAILED
    if any(one.errored or any(e.n_unscored for e in one.evaluators) for one in summary.scenarios):
        return INCOMPLETE
    return UNDECIDED if "undecided" in verdicts else PASSED
