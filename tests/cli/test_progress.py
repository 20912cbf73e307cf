"""Progress on standard error: one live line on a terminal, plain lines elsewhere, and nothing of it in the results."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

from aiohttp import web

ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def on_a_terminal(folder, *arguments, columns=100, term="xterm-256color"):
    """Run the command with standard error on a terminal; its exit code, its standard output, what the terminal got."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    environ = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "peel.cli", *arguments],
        cwd=folder.root,
        env={**environ, "TERM": term},
        stdout=subprocess.PIPE,
        stderr=child,
        text=True,
    )
    os.close(child)
    shown = b""
    try:
        while data := os.read(parent, 65536):
            shown += data
    except OSError:
        pass  # how a terminal says on Linux that nobody writes to it any more
    finally:
        os.close(parent)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out, shown.decode()


def test_on_a_terminal_one_line_is_drawn_again_until_the_last_stays(folder):
    """It ends with all that is counted; what was drawn before is erased, not left above it."""
    code, out, shown = on_a_terminal(folder, "run", "--json")
    assert code == 0
    assert "\x1b[2K" in shown
    last = ANSI.sub("", shown).replace("\r", "\n").rstrip().splitlines()[-1]
    assert re.search(r"6/6 done, 0 errored, [\d.]+/s, 0s left, \$0\.00024", last)
    assert json.loads(out)["run"]["status"] == "finished"


def test_a_narrow_terminal_cuts_the_line_instead_of_breaking_it(folder):
    """A line that broke would leave its first half behind each time it is drawn."""
    _, _, shown = on_a_terminal(folder, "run", "--json", columns=50)
    drawn = [line for line in re.split(r"[\r\n]+", ANSI.sub("", shown)) if "done" in line]
    assert drawn
    assert all(len(line.rstrip()) <= 50 for line in drawn)


def test_errors_and_an_unknown_cost_are_shown(folder, server):
    """A server that refuses every call, and a model without a price."""
    text = (folder.root / "peel.yaml").read_text()
    folder.write("peel.yaml", text.replace(", price: {input_per_million: 1.0, output_per_million: 2.0}", ""))
    code, _, shown = on_a_terminal(folder, "run", "--json")
    assert code == 0
    assert "cost unknown" in shown
    server.reply = lambda request: web.json_response({"error": {"message": "no"}}, status=400)
    code, _, shown = on_a_terminal(folder, "run", "--json")
    assert code == 3
    assert "6/6 done, 6 errored" in shown


def test_a_terminal_that_cannot_redraw_gets_plain_lines(folder):
    """No escape sequence reaches it."""
    code, _, shown = on_a_terminal(folder, "run", "--json", term="dumb")
    assert code == 0
    assert "\x1b" not in shown
    assert "6/6 done" in shown


def test_elsewhere_there_are_plain_lines(folder):
    """The run's id at the start and how it stood at the end: no escape sequences, no carriage returns."""
    done = folder.peel("run", "--json")
    first, *_, last = done.stderr.splitlines()
    assert re.fullmatch(r"run \S+: 6 executions", first)
    assert last.startswith("6/6 done, 0 errored, ")
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr


def test_a_resumed_run_says_how_much_was_stored(folder):
    """What an earlier process finished is done already."""
    folder.peel("run", "--budget", "0.000121", "-j", "1")
    done = folder.peel("run", "--resume", "last", "--budget", "1")
    first, *_, last = done.stderr.splitlines()
    assert first.endswith(": 6 executions, 3 of them stored")
    assert last.startswith("6/6 done, 0 errored, ")


def test_before_a_run_it_is_said_what_it_will_take(folder):
    """Calls at once; the cost once an earlier run tells it, as a mean of its executions."""
    first = folder.peel("run", "--json").stderr
    assert "about 12 calls of models; cost unknown before the first run of " in first
    run = re.search(r"run (\S+):", first)
    assert run
    second = folder.peel("run", "-n", "1", "--json").stderr
    assert f"about 4 calls of models; it will cost about $0.00008 (by the run {run[1]}, " in second
    assert " an execution)" in second


def test_without_a_price_the_cost_stays_unknown(folder):
    """Also after the first run: unknown, not nothing."""
    text = (folder.root / "peel.yaml").read_text()
    folder.write("peel.yaml", text.replace(", price: {input_per_million: 1.0, output_per_million: 2.0}", ""))
    folder.peel("run", "--json")
    assert "cost unknown: a price is unknown (by the run " in folder.peel("run", "--json").stderr
