"""The page of a scenario's cases: a sheet that is pasted into, edited by keyboard, checked, and saved as the file."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"


def sheet(root: Path) -> Path:
    return root / "scenarios" / "support.csv"


def rows(root: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(sheet(root).read_bytes().decode(), newline="")))


def table(client: Any) -> Any:
    """The table that the page carries."""
    text = client.get("/scenarios/support/cases").text
    return json.loads(text.split('id="table">')[1].split("</script>")[0])


def send(client: Any, path: str = "", **change: Any) -> Any:
    return client.change(f"/scenarios/support/cases{path}", change=json.dumps(change), seen=table(client)["seen"])


def paste(page: Any, text: str) -> None:
    """Give the focused cell what a spreadsheet puts on the clipboard, by the event that Ctrl+V makes."""
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const options = {clipboardData: data, bubbles: true, cancelable: true};
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", options));
        }""",
        text,
    )


def cell(page: Any, row: int, column: int) -> Any:
    return page.locator(f'td[data-row="{row}"][data-column="{column}"]')


def saved(page: Any) -> None:
    """Save by keyboard and wait until the server has written."""
    page.keyboard.press("Control+s")
    page.locator("#said p", has_text="Saved").last.wait_for()


def test_twenty_rows_are_pasted_and_saved(open_page, root):
    """Rows from a spreadsheet, one cell with line breaks and quotes: below the cases that are there, byte by byte."""
    before = sheet(root).read_bytes()
    page = open_page("/scenarios/support/cases")
    cell(page, 2, 0).click()
    clipboard = [[f"case-{n}", "new", f"Where is order {n}?", '["order"]'] for n in range(20)]
    clipboard[3][2] = 'Dear team,\n\nthe label says "urgent",\twhy?\n'
    paste(page, "\r\n".join("\t".join(quoted(one) for one in line) for line in clipboard) + "\r\n")
    assert "20 rows pasted" in page.locator("#said").inner_text()
    saved(page)
    assert sheet(root).read_bytes().startswith(before)
    assert rows(root)[3:] == clipboard
    assert "Nothing is wrong with these 22 cases" in page.locator("#problems").inner_text()
    assert page.complaints == []


def quoted(text: str) -> str:
    """A cell as spreadsheets put it on the clipboard."""
    return '"' + text.replace('"', '""') + '"' if re.search(r'[\t\n"]', text) else text


def test_a_pasted_header_finds_its_columns(open_page, root):
    """With a header the columns may stand in another order; ids that are there are changed, new columns are added."""
    page = open_page("/scenarios/support/cases")
    cell(page, 0, 0).click()
    paste(page, 'email\tid\texpected.terms\tcustomer\nAnother text\tlight\t["x"]\tgold\nNew one\tthird\t["y"]\tbasic')
    saved(page)
    assert rows(root)[0] == ["id", "tags", "email", "expected.terms", "customer"]
    assert rows(root)[2:] == [
        ["light", "", "Another text", '["x"]', "gold"],
        ["third", "", "New one", '["y"]', "basic"],
    ]


def test_pasted_csv_is_a_table_and_a_sentence_with_commas_is_not(open_page):
    """Without tabs, lines with the same number of commas are rows; one line stays one cell."""
    page = open_page("/scenarios/support/cases")
    cell(page, 0, 2).click()
    paste(page, "Hello, this, is text")
    assert cell(page, 0, 2).inner_text() == "Hello, this, is text"
    cell(page, 2, 0).click()
    paste(page, 'a,,"one, two",["x"]\nb,t,three,["y"]\n')
    assert cell(page, 2, 2).inner_text() == "one, two"
    assert cell(page, 3, 3).inner_text() == '["y"]'


def test_too_wide_rows_are_not_pasted_in_part(open_page, root):
    """What does not fit is told; nothing is cut off in silence."""
    page = open_page("/scenarios/support/cases")
    cell(page, 0, 3).click()
    paste(page, "a\tb\tc")
    assert "Nothing was pasted" in page.locator("#said").inner_text()
    assert cell(page, 0, 3).inner_text() == '["reset button", "3 seconds"]'


def test_a_table_is_edited_by_keyboard_alone(open_page, root):
    """Arrows move, typing replaces, Enter keeps, Escape does not, Delete empties, Ctrl+Z and Ctrl+Y go to and fro."""
    page = open_page("/scenarios/support/cases")
    cell(page, 0, 0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("First")
    page.keyboard.press("Alt+Enter")
    page.keyboard.type("second")
    page.keyboard.press("Enter")
    assert cell(page, 0, 2).inner_text() == "First\nsecond"
    page.keyboard.press("F2")
    page.keyboard.type("!!")
    page.keyboard.press("Escape")
    assert cell(page, 1, 2).inner_text() == "A red light blinks"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Delete")
    assert cell(page, 0, 1).inner_text() == ""
    page.keyboard.press("Control+z")
    assert cell(page, 0, 1).inner_text() == "demo"
    page.keyboard.press("Control+y")
    assert cell(page, 0, 1).inner_text() == ""
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+End")
    page.keyboard.press("Home")
    page.keyboard.type("third")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("A new email")
    page.keyboard.press("Enter")
    saved(page)
    assert rows(root)[1] == ["moving", "demo", "First\nsecond", '["reset button", "3 seconds"]']
    assert rows(root)[3] == ["third", "", "A new email", ""]
    assert page.complaints == []


def test_cases_are_removed_and_brought_back(open_page, root):
    """The chosen cases go; undo before the save, and the last save taken back after it, bring them again."""
    before = sheet(root).read_bytes()
    page = open_page("/scenarios/support/cases")
    cell(page, 0, 0).click()
    page.keyboard.press("Shift+ArrowDown")
    page.click("#remove")
    assert page.locator("tbody tr").count() == 1
    page.click("#undo")
    assert page.locator("tbody tr").count() == 3
    cell(page, 0, 0).click()
    page.click("#remove")
    saved(page)
    assert [row[0] for row in rows(root)] == ["id", "light"]
    page.click("#take-back")
    page.locator("#said p", has_text="taken back").wait_for()
    assert sheet(root).read_bytes() == before
    assert page.locator("tbody tr").count() == 3


def test_what_is_wrong_is_marked_at_its_case_while_it_is_typed(open_page, root):
    """JSON that cannot be read and an id that stands twice are told with their case; nothing is written."""
    before = sheet(root).read_bytes()
    page = open_page("/scenarios/support/cases")
    cell(page, 1, 0).click()
    page.keyboard.type("moving")
    page.keyboard.press("Tab")
    page.locator("#problems li", has_text="duplicate case id 'moving'").wait_for()
    assert page.locator("tbody th.wrong").all_inner_texts() == ["! 2"]
    page.keyboard.press("Control+z")
    cell(page, 0, 3).click()
    page.keyboard.type("[not json")
    page.keyboard.press("Enter")
    page.locator("#problems li", has_text="the JSON cannot be read").wait_for()
    assert "wrong" in cell(page, 0, 3).get_attribute("class")
    assert sheet(root).read_bytes() == before


def test_needed_cells_and_columns_are_marked(open_page, root):
    """A cell that templates need says so when it is empty, and a needed column that is missing is offered."""
    sheet(root).write_text("id,email\na,\n", "utf-8")
    page = open_page("/scenarios/support/cases")
    assert cell(page, 0, 1).inner_text() == "needed"
    assert "expected.terms" in page.locator("#problems").inner_text()
    page.click("text=Add it")
    assert page.locator("thead th").all_inner_texts()[-1].startswith("expected.terms")
    saved(page)
    assert rows(root) == [["id", "email", "expected.terms"], ["a", "", ""]]


def test_columns_are_added_renamed_and_removed(open_page, root):
    """By their buttons, asked for in a dialog; undo takes each back."""
    page = open_page("/scenarios/support/cases")
    page.click("#add-column")
    page.fill("#ask-name", "expected.answer")
    page.keyboard.press("Enter")
    cell(page, 0, 1).click()
    page.click("#rename-column")
    page.fill("#ask-name", "customer")
    page.click("#ask-yes")
    cell(page, 0, 3).click()
    page.click("#remove-column")
    page.click("#ask-yes")
    assert [one.split("\n")[0] for one in page.locator("thead th").all_inner_texts()] == [
        "Case",
        "id",
        "customer",
        "email",
        "expected.answer",
    ]
    saved(page)
    assert rows(root)[:2] == [
        ["id", "customer", "email", "expected.answer"],
        ["moving", "demo", "I move to a different apartment", ""],
    ]


def test_an_export_is_safe_and_comes_back_as_it_was(open_page, client, root):
    """No cell of the export begins a formula; imported again, nothing changes."""
    texts = ["=1+1", "'=1+1", "-5", "+49 1", "@sum", "it's", "\tx", '{"a": 1}', "'", "''"]
    with sheet(root).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows(
            [["id", "tags", "email", "expected.terms"], *[[f"c{n}", "", text, '["x"]'] for n, text in enumerate(texts)]]
        )
    before = sheet(root).read_bytes()
    exported = client.get("/scenarios/support/cases.csv")
    cells = [row[2] for row in csv.reader(io.StringIO(exported.content.decode("utf-8-sig"), newline=""))][1:]
    assert [one for one in cells if one[:1] in "=+-@\t"] == []
    assert exported.headers["content-disposition"].startswith("attachment")
    page = open_page("/scenarios/support/cases")
    page.set_input_files("#file", files=[{"name": "cases.csv", "mimeType": "text/csv", "buffer": exported.content}])
    page.locator("#said p", has_text="10 cases: 10 changed, whose id was there").wait_for()
    assert page.locator("#save").is_disabled()
    assert sheet(root).read_bytes() == before


def test_a_file_changed_meanwhile_is_shown_and_not_overwritten(open_page, root):
    """Both sides of a cell are told; on demand my changes are put on the file as it is now, and saved."""
    page = open_page("/scenarios/support/cases")
    cell(page, 0, 2).click()
    page.keyboard.type("mine")
    theirs = sheet(root).read_text("utf-8").replace("I move to a different apartment", "theirs") + "third,,x,\n"
    sheet(root).write_text(theirs, "utf-8")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+s")
    page.locator("#conflict table").wait_for()
    assert page.locator("#conflict tr").last.locator("td").all_inner_texts() == ["moving", "email", "theirs", "mine"]
    assert sheet(root).read_text("utf-8") == theirs
    page.click("text=Put my changes on the file")
    saved(page)
    assert [row[2] for row in rows(root)] == ["email", "mine", "A red light blinks", "x"]


def test_two_editors_at_once_do_not_overwrite_each_other(client, root):
    """Of two changes made from the same table one is written, the other is told of it."""
    mark = table(client)["seen"]
    one, other = (json.dumps({"changed": [{"row": 0, "cells": {"2": text}}]}) for text in ("one", "other"))
    assert client.change("/scenarios/support/cases", change=one, seen=mark).status_code == 200
    answer = client.change("/scenarios/support/cases", change=other, seen=mark)
    assert answer.status_code == 409
    assert answer.json()["table"]["rows"][0][2] == "one"
    assert rows(root)[1][2] == "one"


def test_hostile_cells_stay_text(open_page, root):
    """Markup in ids, headers and cells is shown as it is, and nothing of it runs."""
    text = HOSTILE.replace('"', '""')
    sheet(root).write_text(f'id,"{text}",email,expected.terms\n"{text}","</script>{text}","{text}",x\n', "utf-8")
    page = open_page("/scenarios/support/cases")
    assert cell(page, 0, 0).inner_text() == HOSTILE
    assert HOSTILE in page.locator("thead").inner_text()
    assert page.title() == "Cases of support – PEEL"
    assert page.complaints == []


@pytest.mark.parametrize(
    "change",
    [
        {"changed": [{"row": 99, "cells": {"0": "x"}}]},
        {"changed": [{"row": 0, "cells": {"99": "x"}}]},
        {"changed": [{"row": -1, "cells": {}}]},
        {"removed": [7]},
        {"added": [{"after": 9, "cells": ["x"]}]},
        {"added": [{"after": 0, "cells": ["x"] * 99}]},
        {"columns": [{"header": "id", "was": 0}, {"header": "id"}]},
        {"columns": [{"header": "", "was": 0}]},
        {"columns": [{"header": "x", "was": 44}]},
        {"changed": [{"row": 0, "cells": {"0": "a\0b"}}]},
        {"unknown": 1},
    ],
)
def test_a_change_that_does_not_fit_is_refused(client, root, change):
    """Rows, columns and characters that there cannot be: a sentence, and not a byte is written."""
    before = sheet(root).read_bytes()
    answer = send(client, **change)
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["message"]
    assert sheet(root).read_bytes() == before


@pytest.mark.parametrize(
    "written", ["../../outside.csv", "/etc/passwd", "linked.csv", "../.peel/x.csv", "../../../x.jsonl"]
)
def test_cases_outside_the_workspace_are_neither_shown_nor_written(client, root, written, tmp_path):
    """A scenario that names such a file, by `..` or by a link, has no table."""
    (tmp_path / "outside.csv").write_text("id,secret\na,hidden\n", "utf-8")
    (root / "scenarios/linked.csv").symlink_to(tmp_path / "outside.csv")
    scenario = root / "scenarios/support.yaml"
    scenario.write_text(scenario.read_text("utf-8").replace("support.csv", written), "utf-8")
    for path in ("cases", "cases.csv"):
        answer = client.get(f"/scenarios/support/{path}")
        assert answer.status_code == 422
        assert "hidden" not in answer.text
    change = json.dumps({"changed": [{"row": 0, "cells": {"1": "x"}}]})
    assert client.change("/scenarios/support/cases", change=change, seen="x").status_code == 422
    assert (tmp_path / "outside.csv").read_text("utf-8") == "id,secret\na,hidden\n"


def test_viewers_read_and_change_nothing(client_as, root):
    """Below the role editor the table has no tools, and each change is refused."""
    before = sheet(root).read_bytes()
    for role in ("viewer", "rater"):
        client = client_as(role)
        assert 'id="save"' not in client.get("/scenarios/support/cases").text
        assert client.get("/scenarios/support/cases.csv").status_code == 200
        for path in ("", "/attempt", "/undo"):
            assert send(client, path, removed=[0]).status_code == 403
    assert sheet(root).read_bytes() == before


def test_saves_are_in_the_audit_log(client_as, server):
    """Who changed which cases."""
    client = client_as("editor", "Ada")
    assert send(client, removed=[0]).status_code == 200
    first = server.audit.entries(limit=1)[0]
    assert (first.action, first.subject, first.actor) == ("save cases", "support", "Ada")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(open_page, accessible, scheme, root):
    """WCAG 2.2 AA by axe: with a selection, marks, problems, an open cell, and a dialog."""
    page = open_page("/scenarios/support/cases", color_scheme=scheme)
    cell(page, 0, 0).click()
    page.keyboard.press("Shift+ArrowRight")
    accessible(page)
    cell(page, 1, 0).click()
    page.keyboard.type("moving")
    page.keyboard.press("Enter")
    page.locator("#problems li").first.wait_for()
    page.keyboard.type("x")
    accessible(page)
    page.keyboard.press("Escape")
    page.click("#add-column")
    accessible(page)


def test_many_cases_are_shown_in_parts(open_page, root):
    """Twelve hundred cases: five hundred at a time, and the last can be edited and saved."""
    lines = [f"case-{n},,Text {n},x" for n in range(1200)]
    sheet(root).write_text("\n".join(["id,tags,email,expected.terms", *lines, ""]), "utf-8")
    page = open_page("/scenarios/support/cases")
    assert page.locator("tbody tr").count() == 500
    cell(page, 0, 2).click()
    page.keyboard.press("Control+End")
    page.keyboard.press("ArrowUp")
    assert "cases 1001 to 1200 of 1200" in page.locator(".pager").inner_text()
    cell(page, 1199, 2).click()
    page.keyboard.type("changed")
    page.keyboard.press("Enter")
    saved(page)
    assert rows(root)[-1] == ["case-1199", "", "changed", "x"]


def test_the_column_of_drafts_is_edited_and_checked(client: Any, root: Path) -> None:
    """A draft is marked in the sheet by the column `draft`; a word that says neither is told with its row."""
    sheet(root).write_text("id,draft,email,expected.terms\nmoving,,I move,\nlight,,A red light,\n", "utf-8")
    assert table(client)["headers"] == ["id", "draft", "email", "expected.terms"]
    assert send(client, changed=[{"row": 0, "cells": {"1": "true"}}]).status_code == 200
    assert [row[1] for row in rows(root)] == ["draft", "true", ""]
    assert "(1 draft case)" in client.get("/scenarios/support").text
    refused = send(client, "/attempt", changed=[{"row": 1, "cells": {"1": "perhaps"}}])
    assert "a case is a draft (true) or none" in refused.text
