"""Case files edited as tables: read, checked before they are written, written, exported, and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from peel.editing.case_cells import CaseFormat, CasesView, TableChange
from peel.editing.csv_table import CsvTable, as_csv
from peel.editing.files import Content, Files
from peel.editing.list_table import JsonLinesTable, YamlTable
from peel.editing.places import existing, refused, relative
from peel.editing.required import required_of
from peel.editing.scenarios import ScenarioFiles
from peel.scenarios.cases import cases_path
from peel.scenarios.documents import Unreadable, parse_yaml
from peel.scenarios.loading import load_scenario

_FORMATS: dict[str, CaseFormat] = {".csv": "csv", ".yaml": "yaml", ".yml": "yaml", ".jsonl": "jsonl"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the cases of a scenario stand: `path` is how the scenario's file leads there, None where it holds them
    itself; `content` is what the file holds."""

    scenario: Path
    path: Path
    format: CaseFormat
    content: Content


class CaseFiles:
    """The cases of the scenarios of the workspace `root`. Safe to use from several threads and processes."""

    def __init__(self, root: Path, scenarios: ScenarioFiles) -> None:
        self._root = root
        self._files = Files(root)
        self._scenarios = scenarios

    def view(self, scenario: str) -> CasesView:
        """The cases of a scenario as their file has them.

        Raises UnknownScenario, DefinitionError where they cannot be shown as a table.
        """
        place = self._place(scenario)
        return self._view(scenario, place, place.content.text)

    def attempt(self, scenario: str, change: TableChange, *, seen: str) -> CasesView:
        """The cases as they would be after a change; nothing is written.

        Raises UnknownScenario, ConflictError where the file is another than the change was made from by now,
        DefinitionError where the change does not fit.
        """
        place = self._place(scenario)
        return self._view(scenario, place, self._changed(place, change, seen=seen))

    def save(self, scenario: str, change: TableChange, *, seen: str) -> CasesView:
        """Write a change into the file, which must still be what `seen` is the hash of. Raises as `attempt`."""
        place = self._place(scenario)
        self._files.write(place.content.path, self._changed(place, change, seen=seen), seen=seen)
        return self.view(scenario)

    def undo(self, scenario: str, *, seen: str) -> CasesView:
        """Take the last write back. Raises UnknownScenario, ConflictError, DefinitionError where there is none."""
        self._files.undo(self._place(scenario).content.path, seen=seen)
        return self.view(scenario)

    def export(self, scenario: str) -> str:
        """The cases as CSV in which no spreadsheet finds a formula: such a cell begins with an apostrophe."""
        view = self.view(scenario)
        return as_csv(view.headers, [[safe(cell or "") for cell in row.cells] for row in view.rows])

    def _changed(self, place: _Place, change: TableChange, *, seen: str) -> str:
        self._files.unchanged(place.content.path, None, seen=seen)
        return self._table(place, place.content.text).changed(change)

    def _view(self, scenario: str, place: _Place, text: str) -> CasesView:
        table = self._table(place, text)
        return CasesView(
            scenario=scenario,
            path=relative(place.content.path, self._root),
            format=place.format,
            seen=place.content.seen,
            headers=table.headers,
            required=self._required(place.scenario),
            rows=table.rows,
            problems=self._scenarios.problems(place.scenario, {place.path: text}),
            undo=self._files.history.depth(relative(place.content.path, self._root), place.content.seen),
            changed=text != place.content.text,
        )

    def _table(self, place: _Place, text: str) -> CsvTable | YamlTable | JsonLinesTable:
        file = relative(place.content.path, self._root)
        try:
            if place.format == "csv":
                return CsvTable(text, file)
            if place.format == "jsonl":
                return JsonLinesTable(text, file)
            return YamlTable(text, file, key="cases" if place.format == "inline" else None)
        except Unreadable as error:
            raise refused(str(error), file, error.line) from error

    def _place(self, scenario: str) -> _Place:
        path, content = self._scenarios.read(scenario)
        value = parse_yaml(content.text).value
        written = value.get("cases") if isinstance(value, dict) else None
        if not isinstance(written, str):
            return _Place(path, path, "inline", content)
        try:
            cases = cases_path(written, path.parent, root=self._root)
        except Unreadable as error:
            raise refused(str(error), relative(path, self._root)) from error
        return _Place(path, cases, _FORMATS[cases.suffix.lower()], self._files.read(existing(self._root, cases)))

    def _required(self, path: Path) -> tuple[str, ...]:
        loaded = load_scenario(path, root=self._root)
        named = [
            one
            for one in self._scenarios.orchestrations()
            if loaded.scenario and one.orchestration == loaded.scenario.orchestration
        ]
        needed = required_of(loaded.scenario, named[0] if named else None)
        return (*needed.inputs, *(f"expected.{name}" for name in needed.expected))


def safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; what has such an apostrophe already gets another.

    >>> safe("=1+1"), safe("'=1+1"), safe("it's")
    ("'=1+1", "''=1+1", "it's")
    """
    from peel.reports.csv import is_formula

    return f"'{text}" if is_formula(text.lstrip("'")) else text
