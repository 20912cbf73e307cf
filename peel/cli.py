"""The command line: parse, one workspace call, print. Results go to standard output, all else to standard error.

The commands are in `peel/commands/`.
"""

from __future__ import annotations

import os
import signal
import sys

import typer

from peel.commands import defining, ratings, reading, running, scoring, serving, weighing
from peel.commands.calling import INTERRUPTED

app = typer.Typer(
    name="peel",
    help="A test bed for applications built on language models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # with rich, `peel --help` takes three times as long
    add_completion=False,
    context_settings={"auto_envvar_prefix": "PEEL", "help_option_names": ["-h", "--help"]},
)

COMMANDS = (
    defining.init,
    defining.check,
    running.run,
    reading.runs,
    reading.show,
    reading.report,
    reading.rescore,
    scoring.score,
    defining.schema,
    weighing.compare,
    weighing.plan,
    serving.serve,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(ratings.ratings, name="ratings")
app.add_typer(serving.user, name="user")


def main() -> None:
    """The entry point of the command `peel`."""
    # What ends a job in CI ends it as Ctrl-C does: cleanly, resumable.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    # httpx loads a command line of its own, with rich's Markdown and pygments: half its time, for nothing PEEL does.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is how an import is made to fail
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever reads our output has gone (`peel show last | head`): nothing to tell, nobody to tell it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
