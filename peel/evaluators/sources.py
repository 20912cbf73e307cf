"""Sources: the document, section and page that should be retrieved, and whether a passage comes from there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from peel.evaluators.expectations import is_blank
from peel.evaluators.wording import shown
from peel.records import Json

_NUMBERED = re.compile(r"(?:section |chapter |§ ?)?(?P<number>(?:[a-z]\.)?\d+(?:\.\d+)*)\.?(?: |$)(?P<title>.*)")
_KEYS = frozenset({"document", "section", "page"})


class NoSource(ValueError):
    """A value that names no source; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading in two parts: the components of its number, perhaps none, and its title in lower case."""

    number: tuple[str, ...]
    title: str

    @classmethod
    def of(cls, heading: str) -> Section:
        text = " ".join(heading.casefold().split())
        match = _NUMBERED.fullmatch(text)
        return cls(tuple(match["number"].split(".")), match["title"]) if match else cls((), text)

    def contains(self, other: Section) -> bool:
        """Whether `other` is this section or one inside it: by number where both have one, else by title."""
        if self.number and other.number:
            return other.number[: len(self.number)] == self.number
        return bool(self.title) and self.title == other.title


@dataclass(frozen=True, slots=True)
class Source:
    """A place in the knowledge: a document by its file name, and perhaps a section and a page of it."""

    document: str
    section: Section | None = None
    page: int | None = None
    label: str = ""

    def has(self, passage: Mapping[str, Json]) -> bool:
        """Whether a passage comes from here."""
        section, page = passage.get("section"), passage.get("page")
        if not self._names(str(passage["document"])):
            return False
        if self.section is not None and not (isinstance(section, str) and self.section.contains(Section.of(section))):
            return False
        return self.page is None or self.page == page

    def _names(self, document: str) -> bool:
        name = _file_name(document)
        return self.document in (name, name.rpartition(".")[0] or name)


def sources_of(value: Json) -> tuple[Source, ...]:
    """The sources a value names, each once: a document's name, {document, section, page}, or a list of these.

    Raises NoSource.
    """
    items = value if isinstance(value, list) else [] if is_blank(value) else [value]
    return tuple(dict.fromkeys(_source(item) for item in items))


def _source(item: Json) -> Source:
    if isinstance(item, str) and item.strip():
        return Source(_file_name(item), label=item.strip())
    if not isinstance(item, dict):
        raise NoSource(f"{shown(item)} is no source; allowed is a document's name or {{document, section, page}}")
    if unknown := sorted(item.keys() - _KEYS):
        raise NoSource(f"unknown key {unknown[0]!r} in {shown(item)}; allowed: document, section, page")
    document, section, page = item.get("document"), item.get("section"), item.get("page")
    if not isinstance(document, str) or not document.strip():
        raise NoSource(f"{shown(item)} names no document")
    return Source(_file_name(document), section=_section(section, item), page=_page(page, item), label=_label(item))


def _section(section: Json, item: Json) -> Section | None:
    if is_blank(section):
        return None
    if isinstance(section, bool) or not isinstance(section, str | int | float):
        raise NoSource(f"the section in {shown(item)} is neither a number nor a title")
    return Section.of(str(section))


def _page(page: Json, item: Json) -> int | None:
    if is_blank(page):
        return None
    if isinstance(page, str) and page.strip().isdecimal():
        return int(page)
    if isinstance(page, bool) or not isinstance(page, int):
        raise NoSource(f"the page in {shown(item)} is no whole number")
    return page


def _label(item: Mapping[str, Json]) -> str:
    page = f"p. {item['page']}" if item.get("page") else None
    return " ".join(str(part) for part in (item["document"], item.get("section"), page) if part)


def _file_name(document: str) -> str:
    return document.replace("\\", "/").rpartition("/")[2].strip().casefold()
