"""From roles to models: what the environment fills in, which provider is meant, what is told of a wrong one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from peel.errors import PeelError
from peel.models.opening import OPENAI, Models, expand, provider_of
from peel.records import ModelDefinition

SERVER = ModelDefinition(model="m", base_url="${PLACE}/v1", api_key="${KEY}", headers={"X-Org": "${ORG}"})


def models(root: Path = Path(), environ: dict[str, str] | None = None, **roles: ModelDefinition) -> Models:
    return Models(roles, root=root, environ=environ or {})


def test_variables_are_filled_from_the_environment() -> None:
    """In the address, the key and the headers."""
    filled = expand(SERVER, {"PLACE": "http://here", "KEY": "k", "ORG": "o"})
    assert (filled.base_url, filled.api_key, filled.headers) == ("http://here/v1", "k", {"X-Org": "o"})


@pytest.mark.parametrize(("environ", "state"), [({}, "not set"), ({"PLACE": ""}, "empty")])
def test_a_variable_that_is_not_there_is_named_with_its_role(environ: dict[str, str], state: str) -> None:
    """The message says which variable, which key and which role."""
    with pytest.raises(PeelError, match=f"role 'judge': base_url needs .* PLACE, which is {state}"):
        models(environ=environ, judge=SERVER).chat("judge")


def test_a_role_that_is_not_used_needs_no_environment() -> None:
    """Only what is named is looked at."""
    opened = models(judge=SERVER, other=ModelDefinition(model="m", base_url="http://localhost:1"))
    assert opened.chat("other").name == "m"


def test_an_unknown_role_names_the_nearest() -> None:
    """As for every name."""
    with pytest.raises(PeelError, match="unknown model role 'juge'; did you mean 'judge'"):
        models(judge=SERVER).chat("juge")


def test_an_unknown_provider_names_those_there_are() -> None:
    """Providers are plugins."""
    with pytest.raises(PeelError, match=r"unknown model provider 'opnai'; did you mean 'openai'"):
        models(a=ModelDefinition(model="m", provider="opnai")).chat("a")


@pytest.mark.parametrize(
    ("definition", "provider"),
    [
        ({"model": "embedded"}, "embedded"),
        ({"model": "../models/foo.GGUF"}, "embedded"),
        ({"model": "foo.gguf", "base_url": "http://localhost:8080"}, "openai"),
        ({"model": "gpt-4o-mini"}, "openai"),
        ({"model": "embedded", "provider": "mine"}, "mine"),
    ],
)
def test_the_provider_follows_from_the_definition(definition: dict[str, Any], provider: str) -> None:
    """A provider that is named is taken; a GGUF file behind an address is that server's."""
    assert provider_of(ModelDefinition(**definition)) == provider


def test_a_model_that_says_nowhere_to_go_is_an_error() -> None:
    """With the three things that would help."""
    with pytest.raises(PeelError, match=r"role 'a' .*base_url.*api_key.*embedded"):
        models(a=ModelDefinition(model="gpt-4o-mini")).chat("a")


def test_a_key_without_an_address_means_openai() -> None:
    """Their address is the default for their protocol."""
    model = models(a=ModelDefinition(model="gpt-4o-mini", api_key="k")).chat("a")
    assert f"{OPENAI}/chat/completions" in repr(model)


@pytest.mark.parametrize("base_url", ["localhost:8000", "ftp://x", "http://", "http://x:notaport"])
def test_an_address_that_is_none_is_an_error(base_url: str) -> None:
    """Told before anything is called."""
    with pytest.raises(PeelError, match="no http or https address"):
        models(a=ModelDefinition(model="m", base_url=base_url)).chat("a")


@pytest.mark.parametrize("parameters", [{"n": 3}, {"stream": True}, {"extra_body": {"messages": []}}])
def test_parameters_of_a_role_are_checked_when_it_is_opened(parameters: dict[str, Any]) -> None:
    """Not only when it is asked."""
    with pytest.raises(PeelError, match="cannot be set"):
        models(a=ModelDefinition(model="m", base_url="http://localhost:1", parameters=parameters)).chat("a")


def test_a_role_is_opened_once() -> None:
    """The same object each time: one limit for one server."""
    opened = models(a=ModelDefinition(model="m", base_url="http://localhost:1"))
    assert opened.chat("a") is opened.chat("a")


def test_a_missing_or_wrong_model_file_is_an_error(tmp_path: Path) -> None:
    """The path is relative to the workspace, and is named."""
    pytest.importorskip("xllamacpp")
    (tmp_path / "text.gguf").write_text("hello")
    opened = models(tmp_path, gone=ModelDefinition(model="no/such.gguf"), text=ModelDefinition(model="text.gguf"))
    with pytest.raises(PeelError, match=r"no/such\.gguf: the model file cannot be read"):
        opened.chat("gone")
    with pytest.raises(PeelError, match=r"text\.gguf: not a GGUF file"):
        opened.chat("text")


def test_opening_loads_nothing_heavy() -> None:
    """Neither the HTTP clients nor the model are imported before the first call."""
    script = (
        "import sys; from pathlib import Path; from peel.models.opening import Models; "
        "from peel.records import ModelDefinition as D; "
        "m = Models({'a': D(model='m', base_url='http://localhost:1')}, root=Path()); "
        "m.chat('a'); "
        "print([n for n in ('httpx', 'aiohttp', 'xllamacpp', 'numpy', 'torch', 'genai_prices') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_embedder_of_a_role_without_an_address_is_an_error() -> None:
    """The embedded chat model does not embed."""
    with pytest.raises(PeelError, match="no base_url, so it has no /embeddings"):
        models(default=ModelDefinition(model="embedded")).embedder("default")


def test_closing_twice_is_harmless() -> None:
    """As it happens when an error and the end of a block both close."""

    async def run() -> None:
        async with models(a=ModelDefinition(model="m", base_url="http://localhost:1")) as opened:
            opened.chat("a")
            await opened.aclose()

    asyncio.run(run())
