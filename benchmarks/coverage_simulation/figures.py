"""What is printed: a figure that was simulated beside the one it must reproduce, and whether it does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

ERRORS = 2.6
"""Standard errors of the difference that are still chance: 99 of 100 figures that are right lie within."""

REFERENCE_DATASETS = 3000


@dataclass(frozen=True, slots=True)
class Reference:
    """The figure to reproduce, or the range it must lie in; an end of None is open.

    `slack` is for the worst of many cells: to choose the lowest of them is to choose some noise.
    """

    low: float | None
    high: float | None
    digits: int = 2
    slack: float = 0.0

    @classmethod
    def of(cls, value: float, *, digits: int = 2, slack: float = 0.0) -> Reference:
        """Exactly this value, as far as its digits go."""
        return cls(value, value, digits, slack)

    @property
    def text(self) -> str:
        """As it is written in the table."""
        low, high = (None if end is None else f"{end:.{self.digits}f}" for end in (self.low, self.high))
        if low == high or low is None or high is None:
            return f"{low}" if low == high else f"≤ {high}" if low is None else f"≥ {low}"
        return f"{low}–{high}"

    def gap(self, value: float) -> float:
        """How far outside the range a value lies; 0 inside."""
        below = 0.0 if self.low is None else self.low - value
        above = 0.0 if self.high is None else value - self.high
        return max(0.0, below, above)


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over simulated data sets, with the variance of one of them."""

    value: float
    datasets: int
    variance: float
    reference: Reference | None = None

    @classmethod
    def share(cls, value: float, datasets: int, reference: Reference | None = None) -> Figure:
        """A share of the data sets; its variance is kept above 0 at shares of 0 and 1."""
        smooth = (value * datasets + 1) / (datasets + 2)
        return cls(value, datasets, smooth * (1 - smooth), reference)

    @property
    def error(self) -> float:
        """How far it may lie from the reference by chance: both simulations' errors, and the rounding."""
        both = math.sqrt(self.variance * (1 / self.datasets + 1 / REFERENCE_DATASETS))
        rounding = 0.5 * 10.0**-self.digits if self.reference else 0.0
        return ERRORS * both + rounding + (self.reference.slack if self.reference else 0.0)

    @property
    def digits(self) -> int:
        """Decimal places to print."""
        return self.reference.digits if self.reference else 2

    @property
    def within(self) -> bool | None:
        """Whether the reference is reproduced; None without one."""
        return None if self.reference is None else self.reference.gap(self.value) <= self.error

    @property
    def text(self) -> str:
        """Ours, and in brackets the reference; an exclamation mark where it is not reproduced."""
        ours = f"{self.value:.{self.digits}f}"
        if self.reference is None:
            return ours
        return f"{ours} ({self.reference.text}){'' if self.within else ' !'}"


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: a figure for each column, None where a column says nothing about it."""

    setting: str
    figures: Sequence[Figure | None]

    @property
    def cells(self) -> list[str]:
        """The text of each column."""
        known = [figure for figure in self.figures if figure is not None and figure.reference is not None]
        error = f"±{max(figure.error for figure in known):.{known[0].digits}f}" if known else "–"
        outside = sum(not figure.within for figure in known)
        verdict = "–" if not known else "yes" if not outside else f"{outside} of {len(known)} not"
        return [self.setting, *("–" if one is None else one.text for one in self.figures), error, verdict]


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, the columns, the rows, and what must be known to read them."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str] = field(default=())

    def markdown(self) -> str:
        """The table as Markdown, each cell `ours (reference)`."""
        head = ["setting", *self.columns, "error", "within"]
        lines = [head, ["---"] * len(head), *(row.cells for row in self.rows)]
        table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
        return "\n\n".join([f"### {self.title}", table, *self.notes])

    def missed(self) -> Iterator[str]:
        """The figures that are not reproduced, in words."""
        for row in self.rows:
            for column, figure in zip(self.columns, row.figures, strict=True):
                if figure is not None and figure.within is False:
                    yield f"{self.title}: {row.setting}, {column}: {figure.text.removesuffix(' !')}"

    def compared(self) -> int:
        """How many figures have a reference."""
        return sum(one is not None and one.reference is not None for row in self.rows for one in row.figures)


def summary(made: Sequence[Table]) -> str:
    """How many figures are reproduced, and which are not."""
    missed = [sentence for table in made for sentence in table.missed()]
    compared = sum(table.compared() for table in made)
    lines = [f"{compared - len(missed)} of {compared} figures are within the error of both simulations."]
    return "\n".join([*lines, *(f"- not: {sentence}" for sentence in missed)])
