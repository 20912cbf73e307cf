"""Every exception PEEL raises on purpose, in one tree; the message is meant for the person at the terminal.

PeelError
├── DefinitionError      the definitions or the call are wrong; nothing was executed (exit code 2)
├── UnknownScenario      no scenario of the workspace has a name
├── ConflictError        a file changed on disk since the view that a change was made from
├── Incomplete           a part could not be compiled; its problems are already collected
├── MissingExtra         an optional part of PEEL is not installed
├── StoreError           the store is locked, full, unreadable or of another version
│   └── UnknownRun       no run, or several, are what a name stands for
├── AccountError         a user or token is not there, taken already, or cannot be made as asked
├── ServerError          the server cannot be started as asked
├── FeedbackError        an interaction, a rating or a file of them cannot be taken as it is
├── ResumeError          a run cannot be resumed
├── StepError            a step could not give an output; becomes a Fault on the execution
│   └── ModelError       a call to a model failed
│       ├── TransportError     no usable answer arrived: connection, time-out, 429, 5xx (after retries)
│       ├── RefusedError       the server refused the request: 4xx
│       └── ProtocolError      an answer arrived, but not one the protocol allows
├── DocumentError        a document of the knowledge cannot be read
└── Unscored             an evaluator could not make a score; carries the reason
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peel.records import Attempt, Problem

__all__ = [
    "AccountError",
    "ConflictError",
    "DefinitionError",
    "DocumentError",
    "FeedbackError",
    "Incomplete",
    "MissingExtra",
    "ModelError",
    "PeelError",
    "ProtocolError",
    "RefusedError",
    "ResumeError",
    "ServerError",
    "StepError",
    "StoreError",
    "TransportError",
    "UnknownRun",
    "UnknownScenario",
    "Unscored",
]


class PeelError(Exception):
    """The root of the tree."""


class DefinitionError(PeelError):
    """The definitions or the call are wrong. Holds every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownScenario(PeelError):
    """No scenario of the workspace has this name."""


class ConflictError(PeelError):
    """A file changed on disk since the view that a change was made from; nothing was written.

    `file` is relative to the workspace, `theirs` what it holds now and `seen` the hash of that; `yours` is what was to
    be written, None where the change was not a text; `diff` leads from theirs to yours, empty where they are large.
    """

    def __init__(self, file: str, *, yours: str | None, theirs: str, seen: str, diff: str) -> None:
        self.file = file
        self.yours = yours
        self.theirs = theirs
        self.seen = seen
        self.diff = diff
        super().__init__(f"{file}: the file was changed meanwhile; nothing was written: look at both, and save again")


class Incomplete(PeelError):
    """Stops the compilation of one part whose problems are already collected."""


class MissingExtra(PeelError):
    """An optional part is not installed.

    `needed_by` says what needs it ("the step kind retrieve"), `extra` is the name in `peel-testbed[...]`.
    """

    def __init__(self, needed_by: str, *, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{needed_by} needs the extra {extra!r}: pip install 'peel-testbed[{extra}]'")


class StoreError(PeelError):
    """The store is locked, full, unreadable or of another version."""


class UnknownRun(StoreError):
    """No run of the store, or several, are what a name stands for."""


class AccountError(PeelError):
    """A user or token is not there, is taken already, or cannot be made as asked."""


class ServerError(PeelError):
    """The server cannot be started as asked; nothing was served."""


class FeedbackError(PeelError):
    """An interaction, a rating or a file of them cannot be taken; the message says what is wrong with it."""


class ResumeError(PeelError):
    """A run cannot be resumed; the message says why."""


class StepError(PeelError):
    """A step could not give an output."""


class ModelError(StepError):
    """A call to a model failed; `attempts` are all the tries made for it."""

    def __init__(self, message: str, *, attempts: Sequence[Attempt] = ()) -> None:
        self.attempts = tuple(attempts)
        super().__init__(message)


class TransportError(ModelError):
    """No usable answer arrived: connection refused or reset, time-out, 429 or 5xx, after all retries."""


class RefusedError(ModelError):
    """The server refused the request with a 4xx status; trying again would not help."""


class ProtocolError(ModelError):
    """An answer arrived, but not one the protocol allows: not JSON, no choices, wrong types, too large, cut off."""


class DocumentError(PeelError):
    """A document of the knowledge is encrypted, damaged, empty or of an unknown kind."""


class Unscored(PeelError):
    """An evaluator could not make a score; the message is the recorded reason."""
