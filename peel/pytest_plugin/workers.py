"""Under xdist: the controller executes the one run of the session, and its workers ask for their tests' outcomes.

A run a worker would load every model once a worker, execute the cases of a gate twice, and split what belongs together
into several runs. What is sent is JSON over a socket of this machine, behind a key that only the workers are given.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from peel.pytest_plugin.addresses import Address, WantedRun
from peel.pytest_plugin.judging import Outcome
from peel.pytest_plugin.running import LocalRuns

LARGEST = 50_000_000
"""The most bytes of one message: the ids of a hundred thousand cases are less."""


class RunsForWorkers:
    """The controller's end: a thread that takes workers in, and one for each of them."""

    def __init__(self, runs: LocalRuns) -> None:
        self._runs = runs
        self._key = secrets.token_bytes(32)
        self._listener = Listener(("127.0.0.1", 0), family="AF_INET", authkey=self._key)
        threading.Thread(target=self._take_in, name="peel-workers", daemon=True).start()

    @property
    def invitation(self) -> dict[str, Any]:
        """What a worker needs to connect."""
        host, port = self._listener.address
        return {"host": str(host), "port": int(port), "key": self._key.hex()}

    def close(self) -> None:
        """Take no more workers in."""
        self._listener.close()

    def _take_in(self) -> None:
        # Ends with the listener, by an error of the socket; one that does not know the key is sent away.
        while True:
            try:
                connection = self._listener.accept()
            except OSError:
                return
            except Exception:  # noqa: S112  # a stranger's broken greeting: the next may be a worker
                continue
            threading.Thread(target=self._serve, args=(connection,), name="peel-worker", daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        with connection, suppress(EOFError, OSError):
            while True:
                _send(connection, self._answer(_received(connection)))

    def _answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if "begin" in asked:
            self._runs.begin([WantedRun.from_json(one) for one in asked["begin"]])
            return {}
        outcome = self._runs.outcome(Address(**asked["outcome"]))
        return {"word": outcome.word, "text": outcome.text, "properties": outcome.properties}


class RemoteRuns:
    """A worker's end. Raises ConnectionError where the controller is on another machine or gone."""

    def __init__(self, invitation: Mapping[str, Any]) -> None:
        self._invitation = invitation
        self._connection: Connection | None = None

    def begin(self, wanted: Sequence[WantedRun]) -> None:
        """Tell the controller what is wanted; the first worker's word counts, and all say the same."""
        if wanted:
            self._ask({"begin": [one.as_json() for one in wanted]})

    def outcome(self, address: Address) -> Outcome:
        """Wait for what an address stands for."""
        answer = self._ask({"outcome": address.as_json()})
        properties = tuple((str(name), str(value)) for name, value in answer["properties"])
        return Outcome(answer["word"], answer["text"], properties)

    def stop(self) -> None:
        """The runs are the controller's to stop."""

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        if self._connection is None:
            address = (self._invitation["host"], self._invitation["port"])
            self._connection = Client(address, family="AF_INET", authkey=bytes.fromhex(self._invitation["key"]))
        _send(self._connection, question)
        return _received(self._connection)


def _send(connection: Connection, value: Mapping[str, Any]) -> None:
    connection.send_bytes(json.dumps(value).encode())


def _received(connection: Connection) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(connection.recv_bytes(LARGEST))
    return value
