"""Live feedback in a real browser: filtered, drawn, sorted, corrected by keyboard; and pages that everybody can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from peel.records.feedback import Interaction, Rating

DAY = 86_400.0
FIRST = 20_500 * DAY
HOSTILE = "<img src=x onerror=document.title='owned'>"


@pytest.fixture
def stored(workspace: Any) -> None:
    """Two months of interactions, most of them rated, one of them hostile."""
    interactions = [
        Interaction(
            id=f"i{n}",
            at=FIRST + n * DAY / 2,
            input=f"How do I reset the router {n}? {HOSTILE if n == 119 else ''}",
            output="Hold it for 3 seconds.",
            scenario="support" if n % 3 else None,
            app_version=f"1.{n // 60}",
            channel=HOSTILE if n == 119 else "web",
        )
        for n in range(120)
    ]
    ratings = [
        Rating(
            id=f"r{n}", interaction=f"i{n}", kind="stars", original=1 + n % 5, value=(n % 5) / 4,
            comment=HOSTILE if n == 119 else "", at=FIRST + n * DAY / 2,
        )
        for n in range(120)
        if not 40 <= n < 60
    ]  # fmt: skip
    workspace.store.feedback().add(interactions, ratings, received=FIRST + 90 * DAY)


def test_a_product_owner_finds_what_users_say(open_page: Callable[..., Any], stored: None) -> None:
    """Numbers and charts load by themselves; a filter is chosen by keyboard and stands in the address; rows are sorted;
    an interaction is opened, corrected, and what was chosen comes back with the address."""
    page = open_page("/feedback")
    page.get_by_text("120 of 120 interactions match").wait_for()
    page.locator("#time .plot svg").wait_for()
    page.locator("#distribution .plot svg").wait_for()
    page.locator("summary", has_text="Version").focus()
    page.keyboard.press("Enter")
    page.get_by_label("1.1").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent").strip().startswith("Version")
    page.get_by_role("button", name="Show").press("Enter")
    page.get_by_text("60 of 120 interactions match").wait_for()
    assert "app_version=1.1" in page.url
    page.get_by_role("button", name="lowest rating").click()
    page.locator("#sort-lowest[aria-pressed=true]").wait_for()
    assert "sort=lowest" in page.url
    page.reload()
    page.locator("#sort-lowest[aria-pressed=true]").wait_for()
    page.locator(".rows th a").first.press("Enter")
    page.get_by_role("heading", name="Interaction").wait_for()
    page.get_by_label("Fits none").check()
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_text("The mapping was changed by hand.").wait_for()
    assert page.title() != "owned"
    assert page.complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1300), ("dark", 390)])
def test_everybody_can_use_the_pages(
    open_page: Callable[..., Any], accessible: Callable[[Any], None], stored: None, scheme: str, width: int
) -> None:
    """No rule of WCAG AA is broken, light and wide, dark and narrow; nothing makes the page scroll sideways."""
    page = open_page("/feedback/topics", color_scheme=scheme, viewport={"width": width, "height": 800})
    base = page.url.partition("/feedback")[0]
    narrowed = "/feedback?app_version=1.1&channel=web&since=2026-04-10"
    for path in (narrowed, "/feedback?since=2030-01-01", "/feedback/topics", "/feedback/interactions/i119"):
        page.goto(base + path)
        page.wait_for_load_state("networkidle")
        accessible(page)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
    assert page.complaints == []
