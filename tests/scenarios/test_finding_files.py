"""A workspace's root, its scenarios and its orchestrations are found by what they hold."""

from __future__ import annotations

from pathlib import Path

from peel.scenarios.finding import find_orchestrations, find_scenarios, find_workspace


def test_the_workspace_is_the_nearest_folder_with_scenarios(workspace: Path) -> None:
    """From a folder in it, from a scenario file, and from itself."""
    deep = workspace / "knowledge" / "manuals"
    deep.mkdir(parents=True)
    file = workspace / "scenarios" / "s.yaml"
    file.write_text("scenario: s\n", encoding="utf-8")
    assert find_workspace(deep) == find_workspace(file) == find_workspace(Path()) == workspace


def test_no_workspace_is_none(tmp_path: Path) -> None:
    """Nothing is guessed."""
    assert find_workspace(tmp_path / "nowhere") is None


def test_scenarios_are_found_in_order_and_cases_files_are_not_taken_for_them(workspace: Path) -> None:
    """Folders are searched, hidden ones are not; a YAML file that holds a list is a cases file."""
    for name, text in {
        "b.yaml": "scenario: b\n",
        "a/z.yml": "scenario: z\n",
        "cases.yaml": "- {id: a}\n",
        "empty.yaml": "",
        "c.csv": "id\n",
        ".hidden/h.yaml": "scenario: h\n",
    }.items():
        path = workspace / "scenarios" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    names = [path.relative_to(workspace / "scenarios").as_posix() for path in find_scenarios(workspace)]
    assert names == ["a/z.yml", "b.yaml", "empty.yaml"]


def test_orchestrations_are_found_by_their_own_names(workspace: Path) -> None:
    """The file's name does not matter; one without a name and one that breaks before it are told apart."""
    folder = workspace / "orchestrations"
    (folder / "other.yml").write_text("steps: []\norchestration: named\nbroken: [", encoding="utf-8")
    (folder / "nameless.yaml").write_text("steps: []\n", encoding="utf-8")
    (folder / "broken.yaml").write_text("a: [\n", encoding="utf-8")
    found = find_orchestrations(workspace)
    assert {name: [path.name for path in paths] for name, paths in found.paths.items()} == {
        "app": ["app.yaml"],
        "named": ["other.yml"],
    }
    assert [path.name for path in found.unreadable] == ["broken.yaml"]
    assert [path.name for path in found.nameless] == ["nameless.yaml"]


def test_a_workspace_without_orchestrations_has_none(tmp_path: Path) -> None:
    """A missing folder is no error here."""
    assert find_orchestrations(tmp_path).paths == {}
