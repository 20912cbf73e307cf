"""Discovery: what interactions are about, found by clustering the vectors of what was asked.

Different texts are clustered, however often each was sent, so that one that is pasted a thousand times is one. The same
texts give the same clusters, in whatever order they come.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from peel.errors import MissingExtra
from peel.statistics.arrays import Floats, Integers
from peel.store.topics import Candidate

DIMENSIONS = 15
"""How many dimensions of the vectors are clustered: densities in hundreds of them say nothing."""

LOOSEST = 0.55
"""The mean cosine to its centre that a cluster must have. In all-MiniLM-L6-v2, mails on one subject have 0.75 to 0.85,
and any eight mails to one company 0.4 to 0.5."""

_SAME = 1e-6
"""Vectors that differ by less are the same: there is nothing to tell them by."""

_DIGITS = re.compile(r"\d+")
_BREAKS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class DifferentText:
    """A text that was asked, as the interaction `source` has it, with the numbers of all interactions that asked it,
    the newest first. `users` are those that are known; `unknown` says whether it also came without one."""

    text: str
    source: int
    members: tuple[int, ...]
    users: frozenset[str]
    unknown: bool

    @property
    def of_one(self) -> str | None:
        """The user that alone sent it; None where it may be several."""
        return next(iter(self.users)) if len(self.users) == 1 and not self.unknown else None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Texts of one meaning: their positions, the nearest to the centre first, and the centre, of unit length."""

    texts: tuple[int, ...]
    centre: Floats


@dataclass(frozen=True, slots=True)
class Clusters:
    """What was found, the largest first; `of_one_user` counts clusters that are left out because one user made them."""

    found: tuple[Cluster, ...]
    of_one_user: int = 0


def different_texts(candidates: Iterable[Candidate]) -> list[DifferentText]:
    """What was asked, each text once, in an order of its own. Texts that differ in case, digits and punctuation only
    are the same; without any text there is nothing to cluster."""
    groups: dict[str, list[Candidate]] = {}
    for one in candidates:
        if one.asked.strip():
            groups.setdefault(_plain(one.asked), []).append(one)
    return [_text(groups[name]) for name in sorted(groups)]


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _BREAKS.sub(" ", _DIGITS.sub("0", folded)).strip() or folded.strip()


def _text(group: Sequence[Candidate]) -> DifferentText:
    text, source = min((one.asked.strip(), one.key) for one in group)
    return DifferentText(
        text=text,
        source=source,
        members=tuple(one.key for one in group),
        users=frozenset(one.user for one in group if one.user is not None),
        unknown=any(one.user is None for one in group),
    )


def find_clusters(texts: Sequence[DifferentText], vectors: Floats, *, min_size: int) -> Clusters:
    """Clusters of `min_size` different texts or more. `vectors` are of unit length, shape (texts, dimensions).

    One user's texts count for half of `min_size` at most, so that nobody makes a cluster alone. PCA, then HDBSCAN
    (Campello, Moulavi & Sander 2013). Raises MissingExtra without scikit-learn.
    """
    if len(texts) < min_size:
        return Clusters(())
    reduced = _reduced(vectors)
    # Where there are not two of them, the one that there may be is only found if it is asked for.
    labels = (_labels(reduced, min_size=min_size, lone=lone) for lone in (False, True))
    every = next(filter(None, (_made(one, vectors, min_size=min_size) for one in labels)), [])
    found = [one for one in every if _is_of_several(one, texts, min_size=min_size)]
    order = sorted(found, key=lambda one: (-sum(len(texts[place].members) for place in one.texts), one.texts))
    return Clusters(tuple(order), of_one_user=len(every) - len(found))


def _reduced(vectors: Floats) -> Floats | None:
    """The vectors in few dimensions, those of most variance; None where all are the same."""
    dimensions = min(DIMENSIONS, *(size - 1 for size in vectors.shape))
    if dimensions < 1 or np.ptp(vectors, axis=0).max() < _SAME:
        return None
    with _needed():
        from sklearn.decomposition import PCA
    reduced: Floats = PCA(dimensions, svd_solver="full").fit_transform(vectors.astype(np.float64))
    return reduced


def _labels(reduced: Floats | None, *, min_size: int, lone: bool) -> Integers | None:
    """The number of each text's cluster, from 0; -1 for those that are in none. None: all are in one."""
    if reduced is None:
        return None
    with _needed():
        from sklearn.cluster import HDBSCAN
    found: Integers = HDBSCAN(min_cluster_size=min_size, copy=True, allow_single_cluster=lone).fit_predict(reduced)
    return found.astype(np.int64)


@contextmanager
def _needed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingExtra("discovering topics", extra="rag") from error


def _made(labels: Integers | None, vectors: Floats, *, min_size: int) -> list[Cluster]:
    """The clusters that are about one thing: HDBSCAN finds some among any texts."""
    if labels is None:
        labels = np.zeros(len(vectors), dtype=np.int64)
    every = [_cluster(np.flatnonzero(labels == label), vectors) for label in range(labels.max() + 1)]
    return [one for one in every if len(one.texts) >= min_size and _likeness(one, vectors) >= LOOSEST]


def _likeness(cluster: Cluster, vectors: Floats) -> float:
    """The mean cosine of a cluster's texts to its centre."""
    return float((vectors[list(cluster.texts)] @ cluster.centre).mean())


def _cluster(places: Integers, vectors: Floats) -> Cluster:
    """The cluster of some texts, without those that are less than half as like its centre as is usual there: in a few
    dimensions they lay beside the others, in all of them they do not."""
    likeness = vectors[places] @ _centre(vectors[places])
    kept = places[likeness >= np.median(likeness) / 2]
    centre = _centre(vectors[kept])
    order = np.lexsort((kept, -(vectors[kept] @ centre)))
    return Cluster(tuple(int(place) for place in kept[order]), centre)


def _centre(vectors: Floats) -> Floats:
    mean: Floats = vectors.mean(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-12)


def _is_of_several(cluster: Cluster, texts: Sequence[DifferentText], *, min_size: int) -> bool:
    owners = Counter(texts[place].of_one for place in cluster.texts)
    shared = owners.pop(None, 0)
    return shared + sum(min(count, min_size // 2) for count in owners.values()) >= min_size
