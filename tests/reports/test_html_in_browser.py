"""The HTML report in a real browser: opened from disk, it shows, filters, opens executions, and nothing in it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from peel.reports.format import ReportSource
from peel.reports.html import HtmlReport

HOSTILE = (
    "<script>document.title='owned'</script></script><img src=http://127.0.0.1:9/x onerror=document.title='owned'> "
    "javascript:alert(3) <!-- </textarea></title><svg onload=alert(4)> \u2028\u202egnp.exe \ud800 \x1b[31m"
)


class Watched:
    """A page with what must not happen on it: dialogs, requests, errors, complaints of the policy."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.events: list[str] = []
        page.on("dialog", lambda dialog: (self.events.append("dialog"), dialog.dismiss()))
        page.on("pageerror", lambda error: self.events.append(f"error {error}"))
        page.on("console", lambda message: self.events.append(f"console {message.text}"))
        page.on("popup", lambda popup: self.events.append("popup"))
        page.on("request", lambda request: request.url.startswith("file:") or self.events.append(request.url))


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    """Writes a source's report and opens it from disk; takes the options of a browser context."""
    contexts = []

    def open_report(source: ReportSource | Path, *, address: str = "", **options: Any) -> Watched:
        path = source if isinstance(source, Path) else tmp_path / "report.html"
        if not isinstance(source, Path):
            with path.open("wb") as out:
                HtmlReport().write(source, out)
        contexts.append(browser.new_context(offline=True, **options))
        watched = Watched(contexts[-1].new_page())
        watched.page.goto(path.as_uri() + address)
        if options.get("java_script_enabled", True):
            watched.page.wait_for_selector("html[data-ready=yes]")
        return watched

    yield open_report
    for context in contexts:
        context.close()


def labels(page: Any) -> list[str]:
    return page.locator("#map .label").all_text_contents()


def test_the_map_has_a_row_for_each_case_weakest_first(telco_source, opened):
    """Every case has its row with the word for it and its counts; nothing was requested, nothing complained."""
    watched = opened(telco_source(cases=20, repetitions=5, errors=0.0))
    assert len(labels(watched.page)) == 20
    assert labels(watched.page)[0] in ("email-000", "email-011", "email-014", "email-003")
    words = watched.page.locator("#map .say").all_text_contents()
    assert words[0].startswith("● always")
    assert words[-1].startswith("○ never")
    assert watched.events == []


def test_a_click_on_a_cell_opens_that_execution(telco_source, opened):
    """The dialog names case and repetition and shows steps, prompts, passages with their source, and reasons."""
    page = opened(telco_source(errors=0.0)).page
    name = labels(page)[0]
    size = page.locator("#map canvas").first.bounding_box()["width"] / 5
    page.locator("#map canvas").first.click(position={"x": size * 2.5, "y": 5})
    dialog = page.locator("dialog[open]")
    dialog.locator(".step").first.wait_for()
    assert page.locator("#x-title").text_content() == f"{name}#3"
    text = dialog.text_content()
    assert "passage 1: AR" in text
    assert "similarity 0.830" in text
    assert "Answer from these passages:" in text
    assert "Hello, my AR" in text
    page.get_by_role("button", name="next repetition").click()
    page.locator("#x-title", has_text=f"{name}#4").wait_for()


def test_the_keyboard_alone_reaches_and_reads_an_execution(telco_source, opened):
    """Tab to the map, arrows to a cell that is told in words, Enter opens, arrows go on, Escape returns."""
    page = opened(telco_source(errors=0.0)).page
    page.locator("#f-order").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "CANVAS"
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    name = labels(page)[1]
    assert page.locator("#cell").text_content().startswith(f"{name}, repetition 2: ")
    page.keyboard.press("Enter")
    page.locator("dialog[open] .step").first.wait_for()
    assert page.locator("#x-title").text_content() == f"{name}#2"
    page.keyboard.press("ArrowRight")
    page.locator("#x-title", has_text=f"{name}#3").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")


def test_filters_narrow_the_cases(telco_source, opened):
    """Search, tag, state and variant each leave the cases that fit, and say how many those are."""
    page = opened(telco_source(cases=20, variants=("base", "cold"), errors=0.1)).page
    page.locator("#f-search").fill("email-01")
    assert len(labels(page)) == 10
    assert page.locator("#found").text_content().startswith("10 of 20 cases")
    page.locator("#f-tag").select_option("=angry")
    assert set(labels(page)) == {"email-010", "email-014", "email-018"}
    page.locator("#f-search").fill("")
    page.locator("#f-tag").select_option("")
    page.locator("#f-state").select_option("errored")
    shown = page.locator("#map .say").all_text_contents()
    assert shown
    assert all("errored" in words for words in shown)
    page.locator("#f-state").select_option("all")
    before = page.locator("#map .say").all_text_contents()
    page.locator("#f-part").select_option("1")
    page.locator("#map[aria-label*='telco-support · cold, core-terms']").wait_for()
    assert page.locator("#map .say").all_text_contents() != before
    page.locator("#f-search").fill("no such case")
    assert labels(page) == []
    assert page.locator("#cell").text_content() == "No case fits the filter."


def test_hostile_text_is_inert(telco_source, opened):
    """Names, outputs, passages and reasons that attack are letters: no dialog, no request, no script of theirs."""
    source = telco_source(cases=3, repetitions=2, text=HOSTILE, errors=0.0, case_ids=lambda place: f"{place}{HOSTILE}")
    watched = opened(source)
    title = watched.page.title()
    watched.page.locator("#map canvas").first.click(position={"x": 5, "y": 5})
    watched.page.locator("dialog[open] .step").first.wait_for()
    assert "<img src=http://127.0.0.1:9/x onerror=" in watched.page.locator("dialog[open]").text_content()
    assert watched.page.locator("img, iframe, object, embed, body script:not([type]) ~ script").count() == 0
    assert watched.page.locator("a[href^='javascript']").count() == 0
    assert watched.page.title() == title
    assert watched.events == []


def test_ten_thousand_executions_open_quickly_and_each_can_be_looked_at(large_report, opened):
    """100 cases x 100 repetitions on one map; the weakest has its texts, one without says how to see them."""
    watched = opened(large_report)
    page = watched.page
    assert len(labels(page)) == 100
    assert "10,000 executions stored. To stay small" in page.locator("#found").text_content()
    page.locator("#map canvas").first.click(position={"x": 3, "y": 3})
    page.locator("dialog[open] .step").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")
    row, columns = page.locator("#map canvas").last, 100
    width = row.bounding_box()["width"] / columns
    for column in range(4):
        row.click(position={"x": (column + 0.5) * width, "y": 3})
        page.locator("dialog[open] h3, dialog[open] code").first.wait_for()
        if page.locator("dialog[open] code").count():
            break
        page.keyboard.press("Escape")
        page.locator("dialog[open]").wait_for(state="detached")
    assert page.locator("dialog[open] code").text_content() == (
        f"peel show 20250314-1a2b3c {page.locator('#x-title').text_content()}"
    )
    assert page.locator("dialog[open] .scores tr").count() == 4
    assert watched.events == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "dark")])
def test_the_page_fits_its_window(telco_source, opened, width, scheme):
    """Nothing makes the page itself scroll sideways, on a phone or on a desk, with the dialog open or not."""
    source = telco_source(
        cases=30, repetitions=40, variants=("base", "cold"), case_ids=lambda place: f"{place}" + "w" * 90
    )
    page = opened(source, viewport={"width": width, "height": 800}, color_scheme=scheme).page
    page.locator("#map canvas").first.click(position={"x": 5, "y": 5})
    page.locator("dialog[open] .step").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    box = page.locator("dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(telco_source, opened, scheme):
    """Every text of the page has at least the contrast of WCAG AA (4.5 to 1; 3 to 1 where it is large)."""
    page = opened(telco_source(cases=12, variants=("base", "cold")), color_scheme=scheme).page
    weak = page.evaluate(CONTRAST)
    assert weak == []


CONTRAST = """() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const channel = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const weak = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.getClientRects().length || element.closest("script, style, svg, :disabled")) continue;
    const style = getComputedStyle(element), a = light(parse(style.color)), b = light(behind(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) weak.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return [...weak];
}"""


def test_an_address_leads_to_an_execution(telco_source, opened):
    """A link with an execution's number opens it, also one of another variant."""
    page = opened(telco_source(cases=8, repetitions=5, variants=("base", "cold")), address="#execution-47").page
    page.locator("dialog[open] .step").first.wait_for()
    assert page.locator("#x-title").text_content() == "email-001#3"
    assert "cold" in page.locator("dialog[open] .facts").first.text_content()


def test_a_case_with_many_repetitions_takes_several_rows(telco_source, opened):
    """250 repetitions of one case stand in rows of a hundred, and the last can be opened by keyboard."""
    page = opened(telco_source(cases=1, repetitions=250, errors=0.0)).page
    assert labels(page) == ["email-000", "… from 101", "… from 201"]
    page.locator("#map canvas").last.click(position={"x": 5, "y": 5})
    page.locator("#x-title", has_text="email-000#201").wait_for()


def test_the_upper_half_needs_no_script(telco_source, opened):
    """With scripts switched off the verdicts and estimates are there, and the page says what is missing."""
    page = opened(telco_source(), java_script_enabled=False).page
    assert "Gates: ✗ 1 failed" in page.locator("main").text_content()
    assert page.locator("svg.c-interval").count() == 4
    assert "need JavaScript" in page.locator("noscript").text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_are_drawn_by_the_library_in_the_colours_of_the_page(telco_source, opened, scheme):
    """Vector, no request, no complaint of the policy, and each has its numbers in a table."""
    watched = opened(telco_source(errors=0.0), color_scheme=scheme)
    page = watched.page
    page.wait_for_selector("html[data-charts=ready]", state="attached")
    page.locator(".plot").first.scroll_into_view_if_needed()
    page.locator(".plot svg").first.wait_for()
    fills = page.eval_on_selector_all(".plot svg path", "paths => paths.map((path) => getComputedStyle(path).fill)")
    high = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--high').trim()")
    red, green, blue = (int(high[place : place + 2], 16) for place in (1, 3, 5))
    assert f"rgb({red}, {green}, {blue})" in fills
    figures = page.locator("figure").count()
    assert page.locator("figure .plot[role=img][aria-label]").count() == page.locator("figure table").count() == figures
    assert watched.events == []


def test_what_is_low_differs_in_pattern_too(telco_source, opened):
    """In black and white a bar below the threshold is hatched."""
    page = opened(telco_source(errors=0.0)).page
    page.wait_for_selector("html[data-charts=ready]", state="attached")
    page.locator(".f-distribution .plot").first.scroll_into_view_if_needed()
    page.locator(".plot svg pattern").first.wait_for(state="attached")


def test_charts_are_on_the_printed_page_though_nobody_scrolled_there(telco_source, opened):
    """Printing draws what was not in view yet."""
    page = opened(telco_source(errors=0.0), viewport={"width": 900, "height": 300}).page
    page.wait_for_selector("html[data-charts=ready]", state="attached")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".plot svg").count() == page.locator(".plot").count() > 0


def test_without_a_script_the_numbers_of_the_charts_are_there(telco_source, opened):
    """No empty box stands where a chart would be; its table opens without any script."""
    page = opened(telco_source(errors=0.0), java_script_enabled=False).page
    assert not page.locator(".plot").first.is_visible()
    page.locator("figure summary").first.click()
    assert page.locator("figure table").first.is_visible()
