"""A right scenario file becomes its record, and paths into the record find the lines they came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from peel.records import Case, EvaluatorDefinition, GateDefinition, Variant
from peel.scenarios.loading import LoadedScenario, conflicting_names, load_orchestration, load_scenario

SCENARIO = """\
scenario: telco-support
description: A customer asks by email.
orchestration: app
inputs:
  manuals: {knowledge: ../knowledge/*.pdf, chunking: {size: 120}, embedding: all-MiniLM-L6-v2}
  hotline: {de: "0800", en: 44}
cases: telco.csv
repetitions: 5
below: 0.5
variants:
  cold: {answer.temperature: 0}
matrix:
  answer.temperature: [0, 0.5]
  answer.model: [big, default]
evaluators:
  - {id: core-terms, use: regex, all: "{{ expected.terms }}"}
  - {id: right-passage, use: retrieval, on: passages, relevant: "{{ expected.source }}"}
gates:
  - {evaluator: core-terms, at_least: 0.9, tolerance: 0.05}
  - {cost_usd: {at_most: 0.01, scope: cases-like-these}}
"""
CASES = 'id,tags,email,expected.terms\na1,demo moving,Hello,"[""reset"", ""3 s""]"\na2,,"Two\nlines",x\na3,demo,Bye,y\n'


def load(folder: Path, text: str, cases: str = CASES) -> LoadedScenario:
    (folder / "scenarios" / "telco.csv").write_text(cases, encoding="utf-8")
    (folder / "scenarios" / "telco.yaml").write_text(text, encoding="utf-8")
    return load_scenario(Path("scenarios/telco.yaml"), root=Path())


def test_a_right_file_becomes_its_record(workspace: Path) -> None:
    """Every key of the format arrives where its record says, and nothing is reported."""
    loaded = load(workspace, SCENARIO)
    assert loaded.problems == ()
    assert loaded.names_known
    assert loaded.path == workspace / "scenarios" / "telco.yaml"
    assert loaded.orchestration_path is not None
    assert loaded.orchestration_path.name == "app.yaml"
    scenario = loaded.scenario
    assert scenario is not None
    assert (scenario.scenario, scenario.orchestration, scenario.repetitions, scenario.below) == (
        "telco-support",
        "app",
        5,
        0.5,
    )
    assert scenario.inputs["hotline"] == {"de": "0800", "en": 44}
    assert scenario.evaluators[1] == EvaluatorDefinition(
        id="right-passage", use="retrieval", on="passages", settings={"relevant": "{{ expected.source }}"}
    )
    assert scenario.gates == (
        GateDefinition(kind="evaluator", subject="core-terms", at_least=0.9, tolerance=0.05),
        GateDefinition(kind="measure", subject="cost_usd", at_most=0.01, scope="cases-like-these"),
    )
    assert scenario.cases[0] == Case(
        id="a1", tags=("demo", "moving"), inputs={"email": "Hello"}, expected={"terms": ["reset", "3 s"]}
    )


def test_what_is_left_out_has_its_default(workspace: Path) -> None:
    """A name, an orchestration and cases are enough."""
    scenario = load(workspace, "scenario: s\norchestration: app\ncases: telco.csv\n").scenario
    assert scenario is not None
    assert (scenario.repetitions, scenario.below, scenario.description) == (1, 0.3, "")
    assert scenario.variants == (Variant(name="base"),)
    assert scenario.evaluators == scenario.gates == ()


def test_base_comes_first_then_named_variants_then_the_matrix(workspace: Path) -> None:
    """A matrix expands to the product of its values, each combination named by what it sets."""
    scenario = load(workspace, SCENARIO).scenario
    assert scenario is not None
    assert [variant.name for variant in scenario.variants] == [
        "base",
        "cold",
        "answer.temperature=0,answer.model=big",
        "answer.temperature=0,answer.model=default",
        "answer.temperature=0.5,answer.model=big",
        "answer.temperature=0.5,answer.model=default",
    ]
    assert scenario.variants[3].changes == {"answer.temperature": 0, "answer.model": "default"}


def test_matrix_values_that_make_no_name_are_shown_by_number(workspace: Path) -> None:
    """A long text, a mapping, and values that read the same (1 and "1") still give each variant its own name."""
    text = (
        "scenario: s\norchestration: app\ncases: telco.csv\nmatrix:\n"
        "  manuals.chunking: [{size: 1}, {size: 2}]\n  answer.x: [1, '1']\n"
    )
    scenario = load(workspace, text).scenario
    assert scenario is not None
    assert [variant.name for variant in scenario.variants[1:]] == [
        "manuals.chunking=#1,answer.x=#1",
        "manuals.chunking=#1,answer.x=#2",
        "manuals.chunking=#2,answer.x=#1",
        "manuals.chunking=#2,answer.x=#2",
    ]


def test_paths_into_the_record_find_their_lines(workspace: Path) -> None:
    """A problem of a case names the case file and the line its row begins on, even after a cell of two lines."""
    loaded = load(workspace, SCENARIO)
    assert str(loaded.origin.problem("x", ("evaluators", 1, "relevant"))) == "scenarios/telco.yaml:17: x"
    assert str(loaded.origin.problem("x", ("gates", 1))) == "scenarios/telco.yaml:20: x"
    assert str(loaded.origin.problem("x", ("inputs", "manuals", "chunking"))) == "scenarios/telco.yaml:5: x"
    assert str(loaded.origin.problem("x", ("variants", "cold", "answer.temperature"))) == "scenarios/telco.yaml:11: x"
    assert str(loaded.cases_origin.problem("x", (2, "inputs", "email"))) == "scenarios/telco.csv:5: x"


def test_paths_follow_the_record_where_entries_were_left_out(workspace: Path) -> None:
    """The first evaluator of the record is the second of the file when the first was wrong."""
    text = SCENARIO.replace("use: regex, all", "use: 5, all")
    loaded = load(workspace, text)
    assert loaded.scenario is not None
    assert [evaluator.id for evaluator in loaded.scenario.evaluators] == ["right-passage"]
    assert loaded.left_out == {"core-terms"}
    assert loaded.origin.line(("evaluators", 0)) == 17
    assert [str(problem) for problem in loaded.problems] == [
        "scenarios/telco.yaml:16: 'use' of the evaluator 'core-terms' must be text, not the number 5"
    ]


def test_a_gate_on_an_evaluator_that_was_left_out_is_no_second_problem(workspace: Path) -> None:
    """One mistake is told once."""
    loaded = load(workspace, SCENARIO.replace("use: regex, all", "uses: regex, all"))
    assert len(loaded.problems) == 1


def test_an_inline_case_names_the_scenarios_file(workspace: Path) -> None:
    """Cases in the scenario itself find their own lines there."""
    text = (
        "scenario: s\norchestration: app\ncases:\n"
        "  - {inputs: {email: a}}\n  - id: 7\n    tags: [x]\n    inputs:\n      email: b\n"
    )
    loaded = load(workspace, text)
    assert loaded.scenario is not None
    assert [case.id for case in loaded.scenario.cases] == ["case-1", "7"]
    assert str(loaded.cases_origin.problem("x", (1, "inputs", "email"))) == "scenarios/telco.yaml:8: x"


def conflicts(folder: Path, text: str, cases: str, steps: list[str]) -> list[str]:
    written = "".join(f"  - {{id: {step}, use: llm}}\n" for step in steps)
    (folder / "orchestrations" / "app.yaml").write_text(f"orchestration: app\nsteps:\n{written}", encoding="utf-8")
    loaded = load(folder, text, cases)
    assert loaded.orchestration_path is not None
    orchestration = load_orchestration(loaded.orchestration_path, root=Path())
    return [str(problem) for problem in conflicting_names(loaded, orchestration)]


def test_names_that_templates_could_not_tell_apart_are_reported(workspace: Path) -> None:
    """A case input may not be called like a shared input, nor either like a step that others follow."""
    text = "scenario: s\norchestration: app\ninputs: {answer: 1, email: 2}\ncases: telco.csv\n"
    end = "so that templates could not tell them apart; rename one"
    assert conflicts(workspace, text, "id,email,passages\na,b,c\n", ["passages", "answer", "reply"]) == [
        f"scenarios/telco.yaml:3: the shared input 'answer' is called like a step that others follow, {end}",
        f"scenarios/telco.csv:2: the case input 'email' is called like a shared input, {end}",
        f"scenarios/telco.csv:2: the case input 'passages' is called like a step that others follow, {end}",
    ]


def test_the_last_step_may_be_called_like_an_input(workspace: Path) -> None:
    """An email is answered by an email: no step comes after it that could mean either."""
    text = "scenario: s\norchestration: app\ncases: telco.csv\n"
    assert conflicts(workspace, text, "id,email\na,b\n", ["question", "email"]) == []


def test_names_that_differ_are_no_conflict(workspace: Path) -> None:
    """The right scenario has none."""
    loaded = load(workspace, SCENARIO)
    assert loaded.orchestration_path is not None
    assert conflicting_names(loaded, load_orchestration(loaded.orchestration_path, root=Path())) == ()


def test_a_record_never_holds_what_was_reported(workspace: Path) -> None:
    """A wrong number falls back to the default instead of reaching the plan."""
    loaded = load(workspace, SCENARIO.replace("repetitions: 5", "repetitions: -5"))
    assert loaded.scenario is not None
    assert loaded.scenario.repetitions == 1
    assert len(loaded.problems) == 1


def test_paths_are_relative_to_the_file_that_names_them(workspace: Path) -> None:
    """A scenario in a folder of its own finds its cases beside it and above it."""
    folder = workspace / "scenarios" / "deep"
    folder.mkdir()
    (workspace / "scenarios" / "all.jsonl").write_text('{"id": "one", "inputs": {"email": "x"}}\n', encoding="utf-8")
    (folder / "s.yml").write_text("scenario: s\norchestration: app\ncases: ../all.jsonl\n", encoding="utf-8")
    loaded = load_scenario(folder / "s.yml", root=workspace)
    assert loaded.problems == ()
    assert loaded.origin.directory == folder
    assert loaded.cases_origin.file == "scenarios/all.jsonl"


def test_a_link_inside_the_workspace_may_lead_outside(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What lies outside is what is written so; a link is the owner's own decision."""
    outside = tmp_path_factory.mktemp("data") / "cases.csv"
    outside.write_text("id,email\na,b\n", encoding="utf-8")
    (workspace / "scenarios" / "linked.csv").symlink_to(outside)
    assert load(workspace, "scenario: s\norchestration: app\ncases: linked.csv\n").problems == ()


def test_how_estimates_are_made_is_loaded(workspace: Path) -> None:
    """What is left out is the default."""
    named = load(workspace, SCENARIO + "estimates: {method: t, passes_at: 1}\n").scenario
    assert named is not None
    assert (named.estimates.method, named.estimates.passes_at) == ("t", 1.0)
    plain = load(workspace, SCENARIO).scenario
    assert plain is not None
    assert (plain.estimates.method, plain.estimates.passes_at) == ("anchored-bootstrap", 0.5)
