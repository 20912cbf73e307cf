"""Runs in a real browser: started, watched, cancelled, resumed, read, compared; and pages that everybody can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from peel.records import Run

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"


def test_a_run_is_started_watched_and_read(open_page: Callable[..., Any], model: Any) -> None:
    """From the list of scenarios to one step of one execution, with the keyboard from one to the next."""
    page = open_page("/scenarios")
    page.get_by_role("link", name="Run support").click()
    page.get_by_text("4 executions").wait_for()
    page.fill("input[name=repetitions]", "3")
    page.keyboard.press("Tab")
    page.get_by_text("6 executions").wait_for()
    model.gate.clear()
    page.get_by_role("button", name="Start the run").click()
    page.get_by_text("Running since").wait_for()
    model.gate.set()
    page.get_by_role("heading", name="Where to work first").wait_for()
    page.wait_for_selector("html[data-ready=yes]")
    page.locator("#weakest button").first.click()
    page.get_by_role("heading", name="Steps").wait_for()
    assert "#1" in page.locator("h1").text_content()
    page.keyboard.press("ArrowRight")
    page.locator("h1", has_text="#2").wait_for()
    assert page.complaints == []


def test_a_run_is_cancelled_and_resumed(open_page: Callable[..., Any], model: Any) -> None:
    """What finished stays; the rest is completed under the same address."""
    page = open_page("/runs/new?scenario=support")
    model.gate.clear()
    page.get_by_role("button", name="Start the run").click()
    page.get_by_text("Running since").wait_for()
    address = page.url
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Resume").wait_for()
    model.gate.set()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("heading", name="Where to work first").wait_for()
    assert page.url == address
    assert "4 of 4 executions" in page.locator(".run-facts").text_content()
    assert page.complaints == []


def test_charts_are_drawn_by_the_report_s_code(open_page: Callable[..., Any], carry_out: Callable[..., Run]) -> None:
    """The trend of two runs is an SVG of the chart library, under the policy of the pages."""
    carry_out()
    run = carry_out()
    page = open_page(f"/runs/{run.id}")
    page.wait_for_selector("html[data-charts=ready]")
    page.locator(".f-trend .plot").first.scroll_into_view_if_needed()
    page.locator(".f-trend .plot svg").first.wait_for()
    page.reload()
    page.wait_for_selector("html[data-ready=yes]")
    assert page.complaints == []


def test_two_runs_are_compared(open_page: Callable[..., Any], carry_out: Callable[..., Run], model: Any) -> None:
    """The two latest are filled in; their outputs stand side by side with what differs marked, whatever they hold."""
    model.reply = lambda request: f"Wait 3 seconds {HOSTILE}"
    carry_out()
    model.reply = lambda request: f"Wait 5 seconds {HOSTILE}"
    carry_out()
    page = open_page("/compare")
    page.locator("main").get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="Verdict").wait_for()
    page.get_by_role("link", name="All cases of support").click()
    page.locator("ins", has_text="5").first.wait_for()
    page.keyboard.press("ArrowRight")
    page.locator("h1", has_text="light").wait_for()
    assert page.title() != "owned"
    assert page.locator("main img").count() == 0
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_pages(
    open_page: Callable[..., Any],
    carry_out: Callable[..., Run],
    accessible: Callable[[Any], None],
    model: Any,
    scheme: str,
    root: Any,
) -> None:
    """No rule of WCAG AA is broken, in light and dark, on a narrow screen; nothing makes the page scroll sideways."""
    first = carry_out(by="ada")
    model.reply = lambda request: "No idea."
    last = carry_out(by="grace")
    (root / "scenarios" / "broken.yaml").write_text("scenario: broken\norchestration: nowhere\n")
    page = open_page("/scenarios", color_scheme=scheme, viewport={"width": 390, "height": 800})
    paths = [
        "/scenarios", "/scenarios/support", "/runs", f"/runs/{last.id}", f"/runs/{last.id}/executions/1",
        "/runs/new?scenario=support", f"/compare?base={first.id}&candidate={last.id}",
        f"/compare/outputs?base={first.id}&candidate={last.id}",
    ]  # fmt: skip
    for path in paths:
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)
        page.wait_for_load_state("networkidle")
        accessible(page)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
    assert page.complaints == []
