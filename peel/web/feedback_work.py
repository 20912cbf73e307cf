"""What pages and API let a server do in the background: look for topics, and map interactions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from peel.counting import counted
from peel.records.feedback import MappingState
from peel.records.mapping import ScenarioThreshold
from peel.records.topics import DiscoveryRequest
from peel.reports.wording import number
from peel.web.working import Tell, Work
from peel.workspace import Workspace

_WAITING: tuple[MappingState, ...] = ("waiting",)
_MAPPED_AGAIN: tuple[MappingState, ...] = ("waiting", "meaning", "unmatched")

_BASES = {
    "own": "from its own cases",
    "shared": "from the cases of all scenarios",
    "fixed": "a fixed value",
    "none": "it has no case to compare with",
}


def discover_now(workspace: Workspace, tell: Tell) -> Sequence[str]:
    """Look for topics among everything; what it came to."""
    found = asyncio.run(workspace.discover(DiscoveryRequest(), tell))
    return [f"{counted(len(found.topics), 'topic')} among {counted(found.considered, 'interaction')}"]


def mapping_of(*, again: bool) -> Work:
    """The work of mapping what waits, or `again` all that was not named or mapped by hand."""

    def work(workspace: Workspace, tell: Tell) -> Sequence[str]:
        counts = workspace.mapping.counts()
        if not sum(counts.get(state, 0) for state in (_MAPPED_AGAIN if again else _WAITING)):
            # Without the embedding model, which takes seconds to load.
            return ["there is nothing to map: every interaction is named by its application, mapped by hand, or done"]
        tell("reading the scenarios and their cases")
        found = asyncio.run(
            workspace.map_interactions(
                again=again, progress=lambda done, of: tell(f"{done:,} of {counted(of, 'interaction')}")
            )
        )
        said = f"{counted(found.mapped, 'interaction')} mapped, {found.unmatched:,} that fit no scenario"
        return [said, *map(_threshold, found.thresholds)]

    return work


def _threshold(one: ScenarioThreshold) -> str:
    return f"{one.scenario}: {number(one.threshold)}, {counted(one.cases, 'case')}, {_BASES[one.basis]}"
