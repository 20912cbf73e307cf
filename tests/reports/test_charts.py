"""The drawn charts: valid SVG that says in words what it draws."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from peel.records import Below, Bounds, Estimate
from peel.reports.charts import Drawn, amount_chart, interval_chart, signed_chart


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


def test_a_signed_number_stands_left_or_right_of_zero():
    """The 0 is in the middle; without a margin there is no band, without an interval no bar."""
    svg = ElementTree.fromstring(signed_chart("difference -0.50", -0.5, (None, None)))
    width = float(svg.get("viewBox").split()[2])
    assert float(svg.find("circle").get("cx")) == pytest.approx(8 + (width - 16) / 4)
    assert [e.get("class") for e in svg.findall("rect")] == []
    banded = ElementTree.fromstring(signed_chart("difference", 0.1, (0.0, 0.2), margin=0.05))
    assert [e.get("class") for e in banded.findall("rect")] == ["c-margin", "c-these"]


@pytest.mark.parametrize(("top", "dots"), [(4.0, 1), (0.0, 0)])
def test_an_amount_is_drawn_on_its_own_axis(top, dots):
    """Two of four seconds stand in the middle; on an axis without length nothing is drawn."""
    drawn = Drawn("latency", 2.0, (1.0, 3.0), (None, None))
    svg = ElementTree.fromstring(amount_chart("latency: 2 s", drawn, top=top))
    circles = svg.findall("circle")
    assert len(circles) == dots
    width = float(svg.get("viewBox").split()[2])
    assert all(circle.get("cx") == f"{width / 2:.1f}" for circle in circles)
