"""PDF files made line by line, and an embedder that needs no model."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Line = str | tuple[str, str, float]
"""A line of body text, or (text, font, size) with the font F1 (regular) or F2 (bold)."""


@pytest.fixture(scope="session")
def embedders() -> ModuleType:
    """The module of embedders that subprocesses also use."""
    spec = importlib.util.spec_from_file_location("hashing_embedder", Path(__file__).with_name("hashing_embedder.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def embedder(embedders: ModuleType) -> Any:
    return embedders.HashingEmbedder()


def heading(text: str) -> Line:
    """A line set in larger, bold type."""
    return (text, "F2", 14.0)


@pytest.fixture
def bold() -> Callable[[str], Line]:
    return heading


@pytest.fixture
def make_pdf(tmp_path: Path) -> Callable[..., Path]:
    """Writes a PDF with the given lines on each page."""

    def make(pages: Sequence[Sequence[Line]], name: str = "manual.pdf") -> Path:
        path = tmp_path / name
        path.write_bytes(pdf_bytes(pages))
        return path

    return make


def pdf_bytes(pages: Sequence[Sequence[Line]]) -> bytes:
    """A PDF in the two Helvetica fonts that every reader knows."""
    first = 5
    kids = " ".join(f"{first + 2 * at} 0 R" for at in range(len(pages)))
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    for at, lines in enumerate(pages):
        stream = "\n".join(_drawn(line, 800 - 14 * row) for row, line in enumerate(lines))
        bodies.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {first + 2 * at + 1} 0 R >>"
        )
        bodies.append(f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")
    return _assembled(bodies)


def _drawn(line: Line, y: int) -> str:
    text, font, size = (line, "F1", 10.0) if isinstance(line, str) else line
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{font} {size} Tf 50 {y} Td ({escaped}) Tj ET"


def _assembled(bodies: Sequence[str]) -> bytes:
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("cp1252")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(bodies) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode("ascii")
