"""The sampling parameters of a step that asks a model: which exist, and how one call's are made of them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from peel.records import Json

_OWN_TO_PEEL = frozenset({"messages", "model", "stream", "stream_options", "response_format", "n"})
_NOT_SENT = frozenset({"model", "stream", "response_schema", "parse", "keep", "extra_body"})


class Sampling(BaseModel):
    """Sampling parameters in the names of the OpenAI-compatible protocol; what is not set is not sent.

    `seed` is the first repetition's; each further repetition adds one. `extra_body` holds whatever else a server
    understands, sent beside the others.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, ge=0, le=1)
    min_p: float | None = Field(default=None, ge=0, le=1)
    typical_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repeat_penalty: float | None = Field(default=None, ge=0)
    repetition_penalty: float | None = Field(default=None, ge=0)
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0)
    user: str | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    service_tier: str | None = None
    extra_body: dict[str, Json] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _extra_body_leaves_the_call_alone(self) -> Self:
        taken = sorted(self.extra_body.keys() & (_OWN_TO_PEEL | type(self).model_fields.keys()))
        if taken:
            raise ValueError(f"extra_body must not hold {', '.join(taken)}: PEEL sets it, or it is a parameter itself")
        return self

    def sent(self) -> dict[str, Json]:
        """The parameters of the first repetition, as they are sent."""
        return {**self.model_dump(exclude=set(_NOT_SENT), exclude_none=True), **self.extra_body}


class LlmParameters(Sampling):
    """The keys of an llm step's `parameters`: the model's role, how the reply is made, and the sampling parameters.

    `parse: json` makes the output the value that the reply's JSON holds, and a reply without JSON an error; without it
    the output is the reply's text, also with a `response_schema`.
    """

    model: str = "default"
    top_k: int | None = Field(default=None, ge=-1)
    stream: bool = False
    response_schema: dict[str, Json] | None = None
    parse: Literal["text", "json"] = "text"


def for_repetition(parameters: dict[str, Json], repetition: int) -> dict[str, Json]:
    """The parameters of one repetition, counted from 1: the seed, where there is one, is seed + repetition - 1."""
    seed = parameters.get("seed")
    return {**parameters, "seed": seed + repetition - 1} if isinstance(seed, int) else parameters
