"""The drawn charts: valid SVG that says in words what it draws."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from peel.records import Below, Bounds, Estimate
from peel.reports.charts import histogram, interval_chart


def estimate(**changes: object) -> Estimate:
    made = Estimate(
        id="<b>&",
        on=None,
        use="regex",
        n_cases=3,
        n_executions=9,
        n_scored=9,
        n_unscored=0,
        n_pending=0,
        value=0.5,
        low=0.25,
        high=0.75,
        level=0.95,
        method="abb",
        these_cases=Bounds(low=0.4, high=0.6, method="stratified"),
        below=Below(threshold=0.3, count=1, share=0.11),
    )
    return made.model_copy(update=changes)


def test_an_interval_is_drawn_to_scale_and_told_in_words():
    """The dot of 0.5 stands in the middle of the axis, every part is drawn once, and the title has the numbers."""
    svg = ElementTree.fromstring(interval_chart(estimate(), bar=0.9))
    width = float(svg.get("viewBox").split()[2])
    assert svg.find("circle").get("cx") == f"{width / 2:.1f}"
    assert svg.find("title").text == "<b>&: 0.50; exactly these cases [0.40, 0.60]; new cases like these [0.25, 0.75]"
    assert svg.get("role") == "img"
    kinds = [element.get("class") for element in svg.iter() if element.get("class")]
    assert kinds.count("c-whisker") == kinds.count("c-these") == kinds.count("c-bar") == kinds.count("c-threshold") == 1


def test_what_is_undefined_is_not_drawn():
    """Without a value there is no dot, without an interval no whisker."""
    empty = estimate(value=None, low=None, high=None, these_cases=Bounds(low=None, high=None, method=""))
    svg = ElementTree.fromstring(interval_chart(empty))
    assert svg.find("circle") is None
    assert not [e for e in svg.iter() if e.get("class") in ("c-whisker", "c-these", "c-bar")]
    assert svg.find("title").text.startswith("<b>&: –;")


@pytest.mark.parametrize("outside", [-0.5, 1.5])
def test_nothing_is_drawn_outside_the_axis(outside):
    """A value that lies outside [0, 1] is drawn at the end of the axis."""
    svg = ElementTree.fromstring(interval_chart(estimate(value=outside)))
    assert 0 < float(svg.find("circle").get("cx")) < float(svg.get("viewBox").split()[2])


def test_a_histogram_has_a_bar_for_each_filled_bin_split_at_the_threshold():
    """Bars below the threshold are of another class; empty bins have none; the highest is labelled."""
    svg = ElementTree.fromstring(histogram([4, 0, 0, 0, 0, 0, 0, 0, 1, 2], threshold=0.3, title="meaning <1>"))
    bars = svg.findall("rect")
    assert [bar.get("class") for bar in bars] == ["c-low", "c-high", "c-high"]
    heights = [float(bar.get("height")) for bar in bars]
    assert heights[0] == pytest.approx(4 * heights[1], rel=0.01)
    assert heights[0] == pytest.approx(2 * heights[2], rel=0.01)
    assert "4" in [text.text for text in svg.findall("text")]
    assert svg.find("title").text == "meaning <1>; executions by value from 0.0: 4, 0.8: 1, 0.9: 2"


def test_a_histogram_of_nothing_says_so():
    """No scores: an empty axis and the words."""
    svg = ElementTree.fromstring(histogram([0] * 20, threshold=0.3, title="would-send"))
    assert svg.findall("rect") == []
    assert svg.find("title").text == "would-send; no scores"
