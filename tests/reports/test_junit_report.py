"""The JUnit report: valid XML whatever the texts, and outcomes that agree with the exit codes."""

from __future__ import annotations

import io
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from peel.records import GateVerdict
from peel.reports.format import ReportSource
from peel.reports.junit import JunitReport, xml_text


def suites(source: ReportSource) -> list[ElementTree.Element]:
    out = io.BytesIO()
    JunitReport().write(source, out)
    root = ElementTree.fromstring(out.getvalue())
    assert root.tag == "testsuites"
    return root.findall("testsuite")


def with_gates(source: ReportSource, verdict: GateVerdict) -> ReportSource:
    scenario = source.summary.scenarios[0]
    gate = scenario.gates[0].model_copy(update={"verdict": verdict})
    changed = scenario.model_copy(update={"gates": (gate,)})
    return ReportSource(summary=source.summary.model_copy(update={"scenarios": (changed,)}), stored=source.stored)


def outcomes(suite: ElementTree.Element, kind: str) -> list[str]:
    tests = [test for test in suite if test.get("classname", "").endswith(kind)]
    return [next((child.tag for child in test if child.tag != "system-out"), "passed") for test in tests]


def test_each_scenario_variant_is_a_suite_whose_counts_add_up(telco_source):
    """The numbers in a suite's head are those of its test cases."""
    for suite in suites(telco_source(variants=("base", "cold"), cases=12)):
        found = outcomes(suite, "case") + outcomes(suite, "gate")
        assert len(found) == int(suite.get("tests")) == 15
        for tag, head in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert found.count(tag) == int(suite.get(head))


def test_gates_are_test_cases_by_verdict(telco_source):
    """A failed gate fails, an undecided one is skipped with its reason, a passed one passes."""
    suite = suites(telco_source())[0]
    assert outcomes(suite, "gate") == ["failure", "skipped", "passed"]
    assert "undecided" in suite[1].find("skipped").get("message")


def test_a_case_that_always_fails_a_failed_gate_s_evaluator_is_a_failure(telco_source):
    """The cases behind a failed gate are named: those that are below every time."""
    suite = suites(with_gates(telco_source(errors=0.0), "fail"))[0]
    failed = [test for test in suite if test.get("classname").endswith("case") and test.find("failure") is not None]
    assert failed
    assert all("core-terms: mean 0.00, always below 0.3" in test.find("failure").text for test in failed)


def test_nothing_is_red_where_the_gates_passed_and_nothing_went_wrong(telco_source):
    """Weak cases under a passed gate are no failures: the run ends with 0, and the view says the same."""
    suite = suites(with_gates(telco_source(cases=3, repetitions=2, errors=0.0), "pass"))[0]
    assert int(suite.get("failures")) == 0
    assert int(suite.get("errors")) == sum("unscored" in (test.findtext("error") or "") for test in suite)


def test_a_case_with_an_errored_execution_is_an_error(telco_source):
    """What could not be executed is an error, not a failure."""
    suite = suites(with_gates(telco_source(errors=1.0), "pass"))[0]
    assert outcomes(suite, "case") == ["error"] * 8
    assert "0 completed, 5 errored" in suite[1].findtext("error")


def test_hostile_names_leave_the_xml_valid(telco_source):
    """Markup, control characters, forbidden code points and surrogates in names are text."""
    name = "<script>&amp;]]>\x00\x1b[31m\ud800\ufffe\u2028\"'"
    suite = suites(telco_source(cases=1, case_ids=lambda place: name))[0]
    assert suite[-1].get("name").startswith("<script>&amp;]]>‹U+0000›‹U+001B›[31m\ufffd")


@given(st.text())
def test_any_text_becomes_xml(text):
    """There is no text that XML cannot hold once it went through."""
    element = ElementTree.Element("t")
    element.text = xml_text(text)
    assert ElementTree.fromstring(ElementTree.tostring(element)).tag == "t"
