"""Everything wrong in a scenario file is told in one sentence with its line, all of it together."""

from __future__ import annotations

from pathlib import Path

import pytest

from peel.scenarios.loading import load_scenario

TOP = "scenario: s\norchestration: app\ncases:\n  - {id: one, inputs: {email: hi}}\n"
EVALUATOR = TOP + "evaluators: [{id: tone, use: exact}]\ngates:\n"
KEYS = (
    "below, cases, description, draft, estimates, evaluators, gates, inputs, matrix, orchestration, repetitions, "
    "scenario, variants"
)
FORM = "a change is named STEP.PARAMETER or INPUT.KEY, such as answer.temperature"
GATE_FORM = "{evaluator: ID, at_least: 0.9} or {cost_usd: {at_most: 0.01}}"
NAME = "a name of letters, digits, '_', '-' and '.' that begins with a letter or digit (at most 100)"
IDENTIFIER = "a name of letters, digits and '_' that does not begin with a digit, because templates use it"


def problems(folder: Path, text: str) -> list[tuple[str, int | None]]:
    (folder / "scenarios" / "s.yaml").write_text(text, encoding="utf-8")
    loaded = load_scenario(Path("scenarios/s.yaml"), root=Path())
    assert all(problem.file == "scenarios/s.yaml" for problem in loaded.problems)
    return [(problem.message, problem.line) for problem in loaded.problems]


TABLE: list[tuple[str, str, int]] = [
    ("", "the file is empty; a scenario begins with 'scenario: NAME'", 1),
    ("# nothing\n", "the file is empty; a scenario begins with 'scenario: NAME'", 1),
    ("- a\n", "the file must hold a mapping, not a list; a scenario begins with 'scenario: NAME'", 1),
    ("hello\n", "the file must hold a mapping, not the text 'hello'; a scenario begins with 'scenario: NAME'", 1),
    ("orchestration: app\ncases: [{id: a}]\n", "the scenario has no 'scenario': the scenario's name", 1),
    (TOP.replace("scenario: s", "scenario: 5"), f"'scenario' of the scenario must be {NAME}, not the number 5", 1),
    (TOP.replace("scenario: s", "scenario: a/b"), f"'scenario' of the scenario must be {NAME}, not the text 'a/b'", 1),
    (TOP.replace("app", "[app]"), "'orchestration' of the scenario must be text, not a list", 2),
    (
        TOP.replace("app", "ap"),
        "unknown orchestration 'ap' in 'orchestrations'; did you mean 'app'? Allowed: app",
        2,
    ),
    (TOP.replace("app", "zebra"), "unknown orchestration 'zebra' in 'orchestrations'; allowed: app", 2),
    (TOP + "scenario: t\n", "duplicate key 'scenario': it stands on line 1 already; keep one of the two", 5),
    (TOP + "description: [a]\n", "'description' of the scenario must be text, not a list", 5),
    (
        TOP + "repetitions: five\n",
        "'repetitions' of the scenario must be a whole number of 1 or more, not the text 'five'",
        5,
    ),
    (
        TOP + "repetitions: '5'\n",
        "'repetitions' of the scenario must be a whole number of 1 or more, not the text '5'",
        5,
    ),
    (
        TOP + "repetitions: 0\n",
        "'repetitions' of the scenario must be a whole number of 1 or more, not the number 0",
        5,
    ),
    (
        TOP + "repetitions: 1.5\n",
        "'repetitions' of the scenario must be a whole number of 1 or more, not the number 1.5",
        5,
    ),
    (TOP + "repetitions: true\n", "'repetitions' of the scenario must be a whole number of 1 or more, not true", 5),
    (TOP + "below: 2\n", "'below' of the scenario must be a number from 0 to 1, not the number 2", 5),
    (
        TOP + "estimates: {method: student}\n",
        "'method' of 'estimates' of the scenario must be 'anchored-bootstrap', 't', 'cluster-bootstrap' or 'wilson', "
        "not the text 'student'",
        5,
    ),
    (
        TOP + "estimates:\n  method: t\n  passes_at: 0\n",
        "'passes_at' of 'estimates' of the scenario must be a number greater than 0 and at most 1, not the number 0",
        7,
    ),
    (
        TOP + "estimates: {pass_at: 1}\n",
        "unknown key 'pass_at' in 'estimates' of the scenario; did you mean 'passes_at'? Allowed: method, passes_at",
        5,
    ),
    (
        TOP + "estimates: t\n",
        "'estimates' of the scenario must be a mapping with the keys 'method', 'passes_at', not the text 't'",
        5,
    ),
    (TOP + "gates: {}\n", "'gates' of the scenario must be a list of gates, not an empty mapping", 5),
    (TOP + "evaluators:\n", "'evaluators' of the scenario must be a list of evaluators, not an empty value", 5),
    (
        TOP + "repetition: 5\n",
        f"unknown key 'repetition' in the scenario; did you mean 'repetitions'? Allowed: {KEYS}",
        5,
    ),
    (TOP + "inputs: [a]\n", "'inputs' of the scenario must be a mapping of shared inputs by name, not a list", 5),
    (
        TOP + "inputs:\n  manuals: {knowledge: a/*.md, chunk: {size: 1}}\n",
        "unknown key 'chunk' in the input 'manuals'; did you mean 'chunking'? Allowed: chunking, embedding, knowledge",
        6,
    ),
    (
        TOP + "inputs:\n  manuals: {knowlege: a/*.md}\n",
        "unknown key 'knowlege' in the input 'manuals'; did you mean 'knowledge'? "
        "Allowed: chunking, embedding, knowledge",
        6,
    ),
    (
        TOP + "inputs:\n  manuals:\n    chunking: {size: 1}\n    knowledge: []\n",
        "'knowledge' of the input 'manuals' must be a path with * or a list of them, not an empty list",
        8,
    ),
    (
        TOP + "inputs: {output: 5}\n",
        "a shared input cannot be called 'output': templates of evaluators use 'output' for something else; "
        "choose another name",
        5,
    ),
    (
        TOP + "inputs:\n  my-input: 5\n",
        "a shared input cannot be called 'my-input': it must be made of letters, digits and '_', "
        "for templates to use it",
        6,
    ),
    (
        TOP + "inputs: {in: 5}\n",
        "a shared input cannot be called 'in': 'in' is a word of the template language; choose another name",
        5,
    ),
    (
        "scenario: s\norchestration: app\ncases: x.csv\n",
        "there is no cases file 'scenarios/x.csv'; the path is relative to the scenario's file",
        3,
    ),
    (
        "scenario: s\norchestration: app\ncases: x.xlsx\n",
        "the cases file 'x.xlsx' must end in .csv, .yaml, .yml or .jsonl",
        3,
    ),
    (
        "scenario: s\norchestration: app\ncases: ../../x.csv\n",
        "the cases file '../../x.csv' lies outside the workspace '.'; move it inside",
        3,
    ),
    (
        "scenario: s\norchestration: app\ncases: 7\n",
        "'cases' of the scenario must be a path to a .csv, .yaml, .yml or .jsonl file, or a list of cases, "
        "not the number 7",
        3,
    ),
    (
        "scenario: s\norchestration: app\ncases:\n",
        "'cases' of the scenario must be a path to a .csv, .yaml, .yml or .jsonl file, or a list of cases, "
        "not an empty value",
        3,
    ),
    ("scenario: s\norchestration: app\ncases: []\n", "there are no cases; a scenario needs at least one", 3),
    (
        TOP + "  - 5\n",
        "case 2 must be a mapping with the keys 'id', 'tags', 'inputs', 'expected', 'draft', not the number 5",
        5,
    ),
    (
        TOP + "  - {id: a, input: {x: 1}}\n",
        "unknown key 'input' in the case 'a'; did you mean 'inputs'? Allowed: draft, expected, id, inputs, tags",
        5,
    ),
    (TOP + "  - {id: a, inputs: [x]}\n", "'inputs' of the case 'a' must be a mapping, not a list", 5),
    (TOP + "  - {id: ''}\n", "'id' of case 2 is empty; give each case an id, or none of them", 5),
    (TOP + "  - {id: 1.5}\n", "'id' of case 2 must be text or a whole number, not the number 1.5", 5),
    (TOP + "  - {id: true}\n", "'id' of case 2 must be text or a whole number, not true", 5),
    (
        TOP + "  - {id: a, tags: 5}\n",
        "'tags' of the case 'a' must be a list of texts, or text separated by commas or spaces, not the number 5",
        5,
    ),
    (
        TOP + "  - {id: a, tags: [5]}\n",
        "'tags' of the case 'a' must be a list of texts, or text separated by commas or spaces, "
        "not a list that holds something else",
        5,
    ),
    (
        TOP + "  - id: a\n    inputs:\n      steps: 3\n",
        "a case input cannot be called 'steps': templates of evaluators use that for something else; rename it",
        7,
    ),
    (TOP + "  - {id: one}\n", "duplicate case id 'one': it stands on line 4 already; each case needs its own", 5),
    (
        TOP + "variants: [a]\n",
        "'variants' of the scenario must be a mapping of variants by name, such as {cold: {answer.temperature: 0}}, "
        "not a list",
        5,
    ),
    (
        TOP + "variants:\n  base: {answer.temperature: 0}\n",
        "a variant cannot be called 'base': that is the definitions as written; rename it",
        6,
    ),
    (
        TOP + "variants:\n  a b: {answer.temperature: 0}\n",
        "a variant's name begins with a letter or digit and has no spaces, not 'a b'",
        6,
    ),
    (
        TOP + "variants:\n  cold: answer.temperature\n",
        "the variant 'cold' must be a mapping of changes such as {answer.temperature: 0}, "
        "not the text 'answer.temperature'",
        6,
    ),
    (TOP + "variants: {warm: {}}\n", f"the variant 'warm' changes nothing; {FORM}", 5),
    (
        TOP + "variants:\n  hot:\n    answer temperature: 1\n",
        f"the variant 'hot' changes 'answer temperature'; {FORM}",
        7,
    ),
    (
        TOP + "matrix:\n  answer.temperature: 3\n",
        "'answer.temperature' of the matrix must be a list of one value or more, not the number 3",
        6,
    ),
    (
        TOP + "matrix: {answer.model: []}\n",
        "'answer.model' of the matrix must be a list of one value or more, not an empty list",
        5,
    ),
    (
        TOP + "matrix:\n  answer.x:\n    - 1\n    - 2\n    - 1\n",
        "'answer.x' of the matrix holds 1 twice; remove one",
        9,
    ),
    (TOP + "matrix: {'a b': [1]}\n", f"the matrix varies 'a b'; {FORM}", 5),
    (
        TOP + f"matrix: {{a.b: {list(range(40))}, a.c: {list(range(40))}}}\n",
        "the matrix expands to 1600 variants, more than 1000; name fewer values",
        5,
    ),
    (TOP + f"matrix: {{a.b: {list(range(2000))}}}\n", "'a.b' of the matrix holds 2000 values, more than 1000", 5),
    (
        TOP + "variants: {'a.b=1': {a.b: 2}}\nmatrix: {a.b: [1]}\n",
        "the matrix makes the variant 'a.b=1', which 'variants' names too; rename that",
        5,
    ),
    (
        TOP + "evaluators:\n  - regex\n",
        "evaluator 1 must be a mapping with the keys 'id', 'use', 'on', not the text 'regex'",
        6,
    ),
    (TOP + "evaluators: [{id: a b, use: x}]\n", f"'id' of the evaluator 'a b' must be {NAME}, not the text 'a b'", 5),
    (
        TOP + "evaluators:\n  - {id: a, uses: regex}\n",
        "the evaluator 'a' has no 'use': a kind of evaluator, or a function of the workspace such as "
        "../evaluators/tone.py:formal; is 'uses' meant?",
        6,
    ),
    (TOP + "evaluators: [{use: regex}]\n", "evaluator 1 has no 'id': its name in gates and reports", 5),
    (
        TOP + "evaluators:\n  - {id: b, use: regex}\n  - {use: exact,\n     id: b}\n",
        "duplicate evaluator id 'b': it stands on line 6 already; each evaluator needs its own",
        8,
    ),
    (TOP + "evaluators: [{id: c, use: 3}]\n", "'use' of the evaluator 'c' must be text, not the number 3", 5),
    (
        TOP + "evaluators: [{id: c, use: x, on: 1a}]\n",
        f"'on' of the evaluator 'c' must be {IDENTIFIER}, not the text '1a'",
        5,
    ),
    (EVALUATOR + "  - tone\n", f"gate 1 must be a mapping such as {GATE_FORM}, not the text 'tone'", 7),
    (EVALUATOR + "  - {}\n", f"gate 1 is empty; a gate is written {GATE_FORM}", 7),
    (
        EVALUATOR + "  - {evaluator: tones, at_least: 0.5}\n",
        "gate 1 names the unknown evaluator 'tones'; did you mean 'tone'? Allowed: tone",
        7,
    ),
    (
        TOP + "gates: [{evaluator: tone, at_least: 0.5}]\n",
        "gate 1 names the unknown evaluator 'tone'; this scenario has no evaluators",
        5,
    ),
    (
        EVALUATOR + "  - {evaluator: cost_usd, at_most: 0.5}\n",
        "gate 1 names the unknown evaluator 'cost_usd'; 'cost_usd' is a measure, whose gate is written "
        "{cost_usd: {at_most: …}}",
        7,
    ),
    (
        EVALUATOR + "  - {evaluator: tone}\n",
        "gate 1 has neither 'at_least' nor 'at_most'; a gate has exactly one of them",
        7,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, at_least: 0.5, at_most: 0.6}\n",
        "gate 1 has both 'at_least' and 'at_most'; a gate has exactly one of them",
        7,
    ),
    (
        EVALUATOR + "  - evaluator: tone\n    at_least: 1.5\n",
        "'at_least' of gate 1 must be a number from 0 to 1, not the number 1.5",
        8,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, at_least: 90%}\n",
        "'at_least' of gate 1 must be a number from 0 to 1, not the text '90%'",
        7,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, at_lest: 0.5}\n",
        "unknown key 'at_lest' in gate 1; did you mean 'at_least'? "
        "Allowed: at_least, at_most, by, each_case, evaluator, not_worse_than, pass_hat, scope, share_below, tag, "
        "tolerance",
        7,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, at_least: 0.5, scope: all}\n",
        "'scope' of gate 1 must be 'these-cases' or 'cases-like-these', not the text 'all'",
        7,
    ),
    (
        EVALUATOR + "  - {cost: {at_most: 1}}\n",
        "unknown key 'cost' in gate 1; did you mean 'cost_usd'? Allowed: cost_usd, error_rate, evaluator, latency_s",
        7,
    ),
    (
        EVALUATOR + "  - {cost_usd: 0.1}\n",
        "'cost_usd' of gate 1 must be a mapping such as {at_most: 0.01}, not the number 0.1",
        7,
    ),
    (
        EVALUATOR + "  - {cost_usd: {at_most: 1}, scope: these-cases}\n",
        "unknown key 'scope' in gate 1; put it inside 'cost_usd': {cost_usd: {scope: …}}",
        7,
    ),
    (
        EVALUATOR + "  - {cost_usd: {at_most: 1}, latency_s: {at_most: 2}}\n",
        "gate 1 names 'cost_usd' and 'latency_s'; write a gate for each",
        7,
    ),
    (
        EVALUATOR + "  - {latency_s: {atmost: 1}}\n",
        "unknown key 'atmost' in 'latency_s' of gate 1; did you mean 'at_most'? "
        "Allowed: at_least, at_most, of, scope, tag, tolerance",
        7,
    ),
    (
        EVALUATOR + "  - {latency_s: {at_most: -1}}\n",
        "'at_most' of 'latency_s' of gate 1 must be a number of 0 or more, not the number -1",
        7,
    ),
    (
        EVALUATOR + "  - {error_rate: {at_most: 2}}\n",
        "'at_most' of 'error_rate' of gate 1 must be a number from 0 to 1, not the number 2",
        7,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, share_below: 0.3}\n",
        "'share_below' of gate 1 must be a mapping such as {at_most: 0.1}, not the number 0.3",
        7,
    ),
    (
        EVALUATOR + "  - evaluator: tone\n    share_below:\n      at_most: 0.1\n      below: 0.2\n",
        "unknown key 'below' in 'share_below' of gate 1; allowed: at_least, at_most, scope, tag, threshold, tolerance",
        10,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, at_most: 0.1, share_below: {threshold: 0.5}}\n",
        "'at_most' of gate 1 does not go with 'share_below'; put it inside 'share_below': {share_below: {at_most: …}}",
        7,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, pass_hat: {at_least: 0.8}}\n",
        "'pass_hat' of gate 1 has no 'k': how many executions must all pass",
        7,
    ),
    (
        EVALUATOR + "  - evaluator: tone\n    pass_hat:\n      k: 3\n      at_least: 0.8\nrepetitions: 2\n",
        "'k' of 'pass_hat' of gate 1 is 3, but each case is executed 2 times; lower it, or raise 'repetitions'",
        9,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, pass_hat: {k: 1}}\n",
        "'pass_hat' of gate 1 has neither 'at_least' nor 'at_most'; a gate has exactly one of them",
        7,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, pass_hat: {k: 1, at_least: 1}, each_case: {at_least: 1}}\n",
        "gate 1 has 'pass_hat' and 'each_case'; write a gate for each",
        7,
    ),
    *(
        (
            EVALUATOR + f"  - evaluator: tone\n    each_case:\n      at_least: {written}\n",
            "'at_least' of 'each_case' of gate 1 must be how many repetitions must pass, such as 8 of 10, 80 % or 0.8, "
            f"not {found}",
            9,
        )
        for written, found in {
            "8 out of 10": "the text '8 out of 10'",
            "11 of 10": "the text '11 of 10'",
            "0 of 10": "the text '0 of 10'",
            "8 of 0": "the text '8 of 0'",
            "120 %": "the text '120 %'",
            "8": "the number 8",
            "0": "the number 0",
            "true": "true",
            "[8, 10]": "a list",
        }.items()
    ),
    (
        EVALUATOR + "  - {evaluator: tone, at_least: 0.5, by: 0.1}\n",
        "'by' of gate 1 belongs to 'not_worse_than'; leave it out",
        7,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, not_worse_than: last, by: 0}\n",
        "'by' of gate 1 must be a number greater than 0 and at most 1, not the number 0",
        7,
    ),
    (
        EVALUATOR + "  - {evaluator: tone, not_worse_than: last, at_least: 0.5}\n",
        "'at_least' of gate 1 does not go with 'not_worse_than'; leave it out, or write a gate for each",
        7,
    ),
    (
        TOP.replace("{id: one,", "{id: one, tags: [moving],")
        + "evaluators: [{id: tone, use: exact}]\ngates: [{evaluator: tone, at_least: 0.5, tag: move}]\n",
        "'tag' of gate 1 is 'move', which no case has; did you mean 'moving'? Allowed: moving",
        6,
    ),
    (
        EVALUATOR + "  - {latency_s: {at_most: 1, of: p99}}\n",
        "'of' of 'latency_s' of gate 1 must be 'mean', 'p50' or 'p95', not the text 'p99'",
        7,
    ),
    (
        EVALUATOR + "  - {share_below: {at_most: 0.1}}\n",
        "unknown key 'share_below' in gate 1; name the evaluator it is about: {evaluator: ID, share_below: …}",
        7,
    ),
]


@pytest.mark.parametrize(("text", "message", "line"), TABLE)
def test_one_mistake_is_one_sentence_on_its_line(workspace: Path, text: str, message: str, line: int) -> None:
    """Each mistake is told once, with what was found, what is allowed, and where."""
    assert problems(workspace, text) == [(message, line)]


def test_all_mistakes_of_a_file_are_told_together_in_the_order_of_its_lines(workspace: Path) -> None:
    """Keys, cases, evaluators, gates and YAML's own duplicates in one go."""
    text = TOP + (
        "  - {id: one}\n"
        "repetitions: many\n"
        "evaluators:\n"
        "  - {id: a, use: exact}\n"
        "  - {id: a, use: exact}\n"
        "  - {id: b}\n"
        "gates:\n"
        "  - {evaluator: c, at_least: 0.5}\n"
        "  - {evaluator: a, at_least: 2}\n"
        "repetitions: 3\n"
        "gate: []\n"
    )
    assert [line for _, line in problems(workspace, text)] == [5, 6, 9, 10, 12, 13, 14, 15]


def test_a_wrong_cases_file_does_not_hide_what_is_wrong_in_the_scenario(workspace: Path) -> None:
    """Problems of both files come together, each under its own file."""
    (workspace / "scenarios" / "c.csv").write_text("id,email\na,b,c\n", encoding="utf-8")
    (workspace / "scenarios" / "s.yaml").write_text("scenario: s\norchestration: app\ncases: c.csv\nbelow: x\n")
    loaded = load_scenario(Path("scenarios/s.yaml"), root=Path())
    assert [str(problem) for problem in loaded.problems] == [
        "scenarios/s.yaml:4: 'below' of the scenario must be a number from 0 to 1, not the text 'x'",
        "scenarios/c.csv:2: row 2 has 3 cells, but the header (row 1) has 2",
    ]
    assert not loaded.names_known


def test_the_number_of_problems_that_are_told_is_bounded(workspace: Path) -> None:
    """A file that is wrong throughout does not fill the terminal."""
    found = problems(workspace, TOP + "".join(f"  - {{id: one, wrong{n}: 1}}\n" for n in range(500)))
    assert len(found) == 101
    assert found[-1] == ("and 400 more problems in this file", None)


def test_a_file_that_is_not_there_is_named(workspace: Path) -> None:
    """Without a line, for there is none."""
    loaded = load_scenario(Path("scenarios/nothing.yaml"), root=Path())
    assert [str(problem) for problem in loaded.problems] == ["scenarios/nothing.yaml: there is no such file"]
    assert loaded.scenario is None


def test_a_folder_is_not_a_scenario(workspace: Path) -> None:
    """What is there instead is said."""
    (problem,) = load_scenario(Path("scenarios"), root=Path()).problems
    assert str(problem) == "scenarios: this is a folder, not a file"


def test_a_file_that_is_too_large_is_not_read(workspace: Path) -> None:
    """The bound is named."""
    (workspace / "scenarios" / "s.yaml").write_bytes(b"#" * 4_000_001)
    (problem,) = load_scenario(Path("scenarios/s.yaml"), root=Path()).problems
    assert str(problem) == "scenarios/s.yaml: the file is larger than 4 MB, the most that is read"


def test_an_orchestration_in_two_files_is_reported(workspace: Path) -> None:
    """Neither is chosen in silence."""
    (workspace / "orchestrations" / "copy.yml").write_text("orchestration: app\n", encoding="utf-8")
    assert problems(workspace, TOP) == [
        (
            "the orchestration 'app' stands in several files: orchestrations/app.yaml, orchestrations/copy.yml; "
            "rename all but one",
            2,
        )
    ]


def test_an_orchestration_file_that_breaks_before_its_name_is_named(workspace: Path) -> None:
    """It may be the one that is looked for."""
    (workspace / "orchestrations" / "app.yaml").unlink()
    (workspace / "orchestrations" / "broken.yaml").write_text("a: [\n", encoding="utf-8")
    assert problems(workspace, TOP) == [
        (
            "unknown orchestration 'app' in 'orchestrations'; no file there has an 'orchestration: NAME'; "
            "orchestrations/broken.yaml cannot be read",
            2,
        )
    ]


def test_what_a_message_repeats_of_a_file_is_short(workspace: Path) -> None:
    """A text of a megabyte is not printed back."""
    found = problems(workspace, TOP + f"repetitions: {'x' * 1_000_000}\n{'k' * 1000}: 1\n")
    assert len(found) == 2
    assert all(len(message) < 300 for message, _ in found)
