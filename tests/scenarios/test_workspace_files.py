"""`peel.yaml` names models and the store; secrets stand in the environment and are never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from peel.records import ModelDefinition, Price, WorkspaceDefinition
from peel.scenarios.loading import LoadedWorkspace, load_workspace

KEYS = "api_key, base_url, concurrency, headers, model, parameters, price, provider, retries, timeout_s"


def load(text: str, **environ: str) -> LoadedWorkspace:
    Path("peel.yaml").write_text(text, encoding="utf-8")
    return load_workspace(Path("peel.yaml"), environ=environ)


def test_without_a_file_the_defaults_hold(workspace: Path) -> None:
    """Both roles are the embedded model, and the store lies in the workspace."""
    loaded = load_workspace(Path("peel.yaml"))
    assert loaded.problems == ()
    assert loaded.definition == WorkspaceDefinition()


def test_a_right_file_becomes_its_record(workspace: Path) -> None:
    """Variables of a model stay as written until the role is used; a role that is not named keeps its default."""
    loaded = load(
        "models:\n  judge:\n    base_url: '${PEEL_BASE_URL}'\n    model: gpt-4o-mini\n"
        "    api_key: '${OPENAI_API_KEY}'\n"
        "    headers: {Authorization: 'Bearer ${TOKEN}', X-Team: blue}\n    timeout_s: 30\n"
        "    price: {input_per_million: 1, output_per_million: 2.5}\n"
    )
    assert loaded.problems == ()
    assert loaded.definition.models == {
        "default": ModelDefinition(model="embedded"),
        "judge": ModelDefinition(
            model="gpt-4o-mini",
            base_url="${PEEL_BASE_URL}",
            api_key="${OPENAI_API_KEY}",
            headers={"Authorization": "Bearer ${TOKEN}", "X-Team": "blue"},
            timeout_s=30.0,
            price=Price(input_per_million=1.0, output_per_million=2.5),
        ),
    }


def test_the_store_is_filled_in_from_the_environment(workspace: Path) -> None:
    """With the variables of the environment that is given."""
    loaded = load("store: 'postgresql+psycopg://peel:${DB_PASSWORD}@db/peel'\n", DB_PASSWORD="s3cret")
    assert loaded.problems == ()
    assert loaded.definition.store == "postgresql+psycopg://peel:s3cret@db/peel"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "the file is empty; it may hold 'models:', 'store:' and 'feedback:', or be removed", 1),
        (
            "model: {}\n",
            "unknown key 'model' in the workspace; did you mean 'models'? Allowed: feedback, models, store",
            1,
        ),
        ("store: 5\n", "'store' of the workspace must be text", 1),
        (
            "store: 'sqlite:///${NOT_SET}'\n",
            "'store' names the environment variable 'NOT_SET', which is not set; set it",
            1,
        ),
        (
            "store: postgresql://peel:hunter2@db/peel\n",
            "'store' has its password written out; a secret must come from the environment: \"${NAME}\"",
            1,
        ),
        (
            "models: [a]\n",
            "'models' of the workspace must be a mapping of models by role, such as {default: {model: embedded}}, "
            "not a list",
            1,
        ),
        (
            "models:\n  default: {base_url: 'http://x'}\n",
            "the model 'default' has no 'model': 'embedded', a path to a GGUF file, or the name the server knows",
            2,
        ),
        (
            "models:\n  default: {model: m, timeout: 5}\n",
            f"unknown key 'timeout' in the model 'default'; did you mean 'timeout_s'? Allowed: {KEYS}",
            2,
        ),
        (
            "models:\n  judge:\n    model: m\n    api_key: hunter2\n",
            "'api_key' of the model 'judge' is written out; a secret must come from the environment: \"${NAME}\"",
            4,
        ),
        ("models:\n  judge: {model: m, api_key: 12345}\n", "'api_key' of the model 'judge' must be text", 2),
        (
            "models:\n  judge:\n    model: m\n    headers:\n      Authorization: Bearer hunter2\n",
            "the header 'Authorization' of the model 'judge' is written out; a secret must come from the environment: "
            '"${NAME}"',
            5,
        ),
        (
            "models:\n  judge: {model: m, base_url: localhost}\n",
            "'base_url' of the model 'judge' must be an http:// or https:// address, or a variable such as "
            '"${PEEL_BASE_URL}"',
            2,
        ),
        (
            "models:\n  judge: {model: m, timeout_s: 0}\n",
            "'timeout_s' of the model 'judge' must be a number greater than 0, not the number 0",
            2,
        ),
        (
            "models:\n  judge: {model: m, concurrency: 1.5}\n",
            "'concurrency' of the model 'judge' must be a whole number of 1 or more, not the number 1.5",
            2,
        ),
        (
            "models:\n  judge: {model: m, retries: -1}\n",
            "'retries' of the model 'judge' must be a whole number of 0 or more, not the number -1",
            2,
        ),
        (
            "models:\n  judge:\n    model: m\n    price: {input_per_million: 1}\n",
            "'price' of the model 'judge' has no 'output_per_million': US dollars per million tokens written",
            4,
        ),
    ],
)
def test_one_mistake_is_one_sentence_on_its_line(workspace: Path, text: str, message: str, line: int) -> None:
    """Each mistake is told once; a secret is not repeated by the message about it."""
    loaded = load(text)
    assert [(problem.message, problem.line) for problem in loaded.problems] == [(message, line)]
    assert "hunter2" not in str(loaded.problems)
    assert "12345" not in str(loaded.problems)


def test_a_wrong_role_keeps_the_others(workspace: Path) -> None:
    """So that everything else can still be checked."""
    loaded = load("models:\n  default: {model: 5}\n  writer: {model: m}\n")
    assert len(loaded.problems) == 1
    assert loaded.definition.models["writer"] == ModelDefinition(model="m")
