"""Which runs it takes to execute exactly the cases that a session selects."""

from __future__ import annotations

import json

from peel.pytest_plugin.addresses import Address, WantedRun, wanted_runs
from peel.records import Case, Scenario, Variant

CASES = ("a", "b", "c")


def _scenario(name="s", variants=("base", "cold")):
    return Scenario(
        scenario=name,
        orchestration="o",
        cases=tuple(Case(id=case) for case in CASES),
        variants=tuple(Variant(name=variant) for variant in variants),
    )


def _address(variant, case=None, *, name="s", root="/w", gate=None):
    return Address(root, f"/w/{name}.yaml", name, variant, case=case, gate=gate), _scenario(name)


def _everything(name):
    return [_address(variant, case, name=name) for variant in ("base", "cold") for case in CASES]


def test_everything_of_several_scenarios_is_one_run_that_names_nothing():
    """So its provenance is that of a plain `peel run`."""
    (run,) = wanted_runs([*_everything("s"), *_everything("t")])
    assert run == WantedRun("/w", ("/w/s.yaml", "/w/t.yaml"))


def test_the_same_cases_of_several_variants_are_one_run():
    """In the scenario's order, whatever the order of the selection."""
    selected = [_address("base", "c"), _address("base", "a"), _address("cold", "a"), _address("cold", "c")]
    assert wanted_runs(selected) == [WantedRun("/w", ("/w/s.yaml",), cases=("a", "c"))]


def test_different_cases_of_two_variants_are_two_runs():
    """One run would execute what nobody selected."""
    assert wanted_runs([_address("base", "a"), _address("cold", "b")]) == [
        WantedRun("/w", ("/w/s.yaml",), variants=("base",), cases=("a",)),
        WantedRun("/w", ("/w/s.yaml",), variants=("cold",), cases=("b",)),
    ]


def test_a_gate_wants_all_cases_of_its_variant():
    """It is about them all."""
    selected = [_address("base", "a"), _address("base", gate=0)]
    assert wanted_runs(selected) == [WantedRun("/w", ("/w/s.yaml",), variants=("base",))]


def test_workspaces_have_runs_of_their_own():
    """Each has its own store."""
    selected = [_address("base", "a"), _address("base", "a", name="t", root="/v")]
    assert [run.root for run in wanted_runs(selected)] == ["/w", "/v"]


def test_nothing_selected_is_no_run():
    """An empty session starts nothing."""
    assert wanted_runs([]) == []


def test_a_run_covers_what_it_executes_and_nothing_else():
    """Also after it was sent to another process."""
    sent = json.dumps(WantedRun("/w", ("/w/s.yaml",), variants=("base",), cases=("a",)).as_json())
    run = WantedRun.from_json(json.loads(sent))
    assert run.covers(_address("base", "a")[0])
    assert not run.covers(_address("cold", "a")[0])
    assert not run.covers(_address("base", "b")[0])
    assert not run.covers(_address("base", "a", name="t")[0])
    assert not run.covers(_address("base", "a", root="/v")[0])
