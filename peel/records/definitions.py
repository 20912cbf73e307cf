"""Scenario, Case, Orchestration and what they are made of: the definitions as loaded, before anything is resolved."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from peel.records.base import Json, Record
from peel.records.feedback import FeedbackDefinition

BASE_VARIANT = "base"
"""The variant that the definitions as written are."""


class Case(Record):
    """One assignment of case inputs with its expected output.

    A `draft` is executed, scored and reported, but decides no gate; so is each case of a draft scenario.
    """

    id: str
    tags: tuple[str, ...] = ()
    inputs: dict[str, Json] = Field(default_factory=dict)
    expected: dict[str, Json] = Field(default_factory=dict)
    draft: bool = False


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


GateStatistic = Literal["mean", "share-below", "pass-hat", "p50", "p95", "difference", "each-case"]
"""Which number of its subject a gate is about; `GateDefinition` says what each needs."""

PASSES_AT = 0.5
"""The score from which an execution counts as passed, where a gate that counts passes does not say."""


class CaseRule(Record):
    """How often one case must pass: `passes` of `of` repetitions, and as large a share of any other number of them.

    `written` is how the scenario says it, such as `8 of 10` or `80 %`.
    """

    passes: int
    of: int
    written: str

    def needed(self, repetitions: int) -> int:
        """How many of so many repetitions must pass: the share, rounded up."""
        return -(-self.passes * repetitions // self.of)


class GateDefinition(Record):
    """A requirement on an estimate: `subject` is an evaluator's id, `cost_usd`, `latency_s` or `error_rate`.

    `kind` tells an evaluator from a measure of the execution itself. `statistic` is the number that is required:

    - `mean`: the mean of the cases' means. Every subject has it.
    - `share-below`: the share of executions that score strictly below `threshold`.
    - `pass-hat`: the chance that all of `k` executions of a case pass, which they do from a score of `threshold` on.
    - `p50`, `p95`: a quantile of the executions' seconds.
    - `difference`: this run less the run `not_worse_than` (an id, the beginning of one, or `last`), by at most `by`
      less. `baseline` is the id of that run: None before the run has begun, and where there is none.
    - `each-case`: no estimate. Every case must pass as often as `rule` says, by scores of `threshold` or more.

    Exactly one of `at_least`, `at_most` is set, save for the last two. `tag` leaves only the cases that have it.
    """

    kind: Literal["evaluator", "measure"]
    subject: str
    statistic: GateStatistic = "mean"
    at_least: float | None = None
    at_most: float | None = None
    tolerance: float = 0.0
    scope: Scope = "these-cases"
    tag: str | None = None
    threshold: float | None = None
    k: int | None = None
    not_worse_than: str | None = None
    by: float | None = None
    baseline: str | None = None
    rule: CaseRule | None = None

    @property
    def requirement(self) -> str:
        """The requirement in words, such as `core-terms at least 0.9`."""
        return f"{self._required}{f' (tag {self.tag})' if self.tag is not None else ''}"

    @property
    def _required(self) -> str:
        if self.statistic == "difference":
            return f"{self.subject} not worse than {self.not_worse_than} by more than {self.by:g}"
        if self.rule is not None:
            return f"{self.subject} at least {self.rule.written} in each case"
        bar = f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"
        return f"{self._number} {bar}"

    @property
    def _number(self) -> str:
        if self.statistic == "share-below":
            return f"share of {self.subject} below {self.threshold:g}"
        if self.statistic == "pass-hat":
            return f"{self.subject} pass^{self.k}"
        return self.subject if self.statistic == "mean" else f"{self.subject} {self.statistic}"


EstimateMethod = Literal["anchored-bootstrap", "t", "cluster-bootstrap", "wilson"]
"""What makes the interval for new cases; all but the first for who must report it."""


class EstimateSettings(Record):
    """How a scenario's estimates are made: `method` the interval, `passes_at` the score from which on an execution
    passes, where its passes are counted (pass@k, pass^k, flaky cases)."""

    method: EstimateMethod = "anchored-bootstrap"
    passes_at: float = PASSES_AT


class Variant(Record):
    """A named change: `changes` maps `STEP.PARAMETER` or `INPUT.KEY` (or a whole `INPUT`) to its new value."""

    name: str
    changes: dict[str, Json] = Field(default_factory=dict)


class Scenario(Record):
    """What is evaluated: inputs, an orchestration, cases with expected output, evaluators, gates.

    `variants` always begins with `base`; a matrix is already expanded. `below` is the threshold of the
    "share of executions below" that reports show. All cases of a `draft` are drafts.
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
    estimates: EstimateSettings = EstimateSettings()
    draft: bool = False


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
    """`peel.yaml`: the models by role, the store's URL, and what is done to what comes from production."""

    models: dict[str, ModelDefinition] = Field(
        default_factory=lambda: {
            "default": ModelDefinition(model="embedded"),
            "judge": ModelDefinition(model="embedded"),
        }
    )
    store: str = "sqlite:///.peel/peel.db"
    feedback: FeedbackDefinition = FeedbackDefinition()
