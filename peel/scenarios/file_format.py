"""The format of the files: which keys there are, what each may hold, and the words that say so.

These models check one level at a time and give editors their JSON Schema; what they hold becomes records elsewhere.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SkipValidation,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from peel.records import PASSES_AT, EstimateMethod, Scope


def _must_be(allowed: str) -> WrapValidator:
    """What a value must be, in words: the whole message of its error."""

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            raise PydanticCustomError("must_be", allowed) from None

    return WrapValidator(check)


NOT_GIVEN: Any = None
"""Stands where a key may be left out: no value of its own, so that editors show none."""

_NAME = r"^[^\W_][\w.-]*$"
_IDENTIFIER = r"^[^\W\d]\w*$"
_VARIABLES = r"\$\{[^{}]+\}"
_ORIGIN = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$"
_ORIGINS = "a list of origins such as https://shop.example.com, without a path"
_FIELDS = (
    "a list of fields: user, input, output, comment, or a dotted path into messages, metadata, output, steps.request "
    "or steps.output, such as metadata.email"
)
_FIELD_PATH = r"^(user|input|comment|(output|steps\.(request|output))(\.[^.]+)*|(messages|metadata)(\.[^.]+)+)$"

Text: TypeAlias = Annotated[str, _must_be("text")]
SomeText: TypeAlias = Annotated[str, Field(min_length=1), _must_be("text")]
Name: TypeAlias = Annotated[
    str,
    Field(pattern=_NAME, max_length=100),
    _must_be("a name of letters, digits, '_', '-' and '.' that begins with a letter or digit (at most 100)"),
]
Identifier: TypeAlias = Annotated[
    str,
    Field(pattern=_IDENTIFIER, max_length=100),
    _must_be("a name of letters, digits and '_' that does not begin with a digit, because templates use it"),
]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1), _must_be("a number from 0 to 1")]
YesNo: TypeAlias = Annotated[bool, _must_be("true or false")]
NotNegative: TypeAlias = Annotated[float, Field(ge=0), _must_be("a number of 0 or more")]
Positive: TypeAlias = Annotated[float, Field(gt=0), _must_be("a number greater than 0")]
Count: TypeAlias = Annotated[int, Field(ge=1), _must_be("a whole number of 1 or more")]
Retries: TypeAlias = Annotated[int, Field(ge=0), _must_be("a whole number of 0 or more")]
Mapping: TypeAlias = Annotated[dict[str, Any], _must_be("a mapping")]
Margin: TypeAlias = Annotated[float, Field(gt=0, le=1), _must_be("a number greater than 0 and at most 1")]
LatencyName: TypeAlias = Annotated[Literal["mean", "p50", "p95"], _must_be("'mean', 'p50' or 'p95'")]
ScopeName: TypeAlias = Annotated[Scope, _must_be("'these-cases' or 'cases-like-these'")]

MethodName: TypeAlias = Annotated[
    EstimateMethod, _must_be("'anchored-bootstrap', 't', 'cluster-bootstrap' or 'wilson'")
]
PassingShare: TypeAlias = Annotated[float, Field(gt=0, le=1), _must_be("a number greater than 0 and at most 1")]


class _Format(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class CaseEntry(_Format):
    """One case."""

    id: SkipValidation[str | int] = Field(default=NOT_GIVEN, description="its name, unique among the cases")
    tags: SkipValidation[list[str] | str] = Field(default=NOT_GIVEN, description="tags to select cases by")
    inputs: Mapping = Field(default=NOT_GIVEN, description="the case inputs by name")
    expected: Mapping = Field(
        default=NOT_GIVEN, description="the expected output, in the parts that evaluators ask for"
    )
    draft: YesNo = Field(default=False, description="whether it is executed and scored but decides no gate")


class EvaluatorEntry(_Format):
    """One evaluator: its id, its kind, and the settings of that kind."""

    model_config = ConfigDict(extra="allow")

    id: Name = Field(description="its name in gates and reports")
    use: SomeText = Field(
        description="a kind of evaluator, or a function of the workspace such as ../evaluators/tone.py:formal"
    )
    on: Identifier = Field(
        default=NOT_GIVEN, description="the step whose output it judges; the orchestration's output where left out"
    )


_ONE_BOUND: dict[str, Any] = {"oneOf": [{"required": ["at_least"]}, {"required": ["at_most"]}]}
"""What a JSON Schema says beside the keys: exactly one of the two."""

_ONE_FORM: dict[str, Any] = {
    "oneOf": [
        {"required": [key]} for key in ("at_least", "at_most", "share_below", "pass_hat", "not_worse_than", "each_case")
    ]
}
"""Exactly one thing is required of an evaluator."""

_TAG: Any = Field(default=NOT_GIVEN, min_length=1, description="only the cases that have this tag")
_SCOPE: Any = Field(default="these-cases", description="exactly these cases, or new cases like these")
_TOLERANCE: Any = Field(default=0, description="how far beyond still passes")
_PASSES_AT: Any = Field(
    default=NOT_GIVEN, description="the score from which on an execution passes; that of 'estimates', else 0.5"
)


class BoundEntry(_Format):
    """What a mean per execution may be."""

    model_config = ConfigDict(json_schema_extra=_ONE_BOUND)

    at_least: NotNegative = Field(default=NOT_GIVEN, description="it must be at least this")
    at_most: NotNegative = Field(default=NOT_GIVEN, description="it must be at most this")
    tolerance: NotNegative = _TOLERANCE
    scope: ScopeName = _SCOPE
    tag: SomeText = _TAG


class LatencyEntry(BoundEntry):
    """What the seconds of an execution may be."""

    of: LatencyName = Field(default="mean", description="the mean, or a quantile of the executions: p50, p95")


class ShareBoundEntry(_Format):
    """What a share of executions may be."""

    model_config = ConfigDict(json_schema_extra=_ONE_BOUND)

    at_least: Share = Field(default=NOT_GIVEN, description="the share must be at least this")
    at_most: Share = Field(default=NOT_GIVEN, description="the share must be at most this")
    tolerance: Share = _TOLERANCE
    scope: ScopeName = _SCOPE
    tag: SomeText = _TAG


class ShareBelowEntry(ShareBoundEntry):
    """What the share of executions that score below a threshold may be."""

    threshold: Share = Field(
        default=NOT_GIVEN,
        description="executions that score strictly below it count; the scenario's 'below' by default",
    )


class PassHatEntry(ShareBoundEntry):
    """What pass^k may be: the chance that all of k executions of a case pass."""

    k: Count = Field(description="how many executions must all pass")
    passes_at: Share = _PASSES_AT


class EachCaseEntry(_Format):
    """What each single case must do."""

    at_least: Any = Field(description="how many of its repetitions must pass, such as 8 of 10, 80 % or 0.8")
    passes_at: Share = _PASSES_AT
    tag: SomeText = _TAG


class EvaluatorGateEntry(_Format):
    """A requirement on an evaluator's estimate."""

    model_config = ConfigDict(json_schema_extra=_ONE_FORM)

    evaluator: SomeText = Field(description="the id of the evaluator")
    at_least: Share = Field(default=NOT_GIVEN, description="the estimate must be at least this")
    at_most: Share = Field(default=NOT_GIVEN, description="the estimate must be at most this")
    share_below: SkipValidation[ShareBelowEntry] = Field(
        default=NOT_GIVEN, description="the share of executions that score below a threshold"
    )
    pass_hat: SkipValidation[PassHatEntry] = Field(
        default=NOT_GIVEN, description="pass^k: the chance that all of k executions of a case pass"
    )
    each_case: SkipValidation[EachCaseEntry] = Field(
        default=NOT_GIVEN, description="how often each single case must pass"
    )
    not_worse_than: SomeText = Field(
        default=NOT_GIVEN, description="an earlier run: its id, the beginning of it, or 'last'"
    )
    by: Margin = Field(default=0.05, description="with not_worse_than: the loss in the mean that is still taken")
    tolerance: Share = _TOLERANCE
    scope: ScopeName = _SCOPE
    tag: SomeText = _TAG


class MeasureGateEntry(_Format):
    """A requirement on the executions themselves."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    cost_usd: SkipValidation[BoundEntry] = Field(default=NOT_GIVEN, description="mean cost per execution, US dollars")
    latency_s: SkipValidation[LatencyEntry] = Field(default=NOT_GIVEN, description="seconds per execution")
    error_rate: SkipValidation[ShareBoundEntry] = Field(
        default=NOT_GIVEN, description="share of executions that errored"
    )


MEASURES: dict[str, type[_Format]] = {"cost_usd": BoundEntry, "latency_s": LatencyEntry, "error_rate": ShareBoundEntry}
"""The measures that gates may name, each with the format of its requirement."""

NESTED_FORMS: dict[str, type[_Format]] = {
    "share_below": ShareBelowEntry, "pass_hat": PassHatEntry, "each_case": EachCaseEntry,
}  # fmt: skip
"""The requirements on an evaluator that are a mapping of their own."""


class EstimatesEntry(_Format):
    """How estimates are made."""

    method: MethodName = Field(
        default="anchored-bootstrap", description="what makes the interval for new cases like these"
    )
    passes_at: PassingShare = Field(
        default=PASSES_AT, description="the score from which on an execution passes, in pass@k, pass^k and flaky cases"
    )


class KnowledgeEntry(_Format):
    """A shared input that is a knowledge base: documents to search in."""

    knowledge: SkipValidation[str | list[str]] = Field(description="a glob of documents, or a list of them")
    chunking: Any = Field(default=NOT_GIVEN, description="how documents are cut into passages")
    embedding: Any = Field(default=NOT_GIVEN, description="the embedding model")


class ScenarioFile(_Format):
    """A scenario: what is evaluated."""

    scenario: Name = Field(description="the scenario's name")
    description: Text = Field(default=NOT_GIVEN, description="what it is about, for people")
    orchestration: SomeText = Field(description="the name of the orchestration that is evaluated")
    inputs: Annotated[dict[str, Any], _must_be("a mapping of shared inputs by name")] = Field(
        default=NOT_GIVEN, description="shared inputs: the same for every case"
    )
    cases: SkipValidation[str | list[CaseEntry]] = Field(
        description="a path to a .csv, .yaml, .yml or .jsonl file, or a list of cases"
    )
    repetitions: Count = Field(default=1, description="how often each case is executed")
    variants: Annotated[
        dict[str, SkipValidation[dict[str, Any]]],
        _must_be("a mapping of variants by name, such as {cold: {answer.temperature: 0}}"),
    ] = Field(default=NOT_GIVEN, description="named changes, each run beside the definitions as written")
    matrix: Annotated[
        dict[str, SkipValidation[list[Any]]],
        _must_be("a mapping from STEP.PARAMETER or INPUT.KEY to a list of values"),
    ] = Field(default=NOT_GIVEN, description="values whose every combination is a variant")
    evaluators: Annotated[list[SkipValidation[EvaluatorEntry]], _must_be("a list of evaluators")] = Field(
        default=NOT_GIVEN, description="what judges an execution's output"
    )
    gates: Annotated[list[SkipValidation[EvaluatorGateEntry | MeasureGateEntry]], _must_be("a list of gates")] = Field(
        default=NOT_GIVEN, description="requirements on the estimates"
    )
    below: Share = Field(default=0.3, description="the threshold of the share of executions that score below it")
    estimates: SkipValidation[EstimatesEntry] = Field(default=NOT_GIVEN, description="how estimates are made")
    draft: YesNo = Field(default=False, description="whether it is executed and scored but decides no gate")


class StepEntry(_Format):
    """One step: what is asked and how."""

    id: Identifier = Field(description="its name in templates")
    use: SomeText = Field(description="a kind of step, or a function of the workspace such as ../steps/crm.py:look_up")
    prompt: Any = Field(default=NOT_GIVEN, description="what a model is asked: text or messages")
    request: Any = Field(default=NOT_GIVEN, description="what is asked of anything but a model")
    parameters: Mapping = Field(default=NOT_GIVEN, description="how it is asked: the model or method and its settings")


class OrchestrationFile(_Format):
    """An orchestration: the application, as steps in sequence."""

    orchestration: Name = Field(description="the orchestration's name")
    description: Text = Field(default=NOT_GIVEN, description="what it does, for people")
    steps: Annotated[list[SkipValidation[StepEntry]], Field(min_length=1), _must_be("a list of one step or more")] = (
        Field(description="the steps, in the order they run")
    )
    output: SomeText = Field(
        default=NOT_GIVEN, description="the step whose output is the application's; the last by default"
    )


class PriceEntry(_Format):
    """Prices of a model that the price list does not know."""

    input_per_million: NotNegative = Field(description="US dollars per million tokens read")
    output_per_million: NotNegative = Field(description="US dollars per million tokens written")


Headers: TypeAlias = Annotated[dict[str, Annotated[str, Field(strict=True)]], _must_be("a mapping of texts by header")]


class ModelEntry(_Format):
    """A model role."""

    model: SomeText = Field(description="'embedded', a path to a GGUF file, or the name the server knows")
    provider: SomeText = Field(
        default=NOT_GIVEN, description="the plugin that opens it; chosen by the other keys by default"
    )
    base_url: SomeText = Field(default=NOT_GIVEN, description="the address of an OpenAI-compatible server")
    api_key: SomeText = Field(default=NOT_GIVEN, description='from the environment, such as "${OPENAI_API_KEY}"')
    headers: Headers = Field(default=NOT_GIVEN, description="further headers of each request")
    parameters: Mapping = Field(default=NOT_GIVEN, description="sampling parameters of every call")
    concurrency: Count = Field(default=NOT_GIVEN, description="the most calls in flight")
    timeout_s: Positive = Field(default=120, description="seconds that one attempt may take")
    retries: Retries = Field(default=5, description="how often a fault of transport is tried again")
    price: SkipValidation[PriceEntry] = Field(default=NOT_GIVEN, description="US dollars per million tokens")


FromEnvironment: TypeAlias = Annotated[
    str, Field(pattern=_VARIABLES), _must_be('a variable of the environment, such as "${PEEL_HASH_KEY}"')
]
FeedbackPath: TypeAlias = Annotated[str, Field(pattern=_FIELD_PATH)]


class AlertsEntry(_Format):
    """When ratings that shift are told, and where."""

    run_length: Annotated[float, Field(ge=20, le=1e9), _must_be("a number from 20 to 1,000,000,000")] = Field(
        default=1000, description="how many ratings of a scenario come to one false alarm on average, or more"
    )
    baseline: Annotated[int, Field(ge=20, le=10_000), _must_be("a whole number from 20 to 10,000")] = Field(
        default=100, description="how many ratings of a scenario later ones are held against"
    )
    webhook: SomeText = Field(
        default=NOT_GIVEN, description='where alarms are sent to, from the environment, such as "${PEEL_WEBHOOK}"'
    )


class FeedbackEntry(_Format):
    """What is done to interactions and ratings from production."""

    redact: Annotated[list[FeedbackPath], _must_be(_FIELDS)] = Field(
        default=NOT_GIVEN, description="fields whose values are replaced by [redacted] before anything is stored"
    )
    hash: Annotated[list[FeedbackPath], _must_be(_FIELDS)] = Field(
        default=NOT_GIVEN, description="fields whose values are replaced by a keyed hash: the same for the same value"
    )
    patterns: Annotated[list[Literal["email", "phone"]], _must_be("a list of 'email' and 'phone'")] = Field(
        default=NOT_GIVEN, description="what is replaced by [redacted] wherever it stands in a text"
    )
    hash_key: FromEnvironment = Field(
        default=NOT_GIVEN, description="what keys the hashes; a secret in the store where left out"
    )
    retention_days: Positive = Field(
        default=NOT_GIVEN, description="how many days interactions are kept; until they are deleted where left out"
    )
    origins: Annotated[list[Annotated[str, Field(pattern=_ORIGIN)]], _must_be(_ORIGINS)] = Field(
        default=NOT_GIVEN, description="the pages that the widget may send ratings from"
    )
    rate_limit: Count = Field(
        default=600_000, description="how many interactions and ratings one user may hand in over HTTP a minute"
    )
    widget_limit: Count = Field(
        default=60, description="how many ratings the widget may send from one address a minute"
    )
    alerts: SkipValidation[AlertsEntry] = Field(
        default=NOT_GIVEN, description="when ratings that shift are told, and where"
    )
    embedding: SomeText = Field(
        default="all-MiniLM-L6-v2", description="the embedding model that interactions are mapped to scenarios by"
    )


class WorkspaceFile(_Format):
    """The workspace: its models, its store, and what is done to what comes from production."""

    models: Annotated[
        dict[str, SkipValidation[ModelEntry]],
        _must_be("a mapping of models by role, such as {default: {model: embedded}}"),
    ] = Field(default=NOT_GIVEN, description="the models by role")
    store: SomeText = Field(default="sqlite:///.peel/peel.db", description="the URL of the store")
    feedback: SkipValidation[FeedbackEntry] = Field(
        default=NOT_GIVEN, description="what is done to interactions and ratings from production"
    )
