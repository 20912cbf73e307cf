"""Scenario, Case, Orchestration and what they are made of: the definitions as loaded, before anything is resolved."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from peel.records.base import Json, Record

BASE_VARIANT = "base"
"""The variant that the definitions as written are."""


class Case(Record):
    """One assignment of case inputs with its expected output.

    `line` is where it stands in its file (1-based), for messages.
    """

    id: str
    tags: tuple[str, ...] = ()
    inputs: dict[str, Json] = Field(default_factory=dict)
    expected: dict[str, Json] = Field(default_factory=dict)


class StepDefinition(Record):
    """One step as written. `prompt` or `request` says what is asked, `parameters` how."""

    id: str
    use: str
    prompt: Json = None
    request: Json = None
    parameters: dict[str, Json] = Field(default_factory=dict)


class Orchestration(Record):
    """The application: steps in sequence; `output` names the step whose output is the application's."""

    orchestration: str
    description: str = ""
    steps: tuple[StepDefinition, ...]
    output: str


class EvaluatorDefinition(Record):
    """One evaluator as written: `settings` are the keys that its kind defines.

    `on` names the step whose output it judges; None means the output of the orchestration.
    """

    id: str
    use: str
    on: str | None = None
    settings: dict[str, Json] = Field(default_factory=dict)


Scope = Literal["these-cases", "cases-like-these"]
"""Which question an interval answers: exactly these cases run again, or new cases of this kind."""


class GateDefinition(Record):
    """A requirement on an estimate: `subject` is an evaluator's id, `cost_usd`, `latency_s` or `error_rate`.

    `kind` tells an evaluator from a measure of the execution itself. Exactly one of `at_least`, `at_most` is set.
    """

    kind: Literal["evaluator", "measure"]
    subject: str
    at_least: float | None = None
    at_most: float | None = None
    tolerance: float = 0.0
    scope: Scope = "these-cases"

    @property
    def requirement(self) -> str:
        """The requirement in words, such as `core-terms at least 0.9`."""
        if self.at_least is not None:
            return f"{self.subject} at least {self.at_least:g}"
        return f"{self.subject} at most {self.at_most:g}"


class Variant(Record):
    """A named change: `changes` maps `STEP.PARAMETER` or `INPUT.KEY` (or a whole `INPUT`) to its new value."""

    name: str
    changes: dict[str, Json] = Field(default_factory=dict)


class Scenario(Record):
    """What is evaluated: inputs, an orchestration, cases with expected output, evaluators, gates.

    `variants` always begins with `base`; a matrix is already expanded. `below` is the threshold of the
    "share of executions below" that reports show.
    """

    scenario: str
    description: str = ""
    orchestration: str
    inputs: dict[str, Json] = Field(default_factory=dict)
    cases: tuple[Case, ...]
    repetitions: int = 1
    variants: tuple[Variant, ...] = (Variant(name=BASE_VARIANT),)
    evaluators: tuple[EvaluatorDefinition, ...] = ()
    gates: tuple[GateDefinition, ...] = ()
    below: float = 0.3


class Price(Record):
    """Prices in US dollars per million tokens, for a model the price list does not know."""

    input_per_million: float
    output_per_million: float


class ModelDefinition(Record):
    """A model role of `peel.yaml`. Strings may hold `${NAME}`: filled from the environment when the role is used.

    `model` is `embedded`, a path to a GGUF file, or the name the server knows. `provider` names an entry point of
    `peel.models`; None chooses `embedded` or `openai` by what `model` and `base_url` are. `concurrency` is the upper
    limit of calls in flight to this model; `timeout_s` bounds one attempt in seconds.
    """

    model: str
    provider: str | None = None
    base_url: str | None = None
    api_key: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    parameters: dict[str, Json] = Field(default_factory=dict)
    concurrency: int | None = None
    timeout_s: float = 120.0
    retries: int = 5
    price: Price | None = None


class WorkspaceDefinition(Record):
    """`peel.yaml`: the models by role and the store's URL."""

    models: dict[str, ModelDefinition] = Field(
        default_factory=lambda: {
            "default": ModelDefinition(model="embedded"),
            "judge": ModelDefinition(model="embedded"),
        }
    )
    store: str = "sqlite:///.peel/peel.db"
