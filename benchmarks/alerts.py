"""How often alarms on ratings are false, and how soon a real drop is seen: the numbers of docs/alerts.md.

    python benchmarks/alerts.py [RUN_LENGTH]

Simulated ratings with fixed seeds; about a minute on one core.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from peel.estimates.watching import watch
from peel.records.feedback import AlertDefinition
from peel.records.production import Alarm
from peel.statistics.arrays import Floats
from peel.store.alarms import Arrived

STARS = np.array([0, 0.25, 0.5, 0.75, 1])
QUIET = {
    "J-shaped stars": (0.15, 0.05, 0.1, 0.2, 0.5),
    "mostly five stars": (0.02, 0.01, 0.02, 0.1, 0.85),
    "thumbs": (0.3, 0.0, 0.0, 0.0, 0.7),
}
DROPPED = ((0.45, 0.2, 0.1, 0.1, 0.15), (0.25, 0.06, 0.12, 0.17, 0.4), (0.2, 0.06, 0.12, 0.2, 0.42))
STREAMS, LENGTH, BEHIND = 30, 10_000, 3000


def stream(seed: int, n: int, law: tuple[float, ...]) -> Floats:
    """So many ratings."""
    return np.random.default_rng(seed).choice(STARS, p=law, size=n)


def alarms(values: Floats, alerts: AlertDefinition) -> list[Alarm]:
    """The alarms on them."""
    keys = np.arange(values.size)
    return list(watch(Arrived("simulated", keys, keys.astype(np.float64), values), None, alerts=alerts)[1])


def false_alarms(alerts: AlertDefinition) -> None:
    """Count them without a shift."""
    print(f"false alarms in {STREAMS * LENGTH:,} ratings; promised: {STREAMS * LENGTH / alerts.run_length:,.0f} each")
    for name, law in QUIET.items():
        found = [one.direction for s in range(STREAMS) for one in alarms(stream(500 + s, LENGTH, law), alerts)]
        print(f"  {name:18}  drops {found.count('drop'):3}   rises {found.count('rise'):3}")


def delays(run_length: float) -> None:
    """Ratings until a drop is seen, of J-shaped stars."""
    usual = QUIET["J-shaped stars"]
    print(f"ratings until the alarm: median of 40 (at most {BEHIND:,}); mean before {np.dot(STARS, usual):.2f}")
    for law in DROPPED:
        for baseline in (100, 300):
            quiet = 300 + baseline
            alerts = AlertDefinition(run_length=run_length, baseline=baseline)
            seen = []
            for s in range(40):
                values = np.concatenate((stream(s, quiet, usual), stream(1000 + s, BEHIND, law)))
                found = [one.at - quiet for one in alarms(values, alerts) if one.direction == "drop"]
                seen.append(next((at for at in found if at >= 0), BEHIND))
            print(f"  to {np.dot(STARS, law):.3f}, baseline {baseline}: {np.median(seen):7,.1f}")


def main() -> None:
    """Print both, and how fast it goes."""
    run_length = float(sys.argv[1]) if len(sys.argv) > 1 else 1000.0
    alerts = AlertDefinition(run_length=run_length)
    false_alarms(alerts)
    delays(run_length)
    many = stream(1, 1_000_000, QUIET["J-shaped stars"])
    begun = time.perf_counter()
    alarms(many, alerts)
    print(f"1,000,000 ratings of one scenario watched in {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
