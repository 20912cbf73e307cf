"""A report of users' ratings as JSON and CSV; undefined numbers are null, or empty cells."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from peel.estimates.feedback_report import unmatched_share
from peel.records.feedback import LABELS
from peel.records.production import FeedbackReport, GroupEstimate, RatingEstimate
from peel.reports.csv import inert
from peel.reports.json import plain
from peel.reports.wording import utc

SCHEMA = 1
"""The version of the structure; it changes only when a field changes its meaning or goes."""

COLUMNS = (
    "by", "name", "first", "behind", "interactions", "rated", "share_rated", "value", "low", "high", "worst", "best",
    "below", "share_below",
)  # fmt: skip
"""The columns of the CSV, in order; later ones are added at the end."""


def as_json(report: FeedbackReport) -> str:
    """The report as JSON, indented, with a line end."""
    return json.dumps(plain(json_object(report)), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def json_object(report: FeedbackReport) -> dict[str, Any]:
    """The report as plain JSON values, in the order of docs/ratings.md."""
    limits, low = report.limits, report.low
    return {
        "schema": SCHEMA,
        "selected": {
            "since": utc(report.wanted.since),
            "until": utc(report.wanted.until),
            **{label: list(getattr(report.wanted, label)) for label in LABELS},
            "mapping": list(report.wanted.mapping),
            "rated": report.wanted.rated,
        },
        "limits": {"interactions": limits.interactions, "first": utc(limits.first), "last": utc(limits.last)},
        "overall": estimate(report.overall, low),
        "adjusted": report.adjusted,
        "mapping": dict(report.mapping),
        "unmatched_share": unmatched_share(report),
        "weakest": None if report.weakest is None else report.weakest.name,
        "period": report.period,
        "over_time": [
            {"first": one.first, "behind": one.behind, **estimate(one.estimate, low)} for one in report.over_time
        ],
        "by_scenario": [_group(one, low) for one in report.by_scenario],
        "by_version": [_group(one, low) for one in report.by_version],
        "topics": [{"key": one.key, "name": one.name, **estimate(one.estimate, low)} for one in report.topics],
        "left_out": report.left_out,
        "histogram": list(report.histogram),
        "against": [
            {
                **one.model_dump(mode="json", exclude={"production"}),
                "production": None if one.production is None else estimate(one.production, low),
            }
            for one in report.against
        ],
        "offset": None if report.offset is None else report.offset.model_dump(mode="json"),
        "alarms": [
            {**one.model_dump(mode="json"), **{name: utc(getattr(one, name)) for name in _TIMES}}
            for one in report.alarms
        ],
        "notes": list(report.notes),
    }


_TIMES = ("at", "raised", "told", "acknowledged")


def estimate(one: RatingEstimate, low: float) -> dict[str, Any]:
    """A mean with its interval and its counts."""
    tally = one.tally
    return {
        "interactions": tally.interactions,
        "rated": tally.rated,
        "share_rated": tally.share_rated,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "level": one.level,
        "method": one.method,
        "note": one.note,
        "worst": one.worst,
        "best": one.best,
        "below": {"threshold": low, "count": tally.low, "share": tally.share_low},
    }


def _group(one: GroupEstimate, low: float) -> dict[str, Any]:
    return {"name": one.name, **estimate(one.estimate, low)}


def as_csv(report: FeedbackReport) -> str:
    """The estimates as CSV, one row each: over all, by scenario, version, topic and period."""
    text = io.StringIO(newline="")
    sheet = csv.writer(text, lineterminator="\r\n")
    sheet.writerow(COLUMNS)
    sheet.writerows(_rows(report))
    return text.getvalue()


def _rows(report: FeedbackReport) -> Iterator[tuple[Any, ...]]:
    yield ("all", "", "", "", *_numbers(report.overall))
    for by, groups in (("scenario", report.by_scenario), ("version", report.by_version)):
        yield from ((by, inert(one.name or ""), "", "", *_numbers(one.estimate)) for one in groups)
    yield from (("topic", inert(one.name), "", "", *_numbers(one.estimate)) for one in report.topics)
    yield from ((report.period, "", one.first, one.behind, *_numbers(one.estimate)) for one in report.over_time)


def _numbers(one: RatingEstimate) -> tuple[Any, ...]:
    tally = one.tally
    counts = (tally.interactions, tally.rated, tally.share_rated)
    return (*counts, one.value, one.low, one.high, one.worst, one.best, tally.low, tally.share_low)
