"""`peel ratings discover` and `draft` as a whole: a planted topic is found, named, drafted, and runs."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from peel.cli import app

pytest.importorskip("sklearn", reason="clustering needs the extra `rag`")

WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa".split()  # noqa: SIM905  # sixteen quotes would not be read


@pytest.fixture
def peel(folder, monkeypatch):
    """The command in this process, where its start costs nothing: exit code, standard output and standard error."""
    monkeypatch.chdir(folder.root)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments):
        return CliRunner().invoke(app, arguments)

    return run


@pytest.fixture
def rated(folder, peel, embeddings):
    """A workspace with twelve low ratings on bills of twelve users, and a few on other things."""
    settings = f'  texts: {{base_url: "{embeddings.url}", model: words}}\nfeedback: {{embedding: texts}}\n'
    folder.write("peel.yaml", (folder.root / "peel.yaml").read_text() + settings)
    rows = [
        {"id": f"b{n}", "input": f"The bill is wrong {word}", "user": f"user{n}", "stars": 1 + n % 2}
        for n, word in enumerate(WORDS[:12])
    ]
    rows += [{"id": f"n{n}", "input": f"{word} light reset", "stars": 1} for n, word in enumerate(WORDS[12:])]
    rows += [{"id": "good", "input": "The router is fine", "stars": 5}]
    file = folder.write("rows.jsonl", "\n".join(map(json.dumps, rows)))
    assert peel("ratings", "import", str(file)).exit_code == 0
    return folder


def test_a_planted_topic_is_found_named_drafted_and_runs(rated, peel, server):
    """From low ratings to a scenario that `peel check` and `peel run` take; the topic remembers its draft."""
    server.reply = lambda request: '{"name": "Wrong bills"}' if "MESSAGE" in json.dumps(request) else "Sorry."
    done = peel("ratings", "discover", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["matching"], found["considered"], found["in_topics"], found["note"]) == (16, 16, 12, "")
    (topic,) = found["topics"]
    assert (topic["name"], topic["named_by"], topic["interactions"], topic["users"]) == ("Wrong bills", "model", 12, 12)
    assert topic["rating"]["value"] == pytest.approx(0.125)
    assert topic["rating"]["low"] < 0.125 < topic["rating"]["high"]
    assert topic["nearest"]["scenario"] == "support"
    assert all("user" not in one for one in topic["typical"])

    done = peel("ratings", "draft", str(topic["key"]), "--name", "bills")
    assert done.stdout == "wrote scenarios/bills.yaml; fill in what is expected, then `peel check`\n", done.stderr
    ran = peel("run", "scenarios/bills.yaml", "--json")
    assert ran.exit_code == 0, ran.stderr
    assert json.loads(ran.stdout)["scenarios"][0]["draft"] is True
    again = json.loads(peel("ratings", "discover", "--json").stdout)
    assert [(one["key"], one["draft"]) for one in again["topics"]] == [(topic["key"], "scenarios/bills.yaml")]


def test_interactions_become_cases_of_a_scenario(rated, peel, server):
    """Chosen ones are added as drafts, after which the scenario still runs with the verdict that it had."""
    server.reply = lambda request: "Sorry." if "bill" in json.dumps(request) else "the reset button, 3 seconds"
    done = peel("ratings", "draft", "--case", "b1", "--case", "b2", "--into", "support")
    assert done.exit_code == 0, done.stderr
    assert peel("check").exit_code == 0
    ran = peel("run", "--json")
    made = json.loads(ran.stdout)["scenarios"][0]
    assert (ran.exit_code, made["gates"][0]["verdict"], made["drafts"]["n_cases"]) == (0, "pass", 2)


def test_what_cannot_be_done_is_a_sentence(rated, peel, server):
    """Too little to look at, models that fail, numbers and names that there are not."""
    server.reply = lambda request: "no JSON"
    told = peel("ratings", "discover", "--min-size", "40").stdout
    assert "16 different texts in 16 interactions are too few: a topic has 40 or more" in told
    told = peel("ratings", "discover", "--low", "0").stdout
    assert "no interaction of the selection is unmatched or rated below 0" in told
    assert "17 interactions are not mapped yet: `peel ratings map`" in told
    told = peel("ratings", "discover").stdout
    assert "named by its terms: the model scripted gave no name that can be read" in told
    for arguments, sentence in {
        ("discover", "--model", "defualt"): "unknown model role 'defualt'; did you mean 'default'?",
        ("draft", "77", "--name", "x"): "there is no topic 77",
        ("draft", "--case", "nobody", "--into", "support"): "there is no interaction 'nobody' in the store",
        ("draft", "--case", "b1", "--into", "suport"): "there is no scenario 'suport'; did you mean 'support'?",
        ("draft", "1"): "say what to make",
    }.items():
        done = peel("ratings", *arguments)
        assert (done.exit_code, sentence in done.stderr) == (2, True), done.stderr
