"""The lists of a definitions file (evaluators, steps): each entry checked alone, wrong ones left out and reported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

from peel.records import EvaluatorDefinition, Json, Record, StepDefinition
from peel.scenarios.checking import Findings, Part, entry, shortened
from peel.scenarios.file_format import EvaluatorEntry, StepEntry
from peel.scenarios.origin import Place

Made = TypeVar("Made", bound=Record)

RESERVED = frozenset({"output", "inputs", "expected", "steps", "case"})
"""Names that templates of evaluators give a meaning of their own."""
_WORDS_OF_TEMPLATES = frozenset(
    {"and", "else", "false", "False", "if", "in", "is", "loop", "none", "None", "not", "or", "self", "true", "True"}
)


@dataclass(slots=True)
class Kept(Generic[Made]):
    """The entries of a list that are right, with their places, and the ids of those that were left out."""

    records: list[Made] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    lines: dict[str, int] = field(default_factory=dict)
    """The line of each id that is taken."""

    @property
    def ids(self) -> set[str]:
        """Every id that was written, right or left out."""
        return self.lines.keys() | self.left_out


def unusable(name: str) -> str | None:
    """Why templates cannot use a name that reads well otherwise; None where they can."""
    if name in RESERVED:
        return f"templates of evaluators use {name!r} for something else; choose another name"
    if name in _WORDS_OF_TEMPLATES:
        return f"{name!r} is a word of the template language; choose another name"
    return None


def label(word: str, value: Json, number: int) -> str:
    """What an entry is called in sentences: by its id, or by its number from 1."""
    name = value.get("id") if isinstance(value, dict) else None
    return f"the {word} {shortened(name)!r}" if isinstance(name, str) and name else f"{word} {number}"


def read_evaluators(value: Json, findings: Findings) -> Kept[EvaluatorDefinition]:
    """The evaluators of a scenario."""
    kept: Kept[EvaluatorDefinition] = Kept()
    for part, right in _entries("evaluators", value, EvaluatorEntry, findings):
        if right is None or not _take_id("evaluator", part, kept, findings):
            _leave_out(part, kept)
            continue
        settings = {key: item for key, item in right.items() if key not in EvaluatorEntry.model_fields}
        named = {key: item for key, item in right.items() if key in EvaluatorEntry.model_fields}
        kept.records.append(EvaluatorDefinition.model_validate({**named, "settings": settings}))
        kept.places.append(findings.origin.place.nearest(part.path))
    return kept


def read_steps(value: Json, findings: Findings) -> Kept[StepDefinition]:
    """The steps of an orchestration."""
    kept: Kept[StepDefinition] = Kept()
    for part, right in _entries("steps", value, StepEntry, findings):
        if right is None or not _is_one_question(right, part, findings) or not _take_id("step", part, kept, findings):
            _leave_out(part, kept)
            continue
        kept.records.append(StepDefinition.model_validate(right))
        kept.places.append(findings.origin.place.nearest(part.path))
    return kept


def _entries(
    key: str, value: Json, model: type[BaseModel], findings: Findings
) -> list[tuple[Part, dict[str, Json] | None]]:
    items = value if isinstance(value, list) else []
    word = key.removesuffix("s")
    parts = [Part(item, (key, place), label(word, item, place + 1)) for place, item in enumerate(items)]
    return [(part, entry(model, part, findings)) for part in parts]


def _take_id(word: str, part: Part, kept: Kept[Made], findings: Findings) -> bool:
    """Whether the id is free and usable; what is wrong with it is reported."""
    name = str(part.value["id"]) if isinstance(part.value, dict) else ""
    line = findings.origin.line((*part.path, "id"))
    first = kept.lines.get(name)
    kept.lines.setdefault(name, line)
    if first is not None:
        there = f"it stands on line {first} already; " if first else ""
        message = f"duplicate {word} id {name!r}: {there}each {word} needs its own"
        findings.add(message, (*part.path, "id"))
        return False
    why = unusable(name) if word == "step" else None
    if why:
        findings.add(f"a step cannot have the id {name!r}: {why}", (*part.path, "id"))
    return why is None


def _leave_out(part: Part, kept: Kept[Made]) -> None:
    name = part.value.get("id") if isinstance(part.value, dict) else None
    if isinstance(name, str):
        kept.left_out.add(name)


def _is_one_question(step: dict[str, Json], part: Part, findings: Findings) -> bool:
    if "prompt" in step and "request" in step:
        findings.add(
            f"{part.name} has both a 'prompt' and a 'request'; a step has one of them", (*part.path, "request")
        )
        return False
    return True
