"""The step kind `llm`: a prompt is rendered and a language model asked."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

import orjson

from peel.compiling import CompileScope
from peel.errors import StepError
from peel.models.chat import ChatModel, ChatReply, ChatRequest
from peel.orchestrations.prompts import Prompt, compile_prompt
from peel.orchestrations.requests import together
from peel.orchestrations.sampling import LlmParameters, for_repetition
from peel.orchestrations.step import StepCall, StepOutcome
from peel.records import Json, StepDefinition


class LlmStep:
    """Asks a model; the output is the reply's text, or the value of its JSON with `parse: json`."""

    Parameters = LlmParameters

    timeout_s: float | None = None
    """The model bounds its own attempts, and waiting for a free place at the model is no fault of the step."""

    def __init__(self, model: ChatModel, prompt: Prompt, parameters: LlmParameters) -> None:
        self._model = model
        self._prompt = prompt
        self._parameters = parameters
        self._sent = parameters.sent()

    @classmethod
    def compile(cls, definition: StepDefinition, scope: CompileScope) -> Self:
        if definition.request is not None:
            scope.problem("an llm step has a prompt, not a request", ("request",))

        def model_and_parameters() -> tuple[ChatModel, LlmParameters]:
            parameters = scope.settings(LlmParameters, definition.parameters, ("parameters",))
            return scope.chat_model(parameters.model, ("parameters", "model")), parameters

        prompt, (model, parameters) = together(lambda: compile_prompt(definition.prompt, scope), model_and_parameters)
        return cls(model, prompt, parameters)

    async def run(self, call: StepCall) -> StepOutcome:
        rendered = await self._prompt.render(call.names)
        parameters = for_repetition(self._sent, call.repetition)
        call.request = self._stored(rendered.stored, parameters)
        reply = await self._model.complete(
            ChatRequest(
                messages=rendered.messages,
                parameters=parameters,
                response_schema=self._parameters.response_schema,
                stream=self._parameters.stream,
            )
        )
        if self._parameters.parse == "text":
            return outcome_of(reply, reply.text)
        call.so_far = outcome_of(reply, None, details={"reply": reply.text})
        return outcome_of(reply, _parsed(reply))

    def _stored(self, messages: list[Json], parameters: dict[str, Json]) -> dict[str, Json]:
        stored: dict[str, Json] = {"messages": messages, "parameters": parameters}
        if self._parameters.response_schema is not None:
            stored["response_schema"] = self._parameters.response_schema
        if self._parameters.stream:
            stored["stream"] = True
        return stored


def outcome_of(reply: ChatReply, output: Json, *, details: Mapping[str, Json] = MappingProxyType({})) -> StepOutcome:
    """The outcome of a step that asked a model: `details` beside those that the reply brings."""
    found = {
        "finish_reason": reply.finish_reason,
        "first_token_s": reply.first_token_s,
        "logprobs": reply.logprobs,
        **details,
    }
    return StepOutcome(
        output,
        marks=reply.marks,
        model=reply.model,
        usage=reply.usage,
        attempts=reply.attempts,
        details={key: value for key, value in found.items() if value is not None},
    )


def _parsed(reply: ChatReply) -> Json:
    """The value of the reply's JSON, which may stand in a Markdown fence. Raises StepError where there is none."""
    try:
        return orjson.loads(unfenced(reply.text))  # type: ignore[no-any-return]  # orjson.loads is typed Any
    except orjson.JSONDecodeError as error:
        marked = f" ({', '.join(reply.marks)})" if reply.marks else ""
        raise StepError(f"the reply{marked} is not JSON, as parse: json needs it: {error}") from error


def unfenced(text: str) -> str:
    """The text without the Markdown fence that models put around JSON."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text[text.index("\n") + 1 : -3].strip()
    return text
