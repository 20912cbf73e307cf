"""The pages of a scenario: form and YAML are two views of one file, and nothing but what may be edited is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"


def seen(client: Any, path: str = "/scenarios/support/edit") -> str:
    """The hash that the page carries."""
    text = client.get(path).text
    return str(text.split('name="seen" value="')[1].split('"')[0])


def support(root: Path) -> Path:
    return root / "scenarios" / "support.yaml"


def holds(page: Any, text: str) -> None:
    """Wait until the text of the file, as the page has it, holds this."""
    from playwright.sync_api import expect

    expect(page.locator("#text")).to_have_value(re.compile(re.escape(text)))


def test_the_form_saves_the_file_with_its_comment_and_order(open_page, root):
    """In a real browser: an evaluator is added and a gate changed by the form; the file holds both, and its comment."""
    page = open_page("/scenarios/support/edit")
    page.wait_for_selector("#view-form fieldset")
    page.click("text=Add evaluator")
    row = page.locator("fieldset", has_text="Evaluators").locator("li").last
    row.get_by_label("id", exact=False).first.fill("same")
    row.get_by_label("ignore_case", exact=False).check()
    page.get_by_label("value", exact=True).fill("0.5")
    holds(page, "id: same")
    page.click("#save")
    page.wait_for_url("**/edit?said=saved")
    text = support(root).read_text("utf-8")
    assert text.startswith("# What the support team answers.\nscenario: support\n")
    assert "  - {id: same, use: exact, ignore_case: true}\n" in text
    assert "  - {evaluator: core-terms, at_least: 0.5}\n" in text
    assert page.locator(".told.good", has_text="Saved").is_visible()
    assert page.complaints == []


def test_a_save_right_after_typing_loses_nothing(open_page, root):
    """Ctrl+S pressed while the last key is still on its way to the server saves what was typed."""
    page = open_page("/scenarios/support/edit")
    page.get_by_label("description").fill("Right at once")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/edit?said=saved")
    assert "description: Right at once\n" in support(root).read_text("utf-8")
    assert page.complaints == []


def test_yaml_is_checked_while_it_is_typed_and_marked_at_its_line(open_page, root):
    """A misspelt kind is told with its line, nothing is written; the button leads to the line."""
    before = support(root).read_text("utf-8")
    page = open_page("/scenarios/support/edit")
    page.click("#tab-yaml")
    page.fill("#text", before.replace("regex", "regx"))
    page.wait_for_selector("#problems li")
    assert "unknown evaluator 'regx'" in page.locator("#problems").inner_text()
    assert page.locator("#numbers .wrong").inner_text().strip().endswith("8")
    page.click("#problems .go")
    assert "regx" in page.locator("#text").evaluate("text => text.value.slice(text.selectionStart, text.selectionEnd)")
    assert support(root).read_text("utf-8") == before


def test_tab_indents_and_escape_leaves_the_text(open_page):
    """Tab writes two spaces; after Escape it moves on, so that the keyboard is not trapped."""
    page = open_page("/scenarios/support/edit")
    page.click("#tab-yaml")
    page.focus("#text")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Tab")
    assert page.input_value("#text").startswith("  # What")
    page.keyboard.press("Shift+Tab")
    assert page.input_value("#text").startswith("# What")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "save"


def test_what_is_typed_as_yaml_is_in_the_form(open_page):
    """The two views follow each other, without a save."""
    page = open_page("/scenarios/support/edit")
    page.click("#tab-yaml")
    page.fill("#text", page.input_value("#text").replace("repetitions: 2", "repetitions: 7"))
    page.click("#tab-form")
    page.wait_for_selector("#view-form fieldset")
    assert page.get_by_label("repetitions").input_value() == "7"
    page.get_by_label("repetitions").fill("9")
    page.click("#tab-yaml")
    holds(page, "repetitions: 9")


def test_a_form_that_is_only_looked_at_changes_nothing(open_page, root):
    """Opening both views and saving writes the same bytes."""
    before = support(root).read_bytes()
    page = open_page("/scenarios/support/edit")
    page.click("#tab-yaml")
    page.click("#tab-form")
    page.click("#save")
    page.wait_for_url("**/edit?said=saved")
    assert support(root).read_bytes() == before


def test_a_new_scenario_has_a_file_and_a_sheet_with_the_inputs_it_needs(open_page, root):
    """The name, the orchestration, Create: both files are there and the page says what to do next."""
    page = open_page("/scenarios/new")
    page.fill("input[name=name]", "returns")
    page.fill("input[name=description]", "A customer sends something back.")
    page.click("text=Create")
    page.wait_for_url("**/scenarios/returns/edit?said=new")
    assert (root / "scenarios/returns.yaml").read_text("utf-8") == (
        "scenario: returns\ndescription: A customer sends something back.\norchestration: reply\ncases: returns.csv\n"
    )
    assert (root / "scenarios/returns.csv").read_bytes() == b"id,email,expected.answer\r\n"
    assert "there are no cases" in page.locator("#problems").inner_text()
    assert page.complaints == []


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden", "support", "x" * 101, "CON", "a\nb", "Support"])
def test_a_name_that_no_new_scenario_can_have_is_refused(client, root, name):
    """Nothing is written, the sentence says why, and what was typed stands in the form."""
    files = sorted(path.name for path in root.rglob("*") if ".peel" not in path.parts)
    answer = client.change("/scenarios/new", name=name, orchestration="reply")
    assert answer.status_code == 422
    assert "Nothing was made yet" in answer.text
    assert sorted(path.name for path in root.rglob("*") if ".peel" not in path.parts) == files


def test_a_file_changed_meanwhile_is_not_overwritten(client, root):
    """The conflict shows both texts and what differs; a second save, knowing that, goes through."""
    mark = seen(client)
    ours = support(root).read_text("utf-8").replace("repetitions: 2", "repetitions: 3")
    theirs = support(root).read_text("utf-8").replace("A customer asks", "Somebody asks")
    support(root).write_text(theirs, encoding="utf-8")
    answer = client.change("/scenarios/support/edit", text=ours, seen=mark)
    assert answer.status_code == 409
    assert support(root).read_text("utf-8") == theirs
    assert '<span class="removed">-description: Somebody asks by email.' in answer.text
    assert '<span class="added">+repetitions: 3' in answer.text
    again = answer.text.split('name="seen" value="')[1].split('"')[0]
    assert client.change("/scenarios/support/edit", text=ours, seen=again).status_code == 303
    assert support(root).read_text("utf-8") == ours


def test_browsers_line_ends_are_not_written(client, root):
    """A form without JavaScript sends CRLF; the file keeps its own."""
    text = support(root).read_text("utf-8").replace("repetitions: 2", "repetitions: 4")
    answer = client.change("/scenarios/support/edit", text=text.replace("\n", "\r\n"), seen=seen(client))
    assert answer.status_code == 303
    assert support(root).read_bytes() == text.encode()


def test_the_last_save_can_be_taken_back(client, root):
    """Undo gives the file the bytes that it had."""
    before = support(root).read_bytes()
    client.change(
        "/scenarios/support/edit",
        text="scenario: support\norchestration: reply\ncases: support.csv\n",
        seen=seen(client),
    )
    assert support(root).read_bytes() != before
    assert client.change("/scenarios/support/undo", seen=seen(client)).status_code == 303
    assert support(root).read_bytes() == before


@pytest.mark.parametrize(
    "line",
    [
        "inputs: {x: {knowledge: /etc/*.conf}}",
        "inputs: {x: {knowledge: ../../*.pdf}}",
        "inputs: {x: {knowledge: ../knowledge/../../x.pdf}}",
        "evaluators: [{id: x, use: '../../evil.py:run'}]",
        "evaluators: [{id: x, use: '/tmp/evil.py:run'}]",
        "evaluators: [{id: x, use: '../evaluators/own.py:system'}]",
        "evaluators: [{id: x, use: '../evaluators/missing.py:f'}]",
        "evaluators: [{id: x, use: '../linked/evil.py:run'}]",
        "evaluators: [{id: x, use: similarity, embedding: ../../model}]",
        "inputs: {x: {knowledge: '*.md', embedding: ../../model}}",
        "variants: {v: {x.knowledge: /etc/passwd}}",
        "matrix: {x.knowledge: [[/etc/passwd]]}",
    ],
)
def test_nothing_outside_the_workspace_can_be_named(client, root, line, tmp_path):
    """Code, documents and models elsewhere, behind `..`, links or imports, are refused at their line."""
    (root / "evaluators").mkdir()
    (root / "evaluators/own.py").write_text("from os import system\n\n\ndef fine(output):\n    return True\n", "utf-8")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/evil.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w')\ndef run(output): return 1\n", "utf-8"
    )
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    before = support(root).read_bytes()
    text = f"scenario: support\norchestration: reply\ncases: support.csv\n{line}\n"
    tried = client.change("/scenarios/support/attempt", text=text)
    assert "the workspace" in str(tried.json()["problems"]) or "the file itself defines" in str(
        tried.json()["problems"]
    )
    assert tried.json()["problems"][0]["line"] == 4
    assert client.change("/scenarios/support/edit", text=text, seen=seen(client)).status_code == 422
    assert support(root).read_bytes() == before
    assert not (tmp_path / "ran").exists()


def test_a_model_of_anybody_is_fetched_only_where_an_engineer_named_it(client, root):
    """A browser cannot make the server load what a stranger put on a hub; what the file already says stands."""
    line = "evaluators: [{id: near, use: similarity, embedding: stranger/model}]"
    text = f"scenario: support\norchestration: reply\ncases: support.csv\n{line}\n"
    tried = client.change("/scenarios/support/attempt", text=text).json()["problems"]
    assert "stranger/model" in tried[0]["message"] and "would be fetched" in tried[0]["message"]
    assert client.change("/scenarios/support/edit", text=text, seen=seen(client)).status_code == 422
    support(root).write_text(text, encoding="utf-8")
    other = text.replace("id: near", "id: like")
    assert client.change("/scenarios/support/edit", text=other, seen=seen(client)).status_code == 303
    own = text.replace("stranger/model", "sentence-transformers/all-MiniLM-L6-v2")
    assert "would be fetched" not in client.change("/scenarios/support/attempt", text=own).text


def test_a_function_of_the_workspace_can_be_named(client, root):
    """What an engineer put there by hand is usable from the form."""
    (root / "evaluators").mkdir()
    (root / "evaluators/own.py").write_text("def fine(output):\n    return True\n", "utf-8")
    text = support(root).read_text("utf-8") + "\n"
    text = text.replace("evaluators:\n", "evaluators:\n  - {id: own, use: '../evaluators/own.py:fine'}\n")
    assert client.change("/scenarios/support/attempt", text=text).json()["problems"] == []
    assert client.change("/scenarios/support/edit", text=text, seen=seen(client)).status_code == 303


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "%2e%2e%2fpeel", "peel.yaml", "nobody", "support%00"])
def test_no_other_file_is_reached_by_a_name(client, name):
    """A name that no scenario has is not found, whatever it looks like."""
    for path in ("edit", "cases", "cases.csv"):
        assert client.get(f"/scenarios/{name}/{path}").status_code == 404


def test_broken_yaml_is_refused_and_what_was_typed_stays(client, root):
    """A text that is no scenario is not saved; the page has it still, with the line."""
    before = support(root).read_bytes()
    answer = client.change("/scenarios/support/edit", text="scenario: support\n  broken: [\n", seen=seen(client))
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    assert "broken: [" in answer.text
    assert support(root).read_bytes() == before


def test_a_name_of_another_scenario_cannot_be_taken(client, root):
    """Two files with one name would hide each other."""
    client.change("/scenarios/new", name="returns", orchestration="reply")
    text = support(root).read_text("utf-8").replace("scenario: support", "scenario: returns")
    answer = client.change("/scenarios/support/edit", text=text, seen=seen(client))
    assert answer.status_code == 422
    assert "choose another name" in answer.text


def test_viewers_and_raters_read_and_change_nothing(client_as, root):
    """Below the role editor the page is read-only, and each change is refused."""
    before = support(root).read_bytes()
    for role in ("viewer", "rater"):
        client = client_as(role)
        text = client.get("/scenarios/support/edit").text
        assert "readonly" in text
        assert 'id="save"' not in text
        assert client.get("/scenarios/new").status_code == 403
        for path in ("support/edit", "support/attempt", "support/undo", "new"):
            assert client.change(f"/scenarios/{path}", text="x", seen="x", name="x").status_code == 403
    assert support(root).read_bytes() == before


def test_changes_are_in_the_audit_log(client_as, server, root):
    """Who did what to which file."""
    client = client_as("editor", "Ada")
    client.change("/scenarios/support/edit", text=support(root).read_text("utf-8") + "below: 0.4\n", seen=seen(client))
    client.change("/scenarios/new", name="returns", orchestration="reply")
    found = [(one.action, one.subject, one.actor) for one in server.audit.entries(limit=10)]
    assert ("save scenario", "scenarios/support.yaml", "Ada") in found
    assert ("create scenario", "scenarios/returns.yaml", "Ada") in found


def test_hostile_names_and_texts_stay_text(open_page, root):
    """Markup in every field of a file that somebody wrote by hand is shown, and nothing of it runs."""
    text = support(root).read_text("utf-8").replace("A customer asks by email.", f'"{HOSTILE}"')
    text = text.replace("id: would-send", f'id: "{HOSTILE}"').replace("Would you", f"Would {HOSTILE} you")
    support(root).write_text(text + f'"{HOSTILE}": 1\ninputs: {{"{HOSTILE}": "</script>{HOSTILE}"}}\n', "utf-8")
    page = open_page("/scenarios/support/edit")
    page.wait_for_selector("#problems li")
    page.click("#tab-form")
    page.wait_for_selector("#view-form fieldset")
    assert HOSTILE in page.locator("#view-form li strong").all_inner_texts()
    assert page.title() == "support – PEEL"
    assert page.complaints == []


def test_unsaved_changes_are_warned_about(open_page):
    """Leaving the page asks first."""
    page = open_page("/scenarios/support/edit")
    page.get_by_label("description").fill("not saved")
    with pytest.raises(Exception, match="ERR_ABORTED"):
        page.goto("about:blank")
    assert "dialog" in page.complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible(open_page, accessible, scheme, root):
    """WCAG 2.2 AA by axe: form, YAML with problems, new scenario, and the conflict."""
    page = open_page("/scenarios/support/edit", color_scheme=scheme)
    page.wait_for_selector("#view-form fieldset")
    accessible(page)
    page.click("#tab-yaml")
    page.fill("#text", "scenario: support\nwrong: 1\n")
    page.wait_for_selector("#problems li")
    accessible(page)
    support(root).write_text(support(root).read_text("utf-8") + "below: 0.2\n", "utf-8")
    page.click("#save")
    page.wait_for_selector(".conflict")
    accessible(page)
    page.evaluate("window.onbeforeunload = null")
    other = open_page("/scenarios/new", color_scheme=scheme)
    accessible(other)
