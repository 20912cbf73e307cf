"""The shared inputs of a scenario file: any value, or a knowledge base."""

from __future__ import annotations

import difflib

from peel.records import Json
from peel.scenarios.checking import Findings, Part, checked, found, shortened
from peel.scenarios.entries import unusable
from peel.scenarios.file_format import KnowledgeEntry

_KEY = "knowledge"


def read_inputs(value: Json, findings: Findings) -> dict[str, Json]:
    """The shared inputs by name. A wrong one keeps what is right of it, so that templates may still name it."""
    inputs = value if isinstance(value, dict) else {}
    return {name: _input(name, item, findings) for name, item in inputs.items()}


def _input(name: str, value: Json, findings: Findings) -> Json:
    path = ("inputs", name)
    why = (
        unusable(name) if name.isidentifier() else "it must be made of letters, digits and '_', for templates to use it"
    )
    if why:
        findings.add(f"a shared input cannot be called {shortened(name)!r}: {why}", path)
    if not isinstance(value, dict) or not _is_knowledge(value):
        return value
    right = checked(KnowledgeEntry, Part(value, path, f"the input {name!r}"), findings)
    if _KEY in right and not _is_globs(right[_KEY]):
        message = f"{_KEY!r} of the input {name!r} must be a path with * or a list of them, not {found(right[_KEY])}"
        findings.add(message, (*path, _KEY))
    return right


def _is_knowledge(value: dict[str, Json]) -> bool:
    """Whether a mapping is meant as a knowledge base: by its key, or by one that is nearly it."""
    return _KEY in value or bool(difflib.get_close_matches(_KEY, value, n=1, cutoff=0.85))


def _is_globs(value: Json) -> bool:
    globs = value if isinstance(value, list) else [value]
    return bool(globs) and all(isinstance(glob, str) and glob.strip() for glob in globs)
