"""YAML changed in place: the wanted value is read back, and every line that does not hold the change stays."""

from __future__ import annotations

import copy
import difflib
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peel.editing.round_trip import LARGEST_TEXT, Unpatchable, changed_text, new_text, reads_as
from peel.scenarios.documents import parse_yaml

SCENARIO = """\
# What the support team answers.
scenario: support   # a name for reports
description: >
  A customer asks by email.
  We answer.
orchestration:   reply
inputs:
  tone: friendly   # shared
cases: support.csv

evaluators:
- id: core   # the terms that must be there
  use: regex
  all: "{{ expected.terms }}"
# compared as text
- {id: same,use: exact, ignore_case: true}   # cheap
# people look at some
- { id: people, use: manual,
    ask: "Would you send it?", share: 0.2 }

# what must hold
gates: [{evaluator: core, at_least: 0.9}, {cost_usd: {at_most: 0.01}}]
# the end
"""

KEYS = ("description", "repetitions", "below", "inputs", "variants")
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30) | st.sampled_from(
    [
        "no",
        "on",
        "1",
        "1.0",
        "null",
        "~",
        "2020-01-01",
        "a: b",
        "# no comment",
        "- x",
        "{{ email }}",
        "a\nb\n",
        "'",
        '"',
    ]
)
scalars = (
    texts
    | st.booleans()
    | st.none()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)


def value_of(text: str) -> Any:
    return parse_yaml(text).value


def changed_lines(before: str, after: str) -> list[str]:
    """The lines that a diff names, with their signs."""
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), n=0, lineterm="")
    return [line for line in lines if re.match(r"[+-](?![+-]{2} )", line)]


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


def test_one_changed_value_changes_its_line_alone():
    """A setting deep in the file is another one; comments, quoting, spaces and order of all else stay."""
    wanted = value_of(SCENARIO)
    wanted["evaluators"][0]["use"] = "exact"
    assert changed_lines(SCENARIO, changed_text(SCENARIO, wanted)) == ["-  use: regex", "+  use: exact"]


def test_a_removed_item_takes_no_comment_of_another_with_it():
    """ruamel.yaml takes the comment above an item for the end of the one before it; here it stays."""
    wanted = value_of(SCENARIO)
    del wanted["evaluators"][1]
    after = changed_text(SCENARIO, wanted)
    assert comments(after) == comments(SCENARIO)
    assert changed_lines(SCENARIO, after) == ["-- {id: same,use: exact, ignore_case: true}   # cheap"]


def test_a_new_item_stands_below_the_last_and_above_the_comment_that_follows():
    """What introduces the next part goes on doing so."""
    wanted = value_of(SCENARIO)
    wanted["evaluators"].append({"id": "near", "use": "similarity"})
    after = changed_text(SCENARIO, wanted)
    assert changed_lines(SCENARIO, after) == ["+- {id: near, use: similarity}"]
    assert after.index("id: near") < after.index("# what must hold")


def test_moved_items_keep_how_they_are_written():
    """Two items change places: each line is there as it was."""
    wanted = value_of(SCENARIO)
    wanted["evaluators"][0], wanted["evaluators"][1] = wanted["evaluators"][1], wanted["evaluators"][0]
    after = changed_text(SCENARIO, wanted)
    assert value_of(after)["evaluators"][0]["id"] == "same"
    assert "# the terms that must be there" in after


def test_windows_line_ends_stay():
    """A file with CRLF has nothing else after a change, in new lines as well."""
    text = SCENARIO.replace("\n", "\r\n")
    wanted = {**value_of(SCENARIO), "repetitions": 3}
    after = changed_text(text, wanted)
    assert "repetitions: 3\r\n" in after
    assert re.search(r"(?<!\r)\n", after) is None


def test_indented_and_flush_lists_in_one_file_both_stay():
    """Where a file indents its lists in two ways, a change in one leaves the other alone."""
    text = "a:\n- x: 1\n- x: 2\nb:\n    - y: 1\n    - y: 2\n"
    wanted = value_of(text)
    wanted["b"][1]["y"] = 3
    assert changed_text(text, wanted) == text.replace("    - y: 2", "    - y: 3")
    wanted = value_of(text)
    wanted["a"].append({"x": 3})
    assert changed_lines(text, changed_text(text, wanted)) == ["+- x: 3"]


def test_a_change_behind_an_alias_leaves_the_anchor_alone():
    """The place that was changed is written out; the anchor and its other uses keep their value."""
    text = "a: &shared {x: 1, y: [1, 2]}\nb: *shared\nc: *shared\n"
    wanted = value_of(text)
    wanted["b"] = {"x": 2, "y": [1, 2]}
    after = changed_text(text, wanted)
    assert after == "a: &shared {x: 1, y: [1, 2]}\nb:\n  x: 2\n  y: [1, 2]\nc: *shared\n"


def test_what_cannot_be_changed_in_part_is_refused_with_a_sentence():
    """A merge key gives a value that cannot be taken out where it is merged in: nothing is guessed."""
    text = "a: &base {x: 1, y: 2}\nb:\n  <<: *base\n  z: 3\n"
    wanted = copy.deepcopy(value_of(text))
    del wanted["b"]["x"]
    with pytest.raises(Unpatchable, match="change it as text"):
        changed_text(text, wanted)


def test_very_large_texts_are_refused():
    """The library that changes YAML is slow; a text that would hold the server up is not given to it."""
    text = "a: 1\nb: " + "x" * LARGEST_TEXT + "\n"
    with pytest.raises(Unpatchable, match="400,000 characters"):
        changed_text(text, {**value_of(text), "a": 2})


def test_an_unchanged_value_gives_the_same_text():
    """Nothing is reformatted for nothing."""
    assert changed_text(SCENARIO, value_of(SCENARIO)) == SCENARIO


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), values, min_size=1), st.sampled_from(["\n", "\r\n"]))
def test_whatever_fields_become_is_read_back_and_other_lines_stay(changes, ending):
    """Any JSON in any field: PEEL reads exactly that, no comment is lost, and no line of another field changes."""
    text = SCENARIO.replace("\n", ending)
    wanted = {**value_of(text), **changes}
    after = changed_text(text, wanted)
    assert reads_as(after, wanted)
    assert [line for line in comments(SCENARIO) if line not in comments(after)] == []
    kept = [line for line in text.split("\n") if re.match(r"scenario|orchestration|cases|- |gates|  all", line)]
    assert [line for line in kept if line not in after.split("\n")] == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.integers(0, 2) | st.fixed_dictionaries({"id": texts, "use": texts}, optional={"all": values}), max_size=5
    )
)
def test_evaluators_in_any_order_with_any_others_are_read_back(plan):
    """Rows removed, doubled, moved and added: PEEL reads exactly that list; comments of other parts stay."""
    wanted = value_of(SCENARIO)
    wanted["evaluators"] = [copy.deepcopy(wanted["evaluators"][one]) if isinstance(one, int) else one for one in plan]
    after = changed_text(SCENARIO, wanted)
    assert reads_as(after, wanted)
    assert {"# What the support team answers.", "# what must hold", "# the end"} <= set(comments(after))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(texts, values, max_size=4))
def test_a_new_text_is_read_as_what_it_was_made_of(value):
    """Any mapping can be written and read."""
    assert reads_as(new_text(value), value) or not value
