"""Telling a webhook of alarms: one POST of JSON each, once it took them never again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from peel.environment import filled, lacking
from peel.estimates.watching import in_words
from peel.records.production import Alarm
from peel.store.alarms import AlarmStore

MOST_AT_ONCE = 20
"""How many alarms one call tells."""

TOLD_WITHIN_S = 7 * 86400.0
"""How old an alarm may be that is told; what nobody took for so long nobody waits for."""

TIMEOUT_S = 10.0
"""How long a webhook may take, in seconds."""


class Webhook:
    """Where alarms are sent to. `address` holds variables, filled from `environ`; what comes of that is never shown."""

    def __init__(self, address: str, environ: Mapping[str, str]) -> None:
        self._address = address
        self._environ = environ

    def tell(self, alarms: AlarmStore) -> str | None:
        """Send the alarms that were not taken yet, the oldest first, until one is not taken: a sentence on why; None
        where all were. Raises StoreError."""
        waiting = alarms.untold(since=time.time() - TOLD_WITHIN_S, limit=MOST_AT_ONCE)
        if not waiting:
            return None
        for name, state in lacking(self._address, self._environ).items():
            return f"'webhook' names the environment variable {name!r}, which is {state}; {_KEPT}"
        for alarm in waiting:
            problem = self._send(alarm)
            if problem is not None:
                return f"the webhook {problem}; {_KEPT}"
            alarms.set_told(alarm.key, time.time())
        return None

    def _send(self, alarm: Alarm) -> str | None:
        """What went wrong; None where it was taken."""
        import httpx

        address = filled(self._address, self._environ)
        try:
            with (
                httpx.Client(follow_redirects=False, timeout=TIMEOUT_S) as client,
                client.stream("POST", address, json=message(alarm)) as response,
            ):
                # What it says is not read: it may have no end.
                status = response.status_code
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            # Its own words may hold the address.
            return f"cannot be reached ({type(error).__name__})"
        return None if 200 <= status < 300 else f"answered with status {status}"


_KEPT = "the alarm is kept, and sent again the next time"


def message(alarm: Alarm) -> dict[str, Any]:
    """What is sent, as JSON."""
    told = alarm.model_dump(exclude={"told", "acknowledged"})
    return {"schema": 1, "event": "ratings-shifted", "text": in_words(alarm), "alarm": told}
