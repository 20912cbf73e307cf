"""Cases from where a scenario says they are: a CSV, YAML or JSON Lines file, or a list in the scenario itself.

A case without an id is called `case-N`, N being its position, from 1. An empty cell of a sheet is the empty text.
A cell that begins with `[` or `{` is JSON; a space before it makes it text. Tags are a list, or text separated by
commas or spaces. Rows of a sheet are counted as spreadsheets show them: the header is row 1.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from peel.records import Case, Json, Problem
from peel.scenarios.case_entries import RawCase, read_entries
from peel.scenarios.case_json import parse_json
from peel.scenarios.case_sheet import read_sheet
from peel.scenarios.checking import Findings, found, shortened
from peel.scenarios.documents import Drafts, Unreadable, parse_yaml, read_text
from peel.scenarios.finding import is_inside
from peel.scenarios.origin import Origin, Place, origin_of, shown

LARGEST_CASES = 256_000_000
"""The largest cases file, in bytes."""


@dataclass(frozen=True, slots=True)
class LoadedCases:
    """The cases that are right. `origin` finds the case at position N of `cases` under the path `(N,)`."""

    cases: tuple[Case, ...]
    origin: Origin
    problems: tuple[Problem, ...] = ()


def load_cases(path: Path, *, drafts: Drafts | None = None) -> LoadedCases:
    """The cases of a file. Never raises for what the file holds."""
    findings = Findings(origin_of(path))
    try:
        raw = _READERS[path.suffix.lower()](read_text(path, largest=LARGEST_CASES, drafts=drafts), findings)
    except Unreadable as error:
        findings.problems.append(Problem(message=str(error), file=findings.origin.file, line=error.line))
        raw = []
    return _made(raw, findings)


def inline_cases(values: list[Json], origin: Origin) -> LoadedCases:
    """The cases of a list in a definitions file; `origin` is that of the list."""
    findings = Findings(origin)
    return _made(read_entries(values, findings), findings)


def cases_path(written: str, directory: Path, *, root: Path, drafts: Drafts | None = None) -> Path:
    """The cases file that a scenario names. Raises Unreadable with why it cannot be one."""
    path = Path(os.path.normpath(directory / written))
    if path.suffix.lower() not in _READERS:
        raise Unreadable(f"the cases file {shortened(written)!r} must end in {_SUFFIXES}")
    try:
        inside, exists = is_inside(path, root), path in (drafts or ()) or path.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise Unreadable(f"the cases file {shortened(written)!r} cannot be read: {error}") from error
    if not inside:
        message = f"the cases file {shortened(written)!r} lies outside the workspace {shown(root)!r}; move it inside"
        raise Unreadable(message)
    if not exists:
        raise Unreadable(f"there is no cases file {shown(path)!r}; the path is relative to the scenario's file")
    return path


def _listed(text: str, findings: Findings) -> list[RawCase | None]:
    document = parse_yaml(text)
    for message, line in document.problems:
        findings.problems.append(Problem(message=message, file=findings.origin.file, line=line))
    if not isinstance(document.value, list):
        if document.value is not None or not document.problems:
            findings.add(
                f"the file must hold a list of cases such as - {{id: moving, inputs: {{…}}, expected: {{…}}}}, "
                f"not {found(document.value)}"
            )
        return []
    findings.origin = replace(findings.origin, place=document.place)
    return read_entries(document.value, findings)


def _lines(text: str, findings: Findings) -> list[RawCase | None]:
    values: list[Json] = []
    places: list[Place] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values.append(parse_json(line.strip()))
            places.append(Place(number))
        except ValueError as error:
            message = f"the line is not JSON: {error}; each line is one case"
            findings.problems.append(Problem(message=message, file=findings.origin.file, line=number))
    findings.origin = replace(findings.origin, place=Place(1, places))
    return read_entries(values, findings)


_READERS: dict[str, Callable[[str, Findings], list[RawCase | None]]] = {
    ".csv": read_sheet,
    ".yaml": _listed,
    ".yml": _listed,
    ".jsonl": _lines,
}
_SUFFIXES = ".csv, .yaml, .yml or .jsonl"


def _made(raw: list[RawCase | None], findings: Findings) -> LoadedCases:
    """The cases with their ids, each id once."""
    first: dict[str, Place] = {}
    cases: list[Case] = []
    for position, case in enumerate(raw, 1):
        if case is None:
            continue
        name = case.id or f"case-{position}"
        if name in first:
            _report_twice(name, case, first[name], findings)
            continue
        first[name] = case.place
        cases.append(_record(name, case))
    if not cases and not findings.problems:
        findings.add("there are no cases; a scenario needs at least one")
    origin = replace(findings.origin, place=Place(findings.origin.place.line, list(first.values())))
    return LoadedCases(tuple(cases), origin, tuple(findings.problems))


def _record(name: str, case: RawCase) -> Case:
    return Case.model_construct(id=name, tags=case.tags, inputs=case.inputs, expected=case.expected, draft=case.draft)


def _report_twice(name: str, case: RawCase, first: Place, findings: Findings) -> None:
    line = (case.place.get("id") or case.place).line
    earlier = (first.get("id") or first).line
    message = f"duplicate case id {name!r}: it stands on line {earlier} already; each case needs its own"
    findings.problems.append(Problem(message=message, file=findings.origin.file, line=line))
