"""The report as JUnit XML, for the test view of a CI server: a test suite for each scenario variant.

It is red exactly when `peel run` ends with 1 or 3, so that view and exit code never disagree. Its test cases are the
gates (`fail` is a failure; `undecided` is skipped, with the reason, since nothing was shown either way) and then
the cases. A case is a failure when an evaluator whose gate failed always finds it below the scenario's threshold, or
where it falls short of a gate on each case; an error when an execution of it errored or a score could not be made;
skipped when nothing of it is scored, or when it is a draft. Otherwise it passes: what is wrong only sometimes, or not
required by a gate, stands with its counts in `system-out`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from peel.records import CaseFigures, GateResult, ScenarioSummary
from peel.reports.format import ReportSource
from peel.reports.text import visible
from peel.reports.weakness import CaseCounts, counts_by_case
from peel.reports.wording import gate_sentence, name_of, number, utc
from peel.store.reading import Columns

_LONGEST = 1_000
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class JunitReport:
    """Writes JUnit XML, as CI servers read it."""

    suffix = ".xml"

    def write(self, source: ReportSource, out: BinaryIO) -> None:
        xml = XMLGenerator(out, encoding="utf-8", short_empty_elements=True)
        xml.startDocument()
        _start(xml, "testsuites", {"name": f"peel {xml_text(source.stored.run.id)}"})
        for scenario in source.summary.scenarios:
            _suite(xml, source, scenario)
        xml.endElement("testsuites")
        xml.ignorableWhitespace("\n")
        xml.endDocument()


class _Test:
    """One test case: its name, what its outcome is (`failure`, `error`, `skipped` or passed) and what it says."""

    def __init__(self, name: str, *, kind: str, outcome: str | None = None, said: str = "") -> None:
        self.name, self.kind, self.outcome, self.said = name, kind, outcome, said


def xml_text(text: str) -> str:
    """Text that XML 1.0 can hold: visible, bounded, without a character the standard forbids."""
    return _NOT_XML.sub("\ufffd", visible(text, limit=_LONGEST))


def _suite(xml: XMLGenerator, source: ReportSource, scenario: ScenarioSummary) -> None:
    """One suite. Its tests are made twice, to count and to write, so that they are never all in memory."""
    columns = source.stored.columns(scenario.scenario, scenario.variant)
    counts = _counts(scenario, columns)
    outcomes = [test.outcome for test in _tests(scenario, counts)]
    attributes = {
        "name": xml_text(name_of(scenario)),
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
        "timestamp": (utc(source.stored.run.started) or "").removesuffix("Z"),
        "time": f"{float(columns.latency_s.sum()):.3f}",
    }
    xml.ignorableWhitespace("\n")
    _start(xml, "testsuite", attributes)
    for test in _tests(scenario, counts):
        _write(xml, test, suite=name_of(scenario))
    xml.ignorableWhitespace("\n")
    xml.endElement("testsuite")


def _start(xml: XMLGenerator, name: str, attributes: dict[str, str]) -> None:
    xml.startElement(name, AttributesImpl(attributes))


def _write(xml: XMLGenerator, test: _Test, *, suite: str) -> None:
    xml.ignorableWhitespace("\n  ")
    name = {"classname": xml_text(f"{suite}.{test.kind}"), "name": xml_text(test.name), "time": "0"}
    _start(xml, "testcase", name)
    said = xml_text(test.said)
    if test.outcome is not None:
        kind = {} if test.outcome == "skipped" else {"type": test.kind}
        _start(xml, test.outcome, {"message": said.replace("\n", "; "), **kind})
    else:
        _start(xml, "system-out", {})
    xml.characters(said)
    xml.endElement(test.outcome or "system-out")
    xml.endElement("testcase")


def _counts(scenario: ScenarioSummary, columns: Columns) -> dict[str, CaseCounts]:
    return {
        estimate.id: counts_by_case(columns, estimate.id, cases=len(scenario.cases), threshold=estimate.below.threshold)
        for estimate in scenario.evaluators
        if estimate.id in columns.scores
    }


def _tests(scenario: ScenarioSummary, counts: dict[str, CaseCounts]) -> Iterator[_Test]:
    yield from (_gate(gate) for gate in scenario.gates)
    for place, case in enumerate(scenario.cases):
        yield _case(case, place, scenario, counts)


def _gate(gate: GateResult) -> _Test:
    outcome = {"pass": None, "fail": "failure", "undecided": "skipped", "draft": "skipped"}[gate.verdict]
    return _Test(gate.requirement, kind="gate", outcome=outcome, said=f"{gate.verdict}: {gate_sentence(gate)}")


def _case(case: CaseFigures, place: int, scenario: ScenarioSummary, counts: dict[str, CaseCounts]) -> _Test:
    fails = [gate for gate in scenario.gates if gate.verdict == "fail" and (gate.tag is None or gate.tag in case.tags)]
    failed = {gate.subject for gate in fails if gate.statistic != "each-case"}
    lines = [*_what_is_known(case, place, scenario, counts), f"{case.completed} completed, {case.errored} errored"]
    if case.draft:
        return _Test(case.case, kind="case", outcome="skipped", said="\n".join(["a draft: decides nothing", *lines]))
    is_short = any(case.case in gate.short for gate in fails)
    outcome = "failure" if is_short else _outcome(case, place, counts, failed=failed)
    return _Test(case.case, kind="case", outcome=outcome, said="\n".join(lines))


def _outcome(case: CaseFigures, place: int, counts: dict[str, CaseCounts], *, failed: set[str]) -> str | None:
    if any(counts[name].word(place) == "always" for name in failed & counts.keys()):
        return "failure"
    if case.errored or any(each.unscored[place] for each in counts.values()):
        return "error"
    return "skipped" if all(each.word(place) == "no score" for each in counts.values()) else None


def _what_is_known(
    case: CaseFigures, place: int, scenario: ScenarioSummary, counts: dict[str, CaseCounts]
) -> Iterator[str]:
    """A line for each evaluator: the case's mean, how often it lies below the threshold, what could not be scored."""
    thresholds = {estimate.id: estimate.below.threshold for estimate in scenario.evaluators}
    for name, each in counts.items():
        unscored = f", {each.unscored[place]} unscored" if each.unscored[place] else ""
        if not each.scored[place]:
            yield f"{name}: no score{unscored}"
            continue
        below = f"{each.word(place)} below {thresholds[name]:g} ({each.below[place]} of {each.scored[place]})"
        yield f"{name}: mean {number(case.values.get(name))}, {below}{unscored}"
