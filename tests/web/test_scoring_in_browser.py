"""Scoring in a real browser: keys, double clicks, reloads, two tabs, a lost connection, hostile outputs, axe."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from peel.records import Run
from peel.workspace import Workspace

HOSTILE = (
    "<script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=document.title='owned'>"
    "{{ 7 * 7 }} javascript:alert(1) </template><svg onload=alert(4)> \u2028\u202egnp.exe"
)


@pytest.fixture
def asking(root: Path, carry_out: Callable[..., Run]) -> Callable[..., Run]:
    """Carries a run out that asks people about each of `cases` outputs, as the settings say."""

    def made(settings: str = "", *, cases: int = 4, ask: str = "Would you send this email as it is?") -> Run:
        path = root / "scenarios/support.yaml"
        asked = f"  - {{id: would-send, use: manual, ask: {json.dumps(ask)}{settings}}}"
        path.write_text(re.sub(r"  - \{id: would-send.*", asked, path.read_text()))
        rows = "".join(f'case-{at},,Email number {at},"[""reset""]"\n' for at in range(cases))
        (root / "scenarios/support.csv").write_text(f"id,tags,email,expected.terms\n{rows}")
        return carry_out(repetitions=1)

    return made


def answers(workspace: Workspace, run: Run) -> list[tuple[str, int, float, str]]:
    """Who answered what, in the order it was stored."""
    rows = (row for row in workspace.store.people(run.id).rows("would-send") if row.rater is not None)
    return [
        (row.rater or "", row.execution, row.value or 0.0, row.comment) for row in sorted(rows, key=lambda r: r.key)
    ]


def ready(page: Any) -> None:
    """Wait for an output that takes keys."""
    page.wait_for_selector("#scoring[data-ready] #s-item:not([hidden])")


def press(page: Any, *keys: str) -> None:
    """One key an output."""
    for key in keys:
        ready(page)
        page.keyboard.press(key)


def saved(page: Any, count: str) -> None:
    """Wait until the page says that so many are answered and all are saved."""
    page.locator("#s-count", has_text=f"{count} answered").wait_for()
    page.locator("#s-saved", has_text="all saved").wait_for()


def email(page: Any) -> str:
    return str(page.locator("#s-inputs .text").inner_text())


def test_a_hundred_outputs_are_scored_by_keys_alone(asking, open_page, workspace):
    """From the queue to the end: Tab and Enter to begin, a digit an output, with a comment and a correction."""
    run = asking(cases=100)
    page = open_page("/scoring", role="rater", name="ann")
    for _ in range(30):
        if page.evaluate("document.activeElement.textContent.trim()") == "Score":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    press(page, "c")
    page.keyboard.type("0 9 s: typed, not pressed")
    page.keyboard.press("Escape")
    press(page, "9", "s", "b", "e", "p", *(str(place % 10) for place in range(99)))
    page.locator("#s-done-text", has_text="You have answered all 100 outputs").wait_for()
    saved(page, "100 of 100")
    stored = answers(workspace, run)
    assert len(stored) == len({execution for _, execution, _, _ in stored}) == 100
    assert stored[0][2:] == (1.0, "0 9 s: typed, not pressed")
    assert Counter(value for _, _, value, _ in stored)[0.56] == 10
    page.keyboard.press("b")
    press(page, "0")
    saved(page, "100 of 100")
    for _ in range(200):  # It said so before the change, too.
        if len(answers(workspace, run)) > 100:
            break
        page.wait_for_timeout(50)
    assert len(answers(workspace, run)) == 101
    assert page.complaints == []


def test_skip_comes_again_and_back_corrects(asking, open_page, workspace):
    """A skipped output comes at the end; of the last one left the page says so."""
    run = asking(", scale: faces", cases=3)
    page = open_page(f"/scoring/{run.id}", role="rater")
    ready(page)
    skipped = email(page)
    press(page, "s", "3", "b")
    page.locator("#s-before", has_text="Your answer so far: good").wait_for()
    press(page, "2", "1")
    page.locator("#s-inputs .text", has_text=skipped).wait_for()
    press(page, "s")
    page.locator("#said", has_text="the only one left").wait_for()
    press(page, "1")
    saved(page, "3 of 3")
    assert [value for _, _, value, _ in answers(workspace, run)] == [1.0, 0.5, 0.0, 0.0]


def test_the_slider_takes_any_number_by_arrows_field_and_mouse(asking, open_page, workspace):
    """`.` leads to the field; arrows move the slider, Enter saves; Enter without a choice stores nothing."""
    run = asking()
    page = open_page(f"/scoring/{run.id}", role="rater")
    press(page, "Enter")
    page.locator("#said", has_text="Choose a score first").wait_for()
    press(page, ".")
    page.keyboard.type("0.35")
    page.keyboard.press("Enter")
    ready(page)
    page.locator("#s-scale input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#s-scale input[type=range]").get_attribute("aria-valuetext") == "0.51"
    page.keyboard.press("Enter")
    ready(page)
    page.locator("#s-scale button", has_text="7").click()
    saved(page, "3 of 4")
    assert [value for _, _, value, _ in answers(workspace, run)] == [0.35, 0.51, 0.78]


def test_a_radio_group_is_chosen_by_arrows_and_saved_by_enter(asking, open_page, workspace):
    """Arrow keys alone store nothing."""
    run = asking(", scale: stars")
    page = open_page(f"/scoring/{run.id}", role="rater")
    ready(page)
    page.get_by_role("radio", name="2 of 5 stars").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("radio", name="4 of 5 stars").is_checked()
    assert answers(workspace, run) == []
    page.keyboard.press("Enter")
    saved(page, "1 of 4")
    assert [value for _, _, value, _ in answers(workspace, run)] == [0.75]


def test_a_double_click_answers_one_output(asking, open_page, workspace):
    """The second click would fall on the next one's star."""
    run = asking(", scale: stars")
    page = open_page(f"/scoring/{run.id}", role="rater")
    ready(page)
    page.locator(".s-choice").nth(3).dblclick()
    saved(page, "1 of 4")
    ready(page)
    assert len(answers(workspace, run)) == 1


def test_a_reload_goes_on_where_the_rater_was(asking, open_page, workspace):
    """Nothing is asked again or lost, and a comment that was begun is still there."""
    run = asking()
    page = open_page(f"/scoring/{run.id}", role="rater")
    press(page, "9")
    saved(page, "1 of 4")
    press(page, "c")
    page.keyboard.type("half a thought")
    now = email(page)
    page.reload()
    ready(page)
    assert (email(page), page.locator("#s-comment").input_value()) == (now, "half a thought")
    press(page, "0", "0", "0")
    saved(page, "4 of 4")
    assert Counter(value for _, _, value, _ in answers(workspace, run)) == {0.0: 3, 1.0: 1}


def test_two_tabs_of_one_rater_do_not_ask_the_same_again(asking, open_page, workspace):
    """What one has answered leaves the other; together they answer each output once."""
    run = asking(cases=6)
    page = open_page(f"/scoring/{run.id}", role="rater")
    ready(page)
    other = page.context.new_page()
    other.goto(page.url)
    ready(other)
    assert email(other) == email(page)
    before = email(other)
    press(page, "9")
    saved(page, "1 of 6")
    other.wait_for_function("(before) => document.querySelector('#s-inputs .text').textContent !== before", arg=before)
    press(other, "0")
    saved(other, "2 of 6")
    page.locator("#said", has_text="in another tab").wait_for()
    press(page, "9", "9", "9", "9")
    page.locator("#s-done-text", has_text="all 6 outputs").wait_for()
    stored = answers(workspace, run)
    assert len(stored) == len({execution for _, execution, _, _ in stored}) == 6


def test_a_lost_connection_loses_nothing_and_doubles_nothing(asking, open_page, workspace):
    """The rater goes on with what was fetched, is told what is unsaved and warned before leaving; it is sent later."""
    run = asking(cases=20)
    page = open_page(f"/scoring/{run.id}", role="rater")
    press(page, "9")
    saved(page, "1 of 20")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    press(page, "1", "2")
    page.locator("#s-trouble", has_text="2 answers are not saved yet: there is no connection").wait_for()
    assert page.locator("#s-saved").inner_text() == "2 not saved yet"
    page.evaluate("""window.kept = (() => { const event = new Event("beforeunload", {cancelable: true});
        window.dispatchEvent(event); return event.defaultPrevented; })()""")
    assert page.evaluate("window.kept") is True
    assert len(answers(workspace, run)) == 1
    page.context.set_offline(False)
    saved(page, "3 of 20")
    page.locator("#s-trouble").wait_for(state="hidden")
    assert [value for _, _, value, _ in answers(workspace, run)] == [1.0, 0.11, 0.22]


def test_a_lost_reply_does_not_store_an_answer_twice(asking, open_page, workspace):
    """The server stored it and the browser never heard: it is sent again under the same name, also after a reload."""
    run = asking()
    page = open_page(f"/scoring/{run.id}", role="rater")
    ready(page)
    lost: list[str] = []

    def lose(route: Any) -> None:
        route.fetch()
        lost.append(route.request.post_data)
        route.abort()

    page.route("**/scores", lose)
    press(page, "9")
    page.locator("#s-trouble", has_text="1 answer is not saved yet").wait_for()
    assert len(answers(workspace, run)) == 1
    page.unroute("**/scores")
    page.leaves = True
    page.reload()
    saved(page, "1 of 4")
    assert len(lost) >= 1
    assert [value for _, _, value, _ in answers(workspace, run)] == [1.0]


def test_an_answer_that_the_server_refuses_is_told_and_asked_again(asking, open_page, workspace):
    """It is neither repeated for ever nor dropped in silence."""
    run = asking(cases=1)
    page = open_page(f"/scoring/{run.id}", role="rater")
    ready(page)
    refused = "<p class=told>not today</p>"
    page.route("**/scores", lambda route: route.fulfill(status=422, content_type="text/html", body=refused))
    press(page, "9")
    page.locator("#said", has_text="refused and is not stored: not today").wait_for()
    page.unroute("**/scores")
    press(page, "8")
    saved(page, "1 of 1")
    assert [value for _, _, value, _ in answers(workspace, run)] == [0.89]


def test_a_login_that_ended_is_told_and_the_answer_kept(asking, open_page, workspace, live):
    """After the next login in the same tab it is sent."""
    run = asking()
    page = open_page(f"/scoring/{run.id}", role="rater")
    ready(page)
    cookies = page.context.cookies()
    page.context.clear_cookies()
    press(page, "9")
    page.locator("#s-trouble", has_text="your login has ended").wait_for()
    assert answers(workspace, run) == []
    page.context.add_cookies(cookies)
    page.click("#s-retry")
    saved(page, "1 of 4")
    assert len(answers(workspace, run)) == 1


def test_hostile_outputs_inputs_questions_and_names_are_text(asking, open_page, workspace, root, model):
    """Nothing runs, nothing is requested, and it can be read."""
    model.reply = lambda request: HOSTILE
    run = asking(", scale: faces", cases=1, ask="<b onclick=alert(1)>Send {this}?</b>")
    page = open_page(f"/scoring/{run.id}", role="rater", name="<i>ann</i>")
    ready(page)
    assert "<b onclick" in page.locator("#s-question").inner_text()
    assert "<script>document.title='owned'</script>" in page.locator("#s-output").inner_text()
    assert "‹U+202E›" in page.locator("#s-output").inner_text()
    press(page, "e", "p", "3")
    saved(page, "1 of 1")
    assert "owned" not in page.title()
    assert page.complaints == []
    assert answers(workspace, run)[0][0] == "<i>ann</i>"


@pytest.mark.parametrize("scale", ["slider", "faces", "stars"])
@pytest.mark.parametrize(
    "options",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 780}}],
    ids=["light", "dark", "narrow"],
)
def test_every_scale_is_accessible(asking, open_page, accessible, scale, options):
    """By axe, on WCAG 2.2 AA: queue, session, the keys' overview and the end; a phone needs no sideways scrolling."""
    run = asking(f", scale: {scale}", cases=1)
    page = open_page("/scoring", **options)
    accessible(page)
    page.goto(page.url + f"/{run.id}")
    press(page, "e", "p")
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("?")
    page.locator("#s-keys[open]").wait_for()
    accessible(page)
    page.keyboard.press("Escape")
    press(page, "1")
    saved(page, "1 of 1")
    accessible(page)
    assert page.complaints == []
