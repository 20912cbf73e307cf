"""Production from end to end: a month that is quiet, then one with a drop and with a topic that nobody thought of.

Five thousand interactions come over HTTP to a server on PostgreSQL: with ratings that come early, twice or changed, and
with lines that are wrong. They are mapped with the real embedding model, reported, watched, and clustered; what is
discovered becomes a scenario that runs.
"""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from peel.records.feedback import FeedbackFilter, Tally
from peel.workspace import Workspace

pytestmark = pytest.mark.rag

START = 1_700_000_000.0
DAY_S = 86_400.0
DROP = 30
"""The day that the answers on moving became bad."""

PLACES = ("apartment", "house", "office", "flat", "studio", "student home")
DEVICES = ("AR83", "AR93", "AR94", "BD77")
WATCHES = ("smartwatch", "watch", "wearable", "sports watch")

SCENARIOS = {
    "moving": (
        "How do I reset my {device} router when I move to a different {place}?",
        "We move to another {place}; what do I do with the {device} router?",
        "Do I have to reset the {device} before I take it to the new {place}?",
        "The {device} does not connect in my new {place} after the move.",
        "Moving house: does the {device} router work in the new {place} at once?",
    ),
    "invoices": (
        "Why is my invoice for the {device} higher this month, {place} contract?",
        "The bill charges my {place} twice for the {device} router.",
        "I want a refund for the {device} fee on my last {place} invoice.",
        "Where can I download the invoice of my {place} with the {device}?",
        "The amount on the bill for the {device} in my {place} is wrong.",
    ),
}
NEW_TOPIC = (
    "Can I put a second SIM profile on my {watch}, number {number}?",
    "How do I activate the eSIM of my {watch}? Order {number}.",
    "The eSIM QR code for my {watch} is refused, order {number}.",
    "My {watch} with eSIM order {number} cannot make calls.",
)


@dataclass
class Sent:
    """What production sends, and what of it is right."""

    interactions: list[dict[str, Any]] = field(default_factory=list)
    ratings: list[dict[str, Any]] = field(default_factory=list)

    def until(self, day: float) -> Sent:
        """What was said before a day."""
        before = {one["id"] for one in self.interactions if one["at"] < START + day * DAY_S}
        return Sent(
            [one for one in self.interactions if one["id"] in before],
            [one for one in self.ratings if one["interaction"] in before],
        )

    def without(self, other: Sent) -> Sent:
        """What the other one has not."""
        there = {one["id"] for one in other.interactions}
        return Sent(
            [one for one in self.interactions if one["id"] not in there],
            [one for one in self.ratings if one["interaction"] not in there],
        )


def said(chance: random.Random, text: str) -> str:
    """A text with its gaps filled."""
    values = {"device": chance.choice(DEVICES), "place": chance.choice(PLACES), "watch": chance.choice(WATCHES)}
    return text.format(**values, number=chance.randrange(10_000, 99_999))


def stars(chance: random.Random, scenario: str, day: float) -> int:
    """How content a user is: as always, save on moving after the drop."""
    if scenario == "new":
        return chance.choice((1, 1, 2))
    if scenario == "moving" and day >= DROP:
        return chance.choices((1, 2, 3, 4, 5), (40, 20, 20, 10, 10))[0]
    return chance.choices((1, 2, 3, 4, 5), (8, 4, 8, 25, 55))[0]


def production() -> Sent:
    """Two months: 4,400 interactions that name their scenario, 400 that do not, 200 on a topic of no scenario."""
    chance, sent = random.Random(20), Sent()
    kinds = ["moving", "invoices"] * 2200 + ["unnamed"] * 400 + ["new"] * 200
    chance.shuffle(kinds)
    for number, kind in enumerate(kinds):
        # The topic is new: nobody asked about it in the first month.
        day = chance.uniform(DROP, 60) if kind == "new" else 60 * number / len(kinds)
        about = chance.choice(("moving", "invoices")) if kind == "unnamed" else kind
        text = said(chance, chance.choice(NEW_TOPIC if kind == "new" else SCENARIOS[about]))
        named = {} if kind in ("unnamed", "new") else {"scenario": kind}
        metadata = {"kind": kind, "about": about, "email": f"user{number}@example.com"}
        at = START + day * DAY_S
        sent.interactions.append(
            {
                "id": f"i{number}",
                "at": at,
                "input": text,
                "output": "Please see the manual.",
                **named,
                "metadata": metadata,
            }
        )
        if chance.random() < 0.5:
            rated = stars(chance, about, day)
            sent.ratings.append({"interaction": f"i{number}", "stars": rated, "at": at + 60})
    return sent


def lines(entries: Sequence[dict[str, Any]]) -> bytes:
    """Entries as JSON Lines."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in entries)


class Application:
    """The application in production: it hands in what was said, and sends it again where it is not sure."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def hand_in(self, what: str, entries: Sequence[dict[str, Any]]) -> dict[str, int]:
        """A batch; what became of it, summed up."""
        counts: dict[str, int] = {}
        for start in range(0, len(entries), 500):
            answer = self.post(what, lines(entries[start : start + 500]))
            assert answer.status_code == 202, answer.text
            for name, value in answer.json().items():
                if isinstance(value, int):
                    counts[name] = counts.get(name, 0) + value
        return counts

    def post(self, what: str, body: bytes) -> httpx.Response:
        """JSON Lines as they are."""
        return self._client.post(f"/api/{what}", content=body, headers={"content-type": "application/x-ndjson"})


ORCHESTRATION = """orchestration: reply
steps:
  - {id: answer, use: llm, prompt: [{user: "Answer {{ email }}"}]}
"""

SCENARIO = """scenario: NAME
orchestration: reply
cases: NAME.csv
repetitions: 1
evaluators:
  - {id: core-terms, use: regex, all: "{{ expected.terms }}"}
gates:
  - {evaluator: core-terms, at_least: 0.3}
"""

REDACTION = "feedback: {redact: [metadata.email]}\n"


@pytest.fixture
def root(tmp_path: Path, model: Any, postgres_server: Any) -> Path:
    """A workspace on PostgreSQL with two scenarios of ten cases."""
    folder, chance = tmp_path / "workspace", random.Random(5)
    (folder / "scenarios").mkdir(parents=True)
    (folder / "orchestrations").mkdir()
    models = f'models: {{default: {{base_url: "{model.url}", model: scripted}}}}\n'
    store = f'store: "{postgres_server.new_database()}"\n'
    (folder / "peel.yaml").write_text(models + store + REDACTION)
    (folder / "orchestrations" / "reply.yaml").write_text(ORCHESTRATION)
    for name, texts in SCENARIOS.items():
        (folder / "scenarios" / f"{name}.yaml").write_text(SCENARIO.replace("NAME", name))
        with (folder / "scenarios" / f"{name}.csv").open("w", newline="") as file:
            sheet = csv.writer(file)
            sheet.writerow(["id", "email", "expected.terms"])
            sheet.writerows([f"{name}-{at}", said(chance, texts[at % 5]), '["button"]'] for at in range(10))
    return folder


@pytest.fixture
def peel(root: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command in the workspace."""

    def called(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "peel.cli", *arguments]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=300)

    return called


def counted(sent: Sent, scenario: str) -> tuple[int, int, float]:
    """Of the interactions that name a scenario: how many, how many rated, and the sum of their last ratings."""
    ids = {one["id"] for one in sent.interactions if one.get("scenario") == scenario}
    last: dict[str, tuple[float, float]] = {}
    for rating in sent.ratings:
        if rating["interaction"] in ids:
            given = rating["at"], (rating["stars"] - 1) / 4
            last[rating["interaction"]] = max(given, last.get(rating["interaction"], given))
    return len(ids), len(last), sum(value for _, value in last.values())


def tallied(tally: Tally) -> tuple[int, int, float]:
    """The same of what is stored."""
    return tally.interactions, tally.rated, pytest.approx(tally.total)


def named(workspace: Workspace, scenario: str) -> Tally:
    """What is stored of the interactions that name a scenario."""
    return workspace.feedback.reader.tally(FeedbackFilter(scenario=(scenario,), mapping=("named",)))


def hand_in_the_quiet_month(application: Application, month: Sent) -> None:
    """Ratings that come first, a batch that comes twice, lines that are wrong, and users who change their minds."""
    early, later = month.ratings[:300], month.ratings[300:]
    assert application.hand_in("ratings", early) == {"new": 300, "changed": 0, "same": 0, "wrong": 0}
    total = len(month.interactions)
    first = application.hand_in("interactions", month.interactions)
    assert first == {"new": total, "changed": 0, "same": 0, "wrong": 0}
    again = application.hand_in("interactions", month.interactions[:500])
    assert again == {"new": 0, "changed": 0, "same": 500, "wrong": 0}
    application.hand_in("ratings", later)
    changed = [{**one, "stars": 6 - one["stars"], "at": one["at"] + 3600} for one in month.ratings[:100]]
    assert application.hand_in("ratings", changed)["new"] == 100
    month.ratings.extend(changed)
    broken = [b'{"interaction": "i1"}', b'{"interaction": "i1", "stars": 9}', b"no JSON", b'["i1"]']
    answer = application.post("ratings", b"\n".join([*broken, lines(later[:1])]))
    assert (answer.status_code, answer.json()["same"], answer.json()["wrong"]) == (202, 1, 4)
    assert [one["line"] for one in answer.json()["rejected"]] == [1, 2, 3, 4]


def test_two_months_of_production(
    live: Any, workspace: Workspace, peel: Any, password_hash: str, model: Any, root: Path
) -> None:
    """What was acknowledged is counted once; the drop is alarmed and the quiet month is not; the topic becomes a
    scenario that runs and decides no gate."""
    live.server.accounts.add("shop", "admin", password_hash=password_hash)
    token, _ = live.server.accounts.add_token("shop", "ingest")
    sent = production()
    quiet = sent.until(DROP)
    rest = sent.without(quiet)
    with httpx.Client(base_url=live.url, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
        application = Application(client)
        hand_in_the_quiet_month(application, quiet)
        for name in SCENARIOS:
            assert counted(quiet, name) == tallied(named(workspace, name))
        calm = peel("ratings", "report", "--json")
        assert (calm.returncode, json.loads(calm.stdout)["alarms"]) == (0, []), calm.stderr
        application.hand_in("interactions", rest.interactions)
        application.hand_in("ratings", rest.ratings)
    whole = Sent(quiet.interactions + rest.interactions, quiet.ratings + rest.ratings)
    for name in SCENARIOS:
        assert counted(whole, name) == tallied(named(workspace, name))
    alarmed(peel("ratings", "report", "--json"))
    mapped(peel, workspace)
    discovered(peel, workspace, model, root)


def alarmed(report: subprocess.CompletedProcess[str]) -> None:
    """A drop on moving after the day of the drop, and nothing else; exit code 1."""
    told = json.loads(report.stdout)
    drops = [one for one in told["alarms"] if one["direction"] == "drop"]
    assert report.returncode == 1, report.stderr
    assert {one["scenario"] for one in drops} == {"moving"}
    assert all(
        datetime.fromisoformat(one["at"]).timestamp() > START + DROP * DAY_S and one["after"] < one["before"]
        for one in drops
    )
    assert told["weakest"] == "moving"


def mapped(peel: Any, workspace: Workspace) -> None:
    """What names no scenario counts for the one it is about, and the topic of none for none."""
    done = peel("ratings", "map")
    assert done.returncode == 0, done.stderr
    reader = workspace.feedback.reader
    right = wrong = stray = 0
    assert reader.tally(FeedbackFilter(mapping=("waiting",))).interactions == 0
    for entry in reader.entries(FeedbackFilter(mapping=("meaning",))):
        about = entry.interaction.metadata["about"]
        right += entry.mapping.scenario == about
        stray += about == "new"
        wrong += about != "new" and entry.mapping.scenario != about
    assert (right > 320, wrong < 20, stray < 20) == (True, True, True), (right, wrong, stray)


def discovered(peel: Any, workspace: Workspace, model: Any, root: Path) -> None:
    """The topic is found, named, made a draft scenario, filled in, and run; its gate decides nothing."""
    model.reply = lambda request: '{"name": "eSIM on a smartwatch"}'
    found = json.loads(peel("ratings", "discover", "--json").stdout)
    new = [one for one in found["topics"] if {"esim", "watch"} & {word.lower() for word in one["terms"]}]
    assert sum(one["unmatched"] for one in new) > 120
    topic = max(new, key=lambda one: one["interactions"])
    assert (topic["name"], topic["named_by"]) == ("eSIM on a smartwatch", "model")
    drafted = peel("ratings", "draft", str(topic["key"]), "--name", "esim", "--like", "moving")
    assert drafted.returncode == 0, drafted.stderr
    assert "example.com" not in "".join(file.read_text() for file in (root / "scenarios").iterdir())
    model.reply = lambda request: "I do not know."
    run = peel("run", "--json", "scenarios/esim.yaml")
    told = json.loads(run.stdout)["scenarios"][0]
    assert (told["scenario"], told["errored"], told["completed"] > 0) == ("esim", 0, True), run.stderr
    assert run.returncode in (0, 3, 4), run.stderr
