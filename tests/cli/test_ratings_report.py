"""`peel ratings report`: the real command on an imported file."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from peel.cli import app

DAY = 86400
FIRST = 20_454 * DAY
"""2026-01-01, UTC."""
USUAL, BAD = (10, 5, 10, 20, 55), (45, 20, 10, 10, 15)


def ratings(*, drop_behind: int, n: int = 1200) -> str:
    """CSV of interactions, two scenarios in turn, one of four not rated; router's ratings drop behind one of them."""
    chance = random.Random(4)
    text = io.StringIO()
    sheet = csv.writer(text)
    sheet.writerow(["id", "at", "input", "stars", "scenario", "app_version", "channel"])
    for number in range(n):
        is_router = number % 2 == 0
        law = BAD if is_router and number > drop_behind else USUAL
        stars = chance.choices((1, 2, 3, 4, 5), law)[0] if number % 4 != 3 else ""
        scenario, version = "router" if is_router else "billing", "1.0" if number < 600 else "1.1"
        sheet.writerow([f"i{number}", FIRST + number * 3600, "How?", stars, scenario, version, "mail"])
    return text.getvalue()


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a workspace without scenarios."""
    (tmp_path / "scenarios").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@dataclass
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def peel(workspace: Path) -> Callable[..., Done]:
    """Runs the command in the workspace, in this process: one of its own takes a second."""

    def run(*arguments: str, **environ: str) -> Done:
        done = CliRunner().invoke(app, arguments, env={"NO_COLOR": "1", "COLUMNS": "200", **environ})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


def take(peel: Any, workspace: Path, **given: int) -> None:
    """Import ratings."""
    (workspace / "r.csv").write_text(ratings(**given))
    assert peel("ratings", "import", "r.csv").returncode == 0


def test_a_planted_drop_is_the_exit_code_until_somebody_saw_it(peel: Any, workspace: Path) -> None:
    """What is applied comes first; the alarm names its scenario; who looks away from it gets 0."""
    take(peel, workspace, drop_behind=600)
    found = peel("ratings", "report")
    assert found.returncode == 1, found.stderr
    lines = found.stdout.splitlines()
    assert lines[0] == "selected: all interactions: 1,200 of 1,200 interactions"
    assert lines[1].startswith("✗ Ratings of router dropped: their mean is 0.")
    assert "rated                                   75% (900 of 1,200)" in found.stdout
    assert "Who rates is not everybody" in found.stdout
    assert peel("ratings", "report", "--scenario", "billing").returncode == 0
    assert peel("ratings", "report", "--until", "2026-01-10").returncode == 0
    assert peel("ratings", "report", "--acknowledge").returncode == 0
    seen = peel("ratings", "report")
    assert seen.returncode == 0
    assert "; acknowledged)" in seen.stdout


def test_a_quiet_month_is_no_alarm(peel: Any, workspace: Path) -> None:
    """Exit code 0, and nothing is said to have shifted."""
    take(peel, workspace, drop_behind=9999)
    found = peel("ratings", "report")
    assert (found.returncode, "✗" in found.stdout) == (0, False)


def test_the_json_has_every_number_with_its_counts(peel: Any, workspace: Path) -> None:
    """And nothing else on standard output; unknown is null."""
    take(peel, workspace, drop_behind=600)
    found = peel("ratings", "report", "--json", "--channel", "mail", "--by", "month", "--low", "0.5")
    made = json.loads(found.stdout)
    assert (made["schema"], made["selected"]["channel"], made["selected"]["since"]) == (1, ["mail"], None)
    assert made["limits"] == {
        "interactions": 1200,
        "first": "2026-01-01T00:00:00.000Z",
        "last": "2026-02-19T23:00:00.000Z",
    }
    overall = made["overall"]
    assert (overall["interactions"], overall["rated"], overall["share_rated"]) == (1200, 900, 0.75)
    assert overall["worst"] < overall["low"] < overall["value"] < overall["high"] < overall["best"]
    assert overall["below"]["threshold"] == 0.5
    assert [one["name"] for one in made["by_scenario"]] == ["billing", "router"]
    assert [one["first"] for one in made["over_time"]] == ["2026-01-01", "2026-02-01"]
    assert (made["weakest"], made["unmatched_share"]) == ("router", 0)
    assert sum(made["histogram"]) == 900
    assert [(one["scenario"], one["direction"], one["acknowledged"]) for one in made["alarms"]] == [
        ("router", "drop", None)
    ]
    assert made["against"] == []


def test_a_format_is_written_to_a_file_and_the_same_each_time(peel: Any, workspace: Path) -> None:
    """Same store, same bytes."""
    take(peel, workspace, drop_behind=600, n=900)
    for name in ("a", "b"):
        done = peel("ratings", "report", "--format", "html", "-o", name)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"wrote {name}\n")
    assert (workspace / "a").read_bytes() == (workspace / "b").read_bytes()


def test_an_empty_selection_says_so_and_what_there_is(peel: Any, workspace: Path) -> None:
    """No 0 for what is not known; and an empty store says what to do."""
    nothing = peel("ratings", "report")
    assert nothing.returncode == 0
    assert "There are no interactions yet: `peel ratings import FILE` takes some" in nothing.stdout
    take(peel, workspace, drop_behind=9999, n=3)
    found = peel("ratings", "report", "--since", "2027-01-01")
    assert found.returncode == 0
    assert " ".join(found.stdout.split()) == (
        "selected: from 2027-01-01: 0 of 3 interactions Nothing matches. There are 3 interactions, the first of "
        "1 January 2026, 00:00 UTC, the last of 1 January 2026, 02:00 UTC."
    )
    made = json.loads(peel("ratings", "report", "--since", "2027-01-01", "--json").stdout)
    assert (made["overall"]["value"], made["over_time"], made["weakest"]) == (None, [], None)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--scenario", "rooter"), "--scenario: no interaction has 'rooter'; did you mean 'router'?"),
        (("--since", "soon"), "--since must be a day such as 2026-01-31"),
        (("--last", "7"), "--last must be hours, days or weeks such as 12h, 7d or 4w, not '7'"),
        (("--last", "7d", "--since", "2026-01-01"), "--last stands for itself"),
        (("--by", "year"), "--by must be day, week or month, not 'year'"),
        (("--format", "pdf"), "--format: unknown format 'pdf'"),
        (("--since", "2026-02-01", "--until", "2026-01-01"), "the time range is empty"),
    ],
)
def test_a_wrong_call_is_told_with_what_is_allowed(
    peel: Any, workspace: Path, arguments: tuple[str, ...], says: str
) -> None:
    """Exit code 2, and nothing on standard output."""
    take(peel, workspace, drop_behind=9999, n=4)
    found = peel("ratings", "report", *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert says in found.stderr


def test_peel_yaml_sets_the_alarms_and_a_webhook_that_fails_loses_nothing(peel: Any, workspace: Path) -> None:
    """Its secret is in no output; a value out of range is told with the line."""
    yaml = workspace / "peel.yaml"
    yaml.write_text('feedback:\n  alerts: {run_length: 500, baseline: 50, webhook: "${PEEL_WEBHOOK}"}\n')
    take(peel, workspace, drop_behind=600)
    found = peel("ratings", "report", "--json", PEEL_WEBHOOK="http://127.0.0.1:1/s3cr3t")
    assert found.returncode == 1
    assert "the webhook cannot be reached (ConnectError); the alarm is kept" in found.stderr
    assert "s3cr3t" not in found.stdout + found.stderr
    assert {(one["run_length"], one["n_before"], one["told"]) for one in json.loads(found.stdout)["alarms"]} == {
        (500, 50, None)
    }
    yaml.write_text("feedback:\n  alerts: {baseline: 5, webhook: https://example.com/s3cr3t, run: 1}\n")
    wrong = peel("ratings", "report")
    assert wrong.returncode == 2
    assert "peel.yaml:2: " in wrong.stderr
    assert "'baseline'" in wrong.stderr
    assert "a whole number from 20 to 10,000" in wrong.stderr
    assert "unknown key 'run'" in wrong.stderr
    assert "'webhook' is written out; a secret must come from the environment" in wrong.stderr
    assert "s3cr3t" not in wrong.stderr


def test_where_the_test_bed_says_good_and_users_say_bad_is_said_first(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real run of two cases that pass, and users who are not pleased; no run is known to be of their version."""
    assert folder.peel("run", "-n", "1").returncode == 0
    rows = [f"i{n},{FIRST + n * 60},How?,{1 if n % 10 else 5},support,{'1.1' if n < 150 else ''}" for n in range(300)]
    folder.write("r.csv", "\n".join(["id,at,input,stars,scenario,app_version", *rows]))
    monkeypatch.chdir(folder.root)
    runner = CliRunner(env={"NO_COLOR": "1", "COLUMNS": "200"})
    assert runner.invoke(app, ["ratings", "import", "r.csv"]).exit_code == 0
    shown = runner.invoke(app, ["ratings", "report"]).stdout.splitlines()
    assert shown[1].startswith("▼ Users find worse than the test bed does: support")
    assert "users 0.10 [0.0" in shown[1]
    assert "test bed 1.00 [0." in shown[1]
    against = json.loads(runner.invoke(app, ["ratings", "report", "--json"]).stdout)["against"]
    assert [(one["scenario"], one["version"], one["standing"]) for one in against] == [
        ("support", None, "users-worse"),
        ("support", "1.1", "users-worse"),
    ]
    for one in against:
        assert (one["test_bed"]["value"], one["test_bed"]["n_cases"], one["test_bed"]["version"]) == (1.0, 2, None)
        assert one["difference"] == pytest.approx(-0.9)
        assert one["low"] < -0.9 < one["high"] < 0
        assert one["production"]["rated"] == 150
