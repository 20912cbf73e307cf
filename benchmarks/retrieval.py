"""How well retrieval finds the documents that are needed, on data nobody of this project wrote.

    python benchmarks/retrieval.py [--data DIR] [--embedding NAME]

DIR holds `documents.jsonl` (id, title, content) and `tasks_required_documents_000-047.jsonl` (id, customer_scenario,
required_documents). Each chunking is measured in a process of its own: recall at 5, 10 and 20 documents, the time to
build the index, the peak of memory. Prints a Markdown table.

The query is the customer's scenario, word for word as the task has it. It is longer than the embedding model reads, so
PEEL embeds it in parts and averages their vectors. The 200 nearest passages are retrieved; each document counts once,
at the place of its nearest passage. Recall is averaged over tasks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from peel.knowledge import ChunkingSettings, Knowledge
from peel.models.embedding import Embedder
from peel.models.opening import Models

DATA = Path(__file__).resolve().parents[2] / "shared" / "knowledge" / "tau2-banking"
CHUNKINGS: tuple[dict[str, Any], ...] = (
    {"by": "tokens", "size": 120, "overlap": 20},
    {"by": "tokens", "size": 60, "overlap": 10},
    {"by": "paragraph", "size": 120, "overlap": 20},
)
AT = (5, 10, 20)
PASSAGES = 200


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def written(documents: Sequence[dict[str, Any]], folder: Path) -> dict[str, Path]:
    """The documents as Markdown files, by title; titles that occur twice are told apart by the id."""
    titles = [document["title"] for document in documents]
    paths = {}
    for at, document in enumerate(documents):
        path = folder / f"{at}.md"
        path.write_text(document["content"], encoding="utf-8")
        title = document["title"]
        paths[title if titles.count(title) == 1 else f"{title} ({document['id']})"] = path
    return paths


def recall(found: Sequence[str], needed: Sequence[str], at: int) -> float:
    """The share of the needed documents among the first `at` distinct ones found."""
    return len(set(list(dict.fromkeys(found))[:at]) & set(needed)) / len(needed)


async def measure(data: Path, chunking: ChunkingSettings, embedding: str) -> dict[str, float]:
    """Build the index once and search it with every task."""
    documents = read_lines(data / "documents.jsonl")
    tasks = read_lines(data / "tasks_required_documents_000-047.jsonl")
    async with Models({}, root=data) as models:
        return await measure_with(models.embedder(embedding), chunking, documents=documents, tasks=tasks)


async def measure_with(
    embedder: Embedder,
    chunking: ChunkingSettings,
    *,
    documents: Sequence[dict[str, Any]],
    tasks: Sequence[dict[str, Any]],
) -> dict[str, float]:
    """The same with an embedder at hand."""
    with tempfile.TemporaryDirectory() as folder:
        paths = written(documents, Path(folder))
        ids = {name: document["id"] for name, document in zip(paths, documents, strict=True)}
        knowledge = Knowledge(paths, chunking, embedder=embedder, folder=Path(folder) / "indexes")
        await embedder.embed(["The model is loaded before the clock starts."])
        passages = 0

        def count(progress: Any) -> None:
            nonlocal passages
            passages = progress.total

        started = time.perf_counter()
        await knowledge.prepare(count)
        index_s = time.perf_counter() - started
        started = time.perf_counter()
        results = [
            [ids[p.document] for p in await knowledge.search(task["customer_scenario"], top_k=PASSAGES)]
            for task in tasks
        ]
        search_ms = 1000 * (time.perf_counter() - started) / len(tasks)
        knowledge.close()
    needed = [task["required_documents"] for task in tasks]
    means = {
        f"recall_{at}": sum(recall(r, n, at) for r, n in zip(results, needed, strict=True)) / len(tasks) for at in AT
    }
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return {"passages": passages, **means, "index_s": index_s, "search_ms": search_ms, "peak_mb": peak_mb}


def row(chunking: dict[str, Any], measured: dict[str, float]) -> str:
    """One line of the table."""
    name = f"by {chunking['by']}, {chunking['size']}/{chunking['overlap']}"
    recalls = " | ".join(f"{measured[f'recall_{at}']:.3f}" for at in AT)
    cost = f"{measured['index_s']:.0f} s | {measured['peak_mb']:.0f} MB | {measured['search_ms']:.0f} ms"
    return f"| {name} | {measured['passages']:.0f} | {recalls} | {cost} |"


def main() -> None:
    """Measure each chunking in a process of its own and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--embedding", default="all-MiniLM-L6-v2")
    parser.add_argument("--one", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not (arguments.data / "documents.jsonl").is_file():
        print(f"Skipped: {arguments.data} holds no documents.jsonl; name the folder with --data.")
        return
    if arguments.one:
        settings = ChunkingSettings.model_validate(arguments.one)
        print(json.dumps(asyncio.run(measure(arguments.data, settings, arguments.embedding))))
        return
    print("| chunking | passages | recall@5 | recall@10 | recall@20 | to index | peak memory | a search |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|", flush=True)
    for chunking in CHUNKINGS:
        command = [sys.executable, __file__, "--data", str(arguments.data), "--embedding", arguments.embedding]
        done = subprocess.run(
            [*command, "--one", json.dumps(chunking)], check=True, stdout=subprocess.PIPE, text=True, env=os.environ
        )
        print(row(chunking, json.loads(done.stdout.splitlines()[-1])), flush=True)


if __name__ == "__main__":
    main()
