"""Texts of `peel.yaml` that name environment variables, written `${NAME}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def unset(text: str, environ: Mapping[str, str]) -> list[str]:
    """The variables that a text names and the environment does not have, in their order."""
    return [name for name in dict.fromkeys(_VARIABLE.findall(text)) if name not in environ]


def expand(text: str, environ: Mapping[str, str]) -> str:
    """The text with each `${NAME}` filled in. Raises KeyError for a variable that is not set."""
    return _VARIABLE.sub(lambda found: environ[found[1]], text)


def names_variable(text: str) -> bool:
    """Whether a text names any variable."""
    return _VARIABLE.search(text) is not None
