"""One case as written: `{id, tags, inputs, expected, draft}` in YAML or JSON; what ids, tags and input names may be."""

from __future__ import annotations

from dataclasses import dataclass, field

from peel.records import Json
from peel.scenarios.checking import Findings, Part, entry, found, shortened
from peel.scenarios.entries import RESERVED, label
from peel.scenarios.file_format import CaseEntry
from peel.scenarios.origin import Place

_LONGEST_ID = 200


@dataclass(slots=True)
class RawCase:
    """One case that is right in itself; `id` is empty where none was written, `place` where it stands."""

    place: Place
    id: str
    tags: tuple[str, ...]
    inputs: dict[str, Json] = field(default_factory=dict)
    expected: dict[str, Json] = field(default_factory=dict)
    draft: bool = False


def read_entries(values: list[Json], findings: Findings) -> list[RawCase | None]:
    """The cases of a list, None in place of one that is wrong."""
    return [_read(value, place, findings) for place, value in enumerate(values)]


def wrong_id(text: str) -> str | None:
    """What is wrong with a case id, as the end of a sentence."""
    if not text.strip():
        return "is empty; give each case an id, or none of them"
    if len(text) > _LONGEST_ID or not text.isprintable() or text != text.strip():
        return f"must be one line of at most {_LONGEST_ID} characters, not {shortened(text)!r}"
    return None


def split_tags(text: str) -> tuple[str, ...]:
    """The tags of a text that separates them by commas or spaces, each once."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def tags_of(value: Json) -> tuple[str, ...] | None:
    """The tags a value stands for; None where it is neither a list of texts nor a text."""
    if isinstance(value, str):
        return split_tags(value)
    if isinstance(value, list) and all(isinstance(tag, str) and tag.strip() for tag in value):
        return tuple(dict.fromkeys(str(tag).strip() for tag in value))
    return None


def reserved_input(name: str) -> str:
    """Why no case input may have a reserved name."""
    return f"a case input cannot be called {name!r}: templates of evaluators use that for something else; rename it"


def _read(value: Json, position: int, findings: Findings) -> RawCase | None:
    part = Part(value, (position,), label("case", value, position + 1))
    before = len(findings.problems)
    right = entry(CaseEntry, part, findings)
    if not isinstance(value, dict):
        return None
    name, tags = _id(value, part, findings), _tags(value, part, findings)
    inputs, expected = value.get("inputs", {}), value.get("expected", {})
    for key in inputs if isinstance(inputs, dict) else ():
        if key in RESERVED:
            findings.add(reserved_input(key), (position, "inputs", key))
    wrong = right is None or len(findings.problems) > before
    if wrong or not isinstance(inputs, dict) or not isinstance(expected, dict):
        return None
    place = findings.origin.place.nearest((position,))
    return RawCase(place, name, tags, inputs, expected, draft=value.get("draft") is True)


def _id(case: dict[str, Json], part: Part, findings: Findings) -> str:
    value = case.get("id", "")
    if "id" not in case:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        findings.add(f"'id' of {part.name} must be text or a whole number, not {found(value)}", (*part.path, "id"))
        return ""
    why = wrong_id(str(value))
    if why:
        findings.add(f"'id' of {part.name} {why}", (*part.path, "id"))
    return str(value)


def _tags(case: dict[str, Json], part: Part, findings: Findings) -> tuple[str, ...]:
    tags = tags_of(case.get("tags", []))
    if tags is None:
        allowed = "a list of texts, or text separated by commas or spaces"
        was = "a list that holds something else" if isinstance(case["tags"], list) else found(case["tags"])
        findings.add(f"'tags' of {part.name} must be {allowed}, not {was}", (*part.path, "tags"))
    return tags or ()
