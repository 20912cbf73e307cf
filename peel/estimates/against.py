"""Production against the test bed, by scenario and version: where users and the test bed disagree, and by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from peel.estimates.methods import LEVEL
from peel.estimates.test_bed import Runs, from_test_bed
from peel.records import BASE_VARIANT
from peel.records.feedback import FeedbackFilter
from peel.records.production import Against, Offset, RatingEstimate, Standing, TestBedEstimate
from peel.statistics.distributions import normal_quantile
from peel.statistics.intervals import Interval, mover
from peel.statistics.monitoring import offsets

_ORDER: tuple[Standing, ...] = ("users-worse", "users-better", "no-difference", "unknown")


def against(
    production: Mapping[tuple[str, str | None], RatingEstimate], runs: Runs, *, wanted: FeedbackFilter
) -> tuple[Against, ...]:
    """Production by scenario and version beside the test bed, what users find worse first, the largest difference
    first. The test bed's variant is the one that `wanted` names, where it names a single one."""
    made = [_against(key, estimate, _test_bed(runs, *key, wanted)) for key, estimate in production.items()]
    return tuple(sorted(made, key=_place))


def _test_bed(runs: Runs, scenario: str, version: str | None, wanted: FeedbackFilter) -> TestBedEstimate | None:
    variants = [one for one in wanted.variant if one is not None]
    variant = variants[0] if len(wanted.variant) == 1 and variants else BASE_VARIANT
    return from_test_bed(runs, scenario, version=version, variant=variant)


def _against(key: tuple[str, str | None], production: RatingEstimate, test_bed: TestBedEstimate | None) -> Against:
    difference = _difference(production, test_bed)
    known = difference is not None and production.value is not None and test_bed is not None
    low, high = (None, None) if difference is None else (difference.low, difference.high)
    return Against(
        scenario=key[0],
        version=key[1],
        production=production,
        test_bed=test_bed,
        difference=(production.value or 0.0) - test_bed.value if known and test_bed is not None else None,
        low=low,
        high=high,
        standing=_standing(low, high),
    )


def _difference(production: RatingEstimate, test_bed: TestBedEstimate | None) -> Interval | None:
    """Production minus test bed, by MOVER; unknown ends where one of the two has no interval."""
    if test_bed is None or production.value is None:
        return None
    ends = Interval(test_bed.low, test_bed.high, LEVEL, ""), Interval(production.low, production.high, LEVEL, "")
    return mover([test_bed.value, production.value], ends, weights=[-1.0, 1.0]).clipped(-1.0, 1.0)


def _standing(low: float | None, high: float | None) -> Standing:
    if low is None or high is None:
        return "unknown"
    return "users-worse" if high < 0 else "users-better" if low > 0 else "no-difference"


def _place(one: Against) -> tuple[int, float, str, str]:
    return _ORDER.index(one.standing), -abs(one.difference or 0.0), one.scenario, one.version or ""


def offset(production: Mapping[str, RatingEstimate], runs: Runs, *, wanted: FeedbackFilter) -> Offset | None:
    """Production minus test bed over scenarios, each with the latest run; None below two that have both."""
    found: dict[str, tuple[float, float]] = {}
    for scenario, estimate in production.items():
        test_bed = _test_bed(runs, scenario, None, wanted)
        interval = _difference(estimate, test_bed)
        if test_bed is not None and estimate.value is not None and interval is not None and interval.width:
            found[scenario] = estimate.value - test_bed.value, _variance(interval.width)
    if len(found) < 2:
        return None
    names: Sequence[str] = sorted(found)
    made = offsets([found[one][0] for one in names], [found[one][1] for one in names], level=LEVEL)
    if made is None or made.interval.low is None or made.interval.high is None:
        return None
    return Offset(
        mean=made.mean,
        low=made.interval.low,
        high=made.interval.high,
        level=LEVEL,
        p=made.p,
        scenarios=dict(zip(names, made.shrunken.tolist(), strict=True)),
    )


def _variance(width: float) -> float:
    """The variance that a normal estimate with an interval so wide has."""
    return (width / 2 / normal_quantile((1 + LEVEL) / 2)) ** 2
