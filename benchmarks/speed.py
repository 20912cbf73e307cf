"""Measures what PEEL costs above a bare loop that makes the same calls: everything in one run, as ratios.

    make setup && .venv/bin/python benchmarks/speed.py            # ten to fifteen minutes
    .venv/bin/python benchmarks/speed.py --quick                  # about one minute, rough

The two sides alternate (PEEL, bare loop, PEEL, bare loop, ...) on the same machine against the same loopback server,
so that a machine that is busy for a while is busy for both; each number is a median. The cost of one *further*
execution is the difference between a long and a short command over the difference in executions: what starting costs
is left out there, and is in the times of whole commands. The table goes to standard output, progress to standard error.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

from processes import HERE, PEEL, PYTHON, Cost, Served, Server, measured, running_server
from workload import CASES, write_workspace

IN_FLIGHT = 100


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: executions of a short and a long command for each kind of work, executions of the whole
    commands with their aims, executions for memory and for reports, and how often each pair alternates."""

    further: dict[str, tuple[int, int]]
    whole: dict[int, float]
    memory: tuple[int, ...]
    rounds: int
    starts: int


FULL = Sizes(
    further={"one-call": (1_000, 10_000), "three-calls": (500, 3_500)},
    whole={10_000: 1.4, 1_000: 1.8},
    memory=(1_000, 10_000, 100_000),
    rounds=5,
    starts=15,
)
QUICK = Sizes(
    further={"one-call": (500, 2_500), "three-calls": (200, 1_000)},
    whole={10_000: 1.4, 1_000: 1.8},
    memory=(1_000, 5_000),
    rounds=1,
    starts=5,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    peel: str
    floor: str = ""
    ratio: str = ""
    aim: str = ""


@dataclass(slots=True)
class Bench:
    """A workspace and the server that its models are on; runs both sides in it."""

    folder: Path
    server: Server
    served: dict[str, Served] = field(default_factory=dict)

    def peel(self, kind: str, executions: int, *, store: str = "run.db") -> Cost:
        """`peel run`, whole, into a store of its own."""
        self.database(store).unlink(missing_ok=True)
        repetitions = max(1, executions // CASES)
        command = [PEEL, "run", f"scenarios/{kind}.yaml", "-n", str(repetitions), "-j", str(IN_FLIGHT)]
        return self._counted("PEEL", kind, executions, [*command, "--store", f"sqlite:///{self.database(store)}"])

    def bare(self, kind: str, executions: int) -> Cost:
        """The bare loop, whole."""
        command = [PYTHON, str(HERE / "bare_loop.py"), self.server.base_url, "--kind", kind]
        command += ["--executions", str(executions), "--in-flight", str(IN_FLIGHT), "-o", "out.jsonl"]
        return self._counted("bare loop", kind, executions, command)

    def stored(self, *command: str, store: str) -> Cost:
        """A command of PEEL on what is stored."""
        return measured([PEEL, *command, "--store", f"sqlite:///{self.database(store)}"], folder=self.folder)

    def database(self, store: str) -> Path:
        return self.folder / store

    def _counted(self, side: str, kind: str, executions: int, command: Sequence[str]) -> Cost:
        before = self.server.served()
        cost = measured(command, folder=self.folder)
        served = self.server.served() - before
        if served.calls != executions * CALLS[kind]:
            raise SystemExit(f"{side} made {served.calls} calls, not {executions * CALLS[kind]}")
        told(f"{side:>9} {kind:>11} {executions:>6}: {cost.wall_s:6.2f} s, {cost.cpu_s:6.2f} s of CPU")
        self.served[side] = served
        return cost


CALLS = {"one-call": 1, "three-calls": 4}
NAMED = {"one-call": "one call and a check", "three-calls": "three calls and a judge"}
CPU_AIMS = {
    "one-call": "≤ 3.0 × (0.6 ms where the floor takes 0.2)",
    "three-calls": "≤ 1.4 × (2 ms where the floor takes 1.4)",
}


def further(bench: Bench, sizes: Sizes) -> Iterator[Row]:
    """CPU of one further execution."""
    for kind, (few, many) in sizes.further.items():
        sides: dict[Callable[[str, int], Cost], list[float]] = {bench.peel: [], bench.bare: []}
        for _ in range(sizes.rounds):
            for side, costs in sides.items():
                short, long = side(kind, few), side(kind, many)
                costs.append((long.cpu_s - short.cpu_s) / (many - few) * 1_000)
        ours, floor = sides.values()
        yield Row(f"CPU of a further execution: {NAMED[kind]}", *_compared(ours, floor, "ms"), CPU_AIMS[kind])
    yield _server_row(bench.served)


def _server_row(served: dict[str, Served]) -> Row:
    cpu, size = (
        {side: value(one) for side, one in served.items()}
        for value in (lambda one: one.cpu_s / one.calls * 1_000, lambda one: one.body_bytes / one.calls)
    )
    told(f"bytes a call: {size}")
    return Row("the loopback server's own CPU, a call", f"{cpu['PEEL']:.3f} ms", f"{cpu['bare loop']:.3f} ms")


def whole(bench: Bench, sizes: Sizes) -> Iterator[Row]:
    """Seconds of whole commands, against a server with a latency."""
    for executions, aim in sizes.whole.items():
        ours, floor = [], []
        for _ in range(sizes.rounds):
            ours.append(bench.peel("one-call", executions).wall_s)
            floor.append(bench.bare("one-call", executions).wall_s)
        yield Row(f"{executions:,} executions, start to exit", *_compared(ours, floor, "s"), f"≤ {aim} ×")


def memory(bench: Bench, sizes: Sizes) -> Iterator[Row]:
    """The most memory of a run, and the bytes it stored."""
    for executions in sizes.memory:
        cost, floor = bench.peel("one-call", executions, store="kept.db"), bench.bare("one-call", executions)
        yield Row(
            f"most memory, {executions:,} executions",
            f"{cost.memory_mb:.0f} MB",
            f"{floor.memory_mb:.0f} MB",
            aim="flat, < 150 MB",
        )
    size = sum(path.stat().st_size for path in bench.folder.glob("kept.db*"))
    yield Row("stored, one execution of one call", f"{size / executions / 1_000:.2f} kB", aim="≤ 1.5 kB")


def reports(bench: Bench, sizes: Sizes) -> Iterator[Row]:
    """Seconds and memory of summarising and reporting the largest run stored."""
    commands = [["show", "last"]]
    commands += [["report", "last", "--format", name, "-o", f"report.{name}"] for name in ("json", "csv", "html")]
    for command in commands:
        cost = bench.stored(*command, store="kept.db")
        shown = " ".join(part for part in command[:4] if part != "last")
        told(f"peel {shown}: {cost.wall_s:.2f} s")
        row = f"`peel {shown}` of {sizes.memory[-1]:,} executions"
        yield Row(row, f"{cost.wall_s:.1f} s, {cost.memory_mb:.0f} MB")


def starting(bench: Bench, sizes: Sizes) -> Iterator[Row]:
    """Seconds of the shortest command."""
    ours, floor = [], []
    for _ in range(sizes.starts):
        ours.append(measured([PEEL, "--help"], folder=bench.folder).wall_s)
        floor.append(measured([PYTHON, "-c", "import typer"], folder=bench.folder).wall_s)
    yield Row("`peel --help`, against `import typer`", *_compared(ours, floor, "s"), "≤ 3 ×")


def _compared(ours: list[float], floor: list[float], unit: str) -> tuple[str, str, str]:
    """The medians of both sides and of the ratios of their pairs."""
    ratio = median(one / other for one, other in zip(ours, floor, strict=True))
    return f"{median(ours):.2f} {unit}", f"{median(floor):.2f} {unit}", f"{ratio:.2f} ×"


@contextmanager
def bench(*, latency_ms: float) -> Iterator[Bench]:
    """A workspace in a temporary folder, its server beside it."""
    with running_server(latency_ms=latency_ms) as server, tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        write_workspace(workspace, base_url=server.base_url)
        yield Bench(workspace, server)


def measure(sizes: Sizes) -> Iterator[Row]:
    """All rows of the table, in its order."""
    with bench(latency_ms=0) as quick:
        # The first start of each side reads its code from the disk; that is no part of any number.
        quick.peel("one-call", CASES)
        quick.bare("one-call", CASES)
        yield from further(quick, sizes)
    with bench(latency_ms=50) as slow:
        yield from whole(slow, sizes)
    with bench(latency_ms=0) as quick:
        yield from memory(quick, sizes)
        yield from reports(quick, sizes)
        yield from starting(quick, sizes)


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| | PEEL | floor | ratio | aim |", "|---|--:|--:|--:|---|"]
    return "\n".join(
        [*lines, *(f"| {row.what} | {row.peel} | {row.floor} | {row.ratio} | {row.aim} |" for row in rows)]
    )


def machine() -> str:
    """Where this was measured, in a sentence."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores ({platform.machine()}, {platform.system()}), Python {platform.python_version()}, "
        f"PEEL {version('peel-testbed')}, aiohttp {version('aiohttp')}; {IN_FLIGHT} executions in flight; "
        f"load before it began: {os.getloadavg()[0]:.1f}."
    )


def told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="about a minute, with fewer executions, once each")
    sizes = QUICK if parser.parse_args().quick else FULL
    where = machine()
    rows = list(measure(sizes))
    print(f"{table(rows)}\n\n{where}")


if __name__ == "__main__":
    main()
