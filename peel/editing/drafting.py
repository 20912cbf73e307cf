"""Drafts: interactions from production as cases of a new scenario or of one that there is.

What people wrote is data: it becomes cells of a table and nothing else. Who wrote it, and which interaction it was, is
not written: a case's id is a hash, by which the same interaction is not added twice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from peel.editing.case_cells import CasesView, ColumnChange, NewRow, TableChange
from peel.editing.cases import CaseFiles, safe
from peel.editing.csv_table import as_csv
from peel.editing.places import refused, relative, scenario_file
from peel.editing.required import required_of
from peel.editing.scenarios import ScenarioFiles
from peel.plugins import nearest
from peel.records import Json
from peel.records.feedback import Interaction
from peel.reports.text import one_line
from peel.scenarios.loading import load_scenario

TAG = "production"
"""The tag of every case that comes from production."""

_OWN = ("id", "tags", "draft")
_EXPECTED = "expected."

EVALUATORS: Json = [{"id": "would-send", "use": "manual", "ask": "Would you send this answer as it is?"}]
"""What judges a draft scenario: a person, who needs no expected output."""

REMARK = """\
This is a draft: it runs, and decides no gate. To make a scenario of it:
1. Fill in expected.answer in the cases, and take out the cases that do not belong here.
2. Add evaluators beside the question above, such as
   - {{id: meaning, use: semantic, expected: "{{{{ expected.answer }}}}", judge: judge}}
   - {{id: core-terms, use: regex, all: [words that every good answer contains], ignore_case: true}}
3. Add gates, such as - {{evaluator: meaning, at_least: 0.8}}, and take `draft: true` out.
{terms}"""


@dataclass(frozen=True, slots=True)
class About:
    """What a draft scenario is about: a sentence for its description, and words for a remark."""

    description: str
    terms: tuple[str, ...] = ()


class DraftFiles:
    """Writes drafts into the workspace `root`; nothing that is there is overwritten."""

    def __init__(self, root: Path, scenarios: ScenarioFiles, cases: CaseFiles) -> None:
        self._root, self._scenarios, self._cases = root, scenarios, cases

    def scenario(self, name: str, interactions: Sequence[Interaction], *, like: str, about: About) -> Path:
        """Write a draft scenario with the orchestration and the shared inputs of the scenario `like`.

        Raises UnknownScenario, and DefinitionError where the name is taken or can be no file's, or where the scenario
        that it is like has no case input to put a text into.
        """
        path, _ = self._scenarios.read(like)
        taken = self._scenarios.view(like).fields or {}
        inputs = self._inputs_of(like)
        column = self._text_input(like, inputs)
        fields: dict[str, Json] = {
            "scenario": name,
            "description": about.description,
            "draft": True,
            "orchestration": taken.get("orchestration"),
            "inputs": self._moved(taken.get("inputs"), path.parent),
            "evaluators": EVALUATORS,
        }
        headers = ("id", "tags", *inputs, f"{_EXPECTED}answer")
        rows = [_cells(one, headers, text_input=column) for one in interactions]
        terms = f"Words that tell it from other topics: {', '.join(about.terms)}" if about.terms else ""
        view = self._scenarios.create_with(fields, cases=as_csv(headers, rows), remark=REMARK.format(terms=terms))
        return self._root / view.path

    def cases(self, scenario: str, interactions: Sequence[Interaction]) -> Path:
        """Add draft cases to a scenario, below those that it has; an interaction that is a case already stays one.

        Raises UnknownScenario, ConflictError where somebody else changes the file at the same time, and DefinitionError
        where the cases cannot be changed, or all of the interactions are cases already.
        """
        view = self._cases.view(scenario)
        headers = _with_own(view)
        column = self._text_input(scenario, [one for one in headers if one not in _OWN and not _is_expected(one)])
        different = {one.asked: one for one in reversed(interactions)}.values()
        new = [one for one in reversed(different) if not _is_there(one, view, text_input=column)]
        if not new:
            raise refused("all of these interactions are cases of this scenario already", view.path)
        made = (_cells(one, headers, text_input=column, draft="true") for one in new)
        rows = [NewRow(after=len(view.rows) - 1, cells=cells, whole=True) for cells in made]
        was = {header: place for place, header in enumerate(view.headers)}
        columns = tuple(ColumnChange(header=header, was=was.get(header)) for header in headers)
        self._cases.save(scenario, TableChange(columns=columns, added=tuple(rows)), seen=view.seen)
        return self._root / view.path

    def like(self, proposed: str | None) -> str:
        """The scenario that a draft takes after: the proposed one where it is there, else the only one that there is.

        Raises DefinitionError where that is none, or several.
        """
        names = self._scenarios.names()
        if proposed in names:
            return str(proposed)
        if proposed is not None:
            raise refused(f"there is no scenario {one_line(proposed)!r}; {nearest(proposed, names)}", "like")
        if len(names) == 1:
            return names[0]
        if not names:
            raise refused(
                "there is no scenario whose orchestration a draft could take; write one first, as `peel init` does",
                "scenarios",
            )
        raise refused(f"the topic is near no scenario; say which one to take after: {', '.join(names[:20])}", "like")

    def _inputs_of(self, scenario: str) -> tuple[str, ...]:
        """The case inputs that the orchestration of a scenario asks for."""
        loaded = load_scenario(scenario_file(self._root, scenario), root=self._root).scenario
        named = [
            one for one in self._scenarios.orchestrations() if loaded and one.orchestration == loaded.orchestration
        ]
        return required_of(loaded, named[0]).inputs if named else ()

    def _text_input(self, scenario: str, inputs: Sequence[str]) -> str:
        """The case input that holds what the user asks: of several the one with the longest texts in the cases."""
        needed = [one for one in self._inputs_of(scenario) if one in inputs] or list(inputs)
        if not needed:
            message = "its orchestration uses no case input, so there is nothing to put what a user asked into"
            raise refused(message, relative(scenario_file(self._root, scenario), self._root))
        loaded = load_scenario(scenario_file(self._root, scenario), root=self._root).scenario
        cases = loaded.cases if loaded else ()
        lengths = {name: sum(len(str(case.inputs.get(name, ""))) for case in cases) for name in needed}
        return max(needed, key=lambda name: lengths[name])

    def _moved(self, inputs: Json, folder: Path) -> Json:
        """Shared inputs with the paths of their documents as they are from `scenarios/`."""
        if not isinstance(inputs, dict):
            return None
        return {name: self._moved_input(value, folder) for name, value in inputs.items()}

    def _moved_input(self, value: Json, folder: Path) -> Json:
        if not isinstance(value, dict) or "knowledge" not in value:
            return value
        globs = value["knowledge"]
        moved: Json = (
            [self._path(one, folder) for one in globs] if isinstance(globs, list) else self._path(globs, folder)
        )
        return {**value, "knowledge": moved}

    def _path(self, written: Json, folder: Path) -> Json:
        home = self._root / "scenarios"
        if not isinstance(written, str) or folder == home or Path(written).is_absolute():
            return written
        return Path(os.path.relpath(folder / written, home)).as_posix()


def case_id(interaction: Interaction) -> str:
    """The id of the case that an interaction becomes: the same for the same interaction."""
    return f"prod-{hashlib.sha256(interaction.id.encode()).hexdigest()[:10]}"


def _with_own(view: CasesView) -> tuple[str, ...]:
    """The columns of a table with those that a draft needs, its own first as they stand. Without ids there are none
    to add: either each case has one, or none."""
    missing = [one for one in _OWN[1:] if one not in view.headers]
    inputs = [one for one in view.required if one not in view.headers]
    first = [one for one in view.headers if one in _OWN]
    rest = [one for one in view.headers if one not in _OWN]
    if view.headers[: len(first)] == tuple(first):
        return (*first, *missing, *rest, *inputs)
    return (*view.headers, *missing, *inputs)


def _is_there(interaction: Interaction, view: CasesView, *, text_input: str) -> bool:
    """Whether an interaction is a case of a table already: by its id, or word for word."""
    sought = {"id": case_id(interaction), text_input: _cell(interaction.asked)}
    places = [(view.headers.index(header), text) for header, text in sought.items() if header in view.headers]
    return any(row.cells[place] == text for row in view.rows for place, text in places)


def _cells(interaction: Interaction, headers: Sequence[str], *, text_input: str, draft: str = "") -> tuple[str, ...]:
    """The cells of a case: an input that the metadata knows by name is taken from there, what is not known is empty."""
    known: Mapping[str, Json] = interaction.metadata
    own = {"id": case_id(interaction), "tags": TAG, "draft": draft, text_input: _cell(interaction.asked)}
    return tuple(own.get(header, _cell(known.get(header)) if not _is_expected(header) else "") for header in headers)


def _cell(value: Json) -> str:
    """A text as a cell that stays text: neither JSON here, nor a formula in a spreadsheet. Anything else is nothing."""
    if not isinstance(value, str):
        return ""
    return f" {value}" if value[:1] in ("[", "{") or safe(value) != value else value


def _is_expected(header: str) -> bool:
    return header.startswith(_EXPECTED)
