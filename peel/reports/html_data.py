"""The HTML report's numbers: every execution's scores as packed arrays, compressed, for the page's script.

One part is one scenario variant. Its arrays, in order of case and repetition, are little-endian and follow one
another: the differences of case, repetition and number (int32 each), for each evaluator its values (uint16:
thousandths, or one of the codes below), and flags (uint8: bit 0 ok, then the bits of `MARK_BITS` shifted by one).
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from peel.records import Case, ScenarioVariant
from peel.reports.text import one_line
from peel.store.reading import MISSING, PENDING, SCORED, UNSCORED, Columns, ScoreColumn

CODES = {UNSCORED: 65533, PENDING: 65534, MISSING: 65535}
"""What stands for a value where there is none."""


def packed(payload: bytes) -> bytes:
    """Compressed (zlib) and in base64: safe inside an HTML script element whatever it holds."""
    return base64.b64encode(zlib.compress(payload, 6))


def packed_json(value: Any) -> bytes:
    """A JSON value, packed."""
    return packed(json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode())


def packed_arrays(columns: Columns, *, threshold: float) -> bytes:
    """One part's arrays, packed."""
    order = np.lexsort((columns.number, columns.repetition, columns.case))
    arrays = [_differences(column[order]) for column in (columns.case, columns.repetition, columns.number)]
    arrays += [_values(score, threshold)[order].tobytes() for score in columns.scores.values()]
    flags = columns.ok.astype(np.uint8) | (columns.marks.astype(np.uint8) << 1)
    return packed(b"".join([*arrays, flags[order].tobytes()]))


def part_facts(part: ScenarioVariant, columns: Columns) -> dict[str, Any]:
    """What the script needs to know of a part to read its arrays and to name what is in them."""
    on = {evaluator.id: evaluator.on for evaluator in part.scenario.evaluators}
    return {
        "scenario": one_line(part.scenario.scenario),
        "variant": one_line(part.variant.name),
        "threshold": part.scenario.below,
        "executions": len(columns.number),
        "evaluators": [{"id": one_line(name), "on": one_line(on.get(name) or "")} for name in columns.scores],
    }


def case_list(cases: tuple[Case, ...]) -> list[list[Any]]:
    """Identifier and tags of each case; that it is a draft stands among them."""
    return [[one_line(case.id), [one_line(tag, limit=60) for tag in _marks(case)]] for case in cases]


def _marks(case: Case) -> tuple[str, ...]:
    drafts = ("draft",) if case.draft and "draft" not in case.tags else ()
    return (*drafts, *case.tags[:20])


def _differences(values: NDArray[np.int64]) -> bytes:
    return np.diff(values, prepend=0).astype("<i4").tobytes()


def _values(score: ScoreColumn, threshold: float) -> NDArray[np.uint16]:
    """Thousandths; rounding never moves a value to the other side of the threshold."""
    known = np.where(score.status == SCORED, score.value, 0.0)
    thousandths = np.round(known * 1000)
    edge = threshold * 1000
    below = (known < threshold) & (thousandths >= edge)
    thousandths[below] = np.ceil(edge) - 1
    above = (known >= threshold) & (thousandths < edge)
    thousandths[above] = np.ceil(edge)
    packed_values = np.clip(thousandths, 0, 1000).astype("<u2")
    for status, code in CODES.items():
        packed_values[score.status == status] = code
    return packed_values
