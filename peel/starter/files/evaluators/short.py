"""An evaluator of this workspace: a function gets what it names and returns a bool, a number or (value, reason)."""

import re


def at_most_two_sentences(output: str) -> tuple[bool, str]:
    """True for an answer of one or two sentences."""
    sentences = [part for part in re.split(r"[.!?]+\s", output.strip()) if part]
    return len(sentences) <= 2, f"{len(sentences)} sentences"
