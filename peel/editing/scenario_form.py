"""A scenario file as a form: its fields read from the YAML, and changed ones put back where they stand."""

from __future__ import annotations

from collections.abc import Mapping

from peel.editing.places import refused
from peel.editing.round_trip import Unpatchable, changed_text, same
from peel.editing.round_trip import new_text as new_yaml
from peel.errors import DefinitionError
from peel.plugins import nearest
from peel.records import Json, Problem, Record
from peel.scenarios.documents import FORBIDDEN, parse_yaml

FIELDS = (
    "scenario",
    "description",
    "draft",
    "orchestration",
    "inputs",
    "cases",
    "repetitions",
    "variants",
    "matrix",
    "evaluators",
    "gates",
    "below",
    "estimates",
)
"""The keys of a scenario file, in the order that a new file has them."""
EDITED = tuple(name for name in FIELDS if name != "cases")
"""The fields that a form changes. Cases are changed as a table."""


class ScenarioView(Record):
    """A scenario file as a form and as text: two views of what `seen` is the hash of.

    `name` is the scenario's, `path` its file, relative to the workspace. `fields` are the file's keys with their
    values, None where the text gives none; `lines` says where each stands. `problems` are those of `peel check`, of all
    files of the scenario. `undo` is how many writes can be taken back. `changed` says whether the text differs from
    the file's, as that of an attempt may.
    """

    name: str
    path: str
    seen: str
    text: str
    fields: dict[str, Json] | None
    lines: dict[str, int]
    problems: tuple[Problem, ...]
    undo: int
    changed: bool = False


def fields_of(text: str) -> tuple[dict[str, Json] | None, dict[str, int]]:
    """The fields of a scenario's text with their lines; None where it is no mapping, or parts cannot be read."""
    document = parse_yaml(text)
    value = document.value
    if document.problems or not isinstance(value, dict):
        return None, {}
    return value, {key: document.place.nearest((key,)).line for key in value}


def with_fields(text: str, changes: Mapping[str, Json], *, file: str) -> str:
    """A scenario's text with changed fields; None takes a field out, what is not named stays.

    Raises DefinitionError where a field is unknown, or the text does not let it be changed by itself.
    """
    _check_fields(changes, file)
    fields, lines = fields_of(text)
    if fields is None:
        raise refused("the YAML cannot be read as it is; mend it as text first", file)
    merged = {**fields, **{name: value for name, value in changes.items() if value is not None}}
    kept = {name: value for name, value in merged.items() if changes.get(name, value) is not None}
    ordered = {name: kept[name] for name in sorted(kept, key=_place)}
    try:
        return changed_text(text, ordered)
    except Unpatchable as error:
        changed = [lines[name] for name in changes if name in lines and not same(changes[name], fields[name])]
        raise refused(f"the form cannot be saved: {error}", file, min(changed, default=None)) from error


def new_text(fields: Mapping[str, Json]) -> str:
    """The text of a new scenario file. Raises DefinitionError where a field is unknown."""
    _check_fields({name: value for name, value in fields.items() if name != "cases"}, "scenario")
    return new_yaml({name: fields[name] for name in FIELDS if fields.get(name) is not None})


def _place(name: str) -> int:
    return FIELDS.index(name) if name in FIELDS else len(FIELDS)


def _check_fields(fields: Mapping[str, Json], file: str) -> None:
    problems = [
        Problem(message=f"a form has no field {name[:60]!r}; {nearest(name, EDITED)}", file=file)
        for name in fields
        if name not in EDITED
    ]
    if any(_holds_forbidden(value) for value in fields.values()):
        problems.append(
            Problem(message="a text holds a character that no file can keep (U+0000 or half of a pair)", file=file)
        )
    if problems:
        raise DefinitionError(problems)


def _holds_forbidden(value: Json) -> bool:
    if isinstance(value, str):
        return FORBIDDEN.search(value) is not None
    items = [*value.keys(), *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return any(_holds_forbidden(item) for item in items)
