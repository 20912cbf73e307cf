"""A process of its own that writes a run until it is killed or done: `write_until_killed.py URL ROOT RUN EXECUTIONS`.

Prints the number of each execution once `committed` has returned for it. The run must be in the store.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from peel.records import Execution, Score, StepResult
from peel.store.store import Store
from peel.store.writing import RunWriter

AT_ONCE = 8


async def main(url: str, root: str, run: str, executions: str) -> None:
    """Write the run's executions, several at once."""
    store = Store(url, root=Path(root))
    numbers = iter(range(int(executions)))
    async with store.writer(run) as writer, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(_work(numbers, writer))
    store.close()


async def _work(numbers: object, writer: RunWriter) -> None:
    for number in numbers:  # type: ignore[attr-defined]  # an iterator that all tasks share
        steps = tuple(StepResult(step=step, output=f"{step} {number}") for step in ("question", "answer"))
        for place, step in enumerate(steps):
            writer.step(number, place, result=step)
            await asyncio.sleep(0)
        execution = Execution(
            number=number, scenario="telco", variant="base", case="c0", repetition=1, status="ok", steps=steps
        )
        score = Score(execution=number, evaluator="core-terms", status="scored", value=1.0)
        writer.execution(execution, scenario_variant=0, case=0, scores=[score])
        await writer.committed()
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
