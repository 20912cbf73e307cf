"""Texts side by side: what differs is marked, and nothing in them becomes markup."""

from __future__ import annotations

from peel.reports.word_diff import MOST_WORDS, diffed


def test_words_that_only_one_text_has_are_marked() -> None:
    """Deleted on the left, inserted on the right; what both have stays plain."""
    assert diffed("Hold for 3 seconds", "Hold it for 5 seconds") == (
        "Hold for <del>3</del> seconds",
        "Hold <ins>it</ins> for <ins>5</ins> seconds",
    )


def test_equal_and_empty_texts_have_no_marks() -> None:
    """Nothing is marked where nothing differs; against nothing, everything is."""
    assert diffed("the same", "the same") == ("the same", "the same")
    assert diffed("", "new") == ("", "<ins>new</ins>")
    assert diffed("", "") == ("", "")


def test_texts_are_escaped_and_made_visible() -> None:
    """Markup, also of the marks themselves, is text; control characters are shown."""
    old, new = diffed("<del>a</del> \u202e", "<img src=x> &")
    assert "<img" not in new
    assert "&lt;del&gt;a&lt;/del&gt;" in old
    assert "‹U+202E›" in old


def test_long_texts_are_shown_without_marks() -> None:
    """Comparing them would take seconds."""
    old, new = diffed("a " * (MOST_WORDS + 1), "b")
    assert "<del>" not in old
    assert new == "b"
