"""A server that is killed while data comes in: what it acknowledged is in the store, on each kind of database."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import threading
from pathlib import Path

import httpx

from peel.workspace import Workspace

SENDERS, ENOUGH = 4, 60


class Senders:
    """Clients that hand in until the server is gone, each interaction with its rating; and what was acknowledged."""

    def __init__(self, url: str) -> None:
        self.url, self.enough = url, threading.Event()
        self.acknowledged: list[str] = []
        self._numbers = itertools.count()
        self._threads = [threading.Thread(target=self._send, args=(one % 2 == 0,)) for one in range(SENDERS)]

    def start(self) -> None:
        for one in self._threads:
            one.start()

    def join(self) -> None:
        for one in self._threads:
            one.join(60)

    def _send(self, in_batches: bool) -> None:
        kind = "application/x-ndjson" if in_batches else "application/json"
        with httpx.Client(trust_env=False, timeout=60, headers={"content-type": kind}) as client:
            while True:
                names = [f"i{next(self._numbers)}" for _ in range(5 if in_batches else 1)]
                interactions = "\n".join(
                    f'{{"id": "{name}", "input": "How?", "scenario": "support"}}' for name in names
                )
                ratings = "\n".join(f'{{"interaction": "{name}", "stars": 4}}' for name in names)
                try:
                    for what, body in (("ratings", ratings), ("interactions", interactions)):
                        assert client.post(f"{self.url}api/{what}", content=body).status_code == 202
                except httpx.TransportError:
                    return
                self.acknowledged += names
                if len(self.acknowledged) >= ENOUGH:
                    self.enough.set()


def test_nothing_that_was_acknowledged_is_lost_when_the_server_is_killed(root: Path, store_url: str) -> None:
    """SIGKILL in the middle of it; whatever was answered with 202 is there, with its rating."""
    with Workspace(root, store=store_url) as workspace:
        command = [sys.executable, "-m", "peel.cli", "serve", "--port", "0", "--store", workspace.store_url]
        with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            found = re.search(r"at (http://\S+/)", process.stdout.readline())
            assert found is not None, process.communicate(timeout=30)
            senders = Senders(found[1])
            senders.start()
            was_enough = senders.enough.wait(60)
            process.kill()
            senders.join()
        assert was_enough
        reader = workspace.feedback.reader
        stored = [reader.interaction(name) for name in senders.acknowledged]
        assert all(one is not None and one.value == 0.75 for one in stored)
