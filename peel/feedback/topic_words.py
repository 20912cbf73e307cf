"""The words of a topic: which tell it from others, and which several people used."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from peel.feedback.discovery import Cluster, DifferentText

MOST_TERMS = 5
FEWEST_PEOPLE = 2
"""How many people must have used a word for it to be a term: what one person alone wrote is told nowhere."""

SMALL_WORDS = frozenset(
    """
    about after again all also always and any are because been before being but can cannot could did does doing don for
    from get got had has have having hello her here him his how into its just let like may more most much must not now
    off one only other our out over please she should some still such than thank thanks that the their them then there
    these they this those through too under until very want was way well were what when where which while who why will
    with would yet you your
    aber alle allem allen aller alles als also auch auf aus bei bin bis bitte dann danke das dass dem den der des die
    dies diese diesem diesen dieser dieses doch dort durch ein eine einem einen einer eines euch für hab habe haben
    hallo hat hatte ich ihm ihn ihnen ihr ihre ihrem ihren ihrer immer ist jetzt kann kein keine können man mein meine
    meinem meinen meiner mich mir mit muss nach nicht noch nun nur oder sehr sein seine sich sie sind soll sondern über
    und uns unser vom von vor wann war waren warum was weil wenn wer werden wie wieder will wir wird wurde zum zur
    """.split()  # noqa: SIM905  # two hundred quotes would not be read
)
"""Words that tell nothing apart, in English and German: in a few texts, counts alone do not show which they are."""

_WORD = re.compile(r"[^\W_]+")


def terms_of(clusters: Sequence[Cluster], texts: Sequence[DifferentText]) -> list[tuple[str, ...]]:
    """The words of each cluster that tell it from the others and from what is in none, the most telling first.

    By c-TF-IDF (Grootendorst 2022): how often a word stands in the cluster times log(1 + A / f), f how often it stands
    in all texts and A the mean number of words of a cluster.
    """
    words = [frozenset(filter(_has_letter, words_of(one.text))) for one in texts]
    inside = [Counter(word for place in one.texts for word in words[place]) for one in clusters]
    everywhere = Counter(word for some in words for word in some)
    mean = sum(everywhere.values()) / (len(clusters) + 1)
    made = []
    for counts, cluster in zip(inside, clusters, strict=True):
        allowed = words_of_several([texts[place] for place in cluster.texts])
        weight = {word: count * np.log1p(mean / everywhere[word]) for word, count in counts.items() if word in allowed}
        made.append(tuple(sorted(weight, key=lambda word: (-weight[word], word))[:MOST_TERMS]))
    return made


def _has_letter(word: str) -> bool:
    return any(map(str.isalpha, word))


def words_of(text: str) -> frozenset[str]:
    """The words of a text in lower case: of three letters or more, or with a digit, without those that tell nothing."""
    found = _WORD.findall(unicodedata.normalize("NFC", text).lower())
    return frozenset(word for word in found if len(word) > 2 or not word.isalpha()) - SMALL_WORDS


def words_of_several(texts: Sequence[DifferentText]) -> frozenset[str]:
    """The words that several people used. A text without a user stands for a person of its own."""
    people: dict[str, set[str | int]] = {}
    for place, one in enumerate(texts):
        for word in words_of(one.text):
            people.setdefault(word, set()).update(_people(one, word, place))
    return frozenset(word for word, who in people.items() if len(who) >= FEWEST_PEOPLE)


def _people(text: DifferentText, word: str, place: int) -> Iterable[str | int]:
    """Who used a word of a text. Texts that differ in digits are taken together, so digits are those of one of them."""
    if not word.isalpha() and text.of_one is None:
        return (place,)
    return (*text.users, place) if text.unknown else text.users
