"""Every page without a mouse: the skip link comes first, Tab reaches what there is, and the focus can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from peel.records import Run

# What is drawn around the focused control, or around what stands for one that is itself not drawn.
IS_SEEN = """() => {
    const at = document.activeElement;
    const drawn = [at, at.closest('label'), document.querySelector(`label[for="${CSS.escape(at.id || '-')}"]`)];
    return drawn.some(one => one && getComputedStyle(one).outlineStyle !== 'none');
}"""
NAME = "document.activeElement.outerHTML.slice(0, 120)"


def walk(page: Any, *, most: int = 60) -> list[str]:
    """Press Tab until the page ends; what was focused without being seen."""
    unseen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        if not page.evaluate(IS_SEEN):
            unseen.append(page.evaluate(NAME))
    return unseen


def test_every_page_is_reached_and_used_by_keys(open_page: Callable[..., Any], carry_out: Callable[..., Run]) -> None:
    """The skip link leads into the page, and no control takes the focus without showing it."""
    run = carry_out()
    page = open_page("/scenarios")
    base = page.url.removesuffix("/scenarios")
    paths = [
        "/scenarios", "/scenarios/new", "/scenarios/support", "/scenarios/support/edit", "/scenarios/support/cases",
        "/runs", "/runs/new", f"/runs/{run.id}", f"/runs/{run.id}/executions/1", "/compare", "/scoring",
        f"/scoring/{run.id}", "/agreement", f"/agreement/{run.id}", "/admin", "/api/docs", "/nowhere",
    ]  # fmt: skip
    for path in paths:
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        page.locator(".skip").focus()
        assert page.locator(".skip").bounding_box()["x"] >= 0, path
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main", path
        assert walk(page) == [], path
    assert page.complaints == []
