"""The page that describes the API, in a real browser: readable by everybody, in any light, on a phone."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_asks_nobody_else_for_anything(open_page: Any, accessible: Any, scheme: str):
    """With its operations opened: labels, contrast, no request elsewhere, no complaint."""
    page = open_page("/api/docs", color_scheme=scheme)
    page.locator("#runs details summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#runs details").first.locator("table").first.is_visible()
    accessible(page)
    assert page.complaints == []


def test_the_page_fits_a_phone(open_page: Any):
    """Nothing is wider than the screen, also where tables are open."""
    page = open_page("/api/docs", viewport={"width": 390, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
