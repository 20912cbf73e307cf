"""Charts of users' ratings as small SVG, drawn on the server: means over time, groups beside each other, and production
beside the test bed. They follow the page's colours by class, need no script, and say in their title what they draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from peel.records.production import Against, FeedbackReport, PeriodEstimate, RatingEstimate, TestBedEstimate
from peel.reports.charts import Drawn, both_intervals_chart
from peel.reports.ratings_wording import STANDINGS, period_name, with_interval
from peel.reports.text import one_line, visible
from peel.reports.wording import number

MOST_ROWS = 40
"""How many rows the plot of production against the test bed has, the first ones of the table."""

MOST_TOLD = 60
"""How many periods the title of a chart tells; the table beside it has all."""

_LABELS, _AXIS, _ROW, _TOP = 230, 300, 26, 30
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720, 190, 34, 26
_LONGEST_NAME = 32


def estimate_chart(name: str, estimate: RatingEstimate) -> str:
    """A mean rating with its interval on an axis from 0 to 1, for a cell of a table."""
    return both_intervals_chart(Drawn(name, estimate.value, (estimate.low, estimate.high), (None, None)))


def against_chart(rows: Sequence[Against]) -> str:
    """One row a scenario and version, on one axis from 0 to 1: the test bed as a hollow square with a thin interval,
    production as a dot with a thick one, joined by a line. Rows without a test bed are left out; empty without any."""
    known = [one for one in rows if one.test_bed is not None and one.production is not None][:MOST_ROWS]
    if not known:
        return ""
    height = _TOP + _ROW * len(known) + 8
    parts = [_scale(height)]
    told = []
    for place, one in enumerate(known):
        if one.production is not None and one.test_bed is not None:
            parts.append(_pair(one, one.production, one.test_bed, _TOP + _ROW * place + _ROW / 2))
            told.append(
                f"{_name(one)}: users {with_interval(one.production)}, test bed {number(one.test_bed.value)}, "
                f"{STANDINGS[one.standing]}"
            )
    return _svg("; ".join(told), parts, width=_LABELS + _AXIS + 24, height=height, kind="c-against")


def _name(one: Against) -> str:
    return one.scenario if one.version is None else f"{one.scenario} {one.version}"


def _at(value: float) -> float:
    return _LABELS + _AXIS * min(1.0, max(0.0, value))


def _scale(height: int) -> str:
    return "".join(
        f'<path class="c-axis" d="M{_at(tick):.1f} {_TOP - 6}V{height - 6}" stroke-opacity=".25"/>'
        f'<text x="{_at(tick):.1f}" y="{_TOP - 12}" text-anchor="middle">{tick:g}</text>'
        for tick in (0, 0.25, 0.5, 0.75, 1)
    )


def _pair(one: Against, users: RatingEstimate, test_bed: TestBedEstimate, y: float) -> str:
    label = escape(one_line(_name(one), limit=_LONGEST_NAME))
    parts = [f'<text x="{_LABELS - 14}" y="{y + 4:.1f}" text-anchor="end">{label}</text>']
    if test_bed.low is not None and test_bed.high is not None:
        parts.append(f'<path class="c-whisker" d="M{_at(test_bed.low):.1f} {y - 4:.1f}H{_at(test_bed.high):.1f}"/>')
    if users.low is not None and users.high is not None:
        width = max(1.0, _at(users.high) - _at(users.low))
        parts.append(f'<rect class="c-these" x="{_at(users.low):.1f}" y="{y + 2:.1f}" width="{width:.1f}" height="4"/>')
    if users.value is not None:
        joined = f"M{_at(test_bed.value):.1f} {y - 4:.1f}L{_at(users.value):.1f} {y + 4:.1f}"
        parts.append(f'<path class="c-axis" d="{joined}"/>')
        parts.append(f'<circle class="c-dot" cx="{_at(users.value):.1f}" cy="{y + 4:.1f}" r="4.5"/>')
    parts.append(f'<rect class="c-other" x="{_at(test_bed.value) - 4:.1f}" y="{y - 8:.1f}" width="8" height="8"/>')
    return "".join(parts)


def over_time_chart(report: FeedbackReport) -> str:
    """Mean ratings over time with their intervals, and a gap where nothing was rated; empty where nothing is rated."""
    known = report.over_time
    if not any(one.estimate.value is not None for one in known):
        return ""
    step = (_WIDTH - _LEFT - 16) / max(1, len(known) - 1)
    places = [_LEFT + 8 + step * place for place in range(len(known))]
    parts = [_levels(), _band(known, places), _line(known, places), _dots(known, places)]
    shown = [0] if len(known) == 1 else [0, len(known) - 1]
    parts += [
        f'<text x="{places[place]:.1f}" y="{_HEIGHT - 6}" text-anchor="{"start" if place == 0 else "end"}">'
        f"{escape(period_name(known[place], report))}</text>"
        for place in shown
    ]
    rated = [one for one in known if one.estimate.value is not None]
    title = f"mean rating by {report.period}: " + "; ".join(
        f"{period_name(one, report)} {with_interval(one.estimate)}" for one in rated[-MOST_TOLD:]
    )
    return _svg(title, parts, width=_WIDTH, height=_HEIGHT, kind="c-over-time")


def _up(value: float) -> float:
    return 8 + (_HEIGHT - _BOTTOM - 8) * (1 - min(1.0, max(0.0, value)))


def _levels() -> str:
    return "".join(
        f'<path class="c-axis" d="M{_LEFT} {_up(tick):.1f}H{_WIDTH - 4}" stroke-opacity=".25"/>'
        f'<text x="{_LEFT - 6}" y="{_up(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
        for tick in (0, 0.5, 1)
    )


def _band(known: Sequence[PeriodEstimate], places: Sequence[float]) -> str:
    """Each interval as an upright bar: what lies between two periods is not known."""
    ends = [(x, one.estimate.low, one.estimate.high) for x, one in zip(places, known, strict=True)]
    return "".join(
        f'<path class="c-whisker" d="M{x:.1f} {_up(low):.1f}V{_up(high):.1f}"/>'
        for x, low, high in ends
        if low is not None and high is not None
    )


def _line(known: Sequence[PeriodEstimate], places: Sequence[float]) -> str:
    path, is_joined = "", False
    for x, one in zip(places, known, strict=True):
        value = one.estimate.value
        if value is not None:
            path += f"{'L' if is_joined else 'M'}{x:.1f} {_up(value):.1f}"
        is_joined = value is not None
    return f'<path class="c-axis" d="{path}"/>'


def _dots(known: Sequence[PeriodEstimate], places: Sequence[float]) -> str:
    radius = 3.5 if len(known) <= 120 else 1.5
    return "".join(
        f'<circle class="c-dot" cx="{x:.1f}" cy="{_up(one.estimate.value):.1f}" r="{radius}"/>'
        for x, one in zip(places, known, strict=True)
        if one.estimate.value is not None
    )


def _svg(title: str, parts: Sequence[str], *, width: int, height: int, kind: str) -> str:
    return (
        f'<svg class="chart {kind}" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'fill="currentColor" font-size="12" stroke="none"><title>{escape(visible(title))}</title>'
        f"{''.join(parts)}</svg>"
    )
