"""The cheap check of a knowledge input: globs, the workspace's borders, kinds, extras, and what is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from peel.errors import DocumentError
from peel.knowledge import KnowledgeSettings, Place, check, open_knowledge

PDF = b"%PDF-1.7\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    for folder in ("work/scenarios", "work/knowledge/old", "outside"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "outside/secret.md").write_text("secret")
    (tmp_path / "work/knowledge/AR93.pdf").write_bytes(PDF)
    (tmp_path / "work/knowledge/AR83.pdf").write_bytes(PDF)
    (tmp_path / "work/knowledge/notes.md").write_text("notes")
    (tmp_path / "work/knowledge/old/AR83.pdf").write_bytes(PDF)
    return Place("manuals", tmp_path / "work/scenarios", tmp_path / "work")


def names(place: Place, *patterns: str) -> list[str]:
    return list(check(KnowledgeSettings(knowledge=patterns), place))


def test_a_glob_is_relative_to_the_file_that_names_it(place: Place) -> None:
    """Documents come sorted, by file name, with a path without detours."""
    found = check(KnowledgeSettings(knowledge="../knowledge/*.pdf"), place)
    assert found == {name: place.root / "knowledge" / name for name in ("AR83.pdf", "AR93.pdf")}


def test_several_globs_may_overlap(place: Place) -> None:
    """A document that two of them match is there once."""
    assert names(place, "../knowledge/*.pdf", "../knowledge/AR*", "../knowledge/*.md") == [
        "AR83.pdf",
        "AR93.pdf",
        "notes.md",
    ]


def test_documents_that_share_a_name_are_told_apart_by_their_folder(place: Place) -> None:
    """Two files AR83.pdf are two documents."""
    assert names(place, "../knowledge/**/AR83.pdf") == ["AR83.pdf", "old/AR83.pdf"]


def test_a_glob_that_matches_nothing_is_an_error(place: Place) -> None:
    """With the input, the glob, the folder and what can be read."""
    with pytest.raises(
        DocumentError, match=r"'manuals': '\.\./manuals/\*\.pdf' matches no document in .*scenarios; .*\.pdf"
    ):
        names(place, "../manuals/*.pdf")


def test_a_folder_is_not_a_document(place: Place) -> None:
    """The error says how a folder is searched."""
    with pytest.raises(DocumentError, match=r"matches no document .*searched with /\*"):
        names(place, "../knowledge/old")


def test_a_glob_that_leaves_the_workspace_is_an_error(place: Place) -> None:
    """Through `..` and through a link alike."""
    (place.root / "knowledge/link.md").symlink_to(place.root.parent / "outside/secret.md")
    for pattern in ("../../outside/*.md", "../knowledge/link.md"):
        with pytest.raises(DocumentError, match=r"leads outside the workspace .*absolute path if that is meant"):
            names(place, pattern)


def test_an_absolute_path_means_what_it_says(place: Place) -> None:
    """Documents outside the workspace can be used on purpose."""
    assert names(place, str(place.root.parent / "outside/*.md")) == ["secret.md"]


def test_all_that_is_wrong_is_told_together(place: Place) -> None:
    """Unknown kind, empty file, a PDF that is none, and a glob without a match: a line each."""
    (place.root / "knowledge/a.docx").write_bytes(b"PK")
    (place.root / "knowledge/b.md").write_bytes(b"")
    (place.root / "knowledge/c.pdf").write_bytes(b"<html>")
    with pytest.raises(DocumentError) as raised:
        names(place, "../knowledge/?.*", "../nothing/*")
    lines = str(raised.value).split("\n")
    assert len(lines) == 4
    assert "matches no document" in lines[0]
    assert "a.docx: .docx is not readable; allowed: .pdf" in lines[1]
    assert "b.md: the document is empty" in lines[2]
    assert "c.pdf: the file is not a PDF, whatever its name says" in lines[3]


@pytest.mark.parametrize("knowledge", [[], [""], " "])
def test_an_input_without_documents_is_an_error(place: Place, knowledge: Any) -> None:
    """An empty list, an empty path."""
    with pytest.raises(DocumentError, match=r"'manuals' (names no document|has an empty path)"):
        check(KnowledgeSettings(knowledge=knowledge), place)


@pytest.mark.parametrize(
    "wrong",
    [{}, {"knowledge": 5}, {"knowledge": "*", "chunks": {}}, {"knowledge": "*", "chunking": {"by": "page"}}],
)
def test_settings_are_strict(wrong: dict[str, object]) -> None:
    """Unknown keys and values are refused, at any depth."""
    with pytest.raises(ValidationError):
        KnowledgeSettings.model_validate(wrong)


def test_opening_reads_and_builds_nothing(place: Place, embedder: Any) -> None:
    """The indexes' place is in the workspace, and is made on first use only."""
    knowledge = open_knowledge(KnowledgeSettings(knowledge="../knowledge/*.md"), place, embedder=embedder)
    assert list(knowledge.documents) == ["notes.md"]
    assert len(knowledge.fingerprint) == 32
    assert embedder.embedded == []
    assert not (place.root / ".peel").exists()


@pytest.mark.rag
@pytest.mark.anyio
async def test_an_index_lies_in_the_workspace(place: Place, embedder: Any) -> None:
    """Under `.peel/knowledge`, by its fingerprint."""
    knowledge = open_knowledge(KnowledgeSettings(knowledge="../knowledge/*.md"), place, embedder=embedder)
    await knowledge.prepare()
    assert (place.root / ".peel/knowledge" / knowledge.fingerprint).is_dir()


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


CHECK = """
import sys
from pathlib import Path
{before}
from peel.knowledge import KnowledgeSettings, Place, check
root = Path(sys.argv[1])
{call}
print(sorted(set(sys.modules) & {{"chromadb", "torch", "pypdf", "sentence_transformers", "markdown_it", "sqlalchemy"}}))
"""
CALL = 'check(KnowledgeSettings(knowledge="../knowledge/*.pdf"), Place("manuals", root / "scenarios", root))'


def test_the_check_imports_nothing_heavy(place: Place) -> None:
    """`peel check` stays quick."""
    done = run(CHECK.format(before="", call=CALL), str(place.root))
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("package", ["chromadb", "pypdf"])
def test_a_missing_extra_is_named_with_what_needs_it(place: Place, package: str) -> None:
    """Where a package of the extra is not installed, the check says what to install."""
    hide = f"""
from importlib.machinery import PathFinder
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name == {package!r} else PathFinder.find_spec(name, path, target)
sys.meta_path = [Finder if finder is PathFinder else finder for finder in sys.meta_path]
"""
    done = run(CHECK.format(before=hide, call=CALL), str(place.root))
    assert (
        "MissingExtra: the knowledge input 'manuals' needs the extra 'rag': pip install 'peel-testbed[rag]'"
        in done.stderr
    )
