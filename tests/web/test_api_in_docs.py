"""The examples of docs/api.md, carried out by a real shell and a real curl against a real server."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs/api.md"

JQ = """#!{python}
import json, re, sys

value = json.load(sys.stdin)
for name, place in re.findall(r"\\.(\\w+)|\\[(\\d+)\\]", sys.argv[-1]):
    value = value[name] if name else value[int(place)]
print("null" if value is None else value)
"""
"""As much of jq as the page uses, for machines that have none."""


def examples() -> str:
    blocks: list[str] = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return "\n".join(blocks)


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("bash"), reason="the examples need curl and bash")
def test_every_example_of_the_page_works_as_written(live: Any, tmp_path: Path, password_hash: str):
    """One after the other, with the token of an editor; the first that fails ends it and is told."""
    live.server.accounts.add("ci", "editor", password_hash=password_hash)
    token, _ = live.server.accounts.add_token("ci", "editor")
    script = examples().replace("http://127.0.0.1:8000", live.url).replace("telco-support", "support")
    tools, folder = tmp_path / "tools", tmp_path / "elsewhere"
    for made in (tools, folder):
        made.mkdir()
    jq = tools / "jq"
    jq.write_text(JQ.format(python=sys.executable))
    jq.chmod(jq.stat().st_mode | stat.S_IXUSR)
    environ = {**os.environ, "PEEL_TOKEN": token, "PATH": f"{tools}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    assert (folder / "junit.xml").read_text().startswith("<?xml")
    assert (folder / "cases.csv").read_text().startswith("id,")
    assert "How do I reset my router?" in (folder / "cases.csv").read_text()


def test_the_page_names_every_part_and_every_status(client: Any):
    """Each resource and each way to fail of the description stands on the page."""
    text = PAGE.read_text(encoding="utf-8")
    made = client.get("/api/openapi.json").json()
    operations = [one for methods in made["paths"].values() for one in methods.values()]
    statuses = {status for one in operations for status in one["responses"] if int(status) >= 400}
    assert all(f"| {status} |" in text for status in statuses)
    parts = {path.removeprefix("/api/").partition("/")[0] for path in made["paths"]}
    assert all(f"/{part}" in text for part in parts)
