"""Environment variables in the texts of definitions, written `${NAME}`: which a text names, and how they are filled in.

Only what a definition itself says is filled in; a `${NAME}` inside a case or a reply is data. And who the system says
uses it.
"""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Mapping

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")


def names_variable(text: str) -> bool:
    """Whether a text names any variable."""
    return _VARIABLE.search(text) is not None


def lacking(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that a text names and cannot have, in their order, each with its state: `not set` or `empty`.

    An empty variable is none: it is what a secret that nobody set looks like in many CI systems.
    """
    names = [name.strip() for name in _VARIABLE.findall(text)]
    return {name: "empty" if name in environ else "not set" for name in names if not environ.get(name)}


def replaced(text: str, value: Callable[[str], str]) -> str:
    """The text with each `${NAME}` replaced by `value(NAME)`; what that gives is not looked at again."""
    return _VARIABLE.sub(lambda found: value(found[1].strip()), text)


def filled(text: str, environ: Mapping[str, str]) -> str:
    """The text with each `${NAME}` filled in. Raises KeyError for a variable that is not set."""
    return replaced(text, environ.__getitem__)


def system_user() -> str | None:
    """The name of the system's user; None where the system has none to say."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
