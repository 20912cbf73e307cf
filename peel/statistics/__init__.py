"""Statistics on numbers: intervals, gates, comparison, planning, agreement, monitoring.

Pure functions on numpy arrays (and one detector, which remembers): no input or output, no records, and the same answer
every time. Two questions run through all of it. *These cases*: what if exactly these cases were run again? *Cases like
these*: what about new cases of this kind? What cannot be known is `None` with a sentence, never NaN, never 0, never an
interval of no width.

Nothing is imported here: `from peel.statistics import intervals` costs numpy and `scipy.special`, and only then.
"""

__all__ = [
    "agreement",
    "arrays",
    "cases",
    "comparison",
    "correction",
    "distributions",
    "gates",
    "intervals",
    "monitoring",
    "planning",
    "ratings",
    "sequential",
    "shifts",
    "sweeps",
    "unbounded",
    "variance",
]
