"""Cutting documents into passages.

A passage never spans two sections. In manuals a section is one procedure: measured, passages that mix two retrieve
worse, and the section they are attributed to would be a guess for half of their words. The price is short passages
where sections are short.

A token is a word, a number or a mark, counted without any model: the same cut for every embedding model, and no
tokenizer to load. An embedding model's own pieces are smaller (for English prose about 1.3 of them to a token, more
for product codes and other languages); `fitted` cuts what would exceed the model's limit, so nothing is dropped in
silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import PurePath
from typing import Literal, Protocol, runtime_checkable

from pydantic import Field, model_validator

from peel.knowledge.documents import KINDS, Block, Document
from peel.records import Passage, Record

_TOKEN = re.compile(r"\d{1,20}(?:[.,:]\d{1,20}){1,8}|\w{1,40}|[^\w\s]")
_ENDS_SENTENCE = frozenset(".!?:;")
_SLACK = 0.25
"""The share of a passage that may be given up to end it where a sentence or a line ends."""


class ChunkingSettings(Record):
    """How documents are cut. `size` is the most tokens of a passage, `overlap` the most that the next one repeats.

    `tokens` cuts a section into windows of about equal length. `heading` makes each section one passage, and
    `paragraph` collects whole paragraphs of a section; both cut as `tokens` does only what is longer than `size`.
    """

    by: Literal["tokens", "heading", "paragraph"] = "tokens"
    size: int = Field(default=120, ge=10, le=2000)
    overlap: int = Field(default=20, ge=0)

    @model_validator(mode="after")
    def _overlap_is_less_than_half(self) -> ChunkingSettings:
        if 2 * self.overlap >= self.size:
            raise ValueError(f"overlap must be less than half of size, not {self.overlap} of {self.size}")
        return self


@runtime_checkable
class TokenLimited(Protocol):
    """What an embedder may also be: one that reads only the first `max_tokens` of its own tokens of a text."""

    @property
    def max_tokens(self) -> int: ...

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        """How many of the model's tokens each text has, special ones included. Safe to call from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class _Section:
    """The text of one section with the position and page of each block's beginning."""

    title: str | None
    text: str
    starts: tuple[tuple[int, int | None], ...]

    @classmethod
    def of(cls, title: str | None, blocks: Sequence[Block]) -> _Section:
        starts, at = [], 0
        for block in blocks:
            starts.append((at, block.page))
            at += len(block.text) + 1
        return cls(title, "\n".join(block.text for block in blocks), tuple(starts))

    def page(self, at: int) -> int | None:
        """The page of the block at a position."""
        return [page for start, page in self.starts if start <= at][-1]


def token_count(text: str) -> int:
    """How many tokens (words, numbers, marks) a text has."""
    return sum(1 for _ in _TOKEN.finditer(text))


def chunk(document: Document, settings: ChunkingSettings) -> list[Passage]:
    """The passages of a document, in reading order; the id is `NAME#POSITION`, counted from 1."""
    pieces = [
        (section, span)
        for title, blocks in groupby(document.blocks, key=lambda block: block.section)
        for section in [_Section.of(title, list(blocks))]
        for span in _spans(section, settings)
    ]
    return [_passage(document.name, at, section, span) for at, (section, span) in enumerate(pieces, 1)]


def embedded_text(passage: Passage) -> str:
    """What is embedded of a passage: its text under the names of its document and section.

    Without them, the same sentence in the manuals of four routers has one vector four times.
    """
    name = passage.document.removesuffix(_kind_suffix(passage.document))
    words = re.sub(r"[_/]+", " ", name)
    heading = f"{words}: {passage.section}" if passage.section else words
    return f"{heading}\n{passage.text}"


def _kind_suffix(name: str) -> str:
    suffix = PurePath(name).suffix
    return suffix if suffix.lower() in KINDS else ""


def fitted(passages: Sequence[Passage], limit: TokenLimited) -> list[Passage]:
    """The passages with those the embedding model would cut off divided into halves that fit.

    Where the heading alone fills the model, nothing can be divided further and the passage stays as it is.
    """
    counts = limit.count_tokens([embedded_text(passage) for passage in passages])
    fitting: list[Passage] = []
    for passage, count in zip(passages, counts, strict=True):
        halves = _halves(passage) if count > limit.max_tokens else ()
        fitting.extend(fitted(halves, limit) if halves else [passage])
    return fitting


def windows(text: str, *, size: int, overlap: int = 0) -> list[str]:
    """A text cut by tokens into windows of at most `size`; one that fits is returned as it is."""
    return [text[start:end] for start, end in _windows(text, 0, len(text), size=size, overlap=overlap)] or [text]


def _passage(name: str, at: int, section: _Section, span: tuple[int, int]) -> Passage:
    start, end = span
    return Passage(
        id=f"{name}#{at}",
        text=section.text[start:end],
        document=name,
        page=section.page(start),
        section=section.title,
    )


def _halves(passage: Passage) -> tuple[Passage, ...]:
    tokens = list(_TOKEN.finditer(passage.text))
    if len(tokens) < 2:
        return ()
    middle = tokens[len(tokens) // 2].start()
    texts = passage.text[:middle].rstrip(), passage.text[middle:]
    return tuple(passage.model_copy(update={"id": f"{passage.id}.{at}", "text": t}) for at, t in enumerate(texts, 1))


def _spans(section: _Section, settings: ChunkingSettings) -> Iterator[tuple[int, int]]:
    """The beginnings and ends of the passages of a section."""
    for start, end in _units(section, settings):
        yield from _windows(section.text, start, end, size=settings.size, overlap=settings.overlap)


def _units(section: _Section, settings: ChunkingSettings) -> list[tuple[int, int]]:
    """What is cut only where it is too long: the section, or as many whole paragraphs as fit."""
    if settings.by != "paragraph":
        return [(0, len(section.text))]
    edges = [start for start, _ in section.starts] + [len(section.text) + 1]
    units: list[tuple[int, int]] = []
    size = 0
    for start, after in pairwise(edges):
        tokens = token_count(section.text[start : after - 1])
        if units and size + tokens <= settings.size:
            units[-1], size = (units[-1][0], after - 1), size + tokens
        else:
            units, size = [*units, (start, after - 1)], tokens
    return units


def _windows(text: str, start: int, end: int, *, size: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Windows of about equal length over a stretch of text, beginning and ending with a sentence or line where they
    can."""
    tokens = [(match.start(), match.end()) for match in _TOKEN.finditer(text, start, end)]
    first = 0
    while first < len(tokens):
        left = len(tokens) - first
        count = -(-(left - overlap) // (size - overlap)) if left > size else 1
        target = left if count == 1 else min(size, -(-(left + (count - 1) * overlap) // count))
        after = first + target
        if count > 1:
            after = _good_end(text, tokens, after - int(_SLACK * target), after)
        yield tokens[first][0], tokens[after - 1][1]
        first = after if after == len(tokens) else max(_good_start(text, tokens, after, overlap), first + 1)


def _good_start(text: str, tokens: Sequence[tuple[int, int]], after: int, overlap: int) -> int:
    """Where the next window begins: the first sentence or line within the overlap, or the whole overlap."""
    starts = range(after - overlap, after + 1)
    return next((start for start in starts if _ends(text, tokens, start)), after - overlap)


def _good_end(text: str, tokens: Sequence[tuple[int, int]], earliest: int, latest: int) -> int:
    """The last position in (earliest, latest] before which a sentence or line ends, or `latest`."""
    return next((after for after in range(latest, earliest, -1) if _ends(text, tokens, after)), latest)


def _ends(text: str, tokens: Sequence[tuple[int, int]], at: int) -> bool:
    """Whether a sentence or a line ends right before the token at a position."""
    end = tokens[at - 1][1]
    gap = text[end : tokens[at][0]]
    return "\n" in gap or (bool(gap) and text[end - 1] in _ENDS_SENTENCE)
