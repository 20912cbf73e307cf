"""The gates of a scenario file: requirements on evaluators and on the executions themselves."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from peel.plugins import nearest
from peel.records import PASSES_AT, CaseRule, GateDefinition, Json
from peel.scenarios.checking import Findings, Part, entry, found, shortened
from peel.scenarios.file_format import MEASURES, NESTED_FORMS, EvaluatorGateEntry

_FORMS = "{evaluator: ID, at_least: 0.9} or {cost_usd: {at_most: 0.01}}"
_BOUNDS = ("at_least", "at_most")
_EXAMPLES = {
    "share_below": "{at_most: 0.1}",
    "pass_hat": "{k: 3, at_least: 0.8}",
    "each_case": "{at_least: 8 of 10}",
}
_COUNTED = re.compile(r"(\d{1,9}) of (\d{1,9})")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%")


@dataclass(frozen=True, slots=True)
class Known:
    """What gates may refer to: evaluators by id, tags of the cases, the repetitions, the scenario's thresholds.

    `tags` and `repetitions` are None where they could not be read: then nothing is said of them.
    """

    evaluators: Collection[str]
    tags: Collection[str] | None = None
    repetitions: int | None = None
    below: float = 0.3
    passes_at: float = PASSES_AT


def read_gates(value: Json, known: Known, findings: Findings) -> list[tuple[int, GateDefinition]]:
    """The gates that are right, each with its position in the file."""
    items = value if isinstance(value, list) else []
    gates = [
        (place, _gate(Part(item, ("gates", place), f"gate {place + 1}"), known, findings))
        for place, item in enumerate(items)
    ]
    return [(place, gate) for place, gate in gates if gate is not None]


def _gate(part: Part, known: Known, findings: Findings) -> GateDefinition | None:
    if not isinstance(part.value, dict):
        findings.add(f"{part.name} must be a mapping such as {_FORMS}, not {found(part.value)}", part.path)
        return None
    if "evaluator" in part.value:
        return _on_evaluator(part, part.value, known, findings)
    return _on_measure(part, part.value, known, findings)


def _on_evaluator(part: Part, gate: dict[str, Json], known: Known, findings: Findings) -> GateDefinition | None:
    right = entry(EvaluatorGateEntry, part, findings)
    name = gate["evaluator"]
    if isinstance(name, str) and name and name not in known.evaluators:
        findings.add(
            f"{part.name} names the unknown evaluator {shortened(name)!r}; {_meant(name, known.evaluators)}",
            (*part.path, "evaluator"),
        )
        right = None
    if right is None:
        return None
    fields = _required_of_evaluator(part, right, known, findings)
    return None if fields is None else GateDefinition.model_validate({"kind": "evaluator", "subject": name, **fields})


def _meant(name: str, evaluators: Collection[str]) -> str:
    if name in MEASURES:
        return f"{name!r} is a measure, whose gate is written {{{name}: {{at_most: …}}}}"
    return nearest(name, evaluators) if evaluators else "this scenario has no evaluators"


def _required_of_evaluator(
    part: Part, gate: dict[str, Json], known: Known, findings: Findings
) -> dict[str, object] | None:
    """The fields of the one requirement that a gate makes; None where it makes none, several, or a wrong one."""
    forms = [key for key in (*NESTED_FORMS, "not_worse_than") if key in gate]
    if len(forms) > 1:
        findings.add(f"{part.name} has {' and '.join(map(repr, forms))}; write a gate for each", part.path)
        return None
    form = forms[0] if forms else None
    if form != "not_worse_than" and "by" in gate:
        findings.add(f"'by' of {part.name} belongs to 'not_worse_than'; leave it out", (*part.path, "by"))
        return None
    if form is None:
        return _with_known_tag(part, gate, known, findings) if _has_one_bound(part, findings) else None
    if _has_strangers(part, gate, form, findings):
        return None
    if form == "not_worse_than":
        return _not_worse(part, gate, known, findings)
    return _nested(Part(gate[form], (*part.path, form), f"{form!r} of {part.name}"), form, known, findings)


def _has_strangers(part: Part, gate: dict[str, Json], form: str, findings: Findings) -> bool:
    """Whether keys stand beside a requirement that belong into it, or to another one; each is reported."""
    beside = {"evaluator", form, *(("by", "scope", "tag") if form == "not_worse_than" else ())}
    strange = [key for key in gate if key not in beside]
    for key in strange:
        fits = form in NESTED_FORMS and key in NESTED_FORMS[form].model_fields
        told = f"put it inside {form!r}: {{{form}: {{{key}: …}}}}" if fits else "leave it out, or write a gate for each"
        findings.add(f"{key!r} of {part.name} does not go with {form!r}; {told}", (*part.path, key))
    return bool(strange)


def _not_worse(part: Part, gate: dict[str, Json], known: Known, findings: Findings) -> dict[str, object] | None:
    fields = _with_known_tag(part, gate, known, findings)
    by = EvaluatorGateEntry.model_fields["by"].default
    return None if fields is None else {"by": by, **fields, "statistic": "difference"}


def _nested(part: Part, form: str, known: Known, findings: Findings) -> dict[str, object] | None:
    if not isinstance(part.value, dict):
        findings.add(f"{part.name} must be a mapping such as {_EXAMPLES[form]}, not {found(part.value)}", part.path)
        return None
    right = entry(NESTED_FORMS[form], part, findings)
    if right is None or (form != "each_case" and not _has_one_bound(part, findings)):
        return None
    fields = _with_known_tag(part, right, known, findings)
    if fields is None:
        return None
    if form == "share_below":
        return {"threshold": known.below, **fields, "statistic": "share-below"}
    fields["threshold"] = fields.pop("passes_at", known.passes_at)
    return _pass_hat(part, fields, known, findings) if form == "pass_hat" else _each_case(part, fields, findings)


def _pass_hat(part: Part, fields: dict[str, object], known: Known, findings: Findings) -> dict[str, object] | None:
    k = fields["k"]
    if isinstance(k, int) and known.repetitions is not None and k > known.repetitions:
        times = "once" if known.repetitions == 1 else f"{known.repetitions} times"
        message = f"'k' of {part.name} is {k}, but each case is executed {times}; lower it, or raise 'repetitions'"
        findings.add(message, (*part.path, "k"))
        return None
    return {**fields, "statistic": "pass-hat"}


def _each_case(part: Part, fields: dict[str, object], findings: Findings) -> dict[str, object] | None:
    written = fields.pop("at_least")
    rule = _rule(written)
    if rule is None:
        allowed = "how many repetitions must pass, such as 8 of 10, 80 % or 0.8"
        findings.add(f"'at_least' of {part.name} must be {allowed}, not {_found(written)}", (*part.path, "at_least"))
        return None
    return {**fields, "statistic": "each-case", "rule": rule}


def _rule(written: object) -> CaseRule | None:
    """`8 of 10`, `80 %` or a share such as 0.8 as a rule; None for what is none, or requires nothing."""
    if isinstance(written, bool) or not isinstance(written, str | int | float):
        return None
    text = str(written).strip()
    counted, percent = _COUNTED.fullmatch(text), _PERCENT.fullmatch(text)
    if counted is not None:
        passes, of = int(counted[1]), int(counted[2])
    elif percent is not None:
        passes, of = (Fraction(percent[1]) / 100).as_integer_ratio()
    elif isinstance(written, int | float) and 0 < written <= 1:
        passes, of = Fraction(text).as_integer_ratio()
    else:
        return None
    said = text if isinstance(written, str) else f"{float(written):.6g}"
    return CaseRule(passes=passes, of=of, written=said) if 0 < passes <= of else None


def _found(value: object) -> str:
    return found(value) if isinstance(value, str | int | float | list | dict) or value is None else "something else"


def _on_measure(part: Part, gate: dict[str, Json], known: Known, findings: Findings) -> GateDefinition | None:
    named = [key for key in gate if key in MEASURES]
    strange = [key for key in gate if key not in MEASURES]
    for key in strange:
        findings.add(f"unknown key {shortened(key)!r} in {part.name}; {_allowed(key, named)}", (*part.path, key))
    if not gate:
        findings.add(f"{part.name} is empty; a gate is written {_FORMS}", part.path)
    elif len(named) > 1:
        findings.add(f"{part.name} names {' and '.join(map(repr, named))}; write a gate for each", part.path)
    elif named:
        inside = Part(gate[named[0]], (*part.path, named[0]), f"{named[0]!r} of {part.name}")
        right = _measured(inside, known, findings)
        return None if strange else right
    return None


def _allowed(key: str, named: list[str]) -> str:
    if named and key in MEASURES[named[0]].model_fields:
        return f"put it inside {named[0]!r}: {{{named[0]}: {{{key}: …}}}}"
    if key in EvaluatorGateEntry.model_fields and not named:
        return f"name the evaluator it is about: {{evaluator: ID, {key}: …}}"
    return nearest(key, ["evaluator", *MEASURES])


def _measured(part: Part, known: Known, findings: Findings) -> GateDefinition | None:
    measure = str(part.path[-1])
    if not isinstance(part.value, dict):
        findings.add(f"{part.name} must be a mapping such as {{at_most: 0.01}}, not {found(part.value)}", part.path)
        return None
    right = entry(MEASURES[measure], part, findings)
    if right is None or not _has_one_bound(part, findings):
        return None
    fields = _with_known_tag(part, right, known, findings)
    if fields is None:
        return None
    fields["statistic"] = fields.pop("of", "mean")
    return GateDefinition.model_validate({"kind": "measure", "subject": measure, **fields})


def _has_one_bound(part: Part, findings: Findings) -> bool:
    given = [key for key in _BOUNDS if isinstance(part.value, dict) and key in part.value]
    if len(given) == 1:
        return True
    was = "has both 'at_least' and 'at_most'" if given else "has neither 'at_least' nor 'at_most'"
    findings.add(f"{part.name} {was}; a gate has exactly one of them", part.path)
    return False


def _with_known_tag(part: Part, fields: dict[str, Json], known: Known, findings: Findings) -> dict[str, object] | None:
    """The fields of a requirement without the name of what it is about; None for a tag that no case has."""
    tag = fields.get("tag")
    if isinstance(tag, str) and known.tags is not None and tag not in known.tags:
        message = f"'tag' of {part.name} is {shortened(tag)!r}, which no case has; {nearest(tag, known.tags)}"
        findings.add(message, (*part.path, "tag"))
        return None
    return {key: value for key, value in fields.items() if key != "evaluator"}
