"""The definition files, to be read and edited."""

from __future__ import annotations

import asyncio
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from peel.errors import DefinitionError
from peel.records import Problem, Selection
from peel.scenarios.documents import Drafts
from peel.workspace.folder import Folder

if TYPE_CHECKING:
    from peel.editing.cases import CaseFiles
    from peel.editing.overview import Overview
    from peel.editing.scenarios import ScenarioFiles


class Defining(Folder):
    """Scenarios and cases as files."""

    @cached_property
    def scenario_files(self) -> ScenarioFiles:
        """The scenario files, to be read and edited."""
        from peel.editing.scenarios import ScenarioFiles

        return ScenarioFiles(self.root, self.problems_of)

    @cached_property
    def case_files(self) -> CaseFiles:
        """The cases of the scenarios, to be read and edited as tables."""
        from peel.editing.cases import CaseFiles

        return CaseFiles(self.root, self.scenario_files)

    @cached_property
    def overview(self) -> Overview:
        """The scenarios of the workspace in a list, with what is wrong."""
        from peel.editing.overview import Overview

        return Overview(self.root, lambda path: self.scenario_files.problems(path, {}))

    def problems_of(self, path: Path, drafts: Drafts) -> tuple[Problem, ...]:
        """What `check` says of one scenario file, with texts in place of files; not to be called in an event loop."""
        try:
            asyncio.run(self._checked(os.path.relpath(path, self.root), drafts))
        except DefinitionError as error:
            return error.problems
        return ()

    async def _checked(self, path: str, drafts: Drafts) -> None:
        from peel.runs.loading import compile_selection

        selection = Selection(scenarios=(path,))
        async with self._resources({}) as resources:
            compile_selection(
                self.root,
                selection,
                resources=resources,
                found=self._loaded.problems,
                baselines=self._baselines(),
                drafts=drafts,
            )
