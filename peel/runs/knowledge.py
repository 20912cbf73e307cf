"""Knowledge inputs compiled: documents found and checked by name, nothing read or built yet. Loaded late: numpy."""

from __future__ import annotations

from peel.compiling import Retriever
from peel.errors import PeelError
from peel.knowledge.opening import KnowledgeSettings, Place
from peel.records import Json, Path
from peel.runs.resources import Resources
from peel.runs.scope import Problems
from peel.runs.settings import validated
from peel.scenarios.origin import Origin


def open_input(
    name: str, value: Json, *, origin: Origin, changed_at: Path | None, resources: Resources, problems: Problems
) -> Retriever | None:
    """What a shared input of kind knowledge can be searched by; None where something is wrong, told in `problems`.

    `origin` is the scenario file's; `changed_at` says where in it the variant's change stands, if it changes the input.
    """
    settings, wrong = validated(KnowledgeSettings, value if isinstance(value, dict) else {})
    for inside, message in wrong:
        # The globs as the file itself gives them were held against the file's format before.
        if changed_at is not None or inside[:1] != ("knowledge",):
            problems.add(origin.problem(message, changed_at or ("inputs", name, *inside)))
    if settings is None:
        return None
    try:
        return resources.knowledge(settings, Place(name, origin.directory, resources.root))
    except PeelError as error:
        for message in str(error).splitlines():
            problems.add(origin.problem(message, changed_at or ("inputs", name)))
        return None
