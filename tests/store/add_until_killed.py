"""A process of its own that adds interactions with ratings until it is killed: `add_until_killed.py URL ROOT`.

Prints the number of each batch once `add` has returned for it.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from peel.records.feedback import Interaction, Rating
from peel.store.store import Store


def main(url: str, root: str) -> None:
    """Add batch after batch."""
    feedback = Store(url, root=Path(root)).feedback()
    for number in itertools.count():
        ids = [f"i{number}-{place}" for place in range(20)]
        feedback.add(
            [Interaction(id=one, input=one) for one in ids],
            [Rating(id=one, interaction=one, kind="stars", original=4, value=0.75) for one in ids],
            received=1000.0,
        )
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
