"""Small SVG charts made on the server: they need no script, scale, follow the page's colours and read without any.

Each is one `<svg role="img">` whose title says in words what is drawn. Colours come from the page's style sheet by
class, with `currentColor` where it names none.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from peel.records import Estimate
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
    parts = [_axis(24), _threshold(estimate.below.threshold, 4, 24)]
    if bar is not None:
        parts.append(f'<path class="c-bar" d="M{_x(bar):.1f} 9l-4 -7h8z"/>')
    parts.append(_whisker(estimate.low, estimate.high, thick=False))
    parts.append(_whisker(these.low, these.high, thick=True))
    if estimate.value is not None:
        parts.append(f'<circle class="c-dot" cx="{_x(estimate.value):.1f}" cy="14" r="4.5"/>')
    title = (
        f"{estimate.id}: {number(estimate.value)}; exactly these cases {interval(these.low, these.high)}; "
        f"new cases like these {interval(estimate.low, estimate.high)}"
    )
    return _svg(title, parts, height=28, kind="c-interval")


def histogram(counts: Sequence[int], *, threshold: float, title: str) -> str:
    """Counts over equal bins of [0, 1], with a dashed line at the `threshold` and the bars below it in another tone."""
    highest = max([1, *counts])
    width = _AXIS / max(1, len(counts))
    parts = []
    for place, count in enumerate(counts):
        height = 60 * count / highest
        low = "c-low" if (place + 0.5) / len(counts) < threshold else "c-high"
        if count:
            x, drawn = _MARGIN + place * width + 1, max(1.5, height)
            parts.append(
                f'<rect class="{low}" x="{x:.1f}" y="{72 - drawn:.1f}" width="{width - 2:.1f}" height="{drawn:.1f}"/>'
            )
    parts += [_axis(72), _threshold(threshold, 6, 72)]
    parts += [_label(0, 84, "0"), _label(threshold, 84, f"{threshold:g}"), _label(1, 84, "1")]
    parts.append(f'<text class="c-text" x="{_MARGIN}" y="9" text-anchor="start">{highest:,}</text>')
    bins = ", ".join(f"{place / len(counts):.1f}: {count}" for place, count in enumerate(counts) if count)
    return _svg(
        f"{title}; executions by value from {bins}" if bins else f"{title}; no scores",
        parts,
        height=88,
        kind="c-histogram",
    )


def difference_chart(difference: Difference) -> str:
    """A difference with its interval on an axis from -1 to 1, the 0 marked, the margin as a band around it."""
    margin = min(1.0, difference.margin)
    left, right = _x((1 - margin) / 2), _x((1 + margin) / 2)
    parts = [
        f'<rect class="c-margin" x="{left:.1f}" y="4" width="{right - left:.1f}" height="20"/>',
        _axis(24),
        f'<path class="c-zero" d="M{_x(0.5):.1f} 4V24"/>',
        _whisker(_halved(difference.low), _halved(difference.high), thick=True),
    ]
    if difference.difference is not None:
        parts.append(f'<circle class="c-dot" cx="{_x((difference.difference + 1) / 2):.1f}" cy="14" r="4.5"/>')
    title = f"{difference.id}: difference {numbers(difference)}, margin {difference.margin:g}"
    return _svg(title, parts, height=28, kind="c-difference")


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


def _label(value: float, y: int, text: str) -> str:
    return f'<text class="c-text" x="{_x(value):.1f}" y="{y}" text-anchor="middle">{escape(text)}</text>'
