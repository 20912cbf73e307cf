"""A small workspace on disk, a scripted model server on loopback, and the real command `peel` in its own process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

Reply = Callable[[dict[str, Any]], Any]


@dataclass
class ScriptedServer:
    """An OpenAI-compatible server whose replies a test chooses; it keeps every request it was sent."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    reply: Reply = lambda request: "Press the reset button for 3 seconds."
    delay_s: float = 0.0

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(body)
        await asyncio.sleep(self.delay_s)
        answer = self.reply(body)
        if isinstance(answer, web.Response):
            return answer
        message = {"role": "assistant", "content": answer}
        return web.json_response(
            {
                "id": "1",
                "object": "chat.completion",
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            }
        )

    def asked(self, text: str) -> int:
        """How many requests hold a text."""
        return sum(text in json.dumps(request) for request in self.requests)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A running scripted server."""
    scripted = ScriptedServer()
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", scripted.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        scripted.url = f"http://127.0.0.1:{port}/v1"
        ready.set()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(serve()), loop.run_forever()), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield scripted
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


PEEL_YAML = """models:
  default: {{base_url: "{url}", model: scripted, price: {{input_per_million: 1.0, output_per_million: 2.0}}}}
  judge: {{base_url: "{url}", model: scripted-judge, price: {{input_per_million: 1.0, output_per_million: 2.0}}}}
"""

ORCHESTRATION = """orchestration: reply
steps:
  - id: question
    use: llm
    prompt: [{user: "Question of {{ email }}"}]
  - id: answer
    use: llm
    prompt: [{user: "Answer {{ question }}"}]
    parameters: {temperature: 0.5}
"""

SCENARIO = """scenario: support
orchestration: reply
cases:
  - {id: moving, tags: [demo], inputs: {email: I move}, expected: {terms: ["reset button", "3 seconds"]}}
  - {id: light, inputs: {email: A red light}, expected: {terms: ["reset"]}}
repetitions: 3
evaluators:
  - {id: core-terms, use: regex, all: "{{ expected.terms }}"}
gates:
  - {evaluator: core-terms, at_least: 0.3}
"""


@dataclass
class Folder:
    """A workspace on disk that a test may write to, with the command run in it."""

    root: Path

    def write(self, path: str, text: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def peel(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "peel.cli", *arguments],
            cwd=self.root,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "160", **environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command and leave it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "peel.cli", *arguments],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def report(self, run: str = "last") -> dict[str, Any]:
        """The JSON report of a stored run."""
        done = self.peel("report", run, "--format", "json")
        assert done.returncode == 0, done.stderr
        loaded: dict[str, Any] = json.loads(done.stdout)
        return loaded


@pytest.fixture
def folder(tmp_path: Path, server: ScriptedServer) -> Folder:
    """A workspace of one scenario with two cases, two steps and one evaluator, asking the scripted server."""
    made = Folder(tmp_path / "workspace")
    made.write("peel.yaml", PEEL_YAML.format(url=server.url))
    made.write("orchestrations/reply.yaml", ORCHESTRATION)
    made.write("scenarios/support.yaml", SCENARIO)
    return made


@pytest.fixture
def empty_folder(tmp_path: Path) -> Folder:
    """An empty folder."""
    (tmp_path / "empty").mkdir()
    return Folder(tmp_path / "empty")
