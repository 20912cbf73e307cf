"""`peel ratings`: the real command on a workspace on disk."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

CSV = "Nr,Frage,Note,Kunde\n1,How do I reset it?,5,ann@example.com\n2,Why is it red?,9,bob\n3,Again?,2,bob\n"
MAP = ("--map", "Nr=id", "--map", "Frage=input", "--map", "Note=stars")


@pytest.fixture
def workspace(empty_folder: Any) -> Path:
    """A workspace without scenarios."""
    root: Path = empty_folder.root
    (root / "scenarios").mkdir()
    return root


@pytest.fixture
def peel(empty_folder: Any) -> Any:
    """Runs the command in the workspace."""
    return empty_folder.peel


def test_an_import_says_what_it_did_and_may_be_repeated(peel: Any, workspace: Path) -> None:
    """Good rows in, the wrong one in a file next to it, exit code 3; the second time nothing is new."""
    (workspace / "r.csv").write_text(CSV)
    done = peel("ratings", "import", "r.csv", *MAP)
    assert (done.returncode, done.stdout) == (
        3,
        "r.csv: 2 interactions are new, 0 changed, 0 as they were; 2 ratings are new, 0 as they were\n",
    )
    assert "1 of 3 rows are wrong; r.csv.rejected.jsonl says why" in done.stderr
    assert "not taken, because they are no field: 'Kunde'; --map COLUMN=FIELD takes one" in done.stderr
    assert json.loads((workspace / "r.csv.rejected.jsonl").read_text()) == {
        "line": 3,
        "reason": "'stars' must be a whole number from 1 to 5, not 9",
        "row": {"Nr": "2", "Frage": "Why is it red?", "Note": "9", "Kunde": "bob"},
    }
    (workspace / "r.csv").write_text(CSV.replace(",9,", ",4,"))
    again = peel("ratings", "import", "r.csv", *MAP)
    assert (again.returncode, again.stdout) == (
        0,
        "r.csv: 1 interactions are new, 0 changed, 2 as they were; 1 ratings are new, 2 as they were\n",
    )


def test_users_are_hashed_and_forgotten_as_peel_yaml_says(peel: Any, workspace: Path) -> None:
    """No name reaches the store, and yet each user can be deleted by name."""
    (workspace / "peel.yaml").write_text("feedback: {hash: [user], retention_days: 365}\n")
    (workspace / "r.csv").write_text(CSV.replace(",9,", ",1,"))
    assert peel("ratings", "import", "r.csv", *MAP, "--map", "Kunde=user").returncode == 0
    files = b"".join(file.read_bytes() for file in (workspace / ".peel").iterdir())
    assert b"How do I reset it?" in files
    assert b"ann@example.com" not in files
    gone = peel("ratings", "forget", "--user", "bob")
    assert (gone.returncode, gone.stdout) == (0, "deleted 2 interactions and 2 ratings\n")
    assert peel("ratings", "expire").stdout == "deleted 0 interactions and 0 ratings\n"
    with closing(sqlite3.connect(workspace / ".peel" / "peel.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM interactions").fetchall()
        gone = peel("ratings", "expire", "--days", "0")
    assert gone.stdout == "deleted 1 interactions and 1 ratings\n"
    assert "ends with -wal may still hold what was deleted; run this again" in gone.stderr
    again = peel("ratings", "expire", "--days", "0")
    assert (again.stdout, again.stderr) == ("deleted 0 interactions and 0 ratings\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import", "r.csv"], "no column holds the id of the interactions; name it: --map COLUMN=id"),
        (["import", "r.csv", "--map", "Nr"], "--map 'Nr' names no column and field; write --map COLUMN=FIELD"),
        (["import", "r.csv", "--map", "Nr=id", "--map", "Nr=user"], "--map names the column 'Nr' twice"),
        (["import", "r.csv", "--map", "Nr=key"], "--map Nr=key: there is no field 'key'"),
        (["import", "nowhere.csv"], "nowhere.csv cannot be read: No such file or directory"),
        (["import", "r.txt"], "a file of ratings ends with .csv"),
        (["expire"], "nothing says how long interactions are kept; write `feedback: {retention_days: 365}`"),
    ],
)
def test_a_wrong_call_is_a_sentence_and_changes_nothing(
    peel: Any, workspace: Path, arguments: list[str], message: str
) -> None:
    """Exit code 2, no trace, nothing next to the file."""
    (workspace / "r.csv").write_text(CSV)
    done = peel("ratings", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert [file.name for file in workspace.glob("*.jsonl*")] == []


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{redact: [metadata]}", "'redact' of 'feedback' must be a list of fields: user, input, output, comment, or a"),
        ("{hash: [id]}", "'hash' of 'feedback' must be a list of fields"),
        ("{redact: user}", "'redact' of 'feedback' must be a list of fields"),
        ("{patterns: [iban]}", "'patterns' of 'feedback' must be a list of 'email' and 'phone'"),
        ("{retention_days: 0}", "'retention_days' of 'feedback' must be a number greater than 0"),
        ("{origins: ['*']}", "'origins' of 'feedback' must be a list of origins such as https://shop.example.com"),
        ("{redcat: [user]}", "unknown key 'redcat' in 'feedback'; did you mean 'redact'"),
        ("[user]", "'feedback' must be a mapping"),
    ],
)
def test_a_wrong_section_is_told_before_anything_is_stored(
    peel: Any, workspace: Path, section: str, message: str
) -> None:
    """A field that is misspelt would be stored as it is."""
    (workspace / "peel.yaml").write_text(f"feedback: {section}\n")
    (workspace / "r.csv").write_text(CSV)
    done = peel("ratings", "import", "r.csv", *MAP)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_written_out_key_is_refused_without_repeating_it(peel: Any, workspace: Path) -> None:
    """Secrets stand in the environment only."""
    (workspace / "peel.yaml").write_text("feedback: {hash: [user], hash_key: s3cret}\n")
    (workspace / "r.csv").write_text(CSV)
    done = peel("ratings", "import", "r.csv", *MAP)
    assert done.returncode == 2
    assert "'hash_key' of 'feedback' must be a variable of the environment" in done.stderr
    assert "s3cret" not in done.stderr
