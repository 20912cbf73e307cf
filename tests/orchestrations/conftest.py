"""A scripted model and knowledge, a scope to compile in, and a loopback server whose answers a test chooses."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path as FilePath
from typing import Any

import pytest
from pydantic import ValidationError

from peel.errors import Incomplete
from peel.models.chat import ChatReply, ChatRequest
from peel.orchestrations.execution import CompiledOrchestration, execute_steps
from peel.records import Passage, Path, StepDefinition, StepResult, Usage
from peel.templates import Names, Templates, Unknown


class ScriptedModel:
    """Replies with what it is given, one after the other: a text, a reply, or an exception to raise."""

    name = "scripted"

    def __init__(self) -> None:
        self.script: list[str | ChatReply | Exception] = []
        self.requests: list[ChatRequest] = []

    async def complete(self, request: ChatRequest) -> ChatReply:
        self.requests.append(request)
        reply = self.script.pop(0)
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, ChatReply):
            return reply
        usage = Usage(calls=1, tokens_in=7, tokens_out=3, cost_usd=0.01)
        return ChatReply(text=reply, model="scripted-1", finish_reason="stop", usage=usage)


@dataclass
class ScriptedRetriever:
    """Knowledge that always finds the same passages."""

    passages: Sequence[Passage] = ()
    searches: list[tuple[str, int, str]] = field(default_factory=list)

    async def search(self, query: str, *, top_k: int, metric: str) -> Sequence[Passage]:
        self.searches.append((query, top_k, metric))
        return self.passages[:top_k]


@dataclass
class ScriptedScope:
    """What a step may refer to in these tests; `problems` are the pairs of path and message that were collected."""

    workspace: FilePath
    model: ScriptedModel
    retrievers: dict[str, ScriptedRetriever] = field(default_factory=dict)
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    names: Names = field(default_factory=dict)
    cases: tuple[Any, ...] = ()
    problems: list[tuple[Path, str]] = field(default_factory=list)
    templates: Templates = field(default_factory=Templates)

    def template(self, value: Any, path: Path) -> Any:
        render, wrong = self.templates.compile(value, self.names)
        for inside, what in wrong:
            self.problem(f"unknown name {what.name}" if isinstance(what, Unknown) else what, (*path, *inside))
        return render

    def settings(self, model: Any, values: Mapping[str, Any], path: Path) -> Any:
        try:
            return model.model_validate(dict(values))
        except ValidationError as error:
            for issue in error.errors():
                self.problem(issue["msg"], (*path, *issue["loc"]))
            raise Incomplete from error

    def chat_model(self, role: str, path: Path) -> ScriptedModel:
        if role != "default":
            self.problem(f"no model {role}", path)
            raise Incomplete
        return self.model

    def retriever(self, name: str, path: Path) -> ScriptedRetriever:
        if name not in self.retrievers:
            self.problem(f"no knowledge {name}", path)
            raise Incomplete
        return self.retrievers[name]

    def embedder(self, name: str, path: Path) -> Any:
        raise Incomplete

    def function(self, reference: str, path: Path) -> Callable[..., Any]:
        return self.functions[reference]

    def problem(self, message: str, path: Path) -> None:
        self.problems.append((path, message))


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel()


@pytest.fixture
def scope(tmp_path: FilePath, model: ScriptedModel) -> ScriptedScope:
    return ScriptedScope(tmp_path, model)


@pytest.fixture
def passages() -> list[Passage]:
    """Three passages, the nearest first."""
    texts = ("Hold the reset button.", "Wait for 3 seconds.", "Mount it on a wall.")
    return [
        Passage(id=f"p{n}", text=text, document="ar83.pdf", page=n, section="6.2 Moving", score=1 - n / 10)
        for n, text in enumerate(texts, 1)
    ]


@pytest.fixture
def knowledge(scope: ScriptedScope, passages: list[Passage]) -> ScriptedRetriever:
    """The knowledge input `manuals`."""
    scope.retrievers["manuals"] = ScriptedRetriever(passages)
    return scope.retrievers["manuals"]


@pytest.fixture
def compile_step(scope: ScriptedScope) -> Callable[..., Any]:
    """Compiles a step that must have no problem."""

    def compile_it(kind: Any, **definition: Any) -> Any:
        scope.names = dict.fromkeys(definition.pop("names", ()))
        step = kind.compile(StepDefinition(**{"id": "step", "use": "kind", **definition}), scope)
        assert scope.problems == []
        return step

    return compile_it


@pytest.fixture
def problems_of(scope: ScriptedScope) -> Callable[..., list[tuple[Path, str]]]:
    """Compiles a step that must not compile cleanly, and tells its problems."""

    def problems(kind: Any, **definition: Any) -> list[tuple[Path, str]]:
        scope.names = dict.fromkeys(definition.pop("names", ()))
        try:
            kind.compile(StepDefinition(**{"id": "step", "use": "kind", **definition}), scope)
        except Incomplete:
            assert scope.problems, "a part that is incomplete says why"
        return scope.problems

    return problems


@pytest.fixture
def execute() -> Callable[..., StepResult]:
    """Executes one compiled step and gives its result; the step is closed in the same event loop."""

    async def executed(step: Any, inputs: Mapping[str, Any], repetition: int) -> StepResult:
        orchestration = CompiledOrchestration((("step", step),), "step")
        results = await execute_steps(
            orchestration, inputs=inputs, case="c1", repetition=repetition, done=(), finished=lambda result: None
        )
        await orchestration.aclose()
        return results[0]

    return lambda step, repetition=1, **inputs: asyncio.run(executed(step, inputs, repetition))


@dataclass
class Answer:
    """One answer of the loopback server; `hangs` is one that never comes, `drops` a connection that is closed."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False


@dataclass
class Asked:
    """One request the loopback server got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class LoopbackServer:
    """Gives the answers in `script`, the last one again and again, and keeps what it was asked."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def answers(self, *script: Answer) -> None:
        self.script = list(script)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.asked.append(Asked(self.command, self.path, headers, body))
                answer = server.script.pop(0) if len(server.script) > 1 else server.script[0]
                if answer.hangs:
                    server.over.wait(10)
                if answer.hangs or answer.drops:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the names http.server calls

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    loopback = LoopbackServer()
    thread = threading.Thread(target=loopback.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield loopback
    loopback.over.set()
    loopback.http.shutdown()
    loopback.http.server_close()
    thread.join()


@pytest.fixture
def answer() -> type[Answer]:
    return Answer
