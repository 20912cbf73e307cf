"""Which models a run used, which of them judged, and the plain warning when they are the small embedded one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from peel.records import EvaluatorDefinition, Run

_SMALLEST = re.compile(r"smollm2?[-_ ]?135m", re.IGNORECASE)
_ASKING_STEPS = ("llm", "rerank")
_DEFAULT_MODEL, _DEFAULT_JUDGE = "default", "judge"

BETTER_MODEL = """models:
  judge: {base_url: "https://api.openai.com/v1", model: gpt-4o-mini, api_key: "${OPENAI_API_KEY}"}
"""
"""How `peel.yaml` names a better judge; the same shape serves for the role `default`."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model role of one run: what is behind it, what it answered (`steps`) and what it judged (`evaluators`)."""

    role: str
    model: str
    embedded: bool
    steps: tuple[str, ...]
    evaluators: tuple[str, ...]


def models_used(run: Run) -> tuple[ModelUse, ...]:
    """The roles in use, in the order of their names."""
    steps, judges = _roles_of_steps(run), _roles_of_judges(run)
    roles = sorted((steps.keys() | judges.keys()) if steps or judges else run.provenance.models.keys())
    return tuple(
        ModelUse(
            role=role,
            model=_model_name(run, role),
            embedded=_is_embedded(run, role),
            steps=tuple(steps.get(role, ())),
            evaluators=tuple(judges.get(role, ())),
        )
        for role in roles
    )


def weak_model_warning(run: Run) -> str | None:
    """The sentence that says how far the embedded model's answers and judgements can be trusted; None without it."""
    weak = [use for use in models_used(run) if use.embedded]
    if not weak:
        return None
    parts = [("answers", any(use.steps for use in weak)), ("judgements", any(use.evaluators for use in weak))]
    of = " and ".join(word for word, made in parts if made) or "answers"
    return (
        f"The {of} of this run come from the embedded model (135M parameters): it answers badly and judges worse. "
        "These numbers show that the test bed works, not how good the application is; "
        "name a better model in peel.yaml."
    )


def _roles_of_steps(run: Run) -> dict[str, list[str]]:
    """Steps by the role their parameter `model` names; a step that asks a model and names none asks `default`."""
    roles: dict[str, list[str]] = {}
    for part in run.scenario_variants:
        for step in part.orchestration.steps:
            asks = step.use in _ASKING_STEPS
            role = step.parameters.get("model", _DEFAULT_MODEL if asks else None)
            if isinstance(role, str) and (asks or role in run.provenance.models):
                _add(roles, role, step.id)
    return roles


def _roles_of_judges(run: Run) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = {}
    for part in run.scenario_variants:
        for evaluator in part.scenario.evaluators:
            role = judge_role(evaluator)
            if role is not None:
                _add(roles, role, evaluator.id)
    return roles


def judge_role(evaluator: EvaluatorDefinition) -> str | None:
    """The role that judges for this evaluator; None where no language model does."""
    role = evaluator.settings.get("judge", _DEFAULT_JUDGE if evaluator.use == "semantic" else None)
    return role if isinstance(role, str) else None


def _add(roles: dict[str, list[str]], role: str, user: str) -> None:
    users = roles.setdefault(role, [])
    if user not in users:
        users.append(user)


def _model_name(run: Run, role: str) -> str:
    """The model behind a role, as the provenance names it; the role itself where it says nothing."""
    model = run.provenance.models.get(role, {}).get("model")
    if model == "embedded":
        return "embedded (SmolLM2-135M-Instruct)"
    return str(model) if model else role


def _is_embedded(run: Run, role: str) -> bool:
    model = str(run.provenance.models.get(role, {}).get("model", ""))
    return model == "embedded" or _SMALLEST.search(model) is not None
