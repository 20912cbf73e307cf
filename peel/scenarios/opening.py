"""A definitions file opened: its mapping with the place of everything, or the problems that leave none."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from peel.records import Json, Problem
from peel.scenarios.checking import Findings, found
from peel.scenarios.documents import Drafts, Unreadable, parse_yaml, read_text
from peel.scenarios.origin import origin_of

MOST_PROBLEMS = 100
"""How many problems of one file are told; of the rest, only their number."""


def open_definitions(
    path: Path, begins: str, *, drafts: Drafts | None = None
) -> tuple[Findings, dict[str, Json] | None]:
    """The mapping that a definitions file holds, or None; `begins` says what such a file is."""
    findings = Findings(origin_of(path))
    file = findings.origin.file
    try:
        document = parse_yaml(read_text(path, drafts=drafts))
    except Unreadable as error:
        findings.problems.append(Problem(message=str(error), file=file, line=error.line))
        return findings, None
    findings.origin = replace(findings.origin, place=document.place)
    findings.problems.extend(Problem(message=message, file=file, line=line) for message, line in document.problems)
    if isinstance(document.value, dict) and document.value:
        return findings, document.value
    if not document.problems:
        empty = document.value is None or document.value == {}
        was = "the file is empty" if empty else f"the file must hold a mapping, not {found(document.value)}"
        findings.add(f"{was}; {begins}")
    return findings, None


def told(*problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The problems, file by file in the order of their lines, at most MOST_PROBLEMS of each file."""
    by_file: dict[str | None, list[Problem]] = {}
    for problem in dict.fromkeys(itertools.chain(*problems)):
        by_file.setdefault(problem.file, []).append(problem)
    return tuple(problem for of_file in by_file.values() for problem in _bounded(of_file))


def _bounded(problems: list[Problem]) -> list[Problem]:
    ordered = sorted(problems, key=lambda problem: problem.line or 0)
    rest = len(ordered) - MOST_PROBLEMS
    more = [Problem(message=f"and {rest} more problems in this file", file=ordered[0].file)] if rest > 0 else []
    return [*ordered[:MOST_PROBLEMS], *more]
