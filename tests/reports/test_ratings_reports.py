"""A report of users' ratings in each format: the same words, escaped, with what must be read first in front."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from peel.estimates.ratings import estimated
from peel.records.feedback import EVERYTHING, LABELS, MAPPING_STATES, FeedbackLimits, Tally
from peel.records.production import (
    Against,
    Alarm,
    FeedbackReport,
    GroupEstimate,
    Offset,
    PeriodEstimate,
    RatingEstimate,
    TestBedEstimate,
    TopicEstimate,
)
from peel.reports.rating_charts import against_chart, over_time_chart
from peel.reports.ratings import FORMATS, ratings_bytes

HOSTILE = "=1+1 <script>alert(1)</script> | [x](http://x)"
FIRST = 1_767_225_600.0
"""2026-01-01, UTC."""


def users(mean: float, n: int = 400, unrated: int = 100) -> RatingEstimate:
    """So many ratings of 0 and 1 with a mean, and some interactions without one."""
    low = round(n * (1 - mean))
    return estimated(Tally(interactions=n + unrated, rated=n, total=mean * n, squares=mean * n, low=low))


def week(first: str, behind: str, estimate: RatingEstimate) -> PeriodEstimate:
    """A week."""
    return PeriodEstimate(first=first, behind=behind, estimate=estimate)


def made(**changes: Any) -> FeedbackReport:
    """A report of two scenarios, one of which users find worse; its name is hostile."""
    test_bed = TestBedEstimate(
        run="20260101-aaaa", started=FIRST, variant="base", version=None, evaluators=("core-terms",), value=0.9,
        low=0.8, high=0.95, n_cases=20,
    )  # fmt: skip
    worse = Against(
        scenario=HOSTILE, version="1.1", production=users(0.5), test_bed=test_bed, difference=-0.4, low=-0.47,
        high=-0.29, standing="users-worse",
    )  # fmt: skip
    fine = worse.model_copy(
        update={"scenario": "fine", "difference": 0.0, "low": -0.1, "high": 0.1, "standing": "no-difference"}
    )
    alarm = Alarm(
        key=1, scenario=HOSTILE, direction="drop", at=FIRST, raised=FIRST, baseline=0.6, before=0.7, n_before=100,
        after=0.3, n_after=12, evidence=1200, run_length=1000,
    )  # fmt: skip
    groups = (GroupEstimate(name="fine", estimate=users(0.9)), GroupEstimate(name=HOSTILE, estimate=users(0.5)))
    given = FeedbackReport(
        wanted=EVERYTHING,
        limits=FeedbackLimits(
            interactions=1000, first=FIRST, last=FIRST + 86400, labels=dict.fromkeys(LABELS, (None,))
        ),
        overall=users(0.7, 800, 200),
        mapping={**dict.fromkeys(MAPPING_STATES, 0), "named": 900, "unmatched": 50, "waiting": 50},
        weakest=groups[1],
        period="week",
        over_time=(
            week("2025-12-29", "2026-01-05", users(0.8)),
            week("2026-01-05", "2026-01-12", estimated(Tally())),
            week("2026-01-12", "2026-01-19", users(0.6)),
        ),
        by_scenario=groups,
        by_version=(GroupEstimate(name=None, estimate=users(0.7)),),
        topics=(TopicEstimate(key=1, name=HOSTILE, estimate=users(0.1)),),
        histogram=(200, *([0] * 18), 600),
        alarms=(alarm,),
        against=(worse, fine),
        offset=Offset(mean=-0.2, low=-0.3, high=-0.1, level=0.95, p=0.001, scenarios={HOSTILE: -0.35, "fine": -0.02}),
        adjusted=0.72,
        notes=("Each rating counts for itself.",),
    )
    return given.model_copy(update=changes)


def text(kind: str, report: FeedbackReport | None = None) -> str:
    """A report in a format, its line ends as spaces."""
    return " ".join(ratings_bytes(report or made(), kind).decode().split())


@pytest.mark.parametrize("kind", ["terminal", "markdown", "html"])
def test_what_must_be_read_first_comes_first(kind: str) -> None:
    """Where users find worse what the test bed finds good, then the alarm, before any table."""
    shown = text(kind)
    places = [shown.index(words) for words in ("Users find worse than the test bed does:", "weakest scenario")]
    assert shown.index("selected: all interactions: 1,000 of 1,000 interactions") < places[0] < places[1]
    assert shown.index("dropped: their mean is 0.30 over 12") < places[1]
    for words in (
        "80% (800 of 1,000)",
        "0.56 to 0.76",
        "5% (50 of 950 mapped)",
        "50 of 1,000",
        "▼",
        "production is 0.20 lower than the test bed",
        "Scenarios differ by more than chance (p = 0.001)",
        "Who rates is not everybody",
        "2026-W03",
    ):
        assert words in shown.replace("\\", ""), words


def test_a_period_without_a_rating_is_a_gap_and_no_zero() -> None:
    """In the table a dash, in the chart a line that breaks."""
    row = next(line for line in ratings_bytes(made(), "terminal").decode().splitlines() if "2026-W02" in line)
    assert row.split() == ["2026-W02,", "from", "05", "Jan", "–", "–", "0", "0", "(–)", "–"]
    drawing = ElementTree.fromstring(over_time_chart(made()))
    lines = [one.get("d", "") for one in drawing.iter("path")]
    assert any(line.count("M") == 2 and "L" not in line for line in lines)
    assert len(list(drawing.iter("circle"))) == 2


def test_the_plot_draws_both_with_their_intervals_and_says_so_in_words() -> None:
    """A row without a test bed is left out; without any there is no plot."""
    report = made()
    alone = report.against[1].model_copy(update={"test_bed": None})
    drawing = ElementTree.fromstring(against_chart([report.against[0], alone]))
    kinds = [one.get("class") for one in drawing.iter()]
    assert [kinds.count(one) for one in ("c-dot", "c-other", "c-these", "c-whisker")] == [1, 1, 1, 1]
    title = drawing.findtext("title") or ""
    assert "users 0.50 [0.45, 0.55], test bed 0.90, users find it worse" in title
    assert against_chart([alone]) == ""


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)


def test_text_from_outside_is_only_text() -> None:
    """No script and no link in HTML, no formula in CSV, no markup in Markdown."""
    page = _Tags()
    page.feed(ratings_bytes(made(), "html").decode())
    assert not {"script", "a", "img", "link"} & set(page.tags)
    assert page.tags.count("svg") == 2
    rows = list(csv.reader(io.StringIO(ratings_bytes(made(), "csv").decode())))
    assert [row[1] for row in rows if row[0] == "topic"] == [f"'{HOSTILE}"]
    assert "<script>" not in text("markdown")


def test_csv_and_json_hold_unknown_as_nothing() -> None:
    """An empty cell, and null."""
    rows = list(csv.DictReader(io.StringIO(ratings_bytes(made(), "csv").decode())))
    assert [row["by"] for row in rows] == ["all", "scenario", "scenario", "version", "topic", "week", "week", "week"]
    assert (rows[6]["rated"], rows[6]["value"], rows[6]["low"]) == ("0", "", "")
    content = json.loads(ratings_bytes(made(), "json"))
    assert content["over_time"][1]["value"] is None
    assert content["alarms"][0]["at"] == "2026-01-01T00:00:00.000Z"
    assert content["against"][0]["production"]["value"] == 0.5
    assert content["unmatched_share"] == pytest.approx(50 / 950)


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_nothing_to_say_is_said(kind: str) -> None:
    """An empty selection in each format."""
    nothing = made(
        overall=estimated(Tally()), over_time=(), by_scenario=(), by_version=(), topics=(), against=(), alarms=(),
        weakest=None, offset=None, adjusted=None, mapping=dict.fromkeys(MAPPING_STATES, 0), histogram=(0,) * 20,
    )  # fmt: skip
    shown = text(kind, nothing)
    assert "NaN" not in shown
    if kind not in ("json", "csv"):
        assert "Nothing matches. There are 1,000 interactions, the first of 1 January 2026, 00:00 UTC" in shown
