"""`peel.yaml` to a WorkspaceDefinition: models by role, store, feedback. Secrets stand in the environment only."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from peel.environment import filled, lacking, names_variable
from peel.records import Json, ModelDefinition, Price, Problem, WorkspaceDefinition
from peel.records.feedback import FeedbackDefinition
from peel.scenarios.checking import Findings, Part, checked, entry, shortened
from peel.scenarios.file_format import AlertsEntry, FeedbackEntry, ModelEntry, PriceEntry, WorkspaceFile
from peel.scenarios.opening import open_definitions, told
from peel.scenarios.origin import Origin, absolute, origin_of

_SECRET_HEADERS = re.compile(r"authorization|api-?key|token|secret|cookie", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LoadedWorkspace:
    """`peel.yaml` as far as it is right; where there is none, the defaults."""

    path: Path
    origin: Origin
    definition: WorkspaceDefinition
    problems: tuple[Problem, ...] = ()


def load_workspace(path: Path, *, environ: Mapping[str, str] | None = None) -> LoadedWorkspace:
    """Load `peel.yaml`. A file that does not exist means the defaults, and so does a role that it does not name.

    `store` is returned with its variables filled in; those of the models are filled in when a role is used.
    """
    path = absolute(path)
    if not path.exists():
        return LoadedWorkspace(path, origin_of(path), WorkspaceDefinition())
    findings, value = open_definitions(path, "it may hold 'models:', 'store:' and 'feedback:', or be removed")
    if value is None:
        return LoadedWorkspace(path, findings.origin, WorkspaceDefinition(), told(findings.problems))
    fields = checked(WorkspaceFile, Part(value, (), "the workspace"), findings)
    defaults = WorkspaceDefinition()
    definition = WorkspaceDefinition(
        models={**defaults.models, **_models(fields.get("models"), findings)},
        feedback=_feedback(value, findings),
        store=_store(fields.get("store"), findings, os.environ if environ is None else environ) or defaults.store,
    )
    return LoadedWorkspace(path, findings.origin, definition, told(findings.problems))


def _models(value: Json, findings: Findings) -> dict[str, ModelDefinition]:
    roles = value if isinstance(value, dict) else {}
    made = {role: _model(role, item, findings) for role, item in roles.items()}
    return {role: model for role, model in made.items() if model is not None}


def _model(role: str, value: Json, findings: Findings) -> ModelDefinition | None:
    part = Part(value, ("models", role), f"the model {shortened(role)!r}")
    before = len(findings.problems)
    right = entry(ModelEntry, part, findings)
    if isinstance(value, dict):
        _check_secrets(value, part, findings)
        _check_address(value.get("base_url"), part, findings)
    price = _price(value, part, findings)
    if right is None or len(findings.problems) > before:
        return None
    return ModelDefinition.model_validate({**right, "price": price})


def _price(value: Json, part: Part, findings: Findings) -> Price | None:
    if not isinstance(value, dict) or "price" not in value:
        return None
    right = entry(PriceEntry, Part(value["price"], (*part.path, "price"), f"'price' of {part.name}"), findings)
    return None if right is None else Price.model_validate(right)


def _check_secrets(model: dict[str, Json], part: Part, findings: Findings) -> None:
    """A secret written out is reported, without repeating it."""
    rule = "a secret must come from the environment"
    key, headers = model.get("api_key"), model.get("headers")
    if isinstance(key, str) and key and not names_variable(key):
        findings.add(f"'api_key' of {part.name} is written out; {rule}: \"${{NAME}}\"", (*part.path, "api_key"))
    for name, text in headers.items() if isinstance(headers, dict) else ():
        if isinstance(text, str) and _SECRET_HEADERS.search(name) and not names_variable(text):
            message = f'the header {shortened(name)!r} of {part.name} is written out; {rule}: "${{NAME}}"'
            findings.add(message, (*part.path, "headers", name))


def _check_address(value: Json, part: Part, findings: Findings) -> None:
    if isinstance(value, str) and value and not value.startswith(("http://", "https://", "${")):
        allowed = 'an http:// or https:// address, or a variable such as "${PEEL_BASE_URL}"'
        findings.add(f"'base_url' of {part.name} must be {allowed}", (*part.path, "base_url"))


def _store(value: Json, findings: Findings, environ: Mapping[str, str]) -> str | None:
    if not isinstance(value, str):
        return None
    missing = lacking(value, environ)
    for name, state in missing.items():
        findings.add(f"'store' names the environment variable {name!r}, which is {state}; set it", ("store",))
    if _password(value) and not names_variable(_password(value)):
        message = "'store' has its password written out; a secret must come from the environment: \"${NAME}\""
        findings.add(message, ("store",))
    return None if missing else filled(value, environ)


def _feedback(value: dict[str, Json], findings: Findings) -> FeedbackDefinition:
    if "feedback" not in value:
        return FeedbackDefinition()
    part = Part(value["feedback"], ("feedback",), "'feedback'")
    given: dict[str, Any] = checked(FeedbackEntry, part, findings)
    lists = {key: tuple(item) for key, item in given.items() if isinstance(item, list)}
    if "alerts" in given:
        alerts = Part(given["alerts"], ("feedback", "alerts"), "'alerts' of 'feedback'")
        given["alerts"] = checked(AlertsEntry, alerts, findings)
        _check_webhook(given["alerts"].get("webhook"), alerts, findings)
    return FeedbackDefinition.model_validate({**given, **lists})


def _check_webhook(value: Json, part: Part, findings: Findings) -> None:
    """Who knows the address of a webhook may write to it: it is reported without repeating it."""
    if isinstance(value, str) and not names_variable(value):
        message = "'webhook' is written out; a secret must come from the environment: \"${PEEL_WEBHOOK}\""
        findings.add(message, (*part.path, "webhook"))


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
