"""Clusters of what was asked, on vectors made by hand: planted topics are found, noise and one person's flood not."""

from __future__ import annotations

import numpy as np
import pytest

from peel.feedback.discovery import Clusters, DifferentText, different_texts, find_clusters
from peel.feedback.topic_words import terms_of, words_of_several
from peel.statistics.arrays import Floats
from peel.store.topics import Candidate

pytest.importorskip("sklearn", reason="clustering needs the extra `rag`")


def make_texts(count: int, *, word: str = "text", user: str | None = None, begin: int = 0) -> list[DifferentText]:
    """Different texts that share a word, each of a user of its own where `user` names none."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        DifferentText(
            text=f"{word} about {letters[n % 26] * 4}",
            source=begin + n,
            members=(begin + n,),
            users=frozenset([user or f"user{begin + n}"]),
            unknown=False,
        )
        for n in range(count)
    ]


def make_vectors(*, near: tuple[int, ...], noise: int) -> Floats:
    """Groups of unit vectors around a direction each, then so many in any direction."""
    random = np.random.default_rng(7)
    groups = [np.eye(64)[place] + random.normal(size=(size, 64)) * 0.03 for place, size in enumerate(near)]
    rows = np.concatenate([*groups, random.normal(size=(noise, 64))])
    return rows / np.linalg.norm(rows, axis=1)[:, None]


def test_planted_topics_are_found_and_the_rest_is_in_none() -> None:
    """Two planted topics come out whole, the larger first; texts in any direction stay outside."""
    texts = make_texts(12 + 20 + 40)
    found = find_clusters(texts, make_vectors(near=(12, 20), noise=40), min_size=8)
    assert [sorted(one.texts) for one in found.found] == [list(range(12, 32)), list(range(12))]


def test_an_only_topic_is_found_among_noise() -> None:
    """One topic alone is found, too, though there is no other to tell it from."""
    found = find_clusters(make_texts(14 + 30), make_vectors(near=(14,), noise=30), min_size=8)
    assert len(found.found) == 1
    assert set(found.found[0].texts) <= set(range(14))


def test_noise_alone_is_no_topic() -> None:
    """Texts about anything are not made one topic because there are many."""
    assert find_clusters(make_texts(60), make_vectors(near=(), noise=60), min_size=8) == Clusters(())


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_texts_make_no_topic(count: int) -> None:
    """Fewer texts than a topic has are none, however alike they are."""
    assert find_clusters(make_texts(count), np.ones((count, 4)) / 2, min_size=8) == Clusters(())


def test_texts_of_one_vector_are_one_topic() -> None:
    """Where nothing tells texts apart, they are one topic and no division by zero."""
    found = find_clusters(make_texts(9), np.ones((9, 4)) / 2, min_size=8)
    assert [one.texts for one in found.found] == [tuple(range(9))]


def test_the_most_typical_text_is_the_first() -> None:
    """Texts come by their nearness to the centre."""
    vectors = make_vectors(near=(12, 12), noise=20)
    for one in find_clusters(make_texts(44), vectors, min_size=8).found:
        nearness = vectors[list(one.texts)] @ one.centre
        assert (np.diff(nearness) <= 1e-12).all()


def test_the_same_texts_in_another_order_are_the_same_clusters() -> None:
    """Clusters do not depend on the order that interactions come in."""
    candidates = [Candidate(n, f"{'bill' if n % 2 else 'router'} {chr(97 + n) * 5}", f"u{n}") for n in range(26)]
    vectors = {one.key: row for one, row in zip(candidates, make_vectors(near=(13, 13), noise=0), strict=True)}
    clusters = []
    for order in (candidates, candidates[::-1]):
        texts = different_texts(order)
        found = find_clusters(texts, np.stack([vectors[one.source] for one in texts]), min_size=8)
        clusters.append([[texts[place].source for place in one.texts] for one in found.found])
    assert clusters[0] == clusters[1]


def test_what_one_user_pastes_a_thousand_times_is_one_text() -> None:
    """Copies that differ in case, digits and punctuation are one text, and no topic."""
    pasted = [Candidate(n, f"Order {n}: WHERE is it{'!' * (n % 4)}", "ann") for n in range(1000)]
    texts = different_texts(pasted)
    assert len(texts) == 1
    assert len(texts[0].members) == 1000
    assert not find_clusters(texts, np.ones((1, 4)) / 2, min_size=8).found


def test_one_users_many_different_texts_are_no_topic() -> None:
    """A cluster that one user made is left out and counted; the same of several users is a topic."""
    vectors = make_vectors(near=(12, 12), noise=0)
    flooded = find_clusters([*make_texts(12, user="ann"), *make_texts(12, begin=12)], vectors, min_size=8)
    assert [min(one.texts) >= 12 for one in flooded.found] == [True]
    assert flooded.of_one_user == 1


def test_texts_without_a_user_may_be_of_several() -> None:
    """Where applications name no users, different texts are what counts."""
    texts = different_texts(Candidate(n, f"bill {chr(97 + n) * 3}", None) for n in range(9))
    assert len(find_clusters(texts, np.ones((9, 4)) / 2, min_size=8).found) == 1


def test_empty_texts_are_passed_over() -> None:
    """What holds nothing but spaces is about nothing; what holds no letter is still a text."""
    assert [one.text for one in different_texts([Candidate(1, "  ", None), Candidate(2, "???", None)])] == ["???"]


def test_terms_tell_a_topic_from_the_others() -> None:
    """The word that all texts of a topic share comes first, words that all topics share do not."""
    texts = [*make_texts(10, word="the router"), *make_texts(10, word="the invoice", begin=10)]
    found = find_clusters(texts, make_vectors(near=(10, 10), noise=0), min_size=8)
    assert sorted(terms[0] for terms in terms_of(found.found, texts)) == ["invoice", "router"]


def test_what_one_person_alone_wrote_is_no_term() -> None:
    """A word counts once for each user, so that no name or number of one person gets into what is kept."""
    texts = [
        DifferentText("Miller asks about bills", 1, (1,), frozenset(["ann"]), unknown=False),
        DifferentText("Miller again: bills", 2, (2,), frozenset(["ann"]), unknown=False),
        DifferentText("bills of contract 4711", 3, (3, 4), frozenset(["bob", "eve"]), unknown=False),
    ]
    assert words_of_several(texts) == {"bills", "contract"}
