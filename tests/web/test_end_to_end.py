"""The whole job of a domain expert, from a new scenario to two runs compared, in one real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

PASSWORD = "nobody guesses this"

ORCHESTRATION = """orchestration: polite
description: Answers an email.
steps:
  - id: answer
    use: llm
    prompt: [{user: "Answer in {{ tone }} words: {{ email }}"}]
"""

EMAILS = "\r\n".join(
    ["id\temail\texpected.terms", *(f'email-{at:02}\tMy router blinks, number {at}.\t["button"]' for at in range(20))]
)


def reply(request: dict[str, Any]) -> str:
    """Every fourth email is not understood; the tone decides how long to press."""
    asked = json.dumps(request["messages"])
    number = int(re.findall(r"number (\d+)", asked)[-1])
    seconds = 5 if "friendly" in asked else 3
    return "I do not know." if number % 4 == 0 else f"Email {number}: press the button for {seconds} seconds."


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def add(page: Any, word: str, *, at: int) -> Any:
    """A new row of a list of the form, by its button."""
    page.get_by_role("button", name=f"Add {word}", exact=True).click()
    return page.locator(".rows li").filter(has=page.get_by_role("button", name=f"Remove {word} {at}", exact=True))


def save(page: Any) -> None:
    """By keyboard; the server has written the file and checked it when this is done."""
    press(page, "Control+s")
    page.get_by_text(re.compile("^Saved")).first.wait_for()


def define(page: Any) -> None:
    """A new scenario with a shared input, a pattern and a question that two people are asked, and a gate."""
    page.get_by_role("link", name="New scenario").click()
    page.get_by_label("Name").fill("blinking")
    page.get_by_label("Description").fill("A customer's router blinks.")
    page.get_by_label("Orchestration").select_option("polite")
    page.get_by_role("button", name="Create").click()
    shared = add(page, "shared input", at=1)
    shared.get_by_label("name").fill("tone")
    shared.get_by_label(re.compile("^value")).fill("short")
    pattern = add(page, "evaluator", at=1)
    pattern.get_by_label("use", exact=False).first.select_option("regex")
    pattern.get_by_label("id").first.fill("core-terms")
    pattern.get_by_label(re.compile("^all")).fill("{{ expected.terms }}")
    question = add(page, "evaluator", at=2)
    question.get_by_label("use", exact=False).first.select_option("manual")
    question.get_by_label("id").first.fill("would-send")
    question.get_by_label(re.compile("^ask")).fill("Would you send this email as it is?")
    question.get_by_text("Further settings").click()
    question.get_by_label(re.compile("^raters")).fill("2")
    gate = add(page, "gate", at=1)
    gate.get_by_label("value").fill("0.3")
    save(page)


def paste_cases(page: Any) -> None:
    """Twenty rows of a spreadsheet, with their header, through the clipboard."""
    page.get_by_role("link", name="Cases", exact=True).click()
    page.evaluate("text => navigator.clipboard.writeText(text)", EMAILS)
    page.locator("#sheet td").first.focus()
    press(page, "Control+v")
    page.locator("#said", has_text="20 cases: 20 added").wait_for()
    page.locator("td[data-row='0'][data-column='2']").focus()
    page.get_by_role("button", name="Remove column").click()
    page.get_by_role("dialog").locator("#ask-yes").click()
    save(page)
    assert "Nothing is wrong with these 20 cases" in page.locator("#problems").inner_text()


def run(page: Any, model: Any) -> str:
    """Start a run of the scenario after its estimate, watch it live, wait for its report; its id."""
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Run blinking").click()
    page.locator("#sum", has_text="20 executions: blinking 20 × 1 × 1").wait_for()
    page.locator("#sum", has_text="About 20 calls of models").wait_for()
    model.gate.clear()
    page.get_by_role("button", name="Start the run").click()
    page.get_by_text("Running since").wait_for()
    assert page.locator("#progress progress").get_attribute("value") == "0"
    model.gate.set()
    page.get_by_role("heading", name="Where to work first").wait_for()
    assert "20 of 20" in page.locator(".run-facts").inner_text()
    return str(page.url.rsplit("/", 1)[-1])


def log_in(page: Any, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Enter")


def add_user(page: Any, name: str, role: str) -> None:
    """By the admin's page."""
    row = page.locator("#users form").filter(has=page.get_by_role("button", name="Add user"))
    row.get_by_label("Name").fill(name)
    row.get_by_label("Role").select_option(role)
    row.get_by_label("Password").fill(PASSWORD)
    row.get_by_role("button", name="Add user").click()


def score(page: Any, key: Callable[[str], str]) -> None:
    """From the queue to its end by keys alone, as the output in view deserves."""
    page.get_by_role("link", name=re.compile("^Score: blinking")).focus()
    press(page, "Enter")
    for _ in range(20):
        page.wait_for_selector("#scoring[data-ready] #s-item:not([hidden])")
        press(page, key(page.locator("#s-output").inner_text()))
    page.locator("#s-done-text", has_text="You have answered all 20 outputs").wait_for()
    page.locator("#s-saved", has_text="all saved").wait_for()


def test_a_domain_expert_does_the_whole_job(
    open_page: Callable[..., Any], model: Any, root: Path, workspace: Any
) -> None:
    """New scenario, 20 pasted cases, run, users, two raters, agreement, a change, a second run, the two compared."""
    model.reply = reply
    (root / "orchestrations/polite.yaml").write_text(ORCHESTRATION, encoding="utf-8")
    page = open_page("/scenarios", permissions=["clipboard-read", "clipboard-write"])
    define(page)
    paste_cases(page)
    first = run(page, model)
    written = (root / "scenarios/blinking.yaml").read_text("utf-8")
    assert "inputs:\n  tone: short\n" in written
    assert '{id: core-terms, use: regex, all: "{{ expected.terms }}"}' in written
    assert "{id: would-send, use: manual, ask: Would you send this email as it is?, raters: 2}" in written
    assert "{evaluator: core-terms, at_least: 0.3}" in written
    assert "core-terms: passes: 0.75" in page.locator("main").inner_text()

    page.goto(page.url.split("/runs")[0] + "/admin")
    add_user(page, "ada", "admin")
    log_in(page, "ada")
    for rater in ("ann", "bob"):
        page.get_by_role("link", name="Admin").click()
        add_user(page, rater, "rater")
    page.get_by_role("row", name=re.compile("^bob rater")).wait_for()

    ann, bob = (open_page("/scoring", role="rater", name=name) for name in ("ann", "bob"))
    assert ann.get_by_role("link", name="Admin").count() == 0
    score(ann, lambda output: "0" if "do not know" in output else "9")
    score(bob, lambda output: "1" if "do not know" in output else "7")
    assert len({row.rater for row in workspace.store.people(first).rows("would-send") if row.rater}) == 2

    page.get_by_role("link", name="Agreement").click()
    page.get_by_role("row", name=re.compile(f"^{first}.*20 of 20")).get_by_role("link").click()
    page.get_by_text("ann").first.wait_for()
    assert "bob" in page.locator("main").inner_text()
    assert "alpha" in page.locator("main").inner_text()

    page.get_by_role("link", name="Scenarios").click()
    page.get_by_role("link", name="Edit blinking").click()
    page.get_by_label(re.compile("^value")).first.fill("friendly")
    save(page)
    second = run(page, model)
    assert second != first

    page.get_by_role("link", name="Compare", exact=True).first.click()
    assert page.get_by_label("Base").input_value() == first
    assert page.get_by_label("Candidate").input_value() == second
    page.locator("main").get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="Verdict").wait_for()
    page.get_by_role("link", name="All cases of blinking").click()
    page.wait_for_url("**/compare/outputs?**")
    press(page, "ArrowRight")
    page.locator("h1", has_text="email-01").wait_for()
    assert page.locator(".sides del").all_inner_texts() == ["3"]
    assert page.locator(".sides ins").all_inner_texts() == ["5"]
    assert page.complaints == ann.complaints == bob.complaints == []
