"""The example's cases are true: what they expect stands in the manual, in the section they cite."""

from __future__ import annotations

import csv
import json
import re
from functools import cache
from pathlib import Path

import pytest
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parents[2]
MANUALS = ROOT / "knowledge" / "manuals"
COLUMNS = ["id", "tags", "email", "expected.terms", "expected.answer", "expected.source"]
WITHOUT_SOURCE = {"no-device", "off-topic", "unanswerable"}
CONTENTS_LINE = re.compile(r"^((\d+(?:\.\d+)?) .+?) +(\d+)$", re.MULTILINE)
FURNITURE = re.compile(r"^(Document TV-.*|Telvanta AR\d\d User manual|BDX-77.*|BD77 Owner.s Guide)$", re.MULTILINE)


def read_cases() -> list[dict[str, str]]:
    with (ROOT / "scenarios" / "telco_support.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


CASES = read_cases()
each_case = pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])


def sources(case: dict[str, str]) -> list[dict[str, str]]:
    cell = json.loads(case["expected.source"])
    return cell if isinstance(cell, list) else [cell]


def terms(case: dict[str, str]) -> list[str]:
    return list(json.loads(case["expected.terms"]))


def normalised(text: str) -> str:
    return " ".join(text.replace("’", "'").split())


def found(term: str, text: str) -> bool:
    return re.search(term, normalised(text), re.IGNORECASE) is not None


@cache
def pages(document: str) -> list[str]:
    return [FURNITURE.sub("", page.extract_text()) for page in PdfReader(MANUALS / document).pages]


@cache
def contents(document: str) -> list[tuple[str, str, int]]:
    """What the contents page lists: the heading's line, its number, its page."""
    return [(line, number, int(page)) for line, number, page in CONTENTS_LINE.findall(pages(document)[1])]


@cache
def sections(document: str) -> dict[str, str]:
    """Each section's text by its number, cut at the headings that the contents page lists."""
    body, listed = "\n".join(pages(document)[2:]), contents(document)
    starts = [body.index(f"\n{line}\n") for line, _, _ in listed]
    ends = [*starts[1:], len(body)]
    return {number: body[start:end] for (_, number, _), start, end in zip(listed, starts, ends, strict=True)}


def test_there_are_one_hundred_cases_with_the_agreed_columns() -> None:
    assert list(CASES[0]) == COLUMNS
    assert len(CASES) == 100


def test_ids_and_emails_are_unique_and_moving_1_comes_first() -> None:
    assert CASES[0]["id"] == "moving-1"
    assert len({case["id"] for case in CASES}) == len({case["email"] for case in CASES}) == 100


def test_six_cases_are_tagged_demo() -> None:
    assert sum("demo" in json.loads(case["tags"]) for case in CASES) == 6


@pytest.mark.parametrize("document", ["AR83.pdf", "AR93.pdf", "AR94.pdf", "BD77.pdf"])
def test_a_manual_has_its_title_and_each_heading_on_a_line_of_the_page_its_contents_name(document: str) -> None:
    metadata = PdfReader(MANUALS / document).metadata
    assert metadata is not None
    assert document.removesuffix(".pdf") in str(metadata.title)
    assert 8 <= len(pages(document)) <= 15
    assert len(contents(document)) > 30
    assert [line for line, _, page in contents(document) if line not in pages(document)[page - 1].splitlines()] == []


@each_case
def test_the_ideal_answer_satisfies_its_own_terms(case: dict[str, str]) -> None:
    assert terms(case)
    assert [term for term in terms(case) if not found(term, case["expected.answer"])] == []


@each_case
def test_the_email_does_not_already_hold_every_term(case: dict[str, str]) -> None:
    assert not all(found(term, case["email"]) for term in terms(case))


@each_case
def test_a_source_is_cited_exactly_where_a_manual_answers(case: dict[str, str]) -> None:
    assert bool(sources(case)) != bool(WITHOUT_SOURCE & set(json.loads(case["tags"])))


@each_case
def test_a_cited_section_exists_and_is_of_the_model_in_the_tags(case: dict[str, str]) -> None:
    for source in sources(case):
        assert source["section"] in sections(source["document"])
        assert source["document"].removesuffix(".pdf").lower() in json.loads(case["tags"])


@each_case
def test_the_terms_stand_in_the_manual_or_the_answer_and_one_in_each_cited_section(case: dict[str, str]) -> None:
    cited = sources(case)
    texts = ["\n".join(pages(source["document"])) for source in cited]
    known = "\n".join([*texts, case["expected.answer"]])
    assert [term for term in terms(case) if not found(term, known)] == []
    for source in cited:
        assert any(found(term, sections(source["document"])[source["section"]]) for term in terms(case)), source
