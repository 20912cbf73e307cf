"""The gates of a scenario file: requirements on evaluators and on the executions themselves."""

from __future__ import annotations

from collections.abc import Iterable

from peel.plugins import nearest
from peel.records import GateDefinition, Json
from peel.scenarios.checking import Findings, Part, entry, found, shortened
from peel.scenarios.file_format import MEASURES, EvaluatorGateEntry

_FORMS = "{evaluator: ID, at_least: 0.9} or {cost_usd: {at_most: 0.01}}"


def read_gates(value: Json, evaluators: Iterable[str], findings: Findings) -> list[tuple[int, GateDefinition]]:
    """The gates that are right, each with its position in the file. `evaluators` are the ids that gates may name."""
    known = frozenset(evaluators)
    items = value if isinstance(value, list) else []
    gates = [
        (place, _gate(Part(item, ("gates", place), f"gate {place + 1}"), known, findings))
        for place, item in enumerate(items)
    ]
    return [(place, gate) for place, gate in gates if gate is not None]


def _gate(part: Part, evaluators: frozenset[str], findings: Findings) -> GateDefinition | None:
    if not isinstance(part.value, dict):
        findings.add(f"{part.name} must be a mapping such as {_FORMS}, not {found(part.value)}", part.path)
        return None
    if "evaluator" in part.value:
        return _on_evaluator(part, evaluators, findings)
    return _on_measure(part, part.value, findings)


def _on_evaluator(part: Part, evaluators: frozenset[str], findings: Findings) -> GateDefinition | None:
    right = entry(EvaluatorGateEntry, part, findings)
    name = part.value.get("evaluator") if isinstance(part.value, dict) else None
    if isinstance(name, str) and name and name not in evaluators:
        findings.add(
            f"{part.name} names the unknown evaluator {shortened(name)!r}; {_meant(name, evaluators)}",
            (*part.path, "evaluator"),
        )
        right = None
    if right is None or not _has_one_bound(part, findings):
        return None
    bounds = {key: item for key, item in right.items() if key != "evaluator"}
    return GateDefinition.model_validate({"kind": "evaluator", "subject": name, **bounds})


def _meant(name: str, evaluators: frozenset[str]) -> str:
    if name in MEASURES:
        return f"{name!r} is a measure, whose gate is written {{{name}: {{at_most: …}}}}"
    return nearest(name, evaluators) if evaluators else "this scenario has no evaluators"


def _on_measure(part: Part, gate: dict[str, Json], findings: Findings) -> GateDefinition | None:
    named = [key for key in gate if key in MEASURES]
    strange = [key for key in gate if key not in MEASURES]
    for key in strange:
        findings.add(f"unknown key {shortened(key)!r} in {part.name}; {_allowed(key, named)}", (*part.path, key))
    if not gate:
        findings.add(f"{part.name} is empty; a gate is written {_FORMS}", part.path)
    elif len(named) > 1:
        findings.add(f"{part.name} names {' and '.join(map(repr, named))}; write a gate for each", part.path)
    elif named:
        return _bounded(Part(gate[named[0]], (*part.path, named[0]), f"{named[0]!r} of {part.name}"), findings, strange)
    return None


def _allowed(key: str, named: list[str]) -> str:
    if named and key in EvaluatorGateEntry.model_fields:
        return f"put it inside {named[0]!r}: {{{named[0]}: {{{key}: …}}}}"
    return nearest(key, ["evaluator", *MEASURES])


def _bounded(part: Part, findings: Findings, strange: list[str]) -> GateDefinition | None:
    measure = str(part.path[-1])
    if not isinstance(part.value, dict):
        findings.add(f"{part.name} must be a mapping such as {{at_most: 0.01}}, not {found(part.value)}", part.path)
        return None
    right = entry(MEASURES[measure], part, findings)
    if right is None or not _has_one_bound(part, findings) or strange:
        return None
    return GateDefinition.model_validate({"kind": "measure", "subject": measure, **right})


def _has_one_bound(part: Part, findings: Findings) -> bool:
    given = [key for key in ("at_least", "at_most") if isinstance(part.value, dict) and key in part.value]
    if len(given) == 1:
        return True
    was = "has both 'at_least' and 'at_most'" if given else "has neither 'at_least' nor 'at_most'"
    findings.add(f"{part.name} {was}; a gate has exactly one of them", part.path)
    return False
