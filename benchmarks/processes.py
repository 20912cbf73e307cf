"""Processes that are measured: a command from its start to its exit, and the loopback server beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PEEL = str(Path(sys.executable).parent / "peel")
PYTHON = sys.executable


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: seconds from start to exit, CPU seconds, the most memory in MB; what it printed."""

    wall_s: float
    cpu_s: float
    memory_mb: float
    output: str = ""


def measured(command: Sequence[str], *, folder: Path) -> Cost:
    """Run a command in `folder` and measure it. Raises SystemExit with what it said where it fails."""
    log = folder / "command.log"
    with log.open("wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, env=_environment())
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    output = log.read_text(errors="replace")
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{output[-4_000:]}")
    # Linux counts ru_maxrss in kilobytes, macOS in bytes.
    memory_mb = used.ru_maxrss / (1_000_000 if sys.platform == "darwin" else 1_000)
    return Cost(wall_s, used.ru_utime + used.ru_stime, memory_mb, output)


def _environment() -> dict[str, str]:
    """This process's environment without settings of PEEL, and no proxy between a command and the loopback server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PEEL_")}
    return kept | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class Served:
    """What a server has seen so far: calls, bytes of their bodies, its own CPU seconds."""

    calls: int
    body_bytes: int
    cpu_s: float

    def __sub__(self, before: Served) -> Served:
        return Served(self.calls - before.calls, self.body_bytes - before.body_bytes, self.cpu_s - before.cpu_s)


@dataclass(frozen=True, slots=True)
class Server:
    """A loopback server that is running."""

    base_url: str

    def served(self) -> Served:
        """What it has seen so far."""
        with urllib.request.urlopen(self.base_url.removesuffix("/v1") + "/stats", timeout=10) as response:  # noqa: S310  # loopback
            found = json.load(response)
        return Served(found["calls"], found["body_bytes"], found["cpu_s"])


@contextmanager
def running_server(*, latency_ms: float) -> Iterator[Server]:
    """The loopback server in a process of its own, ended with the block."""
    command = [PYTHON, str(HERE / "server.py"), "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None  # noqa: S101  # a pipe, as asked for
            yield Server(json.loads(process.stdout.readline())["base_url"])
        finally:
            process.send_signal(signal.SIGTERM)
