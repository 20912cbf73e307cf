"""Cases edited as tables, in CSV, YAML, JSON Lines and in the scenario: what nobody changed keeps every byte."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peel.editing.case_cells import ColumnChange, NewRow, RowChange, TableChange
from peel.editing.cases import safe
from peel.editing.csv_table import CsvTable
from peel.editing.list_table import JsonLinesTable, YamlTable
from peel.errors import ConflictError, DefinitionError
from peel.scenarios.documents import parse_yaml

JSON_LINES = (
    '{"id": "a", "inputs": {"email": "one", "n": 5}, "expected": {"ok": true}}\n\n{"id":7,"inputs":{"email":"[x"}}\n'
)
YAML = """\
# the cases
- {id: a, tags: [x, y], inputs: {email: one}, expected: {terms: ["p", q]}}   # first
# the second
- id: b
  inputs:
    email: |
      two
      lines
    count: 3
"""

cells = st.text(
    st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12
) | st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", " ", "a,b", 'say "hi"', "=1+1", "é\u2028"])


def use(root: Path, name: str, text: str) -> None:
    """Let the scenario have its cases in another file."""
    (root / "scenarios" / name).write_text(text, "utf-8")
    scenario = root / "scenarios/support.yaml"
    scenario.write_text(scenario.read_text("utf-8").replace("support.csv", name), "utf-8")


def line(row: list[str], quotes: int) -> str:
    """A row as CSV, without its line end."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quotes, lineterminator="\r\n").writerow(row)
    return out.getvalue().removesuffix("\r\n")


def one(row: int, column: int, text: str) -> TableChange:
    return TableChange(changed=(RowChange(row=row, cells={column: text}),))


def test_a_csv_is_shown_with_what_templates_need(workspace):
    """Columns as the file has them; what steps and evaluators name is needed, shared inputs are not."""
    view = workspace.case_files.view("support")
    assert view.headers == ("id", "tags", "email", "expected.terms", "expected.answer")
    assert view.required == ("email", "expected.terms")
    assert [row.line for row in view.rows] == [2, 3]
    assert view.rows[1].cells == ("light", "", "A red light\nblinks", '["reset"]', "Look")
    assert view.problems == ()


def test_a_changed_cell_changes_its_row_alone(workspace, root):
    """The other rows keep their quotes, their line ends, and blank lines between them."""
    path = root / "scenarios/support.csv"
    path.write_bytes(b'id,email\r\n"a","one"\r\n\r\nb,two\r\n"c",three')
    view = workspace.case_files.save("support", one(1, 1, "2"), seen=workspace.case_files.view("support").seen)
    assert path.read_bytes() == b'id,email\r\n"a","one"\r\n\r\nb,2\r\n"c",three\r\n'
    workspace.case_files.save("support", one(0, 1, "1"), seen=view.seen)
    assert path.read_bytes().startswith(b'id,email\r\n"a","1"\r\nb,2\r\n')


def test_problems_of_an_attempt_stand_at_their_row(workspace, root):
    """What `peel check` would say of the file after the change, with its line; nothing is written."""
    before = (root / "scenarios/support.csv").read_bytes()
    view = workspace.case_files.attempt("support", one(1, 0, "moving"), seen=workspace.case_files.view("support").seen)
    assert [(problem.file, problem.line) for problem in view.problems] == [("scenarios/support.csv", 3)]
    assert view.changed
    assert (root / "scenarios/support.csv").read_bytes() == before


def test_a_file_changed_meanwhile_is_not_overwritten(workspace, root):
    """A change knows which table it was made from."""
    seen = workspace.case_files.view("support").seen
    (root / "scenarios/support.csv").write_text("id,email\nx,y\n", "utf-8")
    for act in (workspace.case_files.attempt, workspace.case_files.save):
        with pytest.raises(ConflictError):
            act("support", one(0, 0, "z"), seen=seen)
    assert (root / "scenarios/support.csv").read_text("utf-8") == "id,email\nx,y\n"


def test_a_save_is_taken_back(workspace, root):
    """Byte by byte."""
    before = (root / "scenarios/support.csv").read_bytes()
    view = workspace.case_files.save(
        "support", TableChange(removed=(0, 1)), seen=workspace.case_files.view("support").seen
    )
    assert view.undo == 1
    workspace.case_files.undo("support", seen=view.seen)
    assert (root / "scenarios/support.csv").read_bytes() == before


def test_json_lines_keep_types_and_untouched_lines(workspace, root):
    """A number stays a number where one is typed; other lines are as they were; nothing is added to a case."""
    use(root, "support.jsonl", JSON_LINES)
    files = workspace.case_files
    view = files.view("support")
    assert view.headers == ("id", "email", "n", "expected.ok")
    assert view.rows[1].cells == ("7", "[x", None, None)
    files.save(
        "support",
        TableChange(
            changed=(RowChange(row=0, cells={2: "6"}),), added=(NewRow(after=1, cells=("c", "three", "", "")),)
        ),
        seen=view.seen,
    )
    lines = (root / "scenarios/support.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0]) == {"id": "a", "inputs": {"email": "one", "n": 6}, "expected": {"ok": True}}
    assert lines[1] == '{"id":7,"inputs":{"email":"[x"}}'
    assert json.loads(lines[2]) == {"id": "c", "inputs": {"email": "three"}}


@pytest.mark.parametrize("inline", [False, True])
def test_yaml_cases_keep_comments_and_order(workspace, root, inline):
    """In a file of their own or in the scenario itself, a changed cell changes its line."""
    if inline:
        indented = "".join(f"  {line}\n" for line in YAML.splitlines())
        scenario = root / "scenarios/support.yaml"
        scenario.write_text(scenario.read_text("utf-8").replace("cases: support.csv\n", f"cases:\n{indented}"), "utf-8")
    else:
        use(root, "cases.yaml", YAML)
    files = workspace.case_files
    view = files.view("support")
    assert view.format == ("inline" if inline else "yaml")
    assert view.headers == ("id", "tags", "email", "count", "expected.terms")
    path = root / view.path
    before = path.read_text("utf-8")
    files.save("support", one(1, 3, "4"), seen=view.seen)
    assert path.read_text("utf-8") == before.replace("count: 3", "count: 4")
    view = files.view("support")
    files.save(
        "support",
        TableChange(removed=(0,), added=(NewRow(after=0, cells=("c", "z", "three", "", "")),)),
        seen=view.seen,
    )
    after = path.read_text("utf-8")
    assert "# the second" in after
    assert [row.cells[0] for row in files.view("support").rows] == ["c", "b"]


def test_columns_are_renamed_added_and_removed_in_every_format():
    """The values move with their names; what has no column stays."""
    change = TableChange(
        columns=(
            ColumnChange(header="id", was=0),
            ColumnChange(header="letter", was=1),
            ColumnChange(header="expected.new"),
        )
    )
    change = change.model_copy(update={"changed": (RowChange(row=0, cells={2: "x"}),)})
    assert CsvTable("id,email\na,one\n", "f").changed(change) == "id,letter,expected.new\na,one,x\n"
    lines = JsonLinesTable('{"id": "a", "inputs": {"email": 5}}\n', "f").changed(change)
    assert json.loads(lines) == {"id": "a", "inputs": {"letter": 5}, "expected": {"new": "x"}}
    text = YamlTable("- id: a\n  inputs:\n    email: one\n", "f").changed(change)
    assert parse_yaml(text).value == [{"id": "a", "inputs": {"letter": "one"}, "expected": {"new": "x"}}]


@pytest.mark.parametrize("text", ["not json\n", '["a list"]\n', '{"inputs": [1]}\n'])
def test_what_is_no_table_is_told_with_its_line(workspace, root, text):
    """Such a file is mended as text; nothing of it is guessed."""
    use(root, "support.jsonl", '{"id": "a"}\n' + text)
    with pytest.raises(DefinitionError, match=r"scenarios/support\.jsonl:2: "):
        workspace.case_files.view("support")


def test_an_export_holds_no_formula(workspace, root):
    """Cells that a spreadsheet would compute begin with an apostrophe."""
    (root / "scenarios/support.csv").write_text('id,email\na,=HYPERLINK(1)\nb,"+1\n2"\n', "utf-8")
    rows = list(csv.reader(io.StringIO(workspace.case_files.export("support"), newline="")))
    assert rows == [["id", "email"], ["a", "'=HYPERLINK(1)"], ["b", "'+1\n2"]]


@given(cells)
def test_a_safe_cell_can_be_told_from_any_other(text):
    """No two cells are exported alike, so an import can give each back."""
    made = safe(text)
    assert made in (text, f"'{text}")
    assert made[:1] not in ("=", "+", "-", "@", "\t")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_change_of_a_csv_reads_back_as_it_was_meant(data):
    """Cells with quotes, commas and line breaks of all kinds; rows changed, removed and added anywhere."""
    width = data.draw(st.integers(2, 4))
    row = st.lists(cells, min_size=width, max_size=width).filter(any)
    rows = data.draw(st.lists(row, max_size=5))
    ending = data.draw(st.sampled_from(["\n", "\r\n"]))
    header = [f"h{n}" for n in range(width)]
    quotes = data.draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    text = "".join(line(cells_, quotes) + ending for cells_ in [header, *rows])
    places = st.integers(0, max(len(rows) - 1, 0))
    removed = data.draw(st.sets(places)) if rows else set()
    changed = data.draw(st.dictionaries(places, st.dictionaries(st.integers(0, width - 1), cells))) if rows else {}
    added = data.draw(st.lists(st.tuples(st.integers(-1, len(rows) - 1), row), max_size=3))
    wanted = [list(new) for after, new in added if after == -1]
    for number, before in enumerate(rows):
        now = [changed.get(number, {}).get(column, cell) for column, cell in enumerate(before)]
        wanted += [now] if number not in removed and any(now) else []
        wanted += [list(new) for after, new in added if after == number]
    change = TableChange(
        changed=tuple(RowChange(row=number, cells=given_) for number, given_ in changed.items()),
        removed=tuple(removed),
        added=tuple(NewRow(after=after, cells=tuple(new)) for after, new in added),
    )
    after_text = CsvTable(text, "f").changed(change)
    read = [list(one_row.cells) for one_row in CsvTable(after_text, "f").rows]
    assert read == wanted
    if not changed and not removed and not added:
        assert after_text == text


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"id": st.uuids().map(str), "inputs": st.dictionaries(st.sampled_from("abc"), cells)}),
        max_size=4,
    ),
    cells,
)
def test_any_change_of_yaml_and_json_lines_reads_back_as_it_was_meant(cases, text):
    """A column added and filled in every case: each case has its old inputs and the new one."""
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    yaml = json.dumps(cases)
    if text[:1] in ("[", "{") or not text:
        return
    for table, read in (
        (JsonLinesTable(lines, "f"), lambda made: [json.loads(line) for line in made.split("\n") if line.strip()]),
        (YamlTable(yaml, "f"), lambda made: parse_yaml(made).value),
    ):
        columns = tuple(ColumnChange(header=header, was=place) for place, header in enumerate(table.headers))
        change = TableChange(
            columns=(*columns, ColumnChange(header="new")),
            changed=tuple(RowChange(row=row, cells={len(columns): text}) for row in range(len(cases))),
        )
        assert read(table.changed(change)) == [{**case, "inputs": {**case["inputs"], "new": text}} for case in cases]
