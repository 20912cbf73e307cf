"""`${NAME}` in the texts of definitions."""

from peel.environment import filled, lacking, names_variable


def test_variables_are_written_with_braces():
    """A bare `$NAME` is text; what a variable holds is not filled in again."""
    assert filled("$A ${A}/${ B }", {"A": "${B}", "B": "b"}) == "$A ${B}/b"
    assert names_variable("a ${B}")
    assert not names_variable("$B and {B}")


def test_a_variable_that_is_not_set_or_empty_is_lacking():
    """Each is told once, in the order of the text; a name that can be no variable's is lacking too."""
    assert lacking("${A} ${B} ${A} ${C} ${D}", {"B": "", "D": "d"}) == {"A": "not set", "B": "empty", "C": "not set"}
    assert lacking("${A-B}", {}) == {"A-B": "not set"}
