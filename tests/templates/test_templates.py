"""Templates: strict about names, faithful to types, and deaf to what stands in values."""

from __future__ import annotations

from typing import Any

import pytest

from peel.records import Json
from peel.templates import LARGEST_TEXT, TemplateError, Templates, Unknown, as_text


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates()


@pytest.fixture
def rendered(templates: Templates) -> Any:
    """Renders a value in which nothing is wrong, with the given names."""

    def render(value: Json, **names: Any) -> Json:
        compiled, problems = templates.compile(value, dict.fromkeys(names))
        assert problems == []
        return compiled(names)

    return render


PASSAGE = {"id": "1", "text": "Hold it.", "document": "ar83.pdf", "section": "6.2 Moving", "page": 9, "score": 0.5}


@pytest.mark.parametrize(
    "value", ["plain", "", 3, 2.5, True, None, ["a", 1], {"a": {"b": [None]}}, "a } b { c", "${X}"]
)
def test_what_holds_no_template_stays_as_it_is(rendered: Any, value: Json) -> None:
    """Value and type."""
    assert rendered(value) == value


@pytest.mark.parametrize("value", [["a", "b"], {"k": 1}, 3, 2.5, True, None, "text", []])
def test_a_string_that_is_one_expression_keeps_the_type(rendered: Any, value: Any) -> None:
    """So that a list in a case is a list for an evaluator."""
    assert rendered("{{ x }}", x=value) == value
    assert rendered(" {{ x }}\n", x=value) == value
    assert rendered({"a": ["{{ x }}"]}, x=value) == {"a": [value]}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Dear {{ x }}", "Dear ['a']".replace("'", '"')),
        ("{{ y }}{{ y }}", "33"),
        ("{{ none }}!", "!"),
        ("{{ x[0] }} and {{ y + 1 }}", "a and 4"),
        ("{% for one in x %}<{{ one }}>{% endfor %}", "<a>"),
        ("{% if y > 2 %}many{% else %}few{% endif %}\n", "many\n"),
        ("{# a note #}x", "x"),
        ("{{ x | length }} {{ 'b' }}", "1 b"),
    ],
)
def test_every_other_string_renders_to_text(rendered: Any, template: str, text: str) -> None:
    """Lists as JSON, None as nothing, the last line end kept."""
    assert rendered(template, x=["a"], y=3, none=None) == text


def test_passages_print_numbered_under_their_source() -> None:
    """Document, section and page, as far as they are known."""
    text = as_text([PASSAGE, {"text": "Wait.", "document": "notes.md"}])
    assert text == "[1] ar83.pdf, 6.2 Moving, p. 9\nHold it.\n\n[2] notes.md\nWait."


def test_a_value_that_looks_like_a_template_is_printed_as_it_is(rendered: Any) -> None:
    """What a model wrote is never rendered, not even when it is put in twice."""
    hostile = "{{ 7 * 7 }}{% raw %}{{ x.__class__.__mro__ }}"
    assert rendered("{{ x }}", x=hostile) == hostile
    assert rendered("a {{ x }} b", x=hostile) == f"a {hostile} b"


@pytest.mark.parametrize(
    ("template", "unknown"),
    [
        ("{{ emial }}", Unknown("emial", "emial", ("email", "expected"))),
        ("{{ expected.trems }}", Unknown("expected.trems", "expected", ("source", "terms"))),
        ("{{ expected['trems'] }}", Unknown("expected.trems", "expected", ("source", "terms"))),
        ("{% if nothing %}{% endif %}", Unknown("nothing", "nothing", ("email", "expected"))),
        ("{{ range }}", Unknown("range", "range", ("email", "expected"))),
        ("{{ self }}", Unknown("self", "self", ("email", "expected"))),
    ],
)
def test_a_name_that_does_not_exist_is_found_when_compiling(
    templates: Templates, template: str, unknown: Unknown
) -> None:
    """With the names that do."""
    names = {"email": None, "expected": frozenset({"terms", "source"})}
    assert templates.compile({"a": [template]}, names)[1] == [(("a", 0), unknown)]


@pytest.mark.parametrize(
    "template",
    ["{{ email.anything }}", "{{ expected.terms }}", "{% for expected in email %}{{ expected.x }}{% endfor %}"],
)
def test_keys_that_are_unknown_to_the_compiler_are_left_to_the_rendering(templates: Templates, template: str) -> None:
    """No problem is made up about a value nobody has seen."""
    names = {"email": None, "expected": frozenset({"terms"})}
    assert templates.compile(template, names)[1] == []


def test_all_unknown_names_of_a_value_are_found_together(templates: Templates) -> None:
    """Each at its place."""
    found = templates.compile([{"user": "{{ a }} {{ b }}"}, "{{ c }}"], {})[1]
    assert [(path, what.name) for path, what in found if isinstance(what, Unknown)] == [
        ((0, "user"), "a"),
        ((0, "user"), "b"),
        ((1,), "c"),
    ]


@pytest.mark.parametrize(
    "template", ["{{ x", "{% if x %}", "{{ x | no_such_filter }}", "{% no %}", "{{ }}", "{{ x + }}"]
)
def test_a_template_that_cannot_be_read_is_a_sentence(templates: Templates, template: str) -> None:
    """Syntax errors and filters that do not exist are problems, not exceptions."""
    ((path, what),) = templates.compile(template, {"x": None})[1]
    assert path == ()
    assert isinstance(what, str)
    assert what.startswith("the template cannot be read: ")


@pytest.mark.parametrize(
    "template",
    ["{{ x.missing }}", "a {{ x.missing }}", "{{ x.a.b.c }}", "{{ 1 / 0 }}", "{{ x + 1 }} a", "{{ x['a'].b }}"],
)
def test_what_is_missing_in_a_value_is_an_error_and_not_empty_text(templates: Templates, template: str) -> None:
    """A prompt with a hole in it would be answered, and the answer judged."""
    render, _ = templates.compile(template, {"x": None})
    with pytest.raises(TemplateError, match="cannot be rendered"):
        render({"x": {"a": {}}})


@pytest.mark.parametrize(
    "template",
    [
        "{{ x.__class__ }}",
        "{{ x.__class__.__mro__[1].__subclasses__() }}",
        "a {{ x.append(2) }}",
        "{{ ''.join.__globals__ }}",
        "{{ x.__init__.__globals__['os'] }} b",
    ],
)
def test_the_sandbox_holds(templates: Templates, template: str) -> None:
    """A template reaches neither Python's insides nor changes a value."""
    render, _ = templates.compile(template, {"x": None})
    value = [1]
    with pytest.raises(TemplateError):
        render({"x": value})
    assert value == [1]


def test_a_text_beyond_all_measure_is_an_error(templates: Templates) -> None:
    """Rendering is bounded."""
    render, _ = templates.compile("{{ x }}{{ x }}", {"x": None})
    with pytest.raises(TemplateError, match=f"more than {LARGEST_TEXT}"):
        render({"x": "y" * (LARGEST_TEXT // 2 + 1)})


def test_long_templates_are_shown_in_short(templates: Templates) -> None:
    """A message stays a sentence."""
    render, _ = templates.compile("word " * 1_000 + "{{ x.a }}", {"x": None})
    with pytest.raises(TemplateError) as caught:
        render({"x": {}})
    assert len(str(caught.value)) < 200
