"""How well interactions are mapped to scenarios by meaning, on labelled support texts nobody of this project wrote.

    python benchmarks/mapping.py [--data DIR] [--embedding NAME] [--splits N]

DIR holds the folders abcd, ragas-support-triage, tau2-banking, tau2-telecom and turris-docs. In each split a quarter of
the labels is held out: their texts are interactions that no scenario covers. Of every other label, which is a scenario,
a part of the texts are its cases and the rest are interactions. Splits are drawn with the seeds 0, 1, 2, …; thresholds
see the cases only. Prints a Markdown table of means over splits, with the lowest and highest.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from peel.feedback.matching import Reference, ScenarioCases
from peel.models.opening import Models

DATA = Path(__file__).resolve().parents[2] / "shared" / "knowledge"
FAMILIES = (
    *("business_checking_accounts", "business_savings_accounts", "business_credit_cards", "checking_accounts"),
    *("savings_accounts", "credit_cards", "bank_accounts", "everyone_pay", "buy_now_pay_later"),
)
FEWEST = 4
"""A label with fewer texts is left out."""
HELD_OUT = 0.25
FOREIGN = 300
"""How many texts of other sources are interactions that are far from every scenario."""
READ = 300
"""How many characters of a document stand for what a user would write."""

Texts: TypeAlias = list[tuple[str, frozenset[str]]]
"""Texts with their labels: the first that a text is a case of is the smallest, any of them is right."""
Vectors: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Labelled:
    """One labelled set. `source` tells which sets are of the same texts; `most_cases` how many of a label's texts are
    cases at most, of which there are no more than half. `asked` are the interactions where they are other texts."""

    name: str
    source: str
    texts: Texts
    most_cases: int = 1_000
    asked: Texts | None = None


@dataclass(frozen=True)
class Split:
    """Cases by scenario; interactions with their labels; those that no scenario covers, near ones and foreign ones."""

    cases: dict[str, list[str]]
    inside: Texts
    near: list[str]
    foreign: list[str]


def banking(data: Path) -> list[tuple[str, str, str]]:
    """Of each document: its product, its family of products, its title."""
    made = []
    for line in (data / "tau2-banking" / "documents.jsonl").read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        product = re.sub(r"_\d+$", "", document["id"].removeprefix("doc_"))
        made.append((product, family(product), document["title"]))
    return made


def family(product: str) -> str:
    return next((one for one in FAMILIES if product.startswith(one)), "other")


def tasks(data: Path) -> Texts:
    """What customers of the bank want, by the families of the documents that they need."""
    path = data / "tau2-banking" / "tasks_required_documents_000-047.jsonl"
    made = []
    for line in path.read_text(encoding="utf-8").splitlines():
        task = json.loads(line)
        needed = frozenset(family(one.removeprefix("doc_")) for one in task["required_documents"])
        made.append((wish(task["customer_scenario"]), needed))
    return made


def wish(scenario: str) -> str:
    """What a customer wants, without how the benchmark's actor is told to behave."""
    paragraphs = [one for one in scenario.split("\n\n") if not re.match(r"You are (playing|currently)", one)]
    return " ".join(paragraphs)[:READ] or scenario[:READ]


def turris(data: Path) -> Texts:
    """Sections of manuals, by page."""
    made: Texts = []
    root = data / "turris-docs"
    for path in sorted(root.rglob("*.md")):
        if path.name == "SOURCE.md":
            continue
        text = re.sub(r"^---.*?---\s", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for section in re.split(r"^(?=#{2,3} )", text, flags=re.MULTILINE)[1:]:
            heading, _, body = section.partition("\n")
            said = " ".join(body.split())
            if len(said) > 40:
                made.append((f"{heading.strip('# ')}. {said[:READ]}", frozenset({path.relative_to(root).as_posix()})))
    return made


def tickets(data: Path) -> Texts:
    """Tickets of a software company, with all their labels."""
    with (data / "ragas-support-triage" / "support_triage.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], frozenset(row["labels"].split(";"))) for row in csv.DictReader(file)]


def telecom(data: Path) -> Texts:
    """Tickets of a mobile operator, by what does not work."""
    found = json.loads((data / "tau2-telecom" / "tasks_small.json").read_text(encoding="utf-8"))
    return [(one["ticket"], frozenset({one["id"].partition("]")[0].strip("[")})) for one in found]


def retail(data: Path) -> Texts:
    """What customers of a shop come with, by the flow of the agents' handbook; and the first words of three chats."""
    found = json.loads((data / "abcd" / "guidelines.json").read_text(encoding="utf-8"))
    made = [
        (f"{name}. {' '.join(one['instructions'])}"[:READ], frozenset({flow.lower().replace(" ", "_")}))
        for flow, held in found.items()
        for name, one in held["subflows"].items()
    ]
    for chat in json.loads((data / "abcd" / "abcd_sample.json").read_text(encoding="utf-8")):
        said = " ".join(text for speaker, text in chat["original"] if speaker == "customer")
        made.append((said[:READ], frozenset({chat["scenario"]["flow"]})))
    return made


def labelled_sets(data: Path) -> list[Labelled]:
    documents = banking(data)
    products = [(title, frozenset({product})) for product, _, title in documents]
    families = [(title, frozenset({kind})) for _, kind, title in documents if kind != "other"]
    shop, manuals, phones, software = retail(data), turris(data), telecom(data), tickets(data)
    companies = {"bank": products, "shop": shop, "router maker": manuals, "operator": phones, "software": software}
    mixed = [(text, frozenset({name})) for name, texts in companies.items() for text, _ in texts[:: len(texts) // 20]]
    return [
        Labelled("five companies", "all", mixed, most_cases=10),
        Labelled("operator's tickets, by issue", "operator", phones),
        Labelled("software tickets, by label", "software", software),
        Labelled("bank's families of products", "bank", families),
        Labelled("the same, 5 cases each", "bank", families, most_cases=5),
        Labelled("the same, asked by customers", "bank", families, most_cases=20, asked=tasks(data)),
        Labelled("bank's products (much alike)", "bank", products),
        Labelled("shop's flows", "shop", shop),
        Labelled("pages of router manuals", "router maker", manuals),
    ]


def split(one: Labelled, foreign: Sequence[str], seed: int) -> Split:
    """A quarter of the labels held out; of the others some texts as cases, the rest as interactions."""
    random = np.random.default_rng(seed)
    of_label: dict[str, list[int]] = {}
    for place, (_, labels) in enumerate(one.texts):
        of_label.setdefault(min(labels), []).append(place)
    kept = [label for label in sorted(of_label) if len(of_label[label]) >= FEWEST]
    shuffled = [kept[place] for place in random.permutation(len(kept))]
    out = set(shuffled[: max(1, round(HELD_OUT * len(kept)))])
    cases: dict[str, list[str]] = {}
    inside: Texts = []
    for label in sorted(set(kept) - out):
        places = random.permutation(of_label[label])
        count = min(one.most_cases, max(2, len(places) // 2))
        cases[label] = [one.texts[place][0] for place in places[:count]]
        inside += [one.texts[place] for place in places[count:]]
    near = [text for text, labels in one.texts if min(labels) in out]
    if one.asked is not None:
        inside = [(text, labels) for text, labels in one.asked if labels & cases.keys()]
        near = [text for text, labels in one.asked if not labels & cases.keys()]
    return Split(cases, inside, near, [foreign[place] for place in random.permutation(len(foreign))[:FOREIGN]])


@dataclass(frozen=True)
class Found:
    """What one split came to; None where there was nothing to count."""

    precision: float | None
    overall: float | None
    coverage: float | None
    near: float | None
    foreign: float | None


Classify: TypeAlias = Callable[[dict[str, Vectors]], Callable[[Vectors], list[str | None]]]
"""From the cases' vectors by scenario to what maps interactions."""


def by_thresholds(cases: dict[str, Vectors]) -> Callable[[Vectors], list[str | None]]:
    """As PEEL maps."""
    given = [ScenarioCases(name, tuple(map(str, range(len(some)))), some) for name, some in cases.items()]
    reference = Reference(given)
    return lambda vectors: [one.scenario for one in reference.match(vectors)] if len(vectors) else []


def by_nearest(cases: dict[str, Vectors]) -> Callable[[Vectors], list[str | None]]:
    """As without thresholds: everything to the scenario that it is nearest to."""
    given = [ScenarioCases(name, tuple(map(str, range(len(some)))), some) for name, some in cases.items()]
    reference = Reference(given)
    return lambda vectors: [one.nearest for one in reference.match(vectors)] if len(vectors) else []


def measured(made: Split, vectors: dict[str, Vectors], classify: Classify) -> Found:
    def of(texts: Sequence[str]) -> Vectors:
        return np.stack([vectors[text] for text in texts]) if texts else np.zeros((0, 1), dtype=np.float32)

    assign = classify({name: of(texts) for name, texts in made.cases.items()})
    inside = assign(of([text for text, _ in made.inside]))
    near, foreign = assign(of(made.near)), assign(of(made.foreign))
    mapped = [(name, labels) for name, (_, labels) in zip(inside, made.inside, strict=True) if name is not None]
    right = sum(name in labels for name, labels in mapped)
    wrongly = sum(name is not None for name in near)
    return Found(
        precision=share(right, len(mapped)),
        overall=share(right, len(mapped) + wrongly),
        coverage=share(len(mapped), len(inside)),
        near=share(len(near) - wrongly, len(near)),
        foreign=share(sum(name is None for name in foreign), len(foreign)),
    )


def share(count: int, of: int) -> float | None:
    return count / of if of else None


def shown(values: Sequence[float | None]) -> str:
    """Their mean, with the lowest and highest."""
    known = [one for one in values if one is not None]
    return f"{np.mean(known):.2f} ({min(known):.2f}–{max(known):.2f})" if known else "–"


def foreign_to(one: Labelled, sets: Sequence[Labelled]) -> list[str]:
    """The texts of other sources; none for a set that mixes them all."""
    if one.source == "all":
        return []
    return sorted({text for other in sets if other.source not in (one.source, "all") for text, _ in other.texts})


async def embedded(sets: Sequence[Labelled], embedding: str) -> dict[str, Vectors]:
    """The vector of each text, as it is kept."""
    texts = sorted({text for one in sets for text, _ in (*one.texts, *(one.asked or ()))})
    async with Models({}, root=Path.cwd()) as models:
        found = await models.embedder(embedding).embed(texts)
    return dict(zip(texts, found.astype(np.float16).astype(np.float32), strict=True))


def rows(sets: Sequence[Labelled], vectors: dict[str, Vectors], splits: int) -> Iterator[list[str]]:
    for one in sets:
        foreign = foreign_to(one, sets)
        made = [split(one, foreign, seed) for seed in range(splits)]
        found = [measured(each, vectors, by_thresholds) for each in made]
        nearest = [measured(each, vectors, by_nearest) for each in made]
        yield [
            one.name,
            f"{len(made[0].cases)}, {sum(map(len, made[0].cases.values()))}",
            f"{len(made[0].inside)}, {len(made[0].near)}",
            shown([each.precision for each in nearest]),
            *(shown([getattr(each, name) for each in found]) for name in ("precision", "overall", "coverage")),
            *(shown([getattr(each, name) for each in found]) for name in ("near", "foreign")),
        ]


HEAD = (
    *("texts", "scenarios, cases", "interactions inside, outside", "right if all were mapped to the nearest"),
    *("precision", "precision with those outside", "coverage", "outside, left unmatched"),
    "foreign, left unmatched",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--embedding", default="all-MiniLM-L6-v2")
    parser.add_argument("--splits", type=int, default=20)
    given = parser.parse_args()
    sets = labelled_sets(given.data)
    vectors = asyncio.run(embedded(sets, given.embedding))
    print(f"| {' | '.join(HEAD)} |\n|{'|'.join(['---'] * len(HEAD))}|")
    for row in rows(sets, vectors, given.splits):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
