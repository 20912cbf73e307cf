"""The plugin's options as read from a session's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, cast

import pytest

from peel.estimates.until import parse_until
from peel.plugins import nearest
from peel.pytest_plugin import UNDECIDED

Undecided = Literal["fail", "xfail", "skip"]

REPORT_FORMATS = ("html", "json", "csv", "junit", "markdown")
"""What `--peel-reports` writes."""

UNDECIDED_BEGINS = "undecided: "
"""How the message of a test begins whose requirement the data leave open."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the session was asked for. `undecided` is what becomes of a requirement that the data leave open."""

    repetitions: int | None
    variants: tuple[str, ...]
    models: Mapping[str, str]
    reports: Path | None
    undecided: Undecided
    until: str | None = None

    @classmethod
    def of(cls, config: pytest.Config) -> Options:
        """Read and check them. Raises pytest.UsageError."""
        reports: Path | None = config.getoption("--peel-reports")
        return cls(
            repetitions=config.getoption("--peel-repetitions"),
            variants=tuple(config.getoption("--peel-variant")),
            models=_models(config.getoption("--peel-model")),
            reports=None if reports is None else config.invocation_params.dir / reports,
            undecided=_undecided(config.getini("peel_undecided")),
            until=_until(config.getoption("--peel-until")),
        )


def _models(given: list[str]) -> dict[str, str]:
    models = {}
    for one in given:
        role, _, name = one.partition("=")
        if not role or not name:
            raise pytest.UsageError(f"--peel-model {one!r} is not ROLE=NAME, such as default=gpt-4o-mini")
        models[role] = name
    return models


def _until(given: str | None) -> str | None:
    try:
        if given is not None:
            parse_until(given)
    except ValueError as error:
        raise pytest.UsageError(f"--peel-until: {error}") from None
    return given


def _undecided(given: str) -> Undecided:
    if given not in UNDECIDED:
        raise pytest.UsageError(f"peel_undecided = {given!r} in the configuration; {nearest(given, UNDECIDED)}")
    return cast("Undecided", given)


def undecided(how: Undecided, message: str) -> NoReturn:
    """End a test whose requirement the data leave open, in the way that is configured."""
    told = UNDECIDED_BEGINS + message
    if how == "xfail":
        pytest.xfail(told)
    if how == "skip":
        pytest.skip(told)
    raise pytest.fail.Exception(told, pytrace=False)


def is_undecided(error: BaseException) -> bool:
    """Whether a test was ended by `undecided`."""
    ends = (pytest.fail.Exception, pytest.xfail.Exception, pytest.skip.Exception)
    return isinstance(error, ends) and str(error).startswith(UNDECIDED_BEGINS)
