"""Intervals drawn as small SVG inside table cells, on the server: they need no script, scale, follow the page's
colours and print.

Each is one `<svg role="img">` whose title says in words what is drawn. Colours come from the page's style sheet by
class, with `currentColor` where it names none. Charts that stand alone are drawn by the page's script (html_figures).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from peel.records import Estimate, Figure
from peel.records.comparisons import Difference
from peel.reports.comparison_wording import numbers
from peel.reports.text import visible
from peel.reports.wording import interval, number

_AXIS = 200
_MARGIN = 8


def interval_chart(estimate: Estimate, *, bar: float | None = None) -> str:
    """A value with both its intervals on an axis from 0 to 1.

    The thin whisker is for new cases like these, the thick one for exactly these cases; a dashed line marks the
    threshold of the share below, a triangle the `bar` of a gate.
    """
    these = estimate.these_cases
    marks = [_threshold(estimate.below.threshold, 4, 24)]
    if bar is not None:
        marks.append(f'<path class="c-bar" d="M{_x(bar):.1f} 9l-4 -7h8z"/>')
    drawn = Drawn(estimate.id, estimate.value, (these.low, these.high), (estimate.low, estimate.high))
    return both_intervals_chart(drawn, marks)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A value in [0, 1] with both its intervals, and what it is called."""

    name: str
    value: float | None
    these_cases: tuple[float | None, float | None]
    like_these: tuple[float | None, float | None]


def figure_chart(name: str, figure: Figure) -> str:
    """A figure in [0, 1] with its intervals, as `interval_chart` draws an estimate."""
    these = figure.these_cases
    return both_intervals_chart(
        Drawn(name, figure.value, (these.low, these.high) if these else (None, None), (figure.low, figure.high)),
        [],
    )


def both_intervals_chart(drawn: Drawn, marks: Sequence[str] = ()) -> str:
    """The value as a dot, the interval for exactly these cases thick, that for new ones thin."""
    parts = [_axis(24), *marks, _whisker(*drawn.like_these, thick=False), _whisker(*drawn.these_cases, thick=True)]
    if drawn.value is not None:
        parts.append(f'<circle class="c-dot" cx="{_x(drawn.value):.1f}" cy="14" r="4.5"/>')
    title = (
        f"{drawn.name}: {number(drawn.value)}; exactly these cases {interval(*drawn.these_cases)}; "
        f"new cases like these {interval(*drawn.like_these)}"
    )
    return _svg(title, parts, height=28, kind="c-interval")


def difference_chart(difference: Difference) -> str:
    """A difference with its interval on an axis from -1 to 1, the 0 marked, the margin as a band around it."""
    title = f"{difference.id}: difference {numbers(difference)}, margin {difference.margin:g}"
    ends = difference.low, difference.high
    return signed_chart(title, difference.difference, ends, margin=difference.margin)


def signed_chart(
    title: str, value: float | None, ends: tuple[float | None, float | None], *, margin: float = 0.0
) -> str:
    """A number in [-1, 1] with its interval, the 0 marked, and `margin` as a band around it where there is one."""
    left, right = (_x((1 + side * min(1.0, margin)) / 2) for side in (-1, 1))
    band = f'<rect class="c-margin" x="{left:.1f}" y="4" width="{right - left:.1f}" height="20"/>'
    parts = [
        *([band] if margin else []),
        _axis(24),
        f'<path class="c-zero" d="M{_x(0.5):.1f} 4V24"/>',
        _whisker(_halved(ends[0]), _halved(ends[1]), thick=True),
    ]
    if value is not None:
        parts.append(f'<circle class="c-dot" cx="{_x((value + 1) / 2):.1f}" cy="14" r="4.5"/>')
    return _svg(title, parts, height=28, kind="c-difference")


def amount_chart(title: str, drawn: Drawn, *, top: float) -> str:
    """An amount (seconds, dollars) with its intervals, on an axis from 0 to `top`."""

    def scaled(value: float | None) -> float | None:
        return None if value is None or top <= 0 else value / top

    parts = [
        _axis(24),
        _whisker(*map(scaled, drawn.like_these), thick=False),
        _whisker(*map(scaled, drawn.these_cases), thick=True),
    ]
    place = scaled(drawn.value)
    if place is not None:
        parts.append(f'<circle class="c-dot" cx="{_x(place):.1f}" cy="14" r="4.5"/>')
    return _svg(title, parts, height=28, kind="c-amount")


def _halved(value: float | None) -> float | None:
    """A place in [-1, 1] as one in [0, 1]."""
    return None if value is None else (value + 1) / 2


def _svg(title: str, parts: Sequence[str], *, height: int, kind: str) -> str:
    width = _AXIS + 2 * _MARGIN
    return (
        f'<svg class="chart {kind}" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'fill="currentColor" stroke="none"><title>{escape(visible(title))}</title>{"".join(parts)}</svg>'
    )


def _x(value: float) -> float:
    return _MARGIN + _AXIS * min(1.0, max(0.0, value))


def _axis(y: int) -> str:
    ticks = "".join(f'<path class="c-axis" d="M{_x(tick):.1f} {y - 3}v3"/>' for tick in (0, 0.25, 0.5, 0.75, 1))
    return f'<path class="c-axis" d="M{_MARGIN} {y}h{_AXIS}"/>{ticks}'


def _threshold(value: float, top: int, bottom: int) -> str:
    return f'<path class="c-threshold" d="M{_x(value):.1f} {top}V{bottom}"/>'


def _whisker(low: float | None, high: float | None, *, thick: bool) -> str:
    if low is None or high is None:
        return ""
    left, right = _x(low), _x(high)
    if thick:
        return f'<rect class="c-these" x="{left:.1f}" y="11.5" width="{max(1.0, right - left):.1f}" height="5"/>'
    return f'<path class="c-whisker" d="M{left:.1f} 9v10M{left:.1f} 14H{right:.1f}M{right:.1f} 9v10"/>'
