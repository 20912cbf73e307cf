"""Files of interactions and ratings: good rows in, wrong ones next to the file with a reason, the same once more."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from peel.errors import FeedbackError
from peel.feedback.importing import import_file
from peel.feedback.intake import Feedback
from peel.records.feedback import Imported
from peel.store.store import Store

HEADER = "id,time,input,output,scenario,stars,comment,metadata.plan\n"
PROGRAM = "import sys; from peel.cli import main; sys.argv[0] = 'peel'; main()"


@pytest.fixture
def feedback(opened: Callable[..., Feedback]) -> Feedback:
    """An empty store's feedback, nothing redacted."""
    return opened()


@pytest.fixture
def take(feedback: Feedback, tmp_path: Path) -> Callable[..., Imported]:
    """Writes a file and imports it."""

    def taking(content: str | bytes, *, name: str = "file.csv", mapping: dict[str, str] | None = None) -> Imported:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return import_file(feedback, path, mapping=mapping or {})

    return taking


def rejected(tmp_path: Path, name: str = "file.csv") -> list[tuple[int, str]]:
    """The lines that were left out, with their reasons."""
    lines = (tmp_path / f"{name}.rejected.jsonl").read_text().splitlines()
    return [(one["line"], one["reason"]) for one in map(json.loads, lines)]


def counts(done: Imported) -> dict[str, int]:
    """What became of the rows, without the zeros."""
    return {name: count for name, count in done.added.model_dump().items() if count}


def test_a_sheet_holds_interactions_with_their_ratings(take: Any, feedback: Feedback) -> None:
    """A row is an interaction, and its rating where it has one; an empty cell is nothing."""
    done = take(
        HEADER
        + 'i1,2026-01-05T10:00:00Z,"How, then?","Hold it,\n3 seconds.",telco,5,good,gold\n'
        + "i2,1767607300,Why?,,,,,\n"
        + "\n"
    )
    assert counts(done) == {"new_interactions": 2, "new_ratings": 1}
    assert (done.rows, done.rejected, done.rejected_file) == (2, 0, None)
    found = feedback.reader.interaction("i1")
    assert found is not None
    one, rating = found.interaction, found.ratings[0]
    assert (one.input, one.output, one.scenario) == ("How, then?", "Hold it,\n3 seconds.", "telco")
    assert one.metadata == {"plan": "gold"}
    assert found.at == rating.at == datetime(2026, 1, 5, 10, tzinfo=UTC).timestamp()
    assert (rating.rating.original, rating.rating.comment) == (5, "good")
    other = feedback.reader.interaction("i2")
    assert other is not None
    assert (other.interaction.output, other.interaction.scenario, other.value) == (None, None, None)


def test_importing_again_changes_nothing(take: Any) -> None:
    """Also where the file itself holds rows twice, changed and back."""
    text = HEADER + "i1,1,a,,,5,,\ni1,1,b,,,5,,\ni1,1,a,,,2,,\ni2,,c,,,3,,\n"
    take(text)
    assert counts(take(text)) == {"same_interactions": 4, "same_ratings": 4}
    assert counts(take(text)) == {"same_interactions": 4, "same_ratings": 4}


def test_columns_are_mapped_to_fields(take: Any, feedback: Feedback) -> None:
    """By any name, with another separator and a mark at the beginning, as a spreadsheet saves it."""
    text = "\ufeffVorgang;Frage;Daumen;Kanal;Notiz\n17;Wie?;UP;mail;x\n"
    done = take(text, mapping={"Vorgang": "id", "Frage": "input", "Daumen": "thumbs", "Kanal": "channel", "Notiz": ""})
    assert counts(done) == {"new_interactions": 1, "new_ratings": 1}
    assert done.left_out == ()
    entry = feedback.reader.page().entries[0]
    assert (entry.interaction.id, entry.interaction.channel, entry.kind, entry.original) == (
        "17",
        "mail",
        "thumbs",
        "up",
    )


def test_ratings_may_have_a_file_of_their_own(take: Any, feedback: Feedback) -> None:
    """Before that of the interactions, too; without a column of its own, `id` is the interaction's."""
    take("interaction,id,smiley\ni1,r1,happy\n", name="first.csv")
    take('id,slider\ni2,"0,25"\n', name="second.csv")
    take("id,input\ni1,a\ni2,b\n", name="third.csv")
    values = {entry.interaction.id: entry.value for entry in feedback.reader.entries()}
    assert values == {"i1": 1.0, "i2": 0.25}
    found = feedback.reader.interaction("i1")
    assert found is not None
    assert found.ratings[0].rating.id == "r1"


def test_wrong_rows_are_left_out_with_their_reason(take: Any, feedback: Feedback, tmp_path: Path) -> None:
    """And the good ones are in; the line is where the row begins."""
    text = (
        HEADER
        + 'i1,1,"two\nlines",,,5,,\n'
        + "i2,1,a,,,9,,\n"
        + "i3,1,a,,,five,,\n"
        + ",1,a,,,5,,\n"
        + "i4,soon,a,,,5,,\n"
        + "i5,1,a\n"
        + "i6,1,a\x00b,,,5,,\n"
        + "i7,1,,,,,,\n"
        + "i8,4102444800,a,,,5,,\n"
        + "i9,1,=cmd|'/c calc'!A0,,,4,,\n"
    )
    done = take(text)
    assert (done.rows, done.rejected, counts(done)) == (10, 8, {"new_interactions": 2, "new_ratings": 2})
    assert done.rejected_file == str(tmp_path / "file.csv.rejected.jsonl")
    found = rejected(tmp_path)
    assert [line for line, _ in found] == [4, 5, 6, 7, 8, 9, 10, 11]
    for (_, reason), part in zip(
        found,
        [
            "'stars' must be a whole number from 1 to 5, not 9",
            "not 'five'",
            "the interaction has no 'id'",
            "'at' must be seconds since 1970",
            "it has 3 cells, but the header has 8",
            "'input' must be text",
            "it has neither an input nor a rating",
            "'at' must not be in the future",
        ],
        strict=True,
    ):
        assert part in reason
    assert {entry.interaction.id for entry in feedback.reader.entries()} == {"i1", "i9"}


def test_a_corrected_file_leaves_no_rejected_rows_behind(take: Any, tmp_path: Path) -> None:
    """What the file next to it says is of the last import."""
    take("id,stars\ni1,9\n")
    assert len(rejected(tmp_path)) == 1
    take("id,stars\ni1,4\n")
    assert not (tmp_path / "file.csv.rejected.jsonl").exists()
    assert not list(tmp_path.glob("*.part"))


def test_a_byte_that_is_no_text_spoils_its_row_only(take: Any, tmp_path: Path) -> None:
    """A file in another encoding is told row by row."""
    done = take(b"id,input\ni1,Gr\xfc\xdfe\ni2,plain\n")
    assert counts(done) == {"new_interactions": 1}
    assert "'input' must be text" in rejected(tmp_path)[0][1]


def test_a_cell_that_is_never_closed_ends_the_file(take: Any, tmp_path: Path) -> None:
    """What came before it is in; what follows cannot be told apart."""
    done = take('id,input\ni1,a\ni2,"b\ni3,c\n')
    assert counts(done) == {"new_interactions": 1}
    assert rejected(tmp_path) == [(3, "it cannot be read as CSV, nor can what follows: unexpected end of data")]


def test_a_line_without_end_is_not_held(take: Any, tmp_path: Path) -> None:
    """Of whichever kind the file is."""
    take("id,input\ni1,a\ni2," + "x" * 5_000_000 + "\n")
    assert "it cannot be read as CSV" in rejected(tmp_path)[0][1]
    done = take('{"id": "i3", "input": "' + "x" * 9_000_000 + '"}\n{"id": "i4", "input": "a"}\n', name="f.jsonl")
    assert rejected(tmp_path, "f.jsonl") == [(1, "the line is longer than 4,000,000 bytes")]
    assert counts(done) == {"new_interactions": 1}


def test_json_lines_hold_what_the_api_takes(take: Any, feedback: Feedback, tmp_path: Path) -> None:
    """Interactions, ratings and both in one, line by line."""
    lines: list[Any] = [
        {"id": "i1", "messages": [{"role": "user", "content": "How?"}], "metadata": {"a": [1, None]}, "user": "ann"},
        {"interaction": "i1", "stars": 2, "comment": "no", "id": "r1"},
        {"id": "i2", "input": "a", "thumbs": "up", "rated_at": "2026-01-02", "rating_id": "r2", "time": "2026-01-01"},
        {"id": "i3", "input": "a", "stars": "5"},
        {"id": 4, "input": "a", "stars": 1},
        ["i5"],
        "nonsense",
    ]
    text = (
        "\n".join(json.dumps(line) for line in lines) + '\n{"id": "i6", "input": \n\n{"id": "i7", "input": "\\u0000"}'
    )
    done = take(text, name="f.jsonl")
    assert counts(done) == {"new_interactions": 3, "new_ratings": 3}
    assert [line for line, _ in rejected(tmp_path, "f.jsonl")] == [4, 6, 7, 8, 10]
    found = feedback.reader.interaction("i2")
    assert found is not None
    assert (found.ratings[0].rating.id, found.ratings[0].at - found.at) == ("r2", 86400)
    assert feedback.reader.interaction("4") is not None


def test_columns_that_are_no_field_are_told(take: Any) -> None:
    """They are not taken, and neither is a name that no row has."""
    assert take("id,input,Sentiment\ni1,a,good\n").left_out == ("Sentiment",)
    done = take('{"id": "i1", "input": "a", "x": 1}\n', name="f.jsonl", mapping={"y": "channel"})
    assert (done.left_out, done.unseen) == (("x",), ("y",))


@pytest.mark.parametrize(
    ("name", "content", "mapping", "message"),
    [
        ("f.csv", "", {}, "the file is empty; its first row names the columns"),
        ("f.csv", "a\x00b,c\n", {}, "the first row holds a NUL byte"),
        ("f.csv", "input,stars\nx,5\n", {}, "no column holds the id of the interactions; name it: --map COLUMN=id"),
        ("f.csv", "id,channel\ni1,web\n", {}, "no column holds an input or a rating"),
        ("f.csv", "id,input\n", {"note": "stars"}, "--map note=…: there is no such column"),
        ("f.csv", "id,input\n", {"input": "star"}, "--map input=star: there is no field 'star'; did you mean 'stars'"),
        ("f.csv", "id,input,text\n", {"text": "input"}, "the columns 'input' and 'text' both hold 'input'"),
        ("f.csv", "id,time,at,input\n", {}, "the columns 'time' and 'at' both hold 'at'"),
        ("f.xlsx", "PK", {}, "a file of ratings ends with .csv, .tsv, .jsonl, .ndjson, .parquet, not .xlsx"),
        ("f.parquet", "PAR1 no", {}, "cannot be read as Parquet"),
    ],
)
def test_a_file_that_is_of_no_use_is_refused_as_a_whole(
    take: Any, feedback: Feedback, name: str, content: str, mapping: dict[str, str], message: str
) -> None:
    """With what to do; nothing of it is stored."""
    with pytest.raises(FeedbackError, match=message):
        take(content, name=name, mapping=mapping)
    assert feedback.reader.tally().interactions == 0


def test_a_file_that_is_not_there_is_a_sentence(feedback: Feedback, tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(FeedbackError, match=r"nowhere\.csv cannot be read: No such file"):
        import_file(feedback, tmp_path / "nowhere.csv", mapping={})


def test_parquet_brings_its_types(feedback: Feedback, tmp_path: Path) -> None:
    """Times, numbers, lists and nothing; a wrong row is left out as anywhere."""
    pytest.importorskip("pyarrow", reason="needs the extra `parquet`")
    import pyarrow
    import pyarrow.parquet

    moment = datetime(2026, 1, 5, 10, tzinfo=UTC)
    rows = [
        {"id": 1, "when": moment, "input": "a", "steps": [{"step": "s", "latency_s": 0.5}], "score": 0.25, "extra": 1},
        {"id": 2, "when": None, "input": "b", "steps": None, "score": None, "extra": 1},
        {"id": 3, "when": None, "input": "c", "steps": None, "score": 7.0, "extra": 1},
        {"id": 4, "when": None, "input": "d", "steps": [], "score": float("nan"), "extra": 1},
    ]
    path = tmp_path / "f.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=2)
    mapping = {"when": "at", "score": "slider"}
    done = import_file(feedback, path, mapping=mapping)
    assert (done.rows, counts(done), done.left_out) == (4, {"new_interactions": 3, "new_ratings": 1}, ("extra",))
    assert rejected(tmp_path, "f.parquet") == [(3, "'slider' must be a number from 0 to 1, not 7.0")]
    found = feedback.reader.interaction("1")
    assert found is not None
    assert (found.at, found.value, found.interaction.steps[0].latency_s) == (moment.timestamp(), 0.25, 0.5)
    assert counts(import_file(feedback, path, mapping=mapping)) == {"same_interactions": 3, "same_ratings": 1}


def test_an_import_that_was_killed_goes_on_when_it_is_called_again(
    store: Store, tmp_path: Path, feedback: Feedback
) -> None:
    """What was stored stays, the rest comes, and nothing is there twice."""
    (tmp_path / "scenarios").mkdir()
    total = 60_000
    with (tmp_path / "f.csv").open("w") as file:
        file.write("id,at,input,stars\n")
        file.writelines(f"i{number},{number},question {number},{number % 5 + 1}\n" for number in range(total))
    command = [sys.executable, "-c", PROGRAM, "ratings", "import", "f.csv"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        while not feedback.reader.page().entries and process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        process.send_signal(signal.SIGKILL)
    before = feedback.reader.tally()
    assert 0 < before.interactions < total
    assert before.rated == before.interactions
    done = import_file(feedback, tmp_path / "f.csv", mapping={})
    assert done.added.same_interactions == done.added.same_ratings == before.interactions
    after = feedback.reader.tally()
    assert (after.interactions, after.rated, after.mean) == (total, total, 0.5)
