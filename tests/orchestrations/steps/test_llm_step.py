"""The step kind `llm`: prompts in all their forms, parameters, and what is recorded of a call."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from peel.errors import TransportError
from peel.models.chat import ChatReply
from peel.orchestrations.steps.llm import LlmStep
from peel.records import Attempt, Usage

PIXEL = b"\x89PNG\r\n\x1a\n not much of a picture"


def sent(model: Any) -> list[tuple[str, Any]]:
    """The messages of the last request as pairs of role and content."""
    return [(message.role, message.content) for message in model.requests[-1].messages]


def test_a_text_is_one_user_message(compile_step: Any, execute: Any, model: Any) -> None:
    """The shortest prompt there is."""
    model.script = ["Hi."]
    result = execute(compile_step(LlmStep, prompt="Say hi."))
    assert sent(model) == [("user", "Say hi.")]
    assert result.output == "Hi."


def test_messages_are_written_by_role_or_as_the_protocol_has_them(compile_step: Any, execute: Any, model: Any) -> None:
    """Both ways of writing a message can stand in one prompt."""
    model.script = ["ok"]
    prompt = [
        {"system": "Be brief."},
        {"user": "Hello"},
        {"assistant": "Yes?"},
        {"role": "user", "content": "About {{ email }}"},
    ]
    execute(compile_step(LlmStep, prompt=prompt, names=["email"]), email="routers")
    assert sent(model) == [("system", "Be brief."), ("user", "Hello"), ("assistant", "Yes?"), ("user", "About routers")]


def test_what_looks_like_a_template_in_a_value_is_printed_as_it_is(compile_step: Any, execute: Any, model: Any) -> None:
    """A model's output is data: it is never rendered."""
    model.script = ["ok"]
    hostile = "{{ secret }} {% for x in range(10**9) %}{% endfor %} {{ ''.__class__ }}"
    execute(compile_step(LlmStep, prompt=[{"user": "{{ answer }}"}], names=["answer"]), answer=hostile)
    assert sent(model) == [("user", hostile)]


def test_passages_are_printed_numbered_under_their_source(
    compile_step: Any, execute: Any, model: Any, passages: Any
) -> None:
    """A list of passages in a prompt reads as numbered text, also where it is all of the message."""
    model.script = ["ok"]
    step = compile_step(LlmStep, prompt=[{"user": "{{ passages }}"}], names=["passages"])
    execute(step, passages=[passage.model_dump() for passage in passages])
    assert sent(model)[0][1].startswith("[1] ar83.pdf, 6.2 Moving, p. 1\nHold the reset button.\n\n[2] ")


def test_everything_a_reply_brings_is_recorded(compile_step: Any, execute: Any, model: Any) -> None:
    """Marks, model, usage, attempts, finish reason, time to first token and logprobs."""
    usage = Usage(calls=1, tokens_in=10, tokens_out=60, cost_usd=0.001)
    model.script = [
        ChatReply(
            text="To reset",
            model="m-2024",
            finish_reason="length",
            marks=("truncated",),
            usage=usage,
            attempts=(Attempt(problem="status 429", status=429, waited_s=1.0),),
            first_token_s=0.2,
            logprobs=[{"token": "To", "logprob": -0.1}],
        )
    ]
    result = execute(compile_step(LlmStep, prompt="x", parameters={"stream": True, "logprobs": True}))
    assert (result.marks, result.model, result.usage) == (("truncated",), "m-2024", usage)
    assert result.attempts[0].status == 429
    assert result.details == {
        "finish_reason": "length",
        "first_token_s": 0.2,
        "logprobs": [{"token": "To", "logprob": -0.1}],
    }
    assert result.request["stream"] is True
    assert model.requests[0].stream is True


def test_the_request_is_recorded_as_sent(compile_step: Any, execute: Any, model: Any) -> None:
    """Rendered messages and the parameters, nothing of PEEL's own among them."""
    model.script = ["ok"]
    parameters = {"model": "default", "temperature": 0.7, "max_tokens": 60, "extra_body": {"mirostat": 2}}
    step = compile_step(LlmStep, prompt=[{"user": "{{ email }}"}], parameters=parameters, names=["email"])
    result = execute(step, email="Hello")
    assert result.request == {
        "messages": [{"role": "user", "content": "Hello"}],
        "parameters": {"temperature": 0.7, "max_tokens": 60, "mirostat": 2},
    }
    assert model.requests[0].parameters == result.request["parameters"]


def test_all_usual_sampling_parameters_are_passed_through(compile_step: Any, execute: Any, model: Any) -> None:
    """Each in the protocol's own name."""
    parameters = {
        "temperature": 1,
        "top_p": 0.9,
        "top_k": 40,
        "min_p": 0.05,
        "max_completion_tokens": 9,
        "stop": ["\n"],
        "presence_penalty": -0.5,
        "frequency_penalty": 0.5,
        "repeat_penalty": 1.1,
        "logit_bias": {"50256": -100},
        "logprobs": True,
        "top_logprobs": 2,
        "user": "u1",
        "reasoning_effort": "low",
    }
    model.script = ["ok"]
    execute(compile_step(LlmStep, prompt="x", parameters=parameters))
    assert model.requests[0].parameters == parameters


def test_a_seed_is_another_one_in_each_repetition(compile_step: Any, execute: Any, model: Any) -> None:
    """The first repetition has the seed as written; the third has it plus two."""
    step = compile_step(LlmStep, prompt="x", parameters={"seed": 42})
    model.script = ["a", "b", "c"]
    seeds = [execute(step, repetition).request["parameters"]["seed"] for repetition in (1, 3, 1)]
    assert seeds == [42, 44, 42]
    assert [request.parameters["seed"] for request in model.requests] == seeds


def test_without_a_seed_none_is_sent(compile_step: Any, execute: Any, model: Any) -> None:
    """PEEL makes up no parameters."""
    model.script = ["ok"]
    execute(compile_step(LlmStep, prompt="x"), 5)
    assert model.requests[0].parameters == {}


def test_a_response_schema_is_sent_and_the_output_stays_text(compile_step: Any, execute: Any, model: Any) -> None:
    """Without `parse` an evaluator sees what the model wrote."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    model.script = ['{"a": 1}']
    result = execute(compile_step(LlmStep, prompt="x", parameters={"response_schema": schema}))
    assert model.requests[0].response_schema == schema
    assert result.output == '{"a": 1}'
    assert result.request["response_schema"] == schema


@pytest.mark.parametrize("reply", ['{"a": [1]}', ' {"a": [1]}\n', '```json\n{"a": [1]}\n```'])
def test_parse_json_makes_the_output_a_value(compile_step: Any, execute: Any, model: Any, reply: str) -> None:
    """Bare or in a Markdown fence."""
    model.script = [reply]
    assert execute(compile_step(LlmStep, prompt="x", parameters={"parse": "json"})).output == {"a": [1]}


@pytest.mark.parametrize("reply", ["", "Sure!", '{"a": ', "NaN", "```\n```"])
def test_a_reply_that_is_not_json_is_an_error_that_keeps_reply_and_cost(
    compile_step: Any, execute: Any, model: Any, reply: str
) -> None:
    """It is not asked again, and what it cost is counted."""
    model.script = [reply]
    result = execute(compile_step(LlmStep, prompt="x", parameters={"parse": "json"}))
    assert result.fault.type == "StepError"
    assert "the reply is not JSON, as parse: json needs it" in result.fault.message
    assert result.details["reply"] == reply
    assert result.usage.calls == len(model.requests) == 1


def test_a_failed_call_is_recorded_with_its_request(compile_step: Any, execute: Any, model: Any) -> None:
    """Whoever reads the record sees what was asked in vain."""
    model.script = [TransportError("gave up", attempts=[Attempt(problem="reset")])]
    result = execute(compile_step(LlmStep, prompt="Say hi."))
    assert (result.fault.type, result.fault.message) == ("TransportError", "gave up")
    assert result.request["messages"] == [{"role": "user", "content": "Say hi."}]
    assert result.attempts == (Attempt(problem="reset"),)


def test_an_image_of_the_workspace_is_sent_and_recorded_by_its_hash(
    compile_step: Any, execute: Any, model: Any, tmp_path: Path
) -> None:
    """The model gets the bytes, the record their size and hash."""
    (tmp_path / "photo.png").write_bytes(PIXEL)
    model.script = ["A router."]
    prompt = [{"user": ["What is this?", {"image_url": {"url": "{{ photo }}", "detail": "low"}}]}]
    result = execute(compile_step(LlmStep, prompt=prompt, names=["photo"]), photo="photo.png")
    encoded = base64.b64encode(PIXEL).decode()
    image = {"url": f"data:image/png;base64,{encoded}", "detail": "low"}
    assert sent(model)[0][1] == ({"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": image})
    stored = {"url": "photo.png", "detail": "low", "bytes": len(PIXEL), "sha256": hashlib.sha256(PIXEL).hexdigest()}
    assert result.request["messages"][0]["content"][1] == {"type": "image_url", "image_url": stored}


def test_audio_is_sent_as_the_protocol_has_it(compile_step: Any, execute: Any, model: Any, tmp_path: Path) -> None:
    """The format follows from the file's ending."""
    (tmp_path / "call.wav").write_bytes(b"RIFF")
    model.script = ["A customer."]
    execute(compile_step(LlmStep, prompt=[{"user": [{"text": "Listen."}, {"audio": "call.wav"}]}]))
    audio = {"data": base64.b64encode(b"RIFF").decode(), "format": "wav"}
    assert sent(model)[0][1][1] == {"type": "input_audio", "input_audio": audio}


def test_an_image_may_be_an_address_or_data(compile_step: Any, execute: Any, model: Any) -> None:
    """Neither is fetched by PEEL; data is not copied into the record."""
    data = "data:image/png;base64," + base64.b64encode(PIXEL).decode()
    model.script = ["ok"]
    prompt = [{"user": [{"image": "https://example.com/a.png"}, {"image": data}]}]
    result = execute(compile_step(LlmStep, prompt=prompt))
    assert [part["image_url"]["url"] for part in sent(model)[0][1]] == ["https://example.com/a.png", data]
    stored = result.request["messages"][0]["content"][1]["image_url"]
    assert (stored["url"], stored["bytes"]) == ("data:image/png;base64,", len(PIXEL))


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        ("../outside.png", "lies outside the workspace"),
        ("/etc/passwd", "lies outside the workspace"),
        ("link.png", "lies outside the workspace"),
        ("notes.txt", "does not end in one of"),
        ("missing.png", "there is no image file 'missing.png'"),
        ("folder.png", "there is no image file 'folder.png'"),
        ("a\0.png", "cannot be read"),
        ("data:text/html;base64,AAAA", "does not begin with data:image/"),
        ("data:image/png;base64,!!!", "is not valid base64"),
        ("file:///etc/passwd", "does not end in one of"),
        ("", "not a file or an address"),
        (7, "not a file or an address"),
    ],
)
def test_a_value_cannot_make_the_step_read_what_it_should_not(
    compile_step: Any, execute: Any, model: Any, tmp_path: Path, photo: Any, reason: str
) -> None:
    """A path from a case or a model is held to images inside the workspace, also through links."""
    workspace = tmp_path
    (workspace.parent / "outside.png").write_bytes(PIXEL)
    (workspace / "link.png").symlink_to(workspace.parent / "outside.png")
    (workspace / "notes.txt").write_text("secret")
    (workspace / "folder.png").mkdir()
    step = compile_step(LlmStep, prompt=[{"user": [{"image": "{{ photo }}"}]}], names=["photo"])
    result = execute(step, photo=photo)
    assert reason in result.fault.message
    assert model.requests == []


def test_a_file_named_in_the_definition_is_looked_for_when_compiling(problems_of: Any) -> None:
    """A missing picture is found before anything is paid for."""
    (problem,) = problems_of(LlmStep, prompt=[{"user": [{"image": "missing.png"}]}])
    assert problem == (("prompt", 0, "user", 0, "image"), "there is no image file 'missing.png' in the workspace")


@pytest.mark.parametrize(
    ("prompt", "path", "message"),
    [
        (None, ("prompt",), "the prompt is empty or missing"),
        ([], ("prompt",), "the prompt is empty or missing"),
        ({"user": "x"}, ("prompt",), "the prompt is a mapping"),
        (["hello"], ("prompt", 0), "a message is a text; it must be a mapping"),
        ([{}], ("prompt", 0), "a message is from 'nobody'"),
        ([{"usr": "x"}], ("prompt", 0), "a message is from 'usr'; did you mean 'user'?"),
        ([{"role": "sytem", "content": "x"}], ("prompt", 0), "did you mean 'system'?"),
        ([{"role": ["user"], "content": "x"}], ("prompt", 0), "a message is from ['user']"),
        ([{"user": "x", "system": "y"}], ("prompt", 0), "'system' beside its role"),
        ([{"user": None}], ("prompt", 0, "user"), "the content of a message is empty"),
        ([{"user": 3}], ("prompt", 0, "user"), "the content of a message is the number 3"),
        ([{"user": [{"video": "x"}]}], ("prompt", 0, "user", 0), "allowed: audio, image"),
        ([{"user": [{"image": None}]}], ("prompt", 0, "user", 0, "image"), "the image is empty"),
        ([{"user": "{{ emial }}"}], ("prompt", 0, "user"), "unknown name emial"),
        ([{"role": "user", "content": "{{ x"}], ("prompt", 0, "content"), "the template cannot be read"),
    ],
)
def test_a_malformed_prompt_is_a_problem_at_its_place(problems_of: Any, prompt: Any, path: Any, message: str) -> None:
    """Each says what was found and what is allowed."""
    found = problems_of(LlmStep, prompt=prompt, names=["email"])
    assert [problem[0] for problem in found] == [path]
    assert message in found[0][1]


@pytest.mark.parametrize(
    "parameters",
    [
        {"temprature": 1},
        {"temperature": "hot"},
        {"temperature": True},
        {"temperature": float("nan")},
        {"temperature": -1},
        {"top_p": 2},
        {"max_tokens": 0},
        {"max_tokens": 1.5},
        {"seed": "a"},
        {"parse": "yaml"},
        {"extra_body": {"messages": []}},
        {"extra_body": {"temperature": 1}},
        {"model": "nobody"},
    ],
    ids=str,
)
def test_a_wrong_parameter_is_a_problem(problems_of: Any, parameters: Any) -> None:
    """Unknown keys, wrong types, values out of range, and what would override the call itself."""
    (problem,) = problems_of(LlmStep, prompt="x", parameters=parameters)
    assert problem[0][0] == "parameters"


def test_all_problems_of_a_step_are_told_together(problems_of: Any) -> None:
    """A wrong prompt does not hide wrong parameters, nor one message another."""
    prompt = [{"usr": "x"}, {"user": "{{ nothing }}"}]
    found = problems_of(LlmStep, prompt=prompt, request={"a": 1}, parameters={"topp": 1})
    assert {path[0] for path, _ in found} == {"prompt", "request", "parameters"}
    assert len(found) == 4
