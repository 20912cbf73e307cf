"""A gate of each kind in the whole `peel run`: it passes, it fails, it is undecided; the exit code is the contract."""

from __future__ import annotations

import json

import pytest

RIGHT = "Press the reset button for 3 seconds."
WRONG = "No idea."


def scenario(folder, *gates, cases=10, repetitions=6):
    """Write a scenario of one call an execution, with these gates."""
    folder.write(
        "orchestrations/reply.yaml",
        'orchestration: reply\nsteps:\n  - {id: answer, use: llm, prompt: [{user: "Answer {{ email }}"}]}\n',
    )
    lines = [
        "scenario: support",
        "orchestration: reply",
        f"repetitions: {repetitions}",
        "cases:",
        *(
            f"  - {{id: c{n}, tags: [{tag}], inputs: {{email: mail {n}.}}, expected: {{t: [reset]}}}}"
            for n, tag in enumerate(["even", "odd"] * (cases // 2))
        ),
        'evaluators: [{id: core, use: regex, all: "{{ expected.t }}"}]',
        "gates:",
        *(f"  - {gate}" for gate in gates),
    ]
    folder.write("scenarios/support.yaml", "\n".join(lines) + "\n")


def answering(server, wrong):
    """Let the server answer wrongly where `wrong(case, time)` says so; `time` counts what was asked of a case."""
    asked: dict[int, int] = {}

    def reply(request):
        case = int(str(request["messages"][-1]["content"]).split("mail ")[1].split(".")[0])
        asked[case] = asked.get(case, 0) + 1
        return WRONG if wrong(case, asked[case]) else RIGHT

    server.reply = reply


def run(folder, *arguments):
    """Run, and give back the exit code with the gates of the report."""
    done = folder.peel("run", "--json", *arguments)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["scenarios"][0]["gates"]


ALWAYS = {"right": lambda case, time: False, "wrong": lambda case, time: True, "half": lambda case, time: time % 2}
CODES = {"pass": 0, "fail": 1, "undecided": 4}


GATES = {
    "pass": (
        "right",
        "{evaluator: core, at_least: 0.9}",
        "{evaluator: core, share_below: {threshold: 0.5, at_most: 0.1}}",
        "{evaluator: core, pass_hat: {k: 2, at_least: 0.9}}",
        "{evaluator: core, each_case: {at_least: 5 of 6}}",
        "{latency_s: {of: p95, at_most: 60}}",
        "{error_rate: {at_most: 0.2}}",
        "{cost_usd: {at_most: 0.0001}}",
    ),
    "fail": (
        "half",
        "{evaluator: core, at_least: 0.9}",
        "{evaluator: core, share_below: {threshold: 0.5, at_most: 0.1}}",
        "{evaluator: core, pass_hat: {k: 2, at_least: 0.9}}",
        "{evaluator: core, each_case: {at_least: 80 %}}",
        "{evaluator: core, each_case: {at_least: 0.6}}",
        "{latency_s: {of: p95, at_most: 0.000001}}",
        "{cost_usd: {at_most: 0.000001}}",
    ),
    "undecided": (
        "half",
        "{evaluator: core, at_least: 0.45}",
        "{evaluator: core, share_below: {at_most: 0.45}}",
        "{evaluator: core, pass_hat: {k: 2, at_least: 0.25}}",
        "{latency_s: {of: p95, at_most: 60, scope: cases-like-these}}",
    ),
}


@pytest.mark.parametrize("verdict", GATES)
def test_a_gate_of_each_kind(folder, server, verdict):
    """The verdicts in the report's JSON and the exit code agree, and undecided ones say what would decide them."""
    model, *gates = GATES[verdict]
    scenario(folder, *gates)
    answering(server, ALWAYS[model])
    code, found = run(folder)
    assert (code, [(one["requirement"], one["verdict"]) for one in found]) == (
        CODES[verdict],
        [(one["requirement"], verdict) for one in found],
    )
    assert all(set(one) >= {"requirement", "scope", "verdict", "value", "low", "high"} for one in found)
    assert verdict != "undecided" or all("would decide it" in one["reason"] for one in found)


def test_a_tag_leaves_only_the_cases_that_have_it(folder, server):
    """All odd cases are wrong: the gate on the even ones passes, that on all fails."""
    scenario(folder, "{evaluator: core, at_least: 0.8, tag: even}", "{evaluator: core, at_least: 0.8}")
    answering(server, lambda case, time: case % 2)
    code, (even, every) = run(folder)
    assert (code, even["verdict"], every["verdict"]) == (1, "pass", "fail")
    assert (even["value"], every["value"], even["requirement"]) == (1.0, 0.5, "core at least 0.8 (tag even)")


def test_a_rule_for_each_case_names_the_cases_that_fall_short(folder, server):
    """One case in ten is right half of the time; the mean is well above what is required."""
    scenario(folder, "{evaluator: core, each_case: {at_least: 5 of 6}}")
    answering(server, lambda case, time: case == 3 and time % 2)
    code, (found,) = run(folder)
    assert (code, found["value"], found["short"]) == (1, 0.9, ["c3"])
    assert found["reason"] == "9 of 10 cases pass 5 of 6; short: c3 (3 of 6)"


def test_a_rule_holds_for_any_number_of_repetitions(folder, server):
    """8 of 10 are 4 of 5 and, rounded up, 3 of 3."""
    scenario(folder, "{evaluator: core, each_case: {at_least: 8 of 10}}", cases=2)
    answering(server, lambda case, time: time == 1)
    assert run(folder, "-n", "5")[0] == 0
    answering(server, lambda case, time: time == 1)
    code, (found,) = run(folder, "-n", "3")
    assert (code, found["requirement"]) == (1, "core at least 8 of 10 in each case")


def test_a_case_with_missing_scores_is_neither_passed_nor_failed(folder, server):
    """Two repetitions of six got no answer: five of six may still be reached or not."""
    from aiohttp import web

    scenario(folder, "{evaluator: core, each_case: {at_least: 5 of 6}}", cases=2)
    asked: list[int] = []

    def reply(request):
        asked.append(1)
        return web.json_response({"error": {"message": "too long"}}, status=400) if len(asked) <= 2 else RIGHT

    server.reply = reply
    code, (found,) = run(folder, "-j", "1", "--case", "c0")
    assert (code, found["verdict"], found["value"]) == (3, "undecided", None)
    assert "not decided: c0 (4 of 6, 2 without a score)" in found["reason"]


@pytest.mark.parametrize(("model", "verdict"), [("right", "pass"), ("half", "fail")], ids=["same", "worse"])
def test_a_gate_holds_a_run_against_an_earlier_one(folder, server, model, verdict):
    """Ten cases, six times each: nothing lost passes, half lost fails; the run's id is recorded."""
    scenario(folder, "{evaluator: core, not_worse_than: last, by: 0.1}")
    code, (first,) = run(folder)
    assert (code, first["verdict"], first["baseline"]) == (4, "undecided", None)
    assert first["reason"] == "no finished run of support came before this one, so there is nothing to hold it against"
    base = folder.report()["run"]["id"]
    answering(server, ALWAYS[model])
    code, (found,) = run(folder)
    assert (code, found["verdict"], found["baseline"]) == (CODES[verdict], verdict, base)
    assert found["requirement"] == "core not worse than last by more than 0.1"
    assert found["reason"].startswith(f"against {base}:support/base")


def test_last_is_resolved_when_the_run_begins(folder, server):
    """The report of a run stays what it was when later runs are made."""
    scenario(folder, "{evaluator: core, not_worse_than: last, by: 0.1}", cases=4, repetitions=2)
    run(folder)
    run(folder)
    second = folder.report()
    run(folder)
    assert folder.report(second["run"]["id"]) == second
    assert second["scenarios"][0]["gates"][0]["baseline"] not in (None, second["run"]["id"])


def test_little_evidence_of_a_difference_is_undecided_and_says_how_much_more_it_takes(folder, server):
    """Two cases, twice each."""
    scenario(folder, "{evaluator: core, not_worse_than: last, by: 0.05}", cases=2, repetitions=2)
    run(folder)
    code, (found,) = run(folder)
    assert (code, found["verdict"], found["value"]) == (4, "undecided", 0.0)
    assert "more executions in both runs would decide it" in found["reason"]


def test_cases_that_cannot_be_paired_are_named_and_the_common_ones_compared(folder, server):
    """The earlier run had two cases fewer."""
    gate = "{evaluator: core, not_worse_than: last, by: 0.2}"
    scenario(folder, gate, cases=8)
    run(folder)
    scenario(folder, gate)
    code, (found,) = run(folder)
    assert (code, found["verdict"]) == (0, "pass")
    assert "2 cases only in the candidate: c8, c9" in found["reason"]


def test_a_run_that_does_not_exist_is_told_before_anything_is_executed(folder, server):
    """With the file and the line of the gate, by `peel check` as well."""
    scenario(folder, "{evaluator: core, not_worse_than: 1999-nothing}", cases=2)
    for command in ("run", "check"):
        done = folder.peel(command)
        assert done.returncode == 2
        assert "scenarios/support.yaml:9: gate 1: 'not_worse_than' names no run: no run '1999-nothing'" in done.stderr
    assert server.requests == []


def test_a_run_of_another_scenario_is_no_baseline(folder, server):
    """What it has instead is named."""
    scenario(folder, "{evaluator: core, at_least: 0.1}", cases=2)
    run(folder)
    base = folder.report()["run"]["id"]
    scenario(folder, f"{{evaluator: core, not_worse_than: {base}}}", cases=2)
    text = (folder.root / "scenarios/support.yaml").read_text().replace("scenario: support", "scenario: other")
    folder.write("scenarios/support.yaml", text)
    done = folder.peel("run")
    assert done.returncode == 2
    assert f"the run {base} has no scenario 'other'; allowed: support" in done.stderr


def test_one_failure_of_many_gates_needs_more_evidence_than_one_alone(folder, server):
    """The same executions fail a single gate; beside nine others the failure may be chance, and that is said."""
    gate = "{evaluator: core, at_least: 0.95}"
    answering(server, lambda case, time: case == 0 and time > 1)
    scenario(folder, gate)
    code, (alone,) = run(folder)
    assert (code, alone["verdict"]) == (1, "fail"), alone
    answering(server, lambda case, time: case == 0 and time > 1)
    scenario(folder, gate, *[f"{{evaluator: core, at_least: 0.0{n}}}" for n in range(1, 10)])
    code, (first, *others) = run(folder)
    assert (code, first["verdict"], {one["verdict"] for one in others}) == (4, "undecided", {"pass"})
    assert first["reason"].startswith("alone it would fail (p = ")
    assert "with 10 gates in this run one may fail by chance" in first["reason"]
    assert (first["low"], first["high"]) == (alone["low"], alone["high"])


def test_gates_on_each_case_and_fixed_prices_do_not_weaken_the_others(folder, server):
    """They cannot fail by chance, so they are no part of the correction."""
    others = ["{cost_usd: {at_most: 1}}", *["{evaluator: core, each_case: {at_least: 1 of 6}}"] * 9]
    scenario(folder, "{evaluator: core, at_least: 0.95}", *others)
    answering(server, lambda case, time: case == 0 and time > 1)
    assert run(folder)[1][0]["verdict"] == "fail"
