"""Topics with the real embedding model: what people write about one thing comes together, anything else does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from peel.feedback.discovery import different_texts, find_clusters
from peel.feedback.topic_words import terms_of
from peel.models.sentence_embedder import SentenceEmbedder
from peel.store.topics import Candidate

pytestmark = pytest.mark.rag

CANCELLED = [
    "How do I cancel my contract?", "I want to end my contract early",
    "Can I terminate my subscription before it ends?", "Please cancel my subscription",
    "How can I get out of my contract", "What is the notice period to cancel?",
    "I'd like to cancel my internet contract next month", "Cancellation of contract, what do I need to do",
    "How long is the cancellation period", "I need to cancel the contract because I moved abroad",
]  # fmt: skip
ANYTHING = [
    "Do you sell phones?", "What is the weather like", "Is your shop in Berlin closed?", "My neighbour is loud",
    "Is there a discount for students?", "Can I speak to a human", "Where is my package", "Which channels are there",
    "My password does not work", "The hotline never answers", "What are your opening hours", "I lost my SIM card",
]  # fmt: skip


def test_what_people_write_about_one_thing_is_a_topic(tmp_path: Path) -> None:
    """Of mails on cancelling and mails on anything, those on cancelling are the one topic, with words of theirs."""
    texts = different_texts(Candidate(n, text, f"u{n}") for n, text in enumerate([*CANCELLED, *ANYTHING]))
    vectors = asyncio.run(SentenceEmbedder("all-MiniLM-L6-v2", root=tmp_path).embed([one.text for one in texts]))
    found = find_clusters(texts, vectors.astype(np.float64), min_size=7)
    assert len(found.found) == 1
    assert {texts[place].text for place in found.found[0].texts} <= set(CANCELLED)
    assert {"cancel", "contract"} <= set(terms_of(found.found, texts)[0])
