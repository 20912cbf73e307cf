"""`peel compare`: two runs, or two variants of one, held against each other on the cases both have."""

from __future__ import annotations

import json

import pytest

SCENARIO = """scenario: support
orchestration: reply
cases:
{cases}
repetitions: {repetitions}
variants:
  cold: {{answer.temperature: 0}}
evaluators:
  - {{id: core-terms, use: regex, all: "{{{{ expected.terms }}}}"}}
  - {{id: polite, use: regex, all: ["please"]}}
  - {{id: would-send, use: manual, ask: Would you send it?, share: 1.0}}
"""
RIGHT, WRONG = "please press the reset button for 3 seconds", "no idea <script>alert(1)</script>"


def scenario(*, cases: range = range(8), repetitions: int = 3) -> str:
    """A scenario with a variant and an evaluator that people answer."""
    lines = [
        f"  - {{id: case-{place}, inputs: {{email: Mail {place}}}, expected: {{terms: [reset button]}}}}"
        for place in cases
    ]
    return SCENARIO.format(cases="\n".join(lines), repetitions=repetitions)


def compared(folder, *arguments: str):
    """The comparison as JSON."""
    done = folder.peel("compare", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def cold_is_better(folder, server):
    """A run whose variant `cold` is always right, and whose base never is."""
    server.reply = lambda request: RIGHT if request.get("temperature") == 0 else WRONG
    folder.write("scenarios/support.yaml", scenario())
    assert folder.peel("run").returncode == 0
    return folder


def test_a_variant_is_compared_with_the_base_of_its_run_and_its_verdict_comes_in_words(cold_is_better):
    """Always wrong against always right: better, with the interval, the cases, the repetitions and the margin."""
    report = compared(cold_is_better, "last:base", "last:cold")
    assert (report["schema"], report["scope"], report["margin"], report["level"]) == (1, "these-cases", 0.05, 0.95)
    (pair,) = report["pairs"]
    core, polite, people = pair["differences"]
    assert (core["id"], core["verdict"], core["difference"]) == ("core-terms", "better", 1.0)
    assert 0 < core["low"] < core["high"] <= 1
    assert (core["n_cases"], core["base"]["k_low"], core["candidate"]["k_high"]) == (8, 3, 3)
    assert core["p"] < 0.001
    assert core["p_adjusted"] >= core["p"]
    assert polite["verdict"] == "better"
    assert (people["difference"], people["verdict"]) == (None, "no evidence either way")
    assert people["base"]["n_pending"] == 24
    assert pair["overall"]["of"] == ["core-terms", "polite"]
    assert (pair["n_better"], pair["n_worse"], pair["n_unchanged"]) == (8, 0, 0)


def test_the_terminal_shows_verdict_margin_scope_costs_and_outputs_side_by_side(cold_is_better):
    """Everything that must stand beside a verdict, and the outputs of the cases that changed."""
    done = cold_is_better.peel("compare", "last:base", "last:cold")
    assert done.returncode == 0, done.stderr
    for part in ("better", "margin", "exactly these cases", "8 cases × 3", "cost per execution", "latency", "case-0"):
        assert part in done.stdout
    assert "reset button" in done.stdout
    assert "no idea" in done.stdout
    assert "8 better, 0 worse" in done.stdout


def test_the_other_scope_answers_for_new_cases_with_a_sign_flip_test(cold_is_better):
    """All 8 cases changed the same way: the exact p is 2 of 256 signs."""
    report = compared(cold_is_better, "last:base", "last:cold", "--scope", "cases-like-these", "--margin", "0.1")
    (pair,) = report["pairs"]
    core = pair["differences"][0]
    assert (core["scope"], core["margin"], core["verdict"]) == ("cases-like-these", 0.1, "better")
    assert core["p"] == pytest.approx(2 / 256)


def test_with_fewer_than_6_cases_the_sign_flip_test_is_replaced_by_the_sentence_that_says_why(folder, server):
    """No two-sided sign-flip test of 4 cases can reach 5 %."""
    server.reply = lambda request: RIGHT if request.get("temperature") == 0 else WRONG
    folder.write("scenarios/support.yaml", scenario(cases=range(4)))
    folder.peel("run")
    report = compared(folder, "last:base", "last:cold", "--scope", "cases-like-these")
    core = report["pairs"][0]["differences"][0]
    assert core["p"] is None
    assert "4 cases" in core["note"]
    assert "5 %" in core["note"]


def test_two_runs_of_different_cases_are_compared_on_the_common_ones_and_the_others_are_named(folder, server):
    """Cases 0 to 5 against 3 to 8, of which one has another expected output now."""
    folder.write("scenarios/support.yaml", scenario(cases=range(6)))
    folder.peel("run", "--variant", "base")
    first = folder.report()["run"]["id"]
    text = scenario(cases=range(3, 9)).replace(
        "Mail 4}, expected: {terms: [reset button]", "Mail 4}, expected: {terms: [x]"
    )
    folder.write("scenarios/support.yaml", text)
    folder.peel("run", "--variant", "base")
    report = compared(folder, first, "last")
    cases = report["pairs"][0]["cases"]
    assert cases["n_common"] == 2
    assert cases["only_base"] == ["case-0", "case-1", "case-2"]
    assert cases["only_candidate"] == ["case-6", "case-7", "case-8"]
    assert cases["expected_differ"] == ["case-4"]
    assert any("at different times" in note for note in report["notes"])
    terminal = folder.peel("compare", first, "last").stdout
    assert "3 cases only in the base: case-0, case-1, case-2" in terminal


def test_without_a_common_case_nothing_is_compared_and_the_exit_code_is_2(folder, server):
    """Two runs of entirely different cases."""
    folder.write("scenarios/support.yaml", scenario(cases=range(2)))
    folder.peel("run", "--variant", "base")
    first = folder.report()["run"]["id"]
    folder.write("scenarios/support.yaml", scenario(cases=range(5, 7)))
    folder.peel("run", "--variant", "base")
    done = folder.peel("compare", first, "last")
    assert done.returncode == 2
    assert "no case in common" in done.stderr
    assert "case-0, case-1" in done.stderr
    assert done.stdout == ""


def test_two_scenarios_with_the_same_cases_are_compared_by_name(folder, server):
    """Another scenario of the same run, under the variant that both have."""
    folder.write("scenarios/support.yaml", scenario())
    folder.write("scenarios/other.yaml", scenario().replace("scenario: support", "scenario: support-other"))
    folder.peel("run")
    report = compared(folder, "last:support", "last:support-other")
    assert [(p["base"]["scenario"], p["candidate"]["scenario"], p["base"]["variant"]) for p in report["pairs"]] == [
        ("support", "support-other", "base"),
        ("support", "support-other", "cold"),
    ]
    assert report["overall"]["n_cases"] == 16


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("last", "last"), "the same executions"),
        (("last:base", "last:base"), "the same executions"),
        (("last:base", "last:colt"), "did you mean 'cold'"),
        (("last:base", "nowhere"), "no run 'nowhere'"),
        (("last:base", "last:cold", "--margin", "0"), "--margin"),
        (("last:base", "last:cold", "--scope", "these-case"), "did you mean 'these-cases'"),
        (("last:base", "last:cold", "--format", "pdf"), "unknown format 'pdf'"),
    ],
)
def test_a_wrong_call_is_exit_code_2_with_a_sentence(cold_is_better, arguments, said):
    """The message says what is allowed; nothing is printed."""
    done = cold_is_better.peel("compare", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_evaluators_that_were_defined_differently_are_named_and_kept_out_of_the_overall(folder, server):
    """The pattern of `polite` changed between two runs."""
    folder.write("scenarios/support.yaml", scenario())
    folder.peel("run", "--variant", "base")
    first = folder.report()["run"]["id"]
    folder.write("scenarios/support.yaml", scenario().replace('["please"]', '["button"]'))
    folder.peel("run", "--variant", "base")
    pair = compared(folder, first, "last")["pairs"][0]
    assert "defined differently (all)" in pair["differences"][1]["note"]
    assert pair["overall"]["of"] == ["core-terms"]
    assert "without polite" in pair["overall"]["note"]


def test_an_output_that_holds_html_is_inert_in_html_and_markdown(cold_is_better):
    """`<script>` in a model's output stays text."""
    page = cold_is_better.root / "comparison.html"
    done = cold_is_better.peel("compare", "last:base", "last:cold", "--format", "html", "-o", str(page))
    assert done.returncode == 0, done.stderr
    text = page.read_text()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    comment = cold_is_better.peel("compare", "last:base", "last:cold", "--format", "markdown").stdout
    assert "<script" not in comment
    assert "| core-terms |" in comment
