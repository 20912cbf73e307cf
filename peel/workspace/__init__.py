"""The workspace: finds and wires everything for one folder. The one way in for the command line, pytest and the web.

One module a purpose; each holds the part of `Workspace` that serves it, on top of the folder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from peel.errors import DefinitionError, PeelError
from peel.records import Problem, Run
from peel.scenarios.finding import find_workspace
from peel.scenarios.origin import shown
from peel.workspace.discovering import Discovering
from peel.workspace.executing import Executing
from peel.workspace.matching import Matching
from peel.workspace.people import People
from peel.workspace.ratings import Rated
from peel.workspace.reading import Reading
from peel.workspace.requests import RunProgress, RunRequest


class Workspace(Discovering, Executing, Reading, People, Matching, Rated):
    """Everything that can be done with one workspace. One instance serves many threads."""

    @classmethod
    def find(cls, paths: Sequence[str] = (), *, store: str | None = None) -> Workspace:
        """The workspace that the first path, or else the current folder, lies in. Raises DefinitionError."""
        start = Path(paths[0]) if paths else Path.cwd()
        root = find_workspace(start)
        if root is None:
            message = (
                "no folder with `scenarios/` in it, here or above; "
                "`peel init` makes a workspace, or name a scenario file inside one"
            )
            raise DefinitionError([Problem(message=message, file=shown(start))])
        return cls(root, store=store)


def run_blocking(workspace: Workspace, request: RunRequest, progress: RunProgress) -> Run:
    """`Workspace.run` in an event loop of its own; Ctrl-C ends it cleanly and raises KeyboardInterrupt."""
    return asyncio.run(workspace.run(request, progress))


__all__ = ["PeelError", "RunProgress", "RunRequest", "Workspace", "run_blocking"]
