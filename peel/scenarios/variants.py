"""The variants of a scenario file: those it names, and those a matrix of values expands to."""

from __future__ import annotations

import itertools
import json
import math
import re
from dataclasses import dataclass, field

from peel.records import BASE_VARIANT, Json, Variant
from peel.scenarios.checking import Findings, found, shortened
from peel.scenarios.origin import Place

MOST_VARIANTS = 1000
"""How many variants a matrix may expand to."""
_LONGEST_VALUE = 40
_NAME = re.compile(r"[^\W_][\w.,=:+/@-]{0,199}")
_TARGET = re.compile(r"[^\W\d]\w*(?:\.[^.\s]+)*")
_FORM = "a change is named STEP.PARAMETER or INPUT.KEY, such as answer.temperature"


@dataclass(slots=True)
class Variants:
    """The variants in their order, `base` first, with the place of each other one by name."""

    records: list[Variant] = field(default_factory=lambda: [Variant(name=BASE_VARIANT)])
    places: dict[str, Place] = field(default_factory=dict)

    def add(self, variant: Variant, place: Place) -> None:
        self.records.append(variant)
        self.places[variant.name] = place


def read_variants(named: Json, matrix: Json, findings: Findings) -> Variants:
    """Every variant of a scenario; a wrong one is left out and reported."""
    variants = Variants()
    for name, changes in named.items() if isinstance(named, dict) else ():
        if _is_right(name, changes, findings) and isinstance(changes, dict):
            place = findings.origin.place.nearest(("variants", name))
            variants.add(Variant(name=name, changes=changes), place)
    if isinstance(matrix, dict) and matrix:
        _expand(matrix, variants, findings)
    return variants


def _is_right(name: str, changes: Json, findings: Findings) -> bool:
    before = len(findings.problems)
    path = ("variants", name)
    if name == BASE_VARIANT:
        findings.add("a variant cannot be called 'base': that is the definitions as written; rename it", path)
    elif not _NAME.fullmatch(name):
        findings.add(f"a variant's name begins with a letter or digit and has no spaces, not {shortened(name)!r}", path)
    if not isinstance(changes, dict):
        example = "{answer.temperature: 0}"
        findings.add(f"the variant {name!r} must be a mapping of changes such as {example}, not {found(changes)}", path)
        return False
    if not changes:
        findings.add(f"the variant {name!r} changes nothing; {_FORM}", path)
    for target in changes:
        if not _TARGET.fullmatch(target):
            findings.add(f"the variant {name!r} changes {shortened(target)!r}; {_FORM}", (*path, target))
    return len(findings.problems) == before


def _expand(matrix: dict[str, Json], variants: Variants, findings: Findings) -> None:
    axes = [_axis(target, values, findings) for target, values in matrix.items()]
    if not all(axes):
        return
    count = math.prod(len(axis) for axis in axes)
    if count > MOST_VARIANTS:
        findings.add(
            f"the matrix expands to {count} variants, more than {MOST_VARIANTS}; name fewer values", ("matrix",)
        )
        return
    place = Place(findings.origin.line(("matrix",)))
    for combination in itertools.product(*axes):
        name = ",".join(f"{target}={shown}" for target, shown, _ in combination)
        if name in variants.places:
            findings.add(
                f"the matrix makes the variant {name!r}, which 'variants' names too; rename that", ("variants", name)
            )
            continue
        variants.add(Variant(name=name, changes={target: value for target, _, value in combination}), place)


def _axis(target: str, values: Json, findings: Findings) -> list[tuple[str, str, Json]]:
    """One key of a matrix: its values, each with how the variant's name shows it. Empty where something is wrong."""
    path = ("matrix", target)
    if not _TARGET.fullmatch(target):
        findings.add(f"the matrix varies {shortened(target)!r}; {_FORM}", path)
        return []
    if not isinstance(values, list) or not values:
        was = "an empty list" if values == [] else found(values)
        findings.add(f"{target!r} of the matrix must be a list of one value or more, not {was}", path)
        return []
    if len(values) > MOST_VARIANTS:
        findings.add(f"{target!r} of the matrix holds {len(values)} values, more than {MOST_VARIANTS}", path)
        return []
    texts = [json.dumps(value, sort_keys=True, ensure_ascii=False) for value in values]
    twice = [place for place, text in enumerate(texts) if text in texts[:place]]
    for place in twice:
        findings.add(f"{target!r} of the matrix holds {shortened(texts[place])} twice; remove one", (*path, place))
    return [] if twice else _named(target, values)


def _named(target: str, values: list[Json]) -> list[tuple[str, str, Json]]:
    """The values with their names; values that would have the same name (1 and "1") are shown by number."""
    names = [_shown(value, place) for place, value in enumerate(values)]
    numbers = [f"#{place + 1}" for place in range(len(values))]
    chosen = names if len(set(names)) == len(names) else numbers
    return list(zip(itertools.repeat(target), chosen, values, strict=False))


def _shown(value: Json, place: int) -> str:
    """A value as a variant's name shows it; one that is long or has spaces is shown by its number, such as `#2`."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    simple = 0 < len(text) <= _LONGEST_VALUE and not re.search(r"[\s,=#\x00-\x1f]", text)
    return text if simple and not isinstance(value, dict | list) else f"#{place + 1}"
