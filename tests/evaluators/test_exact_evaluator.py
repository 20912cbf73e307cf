"""The evaluator `exact`."""

from __future__ import annotations

import pytest

from peel.evaluators.exact import ExactEvaluator
from peel.records import Case


@pytest.mark.parametrize(
    ("expected", "output", "same"),
    [
        ("yes", "yes", True),
        ("yes", "Yes", False),
        ("yes", "yes ", False),
        ("", "", True),
        ("é", "e\u0301", False),
        (42, "42", True),
        (42, 42.0, True),
        ("42", 42, True),
        (42, "forty-two", False),
        (True, 1, False),
        (1, True, False),
        (True, "true", True),
        (True, "True", False),
        (None, None, True),
        (None, "", False),
        (None, "null", True),
        (0, None, False),
        ({"a": 1, "b": [1, 2]}, '{"b": [1, 2.0], "a": 1}', True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1, 2], [2, 1], False),
        ([1, 2], [1, 2, 3], False),
        ([], "[]", True),
        ([], {}, False),
        ("NaN", "NaN", True),
        (0, "NaN", False),
        ("{{ output }}", "{{ 7 * 7 }}", True),
    ],
)
def test_texts_and_json_values_are_equal_as_json_has_it(expected, output, same, scope, compiled, judged):
    """Every difference between texts counts; text against another value is read as JSON."""
    verdict = compiled(ExactEvaluator, scope(), expected=expected).evaluate(judged(output))
    assert verdict.value == (1.0 if same else 0.0)


@pytest.mark.parametrize(
    ("options", "expected", "output", "same"),
    [
        ({"ignore_case": True}, "Straße", "STRASSE", True),
        ({"ignore_space": True}, "a b", "  a \n\t b ", True),
        ({"ignore_space": True}, "ab", "a b", False),
        ({"ignore_punctuation": True}, "Hold it, then wait.", "Hold it then wait", True),
        ({"ignore_punctuation": True}, "3.5", "35", True),
        ({"unicode": "NFC"}, "é", "e\u0301", True),
        ({"unicode": "NFKC"}, "ﬁne", "fine", True),
        ({"unicode": "NFC"}, "ﬁne", "fine", False),
        ({"tolerance": 0.1}, 3.0, 3.05, True),
        ({"tolerance": 0.1}, 3.0, 3.2, False),
        ({"tolerance": 0.1}, "3", "3.05\n", True),
        ({"tolerance": 0.1}, "3 s", "3.05 s", False),
        ({"tolerance": 0.1}, "nan", "1", False),
        ({"tolerance": 1}, True, 1, False),
        ({"tolerance": 0.1}, {"t": [1.0]}, {"t": [1.01]}, True),
        ({"ignore_case": True, "ignore_space": True}, ["A b"], ["a  B "], True),
    ],
)
def test_differences_that_are_told_not_to_count_do_not(options, expected, output, same, scope, compiled, judged):
    """Normalisations reach into JSON values; tolerance holds for numbers, and for texts that are numbers."""
    verdict = compiled(ExactEvaluator, scope(), expected=expected, **options).evaluate(judged(output))
    assert verdict.value == (1.0 if same else 0.0)


def test_the_expected_answer_is_the_default(scope, compiled, judged):
    """Without `expected`, the case's expected answer is compared with."""
    evaluator = compiled(ExactEvaluator, scope(expected={"answer": "42"}))
    assert evaluator.evaluate(judged("42", expected={"answer": "42"})).value == 1.0


def test_the_reason_shows_both_where_they_part(scope, compiled, judged):
    """Long texts are shown from shortly before their first difference, and bounded."""
    same = "The reset button is on the back. " * 100
    verdict = compiled(ExactEvaluator, scope(), expected=same + "Hold it 3 s.").evaluate(judged(same + "Hold it 9 s."))
    assert "Hold it 3 s." in verdict.reason
    assert "Hold it 9 s." in verdict.reason
    assert len(verdict.reason) < 400
    short = compiled(ExactEvaluator, scope(), expected={"a": 1}).evaluate(judged(None))
    assert short.reason == 'expected {"a": 1}, found null'


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"expected": "{{ expected.anwser }}"}, ("expected",)),
        ({"expected": "{{ expected."}, ("expected",)),
        ({"tolerance": -1}, ("tolerance",)),
        ({"unicode": "UTF-8"}, ("unicode",)),
        ({"ignore_cases": True}, ("ignore_cases",)),
    ],
)
def test_wrong_settings_are_problems_at_their_path(settings, path, scope, problems):
    """A typing error in a name, a key or a value is found before anything runs."""
    assert path in problems(ExactEvaluator, scope(expected={"answer": "42"}), **settings)


def test_a_case_without_the_expected_key_is_named(scope, problems):
    """A case that lacks what the others have is found before anything runs."""
    cases = Case(id="full", expected={"answer": "42"}), Case(id="bare")
    found = problems(ExactEvaluator, scope(*cases))
    assert found[("expected",)].startswith("case 'bare': ")
