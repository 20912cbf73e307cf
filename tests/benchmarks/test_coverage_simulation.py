"""The simulation behind docs/statistics.md: its data are what they claim, and its tables judge rightly."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def simulation() -> Iterator[SimpleNamespace]:
    """The modules of the simulation; `benchmarks` is a folder of scripts, not a package."""
    names = ("comparing", "data", "figures", "judging", "new_cases", "planned", "stopping", "these_cases")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield SimpleNamespace(**{name: import_module(f"coverage_simulation.{name}") for name in names})


@pytest.mark.parametrize("scale", ["binary", "graded", "crowded"])
def test_simulated_runs_have_the_mean_and_the_icc_of_their_setting(simulation: SimpleNamespace, scale: str) -> None:
    """Else the truth that intervals are held against would not be the truth."""
    from peel.statistics.variance import components

    setting = simulation.data.Setting(4000, 5, 0.7, 0.3, scale)
    (cases,) = simulation.data.runs(setting, 1, simulation.data.generator("test", scale)).each()
    found = components(cases)
    assert cases.mean == pytest.approx(0.7, abs=0.02)
    assert found is not None
    assert found.icc == pytest.approx(0.3, abs=0.03)


def test_the_random_numbers_of_a_table_depend_on_its_name_alone(simulation: SimpleNamespace) -> None:
    """So two runs print the same bytes, whatever else is simulated."""
    draw = simulation.data.generator
    assert draw("a", 1).random() == draw("a", 1).random()
    assert draw("a", 1).random() != draw("a", 2).random()


def test_probabilities_say_the_same_as_the_intervals(simulation: SimpleNamespace) -> None:
    """The grid counts by the distribution function; `check_positions` raises where an interval says otherwise."""
    new = simulation.new_cases
    for setting in new.GRID[::11]:
        assert new.widths(replace(setting, cases=5), 3)["ABB"] > 0
    with pytest.raises(AssertionError, match="interval and probability disagree"):
        new.check_positions(SimpleNamespace(means=np.array([0.5, 0.6, 0.7])), 0.1, np.array([0.5, 0.5, 0.5]))


def test_an_interval_that_cannot_be_given_does_not_hold_the_truth(simulation: SimpleNamespace) -> None:
    """Mean +- t of cases that are all right is counted as a miss."""
    from peel.statistics.intervals import t_on_cases, wilson

    assert not simulation.new_cases.holds(t_on_cases([1.0, 1.0, 1.0]), 1.0)
    assert simulation.new_cases.holds(wilson(0.5, 10), 0.5)


def test_a_figure_is_within_its_error_or_says_that_it_is_not(simulation: SimpleNamespace) -> None:
    """Few data sets allow much, many allow little; a range has no gap inside; a table names what it missed."""
    figures = simulation.figures
    reference = figures.Reference.of(0.95)
    assert figures.Figure.share(0.90, 50, reference).within
    far = figures.Figure.share(0.90, 5000, reference)
    assert not far.within
    assert far.text == "0.90 (0.95) !"
    assert figures.Reference(0.94, None).gap(0.99) == 0
    assert figures.Reference(None, 0.05).text == "≤ 0.05"
    table = figures.Table("T", ["c"], [figures.Row("s", [far])])
    assert list(table.missed()) == ["T: s, c: 0.90 (0.95)"]
    assert "| s | 0.90 (0.95) ! |" in table.markdown()
    assert "1 of 1 not" in table.markdown()


def test_borders_of_a_verdict_are_where_the_verdict_turns(simulation: SimpleNamespace) -> None:
    """The looked-up verdict is that of `decide` for every number of passes."""
    from peel.statistics.sequential import decide

    rule = simulation.stopping.mixture(0.05, (20, 40, 60))
    for n, least, most in zip(rule.looks, rule.passing, rule.failing, strict=True):
        for passes in range(int(n) + 1):
            said = "pass" if passes >= least else "fail" if passes <= most else "undecided"
            scores = np.repeat([1.0, 0.0], [passes, n - passes])
            assert decide(scores, at_least=simulation.stopping.BAR, tolerance=0.05) == said


def test_paths_end_with_their_first_verdict_or_with_the_budget(simulation: SimpleNamespace) -> None:
    """After 20 passes of 20 the second rule has passed; a path on the bar goes on to the last look."""
    rule = simulation.stopping.Rule(np.array([10, 20]), np.array([11, 20]), np.array([2, 4]))
    ended = simulation.stopping.followed(rule, np.array([[10, 20], [9, 18], [1, 9]]))
    assert ended.passed.tolist() == [True, False, False]
    assert ended.failed.tolist() == [False, False, True]
    assert ended.executions.tolist() == [20, 20, 10]


def test_every_table_is_made_with_tiny_counts(simulation: SimpleNamespace) -> None:
    """Each has its columns and its rows, and the same bytes when it is made again."""
    new, these, comparing = simulation.new_cases, simulation.these_cases, simulation.comparing

    def made() -> list[str]:
        tables = [
            new.several_scenarios_table(2),
            these.table(2, 3, settings=these.SETTINGS[::5]),
            comparing.coverage_table(3, 3, grid=comparing.GRID[::9]),
            simulation.judging.cluster_table(2, settings=simulation.judging.SETTINGS[:1]),
            simulation.judging.few_people_table(2, sizes=(5,)),
            simulation.planned.pilots_table(5),
        ]
        return [table.markdown() for table in tables]

    first = made()
    assert all(text.count("\n| ") > 2 for text in first)
    assert made() == first


def test_planning_by_formula_is_exact(simulation: SimpleNamespace) -> None:
    """No simulation, so no error."""
    table = simulation.planned.exact_table()
    assert list(table.missed()) == []
    assert table.compared() == len(table.rows)


def test_the_page_has_every_worked_number_word_for_word() -> None:
    """What `benchmarks/worked_numbers.py` prints is in docs/statistics.md."""
    spec = importlib.util.spec_from_file_location("worked_numbers", BENCHMARKS / "worked_numbers.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = " ".join((BENCHMARKS.parent / "docs" / "statistics.md").read_text(encoding="utf-8").split())
    facts = list(script.facts())
    assert len(facts) > 20
    assert [fact for fact in facts if fact not in page] == []


def test_the_summary_counts_what_is_reproduced(simulation: SimpleNamespace) -> None:
    """And lists what is not."""
    figures = simulation.figures
    good, bad = (figures.Figure.share(value, 5000, figures.Reference.of(0.95)) for value in (0.95, 0.5))
    table = figures.Table("T", ["a", "b"], [figures.Row("s", [good, bad])])
    assert figures.summary([table]).splitlines() == [
        "1 of 2 figures are within the error of both simulations.",
        "- not: T: s, b: 0.50 (0.95)",
    ]
