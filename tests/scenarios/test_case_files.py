"""Case files of every kind become cases; each wrong row, line or entry is named and left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from peel.records import Case
from peel.scenarios.cases import LoadedCases, load_cases


def load(name: str, data: bytes | str) -> LoadedCases:
    path = Path(name)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return load_cases(path)


def told(loaded: LoadedCases) -> list[str]:
    return [str(problem) for problem in loaded.problems]


def test_a_sheet_has_its_own_columns_and_the_rest_are_inputs(workspace: Path) -> None:
    """`id` and `tags` are the case's own, `expected.` begins the expected output, all else is what the case gives."""
    loaded = load("c.csv", 'email,id,expected.terms,tags,expected.answer\nHi,a,"[""x"", 1]","demo, new,demo",yes\n')
    assert loaded.problems == ()
    assert loaded.cases == (
        Case(id="a", tags=("demo", "new"), inputs={"email": "Hi"}, expected={"terms": ["x", 1], "answer": "yes"}),
    )


def test_cells_are_text_unless_they_begin_as_json(workspace: Path) -> None:
    """Numbers, spaces, formulas and empty cells stay what they are; a space keeps a bracket from being JSON."""
    loaded = load("c.csv", 'id,a,b,c,d,e\n1,007,,  x ," [External] mail",=1+1\n')
    assert loaded.cases[0].inputs == {"a": "007", "b": "", "c": "  x ", "d": " [External] mail", "e": "=1+1"}
    assert loaded.cases[0].id == "1"


@pytest.mark.parametrize("tags", ['"[""a"", ""b c""]"', "a b", '"a,b"', '" a ,  b "'])
def test_tags_are_a_list_or_separated_text(workspace: Path, tags: str) -> None:
    """A JSON list, commas and spaces all give the tags in their order."""
    (case,) = load("c.csv", f"id,tags\n1,{tags}\n").cases
    assert case.tags[0] == "a"
    assert len(case.tags) == 2


def test_cases_without_ids_are_numbered(workspace: Path) -> None:
    """By their position, in every kind of file."""
    assert [case.id for case in load("c.csv", "email\nhi\n\nho\n").cases] == ["case-1", "case-2"]
    assert [case.id for case in load("c.yaml", "- inputs: {a: 1}\n- {id: x}\n- {}\n").cases] == [
        "case-1",
        "x",
        "case-3",
    ]
    assert [case.id for case in load("c.jsonl", '{"inputs": {}}\n').cases] == ["case-1"]


def test_a_byte_order_mark_blank_rows_and_other_line_ends_do_no_harm(workspace: Path) -> None:
    """As spreadsheets write them."""
    loaded = load("c.csv", b"\xef\xbb\xbfid,email\r\n\r\na,hi\r\n,\r\nb,ho\r\n")
    assert loaded.problems == ()
    assert [(case.id, case.inputs) for case in loaded.cases] == [("a", {"email": "hi"}), ("b", {"email": "ho"})]


def test_yaml_and_json_lines_hold_whole_cases(workspace: Path) -> None:
    """Values keep their types, and lines are those of the file."""
    expected = Case(id="a", tags=("x",), inputs={"n": 1.5, "l": [None, True]}, expected={"answer": "y"})
    from_yaml = load("c.yaml", "- id: a\n  tags: [x]\n  inputs: {n: 1.5, l: [null, true]}\n  expected: {answer: y}\n")
    from_lines = load(
        "c.jsonl", '\n{"id": "a", "tags": "x", "inputs": {"n": 1.5, "l": [null, true]}, "expected": {"answer": "y"}}\n'
    )
    assert from_yaml.cases == from_lines.cases == (expected,)
    assert str(from_yaml.origin.problem("p", (0, "expected"))) == "c.yaml:4: p"
    assert str(from_lines.origin.problem("p", (0, "expected"))) == "c.jsonl:2: p"


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        (b"", ["1: the file is empty; its first row names the columns, such as id,email,expected.answer"]),
        (b"\n\n", ["1: the file is empty; its first row names the columns, such as id,email,expected.answer"]),
        (b"id,email\n", ["1: there are no cases; a scenario needs at least one"]),
        (
            b'id,email\n"a","two\nlines"\nb,c,d\ne\n',
            [
                "4: row 3 has 3 cells, but the header (row 1) has 2",
                "5: row 4 has 1 cell, but the header (row 1) has 2",
            ],
        ),
        (
            b"id,id,,Tags\na,b,c,d\n",
            [
                "1: the column 'id' stands twice, as column 1 and 2; rename one",
                "1: column 3 has no name; name it, or remove the column",
                "1: the column 'Tags' would be a case input; write 'tags' for the cases' own column",
            ],
        ),
        (
            b"id,expectd.terms,inputs.email,output,expected.\n",
            [
                "1: unknown column 'expectd.terms'; did you mean 'expected.terms'?",
                "1: a case input is named without 'inputs.': write 'email' for the column 'inputs.email'",
                "1: a case input cannot be called 'output': templates of evaluators use that for something else; "
                "rename it",
                "1: column 5 has no name after expected.; name it, or remove the column",
            ],
        ),
        (b"id;email\na;b\n", ["1: the header is the one column 'id;email'; columns must be separated by commas"]),
        (b"id\temail\na\tb\n", ["1: the header is the one column 'id\\temail'; columns must be separated by commas"]),
        (b"id,email\na,b\nc,caf\xe9\n", ["3: the file is not UTF-8 (byte 18 is 0xE9); save it as UTF-8"]),
        ("id,email\na,b\n".encode("utf-16"), ["1: the file is UTF-16; save it as UTF-8"]),
        (b"id,email\na,b\x00\n", ["2: the file holds a NUL byte; save it as CSV in UTF-8"]),
        (
            b'id,email\na,b\nc,"open\nd,e\n',
            ["3: row 3 cannot be read as CSV: a cell is opened with a quote and never closed"],
        ),
        (
            b'id,email\na,"x"y\n',
            [
                "2: row 2 cannot be read as CSV: text follows the quote that closes a cell; "
                "double the quotes inside a cell"
            ],
        ),
        (
            b'id,email\na,[1\nb,"{""x"": NaN}"\n',
            [
                "2: row 2, column 'email': the JSON cannot be read, expecting ',' delimiter at character 3; "
                "a cell that begins with [ is JSON; put a space before it if it is text",
                "3: row 3, column 'email': the JSON cannot be read, NaN is not a number with a value; "
                "a cell that begins with { is JSON; put a space before it if it is text",
            ],
        ),
        (
            b"id,tags\na,[1]\n",
            [
                "2: row 2, column 'tags': tags are a JSON list of texts, or text separated by commas or spaces, "
                "not a list that holds something else"
            ],
        ),
        (
            b"id,email\na,b\n ,c\n",
            ["3: row 3, column 'id': the id is empty; give each case an id, or none of them"],
        ),
        (
            b"id,email\na,b\nc,d\n\na,e\n",
            ["5: duplicate case id 'a': it stands on line 2 already; each case needs its own"],
        ),
    ],
)
def test_what_is_wrong_in_a_sheet_is_said_by_row_and_line(workspace: Path, data: bytes, problems: list[str]) -> None:
    """Rows are counted as a spreadsheet shows them, lines as an editor does."""
    assert told(load("c.csv", data)) == [f"c.csv:{problem}" for problem in problems]


@pytest.mark.parametrize(
    ("name", "text", "problems"),
    [
        (
            "c.yaml",
            "cases: []\n",
            ["1: the file must hold a list of cases such as - {id: moving, inputs: {…}, expected: {…}}, not a mapping"],
        ),
        (
            "c.yaml",
            "",
            [
                "1: the file must hold a list of cases such as - {id: moving, inputs: {…}, expected: {…}}, "
                "not an empty value"
            ],
        ),
        ("c.yaml", "[]\n", ["1: there are no cases; a scenario needs at least one"]),
        (
            "c.yaml",
            "- {id: a}\n- [\n",
            ["2: the YAML cannot be read: an item is missing after ',' or a bracket, or a bracket is never closed"],
        ),
        (
            "c.yaml",
            "- {id: a}\n- inputs: {}\n  id: a\n",
            ["3: duplicate case id 'a': it stands on line 1 already; each case needs its own"],
        ),
        ("c.jsonl", "", ["1: there are no cases; a scenario needs at least one"]),
        (
            "c.jsonl",
            '{"id": "a"}\n{"id":\n{"id": "b", "input": {}}\n{"id": 1e999}\n{"inputs": {"a": 1, "a": 2}}\n[1]\n',
            [
                "2: the line is not JSON: expecting value at character 7; each line is one case",
                "4: the line is not JSON: the number 1e999 is too large; each line is one case",
                "5: the line is not JSON: the key 'a' stands in it twice; each line is one case",
                "3: unknown key 'input' in the case 'b'; did you mean 'inputs'? "
                "Allowed: draft, expected, id, inputs, tags",
                "6: case 3 must be a mapping with the keys 'id', 'tags', 'inputs', 'expected', 'draft', not a list",
            ],
        ),
        (
            "c.jsonl",
            '{"id": "\\u0000"}\n{"id": "\\ud800"}\n{"n": 99999999999999999999}\n',
            [
                "1: the line is not JSON: text may not hold the character U+0000; each line is one case",
                "2: the line is not JSON: text may not hold the character U+D800; each line is one case",
                "3: the line is not JSON: the number 99999999999999999999 is too large; each line is one case",
            ],
        ),
        ("c.jsonl", "[" * 100_000, ["1: the line is not JSON: it is nested more than 60 deep; each line is one case"]),
    ],
)
def test_what_is_wrong_in_a_list_of_cases_is_said_by_line(
    workspace: Path, name: str, text: str, problems: list[str]
) -> None:
    """YAML and JSON Lines are held to the same rules."""
    assert told(load(name, text)) == [f"{name}:{problem}" for problem in problems]


def test_right_rows_are_kept_beside_wrong_ones(workspace: Path) -> None:
    """And their lines are still theirs."""
    loaded = load("c.csv", "id,email\na,b,c\nd,e\n")
    assert [case.id for case in loaded.cases] == ["d"]
    assert loaded.origin.line((0, "inputs", "email")) == 3


def test_brackets_in_text_are_not_nesting(workspace: Path) -> None:
    """Only structure counts against the bound on depth."""
    loaded = load("c.jsonl", '{"inputs": {"email": "' + '[{\\"' * 500 + '"}}\n')
    assert loaded.problems == ()
    assert loaded.cases[0].inputs == {"email": '[{"' * 500}


def test_a_long_cell_is_read(workspace: Path) -> None:
    """A forwarded thread of half a million characters is one cell."""
    loaded = load("c.csv", f"id,email\na,{'x' * 500_000}\n")
    assert loaded.problems == ()
    assert len(str(loaded.cases[0].inputs["email"])) == 500_000


def test_many_cases_are_read(workspace: Path) -> None:
    """Each keeps its own line."""
    loaded = load("c.csv", "id,email,expected.answer\n" + "".join(f"c{n},hello,bye\n" for n in range(20_000)))
    assert loaded.problems == ()
    assert len(loaded.cases) == 20_000
    assert loaded.origin.line((19_999,)) == 20_001
