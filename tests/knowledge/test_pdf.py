"""Reading PDF manuals: sections, pages, running lines, contents, and files that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from peel.errors import DocumentError
from peel.knowledge.documents import Document
from peel.knowledge.reading import read_document

MANUALS = Path(__file__).parents[2] / "knowledge" / "manuals"
LONG = "The router stores the data of the line it is connected to so it has to be reset for the new line once"


def sections(document: Document) -> list[str | None]:
    return list(dict.fromkeys(block.section for block in document.blocks))


def text(document: Document) -> str:
    return "\n".join(block.text for block in document.blocks)


def test_a_paragraph_is_joined_and_knows_page_and_section(make_pdf: Callable[..., Path], bold: Any) -> None:
    """Wrapped lines are one block; page and section are those of its beginning."""
    path = make_pdf([["Cover"], [bold("6.2 Moving to a different apartment"), LONG, "you are in the new apartment."]])
    block = read_document(path).blocks[-1]
    assert block.text == f"{LONG} you are in the new apartment."
    assert (block.page, block.section) == (2, "6.2 Moving to a different apartment")


def test_a_paragraph_that_runs_over_a_page_break_stays_whole(make_pdf: Callable[..., Path], bold: Any) -> None:
    """A sentence that goes on after the page break keeps the page it began on."""
    path = make_pdf([[bold("1 Care"), LONG], ["you are in the new apartment.", "Clean it with a dry cloth."]])
    block = read_document(path).blocks[0]
    assert block.page == 1
    assert block.text.startswith(f"{LONG} you are in the new apartment.")


def test_headers_and_footers_that_repeat_are_removed(make_pdf: Callable[..., Path], bold: Any) -> None:
    """Running lines with a changing page number go; a line that repeats inside the text stays."""
    pages = [
        [
            "Acme A1 User manual",
            bold(f"{n} Chapter {'ABCDE'[n - 1]}"),
            f"Fact {'abcde'[n - 1]}.",
            "WARNING",
            f"Hot {'abcde'[n - 1]}.",
            f"Page {n} of 5",
        ]
        for n in range(1, 6)
    ]
    document = read_document(make_pdf(pages))
    assert "User manual" not in text(document)
    assert "of 5" not in text(document)
    assert text(document).count("WARNING") == 5
    assert "Fact c." in text(document)


def test_a_heading_that_later_pages_repeat_as_their_header_stays(make_pdf: Callable[..., Path], bold: Any) -> None:
    """Manuals print the chapter at the top of its pages; where the chapter begins, the line is its heading."""
    pages = [[bold("2 Moving"), "Call us."], ["2 Moving", "Pack it."], ["2 Moving", "Go."], ["2 Moving", "Unpack it."]]
    document = read_document(make_pdf(pages))
    assert [(block.section, block.text) for block in document.blocks] == [
        ("2 Moving", "Call us."),
        ("2 Moving", "Pack it."),
        ("2 Moving", "Go."),
        ("2 Moving", "Unpack it."),
    ]


def test_nothing_is_taken_for_a_running_line_in_one_page(make_pdf: Callable[..., Path]) -> None:
    """A single page has nothing that repeats."""
    assert text(read_document(make_pdf([["Acme A1", "Press the button."]]))) == "Acme A1\nPress the button."


@pytest.mark.parametrize(
    "entry", ["{number} {title} ........ {page}", "{number} {title} . . . . . {page}", "{number} {title}   {page}"]
)
def test_the_table_of_contents_is_no_text_and_no_heading(make_pdf: Callable[..., Path], entry: str) -> None:
    """Its lines are dropped whatever leads to the page number, and the chapters are found where they begin."""
    titles = ["Safety", "At a glance", "Setting up", "Wi-Fi", "Moving"]
    contents = ["Contents", *(entry.format(number=n, title=t, page=n + 1) for n, t in enumerate(titles, 1))]
    chapters = [[f"{n} {title}", f"Read what is written about {title.lower()}."] for n, title in enumerate(titles, 1)]
    document = read_document(make_pdf([contents, *chapters]))
    assert [block.page for block in document.blocks] == [2, 3, 4, 5, 6]
    assert sections(document) == [f"{n} {title}" for n, title in enumerate(titles, 1)]


def test_dot_leaders_of_a_table_are_text(make_pdf: Callable[..., Path]) -> None:
    """Technical data lead to numbers that are no pages."""
    document = read_document(
        make_pdf([["Data", "Weight in g ......... 310", "Ports ......... 4", "Devices ......... 32"]])
    )
    assert "Weight in g ......... 310" in text(document)


def test_list_items_and_table_rows_are_not_headings(make_pdf: Callable[..., Path], bold: Any) -> None:
    """Numbered lines in the type of the body are text where headings stand out."""
    page = [
        bold("2 At a glance"),
        bold("2.1 Connectors"),
        "1 Power switch",
        "2 LAN sockets",
        "3 Reset button",
        bold("2.2 Steps"),
        "1. Press the button",
        "2. Wait for the LED",
        "3. Release it",
        bold("3 Wi-Fi"),
        "Choose a channel.",
    ]
    document = read_document(make_pdf([page]))
    assert sections(document) == ["2.1 Connectors", "2.2 Steps", "3 Wi-Fi"]
    assert "3 Reset button" in text(document)
    assert "2. Wait for the LED" in text(document)


def test_headings_are_found_by_their_count_where_all_is_one_font(make_pdf: Callable[..., Path]) -> None:
    """Without any other sign the numbers that count up are headings, and numbered steps are not."""
    page = [
        "1 Safety",
        "Keep it dry.",
        "2 Moving",
        "2.1 Before",
        "1. Call us",
        "2. Pack it",
        "2.2 After",
        "Plug it in.",
    ]
    document = read_document(make_pdf([page]))
    assert sections(document) == ["1 Safety", "2.1 Before", "2.2 After"]
    assert "1. Call us" in text(document)


def test_a_heading_over_two_lines_is_one_section(make_pdf: Callable[..., Path], bold: Any) -> None:
    """The second line of a heading is in its type."""
    document = read_document(make_pdf([[bold("6.2 Moving to a"), bold("different apartment"), "Press it.", LONG]]))
    assert sections(document) == ["6.2 Moving to a different apartment"]


def test_bookmarks_name_headings_without_numbers(make_pdf: Callable[..., Path]) -> None:
    """A line that a bookmark of its page names is a heading; the same words on another page are text."""
    from pypdf import PdfWriter

    path = make_pdf([["Getting started", "Plug it in."], ["Read on.", "Getting started", "was on page one."]])
    writer = PdfWriter(clone_from=path)
    writer.add_outline_item(title="Getting started", page_number=0)
    writer.write(path)
    document = read_document(path)
    assert document.blocks[0].section == "Getting started"
    assert "Getting started was on page one." in document.blocks[-1].text


def test_an_encrypted_pdf_is_named(make_pdf: Callable[..., Path]) -> None:
    """The error says which file and what to do."""
    from pypdf import PdfWriter

    path = make_pdf([["Secret."]])
    writer = PdfWriter(clone_from=path)
    writer.encrypt("password", algorithm="RC4-128")
    writer.write(path)
    with pytest.raises(DocumentError, match=r"manual\.pdf: .*(encrypted|encryption).*"):
        read_document(path)


def test_a_pdf_anybody_may_open_is_read_though_it_is_encrypted(make_pdf: Callable[..., Path]) -> None:
    """An empty user password only restricts printing and copying in viewers."""
    from pypdf import PdfWriter

    path = make_pdf([["Open to all."]])
    writer = PdfWriter(clone_from=path)
    writer.encrypt("", owner_password="owner", algorithm="RC4-128")
    writer.write(path)
    assert text(read_document(path)) == "Open to all."


def test_a_pdf_without_text_asks_for_ocr(make_pdf: Callable[..., Path]) -> None:
    """A scan is named, with its pages and the way out."""
    with pytest.raises(DocumentError, match=r"manual\.pdf: the PDF has no text in its 2 pages.*OCR"):
        read_document(make_pdf([[], []]))


@pytest.mark.parametrize("keep", [20, 400, 700])
def test_a_truncated_pdf_is_an_error_that_names_it_or_is_read(make_pdf: Callable[..., Path], keep: int) -> None:
    """Cut off anywhere, the file gives its text or one DocumentError, never another exception."""
    path = make_pdf([["Whole."]])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DocumentError, match=r"manual\.pdf: the PDF"):
        read_document(path)


def test_bytes_that_are_no_pdf_are_an_error(tmp_path: Path) -> None:
    """Noise under the name of a PDF is damaged, not a crash."""
    path = tmp_path / "noise.pdf"
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 20)
    with pytest.raises(DocumentError, match=r"noise\.pdf: the PDF is damaged"):
        read_document(path)


def test_a_pdf_that_takes_too_long_is_given_up(make_pdf: Callable[..., Path]) -> None:
    """A hostile file may take for ever: reading it ends in time, with an error that names it."""
    path = make_pdf([[f"Line {number} of the page." for number in range(50)]] * 40)
    with pytest.raises(DocumentError, match=r"\.pdf: the PDF could not be read in 0\.001 s"):
        read_document(path, longest_s=0.001)


@pytest.mark.parametrize("name", ["AR83", "AR93", "AR94", "BD77"])
def test_the_shipped_manuals_have_numbered_sections_on_every_block_after_the_cover(name: str) -> None:
    """Real input: every block has a page, every block behind the contents a section, and no running line is left."""
    document = read_document(MANUALS / f"{name}.pdf")
    assert all(block.page for block in document.blocks)
    assert all(block.section and block.section[0].isdigit() for block in document.blocks if (block.page or 0) > 2)
    assert not any(block.page == 2 for block in document.blocks)
    assert "of 14" not in text(document)


def test_the_shipped_manual_knows_how_to_move() -> None:
    """The facts of the running example stand in the section that is named for them."""
    document = read_document(MANUALS / "AR83.pdf")
    moving = [block for block in document.blocks if block.section == "6.2 Moving to a different apartment"]
    assert {block.page for block in moving} == {9}
    assert any("reset button" in block.text and "3 seconds" in block.text for block in moving)
