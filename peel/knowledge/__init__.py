"""Knowledge: documents to passages to vectors that can be searched. Nothing heavy is imported before an index opens."""

from peel.knowledge.chunking import ChunkingSettings
from peel.knowledge.index import METRICS, IndexProgress, Knowledge
from peel.knowledge.opening import KnowledgeSettings, Place, check, open_knowledge

__all__ = [
    "METRICS",
    "ChunkingSettings",
    "IndexProgress",
    "Knowledge",
    "KnowledgeSettings",
    "Place",
    "check",
    "open_knowledge",
]
