"""Cutting documents: sizes, overlaps, sections, pages."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from peel.knowledge.chunking import ChunkingSettings, chunk, embedded_text, fitted, token_count, windows
from peel.knowledge.documents import Block, Document

WORDS = " ".join(f"word{n}" for n in range(100))


def document(*blocks: Block) -> Document:
    return Document("AR83.pdf", Path("AR83.pdf"), blocks)


def sentences(count: int, words: int) -> str:
    return " ".join(" ".join([f"s{n}w{w}" for w in range(words - 1)] + ["end."]) for n in range(count))


def test_the_defaults_are_those_of_the_design() -> None:
    """By tokens, 120 with 20 of overlap."""
    settings = ChunkingSettings()
    assert (settings.by, settings.size, settings.overlap) == ("tokens", 120, 20)


@pytest.mark.parametrize(
    "wrong", [{"size": 9}, {"size": 40, "overlap": 20}, {"by": "page"}, {"overlap": -1}, {"sise": 5}]
)
def test_impossible_settings_are_refused(wrong: dict[str, object]) -> None:
    """A window must move forward, and no key is ignored."""
    with pytest.raises(ValidationError):
        ChunkingSettings.model_validate(wrong)


def test_a_passage_knows_its_document_page_and_section() -> None:
    """Page and section are those of its beginning; the id counts in reading order."""
    section = "6.2 Moving"
    passages = chunk(
        document(
            Block("Cover", page=1), Block("Call us.", page=9, section=section), Block(WORDS, page=10, section=section)
        ),
        ChunkingSettings(size=60, overlap=10),
    )
    assert [(p.id, p.page, p.section) for p in passages] == [
        ("AR83.pdf#1", 1, None),
        ("AR83.pdf#2", 9, section),
        ("AR83.pdf#3", 10, section),
    ]
    assert {p.document for p in passages} == {"AR83.pdf"}


@pytest.mark.parametrize("by", ["tokens", "heading", "paragraph"])
def test_no_passage_spans_two_sections(by: str) -> None:
    """However short the sections are."""
    settings = ChunkingSettings.model_validate({"by": by})
    passages = chunk(document(Block("One.", section="1 A"), Block("Two.", section="2 B")), settings)
    assert [(p.section, p.text) for p in passages] == [("1 A", "One."), ("2 B", "Two.")]


def test_windows_overlap_and_are_of_about_equal_length() -> None:
    """No last window of a few words: 100 words in windows of up to 45 are three of 40 with 10 in common."""
    passages = chunk(document(Block(WORDS)), ChunkingSettings(size=45, overlap=10))
    found = [p.text.split() for p in passages]
    assert [len(words) for words in found] == [40, 40, 40]
    assert found[0][-10:] == found[1][:10]
    assert found[1][-10:] == found[2][:10]


def test_windows_begin_and_end_with_sentences_where_they_can() -> None:
    """The overlap is at most what is asked for, so that a passage does not begin within a sentence."""
    passages = chunk(document(Block(sentences(10, 8))), ChunkingSettings(size=40, overlap=15))
    assert len(passages) > 2
    assert all(p.text.startswith("s") and "w0" in p.text.split()[0] for p in passages)
    assert all(p.text.endswith("end.") for p in passages)


def test_a_number_with_a_point_is_not_the_end_of_a_sentence() -> None:
    """`2.4 GHz` stays together."""
    text = " ".join(["on 2.4 GHz"] * 30)
    assert not any(
        p.text.startswith(("4 ", ".4")) for p in chunk(document(Block(text)), ChunkingSettings(size=24, overlap=0))
    )


def test_by_heading_a_section_is_one_passage_until_it_is_too_long() -> None:
    """`size` bounds a passage whatever it is cut by."""
    blocks = [Block("Short.", section="1 A"), Block("Still short.", section="1 A"), Block(WORDS, section="2 B")]
    passages = chunk(document(*blocks), ChunkingSettings(by="heading", size=60, overlap=5))
    assert [p.section for p in passages] == ["1 A", "2 B", "2 B"]
    assert passages[0].text == "Short.\nStill short."


def test_by_paragraph_whole_paragraphs_are_collected() -> None:
    """As many as fit, none divided unless it is too long itself."""
    paragraphs = [sentences(1, 20), sentences(1, 20), sentences(1, 30)]
    passages = chunk(document(*map(Block, paragraphs)), ChunkingSettings(by="paragraph", size=45, overlap=0))
    assert [p.text for p in passages] == ["\n".join(paragraphs[:2]), paragraphs[2]]


@given(
    st.lists(st.text(alphabet="ab .,\n-", max_size=120), min_size=1, max_size=6),
    st.sampled_from(["tokens", "heading", "paragraph"]),
    st.integers(10, 30),
    st.integers(0, 4),
)
def test_every_token_is_in_a_passage_and_no_passage_is_too_long(
    texts: list[str], by: str, size: int, overlap: int
) -> None:
    """Nothing is lost or blank; without overlap nothing is repeated either."""
    settings = ChunkingSettings.model_validate({"by": by, "size": size, "overlap": overlap})
    passages = chunk(document(*map(Block, texts)), settings)
    total, kept = sum(map(token_count, texts)), sum(token_count(p.text) for p in passages)
    assert kept == total if overlap == 0 else kept >= total
    assert all(0 < token_count(p.text) <= size for p in passages)


def test_what_is_embedded_names_document_and_section() -> None:
    """The same sentence of two manuals has two vectors; the passage itself keeps its own words."""
    (passage,) = chunk(document(Block("Hold it.", section="6.2 Moving")), ChunkingSettings())
    assert embedded_text(passage) == "AR83: 6.2 Moving\nHold it."
    assert passage.text == "Hold it."


def test_a_passage_the_model_would_cut_off_is_divided(embedders: ModuleType) -> None:
    """Nothing is dropped in silence: the parts fit and hold all words, with ids of their own."""
    limited = embedders.ShortSightedEmbedder()
    passages = fitted(chunk(document(Block(WORDS, page=3, section="1 A")), ChunkingSettings()), limited)
    assert " ".join(p.text for p in passages) == WORDS
    assert max(limited.count_tokens([embedded_text(p) for p in passages])) <= 40
    assert len({p.id for p in passages}) == len(passages) > 2
    assert {(p.page, p.section) for p in passages} == {(3, "1 A")}


def test_a_passage_that_cannot_be_divided_ends_the_dividing(embedders: ModuleType) -> None:
    """A heading that fills the model by itself does not divide its passage for ever."""
    passages = fitted(
        chunk(document(Block("one two", section=WORDS)), ChunkingSettings()), embedders.ShortSightedEmbedder()
    )
    assert [p.text for p in passages] == ["one", "two"]


def test_a_short_text_is_one_window() -> None:
    """Also one without a single token."""
    assert windows("Hold it.", size=10) == ["Hold it."]
    assert windows(" ", size=10) == [" "]
