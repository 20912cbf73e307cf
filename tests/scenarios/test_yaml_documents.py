"""YAML texts become plain values with the line of each, and broken ones a sentence with its line."""

from __future__ import annotations

from typing import Any

import pytest

from peel.scenarios.documents import DEEPEST, Unreadable, as_text, begins_with_list, first_text, parse_yaml

BROKEN = "the YAML cannot be read: "


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0x1F", 31),
        ("0o17", 15),
        ("007", "007"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.2.3", "1.2.3"),
        ("2024-05-01", "2024-05-01"),
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"),
        ("NaN", "NaN"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("=", "="),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(written: str, value: Any) -> None:
    """Only true and false are booleans, dates and clock times are text, and leading zeros are kept as text."""
    document = parse_yaml(f"key: {written}\n")
    assert document.problems == ()
    assert document.value == {"key": value}
    assert isinstance(document.value, dict)
    assert type(document.value["key"]) is type(value)


def test_the_key_on_is_text() -> None:
    """The contract has a key `on:`, which YAML 1.1 would read as a boolean."""
    assert parse_yaml("on: passages").value == {"on": "passages"}


def test_every_value_has_its_line() -> None:
    """A key has the line of the key, an item the line of the item; what does not exist has that of what encloses it."""
    place = parse_yaml("a: 1\nb:\n  - x\n  - c: 2\n    d: |\n      text\n").place
    assert place.nearest(("a",)).line == 1
    assert place.nearest(("b",)).line == 2
    assert place.nearest(("b", 1)).line == 4
    assert place.nearest(("b", 1, "d")).line == 5
    assert place.nearest(("b", 1, "nothing", 7)).line == 4
    assert place.nearest(("b", 9)).line == 2


def test_aliases_and_merge_keys_are_followed() -> None:
    """A merged key gives way to one that is written out; the first of several merged mappings wins."""
    document = parse_yaml(
        "base: &base {x: 1, y: 1}\nmore: &more {y: 2, z: 2}\nmade: {<<: [*base, *more], x: 3}\nsame: *base\n"
    )
    assert document.problems == ()
    assert isinstance(document.value, dict)
    assert document.value["made"] == {"x": 3, "y": 1, "z": 2}
    assert document.value["same"] == {"x": 1, "y": 1}


def test_a_quoted_merge_key_is_an_ordinary_key() -> None:
    """Only a plain `<<` merges."""
    assert parse_yaml("'<<': 1").value == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate key 'a': it stands on line 1 already; keep one of the two", 3),
        ("a: 1\n5: 2\n", "the key '5' is not text; put it in quotes", 2),
        ("true: 2\n", "the key 'true' is not text; put it in quotes", 1),
        ("~: 2\n", "the key '~' is not text; put it in quotes", 1),
        ("a: .nan\n", ".nan is not a number with a value; write a finite number", 1),
        ("a: -.inf\n", "-.inf is not a number with a value; write a finite number", 1),
        ("a: 1e999\n", "the number 1e999 is too large; put it in quotes if it is text", 1),
        (
            "a: 99999999999999999999\n",
            "the number 99999999999999999999 is too large; put it in quotes if it is text",
            1,
        ),
        ("\na: !secret x\n", "the tag !secret is not allowed; put text that begins with ! in quotes", 2),
        (
            "a: !!python/object:os.system {}\n",
            "the tag !!python/object:os.system is not allowed; put text that begins with ! in quotes",
            1,
        ),
        ("a: !!binary aGk=\n", "the tag !!binary is not allowed; put text that begins with ! in quotes", 1),
        ('a: "\\0"\n', "text may not hold the character U+0000; remove it", 1),
        ("a: {<<: 5}\n", "'<<' merges mappings only: write an alias of one, such as <<: *name", 1),
        ("a: 1\n---\nb: 2\n", "a second document begins here; a file holds one: remove '---'", 2),
        ("a: *b\n", "the alias *b has no anchor &b before it; put text that begins with * in quotes", 1),
        ("a: &x [*x]\n", "the alias *x has no anchor &x before it; put text that begins with * in quotes", 1),
        ("a: &x b\n*x : c\n", "the alias *x stands where a key should; write the key out", 2),
        (
            "a: 1\nall: {{ expected.terms }}\n",
            'a mapping stands where a key or a value should; put a template in quotes: "{{ email }}"',
            2,
        ),
        ("? [a, b]\n: c\n", "a list stands where a key or a value should; put it in quotes", 1),
        ("a: x\x07\n", "the character U+0007 may not stand in a YAML file; remove it", 1),
        ("a: 1\nb: \x00\n", "the character U+0000 may not stand in a YAML file; remove it", 2),
        ("a: 1\n\tb: 2\n", BROKEN + "a tab stands where only spaces may; indent with spaces", 2),
        ("a: @x\n", BROKEN + "a value cannot begin with '@'; put it in quotes", 1),
        ("a: `x`\n", BROKEN + "a value cannot begin with '`'; put it in quotes", 1),
        ("a: [1,\n  2\n", BROKEN + "the list opened with '[' on line 1 is never closed with ']'", 1),
        ("x: 1\na: {b: 1\n", BROKEN + "the mapping opened with '{' on line 2 is never closed with '}'", 2),
        ("x: 1\na: 'open\n\n", BROKEN + "a quote is opened here and never closed", 2),
        (
            "ask: Well: would you?\n",
            BROKEN + "a ':' stands where it cannot be read; put a text that holds ': ' in quotes, "
            "and check how the lines are indented",
            1,
        ),
        (
            "{a: [1, 2}\n",
            BROKEN + "in a list written with [ ], items are separated by ',' and the list ends with ']'",
            1,
        ),
        (
            'a: 1\nb: "x" y\n',
            BROKEN + "this line does not fit what stands before it; check how it is indented "
            "and that quotes and brackets are closed",
            2,
        ),
        (
            "- a\nb: 1\n",
            BROKEN + "a list goes on here, but the line does not begin with '- ' at the list's indentation",
            2,
        ),
        (
            'a: "\\d+"\n',
            BROKEN + "a \\ in double quotes begins an escape YAML does not know; use single quotes for a pattern",
            1,
        ),
        ("%x\n", BROKEN + "a line that begins with % is a directive; put the text in quotes", 1),
        ("a: |x\n b\n", BROKEN + "after | or > the text begins on the next line, indented", 1),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str, line: int) -> None:
    """One sentence that says what was found and what to do, on the line where it stands."""
    assert parse_yaml(text).problems == ((message, line),)


def test_mistakes_that_can_be_told_apart_are_reported_together() -> None:
    """A duplicate key does not hide a wrong number or a refused tag further down."""
    problems = parse_yaml("a: 1\na: 2\nb: .inf\nc: !x y\n1: 2\n").problems
    assert [line for _, line in problems] == [2, 3, 4, 5]


def test_the_first_of_two_duplicate_keys_is_kept_whole() -> None:
    """What stands under the second one does not leak into the mapping."""
    document = parse_yaml("a: {x: 1}\na: {y: 2}\nb: 3\n")
    assert document.value == {"a": {"x": 1}, "b": 3}


def test_aliases_that_multiply_are_refused() -> None:
    """The billion laughs are bounded by what the aliases stand for, not by the size of the file."""
    layers = ["l0: &l0 [" + ", ".join(["lol"] * 10) + "]"]
    layers += [f"l{n}: &l{n} [" + ", ".join([f"*l{n - 1}"] * 10) + "]" for n in range(1, 10)]
    (problem,) = parse_yaml("\n".join(layers)).problems
    assert problem == ("the aliases of this file stand for more than 4000000 characters", 6)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_nesting_is_bounded(opening: str) -> None:
    """A file of a million brackets is refused at the bound, not followed to the end of the stack."""
    (problem,) = parse_yaml(opening * 100_000).problems
    assert problem == (f"mappings and lists are nested more than {DEEPEST} deep here", 1)


def test_bytes_must_be_utf_8() -> None:
    """The byte and its line are named; a byte order mark is dropped."""
    assert as_text(b"\xef\xbb\xbfa: 1") == "a: 1"
    with pytest.raises(Unreadable) as caught:
        as_text(b"a: 1\nb: caf\xe9\n")
    assert (str(caught.value), caught.value.line) == ("the file is not UTF-8 (byte 11 is 0xE9); save it as UTF-8", 2)
    with pytest.raises(Unreadable, match="the file is UTF-16; save it as UTF-8"):
        as_text("a: 1".encode("utf-16"))


def test_a_name_is_found_without_reading_further() -> None:
    """Only a scalar at the top counts, and what is broken after it does not matter."""
    assert (
        first_text("steps: [{orchestration: no}]\nx: {orchestration: no}\norchestration: yes\nz: [", "orchestration")
        == "yes"
    )
    assert first_text("steps: []\n", "orchestration") is None
    assert first_text("- orchestration: no\n", "orchestration") is None
    with pytest.raises(Unreadable):
        first_text("a: [\norchestration: x", "orchestration")


def test_a_list_is_told_by_its_beginning() -> None:
    """A cases file is told from a scenario without reading all of it."""
    assert begins_with_list("# cases\n- {id: a}\n- {broken")
    assert not begins_with_list("scenario: s\n")
    assert not begins_with_list("")
