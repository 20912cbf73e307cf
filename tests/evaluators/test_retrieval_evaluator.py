"""The evaluator `retrieval`, against numbers computed by hand."""

from __future__ import annotations

import asyncio
from math import log2

import pytest

from peel.evaluators.retrieval import RetrievalEvaluator
from peel.evaluators.scoring import score
from peel.records import Case


def passage(document="AR83.pdf", section=None, page=None):
    return {"id": "p", "text": "…", "document": document, "section": section, "page": page, "score": 0.5}


MOVING = {"document": "AR83.pdf", "section": "6.2"}
RESET = {"document": "AR83.pdf", "section": "4.1"}
P62, P621, P41 = (passage(section=s) for s in ("6.2 Moving to a different apartment", "6.2.1 Cables", "4.1 Reset"))
OTHER = passage("AR93.pdf", "6.2 Moving to a different apartment")


@pytest.mark.parametrize(
    ("relevant", "passages", "k", "recall", "precision", "mrr", "ndcg"),
    [
        ([MOVING], [P62], None, 1, 1, 1, 1),
        ([MOVING], [OTHER, P62], None, 1, 1 / 2, 1 / 2, 1 / log2(3)),
        ([MOVING], [OTHER, P62], 1, 0, 0, 0, 0),
        ([MOVING], [OTHER, P62], 5, 1, 1 / 5, 1 / 2, 1 / log2(3)),
        ([MOVING], [P62, P621, P62], None, 1, 1 / 3, 1, 1),
        ([MOVING, RESET], [P62, P62, P41], None, 1, 2 / 3, 1, (1 + 1 / 2) / (1 + 1 / log2(3))),
        ([MOVING, RESET], [P62, OTHER], None, 1 / 2, 1 / 2, 1, 1 / (1 + 1 / log2(3))),
        ([MOVING, RESET], [P62, P41], 1, 1 / 2, 1, 1, 1),
        ([MOVING, MOVING], [P62], None, 1, 1, 1, 1),
        ([MOVING], [], 3, 0, 0, 0, 0),
        ([MOVING], [], None, 0, None, 0, 0),
    ],
)
def test_all_four_measures(relevant, passages, k, recall, precision, mrr, ndcg, scope, compiled, judged):
    """Each relevant source counts once, however many passages come from it; precision is over k places."""
    evaluator = compiled(RetrievalEvaluator, scope(), relevant=relevant, k=k)
    verdict = evaluator.evaluate(judged(passages))
    assert verdict.value == pytest.approx(recall)
    expected = {"recall": recall, "precision": precision, "mrr": mrr, "ndcg": ndcg}
    assert {name: verdict.details[name] for name in expected} == pytest.approx(expected)
    assert verdict.details["k"] == (len(passages) if k is None else k)


@pytest.mark.parametrize(("measure", "value"), [("recall", 1), ("precision", 1 / 2), ("mrr", 1 / 2), ("ndcg", 0.6309)])
def test_the_measure_that_counts_can_be_chosen(measure, value, scope, compiled, judged):
    """The value is that of the measure; recall where none is named."""
    evaluator = compiled(RetrievalEvaluator, scope(), relevant=MOVING, measure=measure)
    assert evaluator.evaluate(judged([OTHER, P62])).value == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize(
    ("relevant", "found", "same"),
    [
        ("AR83.pdf", passage(), True),
        ("ar83.PDF", passage(), True),
        ("AR83", passage(), True),
        ("AR83", passage("AR83.en.pdf"), False),
        ("manuals/AR83.pdf", passage("/data/manuals/AR83.pdf"), True),
        ("AR83.pdf", passage("AR830.pdf"), False),
        ("AR83.md", passage(), False),
        ({"document": "AR83.pdf"}, passage(section="1 Any"), True),
        ({"document": "AR83.pdf", "section": "6.2"}, passage(section="6.2 Moving"), True),
        ({"document": "AR83.pdf", "section": "6.2"}, passage(section="6.2.1 Cables"), True),
        ({"document": "AR83.pdf", "section": "6.2."}, passage(section="6.2 Moving"), True),
        ({"document": "AR83.pdf", "section": 6.2}, passage(section="6.2 Moving"), True),
        ({"document": "AR83.pdf", "section": "6"}, passage(section="6.2 Moving"), True),
        ({"document": "AR83.pdf", "section": "6.2"}, passage(section="6.20 Other"), False),
        ({"document": "AR83.pdf", "section": "6.2"}, passage(section="6 Moving"), False),
        ({"document": "AR83.pdf", "section": "6.2"}, passage(section="16.2 Moving"), False),
        ({"document": "AR83.pdf", "section": "6.2"}, passage(section=None), False),
        ({"document": "AR83.pdf", "section": "6.2"}, passage(section="Moving"), False),
        ({"document": "AR83.pdf", "section": "Section 6.2"}, passage(section="6.2 Moving"), True),
        ({"document": "AR83.pdf", "section": "A.1"}, passage(section="A.1 LED states"), True),
        ({"document": "AR83.pdf", "section": "moving  HOUSE"}, passage(section="6.2 Moving house"), True),
        ({"document": "AR83.pdf", "section": "6.2 Moving house"}, passage(section="Moving house"), True),
        ({"document": "AR83.pdf", "section": "Moving"}, passage(section="6.2 Moving house"), False),
        ({"document": "AR83.pdf", "section": "6.2"}, passage("AR93.pdf", section="6.2 Moving"), False),
        ({"document": "AR83.pdf", "page": 7}, passage(page=7), True),
        ({"document": "AR83.pdf", "page": "7"}, passage(page=7), True),
        ({"document": "AR83.pdf", "page": 7}, passage(page=8), False),
        ({"document": "AR83.pdf", "page": 7}, passage(), False),
        ({"document": "AR83.pdf", "section": "", "page": None}, passage(), True),
    ],
)
def test_whether_a_passage_comes_from_a_source(relevant, found, same, scope, compiled, judged):
    """Documents by file name, sections by number with all inside them or else by title, pages where they are named."""
    verdict = compiled(RetrievalEvaluator, scope(), relevant=relevant).evaluate(judged([found]))
    assert verdict.value == (1.0 if same else 0.0)


def test_the_reason_says_what_was_found_where(scope, compiled, judged):
    """Each source with its rank, or as missing."""
    evaluator = compiled(RetrievalEvaluator, scope(), relevant=[MOVING, RESET])
    reason = evaluator.evaluate(judged([OTHER, P62])).reason
    assert reason == "recall 0.5 of 2 passages: AR83.pdf 6.2 at rank 2; AR83.pdf 4.1 missing"


@pytest.mark.parametrize("source", [[], None, ""])
def test_a_case_that_names_no_source_gets_no_score(source, scope, compiled, judged):
    """An off-topic question has nothing to find: neither right nor wrong."""
    cases = Case(id="c1", expected={"source": MOVING}), Case(id="off-topic", expected={"source": source})
    evaluator = compiled(RetrievalEvaluator, scope(*cases))
    assert evaluator.evaluate(judged([P62], expected={"source": source})) is None


@pytest.mark.parametrize("output", ["text", None, {"document": "AR83.pdf"}, ["AR83.pdf"], [{"text": "x"}], [P62, 3]])
def test_an_output_that_is_no_list_of_passages_is_unscored(output, scope, compiled, judged):
    """Another output is a mistake in the scenario, not a bad retrieval."""
    evaluator = compiled(RetrievalEvaluator, scope(), relevant=MOVING)
    got = asyncio.run(score("e1", evaluator, judged(output), execution=0, at=0))
    assert (got.status, got.value) == ("unscored", None)


def test_the_precision_of_nothing_is_not_defined(scope, compiled, judged):
    """Without passages and without k there is nothing to divide by: unscored, not 0."""
    evaluator = compiled(RetrievalEvaluator, scope(), relevant=MOVING, measure="precision")
    got = asyncio.run(score("e1", evaluator, judged([]), execution=0, at=0))
    assert (got.status, got.value) == ("unscored", None)


@pytest.mark.parametrize(
    ("settings", "path", "message"),
    [
        ({"relevant": {"section": "6.2"}}, ("relevant",), 'case \'c1\': {"section": "6.2"} names no document'),
        ({"relevant": {"document": "a", "chapter": 1}}, ("relevant",), "unknown key 'chapter'"),
        ({"relevant": [3]}, ("relevant",), "3 is no source"),
        ({"relevant": {"document": "a", "page": "ii"}}, ("relevant",), "no whole number"),
        ({"relevant": "{{ expected.source }}"}, ("relevant",), "case 'c1': 3 is no source"),
        ({"relevant": []}, ("relevant",), "no case of the scenario names a relevant source"),
        ({"measure": "f1"}, ("measure",), "'recall', 'precision', 'mrr' or 'ndcg'"),
        ({"k": 0}, ("k",), "greater than or equal to 1"),
    ],
)
def test_wrong_settings_and_wrong_cases_are_problems(settings, path, message, scope, problems):
    """What cannot be a source is found before anything runs, with the case that holds it."""
    assert message in problems(RetrievalEvaluator, scope(expected={"source": [3]}), **settings)[path]
