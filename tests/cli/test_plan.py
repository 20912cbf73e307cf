"""`peel plan`: how many cases and repetitions a question needs; and what a run says of itself before it starts."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def pilot(folder, server):
    """A run of two cases with three repetitions, of which some are right."""
    replies = iter(range(1000))
    server.reply = lambda request: "reset button, 3 seconds" if next(replies) % 3 else "no idea"
    folder.peel("run")
    return folder


def test_a_pilot_run_gives_a_plan_for_a_half_width_and_for_a_difference(pilot):
    """Both targets by default, in both scopes, with what they would cost."""
    done = pilot.peel("plan", "last", "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    (one,) = plan["evaluators"]
    assert (one["id"], one["n_cases"], one["n_scored"]) == ("core-terms", 2, 6)
    assert [(t["scope"], t["half_width"], t["difference"], t["power"]) for t in one["targets"]] == [
        ("cases-like-these", 0.05, None, None),
        ("these-cases", 0.05, None, None),
        ("cases-like-these", None, 0.1, 0.8),
        ("these-cases", None, 0.1, 0.8),
    ]
    assert one["cost_usd_per_execution"] == pytest.approx(40e-6)
    assert one["targets"][0]["rows"][0]["cases"]["safe"] > 2


def test_the_terminal_answers_in_plain_words_for_the_target_that_is_asked_for(pilot):
    """Only the difference, with its power."""
    done = pilot.peel("plan", "last", "--difference", "0.2", "--power", "0.9")
    assert done.returncode == 0, done.stderr
    assert "to detect a difference of 0.2 with a chance of 90%, for new cases like these" in done.stdout
    assert "to know the mean" not in done.stdout


def test_without_a_pilot_it_says_what_proves_a_pass_rate(empty_folder):
    """No run and no workspace needed: 29 in a row, or 223 of 239."""
    done = empty_folder.peel("plan", "--show-at-least", "0.9", "--truth", "0.95")
    assert done.returncode == 0, done.stderr
    assert "29 executions, if all of them pass" in done.stdout
    assert "239 executions, of which at least 223 must pass" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--half-width", "0.05"), "peel plan RUN"),
        (("--show-at-least", "0.9", "--truth", "0.8"), "--truth"),
        (("--show-at-least", "1"), "--show-at-least"),
        (("nowhere",), "no run 'nowhere'"),
        (("last", "--half-width", "2"), "--half-width"),
        (("last", "--evaluator", "core-tems"), "did you mean 'core-terms'"),
        (("last:colt",), "no scenario or variant 'colt'"),
    ],
)
def test_a_wrong_call_is_exit_code_2_with_a_sentence(pilot, arguments, said):
    """Nothing is printed but the sentence."""
    done = pilot.peel("plan", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_before_a_run_starts_it_says_what_it_can_show(folder, server):
    """One line on standard error, and nothing of it on standard output."""
    done = folder.peel("run", "--json")
    assert "with 2 cases and 3 repetitions you will see differences of about ±0.6" in done.stderr
    assert "you will see" not in done.stdout
