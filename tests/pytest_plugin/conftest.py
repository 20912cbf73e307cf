"""A workspace in pytester's folder and a scripted model server on loopback; pytest runs in a process of its own."""

from __future__ import annotations

import asyncio
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web


@dataclass
class ScriptedServer:
    """An OpenAI-compatible server whose reply to a prompt a test chooses: text, or an HTTP status."""

    url: str = ""
    prompts: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    reply: Callable[[str], str | int] = lambda prompt: "Press the reset button for 3 seconds."

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        prompt = body["messages"][-1]["content"]
        self.prompts.append(prompt)
        self.requests.append(body)
        answer = self.reply(prompt)
        if isinstance(answer, int):
            return web.Response(status=answer)
        message = {"role": "assistant", "content": answer}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        return web.json_response({"id": "1", "model": body["model"], "choices": [choice], "usage": usage})

    def asked(self, text: str) -> int:
        """How many prompts hold a text."""
        return sum(text in prompt for prompt in self.prompts)


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
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        scripted.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        ready.set()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(serve()), loop.run_forever()), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield scripted
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


PEEL_YAML = """models:
  default: {{base_url: "{url}", model: scripted, retries: 0}}
"""

ORCHESTRATION = """orchestration: reply
steps:
  - {id: answer, use: llm, prompt: [{user: "Answer {{ email }}"}], parameters: {temperature: 0.5}}
"""

SCENARIO = """scenario: support
orchestration: reply
cases:
  - {id: moving, tags: [demo, skip], inputs: {email: I move}, expected: {terms: ["reset button", "3 seconds"]}}
  - {id: light, inputs: {email: A red light}, expected: {terms: ["reset"]}}
repetitions: 4
variants:
  cold: {answer.temperature: 0}
evaluators:
  - {id: core-terms, use: regex, all: "{{ expected.terms }}"}
gates:
  - {evaluator: core-terms, at_least: 0.5}
"""


_WITHOUT = ("-p", "no:hypothesispytest", "-p", "no:anyio")
"""Plugins that no project here needs, and whose import takes longer than a session."""


@dataclass
class Project:
    """A workspace with pytest run in it."""

    pytester: pytest.Pytester
    server: ScriptedServer

    @property
    def root(self) -> Path:
        return self.pytester.path

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def change(self, path: str, old: str, new: str) -> None:
        """Replace some text of a file, which must be there."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text
        self.write(path, text.replace(old, new))

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in its own process, to its end."""
        return self.run_with_cache("-p", "no:cacheprovider", *arguments)

    def run_with_cache(self, *arguments: str) -> pytest.RunResult:
        """The same, remembering what failed."""
        return self.pytester.runpytest_subprocess(*_WITHOUT, *arguments, timeout=120)

    def ids(self, *arguments: str) -> list[str]:
        """The ids of what is collected."""
        out = self.run("--collect-only", "-q", *arguments).outlines
        return [line for line in out if "::" in line]

    def junit(self, *arguments: str) -> dict[str, tuple[str, dict[str, str]]]:
        """The outcomes of a run in its JUnit XML, by test: the kind of element, and the properties."""
        self.run("--junitxml=junit.xml", *arguments)
        found = {}
        for case in ET.parse(self.root / "junit.xml").iter("testcase"):
            kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
            properties = {str(one.get("name")): str(one.get("value")) for one in case.iter("property")}
            found[str(case.get("name"))] = (kinds[0] if kinds else "passed", properties)
        return found


@pytest.fixture
def project(pytester: pytest.Pytester, server: ScriptedServer) -> Project:
    """A workspace of one scenario with two cases, a variant and a gate, and one plain test beside it."""
    made = Project(pytester, server)
    made.write("pytest.ini", "[pytest]\n")
    made.write("peel.yaml", PEEL_YAML.format(url=server.url))
    made.write("orchestrations/reply.yaml", ORCHESTRATION)
    made.write("scenarios/support.yaml", SCENARIO)
    made.write("tests/test_plain.py", "def test_plain():\n    pass\n")
    return made


@pytest.fixture
def sometimes() -> Callable[[str, str, str], Callable[[str], str]]:
    """Makes replies that are right every second time to prompts that hold a text, and always to all others."""

    def made(text: str, right: str, wrong: str) -> Callable[[str], str]:
        asked = [0]

        def reply(prompt: str) -> str:
            if text not in prompt:
                return right
            asked[0] += 1
            return right if asked[0] % 2 else wrong

        return reply

    return made
