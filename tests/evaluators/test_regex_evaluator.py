"""The evaluator `regex`."""

from __future__ import annotations

import asyncio

import pytest

from peel.evaluators.regex import LARGEST_TEXT, RegexEvaluator
from peel.evaluators.scoring import score
from peel.records import Case

EMAIL = "Please hold the Reset button for 3 seconds."
RUNAWAY = "(?:(?:a|b|ab)+)+(?:(?:a|b|ab)+)+$"


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({"all": "3 seconds"}, 1),
        ({"all": ["Reset button", r"\d+ seconds"]}, 1),
        ({"all": ["Reset button", "10 seconds"]}, 0),
        ({"all": "reset button"}, 0),
        ({"all": "reset button", "ignore_case": True}, 1),
        ({"any": ["10 seconds", "3 seconds"]}, 1),
        ({"any": ["10 seconds", "30 seconds"]}, 0),
        ({"none": "warranty"}, 1),
        ({"none": ["warranty", "button"]}, 0),
        ({"all": "hold", "any": ["3", "4"], "none": "warranty"}, 1),
        ({"all": 3}, 1),
        ({"all": "^Please"}, 1),
        ({"all": "^hold"}, 0),
        ({"all": [], "none": "warranty"}, 1),
    ],
)
def test_it_is_1_where_all_that_is_asked_for_holds(settings, value, scope, compiled, judged):
    """Patterns are found anywhere in the output, with upper and lower case told apart unless said otherwise."""
    assert compiled(RegexEvaluator, scope(), **settings).evaluate(judged(EMAIL)).value == value


def test_the_reason_names_what_is_missing_and_what_is_forbidden(scope, compiled, judged):
    """Details keep the patterns, the reason tells them."""
    evaluator = compiled(RegexEvaluator, scope(), all=["hold", "10 s"], any=["x1", "x2"], none=["button"])
    verdict = evaluator.evaluate(judged(EMAIL))
    assert verdict.reason == "missing '10 s'; none of 'x1', 'x2'; forbidden 'button'"
    assert verdict.details == {"missing": ["10 s"], "none_of": ["x1", "x2"], "forbidden": ["button"]}


def test_patterns_come_from_the_case(scope, compiled, judged):
    """A template may give a list, and templates may stand in a list."""
    expected = {"terms": ["Reset button", "3 seconds"], "device": "AR83"}
    whole = compiled(RegexEvaluator, scope(expected=expected), all="{{ expected.terms }}")
    assert whole.evaluate(judged(EMAIL, expected=expected)).value == 1
    listed = compiled(RegexEvaluator, scope(expected=expected), all=["hold", "{{ expected.device }}"])
    assert listed.evaluate(judged(EMAIL, expected=expected)).reason == "missing 'AR83'"


def test_the_output_is_never_a_template(scope, compiled, judged):
    """Braces in an output or in expected terms are looked for as they are."""
    expected = {"terms": [r"\{\{ 7 \* 7 }}"]}
    evaluator = compiled(RegexEvaluator, scope(expected=expected), all="{{ expected.terms }}")
    assert evaluator.evaluate(judged("{{ 7 * 7 }}", expected=expected)).value == 1
    assert evaluator.evaluate(judged("49", expected=expected)).value == 0


@pytest.mark.parametrize("terms", [[], None, ""])
def test_a_case_that_asks_for_nothing_gets_no_score(terms, scope, compiled, judged):
    """No patterns at all is neither right nor wrong."""
    cases = Case(id="c1", expected={"terms": ["a"]}), Case(id="c2", expected={"terms": terms})
    evaluator = compiled(RegexEvaluator, scope(*cases), all="{{ expected.terms }}")
    assert evaluator.evaluate(judged("text", expected={"terms": terms})) is None


def test_other_outputs_than_text_are_searched_as_json(scope, compiled, judged):
    """A JSON value is searched in the text that a template would print."""
    assert compiled(RegexEvaluator, scope(), all='"device": "AR83"').evaluate(judged({"device": "AR83"})).value == 1


def test_a_pattern_that_runs_away_is_cut_off(scope, compiled, judged):
    """The execution is unscored with the pattern named; the search does not go on in the event loop."""
    evaluator = compiled(RegexEvaluator, scope(), all=["a", RUNAWAY])
    got = asyncio.run(score("e1", evaluator, judged("ab" * 200 + "!"), execution=0, at=0))
    assert got.status == "unscored"
    assert "cut off after 1 s" in got.reason
    assert RUNAWAY[:20] in got.reason


def test_a_huge_output_is_not_searched(scope, compiled, judged):
    """Beyond the bound the score is not made, rather than made from a part."""
    evaluator = compiled(RegexEvaluator, scope(), none="x")
    got = asyncio.run(score("e1", evaluator, judged("y" * (LARGEST_TEXT + 1)), execution=0, at=0))
    assert (got.status, got.value) == ("unscored", None)
    assert str(LARGEST_TEXT) in got.reason


@pytest.mark.parametrize(
    ("settings", "path", "message"),
    [
        ({"all": "("}, ("all",), "'(' is no regular expression: missing )"),
        ({"all": ["fine", "[z-a]"]}, ("all", 1), "is no regular expression"),
        ({"any": True}, ("any",), "allowed is a text, a number or a list"),
        ({"none": [{"a": 1}]}, ("none", 0), "allowed is a text, a number or a list"),
        ({"all": "{{ expected.term }}"}, ("all",), "unknown name expected.term"),
        ({}, (), "all, any, none"),
        ({"all": "a" * 10_001}, ("all",), "more than 10000"),
        ({"al": "x"}, ("al",), "Extra inputs"),
    ],
)
def test_wrong_settings_are_problems_at_their_path(settings, path, message, scope, problems):
    """A pattern that cannot be compiled is found before anything runs."""
    assert message in problems(RegexEvaluator, scope(expected={"terms": ["a"]}), **settings)[path]


def test_patterns_of_every_case_are_checked_before_anything_runs(scope, problems):
    """The problem names the case; beyond a few, the rest is counted."""
    cases = [Case(id=f"c{n}", expected={"terms": ["ok" if n == 0 else "(" * n]}) for n in range(20)]
    made = scope(*cases)
    problems(RegexEvaluator, made, all="{{ expected.terms }}")
    messages = [message for _, message in made.problems]
    assert messages[0].startswith("case 'c1': the pattern '(' is no regular expression")
    assert len(messages) == 6
    assert messages[-1] == "and so in 14 more cases"


def test_patterns_that_depend_on_the_output_are_checked_when_it_is_there(scope, compiled, judged):
    """A pattern made from an output cannot be checked before; a bad one is unscored then."""
    evaluator = compiled(RegexEvaluator, scope(), all="{{ steps.question }}")
    got = asyncio.run(score("e1", evaluator, judged("x", steps={"question": "("}), execution=0, at=0))
    assert (got.status, got.value) == ("unscored", None)
    assert "no regular expression" in got.reason


@pytest.mark.parametrize(("pattern", "value"), [("3 seconds", 1), ("3 Seconds", 0), ("seconds.", 1), ("s.conds", 1)])
def test_plain_text_and_patterns_are_searched_alike(pattern, value, scope, compiled, judged):
    """A pattern without special characters needs no search engine; the others mean what they mean."""
    assert compiled(RegexEvaluator, scope(), all=pattern).evaluate(judged(EMAIL)).value == value
