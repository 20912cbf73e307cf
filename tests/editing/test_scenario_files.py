"""Scenario files edited: what is written is the file, whole or not at all, and never over a change of somebody else."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from peel.errors import ConflictError, DefinitionError, UnknownScenario
from peel.workspace import Workspace


def file(root: Path) -> Path:
    return root / "scenarios" / "support.yaml"


def test_a_view_has_text_fields_lines_and_problems(workspace, root):
    """A scenario is one file in two views; nothing is wrong with this one."""
    view = workspace.scenario_files.view("support")
    assert view.text == file(root).read_text("utf-8")
    assert view.fields is not None
    assert view.fields["orchestration"] == "reply"
    assert view.lines["gates"] == 22
    assert (view.path, view.problems, view.undo, view.changed) == ("scenarios/support.yaml", (), 0, False)


def test_problems_name_files_from_the_workspace_wherever_the_server_runs(workspace, root, monkeypatch):
    """A path of the machine is nobody's business in the browser."""
    monkeypatch.chdir("/")
    text = file(root).read_text("utf-8").replace("use: regex", "use: regx")
    problem = workspace.scenario_files.attempt("support", text).problems[0]
    assert (problem.file, problem.line) == ("scenarios/support.yaml", 13)


def test_an_attempt_says_what_check_would_and_writes_nothing(workspace, root):
    """A misspelt kind has its line; the file is as it was, and so is the folder."""
    before, files = file(root).read_bytes(), sorted(root.rglob("*"))
    view = workspace.scenario_files.attempt(
        "support", file(root).read_text("utf-8"), {"evaluators": [{"id": "x", "use": "exat"}]}
    )
    assert "unknown evaluator 'exat'" in view.problems[0].message
    assert view.changed
    assert file(root).read_bytes() == before
    assert sorted(root.rglob("*")) == files


def test_fields_are_changed_added_and_taken_out(workspace, root):
    """One call for the form and the API: None takes a field out, what is not named stays."""
    files = workspace.scenario_files
    view = files.change("support", {"repetitions": 3, "gates": None}, seen=files.view("support").seen)
    assert view.fields is not None
    assert view.fields["repetitions"] == 3
    assert "gates" not in view.fields
    assert "# compared as text" in file(root).read_text("utf-8")


@pytest.mark.parametrize(
    "fields", [{"cases": "x.csv"}, {"evaluatrs": []}, {"description": "a\0b"}, {"inputs": {"a": "\ud800"}}]
)
def test_unknown_fields_and_impossible_texts_are_refused(workspace, fields, root):
    """A form has the fields that a scenario has; its cases are changed as a table."""
    before = file(root).read_bytes()
    files = workspace.scenario_files
    with pytest.raises(DefinitionError):
        files.change("support", fields, seen=files.view("support").seen)
    assert file(root).read_bytes() == before


def test_a_change_on_disk_is_never_overwritten(workspace, root):
    """The error has both texts, what differs, and the hash to save with once more."""
    files = workspace.scenario_files
    view = files.view("support")
    file(root).write_text(view.text + "below: 0.2\n", "utf-8")
    with pytest.raises(ConflictError) as caught:
        files.save("support", view.text + "repetitions: 9\n", seen=view.seen)
    assert caught.value.theirs.endswith("below: 0.2\n")
    assert caught.value.yours is not None
    assert caught.value.yours.endswith("repetitions: 9\n")
    assert "-below: 0.2" in caught.value.diff
    assert "+repetitions: 9" in caught.value.diff
    assert file(root).read_text("utf-8").endswith("below: 0.2\n")
    files.save("support", view.text + "repetitions: 9\n", seen=caught.value.seen)
    assert file(root).read_text("utf-8").endswith("repetitions: 9\n")


def test_of_saves_at_once_one_wins_and_the_others_are_told(root):
    """Eight editors save from the same view at the same moment: one text is on disk, seven conflicts are raised."""
    seen = Workspace(root).scenario_files.view("support").seen
    text = file(root).read_text("utf-8")
    barrier, outcomes = threading.Barrier(8), []

    def save(number: int) -> None:
        files = Workspace(root).scenario_files
        barrier.wait()
        try:
            files.save("support", f"{text}repetitions: {number}\n", seen=seen)
            outcomes.append(number)
        except ConflictError:
            outcomes.append(None)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [one for one in outcomes if one is not None]
    assert len(winners) == 1
    assert len(outcomes) == 8
    assert file(root).read_text("utf-8") == f"{text}repetitions: {winners[0]}\n"
    assert [path.name for path in (root / "scenarios").iterdir() if path.name.startswith(".")] == []


def test_line_ends_byte_order_mark_and_mode_stay(workspace, root):
    """A file made on Windows stays one, lines that nobody touched and new ones alike."""
    file(root).write_bytes(b"\xef\xbb\xbf" + file(root).read_bytes().replace(b"\n", b"\r\n"))
    file(root).chmod(0o640)
    files = workspace.scenario_files
    view = files.view("support")
    files.save(
        "support", view.text.replace("\r\n", "\n").replace("friendly", "formal") + "below: 0.2\n", seen=view.seen
    )
    data = file(root).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf# What")
    assert data.count(b"\r\n") == data.count(b"\n")
    assert b"tone: formal   # shared\r\n" in data
    assert file(root).stat().st_mode & 0o777 == 0o640


def test_saves_are_taken_back_one_by_one_and_not_over_a_change(workspace, root):
    """Undo goes back through every save, and stops where somebody else wrote."""
    files, before = workspace.scenario_files, file(root).read_bytes()
    for number in (1, 2):
        view = files.view("support")
        files.save("support", f"{view.text}\n# {number}\n", seen=view.seen)
    assert files.view("support").undo == 2
    files.undo("support", seen=files.view("support").seen)
    files.undo("support", seen=files.view("support").seen)
    assert file(root).read_bytes() == before
    with pytest.raises(DefinitionError, match="nothing to undo"):
        files.undo("support", seen=files.view("support").seen)
    view = files.save("support", files.view("support").text + "below: 0.1\n", seen=files.view("support").seen)
    file(root).write_text("scenario: support\n", "utf-8")
    with pytest.raises(ConflictError):
        files.undo("support", seen=view.seen)


def test_a_scenario_that_is_not_there_or_twice_is_told(workspace, root):
    """The nearest name is offered; two files with one name are both named."""
    with pytest.raises(UnknownScenario, match="did you mean 'support'"):
        workspace.scenario_files.view("suport")
    (root / "scenarios/again.yaml").write_text("scenario: support\n", "utf-8")
    with pytest.raises(DefinitionError, match=r"scenarios/again\.yaml, scenarios/support\.yaml"):
        workspace.scenario_files.view("support")


def test_a_scenario_behind_a_link_that_leads_outside_is_not_opened(workspace, root, tmp_path_factory):
    """Neither read nor written."""
    outside = tmp_path_factory.mktemp("outside") / "x.yaml"
    outside.write_text("scenario: linked\nsecret: 1\n", "utf-8")
    (root / "scenarios/linked.yaml").symlink_to(outside)
    with pytest.raises(DefinitionError, match="outside the workspace"):
        workspace.scenario_files.view("linked")
    with pytest.raises(DefinitionError, match="outside the workspace"):
        workspace.scenario_files.save("linked", "scenario: linked\n", seen="x")
    assert outside.read_text("utf-8") == "scenario: linked\nsecret: 1\n"


def test_a_scenario_twice_of_which_one_is_a_link_that_leads_outside_is_told(workspace, root, tmp_path_factory):
    """By the names that both have in the workspace."""
    outside = tmp_path_factory.mktemp("outside") / "same.yaml"
    outside.write_bytes(file(root).read_bytes())
    (root / "scenarios/linked.yaml").symlink_to(outside)
    with pytest.raises(DefinitionError, match=r"scenarios/linked\.yaml"):
        workspace.scenario_files.view("support")


def test_a_new_scenario_takes_no_file_that_is_there(workspace, root):
    """The sheet of its cases must be new as well: nothing is written over."""
    (root / "scenarios/returns.csv").write_text("id\nkeep\n", "utf-8")
    with pytest.raises(DefinitionError, match=r"there is a file scenarios/returns\.csv already"):
        workspace.scenario_files.create({"scenario": "returns", "orchestration": "reply"})
    assert not (root / "scenarios/returns.yaml").exists()
    assert (root / "scenarios/returns.csv").read_text("utf-8") == "id\nkeep\n"


def test_a_new_sheet_has_the_inputs_that_nobody_shares(workspace, root):
    """The orchestration asks for email and tone; what the scenario shares is no column."""
    workspace.scenario_files.create({"scenario": "returns", "orchestration": "reply", "inputs": {"tone": "kind"}})
    assert (root / "scenarios/returns.csv").read_text("utf-8") == "id,email,expected.answer\n"


def test_code_is_not_loaded_for_a_text_that_names_what_it_may_not(workspace, root):
    """The check of references comes before the compilation that would import the file."""
    (root / "evaluators/evil.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('ran').touch()\ndef f(output): ...\n", "utf-8"
    )
    text = "scenario: support\norchestration: reply\ncases: support.csv\nevaluators:\n"
    text += "  - {id: a, use: '../evaluators/evil.py:f'}\n  - {id: b, use: '../../x.py:f'}\n"
    view = workspace.scenario_files.attempt("support", text)
    assert [problem.line for problem in view.problems] == [6]
    assert not (root / "evaluators/ran").exists()
