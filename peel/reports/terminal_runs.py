"""The runs of a store as a table on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from peel.records import Run
from peel.reports.text import one_line
from peel.reports.wording import STATUSES, utc


def render_runs(runs: Sequence[tuple[Run, int]], *, console: Console) -> None:
    """Print runs, each with the number of its stored executions, newest first."""
    if not runs:
        console.print("no runs yet; `peel run` makes one")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("run", "started (UTC)", "scenarios", "executions", "status"):
        table.add_column(heading, justify="right" if heading == "executions" else "left", overflow="fold")
    for run, stored in runs:
        names = ", ".join(dict.fromkeys(item.scenario.scenario for item in run.scenario_variants))
        table.add_row(
            Text(run.id, style="bold"),
            Text((utc(run.started) or "")[:19].replace("T", " ")),
            Text(one_line(names, limit=80)),
            f"{stored:,}/{run.planned:,}",
            Text(STATUSES[run.status]),
        )
    console.print(table)
