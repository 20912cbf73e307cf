"""Orchestration files become orchestrations; each wrong step is told and left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from peel.records import StepDefinition
from peel.scenarios.loading import LoadedOrchestration, load_orchestration

TOP = "orchestration: a\nsteps:\n  - {id: first, use: llm}\n"
IDENTIFIER = "a name of letters, digits and '_' that does not begin with a digit, because templates use it"


def load(folder: Path, text: str) -> LoadedOrchestration:
    (folder / "orchestrations" / "o.yaml").write_text(text, encoding="utf-8")
    return load_orchestration(Path("orchestrations/o.yaml"), root=Path())


def test_a_right_file_becomes_its_record(workspace: Path) -> None:
    """Steps keep their order, prompts and requests their types; the last step is the output where none is named."""
    loaded = load(workspace, TOP + "  - {id: second, use: ../s.py:f, request: {n: 1}, parameters: {t: 0.5}}\n")
    assert loaded.problems == ()
    assert loaded.orchestration is not None
    assert loaded.orchestration.steps == (
        StepDefinition(id="first", use="llm"),
        StepDefinition(id="second", use="../s.py:f", request={"n": 1}, parameters={"t": 0.5}),
    )
    assert loaded.orchestration.output == "second"


def test_a_step_may_be_named_as_the_output(workspace: Path) -> None:
    """It need not be the last."""
    loaded = load(workspace, TOP + "  - {id: second, use: llm}\noutput: first\n")
    assert loaded.orchestration is not None
    assert loaded.orchestration.output == "first"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "the file is empty; an orchestration begins with 'orchestration: NAME'", 1),
        ("orchestration: a\n", "the orchestration has no 'steps': the steps, in the order they run", 1),
        (
            "orchestration: a\nsteps: []\n",
            "'steps' of the orchestration must be a list of one step or more, not an empty list",
            2,
        ),
        (
            "orchestration: a\nstep:\n  - {id: a, use: llm}\n",
            "unknown key 'step' in the orchestration; did you mean 'steps'? "
            "Allowed: description, orchestration, output, steps",
            2,
        ),
        (
            TOP + "  - llm\n",
            "step 2 must be a mapping with the keys 'id', 'use', 'prompt', 'request', 'parameters', not the text 'llm'",
            4,
        ),
        (
            TOP + "  - {id: output, use: llm}\n",
            "a step cannot have the id 'output': templates of evaluators use 'output' for something else; "
            "choose another name",
            4,
        ),
        (
            TOP + "  - use: llm\n    id: not\n",
            "a step cannot have the id 'not': 'not' is a word of the template language; choose another name",
            5,
        ),
        (TOP + "  - {id: a-b, use: llm}\n", f"'id' of the step 'a-b' must be {IDENTIFIER}, not the text 'a-b'", 4),
        (
            TOP + "  - {id: first, use: llm}\n",
            "duplicate step id 'first': it stands on line 3 already; each step needs its own",
            4,
        ),
        (
            TOP + "  - {id: q, use: llm, prompt: x, request: y}\n",
            "the step 'q' has both a 'prompt' and a 'request'; a step has one of them",
            4,
        ),
        (
            TOP + "  - {id: r, use: llm, parameter: {}}\n",
            "unknown key 'parameter' in the step 'r'; did you mean 'parameters'? "
            "Allowed: id, parameters, prompt, request, use",
            4,
        ),
        (
            TOP + "  - {id: s, use: llm, parameters: 3}\n",
            "'parameters' of the step 's' must be a mapping, not the number 3",
            4,
        ),
        (TOP + "output: frist\n", "'output' names the unknown step 'frist'; did you mean 'first'? Allowed: first", 4),
        (
            "orchestration: a\nsteps:\n  - {id: first, use: llm, prompt: {{ email }}}\n",
            'a mapping stands where a key or a value should; put a template in quotes: "{{ email }}"',
            3,
        ),
    ],
)
def test_one_mistake_is_one_sentence_on_its_line(workspace: Path, text: str, message: str, line: int) -> None:
    """Each mistake is told once, with what was found, what is allowed, and where."""
    assert [(problem.message, problem.line) for problem in load(workspace, text).problems] == [(message, line)]


def test_right_steps_are_kept_and_wrong_ones_named(workspace: Path) -> None:
    """The rest can still be compiled, and knows which names were meant to exist; naming one is no second problem."""
    loaded = load(workspace, "orchestration: a\nsteps:\n  - {id: x, use: 5}\n  - {id: y, use: llm}\noutput: x\n")
    assert loaded.orchestration is not None
    assert [step.id for step in loaded.orchestration.steps] == ["y"]
    assert loaded.left_out == {"x"}
    assert len(loaded.problems) == 1
    assert loaded.origin.line(("steps", 0, "use")) == 4
