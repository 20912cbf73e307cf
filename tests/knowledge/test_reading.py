"""Reading Markdown, text and HTML, decoding, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peel.errors import DocumentError
from peel.knowledge.documents import LARGEST_FILE
from peel.knowledge.html import read_html
from peel.knowledge.markdown import read_markdown, read_text
from peel.knowledge.reading import read_document

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_markdown_headings_of_both_forms_are_sections() -> None:
    """ATX and underlined headings, without their markup."""
    blocks = read_markdown("Before.\n\n# The **AR83** `reset`\n\nHold it.\n\nMoving\n------\n\nCall us.\n")
    assert [(block.section, block.text) for block in blocks] == [
        (None, "Before."),
        ("The AR83 reset", "Hold it."),
        ("Moving", "Call us."),
    ]


def test_a_hash_in_fenced_code_is_no_heading() -> None:
    """Code stays whole, under the heading above it."""
    blocks = read_markdown("# Setup\n\n```sh\n# comment\n\nmake\n```\n")
    assert [(block.section, block.text) for block in blocks] == [("Setup", "```sh\n# comment\n\nmake\n```")]


def test_markdown_lists_tables_and_embedded_html() -> None:
    """A list is one block an item, a table one block, and HTML gives its text without scripts and comments."""
    blocks = read_markdown(
        "- one\n  more of one\n- two\n\n| LED | state |\n|---|---|\n| DSL | on |\n\n"
        "<!-- hidden -->\n\n<div><script>steal()</script>Shown</div>\n"
    )
    assert [block.text for block in blocks] == [
        "- one\n  more of one",
        "- two",
        "| LED | state |\n|---|---|\n| DSL | on |",
        "Shown",
    ]


def test_front_matter_is_not_text() -> None:
    """The YAML block at the top of many Markdown files is dropped."""
    assert [block.text for block in read_markdown("---\ntitle: x\n---\nBody.\n")] == ["Body."]


def test_numbered_headings_of_a_plain_text() -> None:
    """A numbered line between empty lines is a heading; numbered steps in a paragraph are not."""
    blocks = read_text("1 Safety\n\nKeep dry.\nAnd cool.\n\n2 Moving\n\n1. Call us\n2. Pack it\n")
    assert [(block.section, block.text) for block in blocks] == [
        ("1 Safety", "Keep dry.\nAnd cool."),
        ("2 Moving", "1. Call us\n2. Pack it"),
    ]


def test_html_headings_lists_and_tables() -> None:
    """Blocks end where a browser would break the line; cells of a row are parted."""
    blocks = read_html(
        "<html><head><title>T</title></head><body><p>Intro<br>two</p><h2>Reset <em>me</em></h2>"
        "<ul><li>Hold &amp; wait</li><li>Let go</li></ul><table><tr><td>DSL</td><td>on</td></tr></table></body></html>"
    )
    assert [(block.section, block.text) for block in blocks] == [
        (None, "Intro\ntwo"),
        ("Reset me", "Hold & wait"),
        ("Reset me", "Let go"),
        ("Reset me", "DSL | on"),
    ]


@pytest.mark.parametrize(
    "page",
    [
        "<p>Seen</p><script>alert('unseen')</script>",
        "<p>Seen</p><style>.unseen { color: red }</style>",
        "<p>Seen</p><script>unseen never closed",
        "<template><p>unseen</p></template><p>Seen</p>",
        "<!-- unseen --><p>Seen</p>",
        "<svg><svg><text>unseen</text></svg>unseen</svg><p>Seen</p>",
        "<head><style>unseen</style><title>unseen</title><body><p>Seen</p>",
        "<head><title>unseen</title><p>Seen</p>",
    ],
)
def test_scripts_styles_and_the_like_are_not_text(page: str) -> None:
    """What a reader of the page does not see is not in the knowledge."""
    assert [block.text for block in read_html(page)] == ["Seen"]


@given(st.text(alphabet="<>/!-&;abhp16 \n\"'=#", max_size=80))
def test_no_page_is_too_broken(page: str) -> None:
    """Any text is read as HTML and as Markdown without an exception, and no block is blank."""
    assert all(block.text.strip() for block in (*read_html(page), *read_markdown(page), *read_text(page)))


@pytest.mark.parametrize(
    "content",
    ["Zürich – 3 s".encode(), "Zürich – 3 s".encode("utf-8-sig"), "Zürich – 3 s".encode("utf-16")],
)
def test_unicode_is_read_with_and_without_a_byte_order_mark(write: Write, content: bytes) -> None:
    """UTF-8 and, where a mark says so, UTF-16."""
    assert read_document(write("notes.txt", content)).blocks[0].text == "Zürich – 3 s"


def test_a_page_may_declare_its_encoding(write: Write) -> None:
    """HTML says itself how it is encoded; an unknown name falls back to UTF-8."""
    declared = '<meta charset="{}"><p>Zürich</p>'
    assert read_document(write("a.html", declared.format("latin-1").encode("latin-1"))).blocks[0].text == "Zürich"
    assert read_document(write("b.html", declared.format("nonsense").encode())).blocks[0].text == "Zürich"
    assert read_document(write("c.html", declared.format("hex").encode())).blocks[0].text == "Zürich"


def test_a_wrong_encoding_is_named_with_its_line(write: Write) -> None:
    """The byte, the line, and what to do."""
    with pytest.raises(DocumentError, match=r"notes\.md:2: byte 0xfc is not UTF-8.*; save the file as UTF-8"):
        read_document(write("notes.md", b"Hello\nZ\xfcrich"))


def test_a_binary_file_under_a_text_name_is_refused(write: Write) -> None:
    """Null bytes are in no text."""
    with pytest.raises(DocumentError, match=r"notes\.txt: the document is binary, not text"):
        read_document(write("notes.txt", b"a\x00b"))


def test_an_unknown_kind_names_those_that_are_allowed(write: Write) -> None:
    """The suffix decides, in any case."""
    with pytest.raises(DocumentError, match=r"a\.docx: \.docx is not readable; allowed: \.pdf, \.md"):
        read_document(write("a.docx", "x"))
    assert read_document(write("A.MD", "x")).name == "A.MD"


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html"])
def test_a_document_without_text_is_an_error(write: Write, name: str) -> None:
    """Nothing to search is said at once."""
    with pytest.raises(DocumentError, match="has no text"):
        read_document(write(name, " \n\n "))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """The size is looked at before the content."""
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(DocumentError, match=r"huge\.txt: the document has 50000001 bytes"):
        read_document(path)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """As it may be deleted between check and use."""
    with pytest.raises(DocumentError, match=r"gone\.txt: the document cannot be read: No such file"):
        read_document(tmp_path / "gone.txt")
