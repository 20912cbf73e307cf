"""Selecting: which cases and variants of the loaded scenarios a run takes, and what is wrong with the selection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from peel.estimates.until import until_problems
from peel.plugins import nearest
from peel.records import Case, Problem, Scenario, Selection, Variant


def narrowed(scenario: Scenario, selection: Selection) -> Scenario:
    """The scenario with only the cases and variants that the selection takes, and its repetitions."""
    return scenario.model_copy(
        update={
            "cases": tuple(case for case in scenario.cases if _takes(case, selection)),
            "variants": tuple(variant for variant in scenario.variants if _takes_variant(variant, selection)),
            "repetitions": selection.repetitions or scenario.repetitions,
        }
    )


def _takes(case: Case, selection: Selection) -> bool:
    by_id = not selection.cases or case.id in selection.cases
    by_tag = not selection.tags or not set(selection.tags).isdisjoint(case.tags)
    return by_id and by_tag


def _takes_variant(variant: Variant, selection: Selection) -> bool:
    return not selection.variants or variant.name in selection.variants


def problems_of(selection: Selection, scenarios: Sequence[Scenario]) -> list[Problem]:
    """Names in the selection that no scenario has, and a selection that leaves nothing to execute."""
    found = [
        *_missing("--case", selection.cases, (case.id for one in scenarios for case in one.cases)),
        *_missing("--tag", selection.tags, (tag for one in scenarios for case in one.cases for tag in case.tags)),
        *_missing("--variant", selection.variants, (variant.name for one in scenarios for variant in one.variants)),
    ]
    left = [narrowed(scenario, selection) for scenario in scenarios]
    if not found and scenarios and not any(one.cases and one.variants for one in left):
        found.append(Problem(message="no case has what --case, --tag and --variant together ask for; leave one out"))
    if not found and selection.until is not None:
        found += [Problem(message=told, file="--until") for told in until_problems(selection.until, left)]
    return found


def _missing(flag: str, names: Iterable[str], existing: Iterable[str]) -> list[Problem]:
    known = dict.fromkeys(existing)
    word = flag.removeprefix("--")
    return [
        Problem(message=f"no scenario has the {word} {name!r}; {nearest(name, known)}", file=flag)
        for name in names
        if name not in known
    ]
