"""Comparing: two sides paired by case, the right numbers in the right scope, and nothing mixed that must not be."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from peel.errors import DefinitionError
from peel.estimates.case_changes import LONGEST_OUTPUT
from peel.estimates.comparing import compare
from peel.estimates.differences import Question
from peel.records import (
    Case,
    EvaluatorDefinition,
    Execution,
    Orchestration,
    Provenance,
    Run,
    Scenario,
    ScenarioVariant,
    Score,
    Selection,
    StepDefinition,
    Variant,
)
from peel.records.comparisons import Comparison, Difference, PairComparison
from peel.statistics.cases import group
from peel.statistics.comparison import compare_cases_like_these, compare_these_cases
from peel.store.reading import MISSING, PENDING, SCORED, UNSCORED, Columns, ScoreColumn

CODES = {"unscored": UNSCORED, "pending": PENDING, "missing": MISSING}
Values = Mapping[str, Sequence[Sequence[Any]]]
RULE = EvaluatorDefinition(id="core-terms", use="regex")
JUDGE = EvaluatorDefinition(id="meaning", use="semantic", settings={"judge": "judge"})
PEOPLE = EvaluatorDefinition(id="would-send", use="manual")
THESE, LIKE_THESE = Question(), Question(scope="cases-like-these")


class Stored:
    """A stored run without a store: scores by (scenario, variant), then evaluator, case and repetition."""

    def __init__(
        self,
        scores: Mapping[tuple[str, str], Values],
        *,
        run: str = "r1",
        evaluators: Sequence[EvaluatorDefinition] = (RULE,),
        cases: Sequence[Case] = (),
        output: str = "output {}",
        cost: float = 0.001,
        status: Any = "finished",
        models: Mapping[str, Any] | None = None,
    ) -> None:
        self._scores, self._output, self._cost = scores, output, cost
        first = next(iter(next(iter(scores.values())).values()))
        self._cases = tuple(cases) or tuple(Case(id=f"c{i}", inputs={"email": f"mail {i}"}) for i in range(len(first)))
        self._repetitions = max(len(one) for one in first)
        steps = (StepDefinition(id="answer", use="llm"),)
        self.run = Run(
            id=run,
            started=1.0,
            status=status,
            provenance=Provenance(
                peel="0", python="3", models=dict(models or {}), selection=Selection(scenarios=("a.yaml",))
            ),
            scenario_variants=tuple(
                ScenarioVariant(
                    scenario=Scenario(
                        scenario=scenario,
                        orchestration="o",
                        cases=(),
                        repetitions=self._repetitions,
                        evaluators=tuple(evaluators),
                    ),
                    variant=Variant(name=variant),
                    orchestration=Orchestration(orchestration="o", steps=steps, output="answer"),
                )
                for scenario, variant in scores
            ),
            cases={scenario: self._cases for scenario, _ in scores},
        )

    def columns(self, scenario: str, variant: str) -> Columns:
        """The columns of one part; `errored` in the first evaluator is an execution that errored."""
        place = list(self._scores).index((scenario, variant))
        values = self._scores[scenario, variant]
        first = next(iter(values.values()))
        rows = [(case, rep) for case, some in enumerate(first) for rep in range(len(some))]
        ok = np.array([first[case][rep] != "errored" for case, rep in rows], dtype=np.bool_)
        size = len(rows)
        return Columns(
            planned=size,
            number=np.arange(size, dtype=np.int64) + 1000 * place,
            case=np.array([case for case, _ in rows], dtype=np.int64),
            repetition=np.array([rep + 1 for _, rep in rows], dtype=np.int64),
            ok=ok,
            latency_s=np.linspace(1.0, 2.0, size) * (1 + place),
            tokens_in=np.full(size, 1.0),
            tokens_out=np.full(size, 1.0),
            cost_usd=np.full(size, self._cost),
            marks=np.zeros(size, dtype=np.uint8),
            scores={name: _column([some[case][rep] for case, rep in rows]) for name, some in values.items()},
            faults={},
        )

    def executions(self, numbers: Iterable[int]) -> Iterator[tuple[Execution, tuple[Score, ...]]]:
        """Executions with an output that names their number."""
        for number in numbers:
            output = self._output.format(number)
            yield (
                Execution(number=number, scenario="s", variant="v", case="c", repetition=1, status="ok", output=output),
                (),
            )


def _column(entries: Sequence[Any]) -> ScoreColumn:
    status = [SCORED if not isinstance(entry, str) else CODES.get(entry, MISSING) for entry in entries]
    value = [float("nan") if isinstance(entry, str) else float(entry) for entry in entries]
    return ScoreColumn(status=np.array(status, dtype=np.int8), value=np.array(value), reasons={})


def two(base: Values, candidate: Values, *, question: Question = THESE, **more: Any) -> Comparison:
    """Base and candidate as two variants of one run."""
    stored = Stored({("s", "base"): base, ("s", "cold"): candidate}, **more)
    return compare((stored, "base"), (stored, "cold"), question=question)


def only(comparison: Comparison) -> PairComparison:
    """The one pair."""
    (pair,) = comparison.pairs
    return pair


def core(comparison: Comparison) -> Difference:
    """The difference of the first evaluator of the one pair."""
    return only(comparison).differences[0]


GRADED = [[0.2, 0.4], [0.5, 0.5], [0.9, 0.7], [0.1, 0.0], [1.0, 0.8], [0.3, 0.6], [0.4, 0.2]]
HIGHER = [[min(1.0, value + 0.25) for value in case] for case in GRADED]


@pytest.mark.parametrize(("question", "method"), [(THESE, compare_these_cases), (LIKE_THESE, compare_cases_like_these)])
def test_a_difference_has_the_interval_and_words_of_its_scope(question, method):
    """The numbers are those of the statistics for the two sides' cases."""
    found = core(two({"core-terms": GRADED}, {"core-terms": HIGHER}, question=question))
    index = np.repeat(np.arange(7), 2)
    expected = method(group(index, np.ravel(GRADED)), group(index, np.ravel(HIGHER)), margin=0.05)
    assert (found.low, found.high) == (expected.interval.low, expected.interval.high)
    assert (found.low90, found.high90) == (expected.interval90.low, expected.interval90.high)
    assert (found.verdict, found.scope, found.margin) == (expected.verdict, question.scope, 0.05)
    assert found.difference == pytest.approx(float(np.mean(HIGHER) - np.mean(GRADED)))


def test_swapping_the_sides_mirrors_the_difference_its_interval_and_its_words():
    """What is better one way round is worse the other."""
    one = core(two({"core-terms": [[0, 0]] * 9}, {"core-terms": [[1, 1]] * 9}))
    other = core(two({"core-terms": [[1, 1]] * 9}, {"core-terms": [[0, 0]] * 9}))
    assert (one.verdict, other.verdict) == ("better", "worse")
    assert one.low == pytest.approx(-(other.high or 0))
    assert one.p == pytest.approx(other.p)


def test_cases_are_paired_by_id_in_whatever_order_they_stand():
    """Two runs hold the same three cases in opposite orders: nothing changed."""
    cases = [Case(id=name, inputs={"email": name}) for name in "abc"]
    base = Stored({("s", "base"): {"core-terms": [[1], [0], [0]]}}, cases=cases)
    candidate = Stored({("s", "base"): {"core-terms": [[0], [0], [1]]}}, cases=cases[::-1], run="r2")
    pair = only(compare((base, ""), (candidate, ""), question=THESE))
    assert pair.differences[0].difference == 0.0
    assert (pair.n_better, pair.n_worse, pair.n_unchanged) == (0, 0, 3)


def test_a_case_with_other_inputs_under_the_same_id_is_left_out_and_named():
    """Only the case whose inputs are the same is compared."""
    base = Stored({("s", "base"): {"core-terms": [[1], [1]]}})
    changed = [Case(id="c0", inputs={"email": "another"}), Case(id="c1", inputs={"email": "mail 1"})]
    candidate = Stored({("s", "base"): {"core-terms": [[0], [1]]}}, cases=changed, run="r2")
    pair = only(compare((base, ""), (candidate, ""), question=THESE))
    assert pair.cases.inputs_differ == ("c0",)
    assert pair.cases.n_common == 1
    assert pair.differences[0].difference == 0.0


def test_what_people_say_is_compared_with_what_people_say_and_is_in_no_overall():
    """The overall is the mean of the rule and the judge; would-send stands alone."""
    base = {"core-terms": [[0, 0]] * 6, "meaning": [[0.5, 0.5]] * 6, "would-send": [[1, 1]] * 6}
    candidate = {"core-terms": [[1, 1]] * 6, "meaning": [[0.5, 0.5]] * 6, "would-send": [[0, 0]] * 6}
    pair = only(two(base, candidate, evaluators=(RULE, JUDGE, PEOPLE)))
    assert [one.verdict for one in pair.differences] == ["better", pair.differences[1].verdict, "worse"]
    assert pair.overall is not None
    assert pair.overall.of == ("core-terms", "meaning")
    assert pair.overall.difference == pytest.approx(0.5)
    assert "people's scores" in pair.overall.note


def test_an_evaluator_that_people_answer_on_one_side_only_is_not_compared():
    """The same id, once a regex and once people: two things that are never subtracted."""
    base = Stored({("s", "base"): {"core-terms": [[1], [1]]}})
    people = EvaluatorDefinition(id="core-terms", use="manual")
    candidate = Stored({("s", "base"): {"core-terms": [[0], [0]]}}, evaluators=(people,), run="r2")
    pair = only(compare((base, ""), (candidate, ""), question=THESE))
    assert pair.differences == ()
    assert pair.overall is None
    assert any("people answer it on one side only" in note for note in pair.notes)


class Answered(Stored):
    """A stored run in which people answered what an evaluator of any kind had left to them."""

    def columns(self, scenario, variant):
        """The columns, with `meaning` people's."""
        columns = super().columns(scenario, variant)
        meaning = dataclasses.replace(columns.scores["meaning"], by_people=True)
        return dataclasses.replace(columns, scores={**columns.scores, "meaning": meaning})


def test_what_people_said_in_place_of_a_judge_is_not_compared_with_a_judge():
    """The same kind on both sides, and yet two things that are never subtracted or averaged."""
    scores = {("s", "base"): {"core-terms": [[1]] * 6, "meaning": [[1]] * 6}}
    judged, answered = Stored(scores, evaluators=(RULE, JUDGE)), Answered(scores, evaluators=(RULE, JUDGE), run="r2")
    pair = only(compare((judged, ""), (answered, ""), question=THESE))
    assert [one.id for one in pair.differences] == ["core-terms"]
    assert "meaning is not compared: people answer it on one side only" in pair.notes
    third = Answered(scores, evaluators=(RULE, JUDGE), run="r3")
    both = only(compare((third, ""), (answered, ""), question=THESE))
    assert [one.id for one in both.differences] == ["core-terms", "meaning"]
    assert both.overall is not None
    assert both.overall.of == ("core-terms",)


def test_another_model_behind_the_judge_is_said_and_keeps_the_evaluator_out_of_the_overall():
    """The definition is the same; the model that judges is not."""
    scores = {("s", "base"): {"meaning": [[0.5], [0.6]]}}
    base = Stored(scores, evaluators=(JUDGE,), models={"judge": {"model": "small"}})
    candidate = Stored(scores, evaluators=(JUDGE,), models={"judge": {"model": "large"}}, run="r2")
    pair = only(compare((base, ""), (candidate, ""), question=THESE))
    assert "another model judges (small, then large)" in pair.differences[0].note
    assert pair.overall is None


def test_errors_and_missing_scores_are_counted_and_never_zeros():
    """One execution errored and one is unscored: the case's mean is of those that are left."""
    base = {"core-terms": [[1, 1], [1, 1]]}
    candidate = {"core-terms": [[1, "errored"], ["unscored", 1]]}
    pair = only(two(base, candidate))
    (found,) = pair.differences
    assert found.difference == 0.0
    assert (found.candidate.n_used, found.candidate.n_unscored, found.candidate.n_executions) == (2, 1, 3)
    assert (pair.candidate.planned, pair.candidate.completed, pair.candidate.errored) == (4, 3, 1)
    assert any("1 of 4 executions of the candidate errored" in note for note in pair.notes)
    assert next(one for one in pair.measures if one.measure == "error_rate").difference == pytest.approx(0.25)


def test_a_case_without_a_score_on_one_side_is_in_neither_mean():
    """The hard case errored in the candidate: the base does not pay for having answered it."""
    found = core(two({"core-terms": [[1], [0]]}, {"core-terms": [[1], ["errored"]]}))
    assert (found.base.value, found.candidate.value, found.n_cases) == (1.0, 1.0, 1)
    assert "1 cases have a score on one side only" in found.note


@pytest.mark.parametrize("question", [THESE, LIKE_THESE])
@pytest.mark.parametrize("entry", ["unscored", "pending", "errored"])
def test_without_any_score_there_is_no_number_but_a_sentence(question, entry):
    """Nothing to subtract: no 0, no verdict beyond no evidence."""
    found = core(two({"core-terms": [[entry]]}, {"core-terms": [[1]]}, question=question))
    assert (found.difference, found.low, found.p, found.verdict) == (None, None, None, "no evidence either way")
    assert "no case has a score on both sides" in found.note


@pytest.mark.parametrize("question", [THESE, LIKE_THESE])
@pytest.mark.parametrize("values", [[[1]], [[0]], [[1, 1]] * 3, [[0.5, 0.5]] * 8])
def test_constant_scores_give_no_interval_without_width(question, values):
    """Equal on both sides, one case or eight: unknown or wide, never a point."""
    found = core(two({"core-terms": values}, {"core-terms": values}, question=question))
    assert found.difference == 0.0
    assert found.low is None or (found.high is not None and found.low < 0 < found.high)


def test_no_evidence_says_about_how_many_executions_would_give_some():
    """Few noisy executions: the number needed is larger than what there is."""
    found = core(two({"core-terms": [[0, 1], [1, 0]]}, {"core-terms": [[1, 0], [0, 1]]}))
    assert found.verdict == "no evidence either way"
    assert found.needed is not None
    assert found.needed > 8


def test_p_values_of_one_table_are_adjusted_together():
    """Benjamini and Hochberg: the adjusted ones are never smaller, and the overall is not among them."""
    base = {"core-terms": [[0, 0]] * 8, "meaning": [[0.2, 0.8]] * 8}
    candidate = {"core-terms": [[1, 1]] * 8, "meaning": [[0.3, 0.8]] * 8}
    pair = only(two(base, candidate, evaluators=(RULE, JUDGE)))
    first, second = pair.differences
    assert first.p_adjusted == pytest.approx(2 * (first.p or 0))
    assert second.p_adjusted == pytest.approx(second.p)
    assert pair.overall is not None
    assert pair.overall.p_adjusted is None


def four_parts(scenarios: Sequence[str], question: Question) -> Comparison:
    """Two runs with a pair in each of two scenarios."""
    values = {(name, "base"): {"core-terms": GRADED} for name in scenarios}
    higher = {(name, "base"): {"core-terms": HIGHER} for name in scenarios}
    return compare((Stored(values), ""), (Stored(higher, run="r2"), ""), question=question)


def test_several_pairs_get_an_overall_that_is_narrower_than_each_where_they_are_independent():
    """Square-and-add over two pairs of exactly these cases: the width shrinks by the root of two."""
    found = four_parts(("one", "two"), THESE)
    part = found.pairs[0].overall
    assert found.overall is not None
    assert part is not None
    assert found.overall.difference == pytest.approx(part.difference)
    width, each = (found.overall.high or 0) - (found.overall.low or 0), (part.high or 0) - (part.low or 0)
    assert width == pytest.approx(each / 2**0.5)


def test_pairs_that_share_their_cases_make_no_claim_about_new_cases_sharper():
    """The same cases twice are not twice as many cases: half-widths are averaged."""
    found = four_parts(("one", "two"), LIKE_THESE)
    part = found.pairs[0].overall
    assert found.overall is not None
    assert part is not None
    assert (found.overall.low, found.overall.high) == pytest.approx((part.low, part.high))
    assert "share cases" in found.overall.note


def test_unknown_cost_is_unknown_and_no_price_is_said_so():
    """An execution without a known price: no difference; nothing priced: 0 and the sentence."""
    values: Values = {"core-terms": [[1, 0], [0, 1]]}
    unknown = only(two(values, values, cost=float("nan"))).measures[0]
    assert (unknown.base, unknown.difference, unknown.ratio) == (None, None, None)
    assert "unknown" in unknown.note
    free = only(two(values, values, cost=0.0)).measures[0]
    assert (free.difference, free.ratio, free.note) == (0.0, None, "nothing used has a price")


@pytest.mark.parametrize("question", [THESE, LIKE_THESE])
def test_latency_differs_in_seconds_and_as_a_ratio_with_intervals(question):
    """The candidate takes twice as long."""
    latency = only(two({"core-terms": GRADED}, {"core-terms": HIGHER}, question=question)).measures[1]
    assert latency.measure == "latency_s"
    assert latency.ratio == pytest.approx(2.0)
    assert latency.difference is not None
    assert latency.low is not None
    assert latency.high is not None
    assert latency.low < latency.difference < latency.high


def test_changed_cases_show_the_typical_execution_of_both_sides_and_the_worst_of_the_weaker():
    """Case c0 got worse: its mean 0.6 is nearest to 0.7, its worst execution has 0.1."""
    base = {"core-terms": [[1, 1, 1], [0.5, 0.5, 0.5]]}
    candidate = {"core-terms": [[1, 0.1, 0.7], [0.5, 0.5, 0.5]]}
    (case,) = only(two(base, candidate)).worse
    assert (case.case, case.base, case.candidate) == ("c0", 1.0, pytest.approx(0.6))
    assert [(one.kind, one.repetition, one.value) for one in case.candidate_executions] == [
        ("typical", 3, 0.7),
        ("worst", 2, 0.1),
    ]
    assert [(one.kind, one.output) for one in case.base_executions] == [("typical", "output 0")]
    assert case.evaluators == {"core-terms": (1.0, pytest.approx(0.6))}


def test_outputs_are_kept_up_to_a_length():
    """A model that talked on and on fills no report."""
    base, candidate = {"core-terms": [[1]]}, {"core-terms": [[0]]}
    (case,) = only(two(base, candidate, output="x" * 50_000)).worse
    assert len(case.base_executions[0].output) < LONGEST_OUTPUT + 50
    assert case.base_executions[0].output.endswith("more characters)")


@pytest.mark.parametrize(
    ("base", "candidate", "said"),
    [
        ("base", "base", "the same executions"),
        ("", "", "the same executions"),
        ("base", "hot", "no scenario or variant 'hot'"),
        ("base", "t/cold", "no scenario or variant 't/cold'"),
    ],
)
def test_what_cannot_be_paired_is_refused(base, candidate, said):
    """The message says what was named, and what there is."""
    values: Values = {"core-terms": [[1], [0]]}
    stored = Stored({("s", "base"): values, ("s", "cold"): values})
    with pytest.raises(DefinitionError, match=said):
        compare((stored, base), (stored, candidate), question=THESE)


@pytest.mark.parametrize("margin", [0.0, -0.1, 1.5, float("nan")])
def test_a_margin_out_of_range_is_refused(margin):
    """A margin is a difference in a score."""
    values: Values = {"core-terms": [[1], [0]]}
    with pytest.raises(DefinitionError, match="--margin"):
        two(values, values, question=Question(margin=margin))


def test_parts_without_a_partner_and_unfinished_runs_are_said():
    """The candidate has no variant cold, and was interrupted."""
    values: Values = {"core-terms": [[1], [0]]}
    base = Stored({("s", "base"): values, ("s", "cold"): values})
    candidate = Stored({("s", "base"): values}, run="r2", status="interrupted")
    notes = compare((base, ""), (candidate, ""), question=THESE).notes
    assert any("without a partner: r1:s/cold" in note for note in notes)
    assert any("not finished: interrupted" in note for note in notes)


def _with_drafts(*drafts: str, size: int = 9) -> list[Case]:
    return [Case(id=f"c{n}", inputs={"email": f"mail {n}"}, draft=f"c{n}" in drafts) for n in range(size)]


def test_drafts_decide_nothing_and_are_counted():
    """With two drafts that got much worse, all numbers are those of the other cases, and a note names the drafts."""
    base, worse = [[1, 1]] * 9, [*[[1, 1]] * 7, [0, 0], [0, 0]]
    alone = only(two({"core-terms": base[:7]}, {"core-terms": worse[:7]}))
    pair = only(two({"core-terms": base}, {"core-terms": worse}, cases=_with_drafts("c7", "c8")))
    assert pair.differences == alone.differences
    assert (pair.base.planned, pair.candidate.completed) == (alone.base.planned, alone.candidate.completed)
    assert (pair.n_better, pair.n_worse, pair.n_unchanged) == (0, 0, 7)
    assert pair.notes == ("2 draft cases are left out, since drafts decide nothing: c7, c8",)
    assert (pair.cases.n_common, pair.cases.drafts) == (7, ("c7", "c8"))
    assert alone.notes == ()


def test_a_draft_on_one_side_is_left_out():
    """What was a draft in the base, and is none any more, is in no difference and in no list of other cases."""
    base = Stored({("s", "base"): {"core-terms": [[1], [0]]}}, cases=_with_drafts("c1", size=2))
    candidate = Stored({("s", "base"): {"core-terms": [[1], [1]]}}, cases=_with_drafts(size=2), run="r2")
    pair = only(compare((base, ""), (candidate, ""), question=THESE))
    assert pair.differences[0].difference == 0.0
    assert pair.notes == ("1 draft case is left out, since drafts decide nothing: c1",)
    assert (pair.cases.only_base, pair.cases.only_candidate) == ((), ())


def test_drafts_alone_are_not_compared():
    """A sentence says why, and what to do."""
    with pytest.raises(DefinitionError) as refused:
        two({"core-terms": [[1]] * 3}, {"core-terms": [[0]] * 3}, cases=_with_drafts("c0", "c1", "c2", size=3))
    assert str(refused.value.problems[0].message) == (
        "BASE and CANDIDATE have no case but drafts, so nothing can be compared (3 draft cases are left out, since "
        "drafts decide nothing: c0, c1, c2); take `draft` out of what is ready, and run it"
    )
