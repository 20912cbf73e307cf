"""Scenario files edited: read, checked before they are written, written, created, and what was written taken back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from peel.editing.csv_table import as_csv
from peel.editing.files import Content, Files
from peel.editing.line_merge import with_line_ends
from peel.editing.places import existing, located, new_scenario_file, refused, relative, scenario_file, scenario_files
from peel.editing.references import reference_problems
from peel.editing.required import Required, required_of
from peel.editing.scenario_form import ScenarioView, fields_of, new_text, with_fields
from peel.errors import DefinitionError
from peel.records import Json, Orchestration, Problem
from peel.scenarios.checking import found
from peel.scenarios.documents import FORBIDDEN, LARGEST_DEFINITIONS, Drafts, parse_yaml
from peel.scenarios.file_format import Name
from peel.scenarios.finding import find_orchestrations
from peel.scenarios.loading import load_orchestration
from peel.scenarios.origin import absolute, origin_of

Check: TypeAlias = Callable[[Path, Drafts], tuple[Problem, ...]]
"""What `peel check` says of one scenario file, with texts in place of files."""


class ScenarioFiles:
    """The scenario files of the workspace `root`. Safe to use from several threads and processes.

    Whatever is written or tried names nothing outside the workspace; `check` is asked only after that was seen to.
    """

    def __init__(self, root: Path, check: Check) -> None:
        self._root = root
        self._files = Files(root)
        self._check = check

    def names(self) -> tuple[str, ...]:
        """The scenarios of the workspace."""
        return tuple(scenario_files(self._root))

    def orchestrations(self) -> tuple[Orchestration, ...]:
        """The orchestrations that a scenario may name, as far as they are right."""
        files = find_orchestrations(self._root).paths
        loaded = [
            load_orchestration(paths[0], root=self._root) for _, paths in sorted(files.items()) if len(paths) == 1
        ]
        return tuple(one.orchestration for one in loaded if one.orchestration is not None)

    def view(self, name: str) -> ScenarioView:
        """A scenario as its file has it. Raises UnknownScenario, DefinitionError where it cannot be shown."""
        path, content = self.read(name)
        return self._view(path, content, content.text)

    def attempt(self, name: str, text: str, changes: Mapping[str, Json] | None = None) -> ScenarioView:
        """A scenario as it would be with another text, and in that with other fields; nothing is written.

        Raises UnknownScenario, DefinitionError where the fields cannot be put into the text.
        """
        path, content = self.read(name)
        text = _plain(text)
        return self._view(path, content, with_fields(text, changes, file=self._name(path)) if changes else text)

    def save(self, name: str, text: str, *, seen: str) -> ScenarioView:
        """Write a text over a scenario's file, which must still be what `seen` is the hash of.

        Raises UnknownScenario, ConflictError where the file is another by now, DefinitionError where the text is no
        scenario, takes another's name, or names what lies outside the workspace.
        """
        path, content = self.read(name)
        text = with_line_ends(content.text, _plain(text))
        named = self._named(text, path)
        if named != name and named in scenario_files(self._root):
            raise refused(f"there is a scenario {named!r} already; choose another name", self._name(path))
        self._files.write(existing(self._root, path), text, seen=seen)
        return self.view(named)

    def change(self, name: str, changes: Mapping[str, Json], *, seen: str) -> ScenarioView:
        """Write fields into a scenario's file; None takes one out. Raises as `save`, and where a field is unknown."""
        path, content = self.read(name)
        self._files.unchanged(content.path, None, seen=seen)
        return self.save(name, with_fields(content.text, changes, file=self._name(path)), seen=seen)

    def create(self, fields: Mapping[str, Json]) -> ScenarioView:
        """Write a new scenario, named by its field `scenario`, and an empty sheet for its cases.

        Raises DefinitionError where the name can be no file's or is taken, or a field is wrong.
        """
        return self.create_with(fields, cases=as_csv(self._header(fields), []))

    def create_with(self, fields: Mapping[str, Json], *, cases: str, remark: str = "") -> ScenarioView:
        """As `create`, with the text of the sheet for its cases, and a remark below all fields of the scenario."""
        name = fields.get("scenario")
        if not isinstance(name, str) or not name.strip():
            raise refused("a scenario needs a name, such as telco-support", "scenario")
        _check_name(name, "scenario")
        if name in scenario_files(self._root):
            raise refused(f"there is a scenario {name!r} already; choose another name", "scenario")
        path = new_scenario_file(self._root, name)
        sheet = path.with_suffix(".csv")
        text = new_text({**fields, "cases": sheet.name}) + "".join(f"# {line}\n" for line in remark.splitlines())
        self._named(text, path)
        self._files.create(sheet, cases)
        try:
            self._files.create(path, text)
        except BaseException:
            sheet.unlink(missing_ok=True)
            raise
        return self.view(name)

    def undo(self, name: str, *, seen: str) -> ScenarioView:
        """Take the last write back. Raises UnknownScenario, ConflictError, DefinitionError where there is none."""
        path, _ = self.read(name)
        self._files.undo(existing(self._root, path), seen=seen)
        files = scenario_files(self._root)
        return self.view(next(one for one, paths in files.items() if path in paths))

    def problems(self, path: Path, drafts: Drafts) -> tuple[Problem, ...]:
        """What is wrong with a scenario: code and files that it may not name, else all that `check` says."""
        text = drafts.get(path)
        outside = self._outside(text, path) if text is not None else ()
        return tuple(located(problem, self._root) for problem in outside or self._check(path, drafts))

    def read(self, name: str) -> tuple[Path, Content]:
        """A scenario's file and what it holds. Raises UnknownScenario, DefinitionError for one outside."""
        path = absolute(scenario_file(self._root, name))
        return path, self._files.read(existing(self._root, path))

    def _view(self, path: Path, content: Content, text: str) -> ScenarioView:
        fields, lines = fields_of(text)
        written = fields.get("scenario") if fields else None
        file = self._name(path)
        return ScenarioView(
            name=written if isinstance(written, str) else path.stem,
            path=file,
            seen=content.seen,
            text=text,
            fields=fields,
            lines=lines,
            problems=self.problems(path, {path: text}),
            undo=self._files.history.depth(relative(path, self._root), content.seen),
            changed=with_line_ends(content.text, text) != content.text,
        )

    def _named(self, text: str, path: Path) -> str:
        """The name that a text gives its scenario. Raises DefinitionError where it may not be written."""
        file = self._name(path)
        if len(text.encode(errors="replace")) > LARGEST_DEFINITIONS:
            raise refused(f"the file would be larger than {LARGEST_DEFINITIONS // 1_000_000} MB", file)
        document = parse_yaml(text)
        if document.problems:
            raise DefinitionError([Problem(message=said, file=file, line=line) for said, line in document.problems])
        name = document.value.get("scenario") if isinstance(document.value, dict) else None
        if not isinstance(name, str) or not name:
            raise refused("a scenario file begins with 'scenario: NAME'", file, 1)
        _check_name(name, file, document.place.nearest(("scenario",)).line)
        outside = self._outside(text, path)
        if outside:
            raise DefinitionError([located(problem, self._root) for problem in outside])
        return name

    def _outside(self, text: str, path: Path) -> tuple[Problem, ...]:
        document = parse_yaml(text)
        before = parse_yaml(self._files.read(path).text).value if path.exists() else None
        return reference_problems(document.value, origin_of(path, document.place), root=self._root, before=before)

    def _header(self, fields: Mapping[str, Json]) -> list[str]:
        """The columns of a new sheet: the inputs that the orchestration asks for, and an expected answer."""
        named = [one for one in self.orchestrations() if one.orchestration == fields.get("orchestration")]
        needed = required_of(None, named[0]) if named else Required()
        shared = fields.get("inputs")
        inputs = [one for one in needed.inputs if not isinstance(shared, dict) or one not in shared]
        return ["id", *inputs, "expected.answer"]

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _check_name(name: str, file: str, line: int | None = None) -> None:
    """Raise DefinitionError for a name that no scenario may have: pages could not find it again."""
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        message = f"'scenario' must be {error.errors()[0]['msg']}, not {found(name)}"
        raise refused(message, file, line) from error


def _plain(text: str) -> str:
    """A text as browsers give it, without carriage returns. Raises DefinitionError for one that no file can keep."""
    found = FORBIDDEN.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise refused(f"the character U+{ord(found[0]):04X} cannot be kept in a file; remove it", "the text", line)
    return text.replace("\r\n", "\n")
