"""The deeper figures of the JSON report: reliability, tags, scenarios together, means with their intervals."""

from __future__ import annotations

from typing import Any

from peel.records import Bounds, Figure, PassesOfK, Reliability, Together


def bounds(found: Bounds | None) -> dict[str, Any] | None:
    """An interval with its method, and why an end is unknown."""
    if found is None:
        return None
    return {"low": found.low, "high": found.high, "method": found.method, "note": found.note}


def figure(found: Figure | None) -> dict[str, Any] | None:
    """A number with both intervals and its counts."""
    if found is None:
        return None
    return {
        "n_cases": found.n_cases,
        "n_executions": found.n_executions,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "method": found.method,
        "these_cases": bounds(found.these_cases),
        "note": found.note,
    }


def reliability(found: Reliability | None) -> dict[str, Any] | None:
    """How dependably cases pass, with the ids of the cases of each kind."""
    if found is None:
        return None
    flaky = [{"case": one.case, "passed": one.passed, "scored": one.scored} for one in found.flaky]
    return {
        "passes_at": found.passes_at,
        "n_cases": found.n_cases,
        "scored_per_case": {"fewest": found.fewest, "most": found.most},
        "solid": _listed(found.solid),
        "flaky": {"count": len(flaky), "cases": flaky},
        "broken": _listed(found.broken),
        "once": _listed(found.once),
        "disagreement": found.disagreement,
        "flake": {
            "share": found.flake,
            "repetitions_to_see": found.repetitions_to_see,
            "visible_share": found.visible,
        },
        "passes": [_passes(one) for one in found.passes],
        "note": found.note,
    }


def _listed(ids: tuple[str, ...]) -> dict[str, Any]:
    return {"count": len(ids), "cases": list(ids)}


def _passes(one: PassesOfK) -> dict[str, Any]:
    return {"k": one.k, "pass_at_k": figure(one.pass_at_k), "pass_hat_k": figure(one.pass_hat_k)}


def together(found: Together) -> dict[str, Any]:
    """One evaluator over several scenarios."""
    return {
        "variant": found.variant,
        "id": found.id,
        "on": found.on,
        "use": found.use,
        "weights": dict(found.weights),
        "left_out": list(found.left_out),
        "n_cases": found.n_cases,
        "n_executions": found.n_executions,
        "n_scored": found.n_scored,
        "n_unscored": found.n_unscored,
        "n_pending": found.n_pending,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "level": found.level,
        "method": found.method,
        "these_cases": bounds(found.these_cases),
        "note": found.note,
    }
