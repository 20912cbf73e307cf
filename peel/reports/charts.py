"""Intervals drawn as small SVG inside table cells, on the server: they need no script, scale, follow the page's
colours and print.

Each is one `<svg role="img">` whose title says in words what is drawn. Colours come from the page's style sheet by
class, with `currentColor` where it names none. Charts that stand alone are drawn by the page's script (html_figures).
"""

from __future__ import annotations

import math
from collections import Counter
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
_LONGEST_NAME, _MOST_NAMED = 30, 12


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


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One run in a small chart of several: its value with the interval for exactly its cases, both in [0, 1].
    `is_same`: its cases are those of the last run."""

    value: float | None
    low: float | None
    high: float | None
    is_same: bool


def trend_chart(name: str, points: Sequence[TrendPoint], *, bar: float | None = None) -> str:
    """Runs as points with their intervals, the oldest left, the last as a diamond; hollow where the cases were others.

    A dashed line marks what a gate requires.
    """
    height, step = 44, 11
    width = 2 * _MARGIN + step * max(1, len(points) - 1)

    def at(value: float) -> float:
        return 5 + (height - 10) * (1 - min(1.0, max(0.0, value)))

    parts = [f'<path class="c-axis" d="M2 {at(0):.1f}H{width - 2}M2 {at(1):.1f}H{width - 2}"/>']
    if bar is not None:
        parts.append(f'<path class="c-threshold" d="M2 {at(bar):.1f}H{width - 2}"/>')
    for place, point in enumerate(points):
        x = _MARGIN + step * place
        if point.low is not None and point.high is not None:
            parts.append(f'<path class="c-whisker" d="M{x} {at(point.low):.1f}V{at(point.high):.1f}"/>')
        if point.value is not None:
            kind = "c-dot" if point.is_same else "c-other"
            y = at(point.value)
            is_last = place == len(points) - 1
            mark = f'<path class="{kind}" d="M{x} {y - 5:.1f}l5 5l-5 5l-5 -5z"/>'
            parts.append(mark if is_last else f'<circle class="{kind}" cx="{x}" cy="{y:.1f}" r="3"/>')
    return _svg(_trend_title(name, points), parts, height=height, kind="c-trend", width=width)


def _trend_title(name: str, points: Sequence[TrendPoint]) -> str:
    last = points[-1]
    before = ", ".join(number(point.value) for point in points[:-1])
    earlier = f"; the runs before it, the oldest first: {before}" if before else ""
    return f"{name}: {number(last.value)}, for exactly these cases {interval(last.low, last.high)}{earlier}"


@dataclass(frozen=True, slots=True)
class Square:
    """A square in which two values from 0 to 1 are drawn, one across and one up, with a dashed line where both are
    equal. `room` is its side and `edge` what lies left of it, in pixels."""

    room: int = 230
    edge: int = 48

    def across(self, value: float) -> float:
        """Where a value lies from left to right."""
        return self.edge + self.room * min(1.0, max(0.0, value))

    def up(self, value: float) -> float:
        """Where a value lies from top to bottom."""
        return 8 + self.room * (1 - min(1.0, max(0.0, value)))

    def drawn(self, title: str, marks: str, *, names: tuple[str, str], kind: str = "") -> str:
        """The chart as SVG with `marks` of SVG in it; `names` are what lies across and up, `kind` a class."""
        room, edge = self.room, self.edge
        across, up = map(escape, names)
        ticks = "".join(
            f'<path class="c-axis" d="M{self.across(tick):.1f} {room + 8}v4M{edge} {self.up(tick):.1f}h-4"/>'
            f'<text x="{self.across(tick):.1f}" y="{room + 25}" text-anchor="middle">{tick:g}</text>'
            f'<text x="{edge - 8}" y="{self.up(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
            for tick in (0, 0.5, 1)
        )
        parts = (
            f'<path class="c-axis" d="M{edge} 8v{room}h{room}"/>'
            f'<path class="c-threshold" d="M{edge} {8 + room}L{edge + room} 8"/>'
            f'{ticks}{marks}<text x="{edge + room / 2}" y="{room + 42}" text-anchor="middle">{across}</text>'
            f'<text transform="translate(11 {8 + room / 2}) rotate(-90)" text-anchor="middle">{up}</text>'
        )
        width, height = room + edge + 18, room + 50
        classes = f"chart c-scatter {kind}".strip()
        return (
            f'<svg class="{classes}" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'fill="currentColor" font-size="12" stroke="none"><title>{escape(title)}</title>{parts}</svg>'
        )


def scatter_chart(names: tuple[str, str], points: Sequence[tuple[float, float]]) -> str:
    """Pairs of scores in [0, 1]: the first across, the second up. A dot's area goes by how many pairs lie there; on the
    dashed line both are equal."""
    counted = Counter((round(one, 2), round(other, 2)) for one, other in points)
    across, up = (visible(name, limit=_LONGEST_NAME) for name in names)
    title = f"{across} across and {up} up: {len(points):,} outputs; " + ", ".join(
        f"{one:g} and {other:g}: {count:,}" for (one, other), count in counted.most_common(_MOST_NAMED)
    )
    square = Square()
    dots = "".join(
        f'<circle class="c-point" cx="{square.across(one):.1f}" cy="{square.up(other):.1f}" '
        f'r="{min(16.0, 2.6 * math.sqrt(count)):.1f}"/>'
        for (one, other), count in sorted(counted.items(), key=lambda item: -item[1])
    )
    return square.drawn(visible(title), dots, names=(across, up))


def _halved(value: float | None) -> float | None:
    """A place in [-1, 1] as one in [0, 1]."""
    return None if value is None else (value + 1) / 2


def _svg(title: str, parts: Sequence[str], *, height: int, kind: str, width: int = _AXIS + 2 * _MARGIN) -> str:
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
