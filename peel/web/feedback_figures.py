"""The charts of the page of live feedback: over time, the distribution, means by group, production and test bed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from markupsafe import Markup

from peel.counting import counted
from peel.records.production import Against, PeriodEstimate, RatingEstimate
from peel.reports.charts import Drawn, Square, both_intervals_chart
from peel.reports.html_figures import Figures, table
from peel.reports.text import one_line
from peel.reports.wording import interval, number, share

_SQUARE = Square(room=250, edge=44)


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart as HTML, and what the page's script draws in it."""

    html: Markup
    specs: list[Any]


def over_time(periods: Sequence[PeriodEstimate], *, period: str) -> Figure:
    """The mean rating of each period with its interval, above the numbers of interactions and ratings behind it. A
    period without ratings is a gap."""
    figures = Figures()
    spec = {"kind": "periods", "period": period, "points": [_point(one) for one in periods]}
    rated = [one for one in periods if one.estimate.value is not None]
    says = f"Mean rating by {period}: " + (
        "; ".join(f"{one.first} {number(one.estimate.value)}" for one in rated) if rated else "no rating in any"
    )
    rows = [[one.first, *_cells(one.estimate)] for one in periods]
    caption = (
        f"Mean rating by {period} with its interval<span>Below: interactions (light) and the rated ones among them"
        " (dark). A gap is a time without ratings. All times are UTC.</span>"
    )
    headings = (f"{period.capitalize()} from", "Mean:", "Interval:", "Rated:", "Interactions:", "Share rated:")
    html = figures.figure(spec, caption=caption, says=says, numbers=table(headings, rows))
    return Figure(Markup(html), figures.specs)  # noqa: S704  # made of numbers and days


def distribution(counts: Sequence[int], *, low: float) -> Figure:
    """How many ratings lie where."""
    figures = Figures()
    width = 1 / len(counts)
    ends = [(place * width, (place + 1) * width) for place in range(len(counts))]
    named = [
        (f"{begin:.2f} to {'' if end > 1 - width / 2 else 'under '}{end:.2f}", count)
        for (begin, end), count in zip(ends, counts, strict=True)
    ]
    says = "Ratings: " + "; ".join(f"{name}: {count:,}" for name, count in named if count)
    caption = f"Ratings by value<span>Those below {low:g} are hatched.</span>"
    rows = [[name, f"{count:,}"] for name, count in named]
    spec = {"kind": "distribution", "counts": list(counts), "threshold": low, "noun": "rating"}
    html = figures.figure(spec, caption=caption, says=says, numbers=table(("Value", "Ratings:"), rows))
    return Figure(Markup(html), figures.specs)  # noqa: S704  # made of numbers


def mean_chart(name: str, estimate: RatingEstimate) -> Markup:
    """A mean with its interval on an axis from 0 to 1."""
    ends = estimate.low, estimate.high
    drawn = Drawn(one_line(name), estimate.value, (None, None), ends)
    return Markup(_titled(both_intervals_chart(drawn), f"{one_line(name)}: {said(estimate)}"))  # noqa: S704  # its title is escaped


def said(estimate: RatingEstimate) -> str:
    """An estimate in words."""
    if estimate.value is None:
        return "no rating"
    tally = estimate.tally
    return (
        f"{number(estimate.value)} {interval(estimate.low, estimate.high)}, {tally.rated:,} of "
        f"{counted(tally.interactions, 'interaction')} rated"
    )


def beside_chart(pairs: Sequence[Against]) -> Markup | None:
    """The test bed across and production up, a point with both intervals for each scenario and version that has both.
    On the dashed line both say the same; below it users are less satisfied. None where there is no pair."""
    both = [one for one in pairs if _both(one) is not None]
    if not both:
        return None
    title = "The test bed across, production up: " + "; ".join(
        f"{one.scenario} {one.version or ''}: {number(pair[0])} and {number(pair[1])}"
        for one in both[:20]
        if (pair := _both(one)) is not None
    )
    marks = "".join(_mark(one) for one in both)
    drawn = _SQUARE.drawn(one_line(title, limit=1500), marks, names=("test bed", "production"), kind="c-beside")
    return Markup(drawn)  # noqa: S704  # made of numbers, its title escaped


def _mark(one: Against) -> str:
    pair = _both(one)
    if pair is None or one.test_bed is None or one.production is None:
        return ""
    x, y = _SQUARE.across(pair[0]), _SQUARE.up(pair[1])
    ends = ""
    if one.test_bed.low is not None and one.test_bed.high is not None:
        ends += f"M{_SQUARE.across(one.test_bed.low):.1f} {y:.1f}H{_SQUARE.across(one.test_bed.high):.1f}"
    if one.production.low is not None and one.production.high is not None:
        ends += f"M{x:.1f} {_SQUARE.up(one.production.low):.1f}V{_SQUARE.up(one.production.high):.1f}"
    whisker = f'<path class="c-whisker" d="{ends}"/>' if ends else ""
    dot = (
        f'<path class="c-dot c-worse" d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"/>'
        if one.standing == "users-worse"
        else f'<circle class="c-dot" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    )
    return f"<g><title>{escape(one_line(f'{one.scenario} {one.version or str()}'))}</title>{whisker}{dot}</g>"


def _both(one: Against) -> tuple[float, float] | None:
    if one.test_bed is None or one.production is None or one.production.value is None:
        return None
    return one.test_bed.value, one.production.value


def _point(one: PeriodEstimate) -> dict[str, Any]:
    tally = one.estimate.tally
    return {
        "label": one.first,
        "value": one.estimate.value,
        "low": one.estimate.low,
        "high": one.estimate.high,
        "rated": tally.rated,
        "interactions": tally.interactions,
    }


def _cells(estimate: RatingEstimate) -> list[str]:
    tally = estimate.tally
    ends = interval(estimate.low, estimate.high)
    return [number(estimate.value), ends, f"{tally.rated:,}", f"{tally.interactions:,}", share(tally.share_rated)]


def _titled(svg: str, title: str) -> str:
    before, _, rest = svg.partition("<title>")
    _, _, after = rest.partition("</title>")
    return f"{before}<title>{escape(title)}</title>{after}"
